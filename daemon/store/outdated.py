"""What is over its retention: mails, letters and tickets that are kept no longer; `acuse audit` finds no difference."""

from __future__ import annotations

from datetime import datetime

from daemon.store.context import Writing
from daemon.store.dialect import Session
from daemon.store.dropping import drop_letters, drop_raws, rewrite
from daemon.store.tickets import journal
from daemon.store.unnamed import unname
from rules import erasure
from rules.desk import Desk
from rules.erasure import NOBODY
from rules.ticket import micros


def old_raws(session: Session, before: datetime, limit: int) -> list[int]:
    """Mails that came before a time, are treated and filed, and whose octets are still here."""
    rows = session.all(
        "SELECT id FROM mails WHERE raw_digest <> '' AND received_at < ? AND filed_at IS NOT NULL"
        " AND verdict NOT IN ('', 'held', 'quarantined') ORDER BY id LIMIT ?",
        micros(before),
        limit,
    )
    return [id_ for (id_,) in rows]


def old_letters(session: Session, before: datetime, limit: int) -> list[int]:
    """Letters written before a time, sent or failed, whose bytes are still here."""
    rows = session.all(
        "SELECT outbox.id FROM outbox JOIN deliveries ON deliveries.id = outbox.id"
        " WHERE head IS NOT NULL AND created_at < ? AND next_at IS NULL ORDER BY outbox.id LIMIT ?",
        micros(before),
        limit,
    )
    return [id_ for (id_,) in rows]


def old_tickets(session: Session, before: datetime, limit: int) -> list[str]:
    """Tickets closed before a time that still tell of somebody."""
    rows = session.all(
        "SELECT number FROM tickets WHERE state = 'closed' AND closed_at < ? AND requester <> ?"
        " ORDER BY number LIMIT ?",
        micros(before),
        NOBODY,
        limit,
    )
    return [number for (number,) in rows]


def empty_ticket(tx: Writing, number: str, desk: Desk, now: datetime) -> None:
    """Keep a ticket's numbers, times and states; drop its words, its people, its mails and its letters."""
    session = tx.session
    unname(session, (each.digest for event in journal(session, number) for each in event.attachments))
    rewrite(tx, number, erasure.empty, desk, now)
    mails = [id_ for (id_,) in session.all("SELECT id FROM mails WHERE number = ?", number)]
    drop_raws(session, mails)
    session.run(
        "UPDATE mails SET sender = ?, subject = '', message_id = '', detail = '' WHERE number = ?", NOBODY, number
    )
    letters = [id_ for (id_,) in session.all("SELECT id FROM outbox WHERE number = ?", number)]
    drop_letters(session, letters, NOBODY, ())
    session.run("UPDATE outbox SET recipient = ? WHERE number = ?", NOBODY, number)
    session.run("DELETE FROM tokens WHERE number = ?", number)
