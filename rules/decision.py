"""The values that pass between rules and daemon: Needs → Facts → Decision.

``needs`` of a reading name every look-up beforehand; the store answers them in one transaction as Facts; ``decide``
takes only values and gives a Decision; the store applies it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from parsers.form import Fault, Form
from parsers.mail import Attachment
from rules.ticket import Event, Side, Ticket

Verdict = Literal[
    "opened", "refused", "threaded", "validated", "rejected", "withdrawn", "desk", "query", "survey", "registered",
    "untreated", "automatic", "bounce", "duplicate", "too_large", "held", "quarantined",
]  # fmt: skip

_FOLDERS: Mapping[str, str] = {
    "untreated": "untreated",
    "too_large": "untreated",
    "automatic": "automatic",
    "bounce": "automatic",
    "duplicate": "automatic",
    "quarantined": "quarantine",
    "held": "held",
}


def folder_of(verdict: str) -> str:
    """The attribute of :class:`rules.tables.Folders` that a mail with this verdict is filed under."""
    return _FOLDERS.get(verdict, "done")


NO_FORM = Form()
"""A form that was not read."""

Purpose = Literal["verdict", "action", "survey", "registration", "withdraw", "quarantine"]


@dataclass(frozen=True, slots=True)
class Grant:
    """What the bearer of a token may do; only the token's digest is stored beside it.

    ``verb``: validate, reject, a survey mark …; ``addressee`` the only address that may use it ("" for an action token:
    then members and coordinator of ``group`` may). ``round`` is the solution it speaks of, of an action token
    the ticket's version; ``mail`` a ledger id.
    """

    purpose: Purpose
    verb: str = ""
    number: str = ""
    addressee: str = ""
    group: str = ""
    round: int = 0
    mail: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A grant as the store holds it: by its token's digest, and when it was used, if it was."""

    grant: Grant
    digest: bytes
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A `mailto:` link: ``key`` names its label in the catalogue; a grant adds « [token]» to the subject."""

    key: str
    to: str
    subject: str
    body: str = ""
    grant: Grant | None = None
    label: str = ""
    """What stands on the link where the catalogue's label of ``key`` would not do."""


@dataclass(frozen=True, slots=True)
class File:
    """A file made by us: a CSV, a chart shown inline by its ``cid``."""

    name: str
    media_type: str
    content: bytes
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to be written: its name chooses template, audience and guard class (rules/letters.py).

    ``ticket`` is the ticket as the letter tells it; ``values`` whatever else the template needs (plain data, keys of
    the catalogue, aware UTC times). One copy goes to each address of ``to``, and to the ticket's
    participants, without links, where its row in rules/letters.py says so.
    """

    name: str
    to: tuple[str, ...]
    ticket: Ticket | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    language: str = ""
    in_reply_to: str = ""
    attachments: tuple[Attachment, ...] = ()
    files: tuple[File, ...] = ()
    reached: frozenset[str] = frozenset()
    """Addresses, lower case, whom the mail that it passes on reached as well (a reply to all): a participant among them
    gets no copy."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody registered; ``details`` are the registration form's values by field name."""

    name: str
    addresses: tuple[str, ...]
    organisation: str = ""
    tax_id: str = ""
    language: str = ""
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Brief:
    """One line of a list of tickets: searches, worklists, a requester's earlier tickets."""

    ticket: Ticket
    matched: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """What «Buscar», «Turno», «Mis incidencias» and `acuse list` look for; every given part must hold.

    ``addresses`` are those of one person, in lower case; ``text`` are words looked for in everything written;
    ``fields`` (name, text) pairs; times are aware UTC.
    """

    number: str = ""
    name: str = ""
    addresses: frozenset[str] = frozenset()
    tax_id: str = ""
    text: str = ""
    states: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    fields: tuple[tuple[str, str], ...] = ()
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter that we sent: what a bounce or a returning copy speaks of."""

    letter: str
    number: str
    to: str
    message_id: str
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """What a subject key leads to: the ticket, the side that it was sent to, and the letter's name."""

    number: str
    side: Side
    letter: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A mail of the ledger as letters to the admins tell it: a digest's item, or what a quarantine link speaks of.

    ``why`` is the ledger's; ``extract`` the harmless beginning of its text.
    """

    id: int
    mailbox: str
    verdict: str
    why: str
    sender: str
    subject: str
    received_at: datetime
    size: int = 0
    extract: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """Every look-up a decision may want. An empty value asks for nothing.

    ``message_id``/``digest`` look for copies in ``mailbox``; ``own_ids`` for letters of ours by Message-ID,
    ``unreached`` for the last letter to one of these addresses; ``token`` (digest) for its grant and that grant's
    ticket; ``subject_key`` for the registered subject and its ticket; ``numbers`` for tickets; ``prefix`` for the next
    number of a kind's counter; ``sender`` for the registered person, ``writer``, every address of the sender's, for
    their earlier tickets and the last subject that they got; ``journal`` asks for the journals of the tickets found.
    """

    mailbox: str = ""
    message_id: str = ""
    digest: str = ""
    own_ids: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    token: bytes = b""
    subject_key: str = ""
    numbers: tuple[str, ...] = ()
    prefix: str = ""
    sender: str = ""
    writer: frozenset[str] = frozenset()
    counters: tuple[str, ...] = ()
    """Names of hourly windows to read, such as ``opening:ana@x.example``."""
    addresses: tuple[str, ...] = ()
    """Addresses in copy: which of them are registered people?"""
    search: Search | None = None
    journal: bool = False
    last_subject: str = ""
    """A ticket's number: which registered subject did the sender get last about it?"""
    held: bool = False
    """How many mails of the sender are held?"""


