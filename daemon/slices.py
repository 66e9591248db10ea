"""Long lists in pieces: neither an IN list nor an IMAP command grows without bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_slices(values: Sequence[T], count: int) -> Iterator[Sequence[T]]:
    """``values`` in pieces of at most ``count``."""
    for start in range(0, len(values), count):
        yield values[start : start + count]
