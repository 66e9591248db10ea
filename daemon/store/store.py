"""The store of one desk: opens the database, and lends its transactions."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from daemon.files import Files
from daemon.store import (
    audit,
    daemons,
    export,
    filing,
    ledger,
    listing,
    lock_file,
    notes,
    queues,
    raws,
    search,
    set_aside,
    word_index,
)  # fmt: skip
from daemon.store.clock import DatabaseClock, utc_now
from daemon.store.connections import Connections, connect
from daemon.store.dialect import Batch, Session
from daemon.store.errors import StoreError
from daemon.store.retrying import Retrying, looking, writing
from rules.desk import Desk
from rules.facts import Search
from rules.tables import Rates
from rules.ticket import Ticket, moment

T = TypeVar("T")


class Store(Retrying):
    """Everything a desk remembers. Safe for any number of threads.

    On SQLite one thread writes at a time, in the one process that holds the lock file; on PostgreSQL every
    thread has a connection of its own, and any number of daemons may run.
    """

    def __init__(self, url: str, connections: Connections, files: Files, clock: Callable[[], datetime]) -> None:
        super().__init__(connections, files)
        self.url = url
        self.clock = clock
        self.lease_of: Callable[[str], daemons.Lease | None] = lambda mailbox: None
        """What fences the writes for a mailbox, None where nothing must; LeaseLost where it is another daemon's."""
        self._shared: DatabaseClock | None = None
        self._receipts = connections.receipts
        self._folder: int | None = None

    @classmethod
    def open(cls, url: str, files: Path, readonly: bool = False, clock: Callable[[], datetime] = utc_now) -> Store:
        """Open ``url`` («sqlite:////absolute/path», «postgresql://…»), its schema brought up to date.

        ``readonly`` changes nothing, not even the schema. InUse, NotADatabase, WrongVersion and Unavailable say
        why it cannot be. Where several daemons may run, the database's own clock takes the place of the wall clock.
        """
        store = cls(url, connect(url, readonly), Files(files), clock)
        if clock is utc_now and not store.one_daemon:
            store.clock = store._shared = DatabaseClock()
            store._shared.set(store.look(lambda s: moment(s.dialect.clock(s))))
        return store

    @property
    def one_daemon(self) -> bool:
        """Whether this process alone may write (SQLite): no mailbox needs a lease."""
        return self._connections.dialect.name == "sqlite"

    def is_fault(self, fault: Exception) -> bool:
        """Whether the database is at fault, rather than a defect of ours."""
        return isinstance(fault, (StoreError, *self._connections.dialect.faults))

    @property
    def batch(self) -> Batch:
        """How many mails may share a transaction."""
        return self._connections.dialect.batch

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for the transaction that writes now, as far as can be seen."""
        return self._connections.awaited

    def own_files(self) -> None:
        """From here on the folder of files is this store's alone, where only one daemon may run; StoreError where it is
        another's."""
        if self.one_daemon:
            self._folder = lock_file.own(self.files.root)

    def close(self) -> None:
        """Let go of the connections, the receipts and the lock files."""
        self._receipts.close()
        self._connections.close()
        if self._folder is not None:
            os.close(self._folder)
        self._folder = None

    # -- as the functions of these names

    forgive = writing(ledger.forgive)
    unfiled = looking(filing.unfiled)
    due = looking(queues.due)
    leave = writing(daemons.leave)
    give_up = writing(daemons.give_up)
    mails = looking(listing.mails)
    tally = looking(audit.tally)

    # -- the ledger

    def take(self, mailbox: str, uidvalidity: int, fetched: Sequence[ledger.Fetched]) -> list[ledger.Seen]:
        """Rows for the mails just fetched, bytes kept, attempts counted; committed."""
        now, tries = self.clock(), itertools.count()

        def work(session: Session) -> list[ledger.Seen]:
            return ledger.take(session, self.files, mailbox, uidvalidity, fetched, now, again=next(tries) > 0)

        return self._run(work, self.lease_of(mailbox))

    def take_alone(self, mailbox: str, seen: ledger.Seen) -> ledger.Seen:
        """As :func:`daemon.store.ledger.take_alone`; committed before the mail is parsed."""
        tries = itertools.count()
        return self._run(lambda s: ledger.take_alone(s, seen, again=next(tries) > 0), self.lease_of(mailbox))

    def waiting(self, mailbox: str, after: int = 0, limit: int = 50) -> list[ledger.Seen]:
        """As :func:`daemon.store.ledger.waiting`: to be called while no mail of ``mailbox`` is in hand."""
        lease = self.lease_of(mailbox)
        if not self.look(lambda s: s.one(ledger.ANY_WAITING, mailbox, after)):
            return []
        return self._run(lambda s: ledger.waiting(s, self.files, mailbox, after, limit), lease)

    def filed(self, mailbox: str, moved: Sequence[filing.Filed]) -> None:
        """As :func:`daemon.store.filing.filed`."""
        self._run(lambda s: filing.filed(s, moved, self.clock()), self.lease_of(mailbox))

    def forget_places(self, mailbox: str, uidvalidity: int) -> int:
        """As :func:`daemon.store.filing.forget_places`."""
        now, lease = self.clock(), self.lease_of(mailbox)
        return self._run(lambda s: filing.forget_places(s, mailbox, uidvalidity, now), lease)

    def suspects(self, mailbox: str) -> str:
        """What :meth:`suspect` noted of ``mailbox``; "" for nothing."""
        return self.look(lambda s: notes.get(s, f"suspects {mailbox}"))

    def suspect(self, mailbox: str, suspects: str) -> None:
        """Note which mails of ``mailbox`` stand in the way of others, as daemon/mail/suspects.py writes them."""
        name = f"suspects {mailbox}"
        noted = partial(notes.put, name=name, value=suspects) if suspects else partial(notes.drop, name=name)
        self._run(noted, self.lease_of(mailbox))

    def retry(self, mail_ids: Sequence[int]) -> list[int]:
        """Quarantined mails are treated again; the ids of those that were quarantined."""
        return self._run(lambda s: set_aside.set_back(s, mail_ids, ("quarantined",), self.clock(), ledger.RETRIED))

    def release(self, mail_ids: Sequence[int]) -> list[int]:
        """Held or quarantined mails are treated now; the ids of those that were."""
        return self._run(lambda s: set_aside.set_back(s, mail_ids, ("held", "quarantined"), self.clock()))

    def release_due(self, now: datetime, rates: Rates) -> list[int]:
        """Rate-held mails whose time has come, and for which ``rates`` leave room, are treated now."""
        return self._run(lambda s: set_aside.release_due(s, now, rates)) if self.look(_any_held) else []

    # -- what waits

    def claim(self, owner: str, now: datetime, lease: timedelta, limit: int) -> list[queues.Outgoing]:
        """As :func:`daemon.store.queues.claim`, for an ``owner`` that has no claims yet: if the transaction is
        repeated, what an unanswered COMMIT may have given it is freed first. Letters that have gone are recorded
        before, so that nobody claims them again."""
        tries = itertools.count()

        def work(session: Session) -> list[queues.Outgoing]:
            if next(tries):
                queues.free_claims(session, now, owner)
            return queues.claim(session, owner, now, lease, limit)

        return self._after_receipts(work, now)

    def keep_receipt(self, outcome: queues.Outcome) -> bool:
        """As :meth:`daemon.store.receipts.Receipts.keep`: :meth:`record` enters it later; if False, it must do so
        now."""
        return self._receipts.keep(outcome)

    def record(self, outcomes: Sequence[queues.Outcome], now: datetime) -> list[bool]:
        """As :func:`daemon.store.queues.record`, for the receipts and for many deliveries, in one transaction, which
        does not wait for the disk: what a power failure takes away of it is sent once more.
        """
        if not outcomes and not self._receipts.kept():
            return []
        return self._after_receipts(lambda s: [queues.record(s, outcome, now) for outcome in outcomes], now, False)

    def _after_receipts(self, work: Callable[[Session], T], now: datetime, lasting: bool = True) -> T:
        """``work`` in a transaction that first records what was sent and not recorded yet."""
        kept = self._receipts.kept()

        def entered(session: Session) -> T:
            for outcome in kept:
                queues.record(session, outcome, now)
            return work(session)

        result = self._run(entered, lasting=lasting)
        self._receipts.drop(kept)
        return result

    def index_words(self, at_once: int = 100) -> int:
        """As :func:`daemon.store.word_index.index`, until none wait; returns how many there were. Called now and then,
        outside the hot path: a transaction of a hundred keeps others waiting for some 15 ms."""
        count = 0
        while self.look(lambda s: s.one("SELECT 1 FROM unindexed LIMIT 1")):
            indexed = self._run(lambda s: word_index.index(s, at_once))
            count += indexed
            if indexed < at_once:
                break
        return count

    def wipe(self) -> None:
        """After an erasure: remove the deleted data from the database's own octets too, as far as that is ours to do.
        The note that this is still to be done was committed with the deletion, so that the next daemon does it if this
        one dies first."""
        if not self.look(lambda s: notes.get(s, notes.UNWIPED)):
            return
        first = True
        while self._run(partial(self._connections.dialect.wipe_words, first=first)):
            first = False
        self._connections.settle()
        self._run(lambda s: notes.drop(s, notes.UNWIPED))

    def free_claims(self, owner: str = "") -> int:
        """As :func:`daemon.store.queues.free_claims`, but for what is sent, by an earlier process's receipts too."""
        self._receipts.find()
        return self._after_receipts(lambda s: queues.free_claims(s, self.clock(), owner), self.clock())

    def next_delivery(self) -> datetime | None:
        """As :func:`daemon.store.queues.next_delivery`."""
        return self.look(lambda s: queues.next_delivery(s, self.clock()))

    def beat(
        self, owner: str, mailboxes: Sequence[str], length: timedelta, share: int | None = None, desk: str = ""
    ) -> daemons.Beat:
        """As :func:`daemon.store.daemons.beat`; the store's clock is set by it."""
        beat = self._run(lambda s: daemons.beat(s, owner, mailboxes, length, share, desk))
        if self._shared:
            self._shared.set(beat.at)
        return beat

    # -- looking

    def search(self, wanted: Search) -> tuple[Ticket, ...]:
        """As :func:`daemon.store.search.search`."""
        return self.look(lambda s: search.search(s, wanted, self._remembered))

    def show(self, number: str, zone: tzinfo = UTC) -> dict[str, Any] | None:
        """As :func:`daemon.store.listing.show`."""
        return self.look(lambda s: listing.show(s, number, self._remembered, zone))

    def raw_mail(self, mail_id: int) -> bytes:
        """The octets of a mail of the ledger; KeyError where they were dropped or never were."""
        return self.look(lambda s: raws.whole_raw(s, self.files, mail_id))

    def export(self, number: str, to: Path, zone: tzinfo = UTC) -> list[Path]:
        """As :func:`daemon.store.export.export`."""
        return self.look(lambda s: export.export(s, self.files, number, to, zone))

    def audit(
        self,
        desk: Desk,
        folders: audit.FolderContents = audit.NOT_LOOKED_AT,
        progress: audit.Progress = lambda check, rows: None,
    ) -> list[audit.Finding]:
        """As :func:`daemon.store.audit.audit`, on one consistent picture; [] where the books balance."""
        return self.look(lambda s: audit.audit(audit.Books(s, self.files, desk, self.clock(), folders or {}), progress))


def _any_held(session: Session) -> bool:
    return session.one("SELECT 1 FROM mails WHERE held_until IS NOT NULL LIMIT 1") is not None
