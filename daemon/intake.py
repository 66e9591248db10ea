"""From fetched mails to verdicts: ledger rows, readings, decisions, one transaction; then the mails may be filed away.

    take → parse → read → [ load → decide → apply ] × mails, their letters, COMMIT → the mailbox moves them

Mails share a transaction as long as it is short (:class:`daemon.store.dialect.Batch`). A batch whose transaction fails
is treated again mail by mail; a mail that fails alone as often as the limit allows is quarantined, its neighbours go
on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from daemon.causes import apply
from daemon.config.accounts import Account
from daemon.config.live import Live, Loaded
from daemon.faults import kill_point
from daemon.log import log
from daemon.mail.pipe import Poisoned, UnkeptError
from daemon.mail.reader import Reader
from daemon.store import Cause, Fetched, Seen, Store, Transaction, Unfiled
from daemon.store.errors import LeaseLost, Unavailable
from daemon.writing.letters import Letters
from parsers.mail import Mail
from parsers.peek import LOOKED_AT, peek
from rules.decision import Decision, folder_of
from rules.desk import Desk
from rules.facts import Needs
from rules.intake import decide
from rules.reading import Arrival, Reading, read

AHEAD = 25
"""Mails read before a transaction begins; the parser process goes on with the next ones meanwhile."""

Verdicts = dict[int, tuple[str, str]]
"""Verdict and Message-ID by ledger id."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A mail in hand: its row, what it says, and what must be looked up for its verdict."""

    seen: Seen
    reading: Reading
    needs: Needs


