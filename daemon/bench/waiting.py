"""How long a mail waits for its letters, from APPEND to both accepted: of an idle daemon, and of one with a backlog."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from daemon.bench.desk import address
from daemon.bench.figures import spread
from daemon.bench.job import PATIENCE_S, Bench
from daemon.bench.mails import openings
from daemon.bench.process import Measured
from daemon.bench.servers import HOST, PASSWORD
from daemon.config.settings import load
from daemon.store import Store

ARRIVALS = 40
BETWEEN_S = 0.25

_ACCEPTED = """
SELECT MAX(deliveries.sent_at) FROM mails JOIN outbox ON outbox.mail_id = mails.id
JOIN deliveries ON deliveries.id = outbox.id WHERE mails.mailbox = 'apertura'
GROUP BY mails.id HAVING COUNT(deliveries.sent_at) = 2 ORDER BY mails.uid
"""


def latency(at: Bench, arrivals: int = ARRIVALS) -> dict[str, Any]:
    """Milliseconds of mails that come one by one, the server's own IDLE notice beside them."""
    waits, notices = [], []
    with at.resting() as (_, user), _arriving(at, user) as append:
        for raw in openings(arrivals, 9001, file_every=arrivals + 1):
            before = at.sink.taken
            sent, notice = append(raw)
            notices.append(notice)
            while at.sink.taken < before + 2:
                time.sleep(0.001)
            waits.append((time.time() - sent) * 1000)
    return _told(waits, notices)


def latency_under_load(at: Bench, arrivals: int = ARRIVALS, backlog: int = 8_000) -> dict[str, Any]:
    """The same while another mailbox has a backlog in hand, by the time that the outbox notes of each letter."""
    at.desk(0)
    users, started = {"apertura": at.user(), "cola": at.user()}, at.sink.taken
    to, other = address("apertura").encode(), address("cola").encode()
    at.lay(users["cola"], (raw.replace(to, other, 1) for raw in openings(backlog, 9003)))
    config = at.configure(users)
    daemon = at.acuse(config)
    sent, notices = [], []
    try:
        daemon.until(lambda: at.sink.taken >= started + 2 * min(backlog, 100), PATIENCE_S)
        with _arriving(at, users["apertura"]) as append:
            for raw in openings(arrivals, 9002, file_every=arrivals + 1):
                begun, notice = append(raw)
                sent.append(begun)
                notices.append(notice)
                time.sleep(BETWEEN_S)
        left = at.dovecot.waiting(users["cola"])
        accepted = _accepted(daemon, config, arrivals)
    finally:
        daemon.finish(1.0)
    waits = [(micros / 1e6 - begun) * 1000 for begun, micros in zip(sent, accepted, strict=True)]
    return {"backlog": backlog, "left_at_the_end": left, **_told(waits, notices)}


def _accepted(daemon: Measured, config: Path, arrivals: int) -> Sequence[int]:
    """When both letters of each arrival were accepted: UTC microseconds, in the order of their coming."""
    settings = load(config)
    store = Store.open(settings.database.login_url(), Path(settings.database.files), readonly=True)
    found: list[int] = []

    def all_accepted() -> bool:
        found[:] = store.look(lambda session: [row[0] for row in session.all(_ACCEPTED)])
        return len(found) == arrivals

    try:
        daemon.until(all_accepted, PATIENCE_S)
    finally:
        store.close()
    return found


@contextmanager
def _arriving(at: Bench, user: str) -> Iterator[Callable[[bytes], tuple[float, float]]]:
    """A way to lay a mail into the mailbox of ``user``: when that was, and after how many milliseconds the server told
    another client of it."""
    with _logged_in(at, user) as client, _logged_in(at, user) as listener:
        listener.select_folder("INBOX")
        listener.idle()

        def append(raw: bytes) -> tuple[float, float]:
            listener.idle_done()  # not sooner: what becomes of the mail before is heard in its own IDLE
            listener.idle()
            sent = time.time()
            client.append("INBOX", raw)
            listener.idle_check(timeout=5)
            return sent, (time.time() - sent) * 1000

        yield append
        listener.idle_done()


def _logged_in(at: Bench, user: str) -> IMAPClient:
    client = IMAPClient(HOST, at.dovecot.port, ssl=False)
    client.login(user, PASSWORD)
    return client


def _told(waits: Sequence[float], notices: Sequence[float]) -> dict[str, Any]:
    beyond = sorted(max(0.0, wait - notice) for wait, notice in zip(waits, notices, strict=True))
    return {
        "arrival_to_accepted_ms": spread(waits),
        "server_notice_ms": spread(notices),
        "beyond_notice_ms": {**spread(beyond), "p99": round(beyond[int(len(beyond) * 0.99)], 1)},
    }
