"""Requests of the command line to a running daemon, as files beside the database: on SQLite only one process writes.

A request is written whole (fsync, rename) and removed once the daemon has done it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from daemon.letters import Letters
from daemon.live import Loaded
from daemon.settings import Settings
from daemon.store import Store
from daemon.store.errors import InUse

log = structlog.get_logger()

FOLDER = "requests"


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
        request = json.loads(path.read_text(encoding="utf-8"))
        VERBS[request["verb"]](store, request)
        log.info("request served", verb=request["verb"])
        path.unlink()
        served += 1
    return served


def _retry(store: Store, request: Mapping[str, Any]) -> object:
    return store.retry(request["ids"])


def _release(store: Store, request: Mapping[str, Any]) -> object:
    return store.release(request["ids"])


def ask(settings: Settings, verb: str, arguments: Mapping[str, Any]) -> str:
    """Do ``verb`` at once where no daemon runs on this database, else leave it to the daemon; what to tell the user."""
    files = Path(settings.database.files)
    try:
        store = Store.open(settings.database.url, files)
    except InUse:
        leave_request(files, verb, arguments)
        return f"{verb}: asked of the running daemon; it acts within seconds"
    try:
        done = VERBS[verb](store, arguments)
    finally:
        store.close()
    return f"{verb}: {done}; treated at the next run of the daemon"


VERBS: Mapping[str, Callable[[Store, Mapping[str, Any]], object]] = {"retry": _retry, "release": _release}
