"""`acuse migrate`, `backup` and `erase`: what an operator does with the books now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from daemon.commands.requests import ask
from daemon.commands.showing import books
from daemon.config.settings import Settings
from daemon.store import Store
from daemon.store.connections import schema_of
from daemon.store.erasing import Traces, addresses_of, traces
from daemon.store.errors import StoreError
from daemon.store.moving import move as move_books


@contextmanager
def progress_of(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, where that is a terminal; told how much of how much is done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def migrate(settings: Settings) -> str:
    """Bring the schema up to date; what was done."""
    url = settings.database.login_url()
    missing = schema_of(url)
    Store.open(url, Path(settings.database.files)).close()
    return f"{settings.database.shown}: " + (f"applied {', '.join(missing)}" if missing else "the schema is up to date")


def move(settings: Settings, to: str) -> str:
    """Move a desk from SQLite to the empty PostgreSQL database ``to``; what was done. The files stay where they are."""
    url, files = settings.database.url, Path(settings.database.files)
    if not url.startswith("sqlite:///") or not to.startswith(("postgresql://", "postgres://")):
        raise StoreError("a desk is moved from sqlite:///… to postgresql://…; take a dump for anything else")
    with closing(Store.open(url, files)) as source, closing(Store.open(to, files)) as target:
        with progress_of("move") as progress, source.read() as books, target.write() as tx:
            copied = move_books(books.session, tx.session, lambda table, done, of: progress(done, of))
        faults = [fault for fault in target.audit(settings.desk) if fault not in source.audit(settings.desk)]
    if faults:
        raise StoreError(f"the moved books do not balance: {faults[0].check}: {faults[0].subject}: {faults[0].detail}")
    lines = [f"{each.table:16} {each.rows:9} rows  sha256 {each.digest[:16]}" for each in copied]
    return "\n".join(
        [*lines, "Everything arrived as it was. Write the new url under [database], then start the daemon."]
    )


def backup(settings: Settings, target: Path) -> str:
    """A consistent copy while the daemon runs; what was written."""
    with books(settings) as store, progress_of("backup") as progress:
        written = store.backup(target, progress)
    return f"{target}: the database, and {len(written) - 1} files in {target}.files"


def found_of(settings: Settings, address: str) -> Traces:
    """Where a person stands in the books."""
    with books(settings) as store, store.read() as reading:
        return traces(reading.session, address)


def told(settings: Settings, address: str, found: Traces) -> str:
    """What erasing would touch, for a terminal."""
    with books(settings) as store, store.read() as reading:
        addresses = addresses_of(reading.session, address)
        still_open = [number for number in found.own if (t := reading.tickets.get(number)) and t.open]
    lines = [
        f"{', '.join(addresses)}{' (registered)' if found.registered else ''}",
        f"  tickets opened: {len(found.own)}" + (f" ({', '.join(found.own[:10])} …)" if found.own else ""),
        f"  other tickets that name them: {len(found.named)}",
        f"  mails whose bytes go: {len(found.mails)}",
        f"  letters whose bytes go: {len(found.letters)}",
        f"  the mails themselves lie on the mail server too, in {_folders(settings)}: remove them there",
    ]
    if still_open:
        lines.append(f"  still open, nobody will be written to about them: {', '.join(still_open)}")
    return "\n".join(lines)


def erase(settings: Settings, address: str) -> str:
    """Put a pseudonym in the person's place; by the daemon where one runs."""
    return ask(settings, "erase", {"address": address.lower()})


def _folders(settings: Settings) -> str:
    return ", ".join(f"{box.name}: {box.folders.done} and the others" for box in settings.mailboxes)
