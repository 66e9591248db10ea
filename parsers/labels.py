"""Where the labels of a form stand in a body, however people and clients wrote them.

First the body's lines as their author meant them, then the label that a line begins with, or those within it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from parsers.fields import Field
from parsers.spelling import (
    BULLETS,
    COLON,
    broken_lines,
    fold_label,
    fold_lost,
    index,
    is_broken,
    look_up,
    plain,
    repair,
)
from parsers.typed import without_own

_DECORATION = 24
"""Characters of bullets, bold marks and spaces that may stand about a label."""

_WORDS_BEFORE = 4
"""Words in front of a label's own that may turn out to be its decoration."""

_TRAILING = " \t" + BULLETS
_COLONS = re.compile(f"[{COLON}]")
_WORD = re.compile(r"[^\s/]+")
_CELL_BEFORE = re.compile(r"\s\s|\t|\|\s?$")


@dataclass(frozen=True, slots=True)
class Label:
    """A label in a line: its field, and where it begins and its value does."""

    field: Field
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Grammar:
    """The fields of a form with what finds their labels.

    ``names`` leads from a label's key to its field's name; ``endings`` are the keys of the labels' last words;
    ``words``, ``colons`` and ``width`` (characters) bound how far a label is looked for.
    """

    fields: Mapping[str, Field]
    names: Mapping[str, str]
    endings: frozenset[str]
    words: int
    colons: int
    width: int

    def label_at_start(self, line: str) -> Label | None:
        """The longest label that ``line`` begins with, unless it is quoted."""
        found, place = None, 0
        for _ in range(self.colons):
            colon = _COLONS.search(line, place, self.width + 1)
            if colon is None:
                break
            place = colon.end()
            if field := self._field(line[: colon.start()]):
                found = Label(field, 0, place)
        return None if found and line.lstrip().startswith(">") else found

    def cut(self, line: str, first: Label, seen: Iterable[str], only_cells: bool) -> list[str]:
        """``line``, which begins with the label ``first``, cut before every further label of a field not ``seen``.

        ``only_cells``: a label counts only where two spaces, a tab or a bar stand before it, as between table cells.
        """
        starts, passed = [0], {first.field.name, *seen}
        for label in self._labels_within(line, first.end, only_cells):
            if label.field.name not in passed:
                passed.add(label.field.name)
                starts.append(label.start)
        if len(starts) == 1:
            return [line]
        return [line[a:b].rstrip(_TRAILING) for a, b in zip(starts, [*starts[1:], None], strict=True)]

    def _labels_within(self, line: str, start: int, only_cells: bool) -> Iterator[Label]:
        for colon in _COLONS.finditer(line, start):
            floor = max(start, colon.start() - self.width)
            head = line[floor : colon.start()].rstrip()
            if not self._may_end_a_label(_last_word(head)):
                continue
            begins = [word.start() for word in _WORD.finditer(head)][-self.words - _WORDS_BEFORE :]
            if only_cells:
                begins = [
                    begin for begin in begins if _CELL_BEFORE.search(line, max(0, floor + begin - 2), floor + begin)
                ]
            if found := self._longest(head, begins):
                field, begin = found
                yield Label(field, floor + begin, colon.end())

    def _longest(self, head: str, begins: list[int]) -> tuple[Field, int] | None:
        """The longest label that ``head`` ends with, and where it begins without its decoration."""
        found = next(((field, begin) for begin in begins if (field := self._field(head[begin:]))), None)
        if not found:
            return None
        field, first = found
        key = fold_label(head[first:])
        return field, max(begin for begin in begins if fold_label(head[begin:]) == key)

    def _may_end_a_label(self, word: str) -> bool:
        return fold_label(word) in self.endings or fold_lost(word) in self.endings

    def _field(self, label: str) -> Field | None:
        if len(label) > self.width:
            return None
        name = look_up(self.names, label)
        return self.fields[name] if name else None


@lru_cache(maxsize=256)
def grammar_of(fields: tuple[Field, ...]) -> Grammar:
    """What reads a form of ``fields``."""
    labels = [(label.rstrip(COLON + " "), one.name) for one in fields for label in (one.label, *one.aliases)]
    endings = (key for label, _ in labels for key in (fold_label(_last_word(label)), fold_lost(_last_word(label))))
    return Grammar(
        fields={one.name: one for one in fields},
        names=index(labels),
        endings=frozenset(endings),
        words=max((len(_WORD.findall(label)) for label, _ in labels), default=0),
        colons=max((len(_COLONS.findall(label)) for label, _ in labels), default=0) + 1,
        width=max((len(label) for label, _ in labels), default=0) + _DECORATION,
    )


def _last_word(text: str) -> str:
    words = _WORD.findall(text[-80:])
    return words[-1] if words else ""


_ODD_SPACE = re.compile("[\v\f\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
"""White space but for line feeds, tabs and the plain space; a mended encoding may bring line ends along."""


def meant_lines(body: str, own: Iterable[str], grammar: Grammar) -> list[str]:
    """The lines of ``body`` as their author meant them, whatever the clients on the way made of them."""
    lines = broken_lines(body)
    # Mended first: a soft hyphen or a NBSP may be half of a broken letter.
    if is_broken(body) and any((m := repair(line)) != line and grammar.label_at_start(m) for line in lines):
        lines = [repair(line, known_broken=True) for line in lines]
    text = _ODD_SPACE.sub(" ", plain("\n".join(lines)))
    if _spaces_as_plus(text, grammar):
        text = text.replace("+", " ")
    return _unswallowed(without_own(text, own).split("\n"), grammar)


def _spaces_as_plus(text: str, grammar: Grammar) -> bool:
    """A client wrote ``+`` for each space: none is left, and a ``+`` stands behind every label's colon."""
    if " " in text or text.count("+") < 2:
        return False
    labels = ((line, grammar.label_at_start(line.replace("+", " "))) for line in text.split("\n"))
    values = [line[label.end :] for line, label in labels if label]
    return bool(values) and all(not value or value.startswith("+") for value in values)


def _unswallowed(lines: list[str], grammar: Grammar) -> list[str]:
    """``lines``; where only one of them begins with a label, it is cut before every further label in it."""
    beginning = ((n, label) for n, line in enumerate(lines) if (label := grammar.label_at_start(line)))
    n, first = next(beginning, (0, None))
    if not first or next(beginning, None):
        return lines
    return [*lines[:n], *grammar.cut(lines[n], first, (), only_cells=False), *lines[n + 1 :]]
