"""Dense daily numbers: prefix, date YYMMDD in the desk's zone, `_`, six digits that start again each day.

A number is peeked under the counter's lock and spent only when an «opened» event uses it; the counter is written in
the same transaction. A clock set back a day finds that day's own counter and goes on from there.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from daemon.store.dialect import Session
from daemon.store.errors import Conflict, NumbersSpent

MOST = 999_999
"""Numbers of a prefix and day: they have six digits."""


class Counters:
    """The counters that one transaction has locked."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._spent: dict[tuple[str, str], int] = {}
        self._stored: dict[tuple[str, str], int] = {}
        self._peeked: set[str] = set()

    def peek(self, prefix: str, now: datetime, zone: tzinfo) -> str:
        """The number that the next opening of ``prefix`` gets; NumbersSpent after 999,999 on one day."""
        day = now.astimezone(zone).strftime("%y%m%d")
        n = self._last(prefix, day) + 1
        if n > MOST:
            raise NumbersSpent(
                f"all {MOST} numbers of {prefix}{day} are used; `acuse retry` treats the openings tomorrow"
            )
        number = f"{prefix}{day}_{n:06d}"
        self._peeked.add(number)
        return number

    def is_next(self, number: str) -> bool:
        """Whether ``number`` was peeked in this transaction, so that no ticket can have it yet."""
        return number in self._peeked

    def spend(self, number: str) -> None:
        """``number`` is used now; anything but the next one of its counter is a defect: ValueError."""
        head, _, tail = number.rpartition("_")
        prefix, day = head[:-6], head[-6:]
        if int(tail) != self._last(prefix, day) + 1:
            raise ValueError(f"{number} is not the next number of {prefix}{day}")
        self._spent[prefix, day] += 1
        self._peeked.discard(number)

    def flush(self) -> None:
        """Write the counters that went on."""
        for (prefix, day), n in sorted(self._spent.items()):
            if n != (before := self._stored[prefix, day]) and not self._session.run(
                "UPDATE counters SET n = ? WHERE prefix = ? AND day = ? AND n = ?", n, prefix, day, before
            ):
                raise Conflict(f"counter {prefix}{day} moved while it was locked")

    def _last(self, prefix: str, day: str) -> int:
        if (prefix, day) not in self._spent:
            self._spent[prefix, day] = self._stored[prefix, day] = self._locked(prefix, day)
        return self._spent[prefix, day]

    def _locked(self, prefix: str, day: str) -> int:
        session = self._session
        select = "SELECT n FROM counters WHERE prefix = ? AND day = ?" + session.lock
        n = session.value(select, prefix, day)
        if n is None and not session.readonly:
            session.run("INSERT INTO counters (prefix, day, n) VALUES (?, ?, 0) ON CONFLICT DO NOTHING", prefix, day)
            n = session.value(select, prefix, day)
        return n or 0
