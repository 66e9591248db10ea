"""What else is measured of the daemon: memory, latency, a reply among many tickets, two daemons, a takeover."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from daemon.bench.desk import address
from daemon.bench.figures import MIB, spread
from daemon.bench.growth import Open, grow
from daemon.bench.job import Bench
from daemon.bench.mails import opening, openings, reply
from daemon.bench.process import Measured
from daemon.bench.servers import HOST, PASSWORD

SETTLE_S = 4.0
ARRIVALS = 40
PATIENCE_S = 300.0
THREADED = "Acuse.Tratados"


def backlog(at: Bench, mails: int = 10_000) -> dict[str, Any]:
    """Peak memory over a backlog."""
    at.desk(0)
    result = at.ours(mails)
    peaks = [round(peak / MIB, 1) for peak in result.usage.peaks]
    return {
        "mails": mails,
        "memory_mib": round(result.usage.memory / MIB, 1),
        "daemon_and_parser_mib": peaks,
        "rate": round(result.rate, 1),
        "cpu_ms": round(result.cpu_ms, 2),
    }


def large_file(at: Bench, octets: int = 25 * MIB) -> dict[str, Any]:
    """Memory above idle with one file of 25 MB among fifty mails."""
    at.desk(0)
    user, started = at.user(), at.sink.taken
    at.fill(user, 2)
    daemon = at.acuse(at.configure({"apertura": user}))
    try:
        daemon.until(lambda: at.sink.taken >= started + 4, PATIENCE_S)
        time.sleep(SETTLE_S)
        idle = daemon.memory()
        chance = random.Random(1)  # noqa: S311 - no secret
        raw = opening("grande.1", 1, chance, chance.randbytes(octets))
        at.dovecot.fill(user, [raw, *openings(49, 7001)])
        highest = idle

        def done() -> bool:
            nonlocal highest
            highest = max(highest, daemon.memory())
            return at.sink.taken >= started + 104

        daemon.until(done, PATIENCE_S)
    finally:
        daemon.finish(1.0)
    return {"idle_mib": round(idle / MIB, 1), "above_idle_mib": round((highest - idle) / MIB, 1)}


def replies(at: Bench, tickets: int, count: int = 500) -> dict[str, Any]:
    """What a reply costs among ``tickets`` and three times as many registered subjects, beside an empty desk."""
    found = {}
    for size in (0, tickets):
        at.desk(size)
        config = at.configure({"apertura": at.user()})
        found[size] = _a_reply(at, config, grow(config, count, seed=size + count, closed=0.0))
    few, many = (found[size] for size in (0, tickets))
    return {
        "tickets": tickets,
        "wall_ms": {"empty": few[0], "grown": many[0], "ratio": round(many[0] / few[0], 2)},
        "cpu_ms": {"empty": few[1], "grown": many[1], "ratio": round(many[1] / few[1], 2)},
    }


def _a_reply(at: Bench, config: Path, tickets: Sequence[Open]) -> tuple[float, float]:
    """Wall and processor milliseconds a reply, without start and end of the program."""
    at.once(config)
    idle = at.once(config)
    before = at.dovecot.filed("servicio", THREADED)
    at.lay("servicio", (reply(each.requester, each.subject) for each in tickets))
    busy = at.once(config)
    if at.dovecot.filed("servicio", THREADED) - before != len(tickets):
        raise RuntimeError("not every reply was threaded")
    spent = (busy.wall_s - idle.wall_s, busy.cpu_s - idle.cpu_s)
    return round(spent[0] * 1000 / len(tickets), 2), round(spent[1] * 1000 / len(tickets), 2)


def latency(at: Bench, arrivals: int = ARRIVALS) -> dict[str, Any]:
    """Milliseconds from APPEND to both letters accepted, the server's own IDLE notice beside it."""
    at.desk(0)
    user, started = at.user(), at.sink.taken
    at.fill(user, 2)
    daemon = at.acuse(at.configure({"apertura": user}))
    waits, notices = [], []
    try:
        daemon.until(lambda: at.sink.taken >= started + 4, PATIENCE_S)
        time.sleep(SETTLE_S)
        with _logged_in(at, user) as client, _logged_in(at, user) as listener:
            listener.select_folder("INBOX")
            for raw in openings(arrivals, 9001, file_every=arrivals + 1):
                before = at.sink.taken
                listener.idle()
                sent = time.monotonic()
                client.append("INBOX", raw)
                listener.idle_check(timeout=5)
                notices.append((time.monotonic() - sent) * 1000)
                while at.sink.taken < before + 2:
                    time.sleep(0.001)
                waits.append((time.monotonic() - sent) * 1000)
                listener.idle_done()
    finally:
        daemon.finish(1.0)
    beyond = sorted(max(0.0, wait - notice) for wait, notice in zip(waits, notices, strict=True))
    return {
        "arrival_to_accepted_ms": spread(waits),
        "server_notice_ms": spread(notices),
        "beyond_notice_ms": {**spread(beyond), "p99": round(beyond[int(len(beyond) * 0.99)], 1)},
    }


def takeover(at: Bench) -> dict[str, Any]:
    """Seconds from `kill -9` of the holder until another daemon has answered a waiting mail (PostgreSQL)."""
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
    """Mails a second of two daemons on two mailboxes against one on the same two (PostgreSQL)."""
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


def _logged_in(at: Bench, user: str) -> IMAPClient:
    client = IMAPClient(HOST, at.dovecot.port, ssl=False)
    client.login(user, PASSWORD)
    return client


SCENARIOS: Mapping[str, Callable[[Bench, Sequence[int]], dict[str, Any]]] = {
    "backlog": lambda at, _: backlog(at),
    "large_file": lambda at, _: large_file(at),
    "latency": lambda at, _: latency(at),
    "replies": lambda at, sizes: replies(at, max(sizes)),
    "two_daemons": lambda at, _: two_daemons(at),
    "takeover": lambda at, _: takeover(at),
}
"""By the name that `--also` and `--only` take."""
