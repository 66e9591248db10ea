"""The log of every module: `from daemon.log import log`. Where its lines go is set by daemon/operations/logs.py."""

from __future__ import annotations

from daemon.lean import without

with without("rich"):  # structlog would make its tracebacks pretty, at 3 MiB and 60 ms of every start
    import structlog

__all__ = ["log", "structlog"]

log = structlog.get_logger()
