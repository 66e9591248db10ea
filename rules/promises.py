"""What a priority promises, as letters tell it (L): each clock with its due time, or when it was met."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rules.deadlines import calendar_for, deadlines, reached
from rules.desk import Desk
from rules.ticket import Ticket


def promises(ticket: Ticket, desk: Desk) -> tuple[Mapping[str, Any], ...]:
    """The two clocks, in the shape that daemon/writing/samples.py calls *deadline*. A ticket that was closed before a
    clock was met no longer has that clock."""
    due = deadlines(ticket, desk)
    clocks = (
        ("response", due.response_due, due.response_amount, ticket.responded_at),
        ("resolution", due.resolution_due, due.resolution_amount, ticket.solved_at),
    )
    return tuple(
        {
            "key": key,
            "due_at": due_at,
            "amount": amount,
            "business": bool(due.calendar),
            "met_at": met_at,
            "late": _is_late(key, amount, due_at, met_at, ticket, desk),
        }
        for key, due_at, amount, met_at in clocks
        if amount and (ticket.open or met_at)
    )


def _is_late(
    key: str, amount: timedelta, due_at: datetime | None, met_at: datetime | None, ticket: Ticket, desk: Desk
) -> bool:
    """Whether the breach was told, or what is done was done after its time."""
    if due_at or not met_at:
        return f"{key}_breach:{ticket.priority}" in ticket.told
    over = reached(ticket, calendar_for(desk, ticket.priority, ticket.group), amount)
    return over is not None and over < met_at


def counts_from(ticket: Ticket, desk: Desk) -> datetime | None:
    """When counting starts, for a request that came, or was released, out of hours (J); None within hours."""
    clock = calendar_for(desk, ticket.priority, ticket.group)
    start = ticket.running[0][0] if ticket.running else None
    return None if start is None or clock.is_open(start) else clock.next_open(start)
