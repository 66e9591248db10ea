"""Registered people, each under any of several addresses; and senders whom an admin has blocked by mail, besides those
of `senders.blocked`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from daemon.store.dialect import Session, marks
from daemon.store.rows import dumps, key, load_person, plain
from rules.facts import Person
from rules.ticket import micros


def find(session: Session, address: str) -> Person | None:
    """The person behind ``address``, if registered."""
    row = session.one(
        "SELECT people.name, organisation, tax_id, language, details, people.id FROM person_addresses"
        " JOIN people ON people.id = person_id WHERE address = ?",
        key(address.lower()),
    )
    own = "SELECT address FROM person_addresses WHERE person_id = ? ORDER BY address"
    return load_person(row[:5], session.column(own, row[5])) if row else None


def registered(session: Session, addresses: Sequence[str]) -> frozenset[str]:
    """Those of ``addresses`` that belong to somebody registered, in lower case."""
    wanted = sorted({key(address.lower()) for address in addresses})
    found = f"SELECT address FROM person_addresses WHERE address IN ({marks(wanted)})"
    return frozenset(session.column(found, *wanted))


def put(session: Session, person: Person) -> None:
    """Register ``person``, or bring up to date the one who has one of these addresses."""
    addresses = [key(address.lower()) for address in person.addresses]
    known = session.value(
        f"SELECT person_id FROM person_addresses WHERE address IN ({marks(addresses)}) ORDER BY person_id LIMIT 1",
        *addresses,
    )
    values = (plain(person.name), plain(person.organisation), key(person.tax_id), person.language)
    person_id = _write(session, known, (*values, dumps(person.details)))
    session.many(
        "INSERT INTO person_addresses (address, person_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(address, person_id) for address in addresses],
    )


def _write(session: Session, person_id: int | None, values: tuple[str, ...]) -> int:
    if person_id is not None:
        session.run(
            "UPDATE people SET name = ?, organisation = ?, tax_id = ?, language = ?, details = ? WHERE id = ?",
            *values,
            person_id,
        )
        return person_id
    insert = "INSERT INTO people (name, organisation, tax_id, language, details) VALUES (?, ?, ?, ?, ?) RETURNING id"
    return int(session.value(insert, *values))


# -- blocked senders


def is_blocked(session: Session, sender: str) -> bool:
    """Whether the address ``sender`` is blocked."""
    return session.one("SELECT 1 FROM blocked_senders WHERE address = ?", key(sender.lower())) is not None


def block(session: Session, sender: str, now: datetime) -> None:
    """Block an address."""
    session.run(
        "INSERT INTO blocked_senders (address, blocked_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        key(sender.lower()),
        micros(now),
    )
