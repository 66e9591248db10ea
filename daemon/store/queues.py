"""What waits: letters to be sent, and tickets with something due; each is a row in some state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from isal import isal_zlib

from daemon.composed import Content
from daemon.store.dialect import Row, Session, marks
from daemon.store.rows import at, plain, when
from rules.ticket import micros, moment

LONGEST_REPLY = 1000
"""Characters kept of a server's reply."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A claimed delivery. ``lease`` fences its result; ``attempts`` counts this one; ``packed`` is its letter's content
    as its row holds it.
    """

    id: int
    lease: int
    letter: str
    number: str
    to: str
    message_id: str
    created_at: datetime
    attempts: int
    packed: Row = ()

    @property
    def content(self) -> Content:
        """The letter's content; an exception where its row was damaged, which is to stop no other."""
        return unpacked(*self.packed)


def unpacked(head: bytes, attachments: str, tail: bytes) -> Content:
    """A letter's content of these columns of its row."""
    parts = tuple((part.encode("latin-1"), digest) for part, digest in json.loads(attachments))
    end = isal_zlib.decompress(tail) if tail else b""
    return Content(head=isal_zlib.decompress(head), attachments=parts, tail=end)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claimed delivery, ``at`` a time (None: when it is recorded). ``deferred`` wants ``next_at``;
    ``reply`` is the server's last word. ``given_up``: it failed because its time was over, not because of that."""

    id: int
    lease: int
    status: Literal["sent", "deferred", "failed"]
    reply: str = ""
    next_at: datetime | None = None
    given_up: bool = False
    at: datetime | None = None


FAR = timedelta(days=8)
"""No letter is ever put off for this long, except by a clock that was wrong (the guards look a week ahead)."""
_BRING_BACK = "UPDATE deliveries SET next_at = ? WHERE next_at > ?"
_CLAIM = """
UPDATE deliveries SET status = 'claimed', claimed_by = ?, lease = lease + 1, attempts = attempts + 1, next_at = ?
WHERE id IN (SELECT id FROM deliveries WHERE next_at <= ? ORDER BY next_at, id LIMIT ?{skip_locked})
RETURNING id, lease, attempts
"""
_LETTERS = "SELECT id, letter, number, recipient, message_id, created_at, head, attachments, tail FROM outbox"


def claim(session: Session, owner: str, now: datetime, lease: timedelta, limit: int) -> list[Outgoing]:
    """Letters to be sent now, oldest first, taken by ``owner`` until ``now`` + ``lease``; an expired claim counts
    as waiting again.
    """
    session.run(_BRING_BACK, micros(now), micros(now + FAR))
    claimed = session.all(
        _CLAIM.format(skip_locked=session.skip_locked), owner, micros(now + lease), micros(now), limit
    )
    if not claimed:
        return []
    leases = {id_: (number, attempts) for id_, number, attempts in claimed}
    rows = session.all(f"{_LETTERS} WHERE id IN ({marks(claimed)}) ORDER BY id", *leases)
    return [_outgoing(row, *leases[row[0]]) for row in rows]


def _outgoing(row: Row, lease: int, attempts: int) -> Outgoing:
    id_, letter, number, to, message_id, created_at, *packed = row
    return Outgoing(id_, lease, letter, number, to, message_id, moment(created_at), attempts, tuple(packed))


def free_claims(session: Session, now: datetime, owner: str = "") -> int:
    """Free claims at once; returns how many: those of ``owner``, who is known to be dead, or else all of them, for a
    daemon that starts and knows that it is the only one."""
    if not owner:
        return session.run("UPDATE deliveries SET next_at = ? WHERE status = 'claimed'", micros(now))
    return session.run(_FREE, micros(now), owner, len(owner) + 1, owner + PUMP)


PUMP = "#"
"""Between a daemon's name and that of one of its pumps, in whose name letters are claimed."""
_FREE = """
UPDATE deliveries SET next_at = ?
WHERE status = 'claimed' AND next_at IS NOT NULL AND (claimed_by = ? OR substr(claimed_by, 1, ?) = ?)
"""
_RECORD = """
UPDATE deliveries SET status = ?, reply = ?, next_at = ?, sent_at = ?, claimed_by = ''
WHERE id = ? AND lease = ? AND status = 'claimed'
"""


def record(session: Session, outcome: Outcome, now: datetime) -> bool:
    """Note what became of a delivery; False if the claim had expired and somebody else has it now."""
    if outcome.status == "deferred" and outcome.next_at is None:
        raise ValueError("a deferred delivery needs the time of its next attempt")
    next_at = at(outcome.next_at) if outcome.status == "deferred" else None
    sent_at = micros(outcome.at or now) if outcome.status == "sent" else None
    reply = plain(outcome.reply[:LONGEST_REPLY])
    return session.run(_RECORD, outcome.status, reply, next_at, sent_at, outcome.id, outcome.lease) == 1


def next_delivery(session: Session, now: datetime) -> datetime | None:
    """When the next letter wants to go: now, where one was put off too :data:`FAR`; None while nothing waits."""
    if session.one("SELECT 1 FROM deliveries WHERE next_at > ? LIMIT 1", micros(now + FAR)):
        return now
    return when(session.value("SELECT MIN(next_at) FROM deliveries WHERE next_at IS NOT NULL"))


def waiting_letters(session: Session) -> dict[str, int]:
    """How many deliveries wait, by status."""
    return dict(session.all("SELECT status, COUNT(*) FROM deliveries WHERE next_at IS NOT NULL GROUP BY status"))


def waits_for_smtp(session: Session) -> bool:
    """Whether a letter that was tried before still waits."""
    row = session.one(
        "SELECT 1 FROM deliveries WHERE next_at IS NOT NULL AND attempts > 0"
        " AND status IN ('deferred', 'claimed') LIMIT 1"
    )
    return row is not None


# -- due

PAUSE = timedelta(hours=1)
"""How long until something that is due and came to nothing is looked at again."""


def due(session: Session, now: datetime, limit: int = 100) -> list[tuple[str, str]]:
    """Tickets with something due: (number, name), the longest overdue first."""
    found = "SELECT number, due_name FROM tickets WHERE due_at <= ? ORDER BY due_at, number LIMIT ?"
    return [(number, name) for number, name in session.all(found, micros(now), limit)]


def claim_due(session: Session, number: str, name: str, now: datetime) -> bool:
    """Lock the ticket's row and say whether ``name`` is still due; False where another daemon is at it."""
    row = session.one(
        "SELECT 1 FROM tickets WHERE number = ? AND due_name = ? AND due_at <= ?" + session.skip_locked,
        number,
        name,
        micros(now),
    )
    return row is not None


def put_off(session: Session, number: str, name: str, now: datetime, pause: timedelta = PAUSE) -> None:
    """Look again after a pause, not over and over, at what is still due although it has just fired, or failed."""
    session.run(
        "UPDATE tickets SET due_at = ? WHERE number = ? AND due_name = ? AND due_at <= ?",
        micros(now + pause),
        number,
        name,
        micros(now),
    )


def bring_forward(session: Session, number: str, name: str, now: datetime) -> bool:
    """Make due now what was put off; False if the ticket has something else due, or nothing."""
    return (
        session.run("UPDATE tickets SET due_at = ? WHERE number = ? AND due_name = ?", micros(now), number, name) == 1
    )


def next_due(session: Session) -> datetime | None:
    """When something is due next; None while nothing is."""
    return when(session.value("SELECT MIN(due_at) FROM tickets WHERE due_at IS NOT NULL"))
