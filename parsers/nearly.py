"""Lines that nearly open a field: its label with another sign for the colon, misspelt, or in more or fewer words.

No value is read from them, for a label needs its colon; a refusal tells them: «¿Quiso decir …?».
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from parsers.fields import Field
from parsers.labels import Grammar, Label
from parsers.spelling import COLON, fold_label

_LINES = 500
"""Lines that are looked at: a form stands at the head of a mail, below it a log may."""

_SIGN = re.compile(r"\s*(?:[=→➔➜>;.,|~–—-]+|\t|$)\s*|\s+")
"""What people write for the colon."""
_COLON = re.compile(f"[{COLON}]+")
_WORD = re.compile(r"[^\W\d_]+")
_TELLING = 4  # letters of a word that says which label it belongs to
_SLIPS = 3  # at most; one for every so many letters of a label
_LETTERS_A_SLIP = 4


@dataclass(frozen=True, slots=True)
class Nearly:
    """Line ``at`` nearly opens ``field``; ``value`` is what stands behind it. ``sure``: it can be no other text, so
    that it is told whatever its value is; ``weak``: it may as well be prose, unless other lines are nearly fields."""

    at: int
    line: str
    field: Field
    value: str
    sure: bool = False
    weak: bool = False


def nearly_labelled(
    lines: Sequence[tuple[str, Label | None]], missing: Collection[str], grammar: Grammar
) -> list[Nearly]:
    """The first lines without a label that nearly open one of the fields ``missing``; quoted ones do not count."""
    found = [
        nearly
        for at, (line, label) in enumerate(lines[:_LINES])
        if label is None and not line.lstrip().startswith(">") and (nearly := _nearly(at, line, grammar))
    ]
    prose = all(nearly.weak for nearly in found)
    return [nearly for nearly in found if nearly.field.name in missing and not (prose and nearly.weak)]


def as_meant(lines: Sequence[tuple[str, Label | None]], found: Iterable[Nearly]) -> list[tuple[str, Label | None]]:
    """``lines`` with the labels of ``found`` as they ought to stand."""
    meant = list(lines)
    for one in found:
        head = f"{one.field.label.rstrip(COLON)}:"
        meant[one.at] = (f"{head} {one.value}", Label(one.field, 0, len(head)))
    return meant


def _nearly(at: int, line: str, grammar: Grammar) -> Nearly | None:
    signed = _with_another_sign(at, line, grammar)
    return signed if signed and not signed.weak else _with_another_label(at, line, grammar) or signed


def _with_another_label(at: int, line: str, grammar: Grammar) -> Nearly | None:
    """The field whose label stands misspelt, or in other words, before a colon."""
    colon = _COLON.search(line, 0, grammar.width + 1)
    if not colon:
        return None
    key, value = fold_label(line[: colon.start()]), line[colon.end() :].strip()
    if field := _only(_misspelt(key, grammar)):
        return Nearly(at, line.strip(), field, value, sure=True)
    worded = _only(_in_other_words(key, grammar))
    return Nearly(at, line.strip(), worded, value) if worded and _judges(worded, texts=True) else None


def _with_another_sign(at: int, line: str, grammar: Grammar) -> Nearly | None:
    """The field whose label ``line`` begins with before another sign; behind a misspelt label the value must be one
    that its type knows, and behind mere blanks that or a text of many lines."""
    signs = _SIGN.finditer(line[: grammar.width + 1])
    for _, sign in zip(range(grammar.words + grammar.words), signs, strict=False):
        head, drawn = line[: sign.start()], not sign[0].isspace() or "\t" in sign[0]
        exact = grammar.field(head)
        field = exact or (_only(_misspelt(fold_label(head), grammar)) if drawn else None)
        if field and (_judges(field, texts=exact is not None) or (exact and drawn)):
            weak = not drawn and not _judges(field)
            return Nearly(at, line.strip(), field, line[sign.end() :].strip(), weak=weak)
    return None


def _judges(field: Field, texts: bool = False) -> bool:
    """Whether not every text is a value of ``field``; ``texts``: or one of many lines, which may hold anything."""
    return field.type != "text" or (texts and field.many_lines)


def _only(fields: Iterable[Field]) -> Field | None:
    found = {field.name: field for field in fields}
    return next(iter(found.values())) if len(found) == 1 else None


def _labels(grammar: Grammar) -> Iterator[tuple[str, Field]]:
    """The key of every label, and its field."""
    for field in grammar.fields.values():
        for label in (field.label, *field.aliases):
            yield fold_label(label), field


def _misspelt(key: str, grammar: Grammar) -> Iterator[Field]:
    """The fields of which ``key`` is a label but for a letter or two."""
    from rapidfuzz.distance import OSA  # only for what was misspelt

    for label, field in _labels(grammar):
        slips = min(_SLIPS, len(label) // _LETTERS_A_SLIP)
        if abs(len(key) - len(label)) <= slips and OSA.distance(key, label, score_cutoff=slips) <= slips:
            yield field


def _in_other_words(key: str, grammar: Grammar) -> Iterator[Field]:
    """The fields whose label has all words of ``key``, or the other way round."""
    words = set(_WORD.findall(key))
    for label, field in _labels(grammar):
        known = set(_WORD.findall(label))
        both = words & known
        if both in (words, known) and any(len(word) >= _TELLING for word in both):
            yield field
