"""What a decision may need to know: Needs → Facts.

:meth:`rules.reading.Reading.needs` names every look-up in advance; the store answers them in one transaction. No rule
looks anything up by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from rules.letters import Grant
from rules.tables import PersonTable
from rules.ticket import Event, Side, Ticket


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A grant as the store holds it: by its token's digest, and when it was used, if it was."""

    grant: Grant
    digest: bytes
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person(PersonTable):
    """Somebody registered; ``details`` are the registration form's values by field name."""

    details: tuple[tuple[str, str], ...] = ()


EVERY = 100_000
"""More tickets than a group has open, and than one person has."""


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
    limit: int = EVERY


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
    """A mail of the ledger as letters to the admins show it: an item of the digest, or the mail that a quarantine link
    is about.

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
    their earlier tickets and the last subject that they got; ``caller`` for the earlier tickets of whoever telephoned
    instead; ``journal`` asks for the journals of the tickets found.
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
    caller: frozenset[str] = frozenset()
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
    """The answers to Needs. ``tickets`` holds every ticket that the needs led to, and those they point to (the subject
    or token of a merged ticket leads to the other one as well). ``next_number`` is peeked under the counter's lock."""

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
    earlier: tuple[Ticket, ...] = ()
    """The last tickets of the requester, newest first, at most 10: of a technician's action its ticket's or the caller,
    else the sender."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Hourly windows asked for in ``counters``: how many stood in the last hour."""
    found: tuple[Ticket, ...] = ()
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
        """``grant``, for rules that only run when there is one."""
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
