"""Requests of the command line to a running daemon, as files beside the database: on SQLite only one process writes.

A request is written whole (fsync, rename) and removed once the daemon has done it; one that fails is set aside with its
reason, and stops nothing.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from daemon.config.live import Loaded
from daemon.log import log
from daemon.operations.jobs import remove_leftovers
from daemon.store import Store
from daemon.store.erasing import forget
from daemon.store.errors import Unavailable
from daemon.writing.letters import Letters
from rules.desk import Desk

FOLDER = "requests"
"""Where requests lie, beside the files."""


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
    """Do what was asked for; returns how many requests."""
    served = 0
    for path in sorted((store.files.root / FOLDER).glob("*.json")):
        try:
            request = json.loads(path.read_text(encoding="utf-8"))
            VERBS[request["verb"]](store, loaded.settings.desk, request)
        except Unavailable:
            raise  # of the database: asked for again with the next turn
        except Exception as fault:
            log.exception("request failed", file=path.name, why=f"{type(fault).__name__}: {fault}")
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
    store.wipe()
    return f"{len(found.own) if found else 0} tickets, now of {pseudonym}"


VERBS: Mapping[str, Callable[[Store, Desk, Mapping[str, Any]], str]] = {
    "retry": _retry,
    "release": _release,
    "erase": _erase,
}
"""Verb → what it does; the answer tells a person, where one waits for it."""
