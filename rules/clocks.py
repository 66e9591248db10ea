"""Clocks (L, J): how much business time lies between two instants, and when an amount of it is over.

A :class:`Clock` counts round the clock, in plain arithmetic; an :class:`OfficeClock` counts the open intervals of a
calendar. Both work on aware UTC instants: local hours are turned into UTC day by day, so that a day of 23 or 25 hours
counts what it really had.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from rules.calendars import Hours, OwnDay, holidays_of, read_day, read_days, read_hours
from rules.desk import Desk
from rules.tables import Calendar
from rules.ticket import Ticket

HORIZON = timedelta(days=3660)
"""Nothing is counted or promised further ahead than ten years: no clock that is set wrong makes a long loop."""

WARN_AT = 0.75
"""The part of an amount after which the assignee is warned."""

Why = Literal["counted", "hours", "day", "holiday", "paused"]
Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of time: counted, or not because of the ``hours`` (night), the ``day`` (weekend), a ``holiday`` with its
    name, or because the ticket was ``paused``."""

    start: datetime
    end: datetime
    why: Why = "counted"
    holiday: str = ""

    @property
    def counted(self) -> bool:
        """Whether it is business time."""
        return self.why == "counted"


@dataclass(frozen=True)
class Clock:
    """Round the clock; its business *days* are Monday to Friday of ``zone``."""

    zone: ZoneInfo

    def between(self, a: datetime, b: datetime) -> timedelta:
        """The business time from ``a`` to ``b``; nothing where ``b`` is not later."""
        return max(b - a, timedelta())

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The first instant by which ``amount`` of business time has passed since ``start``."""
        return start + amount

    def is_open(self, at: datetime) -> bool:
        """Whether ``at`` is business time."""
        return True

    def next_open(self, at: datetime) -> datetime:
        """``at`` where it is business time, else when it next begins."""
        return at

    def is_business_day(self, day: date) -> bool:
        """Whether any of the local ``day`` is worked."""
        return day.weekday() < 5

    def business_days_after(self, start: datetime, n: int) -> datetime:
        """The same local time ``n`` business days later, moved on to business time where it is none."""
        local = start.astimezone(self.zone)
        day, last = local.date(), local.date() + HORIZON
        while n > 0 and day < last:
            day += timedelta(days=1)
            n -= self.is_business_day(day)
        return self.next_open(datetime.combine(day, local.time(), self.zone).astimezone(UTC))

    def explain(self, a: datetime, b: datetime) -> tuple[Span, ...]:
        """The time from ``a`` to ``b`` as spans without gaps; those counted add up to :meth:`between`."""
        return (Span(a, b),) if a < b else ()


@dataclass(frozen=True)
class OfficeClock(Clock):
    """Counts the open hours of a calendar. Days are computed once and kept."""

    days: frozenset[int] = frozenset(range(5))
    hours: tuple[Hours, ...] = ()
    holidays: str = ""
    extra_holidays: tuple[OwnDay, ...] = ()
    working_days: tuple[OwnDay, ...] = ()
    language: str = "es"
    _windows: dict[date, tuple[Window, ...]] = field(default_factory=dict, compare=False, repr=False)

    def between(self, a: datetime, b: datetime) -> timedelta:
        total = timedelta()
        for start, end in self._open_from(a):
            if max(start, a) >= b:
                break
            total += min(end, b) - max(start, a)
        return total

    def add(self, start: datetime, amount: timedelta) -> datetime:
        if amount <= timedelta():
            return start
        for opens, closes in self._open_from(start):
            opens = max(opens, start)
            if closes - opens >= amount:
                return opens + amount
            amount -= closes - opens
        return start + HORIZON

    def is_open(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self.windows(at.astimezone(self.zone).date()))

    def next_open(self, at: datetime) -> datetime:
        return next((max(start, at) for start, _ in self._open_from(at)), at + HORIZON)

    def is_business_day(self, day: date) -> bool:
        return self.why_closed(day) is None

    def why_closed(self, day: date) -> tuple[Why, str] | None:
        """Why the local ``day`` is not worked, with a holiday's name; None where it is."""
        if any(own.matches(day) for own in self.working_days):
            return None
        for own in self.extra_holidays:
            if own.matches(day):
                return "holiday", own.name
        if name := holidays_of(self.holidays, day.year, self.language).get(day):
            return "holiday", name
        return None if day.weekday() in self.days else ("day", "")

    def windows(self, day: date) -> tuple[Window, ...]:
        """The open intervals of the local ``day``, in UTC, in order and apart."""
        known = self._windows.get(day)
        if known is None:
            known = self._windows[day] = tuple(self._read_windows(day)) if self.is_business_day(day) else ()
        return known

    def _read_windows(self, day: date) -> Iterator[Window]:
        done = datetime.min.replace(tzinfo=UTC)
        for opens, closes in self.hours:
            # where daylight saving skips an hour, two local times may fall together or change places
            start, end = max(self._utc(day, opens), done), self._utc(day, closes)
            if start < end:
                yield start, end
                done = end

    def _utc(self, day: date, offset: timedelta) -> datetime:
        return (datetime.combine(day, time(), self.zone) + offset).astimezone(UTC)

    def _open_from(self, at: datetime) -> Iterator[Window]:
        """Open intervals that end after ``at``, in order, up to the horizon."""
        first = at.astimezone(self.zone).date()
        for ahead in range(HORIZON.days):
            for window in self.windows(first + timedelta(days=ahead)):
                if window[1] > at:
                    yield window

    def explain(self, a: datetime, b: datetime) -> tuple[Span, ...]:
        spans: list[Span] = []
        day = a.astimezone(self.zone).date()
        last = min(b, a + HORIZON).astimezone(self.zone).date()
        while day <= last:
            for span in self._spans(day):
                _append(spans, span, a, b)
            day += timedelta(days=1)
        return tuple(spans)

    def _spans(self, day: date) -> Iterator[Span]:
        """The whole local ``day`` as spans."""
        at, end = self._utc(day, timedelta()), self._utc(day + timedelta(days=1), timedelta())
        why, name = self.why_closed(day) or ("hours", "")
        for opens, closes in self.windows(day):
            yield Span(at, opens, why, name)
            yield Span(opens, closes)
            at = closes
        yield Span(at, end, why, name)


