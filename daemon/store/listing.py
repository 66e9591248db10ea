"""What `acuse list`, `show` and the digests tell of tickets, letters and mails: plain values for JSON and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, tzinfo
from typing import Any

from peewee import Table

from daemon.store.dialect import Row, Session
from daemon.store.rows import loads, when
from daemon.store.tickets import Remembered, Tickets, journal
from parsers.mail import Attachment
from rules.ticket import Event, Ticket, micros


def show(session: Session, number: str, remembered: Remembered, zone: tzinfo = UTC) -> dict[str, Any] | None:
    """A ticket with its journal and letters, as `show --json` prints it; None where there is none.

    Times are ISO 8601 in ``zone`` with their offset.
    """
    ticket = Tickets(session, remembered).get(number)
    if ticket is None:
        return None
    return {
        **brief(ticket, zone),
        "participants": list(ticket.participants),
        "fields": dict(ticket.fields),
        "received_at": iso(ticket.received_at, zone),
        "solution": ticket.solution,
        "journal": [_event(event, zone) for event in journal(session, number)],
        "letters": letters(session, number, zone),
        "attachments": [file_json(each) for each in ticket.attachments],
        "relations": list(ticket.relations),
        "points_to": ticket.points_to,
    }


_NEXT_HELD = """
SELECT group_key || ' ' || kind, group_key, kind, number FROM tickets WHERE group_key || ' ' || kind > ?
ORDER BY group_key || ' ' || kind LIMIT 1
"""
_PRIORITIES_HELD = (
    "SELECT priority, MIN(number) FROM tickets WHERE state <> 'closed' AND priority <> '' GROUP BY priority"
)


def groups_and_kinds(session: Session) -> Iterator[tuple[str, str, str]]:
    """Each group and kind that tickets have together, and one of these tickets: a step of the index each."""
    last = ""
    while found := session.one(_NEXT_HELD, last):
        last, group, kind, number = found
        yield group, kind, number


def open_priorities(session: Session) -> list[tuple[str, str]]:
    """Each priority that open tickets have, and one of these tickets."""
    return [(row[0], row[1]) for row in session.all(_PRIORITIES_HELD)]


def brief(ticket: Ticket, zone: tzinfo = UTC) -> dict[str, Any]:
    """A ticket as a line of `list --json`."""
    return {name: _plain(getattr(ticket, name), zone) for name in BRIEF}


BRIEF = (
    "number", "kind", "state", "reason", "priority", "category", "group", "assignee", "requester", "requester_name",
    "subject", "opened_at", "closed_at",
)  # fmt: skip


def letters(session: Session, number: str, zone: tzinfo = UTC) -> list[dict[str, Any]]:
    """The letters about a ticket, oldest first, and where each stands."""
    rows = session.all(
        "SELECT letter, recipient, subject, message_id, created_at, status, attempts, reply, sent_at"
        " FROM outbox JOIN deliveries ON deliveries.id = outbox.id WHERE number = ? ORDER BY outbox.id",
        number,
    )
    names = ("letter", "to", "subject", "message_id", "created_at", "status", "attempts", "reply", "sent_at")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    times = ("created_at", "sent_at")
    return [{**each, **{name: iso(when(each[name]), zone) for name in times}} for each in found]


def iso(moment: datetime | None, zone: tzinfo) -> str | None:
    """A time with its offset."""
    return None if moment is None else moment.astimezone(zone).isoformat()


def _event(event: Event, zone: tzinfo) -> dict[str, Any]:
    return {
        **{name: _plain(getattr(event, name), zone) for name in ("at", "name", "actor", "text", "visible")},
        "changes": {name: _plain(value, zone) for name, value in event.changes.items()},
        "attachments": [file_json(each) for each in event.attachments],
    }


def _plain(value: Any, zone: tzinfo) -> Any:
    if isinstance(value, datetime):
        return iso(value, zone)
    if isinstance(value, tuple):
        return [_plain(each, zone) for each in value]
    return value


def file_json(attachment: Attachment) -> dict[str, Any]:
    """A file as `show --json` and `explain --json` tell it."""
    return {
        "name": attachment.name,
        "type": attachment.media_type,
        "size": attachment.size,
        "digest": attachment.digest,
    }


# -- the ledger


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A mail as the ledger tells it; ``detail`` as decided (faults, rule, remarks, what the guards held back)."""

    id: int
    mailbox: str
    verdict: str
    why: str
    number: str
    sender: str
    subject: str
    size: int
    received_at: datetime | None
    decided_at: datetime | None
    held_until: datetime | None
    attempts: int
    detail: dict[str, Any]


def mails(
    session: Session, verdicts: Sequence[str] = (), since: datetime | None = None, limit: int = 1000
) -> list[LedgerRow]:
    """Mails with one of ``verdicts`` (all without), newest first."""
    table = Table("mails")
    mail = table.c
    query = table.select(*(getattr(mail, column.name) for column in fields(LedgerRow)))
    if verdicts:
        query = query.where(mail.verdict.in_(verdicts))
    if since:
        query = query.where(mail.decided_at >= micros(since))
    rows = session.query(query.order_by(mail.id.desc()).limit(limit))
    return [_ledger_row(row) for row in rows]


def _ledger_row(row: Row) -> LedgerRow:
    *texts, received_at, decided_at, held_until, attempts, detail = row
    times = [when(received_at), when(decided_at), when(held_until)]
    return LedgerRow(*texts, *times, attempts, loads(detail) or {})  # type: ignore[call-arg]
