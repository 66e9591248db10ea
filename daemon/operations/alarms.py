"""What fails in a running daemon, and how the admins hear of it: a letter, and the second route where there is one.

That something was told stands in the database, so that several daemons and a restart tell it once. Where the database
itself fails, or the turn that looks, the second route alone tells of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from daemon.causes import apply
from daemon.config.accounts import Account, Alerts, Credentials
from daemon.config.live import Loaded
from daemon.config.settings import Settings
from daemon.log import log
from daemon.mail.mailbox import WatchState
from daemon.mail.pump import PostState
from daemon.operations import second_route
from daemon.store import Cause, Store, Transaction, notes, set_aside
from daemon.store.stuck import Stuck
from daemon.writing.letters import Letters
from rules import alarms
from rules.alarms import Alarm, Details, Trouble
from rules.decision import Decision
from rules.deliveries import alert
from rules.ticket import micros, moment

WARNED_BEFORE = timedelta(days=14)
"""How long before its end an OAuth2 secret is told of."""
MOST_NAMED = 5
"""Tickets that an alarm names."""
ROOM = 100 * 1024 * 1024
"""Octets that must be free where the books and the files lie."""


def mailbox_troubles(account: Account, state: WatchState, started: datetime, now: datetime) -> Iterator[Trouble]:
    """What is wrong with one mailbox: unreachable, refusing us, silent for longer than it should be, or keeping a mail
    where it lies."""
    details = (("mailbox", account.name), ("server", account.host), ("diagnostic", state.fault))
    if state.auth_failures >= alarms.LOGINS_REFUSED:
        yield Trouble("login", account.name, state.failing_since or now, details)
    elif state.failing_since is not None:
        yield Trouble("mailbox_down", account.name, state.failing_since, details)
    elif now - (state.last_good_poll or started) > account.poll * 2:
        since = (state.last_good_poll or started) + account.poll * 2
        yield Trouble("mailbox_down", account.name, since, details)
    if state.refused_since is not None:
        yield Trouble(
            "filing_refused", account.name, state.refused_since, (*details[:2], ("diagnostic", state.refused))
        )


def mailbox_wells(name: str, state: WatchState) -> Iterator[str]:
    """What is known to work of a mailbox that was seen well, and of which nothing has failed since."""
    if state.failing_since is None and state.last_good_poll is not None:
        yield from (f"mailbox_down:{name}", f"login:{name}")
        if state.refused_since is None:
            yield f"filing_refused:{name}"


def outbox_trouble(states: Iterable[PostState], host: str, waits: bool) -> Iterator[Trouble]:
    """SMTP fails, and letters wait for it."""
    failing = [(state.failing_since, state.fault) for state in states if state.failing_since is not None]
    if failing and waits:
        since, fault = min(failing)
        yield Trouble("smtp_down", "", since, (("server", host), ("diagnostic", fault)))


def disk_trouble(folders: Iterable[Path], now: datetime) -> Iterator[Trouble]:
    """No room where the books or the files lie."""
    for folder in folders:
        if folder.is_dir() and shutil.disk_usage(folder).free < ROOM:
            yield Trouble("disk_full", "", now, (("file", str(folder)),))
            return


def stuck_trouble(failing: Sequence[Stuck]) -> Iterator[Trouble]:
    """Something is due on tickets and cannot be done."""
    if failing:
        numbers = ", ".join(dict.fromkeys(each.number for each in failing[:MOST_NAMED]))
        details = (("number", numbers), ("count", str(len(failing))))
        yield Trouble("due_failed", "", failing[0].since, details)


def desk_trouble(desks: Mapping[str, str], since: datetime | None) -> Iterator[Trouble]:
    """Daemons that do not agree on the configuration: what becomes of a mail depends on who takes it."""
    if since is not None:
        yield Trouble("config_differs", "", since, (("daemons", ", ".join(desks)),))


def ending_secrets(settings: Settings, now: datetime) -> Iterator[tuple[str, date]]:
    """The mailboxes, by name, «smtp» and «alerts.smtp» whose OAuth2 secret ends soon, as the admin wrote it down."""
    accounts: list[tuple[str, Credentials]] = [(box.name, box) for box in settings.mailboxes]
    routes = (("smtp", settings.smtp), ("alerts.smtp", settings.alerts.smtp))
    accounts += [(name, route) for name, route in routes if route]
    today = now.astimezone(settings.desk.zone).date()
    for name, account in accounts:
        ends = account.oauth2.expires if account.oauth2 else None
        if ends and ends - today <= WARNED_BEFORE:
            yield name, ends


def secret_troubles(settings: Settings, now: datetime) -> Iterator[Trouble]:
    """A client secret of OAuth2 whose end is near."""
    for name, ends in ending_secrets(settings, now):
        yield Trouble("oauth_expiry", f"{name} {ends}", now, (("mailbox", name), ("until", ends.isoformat())))


class Alarms:
    """Tells what is due. ``queued`` hears that letters wait."""

    def __init__(
        self,
        store: Store,
        current: Callable[[], Loaded[Letters]],
        queued: Callable[[], None] = lambda: None,
        route: Callable[[Alerts, Iterable[str], str, str], object] = second_route.send,
    ) -> None:
        self._store, self._current, self._queued, self._route = store, current, queued, route
        self._failing: dict[str, datetime] = {}
        self._told: set[str] = set()

    def look(self, troubles: Sequence[Trouble], well: frozenset[str]) -> None:
        """Tell what has failed for long enough, and what works again; then what came to quarantine."""
        settings, now = self._current().settings, self._store.clock()
        with self._store.read() as reading:
            told = tuple(notes.under(reading.session, "told "))
        for alarm in alarms.due(troubles, well, told, settings.alerts.after, now):
            self._tell(alarm)
        self._tell_quarantine(now)

    def _tell(self, alarm: Alarm) -> None:
        loaded = self._current()

        def work(tx: Transaction) -> bool:
            now = self._store.clock()
            name = f"told {alarm.key}"
            first = notes.drop(tx.session, name) if alarm.well else notes.tell_once(tx.session, alarm.key, now)
            if first:
                apply(tx, Cause(), _decision(alarm.topic, alarm.details, loaded, now), loaded, now)
            return first

        if self._store.run(work):
            log.warning("alarm", topic=alarm.topic or alarm.key, well=alarm.well)
            self._by_second_route(alarm.topic, alarm.details)
            self._queued()

    def _tell_quarantine(self, now: datetime) -> None:
        loaded = self._current()
        with self._store.read() as reading:
            before = notes.get(reading.session, QUARANTINE)
            last = moment(int(before)) if before else None
            found = set_aside.quarantined_since(reading.session, last)
            details = alarms.quarantine_details(found, last, now, loaded.settings.desk)
        if not details:
            return

        def work(tx: Transaction) -> bool:
            if notes.get(tx.session, QUARANTINE) != before:
                return False
            notes.put(tx.session, QUARANTINE, str(micros(now)))
            apply(tx, Cause(), _decision("quarantined", details, loaded, now), loaded, now)
            return True

        if self._store.run(work):
            self._queued()

    def turn_failed(self, topic: str, fault: Exception) -> None:
        """A turn ended in ``fault``: perhaps no letter can be queued, the second route tells it once it lasts."""
        now = self._store.clock()
        since = self._failing.setdefault(topic, now)
        if topic not in self._told and now - since >= self._current().settings.alerts.after:
            self._told.add(topic)
            self._by_second_route(topic, (("diagnostic", f"{type(fault).__name__}: {fault}"),))

    def turn_worked(self) -> None:
        """A turn went through."""
        for topic in sorted(self._told):
            self._by_second_route(alarms.BACK[topic], ())
        self._failing, self._told = {}, set()

    def _by_second_route(self, topic: str, details: Details) -> None:
        settings = self._current().settings
        if topic and second_route.has_route(settings.alerts):
            subject, text = alarms.text(topic, details, settings.desk, self._store.clock())
            self._route(settings.alerts, settings.desk.desk.admins, subject, text)


QUARANTINE = "quarantine told"


def _decision(topic: str, details: Details, loaded: Loaded[Letters], now: datetime) -> Decision:
    """A letter to the admins, where there is something to tell them and somebody to tell."""
    desk = loaded.settings.desk
    if not topic or not desk.desk.admins:
        return Decision()
    return Decision(letters=(alert(topic, details, desk, now),))


def note_polls(store: Store, polls: Mapping[str, datetime | None]) -> None:
    """Write down when each mailbox was last seen well, for `acuse doctor` and for the metrics."""
    seen = {name: at for name, at in polls.items() if at is not None}

    def work(tx: Transaction) -> None:
        for name, at in seen.items():
            notes.put(tx.session, f"poll {name}", str(micros(at)))

    if seen:
        store.run(work)
