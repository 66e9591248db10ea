"""Whether the second route of alarms could be used, looked at before it is needed.

Once an hour one daemon of a desk connects to it and logs in, sends nothing, and notes for all of them how that went.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from daemon.config.accounts import Smtp
from daemon.log import log
from daemon.operations import second_route
from daemon.store import Store, notes
from daemon.store.dialect import Session
from rules.alarms import Trouble
from rules.ticket import micros, moment

EVERY = timedelta(hours=1)
AGAIN = timedelta(minutes=5)
"""After a look that failed."""
TOPIC = "route_failed"


@dataclass(frozen=True, slots=True)
class Looked:
    """When the route was last looked at, and since when it has failed at every look, for what reason."""

    at: datetime
    failing_since: datetime | None = None
    fault: str = ""

    @classmethod
    def noted(cls, note: str) -> Looked:
        """Read back what ``str`` wrote."""
        at, since, fault = note.split(" ", 2)
        return cls(moment(int(at)), moment(int(since)) if int(since) else None, fault)

    def __str__(self) -> str:
        return f"{micros(self.at)} {micros(self.failing_since) if self.failing_since else 0} {self.fault}"

    def holds(self, now: datetime) -> bool:
        """Whether no new look is needed yet; a time that lies ahead was written by a clock that was wrong."""
        return timedelta() <= now - self.at < (AGAIN if self.failing_since else EVERY)


class RouteWatch:
    """The looks of one daemon at ``smtp``, the second route's server; None where there is none."""

    def __init__(self, store: Store, smtp: Callable[[], Smtp | None]) -> None:
        self._store, self._smtp = store, smtp

    def tend(self) -> threading.Thread | None:
        """To be called every few seconds: look where it is time, in a thread of its own."""
        smtp = self._smtp()
        before = self._last(smtp)
        if smtp is None or (before is not None and before.holds(self._store.clock())):
            return None
        if not self._claim(smtp, before):
            return None
        thread = threading.Thread(target=self._look, args=(smtp,), name="route", daemon=True)
        thread.start()
        return thread

    def troubles(self) -> Iterator[Trouble]:
        """The trouble that it fails, if it does."""
        smtp = self._smtp()
        last = self._last(smtp)
        if smtp and last and last.failing_since:
            yield Trouble(TOPIC, "", last.failing_since, (("server", smtp.host), ("diagnostic", last.fault)))

    def wells(self) -> Iterator[str]:
        """That it works, or that there is none any more, for the alarms."""
        smtp = self._smtp()
        last = self._last(smtp)
        if smtp is None or (last and not last.failing_since):
            yield f"{TOPIC}:"

    def _last(self, smtp: Smtp | None) -> Looked | None:
        if smtp is None:
            return None
        note = self._store.look(lambda session: notes.get(session, _name(smtp)))
        return Looked.noted(note) if note else None

    def _claim(self, smtp: Smtp, before: Looked | None) -> bool:
        """The look is ours, unless another daemon has begun one meanwhile."""
        now = self._store.clock()
        claimed = replace(before, at=now) if before else Looked(now)

        def work(session: Session) -> bool:
            if notes.get(session, _name(smtp)) != (str(before) if before else ""):
                return False
            notes.put(session, _name(smtp), str(claimed))
            return True

        return bool(self._store.run(lambda tx: work(tx.session)))

    def _look(self, smtp: Smtp) -> None:
        fault, before, now = second_route.fault_of(smtp), self._last(smtp), self._store.clock()
        since = (before and before.failing_since) or now
        looked = Looked(now, since, fault) if fault else Looked(now)
        self._store.run(lambda tx: notes.put(tx.session, _name(smtp), str(looked)))
        if fault:
            log.warning("second route failed", why=fault)


def _name(smtp: Smtp) -> str:
    """A note for each server and name: what was seen of another one says nothing."""
    return f"route {smtp.username} {smtp.host}:{smtp.port}"
