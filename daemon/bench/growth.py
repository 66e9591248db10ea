"""A desk that has grown: tickets made through the store's own code, many at once, the same for the same seed."""

from __future__ import annotations

import random
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from daemon.bench.desk import GROUPS, SERVICES
from daemon.composed import Composed
from daemon.config.loopback import TYPES
from daemon.config.settings import Settings, load
from daemon.store import Cause, Fetched, Filed, Store, Transaction
from parsers.mail import Mail
from parsers.subject import thread_key
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Needs
from rules.letters import Grant, Letter
from rules.lifecycle import move
from rules.solutions import verdict_links
from rules.ticket import Event, Ticket, fold

AT_ONCE = 1000
"""Tickets a transaction."""
CLOSED = 0.98
"""How many of the tickets are closed."""
A_DAY = 200_000
"""Tickets that share a day: numbers have six digits."""
_SUBJECTS = (
    ("confirmation", "Confirmación de la incidencia {number}", "requester"),
    ("assignment", "Asignación de la incidencia {number}", "group"),
    ("info_request", "Solicitud de información de la incidencia {number}", "requester"),
)


@dataclass(frozen=True, slots=True)
class Open:
    """A ticket that still waits: its requester, the subject of a letter about it, and the token that validates its
    solution where it is resolved."""

    requester: str
    number: str
    subject: str
    token: str


def grow(
    config: Path, tickets: int, seed: int = 1, closed: float = CLOSED, solved_at: datetime | None = None
) -> list[Open]:
    """``tickets`` more, most of them old and closed, with a journal, a ledger row, letters and three subjects each;
    those that are open, resolved at ``solved_at`` where that is given. A seed serves a database once."""
    settings = load(config)
    store = Store.open(settings.database.login_url(), Path(settings.database.files))
    past = _Past(settings, random.Random(seed), seed, closed, solved_at)  # noqa: S311 - no secret
    try:
        for first in range(0, tickets, AT_ONCE):
            past.make(store, first, min(AT_ONCE, tickets - first))
    finally:
        store.close()
    return past.open


@dataclass(slots=True)
class _Past:
    """What has happened on a desk, as its seed will have it."""

    settings: Settings
    chance: random.Random
    seed: int
    closed: float
    solved_at: datetime | None
    open: list[Open] = field(default_factory=list)

    def make(self, store: Store, first: int, count: int) -> None:
        """Tickets by mails that one transaction treats, filed away and indexed."""
        day = (self.solved_at or datetime(2015, 1, 5, 9, tzinfo=UTC)) + timedelta(days=first // A_DAY)
        mails = [Fetched(first + n + 1, 3, day, b"x\r\n") for n in range(count)]
        seen = store.take("antiguo", self.seed, mails)

        def work(tx: Transaction) -> None:
            for n, row in enumerate(seen):
                self._one(tx, first + n, row.id, day + timedelta(milliseconds=n))

        store.run(work)
        store.run(_all_sent)
        store.filed("antiguo", [Filed(row.id, "done") for row in seen])
        store.index_words(AT_ONCE)

    def _one(self, tx: Transaction, n: int, row: int, at: datetime) -> None:
        sender = f"persona{self.chance.randrange(20_000)}@antes{n % 97}.example"
        facts = tx.load(Needs(prefix="I"), at, self.settings.desk.zone)
        events = _life(facts.next_number, sender, at, self.chance, self.closed)
        waits = len(events) == 1
        if waits and self.solved_at:
            events = (*events, _solution(events, at))
        name = f"antiguo.{self.seed}.{n}@antes.example"
        mail = Mail(message_id=name, sender=sender, subject="Apertura", digest=f"{self.seed:08x}{n:056x}")
        token = _apply(tx, Cause(row, mail), events, self.settings, at, self.chance)
        if waits:
            self.open.append(Open(sender, facts.next_number, _SUBJECTS[0][1].format(number=facts.next_number), token))


def _all_sent(tx: Transaction) -> None:
    tx.session.run("UPDATE deliveries SET status = 'sent', next_at = NULL, sent_at = 1 WHERE next_at = 0")


def _apply(
    tx: Transaction, cause: Cause, events: tuple[Event, ...], settings: Settings, at: datetime, chance: random.Random
) -> str:
    """Write the ticket; the token of its solution, "" where it has none."""
    ticket = fold(events)
    assert ticket is not None and cause.mail is not None
    sender, name = cause.mail.sender, cause.mail.message_id
    letters = tuple(Letter(each, (_to(side, sender, ticket.group),), ticket) for each, _, side in _SUBJECTS)
    granted = _granted(ticket, settings.desk, chance)
    grants = tuple((sha256(token.encode()).digest(), grant) for token, grant in granted)

    def compose(letter: Letter, to: str) -> Composed:
        subject, side = next((text, side) for each, text, side in _SUBJECTS if each == letter.name)
        subject = subject.format(number=ticket.number)
        own = f"{letter.name}.{name}"
        first = grants if letter is letters[0] else ()
        return Composed(subject, own, thread_key(subject), side, ticket.number, first, head=b"x\r\n")

    decision = Decision("opened", events=events, letters=letters, kind="incident")
    tx.apply(cause, decision, compose, settings.desk, at)
    return next((token for token, grant in granted if grant.verb == "validate"), "")


def _granted(ticket: Ticket, desk: Desk, chance: random.Random) -> list[tuple[str, Grant]]:
    """Tokens, and what each grants: that of the assignment, and of a solution's two links where there is one."""
    links = verdict_links(ticket, desk) if ticket.state == "resolved" else ()
    action = Grant("action", number=ticket.number, group=ticket.group, round=ticket.version)
    grants = [action, *(link.grant for link in links if link.grant)]
    return [(b32encode(chance.randbytes(17)).decode()[:26], grant) for grant in grants]


def _to(side: str, sender: str, group: str) -> str:
    return sender if side == "requester" else f"{group}@cau.example"


def _solution(events: tuple[Event, ...], at: datetime) -> Event:
    ticket = fold(events)
    assert ticket is not None
    return move(ticket, "resolve", at, visible=True, solution="Se ha reiniciado el servicio.", round=1)


def _life(number: str, sender: str, at: datetime, chance: random.Random, closed: float) -> tuple[Event, ...]:
    fields = (
        ("service", chance.choice(SERVICES)),
        ("type", chance.choice(TYPES)),
        ("description", f"Incidencia antigua número {number}."),
    )
    changes = {
        "kind": "incident",
        "subject": "Apertura",
        "group": chance.choice(GROUPS),
        "priority": "",
        "requester": sender,
        "fields": fields,
        "opened_at": at,
        "received_at": at,
    }
    opened = Event(number, "opened", at, sender, visible=True, changes=changes)
    end = Event(number, "close", at + timedelta(hours=2), sender, changes={"state": "closed", "closed_at": at})
    return (opened, end) if chance.random() < closed else (opened,)
