"""`acuse migrate --to`: a desk moves from one database to another, every row, in one transaction of the new one.

What was copied is read back there before COMMIT: the same number of rows and the same digest, table by table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from daemon.store import word_index
from daemon.store.dialect import Row, Session
from daemon.store.errors import StoreError

AT_ONCE = 500
"""Rows copied, and events put into the index of words, at once."""
FIRST = ("mails", "tickets", "people", "events", "outbox")
"""What other tables refer to, in the order in which it can be written."""
LEFT_BEHIND = frozenset({"leases", "daemons", "unindexed"})
"""What only the running daemons need, and the index of words, which is made anew."""
Progress = Callable[[str, int, int], None]
"""Told a table, how many of its rows are done, and how many there are."""

_TABLES = """
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'words%'
  AND name NOT LIKE '%migration%' ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Copied:
    """One table: how many rows, and the digest of them all, in whatever order they come."""

    table: str
    rows: int
    digest: str


class Digest:
    """Rows in any order give the same one."""

    def __init__(self) -> None:
        self.rows, self._sum = 0, 0

    def through(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted."""
        for row in rows:
            values = tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
            self.rows += 1
            self._sum += int.from_bytes(hashlib.sha256(repr(values).encode("utf-8", "replace")).digest())
            yield values

    def of(self, table: str) -> Copied:
        """What has come through."""
        return Copied(table, self.rows, f"{self._sum % 2**256:064x}")


def move(source: Session, target: Session, progress: Progress = lambda table, done, of: None) -> list[Copied]:
    """Copy everything from a SQLite database to an empty PostgreSQL one; StoreError where that is not empty, or holds
    something else afterwards. Nothing is there unless the transaction of ``target`` commits.
    """
    found = {*source.column(_TABLES)} - LEFT_BEHIND
    tables = [*(name for name in FIRST if name in found), *sorted(found.difference(FIRST))]
    if filled := [table for table in tables if target.one(f"SELECT 1 FROM {table} LIMIT 1")]:
        raise StoreError(f"the new database is not empty ({', '.join(filled)}): nothing was copied")
    copied = [_copy(source, target, table, progress) for table in tables]
    target.run("INSERT INTO unindexed (event_id) SELECT id FROM events")
    while word_index.index(target, AT_ONCE):
        pass
    return copied


def _copy(source: Session, target: Session, table: str, progress: Progress) -> Copied:
    columns = source.column("SELECT name FROM pragma_table_info(?)", table)
    select = f"SELECT {', '.join(columns)} FROM {table}"
    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({','.join('?' * len(columns))})"
    total = source.value(f"SELECT COUNT(*) FROM {table}")
    sent, arrived = Digest(), Digest()
    rows = sent.through(source.stream(select))
    progress(table, 0, total)
    while some := list(islice(rows, AT_ONCE)):
        target.many(insert, some)
        progress(table, sent.rows, total)
    for _ in arrived.through(target.stream(select)):
        pass
    if arrived.of(table) != sent.of(table):
        raise StoreError(
            f"{table} did not arrive as it was ({sent.rows} rows, {arrived.rows} rows): nothing was copied"
        )
    if "id" in columns:
        target.one(_COUNT_ON.format(table=table))
    return arrived.of(table)


_COUNT_ON = """
SELECT setval(pg_get_serial_sequence('{table}', 'id'), COALESCE(MAX(id), 1), MAX(id) IS NOT NULL) FROM {table}
"""
"""The next id follows the highest; a column without a sequence of its own has nothing to set."""
