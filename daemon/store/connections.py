"""Connections of one process, made by peewee: on SQLite one that writes and as many as read at a time, on PostgreSQL
one a thread for both (daemon/store/postgres.py).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import peewee

from daemon.store.dialect import (
    BUSY_MS,
    CHECKPOINT_BYTES,
    CHECKPOINT_EVERY_S,
    NOT_ITS_FAULT,
    Dialect,
    Session,
    Sqlite,
    SqliteSession,
    raw,
    sqlite_path,
    sqlite_reader,
    sqlite_writer,
)
from daemon.store.errors import NotADatabase, StoreError, Unavailable, WrongVersion
from daemon.store.lock_file import claimed, lies_as_left, not_ours, sign, size
from daemon.store.migrations import migrate, pending
from daemon.store.receipts import Receipts


class Connections(Protocol):
    """What the store needs of a database."""

    dialect: Dialect
    receipts: Receipts
    """Where what is sent is kept until it is recorded."""

    @property
    def awaited(self) -> bool:
        """Whether others wait for the transaction that writes now, or may do so unseen."""

    def write(self, lasting: bool = True) -> AbstractContextManager[Session]:
        """A transaction: committed at the end of the block, rolled back by any exception.

        One that need not be ``lasting`` may not wait for the disk: it outlives this process at once, a power failure
        once a lasting one has followed.
        """

    def read(self) -> AbstractContextManager[Session]:
        """A read-only transaction."""

    def settle(self) -> None:
        """Nothing of earlier versions of a row stays in the log, unless a reader needs it for five seconds more."""
        return

    def renew(self) -> None:
        """After a fault: let go of this thread's connection, which may be dead."""
        return

    def close(self) -> None:
        """Let go of everything."""


def connect(url: str, readonly: bool) -> Connections:
    """Open a database by its URL, its schema brought up to date unless ``readonly``."""
    if path := sqlite_path(url):
        return SqliteConnections(path, readonly)
    if url.startswith(("postgresql://", "postgres://")):
        from daemon.store.postgres import PostgresConnections  # and its driver, where it is used

        return PostgresConnections(url, readonly)
    raise StoreError(f"{url.partition(':')[0]!r} is no database that we know: sqlite:///… or postgresql://…")


def schema_of(url: str) -> list[str]:
    """What the schema of ``url`` lacks, changing nothing; everything, where there is no database yet."""
    if path := sqlite_path(url):
        if foreign := not_ours(path):
            raise StoreError(foreign)
        if not size(path):
            return ["a new database"]
        with _readable(path):
            return pending_at(path)
    from daemon.store.postgres import database

    try:
        return pending(database(url))
    except peewee.OperationalError as fault:
        raise Unavailable(f"PostgreSQL does not answer: {fault}") from fault


def version_of(url: str) -> str:
    """The database's own version: «SQLite 3.40.1», «PostgreSQL 15.18»."""
    if sqlite_path(url):
        return f"SQLite {sqlite3.sqlite_version}"
    from daemon.store.postgres import database

    server = database(url)
    try:
        return f"PostgreSQL {raw(server).execute('SHOW server_version').fetchone()[0]}"
    finally:
        server.close()


class Readers:
    """Connections that read a SQLite file, lent to one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[peewee.SqliteDatabase] = []
        self._closed = False
        self._lock = threading.Lock()

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """One that nobody else reads with. After an exception it is not lent again: its state is unknown."""
        reader = self._taken()
        sound = False
        try:
            yield raw(reader)
            sound = True
        finally:
            with self._lock:
                kept = sound and not self._closed
                if kept:
                    self._idle.append(reader)
            if not kept:
                reader.close()

    def _taken(self) -> peewee.SqliteDatabase:
        with self._lock:
            if self._closed:
                raise StoreError("the database is closed")
            return self._idle.pop() if self._idle else sqlite_reader(self._path)

    def close(self) -> None:
        """Close all; one that is lent, when it is given back."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for reader in idle:
            reader.close()


