"""The columns of a ticket's row that follow from the configuration too: what is due next, when, and how urgent it is.

A row is written with its ticket's events. Another configuration may count other hours, promise other times or remind on
other days: the rows are then computed anew, some at a time.
"""

from __future__ import annotations

from datetime import datetime

from daemon.store.context import Writing
from daemon.store.dialect import Session
from rules.desk import Desk
from rules.due import next_due
from rules.ticket import Ticket, micros

AT_ONCE = 100
"""Tickets that one transaction reckons."""
DONE = "reckoned"
"""The note of the digest of the configuration that all rows follow from."""


def some(tx: Writing, after: str, desk: Desk, now: datetime) -> str:
    """Reckon the next tickets behind the number ``after`` on which anything may be due; the last one's number, "" where
    there was none."""
    numbers = tx.session.column(
        "SELECT number FROM tickets WHERE number > ? AND (state <> 'closed' OR due_at IS NOT NULL)"
        " ORDER BY number LIMIT ?",
        after,
        AT_ONCE,
    )
    tx.tickets.lock(numbers)
    for number in numbers:
        if ticket := tx.tickets.get(number):
            one(tx.session, ticket, desk, now)
    return numbers[-1] if numbers else ""


def one(session: Session, ticket: Ticket, desk: Desk, now: datetime) -> None:
    """Reckon the row of a ticket that this transaction has locked."""
    session.run(
        "UPDATE tickets SET due_at = ?, due_name = ?, rank = ? WHERE number = ?",
        *due_columns(ticket, desk, now),
        rank(ticket.priority, desk),
        ticket.number,
    )


def due_columns(ticket: Ticket, desk: Desk, now: datetime) -> tuple[int | None, str]:
    """When something is due on the ticket next, in µs, and its name; None and "" for nothing."""
    due = next_due(ticket, desk, now)
    return (micros(due[0]), due[1]) if due else (None, "")


def rank(priority: str, desk: Desk) -> int:
    """The most urgent first; a priority that the desk no longer has comes last."""
    names = list(desk.priorities)
    if priority not in names:
        return len(names) + 100
    return desk.priorities[priority].rank or names.index(priority)
