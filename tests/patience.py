"""Waiting for what must come. How fast it comes is never the question: the patience is long, and costs nothing where
all is well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 120.0
"""For everything that a test waits for: a state, a process that ends, an answer on a connection."""


def until(found: Callable[[], T], what: str = "end of the wait", told: Callable[[], str] = lambda: "") -> T:
    """Wait for ``found()`` to give something, and give that; ``told`` says more where it does not come."""
    end = time.monotonic() + PATIENCE_S
    while not (result := found()):
        if time.monotonic() > end:
            raise AssertionError(f"no {what} within {PATIENCE_S:.0f} s\n{told()}")
        time.sleep(0.05)
    return result
