"""What the jobs of a running desk ask of the store: journals of a time, what is open, how things stand."""

# ruff: noqa: S608 - statements are put together from our own literals alone; values are always parameters

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from daemon.store import notes, queues
from daemon.store.dialect import Session
from daemon.store.rows import EVENT_COLUMNS, load_event
from rules.ticket import Event, micros


def journals_since(session: Session, since: datetime) -> Iterator[tuple[Event, ...]]:
    """The journals of every ticket that is open or had an event since a time, each whole and in its order."""
    rows = session.stream(
        f"SELECT {EVENT_COLUMNS} FROM events WHERE number IN (SELECT number FROM tickets WHERE state <> 'closed'"
        " UNION SELECT number FROM events WHERE at >= ?) ORDER BY number, seq",
        micros(since),
    )
    for _, own in groupby(rows, key=lambda row: str(row[0])):
        yield tuple(load_event(row) for row in own)


def waits_for_smtp(session: Session) -> bool:
    """Whether a letter that was tried before still waits."""
    row = session.one(
        "SELECT 1 FROM deliveries WHERE next_at IS NOT NULL AND attempts > 0"
        " AND status IN ('deferred', 'claimed') LIMIT 1"
    )
    return row is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a desk stands, as every daemon and `acuse doctor` see it alike. ``polls``: when each mailbox was last seen
    well; ``jobs``: for which time each last ran; ``told``: alarms that stand."""

    outbox: Mapping[str, int] = field(default_factory=dict)
    next_due: datetime | None = None
    leases: tuple[queues.Lease, ...] = ()
    polls: Mapping[str, datetime] = field(default_factory=dict)
    jobs: Mapping[str, datetime] = field(default_factory=dict)
    told: tuple[str, ...] = ()


def standing(session: Session) -> Standing:
    """How the desk stands now; cheap enough to be asked for every few seconds."""
    return Standing(
        queues.waiting_letters(session),
        queues.next_due(session),
        tuple(queues.leases(session)),
        notes.times(session, "poll "),
        notes.times(session, "job "),
        tuple(notes.under(session, "told ")),
    )
