"""What fails in a running daemon: each function looks at one thing, and tells what is wrong with it and since when.

When the admins hear of it is decided by rules/alarms.py, how they do by daemon/operations/alarms.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from daemon.config.accounts import Account, Credentials, Database
from daemon.config.settings import Settings
from daemon.mail.mailbox import WatchState
from daemon.mail.pump import PostState
from daemon.store.stuck import Stuck
from rules import alarms
from rules.alarms import Trouble

WARNED_BEFORE = timedelta(days=14)
"""How long before its end an OAuth2 secret is told of."""
MOST_NAMED = 5
"""Tickets that an alarm names."""
ROOM = 100 * 1024 * 1024
"""Octets that must be free where the books and the files lie."""


def mailbox_troubles(account: Account, state: WatchState, started: datetime, now: datetime) -> Iterator[Trouble]:
    """What is wrong with one mailbox: its mails cannot be kept here, or it is unreachable, refuses us, is silent for
    longer than it should be, or keeps a mail where it lies."""
    details = (("mailbox", account.name), ("server", account.host), ("diagnostic", state.fault))
    if state.failing_since is not None and state.fault_is_here:
        yield Trouble("storage", "", state.failing_since, details[2:])
    elif state.auth_failures >= alarms.LOGINS_REFUSED:
        yield Trouble("login", account.name, state.failing_since or now, details)
    elif state.failing_since is not None:
        yield Trouble("mailbox_down", account.name, state.failing_since, details)
    elif now - (state.last_good_poll or started) > account.poll * 2:
        since = (state.last_good_poll or started) + account.poll * 2
        yield Trouble("mailbox_down", account.name, since, details)
    if state.refused_since is not None:
        yield Trouble(
            "filing_refused", account.name, state.refused_since, (*details[:2], ("diagnostic", state.refused))
        )


def mailbox_wells(name: str, state: WatchState) -> Iterator[str]:
    """What is known to work of a mailbox that was seen well, and of which nothing has failed since."""
    if _seen_well(state):
        yield from (f"mailbox_down:{name}", f"login:{name}")
        if state.refused_since is None:
            yield f"filing_refused:{name}"


def storage_wells(states: Collection[WatchState]) -> Iterator[str]:
    """What is kept here is kept well, as far as the mailboxes see it."""
    if any(map(_seen_well, states)) and not any(state.fault_is_here for state in states):
        yield "storage:"


def _seen_well(state: WatchState) -> bool:
    return state.failing_since is None and state.last_good_poll is not None


def outbox_trouble(states: Iterable[PostState], host: str, waits: bool) -> Iterator[Trouble]:
    """SMTP fails, and letters wait for it."""
    failing = [(state.failing_since, state.fault) for state in states if state.failing_since is not None]
    if failing and waits:
        since, fault = min(failing)
        yield Trouble("smtp_down", "", since, (("server", host), ("diagnostic", fault)))


def folders_of(database: Database) -> Iterator[Path]:
    """Where the files lie, and the books if they are a file."""
    yield Path(database.files)
    if database.is_sqlite:
        yield database.sqlite_path.parent


def disk_trouble(folders: Iterable[Path], now: datetime) -> Iterator[Trouble]:
    """No room where the books or the files lie."""
    for folder in folders:
        if folder.is_dir() and shutil.disk_usage(folder).free < ROOM:
            yield Trouble("disk_full", "", now, (("file", str(folder)),))
            return


def stuck_trouble(failing: Sequence[Stuck]) -> Iterator[Trouble]:
    """Something is due on tickets and cannot be done."""
    if failing:
        numbers = ", ".join(dict.fromkeys(each.number for each in failing[:MOST_NAMED]))
        details = (("number", numbers), ("count", str(len(failing))))
        yield Trouble("due_failed", "", failing[0].since, details)


def desk_trouble(desks: Mapping[str, str], since: datetime | None) -> Iterator[Trouble]:
    """Daemons that do not agree on the configuration: what becomes of a mail depends on who takes it."""
    if since is not None:
        yield Trouble("config_differs", "", since, (("daemons", ", ".join(desks)),))


def ending_secrets(settings: Settings, now: datetime) -> Iterator[tuple[str, date]]:
    """The mailboxes, by name, «smtp» and «alerts.smtp» whose OAuth2 secret ends soon, as the admin wrote it down."""
    accounts: list[tuple[str, Credentials]] = [(box.name, box) for box in settings.mailboxes]
    routes = (("smtp", settings.smtp), ("alerts.smtp", settings.alerts.smtp))
    accounts += [(name, route) for name, route in routes if route]
    today = now.astimezone(settings.desk.zone).date()
    for name, account in accounts:
        ends = account.oauth2.expires if account.oauth2 else None
        if ends and ends - today <= WARNED_BEFORE:
            yield name, ends


def secret_troubles(settings: Settings, now: datetime) -> Iterator[Trouble]:
    """A client secret of OAuth2 whose end is near."""
    for name, ends in ending_secrets(settings, now):
        yield Trouble("oauth_expiry", f"{name} {ends}", now, (("mailbox", name), ("until", ends.isoformat())))
