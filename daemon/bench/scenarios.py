"""What else is measured of the daemon, by the names that `--also` and `--only` take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from daemon.bench.among_many import replies, verdicts
from daemon.bench.job import Bench
from daemon.bench.memory import backlog, large_file, large_mailbox
from daemon.bench.several import takeover, two_daemons
from daemon.bench.waiting import latency, latency_under_load

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
"""Each measures on the desks of a bench, those of the most tickets where their number matters."""
