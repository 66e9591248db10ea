"""A small process: libraries without the extras they would import for nothing, and few malloc arenas for many threads.

Each thread gets an arena of glibc's, which grows with what the thread once needed and is never given back.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_M_ARENA_MAX = -8
"""mallopt(3), malloc.h."""
ARENAS = 2


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """Whatever is imported here for the first time finds these ``modules`` missing; others may import them later."""
    hidden = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None there means: cannot be imported
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def share_arenas() -> None:
    """Let all threads begun from now on share :data:`ARENAS`; only one of them runs Python at a time anyway."""
    with suppress(AttributeError, OSError):  # another C library than glibc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
