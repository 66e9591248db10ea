"""Dates and times as people write them: «9/10/2017», «9 de octubre de 2017», «October 9, 2017 2:30 pm», ISO.

Figures alone are day, month, year, unless the year comes first; nothing else is guessed. A day of the week must be that
of the date.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from parsers.spelling import fold

_LONGEST = 60
"""Characters of a date with its time."""

# Spanish, English, Catalan, Galician, Portuguese; folded, a beginning of three letters or more stands for the word.
_MONTHS = (
    "enero january janeiro gener xaneiro", "febrero february febrer febreiro fevereiro", "marzo march marc marco",
    "abril april", "mayo may maig maio", "junio june juny xuno junho", "julio july juliol xullo julho",
    "agosto august agost", "septiembre setiembre september setembre setembro", "octubre october outubro",
    "noviembre november novembre novembro", "diciembre december desembre decembro dezembro",
)  # fmt: skip
_WEEKDAYS = (
    "lunes monday dilluns luns", "martes tuesday dimarts", "miercoles wednesday dimecres mercores",
    "jueves thursday dijous xoves", "viernes friday divendres venres", "sabado saturday dissabte",
    "domingo sunday diumenge",
)  # fmt: skip

DAY_WORDS = frozenset(
    word for names in (*_MONTHS, *_WEEKDAYS) for name in names.split() for word in (name, name[:3], name[:4])
) | {"de", "of", "d"}
"""Every word of a date, folded, in full and short."""

_BEGINNING = r"(?:(?:el|on)\s)?(?:(?P<weekday>[^\W\d_]{2,10})\.?,?\s)?"
_DAY = r"(?P<day>[0-9]{1,2})"
_YEAR = r"(?P<year>[0-9]{4})"
_NAME = r"(?P<name>[^\W\d_]{3,10})\.?"
_FIGURES = rf"{_DAY}\s?(?P<between>[/.-])\s?(?P<month>[0-9]{{1,2}})\s?(?P=between)\s?{_YEAR}"
_YEAR_FIRST = rf"{_YEAR}(?P<between>[/.-])(?P<month>[0-9]{{1,2}})(?P=between){_DAY}"
_NAMED = rf"{_DAY}(?:st|nd|rd|th|º|\.)?[\s-]?(?:(?:de|of|d['’])\s?)?{_NAME},?[\s-]?(?:del?\s(?:año\s)?)?{_YEAR}"
_NAME_FIRST = rf"{_NAME}\s{_DAY}(?:st|nd|rd|th)?,?\s{_YEAR}"
_BEFORE = r"(?:\s?,\s?|\s(?:a|at|[aá]s|à)\s(?:l[ae]s?\s)?|\s|T)"
_CLOCK = r"(?P<hour>[0-9]{1,2})[:.h](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?\s?(?:h|hrs|horas|hours)?"
_HALVED = r"(?P<hour>[0-9]{1,2})(?:[:.](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?)?\s?(?P<half>[ap])\.?\s?m"
_AHEAD = r"(?:\s\(?UTC\s?(?P<ahead>[+-])\s?(?P<hours>[0-9]{1,2})(?::(?P<minutes>[0-9]{2}))?\)?)?"  # as in letters
_DAYS = (_FIGURES, _YEAR_FIRST, _NAMED, _NAME_FIRST)
_DATES = tuple(re.compile(rf"{_BEGINNING}{day}\.?", re.IGNORECASE) for day in _DAYS)
_MOMENTS = tuple(
    re.compile(rf"{_BEGINNING}{day}{_BEFORE}{clock}{_AHEAD}\.?", re.IGNORECASE)
    for day in _DAYS
    for clock in (_CLOCK, _HALVED)
)


class NoSuchDayError(ValueError):
    """A date as people write it, of a day that the calendar does not have: 31/02/2017."""


def read_date(text: str) -> date:
    """The day that ``text`` names; ValueError where it names none, NoSuchDayError where none is called so."""
    return _day(_found(_DATES, text))


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """The instant that ``text`` names, in ``zone`` unless it gives an offset; ValueError as for a day.

    A time that the clocks skip in spring is as much later as they were put on.
    """
    if moment := _iso(text):
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    found = _found(_MOMENTS, text)
    day = _day(found)
    clock = time(_hour(found), int(found["minute"] or 0), int(found["second"] or 0))
    return datetime.combine(day, clock, _told_zone(found) or zone)


def _told_zone(found: dict[str, str]) -> timezone | None:
    """The zone of «(UTC + 2)»; None where none is told."""
    ahead = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    return timezone(-ahead if found["ahead"] == "-" else ahead) if found["ahead"] else None


def _iso(text: str) -> datetime | None:
    """A day with its time as ISO 8601 writes them; None for what people write otherwise."""
    if not (len("2017-10-09") < len(text) <= _LONGEST and text.isascii() and text[:4].isdigit()):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


_FIRST_FIGURES = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2(20)?([0-9]{2})(?![0-9])")


def put_right(text: str) -> str:
    """``text`` with a year of two figures in full, and a month that can only be the day («10/23/2017») as the day: what
    was probably meant by a date that cannot be read."""
    figures = _FIRST_FIGURES.match(text)
    if not figures:
        return text
    day, between, month, _, year = figures.groups()
    if int(day) <= 12 < int(month):
        day, month = month, day
    return f"{day}{between}{month}{between}20{year}{text[figures.end() :]}"


def _found(patterns: tuple[re.Pattern[str], ...], text: str) -> dict[str, str]:
    """The named parts of ``text``; "" for those that are not there."""
    matches = (pattern.fullmatch(text) for pattern in patterns if len(text) <= _LONGEST)
    match = next(filter(None, matches), None)
    if not match:
        raise ValueError("no date")
    return {"name": "", "half": "", **match.groupdict("")}


def _month(found: dict[str, str]) -> int:
    return _place(found["name"], _MONTHS) + 1 if found["name"] else int(found["month"])


def _day(found: dict[str, str]) -> date:
    year, month, number = int(found["year"]), _month(found), int(found["day"])
    try:
        day = date(year, month, number)
    except ValueError as error:
        raise NoSuchDayError(str(error)) from error
    if found["weekday"] and _place(found["weekday"], _WEEKDAYS) != day.weekday():
        raise ValueError("another day of the week")
    return day


def _hour(found: dict[str, str]) -> int:
    hour = int(found["hour"])
    if not found["half"]:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("no hour of half a day")
    return hour % 12 + (12 if found["half"].lower() == "p" else 0)


@lru_cache(maxsize=256)
def _place(word: str, names: tuple[str, ...]) -> int:
    """Which of ``names`` ``word`` is, or is short for."""
    folded, shortest = fold(word), 3
    places = {n for n, known in enumerate(names) for name in known.split() if name.startswith(folded)}
    if len(places) != 1 or len(folded) < shortest:
        raise ValueError(f"no such name: {word}")
    return places.pop()
