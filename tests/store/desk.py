"""A small desk and short ways to write causes, decisions and letters for the tests of the store."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from daemon.composed import Composed
from daemon.files import Octets
from daemon.store import Cause, Fetched, Seen, Store
from parsers.mail import Attachment, Mail
from rules.decision import Decision
from rules.desk import Desk
from rules.durations import Duration
from rules.facts import Needs
from rules.letters import LETTERS, Grant, Letter
from rules.tables import DeskTable, Group, Kind, Mailbox, Priority
from rules.ticket import Event, Ticket

NOW = datetime(2017, 10, 9, 8, 23, 58, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Madrid")
ANA, LUIS, EVA = "ana@clientes.example", "luis@clientes.example", "eva@otros.example"

DESK = Desk(
    desk=DeskTable("Soporte CAU", "cau.example", admins=("admin@cau.example",)),
    mailboxes=(Mailbox("apertura", ("opening", "service", "desk"), "soporte@cau.example"),),
    kinds={
        "incident": Kind("Incidencia", "I", "Apertura de Incidencia.", "n1"),
        "work_order": Kind("Orden de trabajo", "W", "Apertura de Orden de Trabajo.", "n1"),
    },
    groups={"n1": Group("Nivel 1", "n1@cau.example", ("tec@cau.example",), "coord@cau.example")},
    service_address="soporte@cau.example",
    priorities={
        "Urgente": Priority(Duration(hours=1), Duration(hours=4)),
        "Media": Priority(Duration(hours=4), Duration(hours=24)),
    },
)


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


def fetched(
    uid: int,
    raw: Octets = b"Subject: hola\r\n\r\nhola\r\n",
    internaldate: datetime = NOW,
    too_large: bool = False,
) -> Fetched:
    """What daemon/mail/fetching.py hands over."""
    return Fetched(uid, len(raw) if isinstance(raw, bytes) else 0, internaldate, raw, too_large)


_serial = itertools.count(1)


def compose(letter: Letter, to: str) -> Composed:
    """A letter with just what the store looks at."""
    spec, number = LETTERS[letter.name], letter.ticket.number if letter.ticket else ""
    subject = f"{letter.name} {number}".strip()
    grants = tuple((token(link.grant), link.grant) for link in letter.links if link.grant)
    message_id = f"<{next(_serial)}.{number or 'x'}@cau.example>"
    attachments = tuple((b"Content-Type: text/plain\r\n", each.digest) for each in letter.attachments)
    key = subject if spec.threads else ""
    head = b"Subject: x\r\n\r\nhola\r\n"
    return Composed(subject, message_id, key, spec.side, number, grants, head=head, attachments=attachments)


def token(grant: Grant) -> bytes:
    """The digest of a grant's token, so that a test can name it."""
    return hashlib.sha256(repr(replace(grant, expires_at=None)).encode()).digest()


def mail(n: int = 1, sender: str = ANA, **more: object) -> Mail:
    """A parsed mail."""
    digest = hashlib.sha256(f"{sender} {n}".encode()).hexdigest()
    values = {
        "message_id": f"m{n}@clientes.example",
        "sender": sender,
        "subject": f"Asunto {n}",
        "visible": f"hola {n}",
    }
    return Mail(**{**values, "digest": digest, **more})


def take(store: Store, uid: int, mailbox: str = "apertura", **more: object) -> Seen:
    """Take one mail into the ledger."""
    return store.take(mailbox, 1, [fetched(uid, **more)])[0]


def opening(number: str, requester: str = ANA, at: datetime = NOW, **changes: object) -> Event:
    """The event that opens a ticket."""
    values = {"kind": "incident", "group": "n1", "priority": "Media", "requester": requester, "opened_at": at}
    values |= {"running": ((at, None),)}
    return Event(number, "opened", at, requester, changes={**values, "subject": "Apertura", **changes})


def open_ticket(
    store: Store,
    uid: int,
    prefix: str = "I",
    sender: str = ANA,
    letters: Callable[[Ticket], tuple[Letter, ...]] = lambda ticket: (),
    now: datetime = NOW,
    desk: Desk = DESK,
    **changes: object,
) -> str:
    """Take a mail and open a ticket by it; the ticket's number."""
    seen = take(store, uid)
    with store.write() as tx:
        facts = tx.load(Needs(prefix=prefix, sender=sender), now, ZONE, seen)
        event = opening(facts.next_number, sender, now, **changes)
        ticket = Ticket(event.number, **event.changes)
        decision = Decision("opened", events=(event,), letters=letters(ticket), kind="incident")
        tx.apply(Cause(seen.id, mail(uid, sender)), decision, compose, desk, now)
    return facts.next_number


def change(store: Store, number: str, name: str, now: datetime = NOW, **changes: object) -> None:
    """One more event of a ticket, by nobody's mail."""
    with store.write() as tx:
        tx.load(Needs(numbers=(number,)), now, ZONE)
        tx.apply(
            Cause(),
            Decision(events=(Event(number, name, now, "tec@cau.example", changes=changes),)),
            compose,
            DESK,
            now,
        )


def attachment(content: bytes, name: str = "pantalla.png") -> Attachment:
    """A file that came with a mail."""
    return Attachment(name, "image/png", len(content), hashlib.sha256(content).hexdigest())