@dataclass(frozen=True, slots=True)
class Facts:
    """The answers to Needs. ``tickets`` holds every ticket that the needs led to, pointers followed (a merged ticket's
    subject or token gives the ticket it points to as well). ``next_number`` is peeked under the counter's lock.
    """

    duplicate: Literal["", "same", "other_content"] = ""
    own: Sent | None = None
    grant: HeldGrant | None = None
    round_used: HeldGrant | None = None
    """The verdict already used for the same ticket and round as ``grant``, if any."""
    registered: Registered | None = None
    tickets: Mapping[str, Ticket] = field(default_factory=dict)
    journals: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)
    next_number: str = ""
    person: Person | None = None
    registered_people: frozenset[str] = frozenset()
    """Those of ``Needs.addresses`` that belong to registered people, in lower case."""
    earlier: tuple[Brief, ...] = ()
    """The sender's last tickets as requester, newest first, at most 10."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Hourly windows asked for in ``counters``: how many stood in the last hour."""
    found: tuple[Brief, ...] = ()
    last_subject: str = ""
    """The subject of the last registered letter about ``Needs.last_subject`` that went to the sender."""
    held: int = 0
    """How many of the sender's mails are held."""
    blocked: bool = False
    """The sender was blocked by an admin's mail."""
    set_aside: SetAside | None = None
    """The mail that ``grant`` speaks of."""
    released: bool = False
    """The admin let the mail pass: holding, rates and the proof of its sender no longer apply."""

    @property
    def granted(self) -> HeldGrant:
        """``grant``, for a rule that is asked only where there is one."""
        assert self.grant is not None
        return self.grant

    def followed(self, number: str) -> Ticket | None:
        """The ticket ``number``, or the one that it points to after a merge or reclassification."""
        ticket = self.tickets.get(number)
        seen = {number}
        while ticket and ticket.points_to and ticket.points_to not in seen:
            seen.add(ticket.points_to)
            ticket = self.tickets.get(ticket.points_to) or ticket
        return ticket


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a cause. The store does it once, in the order of the attributes.

    ``verdict`` is "" for causes that are no mail. Events and letters name their tickets, so one decision may touch
    several. ``used`` are digests of tokens used up; ``counters`` the hourly windows to add one to; ``held_until`` when
    a rate-held mail is looked at again. ``kind``, ``fields``, ``faults``, ``rule``, ``group``, ``priority`` tell
    `explain` and the ledger what was understood.
    """

    verdict: Verdict | Literal[""] = ""
    why: str = ""
    """A short code for the ledger and logs: ``stranger``, ``near_miss``, ``closed`` …"""
    events: tuple[Event, ...] = ()
    letters: tuple[Letter, ...] = ()
    used: tuple[bytes, ...] = ()
    counters: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    release: tuple[str, ...] = ()
    """Senders whose held mails are to be treated now (a registration came back)."""
    settled: tuple[tuple[int, str], ...] = ()
    """Mails in quarantine (ledger id) and what becomes of each: retry, release, discard, block."""
    blocked: tuple[str, ...] = ()
    """Senders whose mail is filed away unread from now on."""
    held_until: datetime | None = None
    kind: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    rule: str = ""
    group: str = ""
    priority: str = ""
    remarks: tuple[str, ...] = ()
    """Oddities for the ledger, besides the parser's own: ``message_id_reused`` …"""
