"""What else is measured than rounds: memory, one mail among many tickets, several daemons on one PostgreSQL."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from daemon.bench.desk import address
from daemon.bench.figures import MIB
from daemon.bench.growth import Open, grow
from daemon.bench.job import PATIENCE_S, SETTLE_S, Bench
from daemon.bench.mails import opening, openings, reply, validation
from daemon.bench.process import Measured
from daemon.store.clock import utc_now

DONE = "Acuse.Tratados"

# -- memory


def _peaks(peaks: tuple[int, ...]) -> dict[str, Any]:
    """Of all processes together, and of the daemon and its parser process."""
    each = [round(peak / MIB, 1) for peak in peaks]
    return {"memory_mib": round(sum(peaks) / MIB, 1), "daemon_and_parser_mib": each}


def backlog(at: Bench, mails: int = 10_000) -> dict[str, Any]:
    """Peak memory over a backlog."""
    at.desk(0)
    result = at.ours(mails)
    return {
        "mails": mails,
        **_peaks(result.usage.peaks),
        "rate": round(result.rate, 1),
        "cpu_ms": round(result.cpu_ms, 2),
    }


def large_mailbox(at: Bench, mails: int = 200_000, treated: int = 3_000) -> dict[str, Any]:
    """Peak memory until the first ``treated`` of a mailbox with so many are done, and how long the first one takes."""
    at.desk(0)
    user, started = at.user(), at.sink.taken
    at.lay(user, openings(mails, 11, file_every=mails + 1))
    daemon = at.acuse(at.configure({"apertura": user}))
    first_s = daemon.until(lambda: at.sink.taken > started, PATIENCE_S)
    usage = daemon.finish(daemon.until(lambda: at.sink.taken >= started + 2 * treated, PATIENCE_S))
    at.dovecot.remove(user)
    return {"mails": mails, "treated": treated, **_peaks(usage.peaks), "first_letter_s": round(first_s, 2)}


def large_file(at: Bench, octets: int = 25 * MIB) -> dict[str, Any]:
    """Memory above idle with one file of 25 MB among fifty mails."""
    with at.resting() as (daemon, user):
        idle, started = daemon.memory(), at.sink.taken
        chance = random.Random(1)  # noqa: S311 - no secret
        raw = opening("grande.1", 1, chance, chance.randbytes(octets))
        at.dovecot.fill(user, [raw, *openings(49, 7001)])
        highest = idle

        def done() -> bool:
            nonlocal highest
            highest = max(highest, daemon.memory())
            return at.sink.taken >= started + 100

        daemon.until(done, PATIENCE_S)
    return {"idle_mib": round(idle / MIB, 1), "above_idle_mib": round((highest - idle) / MIB, 1)}


# -- one mail among many tickets


def replies(at: Bench, tickets: int, count: int = 500) -> dict[str, Any]:
    """What a reply costs among ``tickets`` and three times as many registered subjects, beside an empty desk."""
    return _beside_empty(at, tickets, count, lambda each: reply(each.requester, each.subject))


def verdicts(at: Bench, tickets: int, count: int = 500) -> dict[str, Any]:
    """What the requester's word on a solution costs among ``tickets``, beside an empty desk."""
    return _beside_empty(
        at, tickets, count, lambda each: validation(each.requester, each.number, each.token), utc_now()
    )


def _beside_empty(
    at: Bench, tickets: int, count: int, mail: Callable[[Open], bytes], solved_at: datetime | None = None
) -> dict[str, Any]:
    """``mail`` about each of ``count`` more tickets, resolved where ``solved_at`` is given, on both desks."""
    found = {}
    for size in (0, tickets):
        at.desk(size)
        config = at.configure({"apertura": at.user()})
        waiting = grow(config, count, seed=size + count, closed=0.0, solved_at=solved_at)
        found[size] = _each(at, config, map(mail, waiting), count)
    few, many = (found[size] for size in (0, tickets))
    return {
        "tickets": tickets,
        "wall_ms": {"empty": few[0], "grown": many[0], "ratio": round(many[0] / few[0], 2)},
        "cpu_ms": {"empty": few[1], "grown": many[1], "ratio": round(many[1] / few[1], 2)},
    }


def _each(at: Bench, config: Path, mails: Iterable[bytes], count: int) -> tuple[float, float]:
    """Wall and processor milliseconds of each, without start and end of the program."""
    at.once(config)
    idle = at.once(config)
    before = at.dovecot.filed("servicio", DONE)
    at.lay("servicio", mails)
    busy = at.once(config)
    if at.dovecot.filed("servicio", DONE) - before != count:
        raise RuntimeError("not every mail was treated")
    spent = (busy.wall_s - idle.wall_s, busy.cpu_s - idle.cpu_s)
    return round(spent[0] * 1000 / count, 2), round(spent[1] * 1000 / count, 2)


# -- several daemons


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