class Intake:
    """Gives every mail of a mailbox its verdict. Used by one thread per mailbox; the store serialises what it must."""

    def __init__(
        self,
        store: Store,
        reader: Reader,
        live: Live[Letters],
        spool: Path,
        queued: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self.spool = spool
        self._reader = reader
        self._live = live
        self._queued = queued
        self.verdicts: Counter[str] = Counter()

    @property
    def largest_mail(self) -> int:
        """Octets; of a larger mail only the headers are fetched."""
        return self._live.current.settings.desk.limits.mail

    # -- what a mailbox asks

    def treat(self, account: Account, uidvalidity: int, mails: Sequence[Fetched]) -> list[Unfiled]:
        """Give every mail a verdict and commit; returns where each belongs. Mails that could not be finished are left
        out and offered again; the marked copy of one that was filed before belongs nowhere."""
        seen = self.store.take(account.name, uidvalidity, mails)
        decided = {row.id: (row.verdict, "") for row in seen if row.verdict}
        decided |= self._treat_all(account.name, [row for row in seen if not row.verdict])
        return [
            Unfiled(row.id, "" if row.filed else folder_of(verdict), "", uidvalidity, row.uid, message_id)
            for row in seen
            for verdict, message_id in [decided.get(row.id, ("", ""))]
            if verdict
        ]

    def treat_waiting(self, account: Account) -> Iterator[int]:
        """Treat what stands in the ledger without a verdict: released, retried, left by a process that died."""
        after = 0
        while rows := self.store.waiting(account.name, after):
            yield len(self._treat_all(account.name, rows))
            after = rows[-1].id

    # -- treating

    def _treat_all(self, mailbox: str, rows: Sequence[Seen]) -> Verdicts:
        """Rows with an unfinished attempt are treated one by one."""
        fresh = [row for row in rows if not row.unfinished]
        decided: Verdicts = {}
        if fresh:
            decided |= self._together(mailbox, fresh)
        for row in rows:
            if row.unfinished:
                decided |= self._alone(mailbox, self.store.take_alone(mailbox, row))
        if decided:
            self._queued()
        return decided

    def _together(self, mailbox: str, rows: Sequence[Seen]) -> Verdicts:
        """A batch. If it fails, treating each mail alone shows which one is at fault."""
        found, failed = self._tried(mailbox, rows, "batch failed", mails=len(rows))
        for row in rows if failed else ():
            if row.id not in found:
                found |= self._alone(mailbox, self.store.take_alone(mailbox, row))
        return found

    def _alone(self, mailbox: str, row: Seen) -> Verdicts:
        """One mail by itself; after too many attempts, each of which was counted, it is quarantined unread."""
        limit = self._live.current.settings.desk.limits.attempts
        if row.attempts_alone <= limit:
            found, failed = self._tried(mailbox, [row], "mail failed", mail=row.id, attempt=row.attempts_alone)
            if not failed or row.attempts_alone < limit:
                return found
        return self._quarantine(mailbox, row)

    def _tried(self, mailbox: str, rows: Sequence[Seen], what: str, **about: int) -> tuple[Verdicts, bool]:
        """What was decided, and whether the rest failed because of a mail, which is logged. An absent database
        raises."""
        found: Verdicts = {}
        try:
            for verdicts in self._decide(mailbox, rows):
                found |= verdicts
        except (LeaseLost, Unavailable):
            raise
        except UnkeptError as fault:  # alone it waits, as if it had not been tried
            log.warning(what, mailbox=mailbox, why=str(fault), **about)
            if len(rows) == 1:
                self.store.forgive([rows[0].id])
            return found, len(rows) > 1
        except Exception:  # a defect of ours, or a mail that the parser died of
            log.exception(what, mailbox=mailbox, **about)
            return found, True
        return found, False

    def _quarantine(self, mailbox: str, row: Seen) -> Verdicts:
        decision = Decision("quarantined", "error")
        loaded, now = self._live.current, self.store.clock()
        cause, lease = Cause(row.id, glimpse(row)), self.store.lease_of(mailbox)
        self.store.run(lambda tx: apply(tx, cause, decision, loaded, now), lease=lease)
        log.warning("mail quarantined", mail=row.id, why=decision.why)
        return {row.id: ("quarantined", "")}

    def _decide(self, mailbox: str, rows: Sequence[Seen]) -> Iterator[Verdicts]:
        """From octets to verdicts, one transaction after the other, by one version of the configuration.

        If the database is away, the attempt is taken back; if the lease is lost, it is not: the next holder counts its
        own.
        """
        loaded = self._live.current
        mails = self._in_hand(mailbox, rows, loaded.settings.desk)
        left: list[Pending] = []
        try:
            while left := [*left, *islice(mails, AHEAD - len(left))]:
                looked_at, decided = self._transaction(left[: self.store.batch.mails], loaded)
                yield self._told(left[:looked_at], decided)
                left = left[looked_at:]
        except Unavailable:
            self.store.forgive([row.id for row in rows])
            raise

    def _in_hand(self, mailbox: str, rows: Sequence[Seen], desk: Desk) -> Iterator[Pending]:
        """Parsed in the child process, read against the configuration."""
        answers = self._reader.answers([(row.id, row.octets) for row in rows])
        for row, answer in zip(rows, answers, strict=True):
            kill_point("after_parse")
            yield self._pending(mailbox, row, answer, desk)

    def _pending(self, mailbox: str, row: Seen, result: Mail | Poisoned, desk: Desk) -> Pending:
        if isinstance(result, Poisoned) and result.unkept:
            raise UnkeptError(result.why)
        if isinstance(result, Poisoned) and not result.final and row.attempts_alone < desk.limits.attempts:
            raise UnreadableError(result.why)
        poisoned = result.why if isinstance(result, Poisoned) else ""
        mail = glimpse(row) if isinstance(result, Poisoned) else result
        reading = read(Arrival(mailbox, mail, row.received_at, poisoned, row.too_large, row.size), desk)
        return Pending(row, reading, reading.needs(desk))

    def _transaction(self, mails: Sequence[Pending], loaded: Loaded[Letters]) -> tuple[int, dict[int, Decision]]:
        """How many mails one transaction looked at, and its decisions on those that had no verdict. Numbers, verdicts
        and letters are committed together or not at all."""
        desk = loaded.settings.desk

        def work(tx: Transaction) -> tuple[int, dict[int, Decision]]:
            now, until = self.store.clock(), time.monotonic() + self.store.batch.seconds
            decided: dict[int, Decision] = {}
            for place, pending in enumerate(mails):
                if place and time.monotonic() >= until and self.store.awaited:
                    return place, decided
                if tx.undecided(pending.seen):
                    facts = tx.load(pending.needs, now, desk.zone, pending.seen)
                    decision = decide(pending.reading, facts, desk, now)
                    apply(tx, Cause(pending.seen.id, pending.reading.mail), decision, loaded, now)
                    decided[pending.seen.id] = decision
            return len(mails), decided

        # None: an earlier try was committed after all; a look at the same mails tells how far it came
        lease = self.store.lease_of(mails[0].reading.mailbox.name)
        return self.store.run(work, [pending.needs for pending in mails], lease) or (0, {})

    def _told(self, mails: Sequence[Pending], decided: Mapping[int, Decision]) -> Verdicts:
        """Count and log what was decided; returns the verdicts."""
        verdicts: Verdicts = {}
        for pending in mails:
            if decision := decided.get(mail := pending.seen.id):
                verdict, mailbox = str(decision.verdict), pending.reading.mailbox.name
                verdicts[mail] = (verdict, pending.reading.mail.message_id)
                self.verdicts[verdict] += 1
                tickets = list(dict.fromkeys(event.number for event in decision.events))
                log.info("treated", mail=mail, mailbox=mailbox, verdict=verdict, why=decision.why, tickets=tickets)
        return verdicts


def glimpse(row: Seen) -> Mail:
    """Sender and subject of a mail that cannot be read, for the ledger and for the admin who decides about it."""
    octets = row.octets or b""
    if isinstance(octets, Path):
        octets = _beginning(octets)
    sender, subject, _ = peek(octets)
    return Mail(sender=sender, subject=subject)


def _beginning(of: Path) -> bytes:
    """Of a file; nothing, where the disk fails: a mail is set aside all the same."""
    try:
        with of.open("rb") as file:
            return file.read(LOOKED_AT)
    except OSError:
        return b""


class UnreadableError(Exception):
    """A mail that the parser process died of, or took too long for; it is tried again, alone."""
