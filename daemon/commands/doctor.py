"""`acuse doctor`: talks to the real servers and says of each thing whether it is well, and if not, what to do."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from daemon.commands.roundtrip import round_trip
from daemon.commands.showing import books
from daemon.config.accounts import Account, Database, SecretError, Smtp
from daemon.config.file_checks import is_secret, named_files, no_program, no_room, too_open
from daemon.config.settings import Settings
from daemon.files import Files
from daemon.mail.filing import Folders
from daemon.mail.imap import Imap
from daemon.mail.imap_faults import ImapError
from daemon.mail.oauth import Tokens
from daemon.mail.smtp import Session
from daemon.mail.smtp_wire import SmtpError
from daemon.mail.wire import Endpoint
from daemon.operations.dangling import dangling
from daemon.operations.troubles import ROOM, ending_secrets, folders_of
from daemon.store import Store, notes
from daemon.store.connections import schema_of, version_of
from daemon.store.daemons import GIVEN_UP, Lease
from daemon.store.errors import StoreError
from daemon.store.lock_file import holder_of
from daemon.store.standing import Standing, standing

CAPABILITIES = {
    "IDLE": "mails are seen at the next poll only",
    "MOVE": "mails are copied and expunged",
    "UIDPLUS": "filed mails stay marked as deleted in the watched folder",
    "CONDSTORE": "",
}
"""What a mailbox server should offer, and what happens without it; "": nothing."""
SKEW = timedelta(seconds=30)
LONGEST = 2000
"""Characters of a line where no terminal breaks it."""
SILENT = timedelta(minutes=15)

State = Literal["ok", "note", "bad"]


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the examination. A ``note`` is worth knowing, ``bad`` keeps the desk from working."""

    state: State
    what: str
    text: str


def examine(settings: Settings, round_trip: bool, console: Console | None = None) -> int:
    """Look at everything and show it; 1 where something is bad."""
    console = console or _console()
    found = []
    with console.status("talking to the servers"):
        for check in CHECKS:
            found += list(check(settings))
        if round_trip and not any(each.state == "bad" for each in found):
            found += list(_round_trip(settings))
    console.print(as_table(found))
    bad = sum(each.state == "bad" for each in found)
    console.print(
        f"{bad} {'thing' if bad == 1 else 'things'} to mend" if bad else "all is well", style="red" if bad else "green"
    )
    return int(bad > 0)


def _console() -> Console:
    """Standard output; lines are left unbroken where it is no terminal, so that they can be searched."""
    return Console(width=None if sys.stdout.isatty() else LONGEST)


def as_table(found: list[Found]) -> Table:
    """The lines as a table."""
    table = Table(box=None, pad_edge=False)
    for column in ("", "what", "found"):
        table.add_column(column, overflow="fold")
    signs = {"ok": "[green]ok", "note": "[yellow]note", "bad": "[red]BAD"}
    for each in found:
        table.add_row(signs[each.state], Text(each.what), Text(each.text))
    return table


# -- mailboxes


def mailboxes(settings: Settings) -> Iterator[Found]:
    """Login, folder, capabilities and our own folders of each mailbox."""
    tokens = Tokens()
    for account in settings.mailboxes:
        what = f"mailbox {account.name}"
        try:
            with Imap(Endpoint.of_account(account, tokens)) as imap:
                yield Found("ok", what, f"login at {account.host}:{account.port} as {account.username}")
                yield from _folders(imap, account, what)
                yield from _capabilities(imap, what)
        except ImapError as fault:
            yield Found("bad", what, str(fault))


def _folders(imap: Imap, account: Account, what: str) -> Iterator[Found]:
    folders, names = Folders(imap), account.folders.names
    selected = folders.select(account.folder)
    yield Found("ok", what, f"{account.folder}: {selected.exists} mails, UIDVALIDITY {selected.uidvalidity}")
    missing = [name for name in names if not folders.exists(name)]
    if missing:
        yield Found("note", what, f"not there yet, made at the first start: {', '.join(missing)}")
    else:
        yield Found("ok", what, f"folders {', '.join(names)}")


def _capabilities(imap: Imap, what: str) -> Iterator[Found]:
    offered = imap.capabilities()
    lacking = [f"{name} ({why})" if why else name for name, why in CAPABILITIES.items() if name not in offered]
    if lacking:
        yield Found("note", what, f"the server lacks {', '.join(lacking)}")
    else:
        yield Found("ok", what, f"the server offers {', '.join(CAPABILITIES)}")


# -- SMTP


def smtp(settings: Settings) -> Iterator[Found]:
    """Connection, TLS, login, and whether the sender is accepted; the second route likewise."""
    yield from _smtp("smtp", settings.smtp, Tokens())
    if settings.alerts.smtp:
        yield from _smtp("alerts.smtp", settings.alerts.smtp, Tokens())
    if lacking := no_program(settings.alerts.command):
        yield Found("bad", "alerts.command", lacking)


def _smtp(what: str, table: Smtp, tokens: Tokens) -> Iterator[Found]:
    try:
        with Session(Endpoint.of_smtp(table, tokens)) as session:
            who = f" as {table.username}" if table.username else ", without login"
            yield Found("ok", what, f"{table.host}:{table.port}, {table.security}{who}")
            refused = session.refusal_of(table.sender)
            yield Found("bad", what, refused) if refused else Found("ok", what, f"takes letters from {table.sender}")
    except SmtpError as fault:
        yield Found("bad", what, str(fault))


