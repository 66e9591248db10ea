"""Having something done to the books: at once where no daemon runs on them, else by the daemon, which is asked to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daemon.commands import Unable
from daemon.config.settings import Settings
from daemon.operations.requests import VERBS, leave_request
from daemon.store import Store
from daemon.store.errors import InUse

PATIENCE_S = 60.0
"""How long the command line waits for the daemon to have done it."""


def ask(settings: Settings, verb: str, arguments: Mapping[str, Any]) -> str:
    """Do ``verb`` at once where no daemon runs on this database, else have the daemon do it; what to tell the user."""
    files = Path(settings.database.files)
    try:
        store = Store.open(settings.database.login_url(), files)
    except InUse:
        return _have_done(leave_request(files, verb, arguments), verb)
    try:
        done = VERBS[verb](store, settings.desk, arguments)
    finally:
        store.close()
    return f"{verb}: {done}"


def _have_done(request: Path, verb: str) -> str:
    """What to tell the user; Unable where the daemon has not done it."""
    until = time.monotonic() + PATIENCE_S
    while request.exists() and time.monotonic() < until:
        time.sleep(0.1)
    if request.exists():
        raise Unable(f"{verb}: asked of the running daemon; it has not answered yet")
    if request.with_suffix(".failed").exists():
        raise Unable(f"{verb}: the running daemon could not do it; its log says why")
    return f"{verb}: done by the running daemon"
