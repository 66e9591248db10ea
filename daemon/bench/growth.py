"""A desk that has grown: tickets made through the store's own code, many at once, the same for the same seed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from daemon.bench.desk import GROUPS, SERVICES, TYPES
from daemon.config.settings import Settings, load
from daemon.mail.fetching import Fetched
from daemon.store import Cause, Filed, Store, Transaction
from daemon.writing.mime import Composed
from parsers.mail import Mail
from rules.decision import Decision, Letter, Needs
from rules.ticket import Event, fold

AT_ONCE = 500
A_DAY = 200_000
"""Tickets that share a day: numbers have six digits."""
_SUBJECTS = (
    ("confirmation", "Confirmación de la incidencia {number}", "requester"),
    ("assignment", "Asignación de la incidencia {number}", "group"),
    ("info_request", "Solicitud de información de la incidencia {number}", "requester"),
)


def grow(config: Path, tickets: int, seed: int = 1) -> None:
    """``tickets`` more, most of them old and closed, with a journal, a ledger row, letters and three subjects each."""
    settings = load(config)
    store = Store.open(settings.database.url, Path(settings.database.files))
    chance = random.Random(seed)  # noqa: S311 - no secret
    try:
        for first in range(0, tickets, AT_ONCE):
            count = min(AT_ONCE, tickets - first)
            _some(store, settings, first, count, chance)
    finally:
        store.close()


def _some(store: Store, settings: Settings, first: int, count: int, chance: random.Random) -> None:
    day = datetime(2015, 1, 5, 9, tzinfo=UTC) + timedelta(days=first // A_DAY)
    mails = [Fetched(first + n + 1, 3, day, b"x\r\n") for n in range(count)]
    seen = store.take("antiguo", 1, mails)

    def work(tx: Transaction) -> None:
        for n, row in enumerate(seen):
            _one(tx, settings, first + n, row.id, day + timedelta(milliseconds=n), chance)

    store.run(work)
    store.filed([Filed(row.id) for row in seen])


def _one(tx: Transaction, settings: Settings, n: int, row: int, at: datetime, chance: random.Random) -> None:
    desk = settings.desk
    sender = f"persona{chance.randrange(20_000)}@antes{n % 97}.example"
    mail = Mail(message_id=f"antiguo.{n}@antes.example", sender=sender, subject="Apertura", digest=f"{n:064x}")
    facts = tx.load(Needs(prefix="I"), at, desk.zone)
    events = _life(facts.next_number, sender, at, chance)
    ticket = fold(events)
    assert ticket is not None
    letters = tuple(Letter(name, (_to(side, sender, ticket.group),), ticket) for name, _, side in _SUBJECTS)

    def compose(letter: Letter, to: str) -> Composed:
        subject, side = next((text, side) for name, text, side in _SUBJECTS if name == letter.name)
        subject = subject.format(number=ticket.number)
        name = f"{letter.name}.{n}@cau.example"
        return Composed(letter.name, to, subject, name, subject.lower(), side, ticket.number, head=b"x\r\n")

    decision = Decision("opened", events=events, letters=letters, kind="incident")
    tx.apply(Cause(row, mail), decision, compose, desk, at)
    tx.session.run("UPDATE deliveries SET status = 'sent', next_at = NULL, sent_at = 1 WHERE next_at = 0")


def _to(side: str, sender: str, group: str) -> str:
    return sender if side == "requester" else f"{group}@cau.example"


def _life(number: str, sender: str, at: datetime, chance: random.Random) -> tuple[Event, ...]:
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
    closed = Event(number, "close", at + timedelta(hours=2), sender, changes={"state": "closed", "closed_at": at})
    return (opened, closed) if chance.random() < 0.98 else (opened,)
