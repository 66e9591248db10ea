"""A sending pump: what waits in the outbox goes to the SMTP server, at least once, always as the same bytes.

A pump claims letters (a lease, so that a dead pump's letters come free again), sends them over a kept connection and
notes what became of each. A letter that cannot go now waits longer from try to try, and fails for good when it has
waited `smtp.expire_after`; one that the server refuses for good is handed to ``failed``.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from daemon.config.accounts import Smtp
from daemon.faults import kill_point
from daemon.log import log
from daemon.mail.smtp import Envelope, Result, Session, Status, of_error
from daemon.mail.smtp_wire import SmtpError
from daemon.mail.wire import Endpoint, TokenSource, jittered
from daemon.store import Outcome, Outgoing, Store
from daemon.store.clock import utc_now
from daemon.store.queues import PUMP

CLAIM_AT_ONCE = 50
LEASE = timedelta(minutes=10)
"""Longer than a letter can take by all its deadlines; a pump stops with what it claimed at half of it."""
KEEP_S = 30.0
"""A connection without work is closed after this."""
LEAST_TRIES = 10
"""A letter is given up after no fewer tries, some twenty minutes: its days may have passed while the desk was off, or a
wrong clock may have dated it."""
RECORD_EVERY_S = 0.5
"""How long after it was sent a letter may be entered into the books; its receipt is kept at once."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How long a letter waits between tries: seconds, doubling, with jitter."""

    first_s: float = 5.0
    cap_s: float = 3600.0

    def outcome(self, letter: Outgoing, result: Result, now: datetime, expire_after: timedelta) -> Outcome:
        """What is noted of a letter after this try; ``expire_after`` it was written, it is given up."""
        if result.status != "deferred":
            return Outcome(letter.id, letter.lease, result.status, described(result), at=now)
        next_at = now + timedelta(seconds=jittered(self.first_s, self.cap_s, letter.attempts))
        if next_at > letter.created_at + expire_after and letter.attempts >= LEAST_TRIES:
            return Outcome(letter.id, letter.lease, "failed", described(result), given_up=True)
        return Outcome(letter.id, letter.lease, "deferred", described(result), next_at)


def described(result: Result) -> str:
    """A result in one line: «rcpt: 550 no such user»."""
    words = [f"{result.phase}:", str(result.code or ""), result.reply.replace("\n", " ")]
    return " ".join(word for word in words if word) + (" (it may have arrived)" if result.uncertain else "")


@dataclass(frozen=True, slots=True)
class Post:
    """What the pumps share: where letters come from, how their bytes are made, where they go, who hears of failures.

    ``sender`` is the envelope sender in force. ``failed`` records a final failure and tells group and admin of it, in
    one transaction. ``alive`` is False while other daemons may take this one for dead, and send what it had claimed.
    """

    store: Store
    content: Callable[[Outgoing], Iterable[bytes]]
    smtp: Smtp
    sender: Callable[[], str]
    owner: str
    failed: Callable[[Outgoing, Outcome], None]
    token: TokenSource | None = None
    retry: Retry = Retry()
    alive: Callable[[], bool] = lambda: True
    now: Callable[[], datetime] = utc_now


@dataclass(slots=True)
class PostState:
    """What metrics and alarms see of a pump. ``results`` counts the tries by what came of them; ``fault``: why the
    server cannot be used now, "" when it can."""

    results: Counter[Status] = field(default_factory=Counter)
    failing_since: datetime | None = None
    fault: str = ""