def secrets(settings: Settings) -> Iterator[Found]:
    """Files with secrets that others may read; OAuth2 secrets that are about to end."""
    files = {Path(name) for path, name in named_files(settings) if is_secret(path)}
    for doubt in sorted(too_open(file) for file in files if file.exists()):
        if doubt:
            yield Found("note", "secrets", doubt)
    for name, ends in ending_secrets(settings, datetime.now(UTC)):
        yield Found("note", "secrets", f"{name}: the client secret of OAuth2 ends on {ends}")


# -- books and files


def database(settings: Settings) -> Iterator[Found]:
    """That it can be opened, its version and schema, who works with it, the leases, and its clock."""
    what = "database"
    try:
        url = settings.database.login_url()
        missing = schema_of(url)
        if missing == ["a new database"]:
            yield Found("note", what, f"{settings.database.shown}: not there yet, made at the first start")
        elif missing:
            yield Found("bad", what, f"the schema lacks {', '.join(missing)}: run `acuse migrate`")
        else:
            with books(settings) as store:
                yield Found("ok", what, f"{settings.database.shown}: {version_of(url)}, schema up to date")
                yield from _holder(settings.database, what)
                damage = store.look(lambda session: session.dialect.damage(session))
                yield from (Found("bad", what, f"damaged, restore a backup: {text}") for text in damage)
                yield from (Found("bad", what, misfit.text) for misfit in dangling(store, settings.desk))
                yield from _standing(store, settings, what)
    except (StoreError, SecretError) as fault:
        yield Found("bad", what, str(fault))


def _holder(database: Database, what: str) -> Iterator[Found]:
    if database.is_sqlite:
        holder = holder_of(database.sqlite_path)
        yield Found(
            "ok", what, f"a daemon works with it: process {holder}" if holder else "no daemon works with it now"
        )


def _standing(store: Store, settings: Settings, what: str) -> Iterator[Found]:
    with store.read() as reading:
        stands = standing(reading.session)
        skew = abs(notes.clock_of(reading.session) - datetime.now(UTC))
    if skew > SKEW:
        yield Found("bad", "clock", f"this machine and the database differ by {skew.total_seconds():.0f} s: use NTP")
    else:
        yield Found("ok", "clock", f"as the database's, within {max(1.0, skew.total_seconds()):.0f} s")
    now = datetime.now(UTC)
    if not settings.database.is_sqlite:
        yield Found("ok", what, f"daemons that work with it: {', '.join(stands.desks) or 'none now'}")
    yield from (_lease(lease, now) for lease in stands.leases)
    if len(set(stands.desks.values())) > 1:
        text = f"{', '.join(stands.desks)} do not decide by the same configuration: save the same files for each"
        yield Found("bad", "daemons", text)
    yield from _polls(stands, settings, now)
    waiting = ", ".join(f"{state} {count}" for state, count in sorted(stands.outbox.items()))
    yield Found("ok", "outbox", f"waiting: {waiting or 'nothing'}")
    if stands.told:
        yield Found("note", "alarms", f"stand told: {', '.join(stands.told)}")


def _lease(lease: Lease, now: datetime) -> Found:
    """Who watches a mailbox; a daemon that was killed, or is stopped, has let go of nothing."""
    what, owner = f"mailbox {lease.mailbox}", f"{lease.owner} (lease {lease.fence})"
    if lease.expires_at > now:
        return Found("ok", what, f"held by {owner}")
    if lease.expires_at == GIVEN_UP:
        return Found("ok", what, f"let go by {owner}")
    return Found("note", what, f"watched by nobody: {owner} has said nothing more")


def _polls(stands: Standing, settings: Settings, now: datetime) -> Iterator[Found]:
    for box in settings.mailboxes:
        seen = stands.polls.get(box.name)
        if seen is None:
            yield Found("note", f"mailbox {box.name}", "no daemon has seen it yet")
        else:
            told = f"last good poll {seen.astimezone(settings.desk.zone):%Y-%m-%d %H:%M:%S}"
            yield Found("note" if now - seen > SILENT else "ok", f"mailbox {box.name}", told)


def files(settings: Settings) -> Iterator[Found]:
    """Who may read the books, and whether there is room."""
    folder = Path(settings.database.files)
    places = [folder] if folder.is_dir() else []
    if settings.database.is_sqlite and settings.database.sqlite_path.is_file():
        places.append(settings.database.sqlite_path)
    for place in (*places, settings.path):
        mode = place.stat().st_mode
        if mode & (0o077 if place != settings.path else 0o022):
            yield Found("note", "files", f"{place} is {stat.filemode(mode)}: others may get at it; chmod go= {place}")
        else:
            yield Found("ok", "files", f"{place} is {stat.filemode(mode)}")
    faults = dict.fromkeys(map(no_room, (folder, Files(folder).spool)))
    yield from (Found("bad", "files", fault) for fault in faults if fault)
    for written in folders_of(settings.database):
        near = next(place for place in (written, *written.parents) if place.exists())
        free = shutil.disk_usage(near).free
        yield Found("bad" if free < ROOM else "ok", "files", f"{free // 2**20:,} MiB free at {near}")


def _round_trip(settings: Settings) -> Iterator[Found]:
    what = "round trip"
    try:
        took, skew = round_trip(settings)
    except (ImapError, SmtpError, TimeoutError) as fault:
        yield Found("bad", what, str(fault))
        return
    yield Found("ok", what, f"a mail to {settings.smtp.sender} arrived after {took:.1f} s")
    text = f"this machine and the mail server differ by {skew.total_seconds():.0f} s"
    yield Found("bad" if abs(skew) > SKEW * 2 else "ok", "clock", text)


CHECKS: tuple[Callable[[Settings], Iterator[Found]], ...] = (mailboxes, smtp, secrets, database, files)
"""What is examined, in this order."""
