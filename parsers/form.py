"""The form grammar: lines «Etiqueta: valor» become field values, or faults that explain themselves (seeds D, T, L).

A body is read line by line. A line that begins with the label of a field opens that field; what follows it, on that
line and the next ones, is its value. A many-line field runs to the next label not seen before, so that a person may
write anything in it; a one-line field takes the first text behind its label. Quoted lines («> ») never open a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from zoneinfo import ZoneInfo

from parsers.fields import Choice, Fault, FaultCode, Field, FieldType, Form
from parsers.mail import Attachment
from parsers.spelling import COLON, broken_lines, fold_label, fold_lost, index, look_up, nearest, plain, repair
from parsers.typed import typed_text, without_own
from parsers.values import chosen, fault, read_value, shown

__all__ = [
    "Choice", "Fault", "FaultCode", "Field", "FieldType", "Form",
    "check_files", "fold_label", "form_lines", "nearest", "parse_form", "render_form", "typed_text",
]  # fmt: skip


def parse_form(body: str, fields: Sequence[Field], zone: ZoneInfo, own: Iterable[str] = ()) -> Form:
    """What ``body`` says of ``fields``: every valid value and every fault at once.

    ``own`` are instructions of ours that may still stand in the body; they are no part of any value. Dates without an
    offset are in ``zone``. The caller has taken signature and disclaimers off. Linear in the length of the body.
    """
    grammar = _grammar(tuple(fields))
    reading = _Reading(grammar)
    for line in _lines(body, own, grammar):
        reading.take(line)
    return _judged(reading, zone)


def render_form(fields: Sequence[Field], values: Mapping[str, str], faults: Sequence[Fault] = ()) -> str:
    """A body that :func:`parse_form` reads back as ``values``: one «Etiqueta: valor» for each field, LF line ends.

    Fields of many lines come last, so that no label stands unread behind their text. A text that was too short is kept
    for its author to go on with; other faulty values are left out.
    """
    return "\n".join(form_lines(fields, values, faults))


def form_lines(fields: Sequence[Field], values: Mapping[str, str], faults: Sequence[Fault] = ()) -> list[str]:
    """:func:`render_form`, each field by itself: what :func:`parsers.links.fitting_body` shortens."""
    unfinished = {f.field: f.read for f in faults if f.code == "too_short"}
    texts = {f.name: shown(f, values[f.name]) if values.get(f.name) else unfinished.get(f.name, "") for f in fields}
    return [f"{f.label.rstrip(COLON)}: {texts[f.name]}" for f in sorted(fields, key=lambda f: f.many_lines)]


def check_files(attachments: Sequence[Attachment], max_count: int, max_size: int) -> tuple[Fault, ...]:
    """Faults of files over the number or the size allowed (bytes), each naming the file and the limit."""
    beyond = ", ".join(a.name for a in attachments[max_count:])
    many = (
        [Fault("", "too_many_attachments", str(len(attachments)), (str(max_count),), detail=beyond)] if beyond else []
    )
    large = [
        Fault("", "attachment_too_large", a.name, (_size(max_size),), detail=_size(a.size))
        for a in attachments
        if a.size > max_size
    ]
    return (*many, *large)


def _size(octets: int) -> str:
    for unit, factor in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if octets >= factor:
            return f"{octets / factor:.1f} {unit}".replace(".0 ", " ")
    return f"{octets} B"


# -- labels


@dataclass(frozen=True, slots=True)
class _Grammar:
    """The fields with what finds their labels.

    ``names`` leads from a label's key to its field's name; ``endings`` are the keys of the labels' last words;
    ``words``, ``colons`` and ``width`` (characters) bound how far a label is looked for.
    """

    fields: Mapping[str, Field]
    names: dict[str, str]
    endings: frozenset[str]
    words: int
    colons: int
    width: int

    def label(self, text: str) -> Field | None:
        """The field whose label ``text`` is."""
        if len(text) > self.width:
            return None
        name = look_up(self.names, text)
        return self.fields[name] if name else None


_DECORATION = 24
"""Characters of bullets, bold marks and spaces that may stand about a label."""


@lru_cache(maxsize=256)
def _grammar(fields: tuple[Field, ...]) -> _Grammar:
    labels = [(label, f.name) for f in fields for label in (f.label, *f.aliases)]
    lasts = [_last_word(label.rstrip(COLON + " ")) for label, _ in labels]
    return _Grammar(
        fields={f.name: f for f in fields},
        names=index(labels),
        endings=frozenset(key for word in lasts for key in (fold_label(word), fold_lost(word))),
        words=max((len(_WORD.findall(label)) for label, _ in labels), default=0),
        colons=max((len(_COLONS.findall(label.rstrip(COLON))) for label, _ in labels), default=0) + 1,
        width=max((len(label) for label, _ in labels), default=0) + _DECORATION,
    )


_COLONS = re.compile(f"[{COLON}]")
_WORD = re.compile(r"[^\s/]+")


def _last_word(text: str) -> str:
    words = _WORD.findall(text[-80:])
    return words[-1] if words else ""


@dataclass(frozen=True, slots=True)
class _Label:
    """A label in a line: its field, and where it begins and its value does."""

    field: Field
    start: int
    end: int


def _label_at_start(grammar: _Grammar, line: str) -> _Label | None:
    """The longest label that ``line`` begins with."""
    found = None
    colons = _COLONS.finditer(line, 0, grammar.width + 1)
    for colon, _ in zip(colons, range(grammar.colons), strict=False):
        if label := grammar.label(line[: colon.start()]):
            found = _Label(label, 0, colon.end())
    return found


def _labels_within(grammar: _Grammar, line: str, start: int, apart: bool) -> Iterator[_Label]:
    """Labels in the middle of ``line``; ``apart``: only where two spaces, a tab or a bar stand before them."""
    for colon in _COLONS.finditer(line, start):
        head = line[max(start, colon.start() - grammar.width) : colon.start()].rstrip()
        if fold_label(_last_word(head)) not in grammar.endings and fold_lost(_last_word(head)) not in grammar.endings:
            continue
        offset = max(start, colon.start() - grammar.width)
        starts = [m.start() for m in _WORD.finditer(head)][-grammar.words - 4 :]
        for begin in starts:
            before = line[max(0, offset + begin - 2) : offset + begin]
            if (not apart or _CELL.search(before)) and (label := grammar.label(head[begin:])):
                yield _Label(label, offset + begin, colon.end())
                break


_CELL = re.compile(r"\s\s|\t|\|\s?$")


# -- lines


_ODD_SPACE = re.compile(r"[^\S\n\t ]")


def _lines(body: str, own: Iterable[str], grammar: _Grammar) -> list[str]:
    """The lines of ``body`` as their author meant them, whatever the clients on the way made of them."""
    lines = broken_lines(body)
    # Mended first: a soft hyphen or a NBSP may be half of a broken letter.
    if any((mended := repair(line)) != line and _label_at_start(grammar, mended) for line in lines):
        lines = [repair(line) for line in lines]
    text = _ODD_SPACE.sub(" ", plain("\n".join(lines)))
    if _spaces_as_plus(text):
        text = text.replace("+", " ")
    return _unswallowed(without_own(text, own).split("\n"), grammar)


def _spaces_as_plus(text: str) -> bool:
    return " " not in text and text.count("+") > 1 and all(":+" in line for line in text.split("\n") if ":" in line)


def _unswallowed(lines: list[str], grammar: _Grammar) -> list[str]:
    """``lines``; where only one of them begins with a label, it is cut before every further label in it."""
    beginning = [(n, label) for n, line in enumerate(lines) if (label := _label_at_start(grammar, line))]
    if len(beginning) != 1:
        return lines
    [(n, first)] = beginning
    cut = _cut(grammar, lines[n], first, {first.field.name}, apart=False)
    return [*lines[:n], *cut, *lines[n + 1 :]]


def _cut(grammar: _Grammar, line: str, first: _Label, seen: set[str], apart: bool) -> list[str]:
    starts = [0]
    for label in _labels_within(grammar, line, first.end, apart):
        if label.field.name not in seen:
            seen.add(label.field.name)
            starts.append(label.start)
    return [line[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]


# -- reading


_UNKNOWN = re.compile(rf"\s*[-•*_\s]*([^\W\d_][^{COLON}/]{{0,40}}?)[*_\s]*[{COLON}](?=[\s*_]|$)")


@dataclass(slots=True)
class _Reading:
    """The fields found so far: for each, the lines behind every place where its label stood."""

    grammar: _Grammar
    found: dict[str, list[list[str]]] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    current: Field | None = None
    lines: list[str] = field(default_factory=list)

    def take(self, line: str) -> None:
        """The next line of the body."""
        label = _label_at_start(self.grammar, line)
        if label and not (self._in_many_lines() and label.field.name in self.found):
            self._open(label, line)
        elif self._in_many_lines():
            self.lines.append(line)
        elif self.found and (unknown := _UNKNOWN.match(line)):
            self.warnings[unknown[1]] = None
            self.current, self.lines = None, []
        else:
            self.lines.append(line)

    def _in_many_lines(self) -> bool:
        return self.current is not None and self.current.many_lines

    def _open(self, label: _Label, line: str) -> None:
        self.current = label.field
        rest: list[str] = []
        if not label.field.many_lines:
            line, *rest = _cut(self.grammar, line, label, {*self.found, label.field.name}, apart=True)
        self.lines = [_without_marks(line[: label.end], line[label.end :])]
        self.found.setdefault(label.field.name, []).append(self.lines)
        for cell in rest:
            self.take(cell)


_OPENED = re.compile(r"^[\s>•·-]*(\*\*|__|[*_|])")


def _without_marks(head: str, value: str) -> str:
    """``value`` without the bold marks or bars that were opened before its label and not closed before the colon."""
    opened = _OPENED.match(head)
    if not opened or (opened[1] != "|" and head.rstrip(COLON + " ").endswith(opened[1])):
        return value
    mark, text = opened[1], value.strip()
    if text.startswith(mark):
        text = text.removeprefix(mark)
        return text.removesuffix(mark) if mark == "|" else text
    return text.removesuffix(mark)


# -- judging


def _judged(reading: _Reading, zone: ZoneInfo) -> Form:
    """Values and faults of what was found, in the fields' order."""
    fields = reading.grammar.fields
    read = {name: _value(fields[name], places, zone) for name, places in reading.found.items()}
    values = {name: value for name, value in read.items() if isinstance(value, str) and value}
    faults: list[Fault] = []
    for name, one in fields.items():
        value = read.get(name, "")
        if isinstance(value, Fault):
            faults.append(value)
        elif not value and _required(one, values):
            faults.append(fault(one, "empty" if name in read else "missing"))
    return Form(
        values=tuple((name, values[name]) for name in fields if name in values),
        faults=tuple(faults),
        warnings=tuple(reading.warnings),
        recognised=bool(reading.found),
    )


