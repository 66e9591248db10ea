"""How values are written for people, in one language: dates, amounts of time, sizes, numbers that agree.

Everything that is a word comes from the language's words.toml; `Formats` only puts it together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from parsers.mail import Attachment
from rules.ticket import Ticket

Words = Mapping[str, Any]

PROSE = 72
"""Columns of prose in the text part."""


class Formats:
    """The filters of the templates, for one language and one time zone."""

    def __init__(self, words: Words, zone: ZoneInfo) -> None:
        self.words = words
        self._zone = zone
        self._dates: Mapping[str, Any] = words["dates"]
        self._amounts: Mapping[str, str] = words["amounts"]

    def record(self, at: datetime) -> str:
        """For records, to the second: «09/10/2017 10:23:58 (UTC + 2)»."""
        return _dated(at, self._zone, self._dates["record"], True)

    def moment(self, at: datetime) -> str:
        """For clocks, to the minute: «09/10/2017 10:23»."""
        return _dated(at, self._zone, self._dates["moment"])

    def day(self, at: datetime) -> str:
        """«09/10/2017»."""
        return _dated(at, self._zone, self._dates["day"])

    def long_date(self, at: datetime) -> str:
        """Where somebody must act: «viernes 20 de octubre de 2017»."""
        local = at.astimezone(self._zone)
        weekday, month = self._dates["weekdays"][local.weekday()], self._dates["months"][local.month - 1]
        return str(self._dates["long"]).format(weekday=weekday, day=local.day, month=month, year=local.year)

    def long_moment(self, at: datetime) -> str:
        """«viernes 20 de octubre de 2017 a las 9:00»."""
        local = at.astimezone(self._zone)
        time = f"{local.hour}:{local.minute:02}"
        return str(self._dates["at"]).format(long=self.long_date(at), time=time)

    def written(self, value: str, field_type: str) -> str:
        """The stored value of a field: its dates as `day` and `moment` write them, all else as it is, also what was
        stored when the field was of another type."""
        form = {"date": self.day, "datetime": self.moment}.get(field_type)
        try:
            at = datetime.fromisoformat(value) if form else None
        except ValueError:
            return value
        return form(at if at.tzinfo else at.replace(tzinfo=self._zone)) if form and at else value

    def amount(self, span: timedelta, business: bool = False) -> str:
        """«2 h», «1 h 30 min», «8 h laborables»; the sign is left out."""
        minutes = abs(int(span.total_seconds())) // 60
        hours, rest = divmod(minutes, 60)
        parts = [self._amounts["hours"].format(n=hours)] if hours else []
        parts += [self._amounts["minutes"].format(n=rest)] if rest else []
        text = " ".join(parts) or self._amounts["none"]
        return self._amounts["business"].format(amount=text) if business else text

    def size(self, octets: int) -> str:
        """«4 KB», «1,5 MB», «25 MB»."""
        if octets < 1_000_000:
            return f"{max(1, round(octets / 1024))} KB"
        megabytes = f"{octets / 1024 / 1024:.1f}".removesuffix(".0")
        return f"{megabytes.replace('.', self._amounts['decimal'])} MB"

    def number(self, count: int) -> str:
        """«1900», «20.000»: thousands are parted from five digits on."""
        return f"{count:,}".replace(",", self._amounts["thousands"]) if count >= 10_000 else str(count)

    def percent(self, part: int, total: int) -> str:
        """«66 %», rounded down; a dash of nothing."""
        return self._amounts["percent"].format(n=part * 100 // total) if total else "–"

    def file(self, attachment: Attachment) -> str:
        """«captura.png (imagen, 182 KB)»."""
        media: Mapping[str, str] = self.words["media"]
        kind = media.get(attachment.media_type) or media.get(attachment.media_type.partition("/")[0]) or media[""]
        return f"{attachment.name} ({kind}, {self.size(attachment.size)})"

    def word(self, key: str, section: str, otherwise: str = "") -> str:
        """An entry of the catalogue, else ``otherwise``, else its «other», else the key."""
        table: Mapping[str, str] = self.words.get(section, {})
        return str(table.get(str(key)) or otherwise or table.get("other") or key)

    def deadline(self, clock: Mapping[str, Any]) -> str:
        """When a clock is or was due, when it was met, or that it stands."""
        words: Mapping[str, str] = self.words["deadline"]
        at = clock["due_at"] or clock["met_at"]
        if not at:
            return words["stopped"]
        key = ("late" if clock["late"] else "due") if clock["due_at"] else ("met_late" if clock["late"] else "met")
        return words[key].format(at=self.moment(at))

    def person(self, ticket: Ticket) -> str:
        """«Marta Gil, marta@empresa.example»."""
        return f"{ticket.requester_name}, {ticket.requester}" if ticket.requester_name else ticket.requester


@lru_cache(maxsize=256)
def _dated(at: datetime, zone: ZoneInfo, form: str, with_offset: bool = False) -> str:
    """Remembered, for a letter tells the same few times over and over."""
    local = at.astimezone(zone)
    return f"{local.strftime(form)} {offset(local)}" if with_offset else local.strftime(form)


def offset(local: datetime) -> str:
    """«(UTC + 2)», «(UTC + 5:30)», «(UTC - 3)», «(UTC + 0)» (D)."""
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"(UTC {'-' if minutes < 0 else '+'} {hours}{f':{rest:02}' if rest else ''})"


def plural(count: int, one: str, many: str) -> str:
    """«1 dato», «2 datos»."""
    return f"{count} {one if count == 1 else many}"


_MOMENT = re.compile(r"\d\d(?:/\d\d/| \w{3} )\d{4}(?: [\d:]+)?(?: \(UTC [-+] [\d:]+\))?")
_JOINT = "\u00a0"
"""A space that no line ends at."""


def wrap(text: str, indent: str = "") -> str:
    """Prose broken at spaces into lines of at most PROSE columns, a date in figures on one line; further lines begin
    with ``indent``."""
    prose = " ".join(text.split())
    if len(prose) <= PROSE:
        return prose
    prose = _MOMENT.sub(lambda date: date[0].replace(" ", _JOINT), prose)
    first = _columns(PROSE).match(prose)
    rest = _columns(PROSE - len(indent)).findall(prose, first.end()) if first else []
    return f"\n{indent}".join([first[1] if first else "", *rest]).replace(_JOINT, " ")


@lru_cache(maxsize=8)
def _columns(most: int) -> re.Pattern[str]:
    """A line of words that are parted by single spaces, and the space behind; a longer word is a line of its own."""
    return re.compile(rf"(.{{1,{most}}}|[^ ]+)(?: |$)")
