"""Logs for an operator: one line an event, as JSON or for a console; never a password, a token or a mail's text.

Whoever logs only puts a line into a queue; one thread writes it. A pipe that nobody reads, a full disk or a closed
terminal loses lines, which are counted, and never stops the desk.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import MutableMapping
from typing import Any

from daemon.config.accounts import Log
from daemon.log import structlog
from daemon.store.errors import Unavailable

SECRET = frozenset({"password", "token", "secret", "body", "text", "raw", "authorization"})
"""Keys whose values never reach a log, whoever passes them."""

MOST_LINES = 10_000
"""Lines that wait to be written; further ones are dropped."""
GATHER_S = 0.05
"""A line is written at once, those that come in the time after it together: a write for each would wake the thread each
time, beside those that work."""
FLUSH_S = 1.0
"""What a process that ends waits for its last lines."""


def set_up_logs(table: Log) -> None:
    """Log to standard error as `[log]` says; :data:`WRITER` tells how many lines were lost."""
    logging.basicConfig(level=logging.INFO, handlers=[logging.NullHandler()])
    for library in ("imapclient", "imaplib", "apscheduler"):
        logging.getLogger(library).setLevel(logging.CRITICAL)  # what they tell reaches us as exceptions
    plain = structlog.dev.plain_traceback  # a rich one takes its time, and shows local variables: mails, that is
    shown: list[Any] = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    if table.format == "json":
        bare = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        shown = [structlog.processors.ExceptionRenderer(bare), structlog.processors.JSONRenderer(ensure_ascii=False)]
    WRITER.start()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            shorten,
            *shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(table.level),
        logger_factory=structlog.WriteLoggerFactory(WRITER),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    threading.excepthook = _log_defect


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor that blanks every value under a key of :data:`SECRET`."""
    for key in SECRET & event.keys():
        event[key] = "…"
    return event


def shorten(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor that tells of a database that is away in a line, and not by a traceback: it may be away for hours."""
    fault = sys.exc_info()[1] if event.get("exc_info") is True else None
    if isinstance(fault, Unavailable):
        event.update(why=str(fault), exc_info=None)
    return event


def _log_defect(defect: threading.ExceptHookArgs) -> None:
    name = defect.thread.name if defect.thread else ""
    structlog.get_logger().error("thread died", thread=name, exc_info=defect.exc_value)


class LineWriter:
    """A file to print to: takes text at once, and writes it to ``descriptor`` in a thread of its own."""

    def __init__(self, descriptor: int = 2, most: int = MOST_LINES) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._most = most
        self._waiting: deque[str] = deque()
        self._writing = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Let the thread run; once is enough."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
            atexit.register(self.wait, FLUSH_S)

    def write(self, text: str) -> int:
        """Take a text, or count it as lost where too many wait."""
        with self._changed:
            if len(self._waiting) >= self._most:
                self.dropped += 1
            else:
                self._waiting.append(text)
                self._changed.notify()
        return len(text)

    def flush(self) -> None:
        """The thread writes as soon as it can."""

    def wait(self, seconds: float) -> bool:
        """Wait until everything is written, at most ``seconds``; returns whether it is."""
        until = time.monotonic() + seconds
        while (self._waiting or self._writing) and time.monotonic() < until:
            time.sleep(0.01)
        return not self._waiting and not self._writing

    def _run(self) -> None:
        told = 0
        while True:
            lines = self._take()
            if self.dropped > told:
                lines += f"{self.dropped - told} lines of this log were lost: nobody read them in time\n"
                told = self.dropped
            self._put(lines.encode("utf-8", "replace"))
            self._writing = False
            time.sleep(GATHER_S)

    def _take(self) -> str:
        with self._changed:
            while not self._waiting:
                self._changed.wait()
            self._writing = True
            lines = "".join(self._waiting)
            self._waiting.clear()
        return lines

    def _put(self, octets: bytes) -> None:
        while octets:
            try:
                octets = octets[os.write(self._descriptor, octets) :]
            except BlockingIOError:
                time.sleep(0.05)
            except OSError:
                self.dropped += octets.count(b"\n")
                return


WRITER = LineWriter()
"""The process's own, on standard error."""
