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
from rules.tables import Calendar

HORIZON = timedelta(days=3660)
"""Nothing is counted or promised further ahead than ten years: no clock that is set wrong makes a long loop."""

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

    def next_worked(self, at: datetime) -> datetime:
        """``at`` where people are at work, else when they next are: a clock without hours knows their days alone."""
        return at if self.is_business_day(at.astimezone(self.zone).date()) else self.business_days_after(at, 1)

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

    def next_worked(self, at: datetime) -> datetime:
        return self.next_open(at)

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
