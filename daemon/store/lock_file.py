"""The lock file beside a SQLite database: one process writes, and the next one knows how the last one left the file."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from daemon.store.errors import InUse, StoreError


def holder_of(path: Path) -> str:
    """The process that works with a SQLite database now; "" for none."""
    try:
        handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return ""
    except OSError:
        return os.read(handle, 32).decode("ascii", "replace").strip() or "?"
    finally:
        os.close(handle)


def size(path: Path) -> int:
    """Octets of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def lock(path: Path) -> int:
    """The lock file beside a SQLite database, held until it is closed; InUse names the process that has it."""
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(handle, 32).decode("ascii", "replace").strip() or "?"
        os.close(handle)
        raise InUse(f"another Acuse (process {holder}) works with {path}; several daemons need PostgreSQL") from None
    _write(handle, f"{os.getpid()}\n")
    return handle


def own(folder: Path) -> int:
    """The lock on a desk's folder of files, held until it is closed; StoreError if another desk works with it, which
    would take half-written files, and requests, for its own."""
    try:
        return lock(folder / "desk")
    except InUse:
        raise StoreError(f"another desk works with {folder}: write a folder of its own as [database] files") from None


def sign(lock_file: int, path: Path) -> None:
    """Say that a daemon came to its end with the file as it lies now."""
    with suppress(OSError):  # a full disk, a file taken away: it will be looked through
        _write(lock_file, _stamp(path))


def _write(lock_file: int, text: str) -> None:
    os.ftruncate(lock_file, 0)
    os.pwrite(lock_file, text.encode(), 0)


def _stamp(path: Path) -> str:
    """A stamp by which a file that nobody has written to since is recognised."""
    state = path.stat()
    return f"{state.st_size} octets at {state.st_mtime_ns} ns\n"


def lies_as_left(path: Path) -> bool:
    """Whether a daemon ended in order with this file and nobody has touched it since. Then it need not be checked,
    which takes seconds for a million tickets. After a crash the lock file still names a process."""
    try:
        return Path(f"{path}.lock").read_text(encoding="ascii") == _stamp(path) and not size(Path(f"{path}-wal"))
    except (OSError, UnicodeError):
        return False


def claimed(path: Path) -> int:
    """The lock on a database that can be written; its file and folder are made where they are missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if foreign := not_ours(path):
            raise StoreError(foreign)
        _private(path)
        return lock(path)
    except OSError as fault:
        raise StoreError(not_ours(path) or f"the database {path} cannot be written: {fault.strerror}") from fault


def not_ours(path: Path) -> str:
    """Why this user can do nothing with what lies at a database's place, as with one that root made, or with nothing
    where a desk's books must have been; "" for a database, and where a new one may be made."""
    user = os.geteuid()
    receipts = Path(f"{path}-receipts")
    if receipts.exists() and not size(path):
        return (
            f"{path} is gone or empty, though it has sent letters, as {receipts} shows: put a backup in its place;"
            f" for a new desk, whose numbers begin anew, move {path}* away"
        )
    if not os.path.exists(path):  # noqa: PTH110 - may not look
        return ""
    if not path.is_file():
        return f"{path} is no file: move it away, and put a backup in its place where there was a database"
    if os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        return ""
    if path.stat().st_uid == user:
        return f"{path} may not be read and written by its owner: chmod u+rw {path}*"
    return f"{path} is another user's: run this as its owner, or chown {user} {path}*"


def _private(path: Path) -> None:
    """The database is its owner's alone, from its first octet on."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
