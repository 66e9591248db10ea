"""What is due on a ticket and cannot be done: tried again after longer and longer, remembered until it is done.

It is a note («stuck I171009_000049 silence_close», the time of the first failure), so that all daemons wait together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.store import notes, queues
from daemon.store.dialect import Session
from rules.ticket import micros, moment

FIRST = timedelta(seconds=5)
"""The first pause; it doubles to :data:`LONGEST`."""
LONGEST = timedelta(minutes=10)
PREFIX = "stuck "


@dataclass(frozen=True, slots=True)
class Stuck:
    """Something due, named ``name``, that has failed since the time ``since``."""

    number: str
    name: str
    since: datetime


def put_off(session: Session, number: str, name: str, now: datetime) -> bool:
    """Something that is due has just failed: make it due again after as long as it has been failing. False if it is not
    due any more."""
    if not queues.claim_due(session, number, name, now):
        return False
    note = f"{PREFIX}{number} {name}"
    since = moment(int(notes.get(session, note) or micros(now)))
    notes.put(session, note, str(micros(since)))
    queues.put_off(session, number, name, now, min(max(now - since, FIRST), LONGEST))
    return True


def done(session: Session, number: str, name: str) -> None:
    """Something stuck was done after all."""
    notes.drop(session, f"{PREFIX}{number} {name}")


def stuck(session: Session) -> list[Stuck]:
    """All that is stuck and still due, the first that failed first."""
    noted = [Stuck(*_number_and_name(key), since) for key, since in notes.times(session, PREFIX).items()]
    return sorted((each for each in noted if _still_due(session, each)), key=lambda each: each.since)


def try_again(session: Session, now: datetime) -> None:
    """Something has changed that may help (a start, another configuration): all of it is due now."""
    for key in notes.under(session, PREFIX):
        number, name = _number_and_name(key)
        if not queues.bring_forward(session, number, name, now):
            done(session, number, name)


def _number_and_name(key: str) -> tuple[str, str]:
    number, _, name = key.partition(" ")
    return number, name


def _still_due(session: Session, each: Stuck) -> bool:
    return bool(session.one("SELECT 1 FROM tickets WHERE number = ? AND due_name = ?", each.number, each.name))
