"""Transactions lent by the store, and repeated as a whole if the database asks for it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from daemon.faults import kill_point
from daemon.files import Files
from daemon.store import daemons
from daemon.store.connections import Connections
from daemon.store.dialect import Session
from daemon.store.errors import AlreadyDecided, Conflict, Unavailable
from daemon.store.facts import Lookups
from daemon.store.tickets import Remembered
from daemon.store.transaction import Transaction
from rules.facts import Needs

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 6
"""How often a transaction is tried before its fault becomes the caller's."""


class Retrying:
    """Reads and writes of one database; safe for any number of threads."""

    def __init__(self, connections: Connections, files: Files) -> None:
        self.files = files
        self._connections = connections
        self._remembered = Remembered()

    @contextmanager
    def write(
        self, needs: Iterable[Needs] = (), lease: daemons.Lease | None = None, lasting: bool = True
    ) -> Iterator[Transaction]:
        """A transaction: committed at the end of the block, rolled back by any exception.

        ``needs`` of a whole batch are locked in one step; ``lease`` refuses the transaction where another daemon
        has the mailbox now; one that need not be ``lasting`` may be lost by a power failure, by nothing else.
        """
        with self._mended("written"), self._connections.write(lasting) as session:
            tx = Transaction(session, Remembered(self._remembered), self.files)
            if lease:
                daemons.fence(session, lease)
            tx.lock(needs)
            yield tx
            tx.finish()
            kill_point("before_commit")
        tx.tickets.remember()
        kill_point("after_commit")

    def run(
        self,
        work: Callable[[Transaction], T],
        needs: Sequence[Needs] = (),
        lease: daemons.Lease | None = None,
        lasting: bool = True,
    ) -> T | None:
        """``work(tx)`` in a transaction, repeated as a whole if the database asks for it.

        None if its mail has a verdict: an earlier try was committed although its answer was lost. Unavailable after
        :data:`TRIES` tries: nothing was written.
        """
        for tried in range(TRIES):
            try:
                with self.write(needs, lease, lasting) as tx:
                    return work(tx)
            except AlreadyDecided:
                return None
            except Exception as fault:  # noqa: BLE001 - asked for its kind, raised again unless it passes
                self._pause_or_raise(fault, tried)
        raise AssertionError

    def _pause_or_raise(self, fault: Exception, tried: int) -> None:
        passing = isinstance(fault, Conflict) or self._connections.dialect.transient(fault)
        if not passing:
            raise fault
        self._connections.renew()
        if tried + 1 == TRIES:
            raise _unavailable(fault) from fault
        time.sleep(min(0.02 * 2**tried, 1.0) * (0.5 + random.random()))  # noqa: S311 - no secret

    @contextmanager
    def read(self) -> Iterator[Lookups]:
        """Several look-ups in one consistent picture; Unavailable where the database is away."""
        try:
            with self._mended("read"), self._connections.read() as session:
                yield Lookups(session, self._remembered)
        except Exception as fault:
            if self._connections.dialect.transient(fault):
                self._connections.renew()
                raise _unavailable(fault) from fault
            raise

    @contextmanager
    def _mended(self, done: str) -> Iterator[None]:
        """Unavailable, with what is to be mended, where the database is damaged or has no room."""
        try:
            yield
        except self._connections.dialect.faults as fault:
            if told := self._connections.dialect.broken(fault):
                raise Unavailable(f"nothing can be {done}: {told}") from fault
            raise

    def _run(self, work: Callable[[Session], T], lease: daemons.Lease | None = None, lasting: bool = True) -> T:
        """As :meth:`run`, of work that decides no mail: what it returns may be None, so it travels in a tuple."""
        result = self.run(lambda tx: (work(tx.session),), lease=lease, lasting=lasting)
        assert result
        return result[0]

    def look(self, work: Callable[[Session], T]) -> T:
        """``work(session)``, which changes and locks nothing, repeated if the database asks for it."""
        for tried in range(TRIES):
            try:
                with self._mended("read"), self._connections.read() as session:
                    return work(session)
            except Exception as fault:  # noqa: BLE001 - asked for its kind, raised again unless it passes
                self._pause_or_raise(fault, tried)
        raise AssertionError


def looking(function: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Retrying, P], T]:
    """``function`` as a method, in a session that only reads."""

    def method(self: Retrying, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.look(lambda session: function(session, *args, **kwargs))

    return method


def writing(function: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Retrying, P], T]:
    """``function`` as a method, in a transaction of its own."""

    def method(self: Retrying, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._run(lambda session: function(session, *args, **kwargs))

    return method


def _unavailable(fault: Exception) -> Unavailable:
    return Unavailable(f"the database does not answer, or not in time: {fault}")
