"""`acuse bench`: rounds of all contestants by turns, then the desk once more with many tickets in its database."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from daemon.bench.figures import summary, table
from daemon.bench.growth import grow
from daemon.bench.job import Bench, Result
from daemon.bench.peers import Peer, django_helpdesk, roundup
from daemon.bench.scenarios import SCENARIOS

Contestant = Callable[[int], Result]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; ``peer_mails`` because the others are slow."""

    mails: int = 3000
    runs: int = 5
    tickets: tuple[int, ...] = (0, 20_000, 1_000_000)
    database: str = ""
    roundup: Path | None = None
    django_helpdesk: Path | None = None
    peer_mails: int = 300
    scenarios: tuple[str, ...] = ()
    json: Path | None = None


def bench(options: Options, console: Console | None = None) -> int:
    """Measure, print the table, write the JSON; exit code 0."""
    console = console or Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="acuse-bench-") as folder, Bench(Path(folder), options.database) as at:
        runs: dict[str, list[Result]] = {}
        for size in options.tickets:
            _grown(at, size, console)
            contestants = _contestants(at, options, folder) if not size else {f"acuse, {size} tickets": at.ours}
            for number in range(options.runs):
                console.print(f"{size} tickets, round {number + 1} of {options.runs}")
                _round(at, contestants, options, runs, keep=bool(size))
                _write(options, summary(runs))
        found = summary(runs)
        for name in options.scenarios:
            console.print(f"measuring: {name}")
            found.setdefault("scenarios", {})[name] = SCENARIOS[name](at)
            _write(options, found)
    print(table(found))
    for name, figures in found.get("scenarios", {}).items():
        print(f"{name}: {json.dumps(figures)}")
    return 0


def _write(options: Options, found: Mapping[str, Any]) -> None:
    """After every round: a run takes long, and what was measured is not to be lost with it."""
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _grown(at: Bench, size: int, console: Console) -> None:
    if size:
        console.print(f"making {size} tickets")
        at.forget()
        grow(at.configure({"apertura": at.user()}), size)


def _contestants(at: Bench, options: Options, folder: str) -> Mapping[str, Contestant]:
    ports = (Path(folder), at.dovecot.port, at.sink.port)
    peers: dict[str, Peer] = {}
    if options.roundup:
        peers["roundup"] = roundup(options.roundup, *ports)
    if options.django_helpdesk:
        peers["django-helpdesk"] = django_helpdesk(options.django_helpdesk, *ports)
    return {"limit": at.limit, "acuse": at.ours} | {
        name: lambda mails, peer=peer: at.peer(min(mails, options.peer_mails), peer.command, peer.environment)
        for name, peer in peers.items()
    }


def _round(
    at: Bench, contestants: Mapping[str, Contestant], options: Options, runs: dict[str, list[Result]], keep: bool
) -> None:
    for name, run in contestants.items():
        if not keep and not options.database:
            at.forget()
        runs.setdefault(name, []).append(run(options.mails))


def sizes(text: str) -> tuple[int, ...]:
    """«0,20000» as numbers."""
    return tuple(int(part) for part in text.split(","))
