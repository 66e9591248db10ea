"""What one mail costs among many tickets, beside an empty desk: a reply, and a click on «Validar»."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from daemon.bench.growth import Open, grow
from daemon.bench.job import Bench
from daemon.bench.mails import reply, validation
from daemon.store.clock import utc_now

DONE = "Acuse.Tratados"


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
