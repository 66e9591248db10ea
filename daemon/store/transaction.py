"""One transaction: load, decide elsewhere, apply. What is read is locked, what is written is seen whole or never."""

# ruff: noqa: S608 - statements are put together from our own literals alone; values are always parameters

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo

from daemon.faults import kill_point
from daemon.files import Files
from daemon.store import apply, erasing, facts, ledger, posting, queues, set_aside
from daemon.store.context import Cause, Lookups, Writing
from daemon.store.dialect import Session
from daemon.store.tickets import Remembered
from rules.decision import Decision, Facts, Needs
from rules.desk import Desk


class Reading(Lookups):
    """What can be looked up in one transaction."""

    def load(self, needs: Needs, now: datetime, zone: tzinfo, seen: ledger.Seen | None = None) -> Facts:
        """The answers to ``needs``. ``zone`` dates a peeked number; ``seen`` is the mail that asks, if it is one."""
        return facts.load(self, needs, now, zone, seen)


class Transaction(Reading, Writing):
    """What can be written in one transaction."""

    def __init__(self, session: Session, remembered: Remembered, files: Files) -> None:
        super().__init__(session, remembered, files)
        self._fired: list[tuple[str, str, datetime]] = []

    def lock(self, needs: Iterable[Needs]) -> None:
        """Lock in one sorted step the tickets that the needs of a batch lead to, where others may write at the same
        time."""
        if self.session.lock:
            self.tickets.lock(number for each in needs for number in facts.numbers_of(self.session, each))

    def undecided(self, seen: ledger.Seen) -> bool:
        """Whether the mail still wants a verdict."""
        row = self.session.one("SELECT verdict FROM mails WHERE id = ?" + self.session.lock, seen.id)
        return row is not None and row[0] == ""

    def apply(self, cause: Cause, decision: Decision, compose: posting.Compose, desk: Desk, now: datetime) -> None:
        """Write what ``decision`` says. ``compose(letter, to)`` gives a letter's bytes for one recipient.

        AlreadyDecided: the mail has a verdict. Conflict: somebody was faster; the transaction is to be done again.
        """
        apply.apply(self, cause, decision, compose, desk, now)
        if cause.mail_id:
            kill_point("in_transaction")

    def record(self, outcome: queues.Outcome, now: datetime) -> bool:
        """As :func:`daemon.store.queues.record`, together with what follows from it."""
        return queues.record(self.session, outcome, now)

    def claim_due(self, number: str, name: str, now: datetime) -> bool:
        """As :func:`daemon.store.queues.claim_due`."""
        claimed = queues.claim_due(self.session, number, name, now)
        if claimed:
            self._fired.append((number, name, now))
        return claimed

    def set_back(self, mail_ids: Iterable[int], verdicts: tuple[str, ...], now: datetime) -> list[int]:
        """As :func:`daemon.store.set_aside.set_back`."""
        return set_aside.set_back(self.session, mail_ids, verdicts, now)

    def forget(self, address: str, desk: Desk, now: datetime, pseudonym: str) -> erasing.Traces:
        """As :func:`daemon.store.erasing.forget`."""
        return erasing.forget(self, Cause(), address, desk, now, pseudonym)

    def empty_ticket(self, number: str, desk: Desk, now: datetime) -> None:
        """As :func:`daemon.store.erasing.empty_ticket`."""
        erasing.empty_ticket(self, Cause(), number, desk, now)

    def finish(self) -> None:
        """What was held back to the end: counters, windows, and due rows that nothing came of."""
        for number, name, now in self._fired:
            queues.put_off(self.session, number, name, now)
        self.counters.flush()
        self.windows.flush()
