"""What differs between SQLite and PostgreSQL, and SQLite (PostgreSQL is in daemon/store/postgres.py). Statements are
written once, with `?` for a value.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import peewee

Row = tuple[Any, ...]

BUSY_MS = 5000
"""How long SQLite waits for a lock that another process holds."""
CHECKPOINT_BYTES = 16 * 1024 * 1024
CHECKPOINT_EVERY_S = 600.0
"""How long what was committed may stand in the log alone, which somebody may forget when copying a database."""
BROKEN = {
    "full|disk I/O|readonly|unable to open|not a database": "",
    "malformed": "; `acuse audit` tells what is damaged",
    "no such (table|column)|has no column": "; it was made by Acuse: restore a backup",
}
"""Words of SQLite's faults that tell of the disk, or of a file that is damaged, and what is to be done."""
NOT_ITS_FAULT = re.compile("locked|busy|full|disk I/O|unable to open")
"""Words of SQLite's faults that say nothing of the file: another process works with it, or the disk has no room."""
IN_LIST = 500
"""Values in one IN list, at the most."""
MERGE_PAGES = 64
"""Of the index of words, in one transaction: some 10 ms."""


class Session(Protocol):
    """One connection, as the statements of this package see it."""

    dialect: Dialect
    readonly: bool
    lock: str = ""
    """Appended to a SELECT whose rows this transaction will change; "" where none is needed."""
    skip_locked: str = ""
    """The same, leaving out rows that another transaction holds."""

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""

    def all(self, sql: str, *values: Any) -> list[Row]:
        """Every row."""

    def value(self, sql: str, *values: Any) -> Any:
        """What the first row begins with; None where there is no row."""
        row = self.one(sql, *values)
        return row[0] if row else None

    def column(self, sql: str, *values: Any) -> list[Any]:
        """What every row begins with."""
        return [row[0] for row in self.all(sql, *values)]

    def run(self, sql: str, *values: Any) -> int:
        """How many rows were written."""

    def put(self, sql: str, *values: Any) -> None:
        """A statement that nothing is asked of: it goes with the next one that is, where its fault then shows."""

    def many(self, sql: str, rows: Sequence[Row]) -> None:
        """The same statement for every row, as :meth:`put`."""

    def settle(self) -> None:
        """Wait until everything that was put has been executed."""
        return

    def stream(self, sql: str, *values: Any) -> Iterable[Row]:
        """Rows as they come, for whole tables."""

    def query(self, query: peewee.Query) -> Iterable[Row]:
        """The rows of a query put together with peewee (the cold ones), as they come."""


class Batch(NamedTuple):
    """How many mails may share a transaction, and after how many seconds it takes no further one where others wait for
    it: for all of it on SQLite, for the rows that it has locked on PostgreSQL."""

    mails: int
    seconds: float


class Dialect(Protocol):
    """What the statements must know of the database they run on; what has a body here is done where it is needed."""

    name: str
    batch: Batch
    faults: tuple[type[Exception], ...]
    """What its driver raises, and peewee."""

    def transient(self, fault: BaseException) -> bool:
        """Whether the whole transaction may succeed if it is done again."""

    def broken(self, fault: BaseException) -> str:
        """What is wrong with the disk, the file or the schema, which is nobody's fault here and lasts until somebody
        mends it; "" for any other fault."""

    def word(self, word: str) -> str:
        """A condition on the table `words`: rows with a word that begins with ``word`` (letters and digits only)."""

    last_id: str
    """The id that this connection's last INSERT gave, inside the next statement."""
    index_words: str
    """Puts one event's words into the index: rowid, text, number."""

    def wipe_words(self, session: Session, first: bool) -> bool:
        """A step towards a word index without those that were deleted from it; returns whether another is needed."""
        return False

    def hold_files(self, session: Session, alone: bool) -> None:
        """Until this transaction ends no other removes files, or with ``alone`` names any."""
        return

    def clock(self, session: Session) -> int:
        """The database's own time in µs: leases of several daemons are judged by one clock."""

    def damage(self, session: Session) -> list[str]:
        """The damage that the database itself finds; if there is any, reading on is pointless."""
        return []

    def orphans(self, session: Session) -> list[Row]:
        """Rows whose foreign key points to nothing: (table, the table referred to, how many, the first of them)."""
        return []

    def end_abandoned(self, session: Session) -> None:
        """End the transactions that hold locks and whose daemon has said nothing for four seconds: it was stopped, or
        cut off. If it comes back, it does them again."""
        return


