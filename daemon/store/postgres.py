"""PostgreSQL through psycopg 3. Loaded only where it is used: a desk on SQLite saves 9 MiB and a tenth of a second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import lru_cache
from typing import Any

import peewee
import psycopg
from psycopg.pq import TransactionStatus

from daemon.store.connections import Connections
from daemon.store.dialect import Batch, Dialect, Row, Session, raw, written
from daemon.store.errors import StoreError, Unavailable, WrongVersion
from daemon.store.migrations import migrate, pending
from daemon.store.receipts import Receipts

STATEMENT_S = 120
"""How long PostgreSQL may work at one statement."""
ANSWER_S = STATEMENT_S + 10.0
"""How long we wait for its answer: the connection may be open, and nobody at its other end."""

BROKEN = (
    psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InsufficientPrivilege,
    psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted,
)  # fmt: skip
FILES_LOCK = int.from_bytes(b"Acuse")
"""The number of the lock on what names files."""

_END_ABANDONED = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = current_setting('application_name')
  AND backend_xid IS NOT NULL AND wait_event = 'ClientRead'
  AND state_change < clock_timestamp() - INTERVAL '4 seconds'
"""


class Postgres(Dialect):
    """PostgreSQL through psycopg 3, READ COMMITTED with explicit row locks."""

    name = "postgresql"
    batch = Batch(10, 1.0)
    faults: tuple[type[Exception], ...] = (psycopg.Error, peewee.PeeweeException)

    def transient(self, fault: BaseException) -> bool:
        """Serialization failure, deadlock, a wait that was too long, a connection or server that went away, or one in
        its place that takes no writes yet. What is too large for PostgreSQL stays so, though psycopg counts it among
        these."""
        gone = (psycopg.OperationalError, psycopg.InterfaceError, peewee.OperationalError, peewee.InterfaceError)
        of_the_server = (*gone, psycopg.errors.ReadOnlySqlTransaction)
        return isinstance(fault, of_the_server) and not isinstance(fault, psycopg.errors.ProgramLimitExceeded)

    def broken(self, fault: BaseException) -> str:
        """A table or column that is not as it was made, rights that were taken away, pages that are damaged."""
        return f"{fault}".partition("\n")[0] if isinstance(fault, BROKEN) else ""

    last_id = "lastval()"
    index_words = "INSERT INTO words (rowid, text, number) VALUES (?, to_tsvector('simple', ?), ?)"

    def word(self, word: str) -> str:
        """A lexeme's prefix."""
        return f"text @@ to_tsquery('simple', '{word}:*')"

    def hold_files(self, session: Session, alone: bool) -> None:
        """By a lock of the database: rows that are not committed yet cannot be seen, but waited for."""
        session.one(f"SELECT pg_advisory_xact_lock{'' if alone else '_shared'}({FILES_LOCK})")

    def clock(self, session: Session) -> int:
        """The server's clock, not that of the transaction's start."""
        return int(session.value("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"))

    def end_abandoned(self, session: Session) -> None:
        """Asked of PostgreSQL's own list: its time-out for idle transactions does not count inside a pipeline, nor
        after one."""
        session.all(_END_ABANDONED)


class PostgresSession(Session):
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
        return self._streamed("acuse_stream", percent(sql), values)

    def query(self, query: peewee.Query) -> Iterable[Row]:
        return self._streamed("acuse_query", *written(_UNCONNECTED, query))

    def _streamed(self, name: str, sql: str, values: Sequence[Any]) -> Iterator[Row]:
        self.settle()
        with self._connection.transaction(), self._connection.cursor(name=name) as cursor:
            cursor.itersize = 500
            yield from cursor.execute(sql, values)


@lru_cache(maxsize=512)
def percent(sql: str) -> str:
    """Our `?` statement with the `%s` of psycopg. No statement of ours holds either sign inside a literal."""
    return sql.replace("%", "%%").replace("?", "%s")


class _Connection(psycopg.Connection[Any]):
    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Every wait of this connection, for at most :data:`ANSWER_S`; afterwards it cannot be used again."""
        try:
            return super().wait(gen, interval, timeout or ANSWER_S)
        except psycopg.errors._WaitTimeout:
            self.close()
            raise psycopg.OperationalError("PostgreSQL has not answered in time") from None


class _Adapter(peewee.Psycopg3Adapter):
    """What peewee, loaded without the driver, leaves out (daemon/store/__init__.py)."""

    txn_idle, txn_inerror, txn_unknown = TransactionStatus.IDLE, TransactionStatus.INERROR, TransactionStatus.UNKNOWN

    def check_driver(self) -> None:
        """It has been imported above."""

    def get_binary_type(self) -> type:
        return psycopg.Binary

    def connect(self, db: peewee.PostgresqlDatabase, **options: Any) -> _Connection:
        try:
            return _Connection.connect(db.database, **options)
        except psycopg.ProgrammingError:  # which repeats the URL, and the password that it may hold
            raise StoreError("the url of the database is none that PostgreSQL takes") from None


class _Postgresql(peewee.PostgresqlDatabase):
    psycopg2_adapter = psycopg3_adapter = _Adapter

    def __init__(self, url: str | None, **options: Any) -> None:
        super().__init__(url, **options)
        self._lock = nullcontext()  # each thread has its own connection: none waits while another connects


_UNCONNECTED = _Postgresql(None)
"""It writes the cold queries' SQL."""


def database(url: str) -> peewee.PostgresqlDatabase:
    """Connections to PostgreSQL, one a thread; every wait on them has an end."""
    return _Postgresql(
        url,
        connect_timeout=10,
        tcp_user_timeout=30_000,
        keepalives_idle=30,
        application_name="acuse",
        options=f"-c statement_timeout={STATEMENT_S}s -c lock_timeout=30s",
    )


class PostgresConnections(Connections):
    """A PostgreSQL database; peewee keeps one connection a thread."""

    dialect: Dialect = Postgres()
    receipts = Receipts(None)
    awaited = True

    def __init__(self, url: str, readonly: bool) -> None:
        self._database = database(url)
        try:
            if not readonly:
                migrate(self._database)
            elif pending(self._database):
                raise WrongVersion("the database has an older schema: run `acuse migrate`")
        except peewee.OperationalError as fault:
            raise Unavailable(f"PostgreSQL does not answer: {fault}") from fault
        except peewee.InternalError as fault:
            raise Unavailable(f"PostgreSQL takes no writes: {fault}") from fault

    @contextmanager
    def write(self, lasting: bool = True) -> Iterator[Session]:
        """Always lasting: here nobody waits for another's commit."""
        connection = raw(self._database)
        connection.execute("BEGIN")
        session = PostgresSession(connection)
        try:
            yield session
            session.settle()
            connection.execute("COMMIT")
        except BaseException:
            with suppress(Exception):  # its fault is known, or follows from the one that is
                session.settle()
            _roll_back(connection)
            raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        connection = raw(self._database)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield PostgresSession(connection, readonly=True)
        finally:
            _roll_back(connection)

    def renew(self) -> None:
        self._database.close()

    def close(self) -> None:
        self._database.close()


def _roll_back(connection: Any) -> None:
    with suppress(Exception):  # a dead connection has rolled back by itself
        connection.execute("ROLLBACK")
