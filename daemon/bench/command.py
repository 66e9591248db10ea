"""`acuse bench`: rounds of all contestants by turns, the desk with many tickets in its database among them."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from rich.console import Console

from daemon.bench.figures import summary, table
from daemon.bench.job import Bench, Result
from daemon.bench.peers import Peer, django_helpdesk, roundup
from daemon.bench.scenarios import (
    backlog,
    large_file,
    large_mailbox,
    replies,
    takeover,
    two_daemons,
    verdicts,
)
from daemon.bench.waiting import latency, latency_under_load

Contestant = Callable[[int], Result]

SCENARIOS: Mapping[str, Callable[[Bench, Sequence[int]], dict[str, Any]]] = {
    "backlog": lambda at, _: backlog(at),
    "large_file": lambda at, _: large_file(at),
    "large_mailbox": lambda at, _: large_mailbox(at),
    "latency": lambda at, _: latency(at),
    "latency_under_load": lambda at, _: latency_under_load(at),
    "replies": lambda at, sizes: replies(at, max(sizes)),
    "verdicts": lambda at, sizes: verdicts(at, max(sizes)),
    "two_daemons": lambda at, _: two_daemons(at),
    "takeover": lambda at, _: takeover(at),
}
"""What else is measured, by the names that `--also` and `--only` take: each on the desks of a bench, those of the most
tickets where their number matters."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. ``peer_mails`` for the slower others, 0 for as many as ours: their start is counted
    in too, and weighs the less the more mails there are. Without ``runs`` only the scenarios are measured."""

    mails: int
    runs: int
    tickets: tuple[int, ...]
    database: str
    roundup: Path | None
    django_helpdesk: Path | None
    peer_mails: int
    scenarios: tuple[str, ...]
    grown: Path | None
    json: Path | None

    def turns(self) -> Sequence[tuple[int, int]]:
        """Round and tickets, in their order: every size in every round, but a PostgreSQL desk only grows."""
        turns = [(number, size) for number in range(self.runs) for size in self.tickets]
        return sorted(turns, key=itemgetter(1)) if self.database else turns


def bench(options: Options, console: Console | None = None) -> int:
    """Measure, print the table, write the JSON; exit code 0."""
    console = console or Console(stderr=True)
    with (
        _ended_by_signal(),
        tempfile.TemporaryDirectory(prefix="acuse-bench-") as folder,
        Bench(Path(folder), options.database, options.grown) as at,
    ):
        runs: dict[str, list[Result]] = {}
        contestants = _contestants(at, options, folder)
        for number, size in options.turns():
            console.print(f"round {number + 1} of {options.runs}, {size} tickets")
            among = {f"acuse, {size} tickets": at.ours} if size else contestants
            for name, run in among.items():
                at.desk(size)
                runs.setdefault(name, []).append(run(options.mails))
            _write(options, summary(runs))
        found = summary(runs)
        for name in options.scenarios:
            console.print(f"measuring: {name}")
            found.setdefault("scenarios", {})[name] = SCENARIOS[name](at, options.tickets)
            _write(options, found)
    print(table(found))
    for name, figures in found.get("scenarios", {}).items():
        print(f"{name}: {json.dumps(figures)}")
    return 0


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """SIGTERM ends a bench as Ctrl-C does: its servers and the daemon end with it."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _write(options: Options, found: Mapping[str, Any]) -> None:
    """After every round: a run takes long, and what was measured is not to be lost with it."""
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _contestants(at: Bench, options: Options, folder: str) -> Mapping[str, Contestant]:
    ports = (Path(folder), at.dovecot.port, at.sink.port)
    peers: dict[str, Peer] = {}
    if options.roundup:
        peers["roundup"] = roundup(options.roundup, *ports)
    if options.django_helpdesk:
        peers["django-helpdesk"] = django_helpdesk(options.django_helpdesk, *ports)
    return {"limit": at.limit, "acuse": at.ours} | {
        name: lambda mails, peer=peer: at.peer(options.peer_mails or mails, peer.command, peer.environment)
        for name, peer in peers.items()
    }