class Sqlite(Dialect):
    """SQLite: one writer at a time, so that nothing needs a row lock."""

    name = "sqlite"
    batch = Batch(50, 0.02)
    faults: tuple[type[Exception], ...] = (sqlite3.Error, peewee.PeeweeException)

    def transient(self, fault: BaseException) -> bool:
        """Locked or busy, by another process."""
        return isinstance(fault, sqlite3.OperationalError) and any(word in str(fault) for word in ("locked", "busy"))

    def broken(self, fault: BaseException) -> str:
        """By the words of SQLite, which has one kind of fault for all of them."""
        found = (remedy for words, remedy in BROKEN.items() if re.search(words, str(fault)))
        return next((f"{fault}{remedy}" for remedy in found if isinstance(fault, sqlite3.Error)), "")

    last_id = "last_insert_rowid()"
    index_words = "INSERT INTO words (rowid, text, number) VALUES (?, ?, ?)"

    def word(self, word: str) -> str:
        """FTS5's prefix query."""
        return f"words MATCH '\"{word}\"*'"

    def wipe_words(self, session: Session, first: bool) -> bool:
        """FTS5 notes that a word is deleted, and keeps it until all parts of the index are merged: `optimize`, here in
        steps of `merge`. One that changes fewer than two rows had nothing to do (FTS5, 6.8)."""
        before = session.value("SELECT total_changes()")
        session.run("INSERT INTO words (words, rank) VALUES ('merge', ?)", -MERGE_PAGES if first else MERGE_PAGES)
        return bool(session.value("SELECT total_changes()") - before > 1)

    def clock(self, session: Session) -> int:
        """There is one process: its clock is as good as any."""
        return time.time_ns() // 1000

    def damage(self, session: Session) -> list[str]:
        """SQLite's own check, table by table; the index of words is virtual, its parts are tables like others."""
        tables = session.column("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 ORDER BY name")
        checked = ((name, *row) for name in tables for row in session.all(f'PRAGMA quick_check("{name}")')[:5])
        return [f"{name}: {' '.join(text.split())}" for name, text in checked if text != "ok"]

    def orphans(self, session: Session) -> list[Row]:
        """SQLite holds foreign keys for whoever asks it to; its own shell does not."""
        found = 'SELECT "table", parent, COUNT(*), MIN(rowid) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2'
        return session.all(found)


_UNCONNECTED = peewee.SqliteDatabase(None)
"""It writes the cold queries' SQL."""


class SqliteSession(Session):
    """Statements on a SQLite connection, prepared once by its statement cache."""

    dialect: Dialect = Sqlite()

    def __init__(self, connection: sqlite3.Connection, readonly: bool = False) -> None:
        self.readonly = readonly
        self._execute = connection.execute
        self._executemany = connection.executemany

    def one(self, sql: str, *values: Any) -> Row | None:
        row: Row | None = self._execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[Row]:
        return self._execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        return self._execute(sql, values).rowcount

    def put(self, sql: str, *values: Any) -> None:
        self._execute(sql, values)

    def many(self, sql: str, rows: Sequence[Row]) -> None:
        if rows:
            self._executemany(sql, rows)

    def stream(self, sql: str, *values: Any) -> Iterable[Row]:
        return self._execute(sql, values)

    def query(self, query: peewee.Query) -> Iterable[Row]:
        sql, values = written(_UNCONNECTED, query)
        return self.stream(sql, *values)


def written(database: peewee.Database, query: peewee.Query) -> tuple[str, Sequence[Any]]:
    """A peewee query as SQL for ``database``, and its values."""
    sql, values = database.get_sql_context().parse(query)  # type: ignore[no-untyped-call]
    return sql, values


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite database, «sqlite:////absolute/path»; None for any other."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def marks(values: Sequence[Any]) -> str:
    """«?,?,?» for an IN list; never empty, so that «IN ()» cannot arise."""
    return ",".join("?" * len(values)) or "NULL"


# -- connections, by peewee


def sqlite_writer(path: Path) -> peewee.SqliteDatabase:
    """The one connection that writes: durable, used by all threads under one lock, and alone to checkpoint."""
    return peewee.SqliteDatabase(
        str(path),
        pragmas={
            "journal_mode": "wal",
            "foreign_keys": 1,
            "secure_delete": 1,  # Debian's SQLite does so by itself: what is erased is overwritten with zeros
            "wal_autocheckpoint": 0,
            "temp_store": "memory",
        },
        timeout=BUSY_MS / 1000,
        thread_safe=False,
        check_same_thread=False,
        cached_statements=256,
    )


def sqlite_reader(path: Path) -> peewee.SqliteDatabase:
    """A read-only connection, for whichever thread has it in hand."""
    return peewee.SqliteDatabase(
        f"file:{quote(str(path))}?mode=ro",
        uri=True,
        timeout=BUSY_MS / 1000,
        pragmas={"cache_size": -500},
        thread_safe=False,
        check_same_thread=False,
    )


def raw(database: peewee.Database) -> Any:
    """The driver's own connection of this thread, opened where it is closed."""
    return database.connection()  # type: ignore[no-untyped-call]
