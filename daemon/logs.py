"""Logs for an operator: one line an event, as JSON or for a console; never a password, a token or a mail's text."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from daemon.accounts import Log

SECRET = frozenset({"password", "token", "secret", "body", "text", "raw", "authorization"})
"""Keys whose values never reach a log, whoever passes them."""


def set_up_logs(table: Log) -> None:
    """Log to standard error as `[log]` says. A reader that went away does not stop the daemon."""
    logging.basicConfig(level=logging.INFO, handlers=[logging.NullHandler()])
    for library in ("imapclient", "imaplib", "apscheduler"):
        logging.getLogger(library).setLevel(logging.WARNING)
    shown: list[Any] = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    if table.format == "json":
        shown = [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            *shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(table.level),
        logger_factory=structlog.PrintLoggerFactory(_Unbroken()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor that blanks every value under a key of :data:`SECRET`."""
    for key in SECRET & event.keys():
        event[key] = "…"
    return event


class _Unbroken:
    """Standard error; a closed or full one loses lines, never the daemon."""

    def write(self, text: str) -> int:
        try:
            return sys.stderr.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        try:
            sys.stderr.flush()
        except (OSError, ValueError):
            return
