"""Several daemons on one PostgreSQL: what two treat, and how soon one takes over from another."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from daemon.bench.desk import address
from daemon.bench.job import PATIENCE_S, SETTLE_S, Bench
from daemon.bench.mails import openings
from daemon.bench.process import Measured


def takeover(at: Bench) -> dict[str, Any]:
    """Seconds from `kill -9` of the holder until another daemon has answered a waiting mail."""
    user, started = at.user(), at.sink.taken
    at.fill(user, 2)
    config = at.configure({"apertura": user})
    holder = at.acuse(config)
    holder.until(lambda: at.sink.taken >= started + 4, PATIENCE_S)
    other = at.acuse(config)
    time.sleep(SETTLE_S)
    try:
        os.kill(holder.process.pid, signal.SIGKILL)
        killed = time.monotonic()
        at.dovecot.fill(user, openings(1, 8001, file_every=2))
        other.until(lambda: at.sink.taken >= started + 6, PATIENCE_S)
        seconds = time.monotonic() - killed
    finally:
        holder.finish()
        other.finish(1.0)
    return {"seconds": round(seconds, 2)}


def two_daemons(at: Bench, mails: int = 1000) -> dict[str, Any]:
    """Mails a second of two daemons on two mailboxes against one on the same two."""
    one, two = (_rate(at, count, mails) for count in (1, 2))
    return {"one": round(one, 1), "two": round(two, 1), "ratio": round(two / one, 2)}


def _rate(at: Bench, daemons: int, mails: int) -> float:
    users = {f"buzon{n}": at.user() for n in range(2)}
    started = at.sink.taken
    for name, user in users.items():
        to, own = address("apertura").encode(), address(name).encode()
        at.dovecot.fill(user, (raw.replace(to, own, 1) for raw in openings(mails, int(user.rpartition("_")[2]))))
    config = at.configure(users)
    began = time.monotonic()
    running: list[Measured] = [at.acuse(config) for _ in range(daemons)]
    try:
        running[0].until(lambda: at.sink.taken - started >= 4 * mails, PATIENCE_S)
        return 2 * mails / (time.monotonic() - began)
    finally:
        for daemon in running:
            daemon.finish(1.0)
