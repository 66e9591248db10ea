"""Letters: what the guards let pass is composed and queued in the outbox."""

# ruff: noqa: S608 - statements are put together from our own literals alone; values are always parameters

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from isal import isal_zlib

from daemon.store.context import Cause, Writing
from daemon.store.rows import GRANT_COLUMNS, bare_id, dumps, grant_row, key, plain
from rules import guards
from rules.decision import Decision, Grant, Letter
from rules.deliveries import alert
from rules.desk import Desk
from rules.letters import LETTERS
from rules.ticket import micros

COMPRESSION = 1
"""Level of a letter's head: the texts shrink to a fifth, higher levels gain nothing."""


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


_INSERT_LETTER = """
INSERT INTO outbox (message_id, letter, number, recipient, subject, mail_id, created_at, guard, head, attachments, tail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_DELIVERY = """
INSERT INTO deliveries (id, status, attempts, next_at, lease, claimed_by, reply) VALUES ({last_id}, ?, 0, ?, 0, '', ?)
"""
_INSERT_SUBJECT = "INSERT INTO subjects (subject, number, side, letter) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_INSERT_TOKEN = f"INSERT INTO tokens ({GRANT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Posting:
    """The way of one decision's letters into the outbox."""

    tx: Writing
    cause: Cause
    compose: Compose
    desk: Desk
    now: datetime

    def send(self, decision: Decision) -> Iterator[dict[str, str]]:
        """Queue every letter that the guards let pass; what they held back, as notes for the ledger."""
        content = self._content(decision)
        alarms: list[tuple[str, str]] = []
        for letter in decision.letters:
            self.tx.keep_files(letter)
            for to in _recipients(letter):
                admission = self._admit(letter.name, to, content if to.lower() == self.cause.sender else "")
                alarms += [("breaker_open", admission.opened)] * bool(admission.opened)
                alarms += [("breaker_closed", name) for name, breaker in admission.breakers if breaker is None]
                if admission.action != "drop":
                    self._queue(_copy(letter, to), to, admission)
                if admission.action != "send":
                    yield _note(letter.name, to, admission)
        for topic, name in dict.fromkeys(alarms):
            self._tell_admins(topic, name)

    def _content(self, decision: Decision) -> str:
        """The window of mails of this content from this sender; the mail counts where it would be answered."""
        mail = self.cause.mail
        if mail is None or not self.cause.sender or not decision.letters:
            return ""
        opened = decision.fields if decision.verdict == "opened" else ()
        window = guards.content_window(self.cause.sender, mail.visible or mail.subject, opened)
        self.tx.windows.add(window, self.now)
        return window

    def _admit(self, letter: str, to: str, content: str) -> guards.Admission:
        windows, now = self.tx.windows, self.now
        if to.lower() in self.desk.own_addresses:
            return guards.Admission("drop", now, "own_address")
        limits = guards.limits(letter, to, to.lower() in self.desk.staff, self.desk.guards, content)
        counts = {limit.name: windows.buckets(limit.name, now) for limit in limits}
        breakers = {limit.name: found for limit in limits if limit.breaker and (found := windows.breaker(limit.name))}
        admission = guards.admit(letter, limits, counts, breakers, now)
        for name in admission.count:
            windows.add(name, admission.at)
        for name, breaker in admission.breakers:
            windows.set_breaker(name, breaker)
        return admission

    def _tell_admins(self, topic: str, name: str) -> None:
        """A loop breaker has opened, or closed again."""
        kind, _, whose = name.partition(":")
        detail = ("sender", whose.rpartition(":")[0]) if kind == "same" else ("domain", whose)
        alarm = alert(topic, (detail,), self.desk, self.now)
        for to in alarm.to:
            self._queue(alarm, to, guards.Admission("send", self.now))

    def _queue(self, letter: Letter, to: str, admission: guards.Admission) -> None:
        """One row of the outbox with its delivery. Message-ID and bytes are fixed from here on."""
        composed = self.compose(letter, to)
        session, deferred = self.tx.session, admission.action == "defer"
        session.put(
            _INSERT_LETTER,
            bare_id(composed.message_id),
            letter.name,
            composed.number,
            key(to.lower()),
            plain(composed.subject),
            self.cause.mail_id or None,
            micros(self.now),
            plain(admission.why),
            isal_zlib.compress(composed.head, COMPRESSION),
            dumps([[head.decode("latin-1"), digest] for head, digest in composed.attachments]),
            isal_zlib.compress(composed.tail, COMPRESSION) if composed.tail else b"",
        )
        status, next_at = ("deferred", micros(admission.at)) if deferred else ("queued", 0)
        reply = f"guard {plain(admission.why)}" if deferred else ""
        session.put(_INSERT_DELIVERY.format(last_id=session.dialect.last_id), status, next_at, reply)
        if composed.subject_key and composed.side:
            session.put(_INSERT_SUBJECT, key(composed.subject_key), composed.number, composed.side, letter.name)
        session.many(_INSERT_TOKEN, [grant_row(digest, grant) for digest, grant in composed.grants])


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


def _note(letter: str, to: str, admission: guards.Admission) -> dict[str, str]:
    until = {"until": admission.at.isoformat()} if admission.action == "defer" else {}
    return {"letter": letter, "to": plain(to), "guard": admission.action, "window": plain(admission.why), **until}
