"""Named points at which a test kills this process: `ACUSE_KILL=before_commit:3` at the third passage of that point.

Without that variable nothing happens here.
"""

from __future__ import annotations

import os
import signal
import threading

_passed: dict[str, int] = {}
_lock = threading.Lock()


def kill_point(name: str) -> None:
    """Die by SIGKILL where ``ACUSE_KILL`` names this point and this passage; «name» alone means the first."""
    if wanted := os.environ.get("ACUSE_KILL"):
        _pass(name, wanted)


def _pass(name: str, wanted: str) -> None:
    point, _, nth = wanted.partition(":")
    if point != name:
        return
    with _lock:
        _passed[name] = _passed.get(name, 0) + 1
        if _passed[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
