"""`acuse migrate`, `backup` and `erase`: what an operator does with the books now and then."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from daemon.commands import Unable
from daemon.commands.asking import ask
from daemon.commands.progress import progress
from daemon.commands.showing import books, counted
from daemon.config.people_checks import is_address
from daemon.config.settings import Settings
from daemon.files import Files
from daemon.store import Store
from daemon.store.backup import backup as copy
from daemon.store.connections import schema_of
from daemon.store.erasing import addresses_of, traces
from daemon.store.moving import move as move_books
from rules.desk import Desk


def migrate(settings: Settings) -> str:
    """Bring the schema up to date; what was done."""
    url = settings.database.login_url()
    missing = schema_of(url)
    Store.open(url, Path(settings.database.files)).close()
    return f"{settings.database.shown}: " + (f"applied {', '.join(missing)}" if missing else "the schema is up to date")


def move(settings: Settings, to: str) -> str:
    """Move a desk from SQLite to the empty PostgreSQL database ``to``; what was done. The files stay where they are."""
    url, files = settings.database.url, Path(settings.database.files)
    if not settings.database.is_sqlite or not to.startswith(("postgresql://", "postgres://")):
        raise Unable("a desk is moved from sqlite:///… to postgresql://…; take a dump for anything else")
    with closing(Store.open(url, files)) as source, closing(Store.open(to, files)) as target:
        source.free_claims()  # what a daemon that died had sent is entered: its file of receipts does not move
        with progress() as tell, source.read() as books, target.write() as tx:
            copied = move_books(books.session, tx.session, tell)
        faults = [fault for fault in target.audit(settings.desk) if fault not in source.audit(settings.desk)]
    if faults:
        raise Unable(f"the moved books do not balance: {faults[0].check}: {faults[0].subject}: {faults[0].detail}")
    lines = [f"{each.table:16} {each.rows:9} rows  sha256 {each.digest[:16]}" for each in copied]
    then = f'Write the new url under [database], and files = "{files}"; then start the daemon.'
    return "\n".join([*lines, f"Everything arrived as it was. {then}"])


def backup(settings: Settings, target: Path) -> str:
    """A consistent copy while the daemon runs, or before a newer program migrates the schema; what was written."""
    url, files = settings.database.login_url(), Files(Path(settings.database.files))
    with progress() as tell:
        written = copy(url, files, target, lambda done, of: tell("backup", done, of))
    beside = f"and {counted(len(written) - 1)} in {target}.files" if written[1:] else "and there are no files yet"
    return f"{target}: the database, {beside}"


def told(settings: Settings, address: str) -> str:
    """What erasing would touch, for a terminal; Unable where it is nobody's address, or nothing is known of it."""
    _of_a_person(address, settings.desk)
    with books(settings) as store, store.read() as reading:
        found = traces(reading.session, address)
        addresses = addresses_of(reading.session, address)
        still_open = [number for number in found.own if (t := reading.tickets.get(number)) and t.open]
    if not found:
        raise Unable(f"nothing is known of {address}")
    lines = [
        f"{', '.join(addresses)}{' (registered)' if found.registered else ''}",
        f"  tickets opened: {len(found.own)}" + (f" ({_some(found.own)})" if found.own else ""),
        f"  other tickets that name them: {len(found.named)}",
        f"  mails whose bytes go: {len(found.mails)}",
        f"  letters whose bytes go: {len(found.letters)}, and {len(found.shared)} to others that may name them",
        "  what is typed without these addresses and the names known of them stays: read those tickets yourself",
        f"  the mails themselves lie on the mail server too, in {_folders(settings)}: remove them there",
    ]
    if still_open:
        lines.append(f"  still open, nobody will be written to about them: {', '.join(still_open)}")
    return "\n".join(lines)


def _of_a_person(address: str, desk: Desk) -> None:
    """What is no address would be blackened wherever it is part of a word, the desk's own in every ticket."""
    if not is_address(address):
        raise Unable(f'"{address}" is no mail address; write one bare address, such as ana@cliente.example')
    if address.lower() in desk.own_addresses:
        raise Unable(f"{address} is a mailbox of the desk, nobody's own")


def _some(numbers: Sequence[str]) -> str:
    return ", ".join(numbers[:10]) + (" …" if len(numbers) > 10 else "")


def erase(settings: Settings, address: str) -> str:
    """Put a pseudonym in the person's place; by the daemon where one runs."""
    return ask(settings, "erase", {"address": address.lower()})


def _folders(settings: Settings) -> str:
    return ", ".join(f"{box.name}: {box.folders.done} and the others" for box in settings.mailboxes)
