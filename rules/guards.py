"""What bounds the letters that we send: limits per address and hour, and the loop breaker.

Every letter passes here. A guarded letter about a ticket is deferred, a notice is dropped. Letters to the desk's own
people are a class of their own: only those that mails could cause without end are limited, so that a loop with a
technician's autoresponder ends too, and a flood in a requester's name does not bury the group.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from rules.letters import LETTERS, Guard
from rules.tables import Guards
from rules.ticket import micros, moment

BUCKET = timedelta(minutes=5)
"""Windows are counted in buckets of this length; an hour is the running bucket and the eleven before it."""
HOUR = timedelta(hours=1)
LONGEST = timedelta(days=1)
"""No window looks further back."""
_BUCKET_US = BUCKET // timedelta(microseconds=1)
_BUCKETS = 12
_HORIZON = 12 * 24 * 7
"""Buckets ahead in which room is looked for: a week."""

Buckets = Mapping[int, int]
Counts = Mapping[str, Buckets]


@dataclass(frozen=True, slots=True)
class Limit:
    """A window's name and how many an hour it takes. ``breaker``: going over it opens the loop breaker of that name."""

    name: str
    most: int
    breaker: bool = False


@dataclass(frozen=True, slots=True)
class OpenBreaker:
    """An open loop breaker: since when, when a probe was last let through, when something last ran into it."""

    opened_at: datetime
    probed_at: datetime
    tripped_at: datetime


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of a letter. ``why`` is the name of the window that held it; ``count`` the windows to add one to,
    ``at`` the time from which the letter may go; ``breakers`` what they are afterwards (None: closed); ``opened``
    the breaker that this letter opened, of which the admins are told.
    """

    action: Literal["send", "defer", "drop"]
    at: datetime
    why: str = ""
    count: tuple[str, ...] = ()
    breakers: tuple[tuple[str, OpenBreaker | None], ...] = ()
    opened: str = ""


def bucket(at: datetime) -> int:
    """The number of the bucket that ``at`` falls into."""
    return micros(at) // _BUCKET_US


def span_of(window: str) -> int:
    """How many buckets the window of this name looks back: a day where its name begins with «day:», else an hour."""
    return LONGEST // BUCKET if window.startswith("day:") else _BUCKETS


def last_hour(buckets: Buckets, last: int) -> int:
    """How many stand in the hour that ends with the bucket of the number ``last``."""
    return sum(n for number, n in buckets.items() if last - _BUCKETS < number <= last)


def fingerprint(text: str) -> str:
    """16 hex digits, equal for texts that differ only in case, white space, punctuation and ASCII digits."""
    return _digest(text.encode("utf-8", "replace").translate(_LOWER, _NOT_LETTERS))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


_LOWER = bytes(range(256)).lower()
_NOT_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())


def content_window(sender: str, text: str, done: tuple[object, ...] = ()) -> str:
    """The window that counts one sender's mails of the same content.

    A robot numbers and dates its answers, so digits in ``text`` do not count. ``done`` is what this mail did and others
    of the same text would not; it counts literally. Openings of a monitoring system differ in a number alone, and each
    is a ticket: their ``done`` is their fields. The links of all solutions write the same: theirs is the tokens used
    up.
    """
    values = repr(done).encode("utf-8", "replace")
    return f"same:{sender.lower()}:{_digest(values) if done else fingerprint(text)}"


def limits(letter: str, to: str, staff: bool, guards: Guards, content: str = "") -> tuple[Limit, ...]:
    """The windows that a letter named ``letter`` to the address ``to`` must pass, the narrowest first.

    ``content`` is the :func:`content_window` of the mail that it answers, where it answers one of the same address.
    """
    to = to.lower()
    guard = LETTERS[letter].guard
    if staff:
        return _staff_limits(letter, to, guard, guards)
    same = (Limit(content, guards.breaker.same_content, breaker=True),) if content else ()
    every = (*same, Limit(f"letters:{to}", guards.letters))
    return (*_notice_limits(letter, to, guard, guards), *every) if guard in _NOTICES else every


_NOTICES: frozenset[Guard] = frozenset({"notice", "near_miss"})
_ANSWERS = frozenset({"search_results", "worklist", "explanation"})
_CAUSED = _ANSWERS | {"update", "delivery_failure", "admin_alert"}
"""Letters to staff of which any mail, whoever sent it, may cause one; of the others there are as many as tickets and
days."""


def _staff_limits(letter: str, to: str, guard: Guard, guards: Guards) -> tuple[Limit, ...]:
    if guard in _NOTICES:
        return (Limit(f"notice:{letter}:{to}", guards.letters),)
    return (Limit(f"staff:{to}", guards.staff),) if letter in _CAUSED else ()


def _is_dropped(letter: str) -> bool:
    """Whether a letter that is held goes nowhere: notices, and answers that can be asked for again."""
    return LETTERS[letter].guard in _NOTICES or letter in _ANSWERS


def _notice_limits(letter: str, to: str, guard: Guard, guards: Guards) -> tuple[Limit, ...]:
    return (
        Limit(f"notice:{letter}:{to}", guards.near_miss if guard == "near_miss" else guards.notices),
        Limit(f"notices:{to.rpartition('@')[2]}", guards.breaker.notices_per_domain, breaker=True),
        Limit("notices", guards.breaker.notices_total, breaker=True),
    )


def admit(
    letter: str, wanted: tuple[Limit, ...], counts: Counts, breakers: Mapping[str, OpenBreaker], now: datetime
) -> Admission:
    """Whether a letter goes now, later or never, given what the windows of its :func:`limits` hold."""
    for limit in wanted:
        if not limit.breaker and _is_full(limit, counts, now):
            return _held(letter, limit.name, wanted, counts, now, now)
    after: dict[str, OpenBreaker | None] = {}
    stopped = ""
    for limit in wanted:
        if limit.breaker:
            passes, after[limit.name] = _pass(limit, counts, breakers.get(limit.name), now)
            stopped = stopped or ("" if passes else limit.name)
    if not stopped:
        return Admission("send", now, count=_counted(wanted), breakers=_changed(breakers, after))
    held = _held(letter, stopped, wanted, counts, now, now + HOUR)
    if held.action == "defer":  # it is the next probe: what answers it comes after it has gone, and finds this open
        after = {name: open_ and replace(open_, probed_at=held.at, tripped_at=held.at) for name, open_ in after.items()}
    return replace(held, breakers=_changed(breakers, after), opened="" if stopped in breakers else stopped)


def _changed(
    before: Mapping[str, OpenBreaker], after: Mapping[str, OpenBreaker | None]
) -> tuple[tuple[str, OpenBreaker | None], ...]:
    return tuple((name, breaker) for name, breaker in after.items() if breaker != before.get(name))


def _held(
    letter: str, window: str, wanted: tuple[Limit, ...], counts: Counts, now: datetime, start: datetime
) -> Admission:
    """The letter is dropped, or deferred to the first time from ``start`` on that has room for it."""
    if _is_dropped(letter):
        return Admission("drop", now, window)
    return Admission("defer", _room(wanted, counts, start), window, _counted(wanted))


def _is_full(limit: Limit, counts: Counts, now: datetime) -> bool:
    return last_hour(counts.get(limit.name, {}), bucket(now)) >= limit.most


def _counted(wanted: tuple[Limit, ...]) -> tuple[str, ...]:
    """Mails of the same content are counted as they come, letters as they go."""
    return tuple(limit.name for limit in wanted if not limit.name.startswith("same:"))


def _room(wanted: tuple[Limit, ...], counts: Counts, start: datetime) -> datetime:
    """The first time from ``start`` on at which every window has room; deferred letters already count at the time they
    will go."""
    first = bucket(start)
    plain = [(counts.get(limit.name, {}), limit.most) for limit in wanted if not limit.breaker]
    for candidate in range(first, first + _HORIZON):
        if all(last_hour(buckets, candidate) < most for buckets, most in plain):
            return max(start, moment(candidate * _BUCKET_US))
    return moment((first + _HORIZON) * _BUCKET_US)


def _pass(limit: Limit, counts: Counts, breaker: OpenBreaker | None, now: datetime) -> tuple[bool, OpenBreaker | None]:
    """Whether a letter passes the breaker, and the breaker afterwards. A closed one opens at its limit; an open one
    lets a probe through each hour, and closes after a quiet one."""
    if breaker is None or now - breaker.tripped_at >= HOUR:
        return (False, OpenBreaker(now, now, now)) if _is_full(limit, counts, now) else (True, None)
    probe = now - breaker.probed_at >= HOUR
    return probe, OpenBreaker(breaker.opened_at, now if probe else breaker.probed_at, now)