class SqliteConnections(Connections):
    """A SQLite file. Writers queue on a lock of this process before BEGIN IMMEDIATE: SQLite's own wait is unfair."""

    dialect: Dialect = Sqlite()

    def __init__(self, path: Path, readonly: bool) -> None:
        self.path = path
        self.receipts = Receipts(Path(f"{path}-receipts"))
        self._log = Path(f"{path}-wal")
        self._turn = threading.Lock()
        self._queue: list[None] = []  # a place each for those who wait; appending and popping need no lock
        self._waits_for_disk: bool | None = None
        self._lock_file: int | None = None
        self._writer: peewee.SqliteDatabase | None = None
        self._identity: tuple[int, int] | None = None
        if not readonly:
            self._open_writer()
        elif (foreign := not_ours(path)) or not size(path):
            raise StoreError(foreign or f"there is no database at {path} yet; `acuse run` makes it")
        self._readers = Readers(path)
        self._checkpoint_over, self._checkpoint_at = CHECKPOINT_BYTES, 0.0
        if readonly:
            self._check_version()

    def _open_writer(self) -> None:
        untouched = lies_as_left(self.path)
        self._lock_file = claimed(self.path)
        try:
            self._writer = sqlite_writer(self.path)
            with _readable(self.path):
                self._writer.connect()
                if not untouched:
                    quick_check(raw(self._writer))
                migrate(self._writer)
            self._identity = _identity(self.path)
        except BaseException:
            self._let_go()
            raise

    def _check_version(self) -> None:
        with _readable(self.path):
            missing = pending_at(self.path)
        if missing:
            raise WrongVersion(f"{self.path} has an older schema: run `acuse migrate`")

    @contextmanager
    def write(self, lasting: bool = True) -> Iterator[Session]:
        if self._writer is None:
            raise StoreError("the database was opened to be read only")
        with self._own_turn():
            if _identity(self.path) != self._identity:
                what = "is not the file that was opened: put that one back, or start anew to go on with this one"
                raise Unavailable(f"{self.path} {what}")
            connection = raw(self._writer)
            with _rolled_back(connection):
                self._wait_for_disk(connection, lasting)
                connection.execute("BEGIN IMMEDIATE")
                yield SqliteSession(connection)
                connection.execute("COMMIT")
            late = time.monotonic() >= self._checkpoint_at
            self._checkpoint(connection, 0 if late else self._checkpoint_over)

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        self._queue.append(None)
        with self._turn:
            self._queue.pop()
            yield

    @property
    def awaited(self) -> bool:
        return bool(self._queue)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._readers.lent() as connection:
            connection.execute("BEGIN")
            try:
                yield SqliteSession(connection, readonly=True)
            finally:
                connection.execute("ROLLBACK")

    def _wait_for_disk(self, connection: sqlite3.Connection, lasting: bool) -> None:
        if self._waits_for_disk is not lasting:
            connection.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            self._waits_for_disk = lasting

    def settle(self) -> None:
        with self._turn:
            if self._writer is not None:
                raw(self._writer).execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """The log goes back into the database, as far as no reader needs it; the lock file says how it was left."""
        self._readers.close()
        with self._turn:
            if self._writer is not None:
                self._checkpoint(raw(self._writer), over=0)
                self._writer.close()
            if self._lock_file is not None:
                sign(self._lock_file, self.path)
            self._let_go()

    def _let_go(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._lock_file is not None:
            os.close(self._lock_file)
        self._writer = self._lock_file = None

    def _checkpoint(self, connection: sqlite3.Connection, over: int) -> None:
        """Bring a log of so many octets back into the database, unless a reader still needs it or the disk is full:
        what has been committed stands in the log. Now and then any log: somebody may take the database for the whole.
        """
        if size(self._log) < over:
            return
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            stays = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError:
            stays = True
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        self._checkpoint_over = CHECKPOINT_BYTES + (size(self._log) if stays else 0)
        self._checkpoint_at = time.monotonic() + CHECKPOINT_EVERY_S


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file this is, whatever its name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def pending_at(path: Path) -> list[str]:
    """What the schema of a SQLite file lacks."""
    reader = sqlite_reader(path)
    try:
        return pending(reader)
    finally:
        reader.close()


@contextmanager
def _rolled_back(connection: sqlite3.Connection) -> Iterator[None]:
    """On any exception."""
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, peewee.DatabaseError) as fault:
        if foreign := not_ours(path):
            raise StoreError(foreign) from fault
        if NOT_ITS_FAULT.search(str(fault)):
            raise Unavailable(f"{path} cannot be used now: {fault}") from fault
        raise NotADatabase(
            f"{path} is not a usable database: {fault}. Restore a backup; nothing was changed"
        ) from fault


def quick_check(connection: sqlite3.Connection) -> None:
    """NotADatabase where SQLite finds the file damaged."""
    found = [text for (text,) in connection.execute("PRAGMA quick_check(5)")]
    if found != ["ok"]:
        raise sqlite3.DatabaseError("; ".join(found))
