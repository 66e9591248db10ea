"""`acuse erase`: a person's data pseudonymised in tickets and journal, raw mails and letters dropped.

What somebody else wrote stays; numbers, states and times stay; every ticket is still the fold of its journal.
"""

# ruff: noqa: S608 - statements are put together from our own literals alone; values are always parameters

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from daemon.store.dialect import Session, marks
from daemon.store.references import mark
from daemon.store.rows import EVENT_COLUMNS, dump_ticket, dumps, key, load_event
from rules.ticket import Event, Ticket, dump_attachment, dump_changes, fold

TEXTS = ("question", "solution", "escalation")
"""Attributes of a ticket that hold free text; a person's own events lose theirs."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is, or was, known of an address."""

    tickets: tuple[str, ...]
    mails: tuple[int, ...]
    letters: tuple[int, ...]
    registered: bool


_OWN = "SELECT number FROM tickets WHERE requester = ?"
"""Mails and letters about these quote what the person wrote, whoever sent them."""


def find(session: Session, address: str) -> Erasure:
    """What :func:`erase` would change."""
    wanted = key(address.lower())
    quoted = f"%{_escaped(wanted)}%"
    numbers = session.all(
        "SELECT number FROM tickets WHERE requester = ? UNION SELECT number FROM events"
        " WHERE LOWER(actor) = ? OR LOWER(changes) LIKE ? ESCAPE '!' ORDER BY number",
        wanted,
        wanted,
        quoted,
    )
    mails = session.all(f"SELECT id FROM mails WHERE sender = ? OR number IN ({_OWN}) ORDER BY id", wanted, wanted)
    letters = session.all(
        f"SELECT id FROM outbox WHERE recipient = ? OR number IN ({_OWN}) ORDER BY id", wanted, wanted
    )
    person = session.one("SELECT 1 FROM person_addresses WHERE address = ?", wanted)
    return Erasure(_column(numbers), _column(mails), _column(letters), person is not None)


def erase(session: Session, address: str) -> Erasure:
    """Do it, in this transaction; the files that only these mails held are marked, to be swept away after it."""
    found, wanted = find(session, address), key(address.lower())
    other = pseudonym(session, wanted)
    dropped = [digest for number in found.tickets for digest in _rewrite(session, number, wanted, other)]
    dropped += _drop_mails(session, found.mails, wanted, other)
    _drop_letters(session, found.letters, wanted, other)
    _forget_person(session, wanted, other)
    mark(session, dropped)
    return found


def pseudonym(session: Session, address: str) -> str:
    """The same for one address in one database, and telling nothing of it."""
    session.run("INSERT INTO meta (name, value) VALUES ('secret', ?) ON CONFLICT DO NOTHING", secrets.token_hex(32))
    row = session.one("SELECT value FROM meta WHERE name = 'secret'")
    assert row
    return f"erased-{hashlib.sha256(f'{row[0]} {address}'.encode()).hexdigest()[:12]}@erased.invalid"


def _rewrite(session: Session, number: str, address: str, other: str) -> list[str]:
    """A ticket's journal without the person, its row folded anew; digests of the files that they sent."""
    journal = _journal(session, number)
    theirs = any(_same(event.changes.get("requester"), address) for event in journal.values())
    return _write(session, number, journal, lambda event: _anonymous(event, address, other, theirs))


def rewrite_closed(session: Session, number: str) -> list[str]:
    """A ticket without people, texts and files, as `[retention]` leaves it; digests of the files that it named."""
    return _write(session, number, _journal(session, number), _emptied_event)


def _journal(session: Session, number: str) -> dict[int, Event]:
    rows = session.all(f"SELECT id, {EVENT_COLUMNS} FROM events WHERE number = ? ORDER BY seq", number)
    return {row[0]: load_event(row[1:]) for row in rows}


def _write(session: Session, number: str, before: dict[int, Event], change: Callable[[Event], Event]) -> list[str]:
    """The journal with every event changed, the row folded from it, the words to be indexed anew."""
    after = {id_: change(event) for id_, event in before.items()}
    for id_, event in after.items():
        session.run(
            "UPDATE events SET actor = ?, text = ?, changes = ?, attachments = ? WHERE id = ?",
            event.actor,
            event.text,
            dumps(dump_changes(event.changes)),
            dumps([dump_attachment(each) for each in event.attachments]) if event.attachments else "",
            id_,
        )
    _index_again(session, list(after))
    _write_ticket(session, number, fold(after.values()))
    return [a.digest for id_, old in before.items() if not after[id_].attachments for a in old.attachments]


