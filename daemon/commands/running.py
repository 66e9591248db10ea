"""`acuse run` and `run --once`."""

from __future__ import annotations

import gc
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from daemon.commands import Unable
from daemon.config.accounts import Log
from daemon.lean import share_arenas
from daemon.mail.imap_faults import ImapError
from daemon.mail.smtp_wire import SmtpError
from daemon.mail.wire import Backoff
from daemon.operations import systemd
from daemon.operations.logs import FLUSH_S, WRITER, set_up_logs
from daemon.service import Service, open_service, run_until_signal
from daemon.store.errors import Unavailable

FIRST_S, CAP_S = 1.0, 30.0
"""Pauses while the database is away when the daemon starts."""


def forever(path: Path) -> NoReturn:
    """The daemon of the configuration in ``path``, until a signal ends it."""
    share_arenas()
    service = _opened(path)
    set_up_logs(service.live.current.settings.log)
    gc.freeze()  # what a start has built stays: it need not be looked through for garbage
    run_until_signal(service)
    WRITER.wait(FLUSH_S)
    os._exit(0)  # Python would first wait for a job that waits for a silent database; what it does is done again


def _opened(path: Path) -> Service:
    """The service, waited for while its database is away: meanwhile no mailbox is touched."""
    backoff = Backoff(FIRST_S, CAP_S)
    while True:
        try:
            return open_service(path)
        except Unavailable as fault:
            seconds = backoff.failed()
            print(f"acuse: {fault}; tried again in {seconds:.0f} s", file=sys.stderr, flush=True)
            systemd.notify(f"EXTEND_TIMEOUT_USEC={int(2 * CAP_S * 1_000_000)}")
            time.sleep(seconds)


def once(path: Path) -> int:
    """Treat what waits, fire and send what is due; returns how many mails. Unable if a server could not be used."""
    from daemon.commands.progress import progress

    service = open_service(path)
    set_up_logs(_beside_a_bar(service.live.current.settings.log))
    try:
        with progress() as tell:
            return service.once(tell)
    except (ImapError, SmtpError) as fault:
        raise Unable(fault) from fault
    finally:
        service.stop()


def _beside_a_bar(log: Log) -> Log:
    """At a terminal the bar shows how far it is; a log line for each mail would tear it apart."""
    return replace(log, level="warning") if log.level == "info" and sys.stderr.isatty() else log
