"""Work that is done once for the desk in force, not once for every mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rules.desk import Desk

Made = TypeVar("Made")


def once_per_desk(make: Callable[[Desk], Made]) -> Callable[[Desk], Made]:
    """``make``, remembering its answer for the last desk that it was asked about; a reload brings another desk."""
    last: tuple[Desk, Made] | None = None

    def made(desk: Desk) -> Made:
        nonlocal last
        known = last
        if known is None or known[0] is not desk:
            known = last = (desk, make(desk))
        return known[1]

    return made
