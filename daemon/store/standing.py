"""How a desk stands, for `acuse doctor` and the metrics: what waits, who watches what, which jobs have run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from daemon.store import daemons, notes, queues
from daemon.store.dialect import Session

COUNTED = "counted "
"""What the names of notes begin with that count."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a desk stands, as every daemon and `acuse doctor` see it alike. ``polls``: when each mailbox was last seen
    well; ``jobs``: for which time each last ran; ``told``: alarms that stand; ``desks``: the digest of the
    configuration that each daemon on a shared database decides by; ``counted``: what all daemons have counted («mails
    opened», «letters sent», «lines lost»)."""

    outbox: Mapping[str, int] = field(default_factory=dict)
    next_due: datetime | None = None
    leases: tuple[daemons.Lease, ...] = ()
    polls: Mapping[str, datetime] = field(default_factory=dict)
    jobs: Mapping[str, datetime] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    desks: Mapping[str, str] = field(default_factory=dict)
    counted: Mapping[str, int] = field(default_factory=dict)


def standing(session: Session) -> Standing:
    """How the desk stands now; cheap enough to be asked for every few seconds."""
    return Standing(
        queues.waiting_letters(session),
        queues.next_due(session),
        tuple(daemons.leases(session)),
        notes.polls(session),
        notes.last_runs(session),
        notes.told(session),
        daemons.desks(session),
        {name: int(value) for name, value in notes.under(session, COUNTED).items()},
    )


def count(session: Session, more: Mapping[str, int]) -> None:
    """Add what one daemon has counted since it last did."""
    for name in sorted(more):
        notes.add(session, COUNTED + name, more[name])
