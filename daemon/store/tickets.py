"""Tickets and journals read from their rows; a transaction locks those that it reads."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from daemon.store.dialect import Row, Session, marks
from daemon.store.errors import Damaged
from daemon.store.rows import EVENT_COLUMNS, legible, load_event, load_ticket
from rules.ticket import Event, Ticket, fold, micros

MOST_POINTERS = 20
"""How far pointers are followed: longer chains of merged tickets are a defect, not a desk."""
MOST_REMEMBERED = 1000
"""Tickets kept from one transaction to the next."""


class Remembered:
    """Recently read or written tickets, by number and version: what a ticket says at one version never changes.

    A transaction that writes sees what may never be committed: it has a memory of its own beside ``committed``.
    """

    def __init__(self, committed: Remembered | None = None) -> None:
        self._tickets: dict[tuple[str, int], Ticket] = {}
        self._committed = committed
        self._lock = threading.Lock()

    def get(self, number: str, version: int) -> Ticket | None:
        """The ticket as it was at ``version``, if it is still remembered."""
        found = self._tickets.get((number, version))
        return found if found or not self._committed else self._committed.get(number, version)

    def put(self, ticket: Ticket) -> Ticket:
        """Remember it; the one remembered for longest is forgotten."""
        with self._lock:
            self._tickets[ticket.number, ticket.version] = ticket
            if len(self._tickets) > MOST_REMEMBERED:
                del self._tickets[next(iter(self._tickets))]
        return ticket

    def settle(self) -> None:
        """After COMMIT: all of it stands in the books."""
        assert self._committed
        for ticket in self._tickets.values():
            self._committed.put(ticket)


class Tickets:
    """The tickets of one transaction; on PostgreSQL their rows are locked until it ends."""

    def __init__(self, session: Session, remembered: Remembered) -> None:
        self._session = session
        self._remembered = remembered
        self._locked: dict[str, Ticket] = {}

    def lock(self, numbers: Iterable[str]) -> None:
        """Read these tickets, and those they point to, in one sorted step."""
        wanted = sorted({number for number in numbers if number and number not in self._locked})
        for _ in range(MOST_POINTERS):
            if not wanted:
                return
            self._read(wanted)
            pointers = {self._locked[number].points_to for number in wanted if number in self._locked}
            wanted = sorted(pointers - self._locked.keys() - {""})

    def get(self, number: str) -> Ticket | None:
        """The ticket ``number`` as this transaction sees it; None where there is none."""
        if number not in self._locked:
            self.lock((number,))
        return self._locked.get(number)

    def put(self, ticket: Ticket) -> None:
        """The ticket as this transaction left it."""
        self._locked[ticket.number] = ticket

    def chain(self, number: str) -> dict[str, Ticket]:
        """The ticket ``number`` and those it points to, one after the other."""
        found: dict[str, Ticket] = {}
        while number and number not in found and (ticket := self.get(number)):
            found[number] = ticket
            number = ticket.points_to
        return found

    def remember(self) -> None:
        """After COMMIT: remember what was read and written here."""
        for ticket in self._locked.values():
            self._remembered.put(ticket)
        self._remembered.settle()

    def latest_of(self, requester: Sequence[str], most: int) -> list[Ticket]:
        """The last tickets of a requester, who has all of these addresses, newest first; not locked."""
        rows = self._session.all(
            f"SELECT number, version FROM tickets WHERE requester IN ({marks(requester)})"
            " ORDER BY opened_at DESC LIMIT ?",
            *requester,
            most,
        )
        return read_tickets(self._session, rows, self._remembered)

    def _read(self, numbers: Sequence[str]) -> None:
        rows = self._session.all(
            f"SELECT number, version, body FROM tickets WHERE number IN ({marks(numbers)})"
            f" ORDER BY number{self._session.lock}",
            *numbers,
        )
        for number, version, body in rows:
            self._locked[number] = _ticket(self._session, number, version, body)


def read_tickets(session: Session, versions: Sequence[tuple[str, int]], remembered: Remembered) -> list[Ticket]:
    """The tickets of (number, version) rows, in their order; only those not remembered are read."""
    found = {number: ticket for number, version in versions if (ticket := remembered.get(number, version))}
    missing = [number for number, _ in versions if number not in found]
    if missing:
        rows = session.all(f"SELECT number, version, body FROM tickets WHERE number IN ({marks(missing)})", *missing)
        found.update({row[0]: remembered.put(_ticket(session, *row)) for row in rows})
    return [found[number] for number, _ in versions if number in found]


def _ticket(session: Session, number: str, version: int, body: str) -> Ticket:
    """The ticket of a row; where that is damaged, the same one from its journal."""
    try:
        with legible(f"ticket {number}"):
            return load_ticket(number, version, body)
    except Damaged:
        if folded := fold(journal(session, number)):
            return folded
        raise


def journal(session: Session, number: str) -> tuple[Event, ...]:
    """The whole journal of a ticket; Damaged where it cannot be read."""
    return _events(number, session.all(f"SELECT {EVENT_COLUMNS} FROM events WHERE number = ? ORDER BY seq", number))


def _events(number: str, rows: Iterable[Row]) -> tuple[Event, ...]:
    with legible(f"the journal of {number}"):
        return tuple(map(load_event, rows))


def journals_since(session: Session, since: datetime) -> Iterator[tuple[Event, ...]]:
    """The journals of every ticket that is open or had an event since a time, each whole and in its order."""
    rows = session.stream(
        f"SELECT {EVENT_COLUMNS} FROM events WHERE number IN (SELECT number FROM tickets WHERE state <> 'closed'"
        " UNION SELECT number FROM events WHERE at >= ?) ORDER BY number, seq",
        micros(since),
    )
    for number, own in groupby(rows, key=lambda row: str(row[0])):
        yield _events(number, own)
