"""Values to columns and back: times as integer UTC microseconds, everything nested as JSON text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from daemon.store.dialect import Row
from daemon.store.errors import Damaged
from rules.facts import HeldGrant, Person
from rules.letters import Grant
from rules.ticket import Event, Ticket, dump_attachment, dump_changes, load_attachment, load_changes, micros, moment

LONGEST_KEY = 300
"""Characters of a text that stands in an index; PostgreSQL refuses entries over 2,700 octets."""

_DEFAULTS = {
    f.name: f.default if f.default is not MISSING else None
    for f in fields(Ticket)
    if f.name not in ("number", "version")
}


def dumps(value: Any) -> str:
    """Compact JSON; what no database can hold in a text (NUL, lone surrogates) is escaped as JSON escapes it."""
    try:
        return to_json(value).decode()
    except (PydanticSerializationError, UnicodeError):
        return json.dumps(value, separators=(",", ":"))


def loads(text: str) -> Any:
    """The inverse of :func:`dumps`; "" is None."""
    return json.loads(text) if text else None


@contextmanager
def legible(what: str) -> Iterator[None]:
    """Damaged where ``what`` is not as it was written, whatever reading it then comes upon."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
        raise Damaged(f"{what} cannot be read: {fault}; `acuse audit` tells what is damaged") from fault


def plain(text: str) -> str:
    """``text`` as both databases can hold it: no NUL, no lone surrogate."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def key(text: str) -> str:
    """``text`` as it stands in an index: itself, or where it is long its head and its digest."""
    text = plain(text)
    if len(text) <= LONGEST_KEY:
        return text
    return text[:100] + "…" + hashlib.sha256(text.encode()).hexdigest()


def bare_id(message_id: str) -> str:
    """A Message-ID without its angle brackets."""
    return message_id.strip().strip("<>")


def copy_key(message_id: str, digest: str) -> bytes | None:
    """Under what copies of one mail meet in the ledger: the Message-ID, else the digest."""
    text = f"id:{message_id}" if message_id else f"digest:{digest}" if digest else ""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16] if text else None


def at(moment_: datetime | None) -> int | None:
    """A time as its column holds it."""
    return None if moment_ is None else micros(moment_)


def when(column: int | None) -> datetime | None:
    """The inverse of :func:`at`."""
    return None if column is None else moment(column)


# -- tickets and their journal


def dump_ticket(ticket: Ticket) -> str:
    """The fold as JSON: what differs from a new ticket's defaults."""
    changed = {name: value for name, default in _DEFAULTS.items() if (value := getattr(ticket, name)) != default}
    return dumps(dump_changes(changed))


def load_ticket(number: str, version: int, body: str) -> Ticket:
    """The inverse of :func:`dump_ticket`."""
    return Ticket(number, version=version, **load_changes(json.loads(body)))


LOOKED_UP = (
    "kind, state, reason, priority, category, group_key, assignee, requester, requester_name, opened_at, closed_at,"
    " points_to, version"
)
"""Columns of a ticket's row that are looked up by, and follow from its journal alone."""


def looked_up(ticket: Ticket) -> Row:
    """A ticket's :data:`LOOKED_UP`."""
    return (
        ticket.kind,
        ticket.state,
        ticket.reason,
        ticket.priority,
        ticket.category,
        ticket.group,
        key(ticket.assignee.lower()),
        key(ticket.requester.lower()),
        plain(ticket.requester_name),
        at(ticket.opened_at),
        at(ticket.closed_at),
        ticket.points_to,
        ticket.version,
    )


EVENT_COLUMNS = "number, name, at, actor, text, visible, changes, attachments, version"


def load_event(row: Sequence[Any]) -> Event:
    """An :data:`EVENT_COLUMNS` row."""
    number, name, moment_, actor, text, visible, changes, attachments, version = row
    return Event(
        number,
        name,
        moment(moment_),
        actor,
        text,
        bool(visible),
        load_changes(loads(changes) or {}),
        tuple(load_attachment(each) for each in loads(attachments) or ()),
        version,
    )


def event_row(event: Event, seq: int, mail_id: int | None) -> Row:
    """``number, seq, at, name, actor, mail_id, text, visible, changes, attachments, version``."""
    attachments = dumps([dump_attachment(each) for each in event.attachments]) if event.attachments else ""
    return (
        event.number,
        seq,
        micros(event.at),
        event.name,
        key(event.actor),
        mail_id,
        plain(event.text),
        int(event.visible),
        dumps(dump_changes(event.changes)),
        attachments,
        event.version,
    )


# -- tokens and people

GRANT_COLUMNS = "digest, purpose, verb, number, addressee, group_key, round, mail_id, expires_at, used_at"


def grant_row(digest: bytes, grant: Grant) -> Row:
    """A :data:`GRANT_COLUMNS` row of a token just made."""
    return (
        digest,
        grant.purpose,
        grant.verb,
        grant.number,
        key(grant.addressee),
        grant.group,
        grant.round,
        grant.mail or None,
        at(grant.expires_at),
        None,
    )


def load_grant(row: Row) -> HeldGrant:
    """A :data:`GRANT_COLUMNS` row."""
    digest, purpose, verb, number, addressee, group, round_, mail, expires_at, used_at = row
    grant = Grant(purpose, verb, number, addressee, group, round_, mail or 0, when(expires_at))
    return HeldGrant(grant, bytes(digest), when(used_at))


def load_person(row: Row, addresses: Sequence[str]) -> Person:
    """A row of ``name, organisation, tax_id, language, details``."""
    name, organisation, tax_id, language, details = row
    pairs = tuple((label, value) for label, value in loads(details) or ())
    return Person(name, tuple(addresses), organisation, tax_id, language, pairs)
