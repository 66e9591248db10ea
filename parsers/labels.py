"""Where the labels of a form stand in a line, however people and clients wrote them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from parsers.fields import Field
from parsers.spelling import BULLETS, COLON, index, keys, look_up

_DECORATION = 24
"""Characters of bullets, bold marks and spaces that may stand about a label."""

_WORDS_BEFORE = 4
"""Words in front of a label's own that may turn out to be its decoration."""

_TRAILING = " \t" + BULLETS
BETWEEN = ",;|/–—-"
"""What people write between two fields on one line."""
_COLONS = re.compile(f"[{COLON}]+")
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

    def may_have_label(self, line: str) -> bool:
        """Whether a colon stands where it could end a label: in few lines of prose."""
        return _COLONS.search(line, 0, self.width + 1) is not None

    def label_at_start(self, line: str) -> Label | None:
        """The longest label that ``line`` begins with, unless it is quoted."""
        found, place = None, 0
        for _ in range(self.colons):
            colon = _COLONS.search(line, place, self.width + 1)
            if colon is None:
                break
            place = colon.end()
            if field := self.field(line[: colon.start()]):
                found = Label(field, 0, place)
        return None if found and line.lstrip().startswith(">") else found

    def cut(
        self, line: str, first: Label, seen: Iterable[str], swallowed: Collection[str], between: str = ""
    ) -> list[str]:
        """``line``, which begins with the label ``first``, cut before every further label of a field not ``seen``.

        Where two spaces, a tab or a bar stand before it, as between table cells, any label counts; elsewhere only that
        of a field in ``swallowed``. No piece ends in a bullet, and none but the last in ``between``.
        """
        starts, passed = [0], {first.field.name, *seen}
        for label in self._labels_within(line, first.end, swallowed):
            if label.field.name not in passed:
                passed.add(label.field.name)
                starts.append(label.start)
        if len(starts) == 1:
            return [line]
        *others, last = (line[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True))
        return [*(piece.rstrip(_TRAILING + between) for piece in others), last.rstrip(_TRAILING)]

    def _labels_within(self, line: str, start: int, swallowed: Collection[str]) -> Iterator[Label]:
        for colon in _COLONS.finditer(line, start):
            floor = max(start, colon.start() - self.width)
            head = line[floor : colon.start()].rstrip()
            if self.endings.isdisjoint(keys(_last_word(head))):
                continue
            begins = [word.start() for word in _WORD.finditer(head)][-self.words - _WORDS_BEFORE :]
            found = self._longest(head, begins)
            if not found or found[0].name not in swallowed:
                cells = [at for at in begins if _CELL_BEFORE.search(line, max(0, floor + at - 2), floor + at)]
                found = self._longest(head, cells)
            if found:
                yield Label(found[0], floor + found[1], colon.end())

    def _longest(self, head: str, begins: list[int]) -> tuple[Field, int] | None:
        """The longest label that ``head`` ends with, and where it begins without its decoration."""
        found = next(((field, begin) for begin in begins if (field := self.field(head[begin:]))), None)
        if not found:
            return None
        field, first = found
        same = set(keys(head[first:]))
        return field, max(begin for begin in begins if not same.isdisjoint(keys(head[begin:])))

    def field(self, label: str) -> Field | None:
        """The field that ``label`` is a spelling of."""
        if len(label) > self.width:
            return None
        name = look_up(self.names, label)
        return self.fields[name] if name else None


@lru_cache(maxsize=256)
def grammar_of(fields: tuple[Field, ...]) -> Grammar:
    """What reads a form of ``fields``."""
    labels = [(label.rstrip(COLON + " "), one.name) for one in fields for label in (one.label, *one.aliases)]
    endings = (key for label, _ in labels for key in keys(_last_word(label)))
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
