"""The outbox: a pump for each of `smtp.connections`, in threads of their own, or everything that is due sent once.

The pumps themselves are in daemon/mail/pump.py. Here they are woken when letters have been queued, pause after a fault,
and end when asked to.
"""

from __future__ import annotations

import threading
import time

from daemon.log import log
from daemon.mail.pump import Post, Pump
from daemon.mail.smtp_wire import SmtpError
from daemon.mail.wire import Backoff

LOOK_EVERY_S = 5.0
CUT_AFTER_S = 3.0


class Outbox:
    """All pumps of one daemon: `smtp.connections` threads between :meth:`start` and :meth:`stop`."""

    def __init__(self, post: Post) -> None:
        self._stop = threading.Event()
        self._news = [threading.Event() for _ in range(max(1, post.smtp.connections))]
        self.pumps = [Pump(post, self._stop, number) for number, _ in enumerate(self._news, 1)]
        self._post = post
        self._threads = [
            threading.Thread(target=self._run, args=(pump, news), name=f"outbox-{number}", daemon=True)
            for number, (pump, news) in enumerate(zip(self.pumps, self._news, strict=True), 1)
        ]

    def start(self) -> None:
        """Let the threads run."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Letters have been queued (after COMMIT): look now."""
        for news in self._news:
            news.set()

    def stop(self, timeout_s: float = CUT_AFTER_S + 1.0) -> None:
        """End after the letter in hand, and in any case within ``timeout_s``."""
        self._stop.set()
        self.wake()
        until = time.monotonic() + timeout_s
        for thread in filter(threading.Thread.is_alive, self._threads):
            thread.join(max(0.0, min(CUT_AFTER_S, until - time.monotonic())))
        for pump, thread in zip(self.pumps, self._threads, strict=True):
            if thread.is_alive():
                pump.cut()
                thread.join(max(0.0, until - time.monotonic()))

    def send_due(self) -> int:
        """Send all that is due now, in this thread (`acuse run --once`); returns how many letters were tried. Raises
        SmtpError if the server cannot be used; the letters wait."""
        count = 0
        pump = self.pumps[0]
        try:
            while tried := pump.send_due():
                count += tried
        finally:
            pump.hang_up()
        return count

    def _run(self, pump: Pump, news: threading.Event) -> None:
        backoff = Backoff(first_s=1.0, cap_s=60.0)
        while not self._stop.is_set():
            try:
                self._turn(pump, news)
                backoff.succeeded()
            except SmtpError as error:
                log.warning("smtp unreachable", why=str(error))
                self._stop.wait(backoff.failed())
            except Exception:  # the database, or a defect: the queue outlives both
                log.exception("outbox failed")
                self._stop.wait(backoff.failed())
        pump.hang_up()

    def _turn(self, pump: Pump, news: threading.Event) -> None:
        news.clear()
        if not pump.send_due():
            pump.rest()
            news.wait(self._pause_s())

    def _pause_s(self) -> float:
        """Until the next letter is due, within bounds: the clock may jump, another process may queue one."""
        due = self._post.store.next_delivery()
        wait = (due - self._post.now()).total_seconds() if due is not None else LOOK_EVERY_S
        return min(LOOK_EVERY_S, max(0.05, wait))
