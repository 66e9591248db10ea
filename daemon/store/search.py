"""Searches over all tickets: «Buscar», «Turno», «Mis incidencias», `acuse list`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import islice
from operator import or_

from peewee import SQL, ColumnBase, Table

from daemon.slices import in_slices
from daemon.store import word_index
from daemon.store.dialect import Session
from daemon.store.rows import key
from daemon.store.tickets import Remembered, read_tickets
from parsers.spelling import fold
from rules.facts import Search
from rules.ticket import Ticket, micros

PAGE = 200
"""Tickets read at once."""
TICKETS = Table("tickets")
TICKET = TICKETS.c


def search(session: Session, wanted: Search, remembered: Remembered) -> tuple[Ticket, ...]:
    """Tickets for which every given part of ``wanted`` holds, newest first.

    The index of words narrows names, addresses and fields down; what it finds is then looked at itself.
    """
    query = TICKETS.select(TICKET.number, TICKET.version)
    for condition in _conditions(session, wanted):
        query = query.where(condition)
    if not (wanted.name or wanted.addresses or wanted.tax_id or wanted.fields):
        query = query.limit(wanted.limit)
    rows = [
        (number, version)
        for number, version in session.query(query.order_by(TICKET.opened_at.desc(), TICKET.number.desc()))
    ]
    found = (ticket for page in in_slices(rows, PAGE) for ticket in read_tickets(session, page, remembered))
    tax_people = frozenset(_addresses_of(session, wanted.tax_id)) if wanted.tax_id else frozenset()
    return tuple(islice((ticket for ticket in found if _holds(ticket, wanted, tax_people)), wanted.limit))


def _conditions(session: Session, wanted: Search) -> Iterator[ColumnBase]:
    if wanted.number:
        yield TICKET.number == wanted.number.strip().upper()
    if wanted.states:
        yield TICKET.state.in_(wanted.states)
    if wanted.groups:
        yield TICKET.group_key.in_(wanted.groups)
    if wanted.since:
        yield TICKET.opened_at >= micros(wanted.since)
    if wanted.until:
        yield TICKET.opened_at < micros(wanted.until)
    yield from _word_conditions(session, wanted)


def _word_conditions(session: Session, wanted: Search) -> Iterator[ColumnBase]:
    """Names, fields and texts by their words; any of the addresses; a tax id may stand in the register instead."""
    everywhere = (wanted.text, wanted.name, *(text for _, text in wanted.fields))
    wanted_words = [word for text in everywhere for word in word_index.words_of(text)][: word_index.MOST_WORDS]
    tax_words = word_index.words_of(wanted.tax_id)
    of_addresses = [word_index.words_of(address)[: word_index.MOST_WORDS] for address in wanted.addresses]
    waiting = word_index.not_indexed(session) if wanted_words or tax_words or of_addresses else []

    def written(every: Iterable[str]) -> ColumnBase:
        return SQL(" AND ".join(word_index.condition(session, word, waiting) for word in dict.fromkeys(every)))

    if wanted_words:
        yield written(wanted_words)
    if tax_words:
        yield TICKET.requester.in_(_addresses_of(session, wanted.tax_id)) | written(tax_words)
    if of_addresses and all(of_addresses):
        yield reduce(or_, map(written, of_addresses))


def _addresses_of(session: Session, tax_id: str) -> list[str]:
    """The addresses of whoever is registered with this tax id."""
    return session.column(
        "SELECT address FROM people JOIN person_addresses ON person_id = people.id WHERE tax_id = ?", key(tax_id)
    )


def _holds(ticket: Ticket, wanted: Search, tax_people: frozenset[str]) -> bool:
    values = [value for _, value in ticket.fields]
    return (
        _inside(wanted.name, ticket.requester_name)
        and (not wanted.addresses or not ticket.people.isdisjoint(wanted.addresses))
        and (
            not wanted.tax_id
            or ticket.requester.lower() in tax_people
            or any(_inside(wanted.tax_id, v) for v in values)
        )
        and all(_inside(text, ticket.value(name)) for name, text in wanted.fields)
    )


def _inside(part: str, whole: str) -> bool:
    """Whether each word of ``part`` stands in ``whole``: of a name people remember a word here and there."""
    looked_at = fold(whole)
    return all(word in looked_at for word in fold(part).split())
