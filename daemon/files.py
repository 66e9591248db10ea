"""Bytes kept by their SHA-256 digest: large raw mails, attachments, files that letters carry.

A file is there whole or not at all: written beside its place, fsynced, renamed, and its folder fsynced, all before the
transaction that names it commits. A file that no row names does no harm.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

PIECE = 256 * 1024
Octets = bytes | Path
"""Of a mail: themselves, or the file that holds them."""
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Files:
    """The folder of one desk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.spool = root / "spool"
        """For large mails while they are treated."""
        self._new = root / "new"

    def sweep(self, older_than_s: float) -> None:
        """Remove what was being written or treated when its process died, if nobody has touched it for that long."""
        before = time.time() - older_than_s
        for left in (*self.spool.glob("*"), *self._new.glob("*")):
            with suppress(FileNotFoundError):  # its process lives, and was faster
                if left.stat().st_mtime <= before:
                    left.unlink()

    def path(self, digest: str) -> Path:
        """Where the bytes of ``digest`` lie; anything but a SHA-256 in hexadecimal is a ValueError."""
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"not a digest: {digest!r}")
        return self.root / digest[:2] / digest[2:]

    def has(self, digest: str) -> bool:
        """Whether the bytes are here."""
        return self.path(digest).is_file()

    def open(self, digest: str) -> BufferedReader:
        """The bytes, to be read; FileNotFoundError where they are gone."""
        return self.path(digest).open("rb")

    def keep(self, content: bytes | Iterable[bytes]) -> str:
        """Keep ``content`` and return its digest. Kept already, it is not written again."""
        pieces = (content,) if isinstance(content, bytes) else content
        if isinstance(content, bytes) and self.has(digest := hashlib.sha256(content).hexdigest()):
            return digest
        hashed = hashlib.sha256()
        with self._beside() as file:
            try:
                for piece in pieces:
                    hashed.update(piece)
                    file.write(piece)
                self._settle(file, hashed.hexdigest())
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        return hashed.hexdigest()

    def keep_file(self, source: Path) -> str:
        """Keep what stands in ``source``, which stays where it is."""
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if not self.has(digest):
                file.seek(0)
                self.keep(iter(lambda: file.read(PIECE), b""))
        return digest

    def drop(self, digest: str) -> None:
        """Remove the bytes, if they are here (retention and erasure alone do so)."""
        self.path(digest).unlink(missing_ok=True)

    def matches(self, digest: str) -> bool:
        """Whether the bytes still have their digest."""
        with self.open(digest) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest

    def copy(self, digest: str, target: Path) -> None:
        """Copy the bytes to ``target``."""
        shutil.copyfile(self.path(digest), target)

    def digests(self) -> Iterator[str]:
        """Every digest kept here; PermissionError where nobody may look, which :meth:`Path.glob` takes for nothing."""
        found = sorted(self.root.iterdir()) if self.root.is_dir() else ()
        for folder in (each for each in found if each.match("[0-9a-f][0-9a-f]")):
            yield from (folder.name + file.name for file in sorted(folder.iterdir()))

    def _beside(self) -> tempfile._TemporaryFileWrapper[bytes]:
        return tempfile.NamedTemporaryFile(dir=made(self._new), delete=False)

    def _settle(self, file: tempfile._TemporaryFileWrapper[bytes], digest: str) -> None:
        file.flush()
        os.fsync(file.fileno())
        target = self.path(digest)
        if not target.parent.is_dir():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            _fsync(self.root)
        Path(file.name).replace(target)
        _fsync(target.parent)


def opened(path: Path, most: float = math.inf) -> BufferedReader:
    """A file that somebody else writes, to be read; OSError also for a pipe or a device, whose end may never come, and
    for one of over ``most`` octets."""
    state = path.stat()
    if not stat.S_ISREG(state.st_mode) and not path.is_dir():
        raise OSError(errno.EINVAL, "it is a pipe or a device")
    if state.st_size > most:
        raise OSError(errno.EFBIG, f"it has {state.st_size:,} octets, which is too much")
    return path.open("rb")


def made(folder: Path) -> Path:
    """The folder, and the one above it, made where somebody has removed them, for nobody else to look into."""
    for each in (folder.parent, folder):  # with `parents` alone the one above would be everybody's
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _fsync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
