"""One transaction: load, decide elsewhere, apply. What is read is locked, what is written is seen whole or never."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from daemon.faults import kill_point
from daemon.files import Files
from daemon.store import apply, facts, ledger, outbox, queues
from daemon.store.context import Cause, Writing
from daemon.store.dialect import Session
from daemon.store.tickets import Remembered
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Needs


class Transaction(Writing):
    """What can be looked up and written in one transaction."""

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
        return bool(self.session.value("SELECT verdict FROM mails WHERE id = ?" + self.session.lock, seen.id) == "")

    def apply(self, cause: Cause, decision: Decision, compose: outbox.Compose, desk: Desk, now: datetime) -> None:
        """Write what ``decision`` says. ``compose(letter, to)`` gives a letter's bytes for one recipient.

        AlreadyDecided: the mail has a verdict. Conflict: somebody was faster; the transaction is to be done again.
        """
        apply.apply(self, cause, decision, compose, desk, now)
        if cause.mail_id:
            kill_point("in_transaction")

    def claim_due(self, number: str, name: str, now: datetime) -> bool:
        """As :func:`daemon.store.queues.claim_due`."""
        claimed = queues.claim_due(self.session, number, name, now)
        if claimed:
            self._fired.append((number, name, now))
        return claimed

    def finish(self) -> None:
        """What was held back to the end: letters, counters, windows, and due rows that nothing came of."""
        outbox.queue(self.session, self.posted)
        for number, name, now in self._fired:
            queues.put_off(self.session, number, name, now)
        self.counters.flush()
        self.windows.flush()
