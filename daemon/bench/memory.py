"""What is measured of the daemon's memory: over a backlog, with a large file, before a mailbox of many mails."""

from __future__ import annotations

import random
from typing import Any

from daemon.bench.figures import MIB
from daemon.bench.job import PATIENCE_S, Bench
from daemon.bench.mails import opening, openings


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