def _write_ticket(session: Session, number: str, ticket: Ticket | None) -> None:
    assert ticket
    session.run(
        "UPDATE tickets SET requester = ?, requester_name = ?, assignee = ?, body = ? WHERE number = ?",
        key(ticket.requester.lower()),
        ticket.requester_name,
        key(ticket.assignee.lower()),
        dump_ticket(ticket),
        number,
    )


PERSONAL = ("requester", "requester_name", "assignee", "solution_by", "thread_id", *TEXTS)


def _emptied_event(event: Event) -> Event:
    changes = {**event.changes, **_emptied(event.changes, PERSONAL)}
    changes |= {name: () for name in ("participants", "unreached") if name in changes}
    if "fields" in changes:
        changes["fields"] = tuple((name, "") for name, _ in changes["fields"])
    return replace(event, actor="", text="", changes=changes, attachments=())


def _anonymous(event: Event, address: str, other: str, theirs: bool) -> Event:
    own = _same(event.actor, address)
    changes = {name: _replaced(value, address, other) for name, value in event.changes.items()}
    if theirs:
        changes |= _emptied(changes, ("requester_name",))
        if "fields" in changes:
            changes["fields"] = tuple((name, "") for name, _ in changes["fields"])
    if own:
        changes |= _emptied(changes, TEXTS)
        return replace(event, actor=other, text="", changes=changes, attachments=())
    return replace(event, changes=changes)


def _emptied(changes: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    return {name: "" for name in names if name in changes}


def _replaced(value: Any, address: str, other: str) -> Any:
    """``other`` wherever ``address`` stands by itself, also inside tuples."""
    if isinstance(value, tuple):
        return tuple(_replaced(each, address, other) for each in value)
    return other if isinstance(value, str) and _same(value, address) else value


def _same(value: object, address: str) -> bool:
    return isinstance(value, str) and value.lower() == address


def _index_again(session: Session, event_ids: Sequence[int]) -> None:
    for start in range(0, len(event_ids), 500):
        some = event_ids[start : start + 500]
        session.run(f"DELETE FROM words WHERE rowid IN ({marks(some)})", *some)
        session.many("INSERT INTO unindexed (event_id) VALUES (?) ON CONFLICT DO NOTHING", [(id_,) for id_ in some])


def _drop_mails(session: Session, mail_ids: Sequence[int], address: str, other: str) -> list[str]:
    digests = []
    for mail_id in mail_ids:
        row = session.one("SELECT raw_digest FROM mails WHERE id = ?", mail_id)
        digests.append(row[0] if row else "")
        session.run("DELETE FROM mail_raws WHERE mail_id = ?", mail_id)
        session.run("UPDATE mail_tries SET detail = '' WHERE mail_id = ?", mail_id)
        session.run("UPDATE mails SET raw_digest = '', subject = '', detail = '' WHERE id = ?", mail_id)
    session.run(
        "UPDATE mails SET sender = ?, message_id = '', digest = '', copy_key = NULL WHERE sender = ?", other, address
    )
    return [digest for digest in digests if digest]


def _drop_letters(session: Session, letter_ids: Sequence[int], address: str, other: str) -> None:
    for letter_id in letter_ids:
        session.run(
            "UPDATE outbox SET head = NULL, tail = NULL, attachments = '[]', guard = '' WHERE id = ?", letter_id
        )
        session.run("UPDATE deliveries SET reply = '' WHERE id = ?", letter_id)
        session.run(
            "UPDATE deliveries SET status = 'erased', next_at = NULL WHERE id = ? AND next_at IS NOT NULL", letter_id
        )
    session.run("UPDATE outbox SET recipient = ? WHERE recipient = ?", other, address)


def _forget_person(session: Session, address: str, other: str) -> None:
    row = session.one("SELECT person_id FROM person_addresses WHERE address = ?", address)
    session.run("DELETE FROM person_addresses WHERE address = ?", address)
    if row and not session.one("SELECT 1 FROM person_addresses WHERE person_id = ?", row[0]):
        session.run("DELETE FROM people WHERE id = ?", row[0])
    session.run("UPDATE tokens SET addressee = ? WHERE LOWER(addressee) = ?", other, address)
    for table in ("windows", "breakers"):
        session.run(f"DELETE FROM {table} WHERE name LIKE ? ESCAPE '!'", f"%:{_escaped(address)}%")


def _escaped(text: str) -> str:
    """``text`` as itself in a LIKE pattern."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _column(rows: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(row[0] for row in rows)