class Pump:
    """One connection's worth of sending. :meth:`send_due` is the work; a thread repeats it."""

    def __init__(self, post: Post, stop: threading.Event, number: int) -> None:
        self.state = PostState()
        self._name = f"{post.owner}{PUMP}{number}"
        self._in_doubt = False
        self._overtaken = False
        self._post = post
        self._stop = stop
        self._session: Session | None = None
        self._served = 0
        self._used_at = 0.0
        self._recorded_at = 0.0
        self._outcomes: list[Outcome] = []

    def send_due(self) -> int:
        """Send one claim of what is due now; returns how many letters were tried. Raises SmtpError, after noting that
        the letters wait, if the server cannot be used."""
        self._settle()
        due = self._post.store.next_delivery()
        if due is None or due > self._post.now() or not self._post.alive():
            return 0
        self._in_doubt, self._overtaken = True, False
        claimed = self._post.store.claim(self._name, self._post.now(), LEASE, CLAIM_AT_ONCE)
        kill_point("after_claim")
        try:
            self._send({letter.id: letter for letter in claimed})
        except Exception:
            self.cut()  # in the middle of something: the connection cannot be used again
            self.hang_up()
            raise
        finally:
            self._record()
        self._in_doubt, self._used_at = False, time.monotonic()
        return len(claimed)

    def _settle(self) -> None:
        """After a fault of the database: record what was sent first, then free every claim of ours."""
        self._record()
        if self._in_doubt:
            self._post.store.free_claims(self._name)
            self._in_doubt = False

    def _send(self, left: dict[int, Outgoing]) -> None:
        until = time.monotonic() + LEASE.total_seconds() / 2
        while left and self._may_send(until):
            try:
                session = self._connected()
            except SmtpError as error:
                self._unreachable(left.values(), error)
                raise
            if not self._may_send(until):  # it may have taken long to connect
                break
            for envelope, result in session.deliver([self._envelope(letter) for letter in left.values()]):
                if self._is_stale(session, result):
                    break
                self._note(left.pop(envelope.key), result)
                if not self._may_send(until):
                    session.cut()  # the next letter is opened already; without content nothing of it is sent
                    break
            if not session.alive:
                self.hang_up()
        for letter in left.values():  # untouched: free for any pump at once
            self._outcomes.append(Outcome(letter.id, letter.lease, "deferred", "", self._post.now()))

    def _may_send(self, until: float) -> bool:
        return not (self._stop.is_set() or self._overtaken) and time.monotonic() < until and self._post.alive()

    def _connected(self) -> Session:
        if self._session is None or not self._session.is_fresh:
            self.hang_up()
            self._session = Session(Endpoint.of_smtp(self._post.smtp, self._post.token))
            self._served = 0
            self.state.fault, self.state.failing_since = "", None
        return self._session

    def _is_stale(self, session: Session, result: Result) -> bool:
        """The server ended a connection that had served before (idle too long, enough letters): try on a new one."""
        return self._served > 0 and not session.alive and result.phase == "mail" and result.code in {0, 421}

    def _envelope(self, letter: Outgoing) -> Envelope:
        return Envelope(letter.id, self._post.sender(), letter.to, lambda: self._post.content(letter))

    def _note(self, letter: Outgoing, result: Result) -> None:
        self._served += 1
        if result.status == "sent":
            kill_point("after_dot")
        outcome = self._post.retry.outcome(letter, result, self._post.now(), self._post.smtp.expire_after)
        self._count(outcome)
        if outcome.status == "failed":
            log.warning("letter failed", letter=letter.letter, number=letter.number, id=letter.id, why=outcome.reply)
            self._post.failed(letter, outcome)
        elif outcome.status == "sent":
            self._sent(outcome)
        else:
            self._outcomes.append(outcome)

    def _sent(self, outcome: Outcome) -> None:
        """Record it before the next letter's content goes: a crash then leaves one letter in doubt, not many."""
        self._outcomes.append(outcome)  # first: where no receipt can be written, it is not forgotten
        if self._post.store.keep_receipt(outcome):
            self._outcomes.pop()
        if self._outcomes or time.monotonic() - self._recorded_at > RECORD_EVERY_S:
            self._record()

    def _count(self, outcome: Outcome) -> None:
        self.state.results[outcome.status] += 1
        if outcome.status == "deferred" and not self.state.fault:  # which is told once, for all letters
            log.info("letter deferred", id=outcome.id, why=outcome.reply)

    def _record(self) -> None:
        """The outcomes are kept until they are written: they tell what must not be sent again."""
        ours = self._post.store.record(self._outcomes, self._post.now())
        self._overtaken |= not all(ours)  # others have taken this pump for dead: they send the rest
        self._outcomes, self._recorded_at = [], time.monotonic()

    def _unreachable(self, letters: Iterable[Outgoing], error: SmtpError) -> None:
        self.state.fault = str(error)
        self.state.failing_since = self.state.failing_since or self._post.now()
        for letter in letters:
            self._note(letter, of_error(error))

    def rest(self) -> None:
        """Nothing to do now: let a connection go that has been idle for long."""
        if self._session is not None and time.monotonic() - self._used_at > KEEP_S:
            self.hang_up()

    def hang_up(self) -> None:
        """Close the connection, if there is one."""
        if self._session is not None:
            self._session.close()
        self._session = None

    def cut(self) -> None:
        """End a hanging operation, from any thread."""
        if (session := self._session) is not None:
            session.cut()
