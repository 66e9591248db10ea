"""How the admins hear of what fails: a letter, and the second route where there is one.

That something was told stands in the database, so that several daemons and a restart tell it once. Where the database
itself fails, or the turn that looks, the second route alone tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from daemon.causes import apply
from daemon.config.accounts import Alerts
from daemon.config.live import Loaded
from daemon.log import log
from daemon.operations import second_route
from daemon.store import Cause, Store, Transaction, notes, set_aside
from daemon.writing.letters import Letters
from rules import alarms
from rules.alarms import Alarm, Details, Trouble
from rules.deliveries import alerting
from rules.ticket import micros, moment

QUARANTINE = "quarantine told"
"""The note of when the admins were last told of mails in quarantine."""


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
        self._refused: set[str] = set()

    def look(self, troubles: Sequence[Trouble], well: frozenset[str]) -> None:
        """Tell what has failed for long enough, and what works again; then what came to quarantine."""
        settings, now = self._current().settings, self._store.clock()
        for alarm in alarms.due(troubles, well, self._store.look(notes.told), settings.alerts.after, now):
            self._tell(alarm)
        self._tell_quarantine(now)

    def _tell(self, alarm: Alarm) -> None:
        loaded = self._current()

        def work(tx: Transaction) -> bool:
            now = self._store.clock()
            session = tx.session
            first = notes.take_back(session, alarm.key) if alarm.well else notes.tell_once(session, alarm.key, now)
            if first:
                apply(tx, Cause(), alerting(alarm.topic, alarm.details, loaded.settings.desk, now), loaded, now)
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
            apply(tx, Cause(), alerting("quarantined", details, loaded.settings.desk, now), loaded, now)
            return True

        if self._store.run(work):
            self._queued()

    def refused(self, address: str, diagnostic: str) -> None:
        """A letter was refused for good; where it was an admin's, no letter can tell it: the second route does, once as
        long as this daemon runs."""
        admins = {admin.lower() for admin in self._current().settings.desk.desk.admins}
        if address.lower() in admins - self._refused:
            self._refused.add(address.lower())
            self._by_second_route("undelivered", (("address", address), ("diagnostic", diagnostic)))

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