def _required(one: Field, values: Mapping[str, str]) -> bool:
    if not one.required_when:
        return one.required
    return all(values.get(name) in accepted for name, accepted in one.required_when)


def _value(one: Field, places: list[list[str]], zone: ZoneInfo) -> str | Fault:
    if one.many_lines:
        texts = ["\n".join(line.rstrip() for line in lines).strip() for lines in places]
        text = "\n".join(t for t in texts if t and not _is_hint(one, t))
        return read_value(one, text, zone) if text else ""
    given = {fold_label(text): text for lines in places if (text := _one_line(one, lines))}
    if not given:
        return ""
    results = [read_value(one, text, zone) for text in given.values()]
    if len(set(results)) == 1:
        return results[0]
    return fault(one, "given_twice", " / ".join(given.values()))


def _one_line(one: Field, lines: list[str]) -> str:
    """The first text behind the label; for a choice as many lines as its literal takes, or all that they list."""
    texts = [" ".join(line.split()) for line in lines[:_LOOK_AHEAD]]
    texts = [text for text in texts if text and not _is_hint(one, text)]
    if not texts:
        return ""
    if one.type != "choice":
        return texts[0]
    listed = dict.fromkeys(literal for text in texts if (literal := chosen(one, text)))
    if len(listed) > 1:
        return " / ".join(listed)
    joined = (" ".join(texts[:n]) for n in range(1, len(texts) + 1))
    return next((text for text in joined if chosen(one, text)), texts[0])


_LOOK_AHEAD = 20


def _is_hint(one: Field, text: str) -> bool:
    """``text`` is the hint that our form showed in brackets."""
    return bool(one.hint) and text.startswith("[") and fold_label(text) == fold_label(one.hint)
