"""The daemon: what runs, in which thread, from start to stop; and the same work done once for `run --once`.

One thread a mailbox (sole user of its connection), one an SMTP connection, one pump for what is due, the parser in a
process of its own. All state is in the store: a restart needs no memory.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from daemon.causes import delivery_failed, fire_due, reckon_anew, tell_admins
from daemon.config.accounts import Account
from daemon.config.live import Changed, Live, Refused
from daemon.config.sources import Problem
from daemon.files import made
from daemon.intake import Intake
from daemon.log import log
from daemon.mail.mailbox import MailboxWatcher, run_once
from daemon.mail.mailboxes import Mailboxes, Work
from daemon.mail.oauth import Tokens
from daemon.mail.outbox import Outbox
from daemon.mail.pump import Post
from daemon.mail.reader import Reader, how_to_read
from daemon.mail.smtp_wire import SmtpError
from daemon.operations import systemd
from daemon.operations.dangling import dangling
from daemon.operations.requests import serve_requests
from daemon.operations.upkeep import Upkeep
from daemon.store import Outcome, Outgoing, Store, stuck
from daemon.store.clock import utc_now
from daemon.store.errors import StoreError
from daemon.writing import mime
from daemon.writing.letters import Letters
from daemon.writing.own_templates import tried_letters

TURN_S = 1.0
"""How often the pump of due things looks."""
RELOAD_EVERY_S = 2.0
MOST_TOLD = 20
"""Problems of a configuration that a letter tells; `acuse check` tells all."""
LONG_DEAD_S = 24 * 60 * 60.0
"""Files that nobody has touched for so long belong to no other daemon either."""
STOP_S = 4.0
"""What has not ended by then is left as it is; SIGTERM promises five seconds."""


class Service:
    """One daemon on one configuration: between :meth:`start` and :meth:`stop`, or :meth:`once` for `run --once`."""

    def __init__(self, live: Live[Letters], store: Store) -> None:
        settings = live.current.settings
        self.live = live
        self.store = store
        self.owner = f"{secrets.token_hex(3)}@{socket.gethostname()}:{os.getpid()}"
        spool = _made(store.files.spool)
        store.own_files()
        self.reader = Reader(store.files.root, lambda: how_to_read(live.current.settings.desk))
        self.tokens = Tokens()
        work = Work(
            self.owner, self._accounts, self._watcher, lambda: self.outbox.wake(), lambda: live.current.desk_digest
        )
        self.mailboxes = Mailboxes(store, work)
        post = Post(
            store, self._content, settings.smtp, lambda: live.current.settings.smtp.sender, self.owner, self._failed,
            self.tokens, alive=lambda: self.mailboxes.alive, now=store.clock,
        )  # fmt: skip
        self.outbox = Outbox(post)
        store.lease_of = self.mailboxes.lease_of
        self.intake = Intake(store, self.reader, live, spool, self.outbox.wake)
        self._take_up()
        self.upkeep = Upkeep(store, live, self.reader, self.outbox, self.intake, self.mailboxes.watchers)
        self._stop = threading.Event()
        self._pump = threading.Thread(target=self._turns, name="due", daemon=True)
        self._reloaded_at = 0.0
        self._reckoned = ""

    # -- life

    def _take_up(self) -> None:
        """What an earlier process had in hand is free again."""
        if self.store.one_daemon:
            self.store.free_claims()  # whoever held them is dead: the lock file is ours
        self.store.run(lambda tx: stuck.try_again(tx.session, self.store.clock()))
        self.store.files.sweep(0.0 if self.store.one_daemon else LONG_DEAD_S)

    def start(self) -> None:
        """Let everything run."""
        self.mailboxes.start()
        self.outbox.start()
        self._pump.start()
        self.upkeep.start()
        log.info("started", owner=self.owner, mailboxes=[box.name for box in self._accounts()])

    def stop(self) -> None:
        """Finish what is in hand and end, within :data:`STOP_S`; what is left is done at the next start."""
        until = time.monotonic() + STOP_S
        self._stop.set()
        self.upkeep.stop()
        self.mailboxes.end()
        self.outbox.stop(STOP_S)
        self.mailboxes.join(until)
        leaving = threading.Thread(target=self._leave, name="leave", daemon=True)
        leaving.start()
        for thread in (self._pump, leaving):
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))
        self.reader.close(max(0.0, until - time.monotonic()))
        self.store.close()
        log.info("stopped")

    def _leave(self) -> None:
        try:
            self.upkeep.count()
            if not self.store.one_daemon:
                self.store.leave(self.owner)
        except Exception as fault:  # noqa: BLE001 - the others notice by themselves
            log.warning("leases not given up", why=str(fault))

    def once(self, progress: Callable[[str, int, int], None] = lambda mailbox, done, total: None) -> int:
        """Treat what waits in the mailboxes, fire what is due, send what is due; returns how many mails were treated.

        A server that cannot be used raises ImapError or SmtpError, after everything else was done.
        """
        faults: list[Exception] = []
        self.mailboxes.hold()
        self._chores()
        self._reckon()
        treated = sum(self._treat_once(account, progress, faults) for account in self._accounts())
        self._fire_all()
        self.upkeep.jobs.run_missed()
        progress("letters", 0, 0)
        try:
            self.outbox.send_due()
        except SmtpError as fault:
            log.error("smtp failed", why=str(fault))
            faults.append(fault)
        self.upkeep.count()
        if faults:
            raise faults[0]
        return treated

    def _treat_once(self, account: Account, progress: Callable[[str, int, int], None], faults: list[Exception]) -> int:
        """One mailbox, unless another daemon watches it; a fault is kept among ``faults``, the others go on."""
        if not self.store.one_daemon and account.name not in self.mailboxes.leases:
            log.warning("mailbox left to the daemon that watches it", mailbox=account.name)
            return 0
        try:
            return run_once(account, self.intake, self.tokens, progress=partial(progress, account.name))
        except Exception as fault:  # noqa: BLE001 - raised by the caller
            log.error("mailbox failed", mailbox=account.name, why=str(fault))
            faults.append(fault)
            return 0

    # -- what the outbox asks

    def _content(self, outgoing: Outgoing) -> Iterable[bytes]:
        return mime.render(outgoing.content, self.store.files.open)

    def _failed(self, outgoing: Outgoing, outcome: Outcome) -> None:
        delivery_failed(self.store, self.live.current, outgoing, outcome)
        self.upkeep.alarms.refused(outgoing.to, outcome.reply)
        self.outbox.wake()

    # -- the pump

    def _turns(self) -> None:
        while not self._stop.is_set():
            try:
                self._turn()
                self.upkeep.alarms.turn_worked()
            except Exception as fault:  # the database, or a defect: the next turn tries again
                log.exception("turn failed")
                self.upkeep.alarms.turn_failed("database" if self.store.is_fault(fault) else "defect", fault)
            systemd.notify("WATCHDOG=1")  # a turn that fails has ended all the same: only one that hangs says nothing
            self._stop.wait(TURN_S)

    def _turn(self) -> None:
        self._chores()
        self._reckon()
        self._fire_all()
        if time.monotonic() - self._reloaded_at >= RELOAD_EVERY_S:
            self._reloaded_at = time.monotonic()
            self.reload()
        self.upkeep.tend()

    def _chores(self) -> None:
        """Requests of the command line, and rate-held mails whose time has come."""
        rates = self.live.current.settings.desk.senders.rates
        if serve_requests(self.store, self.live.current) or self.store.release_due(self.store.clock(), rates):
            self.mailboxes.wake()

    def _reckon(self) -> None:
        """If another configuration has come into force, compute anew what is due."""
        loaded = self.live.current
        if self._reckoned != loaded.desk_digest:
            reckon_anew(self.store, loaded)
            self._reckoned = loaded.desk_digest

    def _fire_all(self) -> None:
        while fire_due(self.store, self.live.current):
            self.outbox.wake()

    def reload(self) -> None:
        """Take a saved change of the configuration over, or tell the admins why not; the old one stays then."""
        outcome = self.live.poll()
        if isinstance(outcome, Changed):
            log.info("configuration reloaded", version=self.live.current.version, restart_for=outcome.loaded.restart)
            self.store.run(lambda tx: stuck.try_again(tx.session, self.store.clock()))
        elif isinstance(outcome, Refused):
            first = outcome.problems[0]
            log.warning("configuration refused", problem=str(first), problems=len(outcome.problems))
            tell_admins(self.store, self.live.current, "config_refused", _told(outcome.problems))
            self.outbox.wake()

    def reload_soon(self) -> None:
        """Look for a change with the next turn, whenever the last look was."""
        self._reloaded_at = 0.0

    # -- mailboxes

    def _accounts(self) -> tuple[Account, ...]:
        return self.live.current.settings.mailboxes

    def _watcher(self, account: Account) -> MailboxWatcher:
        return MailboxWatcher(account, self.intake, self.tokens, now=self.store.clock)


def _told(problems: Sequence[Problem]) -> tuple[tuple[str, str], ...]:
    """Each problem by file, line and reason, as a letter to the admins tells them."""
    return tuple(
        detail
        for problem in problems[:MOST_TOLD]
        for detail in (("file", problem.file), ("line", str(problem.line)), ("check", problem.text))
    )


def _made(folder: Path) -> Path:
    """As :func:`daemon.files.made`; StoreError where it cannot be."""
    try:
        return made(folder)
    except OSError as fault:
        raise StoreError(f"the folder {fault.filename} cannot be made: {fault.strerror}") from fault


def run_until_signal(service: Service) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reloads at once."""
    stop = threading.Event()
    threading.Thread(target=_obey, args=(service, _signals(), stop), name="signals", daemon=True).start()
    service.start()
    systemd.notify("READY=1")
    stop.wait()
    systemd.notify("STOPPING=1")
    service.stop()


def _signals() -> int:
    """A pipe that each signal leaves its number in.

    Python's own handlers run when the main thread wakes up. A signal that the system delivers to another thread does
    not wake it, as happens with one that follows SIGCONT.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: None)
    return heard


def _obey(service: Service, heard: int, stop: threading.Event) -> None:
    """Obey signals until one ends the daemon; what has not ended after :data:`STOP_S` is left as by a kill."""
    while os.read(heard, 1)[0] == signal.SIGHUP:
        service.reload_soon()
    stop.set()
    time.sleep(STOP_S + 0.5)
    os._exit(0)


def open_service(path: Path, clock: Callable[[], datetime] = utc_now) -> Service:
    """The service of the configuration in ``path``: raises ConfigErrors or StoreError with the reason why not."""
    live = Live(path, tried_letters)
    database = live.current.settings.database
    store = Store.open(database.login_url(), Path(database.files), clock=clock)
    try:
        live.insist(partial(dangling, store))
        return Service(live, store)
    except BaseException:  # whoever tries again finds the database free
        store.close()
        raise
