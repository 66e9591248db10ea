"""Waiting for a database that is away when the daemon starts: meanwhile no mailbox is touched."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from daemon.mail.wire import Backoff
from daemon.operations import systemd
from daemon.store.errors import Unavailable

T = TypeVar("T")

FIRST_S, CAP_S = 1.0, 30.0


def wait_for_database(opened: Callable[[], T]) -> T:
    """``opened()``, tried again with growing pauses while the database is Unavailable; other faults are raised."""
    backoff = Backoff(FIRST_S, CAP_S)
    while True:
        try:
            return opened()
        except Unavailable as fault:
            seconds = backoff.failed()
            print(f"acuse: {fault}; tried again in {seconds:.0f} s", file=sys.stderr, flush=True)
            systemd.notify(f"EXTEND_TIMEOUT_USEC={int(2 * CAP_S * 1_000_000)}")
            time.sleep(seconds)
