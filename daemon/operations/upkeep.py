"""What is to be done every few seconds: jobs at their times, alarms, figures, the index of words.

The service calls :meth:`Upkeep.tend` with every turn of its pump; most of it is done every few seconds only.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import get_args

from daemon.config.live import Live, Loaded
from daemon.intake import Intake
from daemon.mail.mailbox import MailboxWatcher
from daemon.mail.outbox import Outbox
from daemon.mail.reader import Reader
from daemon.mail.smtp import Status
from daemon.operations.alarms import Alarms
from daemon.operations.jobs import JobContext
from daemon.operations.logs import WRITER
from daemon.operations.metrics import Exporter, exposition
from daemon.operations.route_watch import RouteWatch
from daemon.operations.scheduler import Jobs
from daemon.operations.troubles import (
    desk_trouble,
    disk_trouble,
    folders_of,
    mailbox_troubles,
    mailbox_wells,
    outbox_trouble,
    secret_troubles,
    storage_wells,
    stuck_trouble,
)
from daemon.store import Store, Transaction, notes
from daemon.store.daemons import desks
from daemon.store.queues import waits_for_smtp
from daemon.store.standing import count, standing
from daemon.store.stuck import stuck
from daemon.writing.letters import Letters
from rules import alarms
from rules.alarms import Trouble
from rules.schedule import slots

EVERY_S = 10.0
"""How often the desk looks at itself."""


class Upkeep:
    """What one daemon does besides treating mails. ``watchers`` are its mailboxes by name, as they come and go."""

    def __init__(
        self,
        store: Store,
        live: Live[Letters],
        reader: Reader,
        outbox: Outbox,
        intake: Intake,
        watchers: Mapping[str, MailboxWatcher],
    ) -> None:
        self._store, self._live, self._outbox, self._intake, self._watchers = store, live, outbox, intake, watchers
        self.jobs = Jobs(
            store,
            lambda: live.current.settings.desk,
            lambda slot: JobContext(store, live.current, reader, slot),
            outbox.wake,
        )
        self.alarms = Alarms(store, lambda: live.current, outbox.wake)
        self._route = RouteWatch(store, lambda: live.current.settings.alerts.smtp)
        self.exporter = Exporter(live.current.settings.metrics, self.figures)
        self._started = store.clock()
        self._looked_at = -EVERY_S
        self._followed: Loaded[Letters] | None = None
        self._differ_since: datetime | None = None
        self._counted: Counter[str] = Counter()

    def start(self) -> None:
        """Let the jobs and the metrics run."""
        self.jobs.start()
        self.exporter.start()

    def stop(self) -> None:
        """End both."""
        self.jobs.stop()
        self.exporter.stop()

    def tend(self) -> None:
        """Every few seconds: make up for missed jobs, tell what fails, write what others look at."""
        if time.monotonic() - self._looked_at < EVERY_S:
            return
        self._looked_at = time.monotonic()
        self._follow(self._live.current)
        self.jobs.tend()
        self._route.tend()
        self.alarms.look(tuple(self._troubles(self._store.clock())), frozenset(self._well()))
        self._note_polls()
        self._store.index_words()
        self.count()
        self.exporter.refresh()

    def _follow(self, loaded: Loaded[Letters]) -> None:
        """Forget the polls and alarms of mailboxes, jobs and secrets that a configuration new in force has no more."""
        if self._followed is loaded:
            return
        settings, now = loaded.settings, self._store.clock()
        boxes = {box.name for box in settings.mailboxes}
        known: dict[str, Collection[str]] = {
            **dict.fromkeys(alarms.OF_A_MAILBOX, boxes),
            "job_failed": {slot.job for slot in slots(settings.desk)},
            "oauth_expiry": {trouble.about for trouble in secret_troubles(settings, now)},
        }

        def work(tx: Transaction) -> None:
            notes.forget_polls(tx.session, boxes)
            for alarm in alarms.gone(notes.told(tx.session), known):
                notes.take_back(tx.session, alarm)

        self._store.run(work)
        self._followed = loaded

    def figures(self) -> str:
        """The metrics as they stand."""
        return exposition(self._store.look(standing), self._store.clock())

    def count(self) -> None:
        """Add what this daemon has done since it last counted to what the desk has."""
        counted = Counter(self._tally())
        if more := counted - self._counted:
            self._store.run(lambda tx: count(tx.session, more))
        self._counted = counted

    def _tally(self) -> Mapping[str, int]:
        """What this daemon has done since it started."""
        results = {name: sum(pump.state.results[name] for pump in self._outbox.pumps) for name in get_args(Status)}
        return {
            **{f"mails {verdict}": n for verdict, n in list(self._intake.verdicts.items())},
            **{f"letters {result}": n for result, n in results.items()},
            "lines lost": WRITER.dropped,
        }

    def _note_polls(self) -> None:
        seen = {name: watcher.state.last_good_poll for name, watcher in list(self._watchers.items())}
        polls = {name: at for name, at in seen.items() if at is not None}
        if polls:
            self._store.run(lambda tx: notes.note_polls(tx.session, polls))

    def _troubles(self, now: datetime) -> Iterator[Trouble]:
        settings, waits = self._live.current.settings, self._store.look(waits_for_smtp)
        for watcher in list(self._watchers.values()):
            yield from mailbox_troubles(watcher.account, watcher.state, self._started, now)
        yield from outbox_trouble((pump.state for pump in self._outbox.pumps), settings.smtp.host, waits)
        yield from stuck_trouble(self._store.look(stuck))
        yield from disk_trouble(folders_of(settings.database), now)
        yield from secret_troubles(settings, now)
        yield from desk_trouble(*self._desks(now))
        yield from self._route.troubles()
        for job, state in list(self.jobs.states.items()):
            if state.fault:
                job_word = settings.desk.words()["jobs"].get(job, job)
                yield Trouble("job_failed", job, now, (("job", str(job_word)), ("diagnostic", state.fault)))

    def _well(self) -> Iterator[str]:
        """What this daemon knows to work."""
        for name, watcher in list(self._watchers.items()):
            yield from mailbox_wells(name, watcher.state)
        yield from storage_wells([watcher.state for watcher in list(self._watchers.values())])
        if not self._store.look(waits_for_smtp):
            yield "smtp_down:"
        if not self._store.look(stuck):
            yield "due_failed:"
        yield "disk_full:"
        if self._differ_since is None:
            yield "config_differs:"
        yield from self._route.wells()
        yield from (
            f"job_failed:{job}" for job, state in list(self.jobs.states.items()) if state.done_at and not state.fault
        )

    def _desks(self, now: datetime) -> tuple[Mapping[str, str], datetime | None]:
        """Who decides by which configuration, and since when they differ."""
        found = self._store.look(desks)
        self._differ_since = (self._differ_since or now) if len(set(found.values())) > 1 else None
        return found, self._differ_since
