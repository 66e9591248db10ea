"""Ticket numbers (I171009_000049) in what people type: with another sign between the halves, or none, in any case.

Every digit has to stand there, and digits other than ASCII ones do not count: a number that was half read could be
another ticket's. The first six have to be a day: other desks' numbers (INC000012345678) seldom are. Which letters come
before them is not asked: a kind may have had others when the ticket was opened, and whether there is such a ticket, the
books know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def numbers_in(text: str) -> Iterator[str]:
    """What may be ticket numbers in ``text``, as we write them, in their order."""
    return map(_written, _NUMBER.finditer(text) if _DIGITS.search(text) else ())


def find_number(text: str) -> str:
    """The first of :func:`numbers_in`, or ""."""
    return next(numbers_in(text), "")


def leading_number(text: str) -> tuple[str, str]:
    """The number that ``text`` begins with, but for spaces and quotes, and what follows it; ("", text) for none."""
    found = _NUMBER.match(text, len(text) - len(text.lstrip(_BEFORE)))
    return (_written(found), text[found.end() :]) if found else ("", text)


def _written(found: re.Match[str]) -> str:
    return f"{found[1].upper()}{found[2]}_{found[3]}"


_BEFORE = " \t\xa0*_<([«\"'"

_DIGITS = re.compile(r"[0-9]{6}[ \xa0]?[_.‐‑–—-]?[ \xa0]?[0-9]{6}")
"""A quick look: most texts have no number, and these are found in a third of the time."""

_NUMBER = re.compile(
    r"(?<![^\W_])(?<![^\W_]_)([A-Za-z]{1,3})([0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))"
    r"[ \xa0]?[_.‐‑–—-]?[ \xa0]?([0-9]{6})(?!_?[^\W_])"
)
"""Clients write underlined text as _…_."""
