"""What stands behind a label becomes the value that is stored, or a fault: one reader for each type of field."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import re2

from parsers.dates import NoSuchDayError, put_right, read_date, read_moment
from parsers.fields import Choice, Fault, FaultCode, Field
from parsers.senders import bare
from parsers.spelling import fold_label, index, look_up, nearest

EXCERPT = 300
"""Characters of what was read that a fault about a long text shows."""


def fault(field: Field, code: FaultCode, read: str = "", **more: Any) -> Fault:
    """A fault about ``field``: its label, its hint and the literals that it allows."""
    shown = read if code == "too_short" or len(read) <= EXCERPT else read[:EXCERPT] + "…"
    allowed = tuple(choice.value for choice in field.choices)
    given = {"read": shown, "allowed": allowed, "label": field.label, "hint": field.hint, **more}
    return Fault(field.name, code, **given)


def read_value(field: Field, text: str, zone: ZoneInfo) -> str | Fault:
    """The value of ``field`` that the non-empty ``text`` gives.

    A choice gives its literal; a datetime ISO 8601 with the offset of ``zone``; a date ISO 8601; an address is bare,
    its domain in lower case; all else stays as it was written.
    """
    value = _READERS[field.type](field, text, zone)
    return value if isinstance(value, Fault) else _measured(field, value)


def chosen(field: Field, text: str) -> str:
    """The literal that ``text`` is a spelling of, or ""."""
    return look_up(_spellings(field), text)


def _measured(field: Field, value: str) -> str | Fault:
    if len(value) < field.min_length:
        return fault(field, "too_short", value, allowed=(str(field.min_length),), detail=str(len(value)))
    if len(value) > field.max_length:
        return fault(field, "too_long", value, allowed=(str(field.max_length),), detail=str(len(value)))
    if field.pattern and not field.many_lines and not _pattern(field.pattern).fullmatch(value):
        return fault(field, "bad_format", value, detail="pattern")
    return value


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> Any:
    return re2.compile(pattern)


@lru_cache(maxsize=256)
def _spellings(field: Field) -> dict[str, str]:
    return index((name, choice.value) for choice in field.choices for name in (choice.value, *choice.aliases))


def _text(field: Field, text: str, zone: ZoneInfo) -> str | Fault:
    return text


def _choice(field: Field, text: str, zone: ZoneInfo) -> str | Fault:
    if literal := chosen(field, text) or _before_label(field, text):
        return literal
    several = len(_listed(field.choices, text[:2000])) > 1
    if several:
        return fault(field, "several_values", text)
    return fault(field, "not_in_list", text, nearest=nearest(text, field.choices))


def _before_label(field: Field, text: str) -> str:
    """The literal that ``text`` begins with, where another field's label follows («Resolver Motivo: …»)."""
    head, colon, _ = text[:200].partition(":")
    words = head.split()
    if not colon or len(_listed(field.choices, head)) != 1:
        return ""
    beginnings = (" ".join(words[:n]) for n in range(len(words) - 1, 0, -1))
    return next(filter(None, (chosen(field, beginning) for beginning in beginnings)), "")


def _listed(choices: Sequence[Choice], text: str) -> set[str]:
    """The literals that stand in ``text`` as whole words, the longer before a shorter one inside it."""
    rest, found = f" {fold_label(text)} ", set()
    spellings = ((fold_label(name), choice.value) for choice in choices for name in (choice.value, *choice.aliases))
    for key, literal in sorted(spellings, key=lambda pair: -len(pair[0])):
        pattern = rf"(?<!\w){re.escape(key)}(?!\w)"
        if key and key in rest and re.search(pattern, rest):
            found.add(literal)
            rest = re.sub(pattern, "\n", rest)
    return found


def _date(field: Field, text: str, zone: ZoneInfo) -> str | Fault:
    return _dated(field, text, lambda text: read_date(text).isoformat())


def _datetime(field: Field, text: str, zone: ZoneInfo) -> str | Fault:
    return _dated(field, text, lambda text: read_moment(text, zone).astimezone(UTC).astimezone(zone).isoformat())


def _dated(field: Field, text: str, read: Callable[[str], str]) -> str | Fault:
    code: FaultCode = "bad_date"
    for spelling in (text, put_right(text)):
        try:
            value = read(spelling)
        except NoSuchDayError:
            code = "no_such_day"
            continue
        except (ValueError, OverflowError):
            continue
        return value if spelling == text else fault(field, "bad_date", text, detail=field.type, nearest=value)
    return fault(field, code, text, detail=field.type)


_AROUND = r"[\s<>()\[\]\",:;]"
_ADDRESS = re.compile(
    rf"(?:(?<={_AROUND})|^)[^\s@<>()\[\]\",:;]{{1,64}}@[^\s@<>()\[\]\",:;]{{1,250}}\.[^\W\d_][\w-]{{1,62}}"
    rf"(?=[.!?]*(?:{_AROUND}|$))"
)
"""A whole word: part of a longer one would be somebody else's address."""


def _email(field: Field, text: str, zone: ZoneInfo) -> str | Fault:
    found = set(map(bare, _ADDRESS.findall(text if len(text) <= 1000 else ""))) - {""}
    if len(found) == 1:
        return min(found)
    return fault(field, "several_values" if found else "bad_format", text, detail="email")


_PHONE = re.compile(r"\+?[0-9 ().\-/]+(?: ?(?:ext|extensi[oó]n|x)\.? ?[0-9]{1,6})?", re.IGNORECASE)


def _phone(field: Field, text: str, zone: ZoneInfo) -> str | Fault:
    digits = sum(map(str.isdigit, text))
    return text if _PHONE.fullmatch(text) and 6 <= digits <= 21 else fault(field, "bad_format", text, detail="phone")


_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,3}(?:[. ][0-9]{3})+|[0-9]+)(?:[.,][0-9]+)?")


def _number(field: Field, text: str, zone: ZoneInfo) -> str | Fault:
    return text if _NUMBER.fullmatch(text) else fault(field, "bad_format", text, detail="number")


_READERS: dict[str, Callable[[Field, str, ZoneInfo], str | Fault]] = {
    "text": _text,
    "choice": _choice,
    "date": _date,
    "datetime": _datetime,
    "email": _email,
    "phone": _phone,
    "number": _number,
}


DAY_FIRST = ("%d/%m/%Y", "%d/%m/%Y %H:%M")
"""How a form writes a date and a date with its time; a language may have others that :mod:`parsers.dates` reads."""


def shown(field: Field, value: str, dates: tuple[str, str] = DAY_FIRST) -> str:
    """``value`` as a person writes it: dates in the forms of ``dates``, seconds where there are any."""
    if field.type == "date":
        return date.fromisoformat(value).strftime(dates[0])
    if field.type == "datetime":
        moment = datetime.fromisoformat(value)
        return moment.strftime(f"{dates[1]}:%S" if moment.second else dates[1])
    return value
