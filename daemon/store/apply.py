"""Decision → rows: events folded, numbers spent, the verdict written, letters admitted, composed and queued."""

# ruff: noqa: S608 - statements are put together from our own literals alone; values are always parameters

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Protocol

from daemon.store import blocked, ledger, people
from daemon.store.context import Cause, Writing
from daemon.store.dialect import Row, Session
from daemon.store.errors import AlreadyDecided, Conflict
from daemon.store.rows import GRANT_COLUMNS, at, bare_id, copy_key, dump_ticket, dumps, event_row, grant_row, key, plain
from parsers.mail import Mail
from rules import guards
from rules.decision import Decision, Grant, Letter
from rules.deliveries import alert
from rules.desk import Desk
from rules.due import next_due
from rules.letters import LETTERS
from rules.ticket import Event, Ticket, evolve, micros

COMPRESSION = 1
"""zlib level of a letter's head: the texts shrink to a fifth, higher levels cost more than they save."""
LONGEST_SUBJECT = 1000


class Composed(Protocol):
    """A letter as daemon/writing/letters.py composed it for one recipient."""

    @property
    def subject(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def subject_key(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def grants(self) -> tuple[tuple[bytes, Grant], ...]: ...
    @property
    def head(self) -> bytes: ...
    @property
    def attachments(self) -> tuple[tuple[bytes, str], ...]: ...
    @property
    def tail(self) -> bytes: ...


Compose = Callable[[Letter, str], Composed]


def apply(tx: Writing, cause: Cause, decision: Decision, compose: Compose, desk: Desk, now: datetime) -> None:
    """Write all that ``decision`` says. Nothing is visible before the transaction commits."""
    _use_tokens(tx.session, decision.used, now)
    write_events(tx, cause, decision.events, desk, now)
    for person in decision.people:
        people.put(tx.session, person)
    if decision.release:
        ledger.release_senders(tx.session, decision.release, now)
    for mail_id, verb in decision.settled:
        ledger.settle(tx.session, mail_id, verb, now)
    for sender in decision.blocked:
        blocked.block(tx.session, sender, now)
    for name in decision.counters:
        tx.windows.add(name, now)
    notes = tuple(_send(tx, cause, decision, compose, desk, now))
    if cause.mail_id:
        _write_verdict(tx.session, cause, decision, notes, now)


def _use_tokens(session: Session, digests: Sequence[bytes], now: datetime) -> None:
    """The first who commits wins; who comes second sees it when the transaction is done again."""
    for digest in digests:
        if not session.run("UPDATE tokens SET used_at = ? WHERE digest = ? AND used_at IS NULL", micros(now), digest):
            raise Conflict("a token was used by somebody else in the meantime")


# -- tickets and journal

_INSERT_EVENT = """
INSERT INTO events (number, seq, at, name, actor, mail_id, text, visible, changes, attachments, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
_UNINDEXED = "INSERT INTO unindexed (event_id) VALUES (?)"
_PUT_TICKET = """
INSERT INTO tickets (number, kind, state, reason, priority, rank, category, group_key, assignee, requester,
  requester_name, opened_at, closed_at, due_at, due_name, points_to, version, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_TICKET = """
UPDATE tickets SET kind = ?, state = ?, reason = ?, priority = ?, rank = ?, category = ?, group_key = ?, assignee = ?,
  requester = ?, requester_name = ?, opened_at = ?, closed_at = ?, due_at = ?, due_name = ?, points_to = ?,
  version = ?, body = ? WHERE number = ? AND version = ?
"""


def write_events(tx: Writing, cause: Cause, events: Sequence[Event], desk: Desk, now: datetime) -> None:
    """Fold events into their tickets, spend the numbers of new ones, and write both."""
    numbers = dict.fromkeys(event.number for event in events)
    before = {number: None if tx.counters.is_next(number) else tx.tickets.get(number) for number in numbers}
    after: dict[str, Ticket | None] = dict(before)
    rows = []
    for event in events:
        ticket = after[event.number]
        if ticket is None:
            tx.counters.spend(event.number)
        after[event.number] = ticket = evolve(ticket, event)
        rows.append(event_row(event, ticket.version, cause.mail_id or None))
    for number, ticket in after.items():
        assert ticket
        _write_ticket(tx, ticket, before[number], desk, now)
    ids = [tx.session.one(_INSERT_EVENT, *row) for row in rows]
    tx.session.many(_UNINDEXED, [row for row in ids if row])


def _write_ticket(tx: Writing, ticket: Ticket, before: Ticket | None, desk: Desk, now: datetime) -> None:
    values = _ticket_row(ticket, next_due(ticket, desk, now), desk, now)
    if before is None:
        tx.session.run(_PUT_TICKET, ticket.number, *values)
    elif not tx.session.run(_UPDATE_TICKET, *values, ticket.number, before.version):
        raise Conflict(f"ticket {ticket.number} moved while it was locked")
    tx.tickets.put(ticket)


def _ticket_row(ticket: Ticket, due: tuple[datetime, str] | None, desk: Desk, now: datetime) -> Row:
    due_at, due_name = (micros(due[0]), due[1]) if due else (None, "")
    return (
        ticket.kind,
        ticket.state,
        ticket.reason,
        ticket.priority,
        rank(ticket.priority, desk),
        ticket.category,
        ticket.group,
        key(ticket.assignee.lower()),
        key(ticket.requester.lower()),
        plain(ticket.requester_name),
        micros(ticket.opened_at or now),
        at(ticket.closed_at),
        due_at,
        due_name,
        ticket.points_to,
        ticket.version,
        dump_ticket(ticket),
    )


def rank(priority: str, desk: Desk) -> int:
    """The most urgent first; a priority that the desk no longer has comes last."""
    names = list(desk.priorities)
    if priority not in names:
        return len(names) + 100
    return desk.priorities[priority].rank or names.index(priority)


# -- the ledger

_VERDICT = """
UPDATE mails SET verdict = ?, why = ?, number = ?, message_id = ?, digest = ?, copy_key = ?, sender = ?, subject = ?,
  decided_at = ?, held_until = ?, detail = ? WHERE id = ? AND verdict = ''
"""


def _write_verdict(
    session: Session, cause: Cause, decision: Decision, notes: Sequence[Mapping[str, str]], now: datetime
) -> None:
    mail = cause.mail or Mail()
    message_id = bare_id(mail.message_id)
    written = session.run(
        _VERDICT,
        decision.verdict,
        decision.why,
        _number(decision),
        key(message_id),
        mail.digest,
        copy_key(message_id, mail.digest),
        key(mail.sender.lower()),
        plain(mail.subject[:LONGEST_SUBJECT]),
        micros(now),
        at(decision.held_until) if decision.verdict == "held" else None,
        _detail(mail, decision, notes),
        cause.mail_id,
    )
    if not written:
        raise AlreadyDecided(f"mail {cause.mail_id} has its verdict already")


def _number(decision: Decision) -> str:
    """The ticket that the mail is about, "" for none."""
    events = (event.number for event in decision.events)
    letters = (letter.ticket.number for letter in decision.letters if letter.ticket)
    return next((number for numbers in (events, letters) for number in numbers), "")


def _detail(mail: Mail, decision: Decision, notes: Sequence[Mapping[str, str]]) -> str:
    """What else `acuse` shows of the mail; only what there is."""
    detail: dict[str, Any] = {
        "kind": decision.kind,
        "faults": [asdict(fault) for fault in decision.faults],
        "rule": decision.rule,
        "group": decision.group,
        "priority": decision.priority,
        "remarks": [*mail.remarks, *decision.remarks],
        "letters": list(notes),
        "sender_name": mail.sender_name if decision.verdict in ("held", "quarantined") else "",
    }
    present = {name: value for name, value in detail.items() if value}
    return dumps(present) if present else ""


# -- letters


def _send(
    tx: Writing, cause: Cause, decision: Decision, compose: Compose, desk: Desk, now: datetime
) -> Iterator[dict[str, str]]:
    """Queue every letter that the guards let pass; what they held back, as notes for the ledger."""
    content = _content(tx, cause, decision, now)
    alarms: list[tuple[str, str]] = []
    for letter in decision.letters:
        tx.keep_files(letter)
        for to in _recipients(letter):
            admission = _admit(tx, letter.name, to, content if to.lower() == cause.sender else "", desk, now)
            alarms += [("breaker_open", admission.opened)] * bool(admission.opened)
            alarms += [("breaker_closed", name) for name, breaker in admission.breakers if breaker is None]
            if admission.action != "drop":
                _queue(tx, cause, _copy(letter, to), to, compose, admission, now)
            if admission.action != "send":
                yield _note(letter.name, to, admission)
    for topic, name in dict.fromkeys(alarms):
        _tell_admins(tx, cause, topic, name, compose, desk, now)


def _content(tx: Writing, cause: Cause, decision: Decision, now: datetime) -> str:
    """The window of mails of this content from this sender; the mail counts where it would be answered."""
    if cause.mail is None or not cause.sender or not decision.letters:
        return ""
    window = guards.content_window(cause.sender, cause.mail.visible or cause.mail.subject)
    tx.windows.add(window, now)
    return window


def _recipients(letter: Letter) -> list[str]:
    """Each address once, in order; participants after them where the letter's table says so, but for those who have
    its content already."""
    copies = letter.ticket.participants if letter.ticket and LETTERS[letter.name].copies else ()
    first: dict[str, str] = {}
    for address in (*letter.to, *copies):
        first.setdefault(address.lower(), address)
    for address in letter.reached.intersection(map(str.lower, copies)):
        first.pop(address, None)
    return [address for address in first.values() if "@" in address]  # a pseudonym is none


def _copy(letter: Letter, to: str) -> Letter:
    """The letter as ``to`` gets it: a participant's has no links."""
    ticket = letter.ticket
    if not letter.links or ticket is None or LETTERS[letter.name].side != "requester":
        return letter
    participant = to.lower() != ticket.requester.lower() and to.lower() in ticket.people
    return replace(letter, links=()) if participant else letter


def _admit(tx: Writing, letter: str, to: str, content: str, desk: Desk, now: datetime) -> guards.Admission:
    staff, own = tx.addresses(desk)
    if to.lower() in own:
        return guards.Admission("drop", now, "own_address")
    limits = guards.limits(letter, to, to.lower() in staff, desk.guards, content)
    counts = {limit.name: tx.windows.buckets(limit.name, now) for limit in limits}
    breakers = {limit.name: found for limit in limits if limit.breaker and (found := tx.windows.breaker(limit.name))}
    admission = guards.admit(letter, limits, counts, breakers, now)
    for name in admission.count:
        tx.windows.add(name, admission.at)
    for name, breaker in admission.breakers:
        tx.windows.set_breaker(name, breaker)
    return admission


def _note(letter: str, to: str, admission: guards.Admission) -> dict[str, str]:
    until = {"until": admission.at.isoformat()} if admission.action == "defer" else {}
    return {"letter": letter, "to": plain(to), "guard": admission.action, "window": plain(admission.why), **until}


def _tell_admins(tx: Writing, cause: Cause, topic: str, name: str, compose: Compose, desk: Desk, now: datetime) -> None:
    """A loop breaker has opened, or closed again."""
    kind, _, whose = name.partition(":")
    detail = ("sender", whose.rpartition(":")[0]) if kind == "same" else ("domain", whose)
    alarm = alert(topic, (detail,), desk, now)
    for to in alarm.to:
        _queue(tx, cause, alarm, to, compose, guards.Admission("send", now), now)


_INSERT_LETTER = """
INSERT INTO outbox (message_id, letter, number, recipient, subject, mail_id, created_at, guard, head, attachments, tail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
_INSERT_DELIVERY = """
INSERT INTO deliveries (id, status, attempts, next_at, lease, claimed_by, reply, sent_at)
VALUES (?, ?, 0, ?, 0, '', ?, NULL)
"""
_INSERT_SUBJECT = "INSERT INTO subjects (subject, number, side, letter) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_INSERT_TOKEN = f"INSERT INTO tokens ({GRANT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _queue(
    tx: Writing, cause: Cause, letter: Letter, to: str, compose: Compose, admission: guards.Admission, now: datetime
) -> None:
    """One row of the outbox with its delivery. Message-ID and bytes are fixed from here on."""
    composed = compose(letter, to)
    session, deferred = tx.session, admission.action == "defer"
    row = session.one(
        _INSERT_LETTER,
        bare_id(composed.message_id),
        letter.name,
        composed.number,
        key(to.lower()),
        plain(composed.subject),
        cause.mail_id or None,
        micros(now),
        plain(admission.why),
        zlib.compress(composed.head, COMPRESSION),
        dumps([[head.decode("latin-1"), digest] for head, digest in composed.attachments]),
        zlib.compress(composed.tail, COMPRESSION) if composed.tail else b"",
    )
    assert row
    status, next_at = ("deferred", micros(admission.at)) if deferred else ("queued", 0)
    session.run(_INSERT_DELIVERY, row[0], status, next_at, f"guard {plain(admission.why)}" if deferred else "")
    if composed.subject_key and composed.side:
        session.run(_INSERT_SUBJECT, key(composed.subject_key), composed.number, composed.side, letter.name)
    session.many(_INSERT_TOKEN, [grant_row(digest, grant) for digest, grant in composed.grants])
