"""Hourly windows while a transaction runs: read once, added to in memory, written in one sorted step at its end.

Held back to the end, a row that every mail adds to (all openings, all notices) is locked for a moment only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime

from daemon.store.dialect import Session
from daemon.store.rows import at, key
from rules.guards import OpenBreaker, bucket, span_of
from rules.ticket import moment


def drop_before(session: Session, before: datetime, limit: int) -> int:
    """Drop rows that are older than any window looks back; returns how many."""
    return session.run(
        "DELETE FROM windows WHERE (name, bucket) IN (SELECT name, bucket FROM windows WHERE bucket < ? LIMIT ?)",
        bucket(before),
        limit,
    )


class Windows:
    """The windows and breakers that one transaction works with."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read: dict[str, Counter[int]] = {}
        self._added: dict[str, Counter[int]] = defaultdict(Counter)
        self._breakers: dict[str, OpenBreaker | None] = {}
        self._changed: set[str] = set()

    def buckets(self, name: str, now: datetime) -> Mapping[int, int]:
        """What window ``name`` holds, bucket by bucket, from its beginning on; letters put off stand in later ones."""
        name = key(name)
        if name not in self._read:
            rows = self._session.all(
                "SELECT bucket, n FROM windows WHERE name = ? AND bucket > ?", name, bucket(now) - span_of(name)
            )
            self._read[name] = Counter(dict(rows))
            self._read[name].update(self._added[name])
        return self._read[name]

    def count(self, name: str, now: datetime) -> int:
        """How many window ``name`` holds: of the hour, or of the day, that ends now."""
        last, span = bucket(now), span_of(name)
        return sum(n for number, n in self.buckets(name, now).items() if last - span < number <= last)

    def add(self, name: str, when: datetime) -> None:
        """One more in window ``name``, at ``when``."""
        name, number = key(name), bucket(when)
        self._added[name][number] += 1
        if name in self._read:
            self._read[name][number] += 1

    def breaker(self, name: str) -> OpenBreaker | None:
        """The loop breaker ``name``, where it is open."""
        name = key(name)
        if name not in self._breakers:
            row = self._session.one("SELECT opened_at, probed_at, tripped_at FROM breakers WHERE name = ?", name)
            self._breakers[name] = OpenBreaker(*map(moment, row)) if row else None
        return self._breakers[name]

    def set_breaker(self, name: str, breaker: OpenBreaker | None) -> None:
        """Open it, or close it (None)."""
        self._breakers[key(name)] = breaker
        self._changed.add(key(name))

    def flush(self) -> None:
        """Write what was added; sorted, so that two transactions never wait for each other in a ring."""
        self._session.many(
            "INSERT INTO windows (name, bucket, n) VALUES (?, ?, ?)"
            " ON CONFLICT (name, bucket) DO UPDATE SET n = windows.n + excluded.n",
            sorted((name, number, n) for name, added in self._added.items() for number, n in added.items()),
        )
        for name in sorted(self._changed):
            self._write_breaker(name, self._breakers[name])

    def _write_breaker(self, name: str, breaker: OpenBreaker | None) -> None:
        if breaker is None:
            self._session.run("DELETE FROM breakers WHERE name = ?", name)
            return
        self._session.run(
            "INSERT INTO breakers (name, opened_at, probed_at, tripped_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET opened_at = excluded.opened_at,"
            " probed_at = excluded.probed_at, tripped_at = excluded.tripped_at",
            name,
            at(breaker.opened_at),
            at(breaker.probed_at),
            at(breaker.tripped_at),
        )
