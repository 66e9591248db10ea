"""What becomes due on a ticket by itself, and when: a table of name → when.

There are no timers to keep in step: :func:`next_due` computes everything from the ticket. What was done is named in
``ticket.told`` and not due again; what follows when something is due stands in rules/firing.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rules.deadlines import Deadlines, deadlines, people_clock
from rules.desk import Desk
from rules.lifecycle import WAITING
from rules.ticket import State, Ticket

Family = Literal["response", "resolution", "silence", "date"]


@dataclass(frozen=True, slots=True)
class Moment:
    """A thing that is due ``at`` an instant. ``name`` is the table's key and, behind a colon, which one of several it
    is: the priority whose time is over, the number of a reminder."""

    at: datetime
    name: str
    family: Family


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the rows of the table look at."""

    ticket: Ticket
    desk: Desk
    deadlines: Deadlines


When = Callable[[Outlook], Iterator[tuple[datetime | None, str]]]


@dataclass(frozen=True, slots=True)
class Row:
    """In ``states``, ``when`` yields instants, each with what tells it apart («1», «2»; "" for nothing); None means
    never. Within a ``family`` a later instant that has passed, or was told, cancels the earlier ones: after a breach
    nobody needs the warning."""

    family: Family
    states: tuple[State, ...]
    when: When


def _clock(attribute: str) -> When:
    def when(o: Outlook) -> Iterator[tuple[datetime | None, str]]:
        yield getattr(o.deadlines, attribute), o.ticket.priority

    return when


def _reminders(o: Outlook) -> Iterator[tuple[datetime | None, str]]:
    for n, days in enumerate(_silence(o.ticket, o.desk)[0], 1):
        yield _after_silence(o.ticket, o.desk, days), str(n)


def _closing(o: Outlook) -> Iterator[tuple[datetime | None, str]]:
    yield closes_at(o.ticket, o.desk), ""


def _pending_until(o: Outlook) -> Iterator[tuple[datetime | None, str]]:
    yield o.ticket.pending_until, ""


def _follow_up(o: Outlook) -> Iterator[tuple[datetime | None, str]]:
    ticket = o.ticket
    if ticket.follow_up:
        yield people_clock(o.desk, ticket.priority, ticket.group).next_open(ticket.follow_up), ""


DUE: Mapping[str, Row] = {
    "response_warning": Row("response", ("assigned",), _clock("response_warn_at")),
    "response_breach": Row("response", ("assigned",), _clock("response_due")),
    "resolution_warning": Row("resolution", ("assigned",), _clock("resolution_warn_at")),
    "resolution_breach": Row("resolution", ("assigned",), _clock("resolution_due")),
    "silence_reminder": Row("silence", WAITING, _reminders),
    "silence_close": Row("silence", WAITING, _closing),
    "pending_until": Row("date", ("pending",), _pending_until),
    "follow_up": Row("date", ("resolved", "closed"), _follow_up),
}
"""Everything that can become due, by key."""


def key_of(name: str) -> str:
    """The key in DUE of a moment's name: «silence_reminder» of «silence_reminder:2»."""
    return name.partition(":")[0]


def closes_at(ticket: Ticket, desk: Desk) -> datetime | None:
    """When a ticket that waits for its requester closes by itself; None where it does not, or comes back on a date."""
    return _after_silence(ticket, desk, _silence(ticket, desk)[1])


def schedule(ticket: Ticket, desk: Desk) -> tuple[Moment, ...]:
    """Every moment of ``ticket`` as it stands, done or not, in the table's order; a closed one at most a follow-up."""
    outlook = Outlook(ticket, desk, deadlines(ticket, desk))
    return tuple(
        Moment(at, f"{key}:{which}" if which else key, row.family)
        for key, row in DUE.items()
        if ticket.state in row.states
        for at, which in row.when(outlook)
        if at is not None
    )


def next_due(ticket: Ticket, desk: Desk, now: datetime) -> tuple[datetime, str] | None:
    """The first thing on ``ticket`` that is not done yet, with its time, past or future; None for nothing. Letters to
    the requester that fell due while the desk was away wait for the next business hours."""
    moments = schedule(ticket, desk)
    open_moments = (
        (_in_hours(moment, ticket, desk, now), moment.name)
        for moment in moments
        if moment.name not in ticket.told and not _overtaken(moment, moments, ticket, now)
    )
    return min(open_moments, default=None)


def _in_hours(moment: Moment, ticket: Ticket, desk: Desk, now: datetime) -> datetime:
    if moment.family != "silence" or moment.at > now:
        return moment.at
    opens = people_clock(desk, ticket.priority, ticket.group).next_worked(now)
    return opens if opens > now else moment.at


def is_due(ticket: Ticket, name: str, desk: Desk, now: datetime) -> bool:
    """Whether ``name`` is what is due on ``ticket`` by now, as ``desk`` has it."""
    due = next_due(ticket, desk, now)
    return due is not None and due[0] <= now and due[1] == name


def _overtaken(moment: Moment, moments: tuple[Moment, ...], ticket: Ticket, now: datetime) -> bool:
    """Whether a later moment of the same family is over already, or was told while the clock stood further on."""
    later = (other for other in moments if other.family == moment.family and moment.at < other.at)
    return any(other.at <= now or other.name in ticket.told for other in later)


def _silence(ticket: Ticket, desk: Desk) -> tuple[tuple[int, ...], int]:
    """After how many business days a silent requester is reminded, and after how many the ticket closes."""
    table = desk.validation if ticket.state == "resolved" else desk.pending
    return table.reminders, table.close_after


def _after_silence(ticket: Ticket, desk: Desk, days: int) -> datetime | None:
    """``days`` business days after the requester was asked; None where nobody waits, or only for a date."""
    if not ticket.waiting_since or ticket.pending_until:
        return None
    return people_clock(desk, ticket.priority, ticket.group).business_days_after(ticket.waiting_since, days)


# -- attempts to contact

CONTACTS_A_DAY = 3
"""Attempts to contact; after the last the requester is written to."""


def same_day(a: datetime, b: datetime, desk: Desk) -> bool:
    """Whether two instants fall on one day of the desk's zone."""
    return a.astimezone(desk.zone).date() == b.astimezone(desk.zone).date()


def contacts_on(ticket: Ticket, at: datetime, desk: Desk) -> int:
    """How many attempts were made on the day of ``at``."""
    return sum(same_day(attempt, at, desk) for attempt in ticket.contacts)
