"""Named points at which a test kills this process: `ACUSE_KILL=before_commit:3` at the third passage of that point.

Without that variable nothing happens here.
"""

from __future__ import annotations

import os
import signal
import threading

_POINT, _, _NTH = os.environ.get("ACUSE_KILL", "").partition(":")
_passages = 0
_lock = threading.Lock()


def kill_point(name: str) -> None:
    """Die by SIGKILL where ``ACUSE_KILL`` names this point and this passage; «name» alone means the first."""
    if name == _POINT:
        _pass()


def _pass() -> None:
    global _passages
    with _lock:
        _passages += 1
        if _passages == int(_NTH or 1):
            os.kill(os.getpid(), signal.SIGKILL)
