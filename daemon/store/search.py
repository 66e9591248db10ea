"""Searches over all tickets: «Buscar», «Turno», «Mis incidencias», `acuse list`."""

# ruff: noqa: S608 - statements are put together from our own literals alone; values are always parameters

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from daemon.store.dialect import Session, marks
from daemon.store.rows import key
from daemon.store.tickets import Remembered, read_tickets
from rules.decision import Brief, Search
from rules.ticket import micros

Condition = tuple[str, tuple[Any, ...]]


def search(session: Session, wanted: Search, remembered: Remembered) -> tuple[Brief, ...]:
    """Tickets for which every given part of ``wanted`` holds, newest first."""
    conditions = list(_conditions(wanted))
    where = " AND ".join(sql for sql, _ in conditions) or "1 = 1"
    values = [value for _, some in conditions for value in some]
    rows = session.all(
        f"SELECT number, version FROM tickets WHERE {where} ORDER BY opened_at DESC LIMIT ?",
        *values,
        wanted.limit,
    )
    return tuple(Brief(ticket) for ticket in read_tickets(session, rows, remembered))


def _conditions(wanted: Search) -> Iterator[Condition]:
    if wanted.number:
        yield "number = ?", (wanted.number.upper(),)
    if wanted.address:
        yield "requester = ?", (key(wanted.address.lower()),)
    if wanted.states:
        yield f"state IN ({marks(wanted.states)})", wanted.states
    if wanted.groups:
        yield f"group_key IN ({marks(wanted.groups)})", wanted.groups
    if wanted.since:
        yield "opened_at >= ?", (micros(wanted.since),)
    if wanted.until:
        yield "opened_at < ?", (micros(wanted.until),)
