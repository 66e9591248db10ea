"""`[retention]`: what is old enough is dropped; the rows that the books need stay."""

# ruff: noqa: S608 - statements are put together from our own literals alone; values are always parameters

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.store.dialect import Session, marks
from daemon.store.erasure import rewrite_closed
from daemon.store.files import Files
from daemon.store.references import mark
from rules.desk import Retention
from rules.guards import bucket
from rules.ticket import micros

AT_ONCE = 500
WINDOWS_KEPT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Dropped:
    """How much was dropped in one step; nothing left when all are 0."""

    mails: int = 0
    letters: int = 0
    tickets: int = 0


def drop_old(session: Session, files: Files, keep: Retention, now: datetime) -> Dropped:
    """One step of at most :data:`AT_ONCE` rows of each kind: no transaction is long. Call it until all is gone."""
    session.run("DELETE FROM windows WHERE bucket < ?", bucket(now - WINDOWS_KEPT))
    return Dropped(
        _mails(session, files, _before(keep.raw_mails, now)),
        _letters(session, _before(keep.sent, now)),
        _tickets(session, _before(keep.closed_tickets, now)),
    )


def _before(days: int, now: datetime) -> int:
    """The time before which things are old, in µs; 0 days keep them for ever."""
    return micros(now - timedelta(days=days)) if days else 0


def _mails(session: Session, files: Files, before: int) -> int:
    """Raw bytes of decided mails; what waits, is held or quarantined keeps them."""
    rows = session.all(
        "SELECT id, raw_digest FROM mails WHERE decided_at < ? AND raw_digest <> ''"
        " AND verdict NOT IN ('', 'held', 'quarantined') ORDER BY id LIMIT ?",
        before,
        AT_ONCE,
    )
    ids = [row[0] for row in rows]
    session.run(f"DELETE FROM mail_raws WHERE mail_id IN ({marks(ids)})", *ids)
    session.run(f"UPDATE mails SET raw_digest = '' WHERE id IN ({marks(ids)})", *ids)
    mark(session, [digest for _, digest in rows if files.has(digest)])
    return len(ids)


def _letters(session: Session, before: int) -> int:
    """Bytes of letters that were sent, or failed for good."""
    rows = session.all(
        "SELECT outbox.id FROM outbox JOIN deliveries ON deliveries.id = outbox.id"
        " WHERE created_at < ? AND head IS NOT NULL AND next_at IS NULL ORDER BY outbox.id LIMIT ?",
        before,
        AT_ONCE,
    )
    ids = [id_ for (id_,) in rows]
    session.run(f"UPDATE outbox SET head = NULL, tail = NULL, attachments = '[]' WHERE id IN ({marks(ids)})", *ids)
    return len(ids)


def _tickets(session: Session, before: int) -> int:
    """What was written in tickets closed long ago; number, dates and states stay."""
    rows = session.all(
        "SELECT number FROM tickets WHERE closed_at < ? AND requester <> '' ORDER BY closed_at LIMIT ?", before, AT_ONCE
    )
    digests = [digest for (number,) in rows for digest in rewrite_closed(session, number)]
    mark(session, digests)
    return len(rows)
