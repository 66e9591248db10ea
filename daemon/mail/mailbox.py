"""The thread that watches a mailbox: one connection after another, a visit, IDLE or a pause, the next visit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from daemon.config.accounts import Account
from daemon.log import log
from daemon.mail.imap import IDLE_LIMIT_S, Imap
from daemon.mail.imap_faults import ImapError
from daemon.mail.visit import Intake, Visit
from daemon.mail.wire import Backoff, Endpoint, TokenSource
from daemon.store.clock import utc_now
from daemon.store.errors import LeaseLost, StoreError

CUT_AFTER_S = 3.0
"""How long a stopping watcher may go on with what it is doing before its connection is cut."""
IN_VAIN = 12
"""After so many looks in a row without progress, `run --once` leaves the rest to the next run."""


def run_once(
    account: Account,
    intake: Intake,
    token: TokenSource | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Treat everything that waits in one mailbox; returns how many mails. A mail at which the connection breaks
    (ImapError) or for which there is no room here (OSError) raises only after all others were treated."""
    treated = in_vain = 0
    while True:
        with Imap(Endpoint.of_account(account, token)) as imap:
            visit = Visit(imap, account, intake, threading.Event())
            visit.make_folders()
            try:
                treated, fault = treated + visit.look(progress), None
            except (ImapError, OSError) as broken:
                treated, fault = treated + visit.treated, broken
        in_vain = 0 if visit.progressed else in_vain + 1
        if in_vain < IN_VAIN and (visit.untried or (fault and visit.progressed)):
            continue
        if fault:
            raise fault
        return treated


Phase = Literal["connecting", "treating", "waiting", "failing", "stopped"]


@dataclass(slots=True)
class WatchState:
    """The condition of a watcher, for alarms and the note of its last good poll. Times are aware UTC.

    ``failing_since`` is the first of the failures in a row, None when all is well; ``fault`` the text of the last one,
    and ``fault_is_here`` whether the books or this machine's disk are at fault, and not the mail server;
    ``auth_failures`` how often in a row the server refused our name and password; ``refused`` why it would not file a
    mail away, at every look since ``refused_since``.
    """

    phase: Phase = "connecting"
    last_good_poll: datetime | None = None
    failing_since: datetime | None = None
    fault: str = ""
    fault_is_here: bool = False
    auth_failures: int = 0
    refused: str = ""
    refused_since: datetime | None = None


class MailboxWatcher(threading.Thread):
    """Watches one account until stopped: connects with backoff, looks, waits in IDLE or for the poll interval."""

    def __init__(
        self,
        account: Account,
        intake: Intake,
        token: TokenSource | None = None,
        now: Callable[[], datetime] = utc_now,
        backoff: Backoff | None = None,
    ) -> None:
        super().__init__(name=f"mailbox-{account.name}", daemon=True)
        self.account = account
        self.state = WatchState()
        self._intake = intake
        self._token = token
        self._now = now
        self._backoff = backoff or Backoff(first_s=1.0, cap_s=60.0)
        self._stop_asked = threading.Event()
        self._attention = threading.Event()
        self._imap: Imap | None = None
        self._uidvalidity = 0

    def stop(self) -> None:
        """Ask it to end: it does so after the batch in hand, and within seconds even if the server hangs."""
        self._stop_asked.set()
        self._attention.set()
        cut = threading.Timer(CUT_AFTER_S, self._cut)
        cut.daemon = True
        cut.start()

    def wake(self) -> None:
        """Look now: something in the ledger waits for its treatment or its move."""
        self._attention.set()

    def run(self) -> None:
        """The thread: one connection after another."""
        while not self._stop_asked.is_set():
            self.state.phase = "connecting"
            try:
                self._one_connection()
            except ImapError as fault:
                self._failed(fault)
            except LeaseLost as fault:
                log.warning("mailbox given up", mailbox=self.account.name, why=str(fault))
                break
            except Exception as fault:  # a mailbox must outlive a defect, or a database that is away
                log.exception("mailbox failed", mailbox=self.account.name)
                self._failed(fault)
        self.state.phase = "stopped"

    def _one_connection(self) -> None:
        with Imap(Endpoint.of_account(self.account, self._token)) as imap:
            self._imap = imap
            try:
                visit = Visit(imap, self.account, self._intake, self._stop_asked)
                self._note_uidvalidity(visit.uidvalidity)
                visit.make_folders()
                self._attention.clear()
                while not self._stop_asked.is_set():
                    self._look(visit)
                    self._wait(imap)
                    self._attention.clear()
            finally:
                self._imap = None

    def _look(self, visit: Visit) -> None:
        self.state.phase = "treating"
        visit.look()
        self.state.refused = visit.refused
        self.state.refused_since = (self.state.refused_since or self._now()) if visit.refused else None
        self.state.last_good_poll = self._now()
        self.state.failing_since = None
        self.state.fault, self.state.fault_is_here = "", False
        self.state.auth_failures = 0
        self._backoff.succeeded()

    def _wait(self, imap: Imap) -> None:
        self.state.phase = "waiting"
        seconds = self.account.poll.total_seconds()
        if self.account.idle and imap.has("IDLE"):
            imap.idle(min(seconds, self.account.idle_renewal.total_seconds(), IDLE_LIMIT_S), self._attention)
        else:
            self._attention.wait(seconds)

    def _note_uidvalidity(self, uidvalidity: int) -> None:
        """A new UIDVALIDITY gives old mails new UIDs: all are looked at again, and the ledger recognises copies by
        content."""
        if self._uidvalidity and self._uidvalidity != uidvalidity:
            log.warning(
                "uidvalidity changed", mailbox=self.account.name, before=self._uidvalidity, uidvalidity=uidvalidity
            )
        self._uidvalidity = uidvalidity

    def _failed(self, fault: Exception) -> None:
        if self._stop_asked.is_set():
            return
        self.state.phase = "failing"
        self.state.failing_since = self.state.failing_since or self._now()
        self.state.fault, self.state.fault_is_here = str(fault), isinstance(fault, StoreError | OSError)
        if isinstance(fault, ImapError) and fault.kind == "auth":
            self.state.auth_failures += 1
        wait = self._backoff.failed()
        log.warning("mailbox unreachable", mailbox=self.account.name, why=str(fault), again_in_s=round(wait, 1))
        self._stop_asked.wait(wait)

    def _cut(self) -> None:
        imap = self._imap
        if imap is not None:
            imap.cut()
