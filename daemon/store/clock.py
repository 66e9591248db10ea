"""One clock for all daemons on one PostgreSQL: the database's."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from rules.ticket import micros, moment


def utc_now() -> datetime:
    """The wall clock, as an aware UTC time."""
    return datetime.now(UTC)


class DatabaseClock:
    """The database's time, carried on between two looks at it by this process's monotonic clock.

    Daemons on several machines agree on it whatever their own clocks show: on what is due, whose claim has expired,
    which day a number belongs to.
    """

    def __init__(self) -> None:
        self._ahead = 0
        self.set(utc_now())

    def set(self, now: datetime) -> None:
        """This is the database's time now."""
        self._ahead = micros(now) - _monotonic()

    def __call__(self) -> datetime:
        return moment(self._ahead + _monotonic())


def _monotonic() -> int:
    return time.monotonic_ns() // 1000
