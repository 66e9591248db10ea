"""What the mail server has taken and the books do not say yet: a line a letter, in a file beside a SQLite database.

The next letter goes only when this one is known to have gone, whatever happens then. A transaction for each would wait
for whoever writes at that moment, and costs ten times as much as a line; so the lines are entered many at a time, and
before any letter is claimed. A crash leaves them to the next start.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from daemon.store.errors import Unavailable
from daemon.store.queues import Outcome
from daemon.store.rows import at, dumps, when


class Receipts:
    """The file ``path``, made when it is needed, and what stands in it; its writers are this process's threads.

    None: several daemons share the database, and each must see there at once what another has sent.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file: int | None = None
        self._kept: dict[tuple[int, int], Outcome] = {}

    def keep(self, outcome: Outcome) -> bool:
        """Note that this letter was sent, so that a crash does not forget it; False where that takes a transaction.
        Unavailable if nothing can be written."""
        if self._path is None:
            return False
        line = f"\n{dumps([outcome.id, outcome.lease, outcome.reply, at(outcome.at)])}\n".encode()
        with self._lock:
            try:
                whole = os.write(self._opened(), line) == len(line)
            except OSError as fault:
                raise Unavailable(f"nothing can be written: {fault}") from fault
            if not whole:
                raise Unavailable("nothing can be written: the disk is full")
            self._kept[outcome.id, outcome.lease] = outcome
        return True

    def kept(self) -> list[Outcome]:
        """Those that the books may not have yet."""
        with self._lock:
            return list(self._kept.values())

    def drop(self, entered: Sequence[Outcome]) -> None:
        """After COMMIT: these stand in the books."""
        with self._lock:
            for outcome in entered:
                self._kept.pop((outcome.id, outcome.lease), None)
            if entered and not self._kept and self._file is not None:
                os.ftruncate(self._file, 0)

    def find(self) -> None:
        """Take up what an earlier process left; a line that it did not finish is no receipt: its letter goes again."""
        if self._path is not None and self._path.is_file():
            with self._lock:
                lines = os.pread(self._opened(), os.fstat(self._opened()).st_size, 0).splitlines()
                self._kept |= {(each.id, each.lease): each for each in map(_read, lines) if each}

    def close(self) -> None:
        """Let go of the file; what stands in it waits for the next start."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        assert self._path
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return self._file


def _read(line: bytes) -> Outcome | None:
    try:
        id_, lease, reply, sent_at = json.loads(line)
        return Outcome(id_, lease, "sent", reply, at=when(sent_at))
    except (ValueError, TypeError):
        return None
