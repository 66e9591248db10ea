"""The form grammar: lines «Etiqueta: valor» become field values, or faults that explain themselves (seeds D, T, L).

A body is read line by line. A line that begins with the label of a field opens that field; what follows it, on that
line and the next ones, is its value. A many-line field runs to the next label not seen before, so that a person may
write anything in it; a one-line field takes the first text behind its label. What is quoted («> …», or below a
client's «De: … Enviado: …») never opens a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import eq
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from parsers.fields import Choice, Fault, FaultCode, Field, FieldType, Form
from parsers.history import head_at
from parsers.labels import BETWEEN, Grammar, Label, grammar_of
from parsers.meant import Labelled, meant_lines
from parsers.nearly import Nearly, as_meant, nearly_labelled
from parsers.spelling import COLON, fold_label
from parsers.values import DAY_FIRST, chosen, fault, read_value, shown

if TYPE_CHECKING:
    from parsers.mail import Attachment

__all__ = [
    "Choice", "Fault", "FaultCode", "Field", "FieldType", "Form",
    "check_files", "form_lines", "parse_form",
]  # fmt: skip


def parse_form(body: str, fields: Sequence[Field], zone: ZoneInfo, own: Iterable[str] = ()) -> Form:
    """What ``body`` says of ``fields``: every valid value and every fault at once.

    ``own`` are instructions of ours that may still stand in the body; they are no part of any value. Dates without an
    offset are in ``zone``. The caller has taken signature and disclaimers off. Linear in the length of the body.
    """
    grammar = grammar_of(tuple(fields))
    lines = meant_lines(body, own, grammar)
    beginning = [label.field.name for _, label in lines if label]
    swallowed = frozenset(one.name for one in fields if one.required).difference(beginning)
    if _is_repeated(beginning):
        form = _judged(_Reading(grammar, swallowed, repeated=True).of(lines), zone)
        if not any(fault.code == "given_twice" for fault in form.faults):
            return form
    return _asking(_judged(_Reading(grammar, swallowed).of(lines), zone), lines, grammar, zone)


def form_lines(
    fields: Sequence[Field],
    values: Mapping[str, str],
    faults: Sequence[Fault] = (),
    dates: tuple[str, str] = DAY_FIRST,
) -> list[str]:
    """A body that :func:`parse_form` reads back as ``values``: one «Etiqueta: valor» for each field, a line or several.

    Dates are written in the forms ``dates``. Fields of many lines come last, so that no label stands unread behind
    their text. A text that was too short is kept for its author to go on with; other faulty values are left out.
    """
    unfinished = {f.field: f.read for f in faults if f.code == "too_short"}
    written = {f.name: shown(f, values[f.name], dates) for f in fields if values.get(f.name)}
    texts = {f.name: "" for f in fields} | unfinished | written
    return [f"{f.label.rstrip(COLON)}: {texts[f.name]}" for f in sorted(fields, key=lambda f: f.many_lines)]


def check_files(attachments: Sequence[Attachment], max_count: int, max_size: int) -> tuple[Fault, ...]:
    """Faults of files over the number or the size allowed (bytes), each naming the file and the limit."""
    beyond = ", ".join(a.name for a in attachments[max_count:])
    many = (
        [Fault("", "too_many_attachments", str(len(attachments)), (str(max_count),), detail=beyond)] if beyond else []
    )
    large = [
        Fault("", "attachment_too_large", a.name, (str(max_size),), detail=str(a.size))
        for a in attachments
        if a.size > max_size
    ]
    return (*many, *large)


# -- reading


def _is_repeated(labels: Sequence[str]) -> bool:
    """Whether a whole form is repeated: several fields in the same order, again and again, to the end. If the values
    differ, the repetition belongs to the text of the first."""
    period = [*labels[1:], *labels[:1]].index(labels[0]) + 1 if labels else 0
    return 1 < period < len(labels) and len(labels) % period == 0 and all(map(eq, labels, labels[period:]))


_UNKNOWN = re.compile(rf"\s*[-•*_\s]*([^\W\d_][^{COLON}/]{{0,40}}?)[*_\s]*[{COLON}](?=[\s*_]|$)")


@dataclass(slots=True)
class _Reading:
    """The fields found so far: for each, the lines behind every place where its label stood.

    ``swallowed``: required fields whose label begins no line: without them the form would be refused, so they may stand
    behind another's value. ``repeated``: the whole form stands there more than once, so a label seen before opens its
    field again.
    """

    grammar: Grammar
    swallowed: frozenset[str] = frozenset()
    repeated: bool = False
    found: dict[str, list[list[str]]] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    current: Field | None = None
    value: list[str] = field(default_factory=list)
    since_label: list[str] = field(default_factory=list)
    in_history: bool = False

    def of(self, lines: Iterable[tuple[str, Label | None]]) -> Self:
        """Take all ``lines``, each with the label that it begins with."""
        for line, label in lines:
            self.take(line, label)
        return self

    def take(self, line: str, label: Label | None) -> None:
        """The next line of the body, and the label that it begins with."""
        if label and self._opens(label.field):
            self._open(label, line)
            return
        self.since_label.append(line)
        unknown = None if self._in_many_lines() or not self.found else _UNKNOWN.match(line)
        if unknown:
            self.warnings[unknown[1]] = None
            self.current, self.value = None, []
        else:
            self.value.append(line)

    def _in_many_lines(self) -> bool:
        return self.current is not None and self.current.many_lines

    def _opens(self, named: Field) -> bool:
        """A label seen before is part of a text; below the head of quoted history any label is."""
        if self._in_many_lines() and named.name in self.found and not self.repeated:
            return False
        if self.found and not self.in_history:
            heads = (head_at(self.since_label, at, 0) for at in range(len(self.since_label)))
            self.in_history = any(head and not head.quoted for head in heads)
        return not self.in_history

    def _open(self, label: Label, line: str) -> None:
        self.current = label.field
        rest: list[str] = []
        if not label.field.many_lines:
            line, *rest = self.grammar.cut(line, label, self.found, self.swallowed, BETWEEN)
        self.value = [_without_marks(line[: label.end], line[label.end :])]
        self.since_label = []
        self.found.setdefault(label.field.name, []).append(self.value)
        for cell in rest:
            self.take(cell, self.grammar.label_at_start(cell))


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


def _asking(form: Form, lines: Sequence[Labelled], grammar: Grammar, zone: ZoneInfo) -> Form:
    """``form``, whose faults about missing fields name the line that may have been meant, and its value."""
    missing = [one.field for one in form.faults if one.code == "missing"]
    nearly = nearly_labelled(lines, missing, grammar) if missing else []
    if not nearly:
        return form
    meant = _judged(_Reading(grammar).of(as_meant(lines, nearly)), zone)
    return replace(form, faults=tuple(_asked(one, nearly, meant) for one in form.faults))


def _asked(missing: Fault, nearly: Sequence[Nearly], meant: Form) -> Fault:
    """The fault with its line and value, where the line can be nothing else or holds a value of its field."""
    found = next((one for one in nearly if one.field.name == missing.field), None)
    near = next((one.nearest for one in meant.faults if one.field == missing.field), "")
    value = meant.get(missing.field) or near
    if not found or not (value or found.sure):
        return missing
    return fault(found.field, missing.code, found.line, nearest=value)


def _required(one: Field, values: Mapping[str, str]) -> bool:
    if not one.required_when:
        return one.required
    return all(values.get(name) in accepted for name, accepted in one.required_when)


def _value(one: Field, places: list[list[str]], zone: ZoneInfo) -> str | Fault:
    if one.many_lines:
        texts = dict.fromkeys("\n".join(line.rstrip() for line in lines).strip() for lines in places)
        text = "\n".join(t for t in texts if t and not _is_hint(one, t))
        return read_value(one, text, zone) if text else ""
    key = str if one.type == "number" else fold_label  # a minus sign is no bullet there
    given = {key(text): text for lines in places if (text := _one_line(one, lines))}
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
