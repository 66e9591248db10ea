"""What is over its retention: mails, letters and tickets that are kept no longer; `acuse audit` finds no difference.

It is looked for in the order of its keys, some at a time, from where the last look ended, so that what was dropped
before is not read again and again. What is over its retention stays so: it may be looked for outside the transaction
that drops it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from daemon.slices import in_slices
from daemon.store.context import Writing
from daemon.store.dialect import IN_LIST, Session, marks
from daemon.store.dropping import drop_letters, drop_raws, rewrite
from daemon.store.tickets import journal
from daemon.store.unnamed import unname
from rules import erasure
from rules.desk import Desk
from rules.erasure import NOBODY
from rules.ticket import micros


def old_raws(session: Session, after: int, before: datetime, limit: int) -> list[int]:
    """Mails, by ids above ``after``, that came before a time, are treated and filed, and have their octets still."""
    return session.column(
        "SELECT id FROM mails WHERE id > ? AND raw_digest <> '' AND received_at < ? AND filed_at IS NOT NULL"
        " AND verdict NOT IN ('', 'held', 'quarantined') ORDER BY id LIMIT ?",
        after,
        micros(before),
        limit,
    )


def old_letters(session: Session, after: int, before: datetime, limit: int) -> list[int]:
    """Letters, by ids above ``after``, written before a time, sent or failed, whose bytes are still here."""
    return session.column(
        "SELECT outbox.id FROM outbox JOIN deliveries ON deliveries.id = outbox.id"
        " WHERE outbox.id > ? AND head IS NOT NULL AND created_at < ? AND next_at IS NULL ORDER BY outbox.id LIMIT ?",
        after,
        micros(before),
        limit,
    )


def old_tickets(session: Session, after: str, before: datetime, limit: int) -> list[str]:
    """Tickets, by numbers above ``after``, closed before a time, that still tell of somebody."""
    return session.column(
        "SELECT number FROM tickets WHERE number > ? AND state = 'closed' AND closed_at < ? AND requester <> ?"
        " ORDER BY number LIMIT ?",
        after,
        micros(before),
        NOBODY,
        limit,
    )


def empty_tickets(tx: Writing, numbers: Sequence[str], desk: Desk, now: datetime) -> None:
    """Keep the tickets' numbers, times and states; drop their words, their people, their mails and their letters."""
    session, some = tx.session, marks(numbers)
    for number in numbers:
        unname(session, (each.digest for event in journal(session, number) for each in event.attachments))
        rewrite(tx, number, erasure.empty, desk, now)
    of_them = f"number <> '' AND number IN ({some})"  # which the indexes say too
    mails = session.column(f"SELECT id FROM mails WHERE {of_them}", *numbers)
    drop_raws(session, mails)
    for each in in_slices(mails, IN_LIST):
        session.run(
            f"UPDATE mails SET sender = ?, subject = '', message_id = '', detail = '' WHERE id IN ({marks(each)})",
            NOBODY,
            *each,
        )
    drop_letters(session, session.column(f"SELECT id FROM outbox WHERE {of_them}", *numbers), NOBODY, ())
    session.run(f"UPDATE outbox SET recipient = ? WHERE {of_them}", NOBODY, *numbers)
    session.run(f"DELETE FROM tokens WHERE {of_them}", *numbers)
