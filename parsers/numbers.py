"""Ticket numbers (I171009_000049) in what people type: with another sign between the halves, or none, in any case.

Every digit has to stand there, and digits other than ASCII ones do not count: a number that was half read could be
another ticket's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache


def numbers_in(text: str, prefixes: Iterable[str]) -> Iterator[str]:
    """The ticket numbers in ``text`` as we write them, in their order; ``prefixes`` are the kinds'."""
    names, pattern = _reader(tuple(prefixes))
    return (f"{names[found[1]]}{found[2]}_{found[3]}" for found in pattern.finditer(text))


def find_number(text: str, prefixes: Iterable[str]) -> str:
    """The first of :func:`numbers_in`, or ""."""
    return next(numbers_in(text, prefixes), "")


def leading_number(text: str, prefixes: Iterable[str]) -> tuple[str, str]:
    """The number that ``text`` begins with, but for spaces and quotes, and what follows it; ("", text) for none."""
    names, pattern = _reader(tuple(prefixes))
    found = pattern.match(text, len(text) - len(text.lstrip(_BEFORE)))
    return (f"{names[found[1]]}{found[2]}_{found[3]}", text[found.end() :]) if found else ("", text)


_BEFORE = " \t\xa0*_<([«\"'"


@lru_cache(maxsize=16)
def _reader(prefixes: tuple[str, ...]) -> tuple[dict[str, str], re.Pattern[str]]:
    """Each spelling of a prefix with the prefix, and the pattern; spelled out: «ı» is an «i» to ``IGNORECASE``."""
    names = {spelling: prefix for prefix in prefixes for spelling in (prefix.lower(), prefix)}
    spelled = "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)"
    digits = r"([0-9]{6})[ \xa0]?[_.‐‑–—-]?[ \xa0]?([0-9]{6})"
    # clients write underlined text as _…_
    return names, re.compile(rf"(?<![^\W_])(?<![^\W_]_)({spelled}){digits}(?!_?[^\W_])")
