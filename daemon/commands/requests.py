"""Requests of the command line to a running daemon, as files beside the database: on SQLite only one process writes.

A request is written whole (fsync, rename) and removed once the daemon has done it; one that fails is set aside with its
reason, and stops nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from daemon.commands import Unable
from daemon.config.live import Loaded
from daemon.config.settings import Settings
from daemon.log import log
from daemon.operations.jobs import remove_leftovers
from daemon.store import Store
from daemon.store.erasing import forget
from daemon.store.errors import InUse
from daemon.writing.letters import Letters
from rules.desk import Desk

FOLDER = "requests"
PATIENCE_S = 60.0
"""How long the command line waits for the daemon to have done it."""


def leave_request(files: Path, verb: str, arguments: Mapping[str, Any]) -> Path:
    """Leave a request for the daemon in the folder of its files; where it lies."""
    folder = files / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = folder / f".{verb}-{os.getpid()}"
    with new.open("w", encoding="utf-8") as file:
        json.dump({"verb": verb, **arguments}, file)
        file.flush()
        os.fsync(file.fileno())
    return new.rename(folder / f"{verb}-{os.getpid()}.json")


def serve_requests(store: Store, loaded: Loaded[Letters]) -> int:
    """Do what was asked for; how many requests."""
    served = 0
    for path in sorted((store.files.root / FOLDER).glob("*.json")):
        try:
            request = json.loads(path.read_text(encoding="utf-8"))
            VERBS[request["verb"]](store, loaded.settings.desk, request)
        except (ValueError, KeyError, TypeError) as fault:
            log.error("request failed", file=path.name, why=f"{type(fault).__name__}: {fault}")
            path.rename(path.with_suffix(".failed"))
            continue
        log.info("request served", verb=request["verb"])
        path.unlink()
        served += 1
    return served


def _retry(store: Store, desk: Desk, request: Mapping[str, Any]) -> str:
    return _mails(store.retry(request["ids"]))


def _release(store: Store, desk: Desk, request: Mapping[str, Any]) -> str:
    return _mails(store.release(request["ids"]))


def _mails(ids: Iterable[int]) -> str:
    return f"mail {', '.join(map(str, ids))}; treated at the next run of the daemon"


def _erase(store: Store, desk: Desk, request: Mapping[str, Any]) -> str:
    """Under a pseudonym made here, so that the request itself tells nothing of it."""
    pseudonym = f"erased-{secrets.token_hex(4)}"
    found = store.run(lambda tx: forget(tx, request["address"], desk, store.clock(), pseudonym))
    remove_leftovers(store)
    return f"{len(found.own) if found else 0} tickets, now of {pseudonym}"


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


VERBS: Mapping[str, Callable[[Store, Desk, Mapping[str, Any]], str]] = {
    "retry": _retry,
    "release": _release,
    "erase": _erase,
}
