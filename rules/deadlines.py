"""The times of a ticket (L, J): which clock counts them, what its priority promises, and what has counted so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from rules.clocks import Clock, Span, compiled
from rules.desk import Desk
from rules.ticket import Ticket

WARN_AT = 0.75
"""The part of an amount after which the assignee is warned."""


# -- which clock


def calendar_name(desk: Desk, priority: str, group: str) -> str:
    """The priority's calendar, else the group's; "" for round the clock."""
    own = desk.priorities.get(priority)
    if own and own.calendar:
        return own.calendar
    return desk.groups[group].calendar if group in desk.groups else ""


def clock_named(desk: Desk, calendar: str) -> Clock:
    """The clock of the calendar of this name; round the clock for "" and for one that is no longer there."""
    return compiled(desk.calendars.get(calendar), desk.desk.timezone, desk.desk.language)


def calendar_for(desk: Desk, priority: str, group: str) -> Clock:
    """The clock that a ticket's times are counted by."""
    return clock_named(desk, calendar_name(desk, priority, group))


def people_clock(desk: Desk, priority: str, group: str) -> Clock:
    """The clock for reminders and closings. The group's hours come first here, so that a priority served round the
    clock wakes nobody; Monday to Friday if neither has a calendar."""
    own = desk.groups[group].calendar if group in desk.groups else ""
    return clock_named(desk, own or calendar_name(desk, priority, group))


# -- a ticket's times


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What a ticket's priority promises (L): amounts of business time, and by when they are over. A time is None while
    the clock stands, when the thing is done, and where the priority promises nothing."""

    response_due: datetime | None = None
    resolution_due: datetime | None = None
    response_warn_at: datetime | None = None
    resolution_warn_at: datetime | None = None
    response_amount: timedelta | None = None
    resolution_amount: timedelta | None = None
    calendar: str = ""


def deadlines(ticket: Ticket, desk: Desk) -> Deadlines:
    """The deadlines of ``ticket`` under its present priority and group."""
    calendar = calendar_name(desk, ticket.priority, ticket.group)
    promise = desk.priorities.get(ticket.priority)
    if promise is None:
        return Deadlines(calendar=calendar)
    promised = Deadlines(response_amount=promise.response, resolution_amount=promise.resolution, calendar=calendar)
    if not ticket.runs:
        return promised
    clock = clock_named(desk, calendar)
    answered = ticket.responded_at is not None
    return replace(
        promised,
        response_due=None if answered else reached(ticket, clock, promise.response),
        resolution_due=reached(ticket, clock, promise.resolution),
        response_warn_at=None if answered else reached(ticket, clock, promise.response * WARN_AT),
        resolution_warn_at=reached(ticket, clock, promise.resolution * WARN_AT),
    )


def reached(ticket: Ticket, clock: Clock, amount: timedelta) -> datetime | None:
    """When ``amount`` of the ticket's counted time is or will be over; None where it stands before that."""
    for start, end in ticket.running:
        if end is None:
            return clock.add(start, amount)
        counted = clock.between(start, end)
        if counted >= amount:
            return clock.add(start, amount)
        amount -= counted
    return None


def spent(ticket: Ticket, desk: Desk, now: datetime) -> timedelta:
    """The business time that has counted against ``ticket`` by ``now``."""
    clock = calendar_for(desk, ticket.priority, ticket.group)
    return sum((clock.between(start, end or now) for start, end in ticket.running), timedelta())


def explained(ticket: Ticket, desk: Desk, now: datetime) -> tuple[Span, ...]:
    """The whole clock of ``ticket`` up to ``now`` as spans without gaps; those counted add up to :func:`spent`."""
    clock = calendar_for(desk, ticket.priority, ticket.group)
    spans: list[Span] = []
    for start, end in ticket.running:
        if spans and spans[-1].end < start:
            spans.append(Span(spans[-1].end, start, "paused"))
        spans.extend(clock.explain(start, end or now))
    if spans and spans[-1].end < now and ticket.open:
        spans.append(Span(spans[-1].end, now, "paused"))
    return tuple(spans)


# -- as letters tell them


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
