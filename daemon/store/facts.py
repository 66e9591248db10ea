"""Needs → Facts: every look-up that a decision named beforehand, answered inside its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from hmac import compare_digest
from typing import Literal

from daemon.store import ledger, people, search, set_aside
from daemon.store.counters import Counters
from daemon.store.dialect import Session, marks
from daemon.store.rows import GRANT_COLUMNS, bare_id, copy_key, key, load_grant, when
from daemon.store.tickets import Remembered, Tickets, journal
from daemon.store.windows import Windows
from rules.facts import Facts, HeldGrant, Needs, Registered, Sent
from rules.letters import LETTERS, Grant
from rules.ticket import Ticket, micros

COPY_WITHOUT_ID = timedelta(days=7)
"""How long the digest alone tells copies apart."""
RETURNED_WITHIN = timedelta(days=7)
"""How long after a letter a report that does not name it may speak of it: servers give up after five days or so."""
EARLIER = 10
"""Tickets of the requester that a decision is told of."""


class Lookups:
    """Where rows are looked up in one transaction, and remembered until its end."""

    def __init__(self, session: Session, remembered: Remembered) -> None:
        self.session = session
        self.remembered = remembered
        self.tickets = Tickets(session, remembered)
        self.windows = Windows(session)
        self.counters = Counters(session)

    def load(self, needs: Needs, now: datetime, zone: tzinfo, seen: ledger.Seen | None = None) -> Facts:
        """The answers to ``needs``; what was not asked for keeps its default. ``zone`` dates a peeked number; ``seen``
        is the mail that asks, if it is one."""
        session = self.session
        own = _own(session, needs, now)
        registered = _registered(session, needs.subject_key) if needs.subject_key else None
        grant = _grant(session, needs.token) if needs.token else None
        tickets = self._tickets(needs, registered, grant.grant if grant else None, own)
        return Facts(
            duplicate=_duplicate(session, needs, seen, now) if needs.mailbox else "",
            own=own,
            grant=grant,
            round_used=_round_used(session, grant) if grant else None,
            registered=registered,
            tickets=tickets,
            journals={number: journal(session, number) for number in tickets} if needs.journal else {},
            next_number=self.counters.peek(needs.prefix, now, zone) if needs.prefix else "",
            person=people.find(session, needs.sender) if needs.sender else None,
            blocked=bool(needs.sender) and people.is_blocked(session, needs.sender),
            set_aside=set_aside.set_aside(session, grant.grant.mail) if grant and grant.grant.mail else None,
            earlier=self._earlier(needs, grant, tickets),
            counts={name: self.windows.count(name, now) for name in needs.counters},
            last_subject=_last_subject(session, needs) if needs.last_subject and needs.writer else "",
            held=set_aside.held_of(session, needs.sender) if needs.held and needs.sender else 0,
            found=search.search(session, needs.search, self.remembered) if needs.search else (),
            released=seen is not None and seen.released,
            registered_people=people.registered(session, needs.addresses) if needs.addresses else frozenset(),
        )

    def _tickets(self, needs: Needs, *leads: Registered | Grant | Sent | None) -> dict[str, Ticket]:
        """The tickets that are named, and those that ``leads`` lead to."""
        numbers = [*needs.numbers, *(lead.number for lead in leads if lead and lead.number)]
        self.tickets.lock(numbers)
        return {number: ticket for first in numbers for number, ticket in self.tickets.chain(first).items()}

    def _earlier(self, needs: Needs, grant: HeldGrant | None, tickets: Mapping[str, Ticket]) -> tuple[Ticket, ...]:
        """The last tickets of the requester: of who telephoned, of whose ticket is acted on, else of whoever wrote."""
        acted_on = tickets.get(grant.grant.number) if grant and grant.grant.purpose == "action" else None
        requester = needs.caller or ({acted_on.requester.lower()} if acted_on else needs.writer)
        return tuple(self.tickets.latest_of(sorted(map(key, requester)), EARLIER)) if requester else ()


def numbers_of(session: Session, needs: Needs) -> set[str]:
    """The tickets that ``needs`` lead to before their pointers are followed: what to lock."""
    found = set(needs.numbers)
    if needs.subject_key and (registered := _registered(session, needs.subject_key)):
        found.add(registered.number)
    if needs.token and (grant := _grant(session, needs.token)):
        found.add(grant.grant.number)
    if needs.unreached and (own := _own(session, needs)):
        found.add(own.number)
    return found - {""}


def _duplicate(
    session: Session, needs: Needs, seen: ledger.Seen | None, now: datetime
) -> Literal["", "same", "other_content"]:
    message_id = bare_id(needs.message_id)
    wanted = copy_key(message_id, needs.digest)
    if wanted is None:
        return ""
    since = None if message_id else now - COPY_WITHOUT_ID
    digests = ledger.copies(session, needs.mailbox, wanted, since, but=seen.id if seen else 0)
    if not digests:
        return ""
    return "same" if needs.digest in digests else "other_content"


_SENT = "letter, number, recipient, message_id, sent_at"


def _own(session: Session, needs: Needs, now: datetime | None = None) -> Sent | None:
    """Our letter that the mail speaks of: by its Message-ID, else the last one to an address that was not reached, of
    the days before ``now``."""
    ids = [key(bare_id(each)) for each in needs.own_ids]
    if ids and (row := _last_sent(session, "message_id", ids)):
        return row
    unreached = [key(each.lower()) for each in needs.unreached]
    since = micros(now - RETURNED_WITHIN) if now else 0
    return _last_sent(session, "recipient", unreached, since) if unreached else None


def _last_sent(
    session: Session, column: Literal["message_id", "recipient"], values: list[str], since: int = 0
) -> Sent | None:
    row = session.one(
        f"SELECT {_SENT} FROM outbox JOIN deliveries ON deliveries.id = outbox.id"
        f" WHERE {column} IN ({marks(values)}) AND created_at >= ? ORDER BY outbox.id DESC LIMIT 1",
        *values,
        since,
    )
    return Sent(row[0], row[1], row[2], row[3], when(row[4])) if row else None


def _last_subject(session: Session, needs: Needs) -> str:
    """The subject of the last letter about a ticket to the sender whose answers are threaded."""
    threading = [name for name, letter in LETTERS.items() if letter.threads and letter.side == "requester"]
    writer = sorted(map(key, needs.writer))
    found = session.value(
        f"SELECT subject FROM outbox WHERE number = ? AND recipient IN ({marks(writer)})"
        f" AND letter IN ({marks(threading)}) ORDER BY id DESC LIMIT 1",
        needs.last_subject,
        *writer,
        *threading,
    )
    return found or ""


def _registered(session: Session, subject_key: str) -> Registered | None:
    row = session.one("SELECT number, side, letter FROM subjects WHERE subject = ?", key(subject_key))
    return Registered(*row) if row else None


def _grant(session: Session, digest: bytes) -> HeldGrant | None:
    """The index leads to the row of a digest, whose timing tells nothing of a token; equal is what compares equal in
    constant time."""
    row = session.one(f"SELECT {GRANT_COLUMNS} FROM tokens WHERE digest = ?", digest)
    held = load_grant(row) if row else None
    return held if held and compare_digest(held.digest, digest) else None


def _round_used(session: Session, held: HeldGrant) -> HeldGrant | None:
    """The verdict by which the round of this one was decided."""
    if held.grant.purpose != "verdict":
        return None
    row = session.one(
        f"SELECT {GRANT_COLUMNS} FROM tokens"
        " WHERE number = ? AND round = ? AND purpose = 'verdict' AND used_at IS NOT NULL",
        held.grant.number,
        held.grant.round,
    )
    return load_grant(row) if row else None
