"""Every difference between SQLite and PostgreSQL. Statements are written once, with `?` for a value."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import peewee
import psycopg

Row = tuple[Any, ...]

BUSY_MS = 5000
"""How long SQLite waits for a lock that another process holds."""
STATEMENT_S = 120
"""How long PostgreSQL may work at one statement."""
ANSWER_S = STATEMENT_S + 10.0
"""How long we wait for its answer: the connection may be open, and nobody at its other end."""
CHECKPOINT_BYTES = 16 * 1024 * 1024


class Session(Protocol):
    """One connection, as the statements of this package see it."""

    dialect: Dialect
    readonly: bool
    lock: str
    """Appended to a SELECT whose rows this transaction will change; "" where none is needed."""
    skip_locked: str
    """The same, leaving out rows that another transaction holds."""

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""

    def all(self, sql: str, *values: Any) -> list[Row]:
        """Every row."""

    def run(self, sql: str, *values: Any) -> int:
        """How many rows were written."""

    def put(self, sql: str, *values: Any) -> None:
        """A statement that nothing is asked of: it goes with the next one that is, where its fault then shows."""

    def many(self, sql: str, rows: Sequence[Row]) -> None:
        """The same statement for every row, as :meth:`put`."""

    def settle(self) -> None:
        """Wait for what was put."""

    def stream(self, sql: str, *values: Any) -> Iterable[Row]:
        """Rows as they come, for whole tables."""

    def query(self, query: peewee.Query) -> Iterable[Row]:
        """The rows of a query put together with peewee (the cold ones), as they come."""


class Batch(NamedTuple):
    """How many mails may share a transaction, and after how many seconds it takes no further one: others wait for it,
    for all of it on SQLite, for the rows that it has locked on PostgreSQL."""

    mails: int
    seconds: float


class Dialect(Protocol):
    """What the statements must know of the database they run on."""

    name: str
    batch: Batch
    types: Mapping[str, str]
    """Column types for the schema, by the names that migrations use."""

    def transient(self, fault: BaseException) -> bool:
        """Whether the whole transaction may succeed if it is done again."""

    def word(self, word: str) -> str:
        """A condition on the table `words`: rows with a word that begins with ``word`` (letters and digits only)."""

    index_words: str
    """Puts one event's words into the index: rowid, text, number."""

    def clock(self, session: Session) -> int:
        """The database's own time in µs: leases of several daemons are judged by one clock."""

    def hurry(self, session: Session) -> None:
        """This transaction holds what other daemons wait for: no statement of it may take long."""


class Sqlite:
    """SQLite: one writer at a time, so that nothing needs a row lock."""

    name = "sqlite"
    batch = Batch(50, 0.02)
    types: Mapping[str, str] = MappingProxyType(
        {"id": "INTEGER PRIMARY KEY", "blob": "BLOB", "clustered": "WITHOUT ROWID"}
    )

    def transient(self, fault: BaseException) -> bool:
        """Locked or busy, by another process."""
        return isinstance(fault, sqlite3.OperationalError) and any(word in str(fault) for word in ("locked", "busy"))

    index_words = "INSERT INTO words (rowid, text, number) VALUES (?, ?, ?)"

    def word(self, word: str) -> str:
        """FTS5's prefix query."""
        return f"words MATCH '\"{word}\"*'"

    def clock(self, session: Session) -> int:
        """There is one process: its clock is as good as any."""
        return time.time_ns() // 1000

    def hurry(self, session: Session) -> None:
        """There is nobody who waits."""


