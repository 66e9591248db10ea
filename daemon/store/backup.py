"""`acuse backup`: a consistent copy of the database while the daemon runs, files beside it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from daemon.files import Files
from daemon.store.dialect import sqlite_path
from daemon.store.errors import StoreError
from daemon.store.lock_file import not_ours

PAGES = 2000
"""Pages copied between two reports of progress."""
Progress = Callable[[int, int], None]
"""Told how much of how much is copied."""


def backup(url: str, files: Files, target: Path, progress: Progress = lambda done, of: None) -> list[Path]:
    """Copy the database to ``target`` and the files to ``target``.files; what was written.

    Files are copied before the database, for retention may drop one meanwhile, and again those that have come with a
    row since: a file is kept before the row that names it commits, and dropped after that row has gone.
    """
    if target.exists():
        raise StoreError(f"{target} exists already: choose another name")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    beside = target.with_name(target.name + ".files")
    copied, earlier = Files(beside), beside.exists()
    try:
        _copy(files, copied, progress)
        _database(url, part, progress)
        _settle(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        if not earlier:
            shutil.rmtree(beside, ignore_errors=True)
        raise
    _copy(files, copied, progress)
    return [target, *map(copied.path, copied.digests())]


def _database(url: str, part: Path, progress: Progress) -> None:
    source = sqlite_path(url)
    if source is None:
        return _postgres(url, part)
    if not source.is_file():
        raise StoreError(not_ours(source) or f"there is no database at {source} yet")
    try:
        _sqlite(source, part, progress)
    except sqlite3.Error as fault:
        raise StoreError(f"no copy could be made at {part.parent}: {fault}") from fault


def _sqlite(source: Path, part: Path, progress: Progress) -> None:
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    reading = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    writing = sqlite3.connect(part)
    try:
        reading.execute("BEGIN")  # one picture, however long the copy takes
        reading.execute("SELECT COUNT(*) FROM meta").fetchone()
        reading.backup(writing, pages=PAGES, progress=lambda _, left, total: progress(total - left, total))
        found = [text for (text,) in writing.execute("PRAGMA quick_check(5)")]
    finally:
        reading.close()
        writing.close()
    if found != ["ok"]:
        raise StoreError(f"the copy is damaged: {'; '.join(found)}")


def _postgres(url: str, part: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise StoreError("pg_dump is not installed. On Debian: apt-get install postgresql-client")
    environment = {**os.environ, **_libpq(url)}  # not on the command line, where others could read a password
    command = [program, "--format=custom", f"--file={part}", "--no-password"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        raise StoreError(f"pg_dump: {done.stderr.decode(errors='replace').strip()}")


_VARIABLES = {"dbname": "PGDATABASE", "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
              "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}  # fmt: skip


def _libpq(url: str) -> dict[str, str]:
    """The parts of a PostgreSQL URL as the environment variables of its programs."""
    from psycopg.conninfo import conninfo_to_dict

    return {_VARIABLES[name]: str(value) for name, value in conninfo_to_dict(url).items() if name in _VARIABLES}


def _copy(files: Files, target: Files, progress: Progress) -> None:
    """The files that ``target`` has not."""
    digests = [digest for digest in files.digests() if not target.has(digest)]
    for done, digest in enumerate(digests, 1):
        with suppress(FileNotFoundError):  # dropped since: no row names it
            target.keep_file(files.path(digest))
        progress(done, len(digests))


def _settle(part: Path, target: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.chmod(0o600)
    part.rename(target)
