"""What a configuration names on this machine: secrets that can be read, and by nobody else; room for the books.

`acuse check` asks this as the user who runs it: run it as the user of the daemon.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from daemon.config.accounts import LONGEST_SECRET, Database, SecretError, Written, beside, from_file
from daemon.config.positions import Path as KeyPath
from daemon.config.settings import Settings
from daemon.config.shape import Misfit
from daemon.config.value_checks import leaves
from daemon.files import opened
from daemon.store.lock_file import not_ours


def checks(written: Written, config: Path) -> Iterator[Misfit]:
    """All of them; paths are seen from the folder of ``config``. A file named in several places is told once."""
    files: dict[str, KeyPath] = {}
    for path, name in named_files(written):
        files.setdefault(beside(config, name), path)
    for file, path in files.items():
        if fault := _unreadable(Path(file), is_secret(path)):
            yield Misfit(path, fault)
        elif is_secret(path) and (doubt := too_open(Path(file))):
            yield Misfit(path, doubt, warning=True)
    yield from _books(written.database.located(config))
    yield from _figures(beside(config, written.metrics.textfile))
    if lacking := no_program(written.alerts.command):
        yield Misfit(("alerts", "command"), lacking, warning=True)


# -- files that are read


def named_files(servers: Written | Settings) -> Iterator[tuple[KeyPath, str]]:
    """Every file of a secret or a certificate, at its key."""
    tables = {name: getattr(servers, name) for name in ("mailboxes", "smtp", "database", "alerts")}
    return ((path, name) for path, name, _ in leaves(tables) if str(path[-1]).endswith("_file") and name)


def is_secret(path: KeyPath) -> bool:
    """Whether the file at this key is nobody else's; a certificate is everybody's."""
    return path[-1] != "ca_file"


def too_open(file: Path) -> str:
    """How to mend a secret that others than its owner may get at; "" for one that is its owner's alone."""
    return f"others may read {file}: chmod 600 {file}" if file.stat().st_mode & 0o077 else ""


def no_program(command: Sequence[str]) -> str:
    """Why nobody would be told by this command; "" where its program can be run, or where there is none."""
    if not command or shutil.which(command[0]):
        return ""
    return f"there is no program {command[0]}, or it may not be run: nobody would be told by it"


REMEDIES = {
    FileNotFoundError: "write it there, or correct its name here",
    PermissionError: "it belongs to whoever runs acuse: chown it",
}
"""What mends a file that cannot be read."""


def _unreadable(file: Path, secret: bool) -> str:
    try:
        with opened(file, LONGEST_SECRET) as content:
            if not content.read().strip():
                return f"{file} is empty"
        if secret:
            from_file(str(file))
    except SecretError as fault:
        return str(fault)
    except OSError as error:
        return f"cannot read {file}: {error.strerror}; {REMEDIES.get(type(error), 'name a file')}"
    return ""


# -- folders that are written


def _books(database: Database) -> Iterator[Misfit]:
    """The folders of the SQLite database and of the files can be made and written, and the database too; what holds
    both up is told once."""
    folders = {"files": Path(database.files)} | ({"url": database.sqlite_path.parent} if database.is_sqlite else {})
    faults = {no_room(folder): key for key, folder in folders.items()}
    yield from (Misfit(("database", key), fault) for fault, key in faults.items() if fault)
    if database.is_sqlite and (foreign := not_ours(database.sqlite_path)):
        yield Misfit(("database", "url"), foreign)


def _figures(textfile: str) -> Iterator[Misfit]:
    """The file of the metrics is another program's to read: its folder is there, and can be written."""
    folder = Path(textfile).parent
    if textfile and (fault := no_room(folder) or ("" if folder.is_dir() else f"there is no folder {folder}")):
        yield Misfit(("metrics", "textfile"), fault)


def no_room(folder: Path) -> str:
    """Why nothing can be kept in ``folder``, and how to mend it; "" where it can, or where it can be made."""
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    user = os.geteuid()
    if not there.is_dir():
        return f"{there} is no folder; name another place"
    if os.access(there, os.W_OK | os.X_OK, effective_ids=True):
        return ""
    if there == folder:
        return f"{folder} cannot be written by user {user}; name a folder of this user's own"
    return f"there is no folder {folder}, and user {user} cannot make it: install -d -m 700 -o {user} {folder}"