def _append(spans: list[Span], span: Span, a: datetime, b: datetime) -> None:
    """Adds the part of ``span`` that lies between ``a`` and ``b``, joined to the last one where both say the same."""
    start, end = max(span.start, a), min(span.end, b)
    if start >= end:
        return
    if spans and (spans[-1].why, spans[-1].holiday) == (span.why, span.holiday):
        start = spans.pop().start
    spans.append(Span(start, end, span.why, span.holiday))


# -- which clock


@lru_cache(maxsize=128)
def compiled(calendar: Calendar | None, zone: str, language: str = "es") -> Clock:
    """The clock of ``calendar`` in ``zone``, made once; round the clock for None. A calendar that
    :func:`rules.calendars.problems` complains of is a ValueError."""
    if calendar is None:
        return Clock(ZoneInfo(zone))
    return OfficeClock(
        ZoneInfo(zone),
        read_days(calendar.days),
        read_hours(calendar.hours),
        calendar.holidays,
        tuple(map(read_day, calendar.extra_holidays)),
        tuple(map(read_day, calendar.working_days)),
        language,
    )


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
    """The clock that people are written to by: reminders and closings. The group's hours come first here, so that a
    priority that is served round the clock wakes nobody; Monday to Friday where neither has a calendar."""
    own = desk.groups[group].calendar if group in desk.groups else ""
    return clock_named(desk, own or calendar_name(desk, priority, group))


# -- a ticket's times


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What a ticket's priority promises (L): amounts of business time, and by when they are over. A time is None while
    the clock stands (``paused``), when the thing is done, and where the priority promises nothing."""

    response_due: datetime | None = None
    resolution_due: datetime | None = None
    response_warn_at: datetime | None = None
    resolution_warn_at: datetime | None = None
    response_amount: timedelta | None = None
    resolution_amount: timedelta | None = None
    calendar: str = ""
    paused: bool = False


def deadlines(ticket: Ticket, desk: Desk) -> Deadlines:
    """The deadlines of ``ticket`` under its present priority and group."""
    calendar = calendar_name(desk, ticket.priority, ticket.group)
    paused = not ticket.running or ticket.running[-1][1] is not None
    promise = desk.priorities.get(ticket.priority)
    if promise is None:
        return Deadlines(calendar=calendar, paused=paused)
    if paused:
        return Deadlines(
            response_amount=promise.response, resolution_amount=promise.resolution, calendar=calendar, paused=True
        )
    clock = clock_named(desk, calendar)
    answered = ticket.responded_at is not None
    return Deadlines(
        response_due=None if answered else reached(ticket, clock, promise.response),
        resolution_due=reached(ticket, clock, promise.resolution),
        response_warn_at=None if answered else reached(ticket, clock, promise.response * WARN_AT),
        resolution_warn_at=reached(ticket, clock, promise.resolution * WARN_AT),
        response_amount=promise.response,
        resolution_amount=promise.resolution,
        calendar=calendar,
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
