"""The clock of the jobs: APScheduler wakes them at the times that rules/schedule.py names.

It is only the alarm clock. Which time a job runs for is told by the slots themselves, and whether it has been done by
the store: a job that failed, or was missed because of a restart or of a clock that was set, is caught up with, once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from daemon.log import log
from daemon.operations.jobs import JOBS, JobContext, run_job
from daemon.store import Store, notes
from rules import schedule
from rules.desk import Desk
from rules.schedule import JobName, Slot

AGAIN_AFTER_S = 600.0
"""A job that failed, or whose time has passed unseen, is tried again after so long."""
LATE = timedelta(minutes=1)
"""How long a job may take to begin before it counts as missed."""


@dataclass(slots=True)
class JobState:
    """What became of a job's last run, kept here because APScheduler swallows what a job raises."""

    tried_at: float = 0.0
    done_at: datetime | None = None
    fault: str = ""
    running: bool = False


class Jobs:
    """The jobs of one daemon. ``context`` gives what a job works with at a time; ``queued`` hears of new letters."""

    def __init__(
        self,
        store: Store,
        desk: Callable[[], Desk],
        context: Callable[[datetime], JobContext],
        queued: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.states: dict[JobName, JobState] = {}
        self._store, self._desk, self._context, self._queued = store, desk, context, queued
        self._monotonic = monotonic
        self._set: tuple[tuple[Slot, ...], str] = ((), "")
        self._scheduler: BackgroundScheduler | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Let them run; the first :meth:`tend` sets their times."""
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(len(JOBS))},  # one that hangs holds up no other
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.start()

    def stop(self) -> None:
        """No job begins any more; one that runs is left to its transaction."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        self._scheduler = None

    def tend(self) -> None:
        """Follow the configuration and make up for what was missed. Called now and then, by a thread that may wait for
        the database."""
        wanted = (schedule.slots(self._desk()), self._desk().desk.timezone)
        if self._scheduler is not None and wanted != self._set:
            self._set_alarms(*wanted)
            self._set = wanted
        for job in self.missed():
            self._spawn(job)

    def run_missed(self) -> int:
        """Do what was missed, here and now (`acuse run --once`); returns how many jobs."""
        return sum(self.run(job) for job in self.missed())

    def missed(self) -> tuple[JobName, ...]:
        """Jobs whose last time has passed unclaimed; one seen for the first time is claimed and waits for its next."""
        now, done, found = self._store.clock(), self._store.look(notes.last_runs), []
        for job in dict.fromkeys(slot.job for slot in schedule.slots(self._desk())):
            slot = schedule.last_slot(job, self._desk(), now)
            if slot is None:
                continue
            if job not in done:
                self._begin(job, slot, now)
            elif self._is_missed(job, slot, done[job], now):
                found.append(job)
        return tuple(found)

    def run(self, job: JobName) -> bool:
        """Do a job for its last time; returns whether that was still to be done. A fault is kept, and the job tried
        again later."""
        state = self.states.setdefault(job, JobState())
        with self._lock:
            if state.running:
                return False
            state.running, state.tried_at = True, self._monotonic()
        try:
            return self._run(job, state)
        finally:
            state.running = False

    def _run(self, job: JobName, state: JobState) -> bool:
        slot = schedule.last_slot(job, self._desk(), self._store.clock())
        try:
            done = slot is not None and run_job(job, self._context(slot))
        except Exception as fault:  # the database, a mailbox, or a defect: told by the alarms, tried again
            log.exception("job failed", job=job)
            state.fault = str(fault) or type(fault).__name__
            return False
        state.fault, state.done_at = "", self._store.clock()
        if done:
            self._queued()
        return done

    def _begin(self, job: JobName, slot: datetime, now: datetime) -> None:
        self._store.run(lambda tx: notes.claim(tx.session, job, slot, now))

    def _is_missed(self, job: JobName, slot: datetime, done: datetime, now: datetime) -> bool:
        state = self.states.get(job, JobState(tried_at=-AGAIN_AFTER_S))
        waited = self._monotonic() - state.tried_at >= AGAIN_AFTER_S
        return (done < slot or done > now + notes.FUTURE) and now - slot >= LATE and waited and not state.running

    def _spawn(self, job: JobName) -> None:
        if self._scheduler is not None:
            self.states.setdefault(job, JobState()).tried_at = self._monotonic()
            self._scheduler.add_job(self.run, args=(job,), id=f"late {job}", replace_existing=True)

    def _set_alarms(self, slots: tuple[Slot, ...], zone: str) -> None:
        scheduler = self._scheduler
        assert scheduler is not None
        scheduler.remove_all_jobs()
        for slot in slots:
            scheduler.add_job(self.run, trigger(slot, zone), args=(slot.job,))


def trigger(slot: Slot, zone: str) -> CronTrigger:
    """When APScheduler wakes the job of ``slot``."""
    return CronTrigger(day_of_week=slot.weekday, hour=slot.at.hour, minute=slot.at.minute, timezone=zone)
