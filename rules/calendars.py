"""How an admin writes business hours, read into plain values: «mon-fri», «09:00-14:00», «ES-MD», «05-15 San Isidro».

Every reader raises ValueError with a text that says what is allowed; :func:`problems` gives them all at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

from rules.desk import Desk
from rules.tables import Calendar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The names of the days, Monday first, as :meth:`datetime.date.weekday` counts."""

Hours = tuple[timedelta, timedelta]
"""A range of a day's hours, from local midnight."""

_LANGUAGES = {"en": "en_US"}


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day of the admin's own list, of one year or (``year`` 0) of every year."""

    year: int
    month: int
    day: int
    name: str = ""

    def matches(self, day: date) -> bool:
        """Whether ``day`` is this one."""
        return self.year in (0, day.year) and (self.month, self.day) == (day.month, day.day)


def read_days(text: str) -> frozenset[int]:
    """«mon-fri», «mon,wed,fri-sun» as weekdays, Monday 0. A range may pass the week's end («sat-mon»)."""
    return frozenset(day for part in text.split(",") for day in _day_range(part.strip().lower()))


def _day_range(part: str) -> Iterator[int]:
    first, _, last = part.partition("-")
    for name in (first, last or first):
        if name not in DAYS:
            raise ValueError(f'"{name}" is no day; write mon, tue, wed, thu, fri, sat or sun, as in "mon-fri"')
    start, end = DAYS.index(first), DAYS.index(last or first)
    return ((start + step) % 7 for step in range((end - start) % 7 + 1))


def read_hours(ranges: tuple[str, ...]) -> tuple[Hours, ...]:
    """«09:00-14:00» … as offsets from midnight, in order. They must not overlap; a night's range is written as two."""
    read = sorted(_hour_range(text) for text in ranges)
    for (_, end), (start, _) in pairwise(read):
        if start < end:
            raise ValueError("the ranges overlap")
    if not read:
        raise ValueError("at least one range is needed, such as 09:00-18:00")
    return tuple(read)


def _hour_range(text: str) -> Hours:
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})", text.strip())
    if not found:
        raise ValueError(f'"{text}" is no range of hours; write it as "09:00-18:00"')
    h1, m1, h2, m2 = (int(part) for part in found.groups())
    start, end = timedelta(hours=h1, minutes=m1), timedelta(hours=h2, minutes=m2)
    if max(m1, m2) > 59 or end > timedelta(hours=24):
        raise ValueError(f'"{text}" is no range of hours; they go from 00:00 to 24:00')
    if start >= end:
        raise ValueError(f'"{text}" ends before it begins; a night is two ranges, "22:00-24:00" and "00:00-06:00"')
    return start, end


def read_day(text: str) -> OwnDay:
    """«2026-05-15» or every year's «05-15», with its name behind it where it has one: «05-15 San Isidro»."""
    found = re.fullmatch(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})(?:\s+(.+))?", text.strip())
    if not found:
        raise ValueError(f'"{text}" is no day; write "2026-05-15", or "05-15" for every year')
    year, month, day = int(found[1] or 0), int(found[2]), int(found[3])
    try:
        date(year or 2000, month, day)
    except ValueError:
        raise ValueError(f'"{text}" is no day of the calendar') from None
    return OwnDay(year, month, day, found[4] or "")


@lru_cache(maxsize=256)
def holidays_of(code: str, year: int, language: str) -> Mapping[date, str]:
    """The public holidays of «ES» or, with a region, «ES-MD»: day → name. Moved Mondays stand where they are kept.

    The library is imported when a calendar first wants it: it would cost every start a tenth of a second.
    """
    if not code:
        return {}
    import holidays

    country, _, region = code.partition("-")
    return dict(
        holidays.country_holidays(
            country, subdiv=region or None, years=year, language=_LANGUAGES.get(language, language)
        )
    )


def check_holidays(code: str) -> None:
    """Raises ValueError where nobody knows the holidays of ``code``."""
    if not code:
        return
    from holidays import list_supported_countries

    known = list_supported_countries()
    country, _, region = code.partition("-")
    if country not in known:
        hint = 'write a country by its two letters, such as "ES", or with its region, "ES-MD"'
        raise ValueError(f'no holidays are known for "{country}"; {hint}')
    if region and region not in known[country]:
        regions = ", ".join(known[country])
        raise ValueError(f'no holidays are known for the region "{region}" of {country}; allowed: {regions}')


_EACH: Mapping[str, Callable[[str], object]] = {
    "hours": _hour_range,
    "extra_holidays": read_day,
    "working_days": read_day,
}
"""What reads an element of a list."""
_WHOLE: Mapping[str, Callable[[Calendar], object]] = {
    "days": lambda calendar: read_days(calendar.days),
    "hours": lambda calendar: read_hours(calendar.hours),
    "holidays": lambda calendar: check_holidays(calendar.holidays),
}
"""What reads all that stands at a key, where no element is wrong by itself."""


def problems(desk: Desk) -> Iterator[tuple[tuple[str, str] | tuple[str, str, int], str]]:
    """What is wrong with the calendars: (calendar's name, key and, of a list, which element; what is allowed)."""
    for name, calendar in desk.calendars.items():
        elements = ((key, n, text) for key in _EACH for n, text in enumerate(getattr(calendar, key)))
        wrong = [((name, key, n), fault) for key, n, text in elements if (fault := _fault(_EACH[key], text))]
        yield from wrong
        for key in _WHOLE.keys() - {place[1] for place, _ in wrong}:
            if fault := _fault(_WHOLE[key], calendar):
                yield (name, key), fault


def _fault(read: Callable[[Any], object], value: object) -> str:
    try:
        read(value)
    except ValueError as error:
        return str(error)
    return ""
