"""Which mailboxes this daemon watches: all where it is alone, its fair share where several work on one database.

A mailbox is watched by the daemon that holds its lease; whoever stops beating loses its leases within seconds, and what
it still writes is refused by the lease's number.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from daemon.config.accounts import Account
from daemon.log import log
from daemon.mail.mailbox import MailboxWatcher
from daemon.store import Store
from daemon.store.daemons import Lease
from daemon.store.errors import LeaseLost

BEAT_S = 0.5
LEASE = timedelta(seconds=2.5)
"""Five beats: a mailbox whose daemon is silent for longer is taken over at the next beat of another."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a daemon does with mailboxes: ``accounts`` as configured now, ``desk`` the digest of what it decides by now,
    ``watch`` makes a watcher, ``freed`` hears that letters of a dead daemon wait."""

    owner: str
    accounts: Callable[[], Sequence[Account]]
    watch: Callable[[Account], MailboxWatcher]
    freed: Callable[[], None]
    desk: Callable[[], str] = lambda: ""


class Mailboxes:
    """The watchers of one daemon, and the thread that beats for them."""

    def __init__(self, store: Store, work: Work) -> None:
        self.watchers: dict[str, MailboxWatcher] = {}
        self.leases: dict[str, Lease] = {}
        self._store, self._work = store, work
        self._alone = store.one_daemon
        self._watching = self._ending = False
        self._beaten_at = -float("inf")
        self._share = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beats, name="mailboxes", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether no other daemon can take this one for dead yet."""
        return self._alone or time.monotonic() - self._beaten_at < 1.8 * LEASE.total_seconds()

    def lease_of(self, mailbox: str) -> Lease | None:
        """What fences the writes for a mailbox, None where nothing must; LeaseLost where it is not ours."""
        if self._alone:
            return None
        lease = self.leases.get(mailbox)
        if lease is None:
            raise LeaseLost(f"mailbox {mailbox} is another daemon's")
        return lease

    def start(self) -> None:
        """Watch what is ours, now and from now on."""
        self._watching = True
        self._thread.start()

    def hold(self) -> None:
        """Take every free mailbox and keep it without watching it (`run --once`); those of a daemon that died a moment
        ago are waited for."""
        if self._alone:
            return
        until = time.monotonic() + LEASE.total_seconds() + BEAT_S
        self._beat()
        self._thread.start()
        while len(self.leases) < len(self._work.accounts()) and time.monotonic() < until:
            time.sleep(BEAT_S / 5)

    def wake(self) -> None:
        """Something in the ledger waits for its treatment."""
        for watcher in list(self.watchers.values()):
            watcher.wake()

    def end(self) -> None:
        """Ask the watchers to end; nothing new is begun. Waits for nothing, least of all for the database."""
        self._ending = True
        for watcher in list(self.watchers.values()):
            watcher.stop()

    def join(self, until: float) -> None:
        """Wait for them until then (monotonic), and beat no more."""
        for watcher in list(self.watchers.values()):
            watcher.join(max(0.0, until - time.monotonic()))
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(max(0.0, until - time.monotonic()))

    # -- one beat

    def _beats(self) -> None:
        while not self._stop.is_set():
            try:
                self._tend()
            except Exception as fault:  # noqa: BLE001 - the database is away: the next beat tries again
                log.warning("beat failed", why=str(fault))
            self._stop.wait(BEAT_S)

    def _tend(self) -> None:
        if not self._alone:
            self._beat()
        if self._watching and not self._ending:
            self._tend_watchers()

    def _beat(self) -> None:
        began = time.monotonic()
        names = [account.name for account in self._work.accounts()]
        wanted = 0 if self._ending else None if self._watching else len(names)
        beat = self._store.beat(self._work.owner, names, LEASE, wanted, self._work.desk())
        self._beaten_at, self._share = began, beat.share
        for name in self.leases.keys() - beat.leases.keys():
            log.warning("mailbox lost to another daemon", mailbox=name)
            del self.leases[name]
        self.leases.update(beat.leases)
        if beat.freed:
            log.warning("a daemon has died", letters=beat.freed)
            self._work.freed()

    def _tend_watchers(self) -> None:
        """A watcher for every mailbox that is ours; what is more than our share goes to others."""
        ours = [account for account in self._work.accounts() if self._alone or account.name in self.leases]
        for name in self.watchers.keys() - {account.name for account in ours}:
            self.watchers.pop(name).stop()
        surplus = ours[self._share :] if not self._alone else []
        for account in ours:
            if account in surplus:
                self._hand_over(account.name)
            elif account.name not in self.watchers or not self.watchers[account.name].is_alive():
                watcher = self.watchers[account.name] = self._work.watch(account)
                watcher.start()
                if self._ending:  # since we looked: :meth:`end` may not have seen this one
                    watcher.stop()

    def _hand_over(self, name: str) -> None:
        """Give a mailbox up once its watcher has ended what it had in hand."""
        watcher = self.watchers.get(name)
        if watcher is not None and watcher.is_alive():
            watcher.stop()
            return
        self.watchers.pop(name, None)
        if lease := self.leases.pop(name, None):
            self._store.give_up(lease)
            log.info("mailbox handed over", mailbox=name)
