"""How the letters of a decision reach the outbox: which ones the guards let pass, and which they hold back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from daemon.store.context import Cause, Writing
from daemon.store.outbox import Compose, Posted
from daemon.store.rows import plain
from rules import guards
from rules.decision import Decision
from rules.deliveries import alert
from rules.desk import Desk
from rules.letters import LETTERS, Letter


@dataclass(frozen=True, slots=True)
class Posting:
    """The letters of one decision."""

    tx: Writing
    cause: Cause
    compose: Compose
    desk: Desk
    now: datetime

    def send(self, decision: Decision) -> Iterator[dict[str, str]]:
        """Post every letter that the guards let pass; what they held back, as notes for the ledger."""
        content = self._count_content(decision)
        alarms: list[tuple[str, str]] = []
        for letter in decision.letters:
            self.tx.keep_files(letter)
            for to in _recipients(letter):
                admission = self._admit(letter.name, to, content if to.lower() == self.cause.sender else "")
                alarms += _alarms(admission)
                if admission.action != "drop":
                    self._post(_copy(letter, self.desk.addresses_of(to)), to, admission)
                if admission.action != "send":
                    yield _note(letter.name, to, admission)
        for topic, name in dict.fromkeys(alarms):
            self._tell_admins(topic, name)

    def _count_content(self, decision: Decision) -> str:
        """Count the mail among its sender's with the same content, and name that window; "" if nothing answers it."""
        mail = self.cause.mail
        if mail is None or not self.cause.sender or not decision.letters:
            return ""
        done = decision.fields if decision.verdict == "opened" else decision.used
        window = guards.content_window(self.cause.sender, mail.visible or mail.subject, done)
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
            self._post(alarm, to, guards.Admission("send", self.now))

    def _post(self, letter: Letter, to: str, admission: guards.Admission) -> None:
        self.tx.posted.append(Posted(letter, to, admission, self.cause.mail_id, self.now, self.compose))


def _alarms(admission: guards.Admission) -> list[tuple[str, str]]:
    """The loop breakers that opened or closed for this letter, each with the topic of its alarm."""
    opened = [("breaker_open", admission.opened)] if admission.opened else []
    return opened + [("breaker_closed", name) for name, breaker in admission.breakers if breaker is None]


def _recipients(letter: Letter) -> list[str]:
    """Each address once, in order; then the participants if the table of letters says so, except those whom the mail
    itself reached."""
    copies = letter.ticket.participants if letter.ticket and LETTERS[letter.name].copies else ()
    first: dict[str, str] = {}
    for address in (*letter.to, *copies):
        first.setdefault(address.lower(), address)
    for address in letter.reached.intersection(map(str.lower, copies)):
        first.pop(address, None)
    return [address for address in first.values() if "@" in address]  # a pseudonym is none


def _copy(letter: Letter, to: frozenset[str]) -> Letter:
    """The letter as whoever has the addresses ``to`` gets it: a participant's has no links."""
    ticket = letter.ticket
    if not letter.links or ticket is None or LETTERS[letter.name].side != "requester":
        return letter
    participant = ticket.requester.lower() not in to and not ticket.people.isdisjoint(to)
    return replace(letter, links=()) if participant else letter


def _note(letter: str, to: str, admission: guards.Admission) -> dict[str, str]:
    until = {"until": admission.at.isoformat()} if admission.action == "defer" else {}
    return {"letter": letter, "to": plain(to), "guard": admission.action, "window": plain(admission.why), **until}