class Postgres:
    """PostgreSQL through psycopg 3, READ COMMITTED with explicit row locks."""

    name = "postgresql"
    batch = Batch(10, 1.0)
    types: Mapping[str, str] = MappingProxyType({"id": "BIGSERIAL PRIMARY KEY", "blob": "BYTEA", "clustered": ""})

    def transient(self, fault: BaseException) -> bool:
        """Serialization failure, deadlock, a wait that was too long, or a connection or server that went away."""
        gone = (psycopg.OperationalError, psycopg.InterfaceError, peewee.OperationalError, peewee.InterfaceError)
        return isinstance(fault, (*gone, psycopg.errors.IdleInTransactionSessionTimeout))

    index_words = "INSERT INTO words (rowid, text, number) VALUES (?, to_tsvector('simple', ?), ?)"

    def word(self, word: str) -> str:
        """A lexeme's prefix."""
        return f"text @@ to_tsquery('simple', '{word}:*')"

    def clock(self, session: Session) -> int:
        """The server's clock, not that of the transaction's start."""
        row = session.one("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
        assert row
        return int(row[0])

    def hurry(self, session: Session) -> None:
        """Ends the transaction of a daemon stopped between the rows of one :meth:`Session.many` too: to the server that
        is one long statement, not an idle transaction."""
        session.run("SET LOCAL statement_timeout = 6000")


class SqliteSession:
    """Statements on a SQLite connection, prepared once by its statement cache."""

    dialect: Dialect = Sqlite()
    lock = ""
    skip_locked = ""

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

    def settle(self) -> None:
        """Nothing waits."""

    def stream(self, sql: str, *values: Any) -> Iterable[Row]:
        return self._execute(sql, values)

    def query(self, query: peewee.Query) -> Iterable[Row]:
        sql, values = written(_SQLITE, query)
        return self.stream(sql, *values)


class PostgresSession:
    """Statements on a psycopg connection, prepared by it from the fifth time on. What is put waits in a pipeline for
    the next answer that is wanted, so that a mail costs a third of the round trips."""

    dialect: Dialect = Postgres()

    def __init__(self, connection: Any, readonly: bool = False) -> None:
        self.readonly = readonly
        self.lock = "" if readonly else " FOR UPDATE"
        self.skip_locked = "" if readonly else " FOR UPDATE SKIP LOCKED"
        self._connection = connection
        self._execute = connection.execute
        self._ahead = ExitStack()
        self._pipeline: Any = None

    def one(self, sql: str, *values: Any) -> Row | None:
        row: Row | None = self._execute(percent(sql), values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[Row]:
        rows: list[Row] = self._execute(percent(sql), values).fetchall()
        return rows

    def run(self, sql: str, *values: Any) -> int:
        cursor = self._execute(percent(sql), values)
        if self._pipeline:
            self._pipeline.sync()
        return int(cursor.rowcount)

    def put(self, sql: str, *values: Any) -> None:
        self._go_ahead()
        self._execute(percent(sql), values)

    def many(self, sql: str, rows: Sequence[Row]) -> None:
        if rows:
            self._go_ahead()
            with self._connection.cursor() as cursor:
                cursor.executemany(percent(sql), rows)

    def settle(self) -> None:
        self._pipeline = None
        self._ahead.close()

    def _go_ahead(self) -> None:
        self._pipeline = self._pipeline or self._ahead.enter_context(self._connection.pipeline())

    def stream(self, sql: str, *values: Any) -> Iterable[Row]:
        self.settle()
        with self._connection.transaction(), self._connection.cursor(name="acuse_stream") as cursor:
            cursor.itersize = 500
            yield from cursor.execute(percent(sql), values)

    def query(self, query: peewee.Query) -> Iterable[Row]:
        self.settle()
        sql, values = written(_POSTGRES, query)
        with self._connection.transaction(), self._connection.cursor(name="acuse_query") as cursor:
            cursor.itersize = 500
            yield from cursor.execute(sql, values)


def written(database: peewee.Database, query: peewee.Query) -> tuple[str, Sequence[Any]]:
    """A peewee query as SQL for ``database``, and its values."""
    sql, values = database.get_sql_context().parse(query)  # type: ignore[no-untyped-call]
    return sql, values


_SQLITE = peewee.SqliteDatabase(None)
_POSTGRES = peewee.PostgresqlDatabase(None, prefer_psycopg3=True)
"""Never connected: they write the cold queries' SQL."""


@lru_cache(maxsize=512)
def percent(sql: str) -> str:
    """Our `?` statement with the `%s` of psycopg. No statement of ours holds either sign inside a literal."""
    return sql.replace("%", "%%").replace("?", "%s")


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
            "synchronous": "full",
            "foreign_keys": 1,
            "wal_autocheckpoint": 0,
            "mmap_size": 0,
            "cache_size": -16_000,
            "temp_store": "memory",
        },
        lock_type="IMMEDIATE",
        timeout=BUSY_MS / 1000,
        thread_safe=False,
        check_same_thread=False,
        cached_statements=256,
    )


def sqlite_reader(path: Path) -> peewee.SqliteDatabase:
    """Read-only connections, one a thread."""
    return peewee.SqliteDatabase(
        f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_MS / 1000, pragmas={"mmap_size": 0, "query_only": 1}
    )


class _Connection(psycopg.Connection[Any]):
    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Every wait of this connection, for at most :data:`ANSWER_S`; afterwards it cannot be used again."""
        try:
            return super().wait(gen, interval, timeout or ANSWER_S)
        except psycopg.errors._WaitTimeout:
            self.close()
            raise psycopg.OperationalError("PostgreSQL has not answered in time") from None


class _Adapter(peewee.Psycopg3Adapter):
    def connect(self, db: peewee.PostgresqlDatabase, **options: Any) -> _Connection:
        return _Connection.connect(db.database, **options)


class _Postgresql(peewee.PostgresqlDatabase):
    psycopg3_adapter = _Adapter

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._lock = nullcontext()  # each thread has its own connection: none waits while another connects


def postgres(url: str) -> peewee.PostgresqlDatabase:
    """Connections to PostgreSQL, one a thread; every wait on them has an end.

    A transaction of a daemon that was stopped, or cut off, holds locks that others wait for: idle for seconds, it is
    ended by the server, and done again if that daemon comes back.
    """
    return _Postgresql(
        url,
        prefer_psycopg3=True,
        connect_timeout=10,
        tcp_user_timeout=30_000,
        keepalives_idle=30,
        application_name="acuse",
        options=f"-c statement_timeout={STATEMENT_S}s -c lock_timeout=30s -c idle_in_transaction_session_timeout=4s",
    )
