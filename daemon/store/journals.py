"""Tickets and their journal written: events folded, the numbers of new tickets spent, both rows kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from daemon.store.context import Cause, Writing
from daemon.store.dialect import Row, marks
from daemon.store.errors import Conflict
from daemon.store.reckoning import due_columns, rank
from daemon.store.rows import LOOKED_UP, dump_ticket, event_row, looked_up
from rules.desk import Desk
from rules.ticket import Event, Ticket, evolve

_INSERT_EVENT = """
INSERT INTO events (number, seq, at, name, actor, mail_id, text, visible, changes, attachments, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UNINDEXED = "INSERT INTO unindexed (event_id) VALUES ({last_id})"
_COLUMNS = f"{LOOKED_UP}, rank, due_at, due_name, body"
_VALUES = marks(_COLUMNS.split(","))
_PUT_TICKET = f"INSERT INTO tickets ({_COLUMNS}, number) VALUES ({_VALUES}, ?)"
_UPDATE_TICKET = f"UPDATE tickets SET ({_COLUMNS}) = ({_VALUES}) WHERE number = ? AND version = ?"


def write_events(tx: Writing, cause: Cause, events: Sequence[Event], desk: Desk, now: datetime) -> None:
    """Fold events into their tickets, spend the numbers of new ones, and write both."""
    _hold_files(tx, cause, events)
    numbers = dict.fromkeys(event.number for event in events)
    before = {number: None if tx.counters.is_next(number) else tx.tickets.get(number) for number in numbers}
    after: dict[str, Ticket | None] = dict(before)
    rows = []
    for event in events:
        ticket = after[event.number]
        if ticket is None:
            tx.counters.spend(event.number)
        after[event.number] = ticket = evolve(ticket, event)
        rows.append(event_row(event, ticket.version, cause.mail_id or None))
    for number, ticket in after.items():
        assert ticket
        _write_ticket(tx, ticket, before[number], desk, now)
    for row in rows:
        tx.session.put(_INSERT_EVENT, *row)
        tx.session.put(_UNINDEXED.format(last_id=tx.session.dialect.last_id))


def _hold_files(tx: Writing, cause: Cause, events: Sequence[Event]) -> None:
    """What the mail brought was kept when it was read, before this transaction."""
    brought = {file.digest for file in cause.mail.attachments} if cause.mail else set()
    if named := {file.digest for event in events for file in event.attachments}:
        tx.hold_files(named & brought)


def _write_ticket(tx: Writing, ticket: Ticket, before: Ticket | None, desk: Desk, now: datetime) -> None:
    values = _ticket_row(ticket, desk, now)
    if before is None:
        tx.session.put(_PUT_TICKET, *values, ticket.number)
    elif not tx.session.run(_UPDATE_TICKET, *values, ticket.number, before.version):
        raise Conflict(f"ticket {ticket.number} moved while it was locked")
    tx.tickets.put(ticket)


def _ticket_row(ticket: Ticket, desk: Desk, now: datetime) -> Row:
    return (*looked_up(ticket), rank(ticket.priority, desk), *due_columns(ticket, desk, now), dump_ticket(ticket))
