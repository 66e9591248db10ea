"""A process under measurement: how long it ran, the processor time of all its children, its highest memory."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TURN_S = 0.02
MEMORY_EVERY = 5
"""Turns between two looks at the memory: a look costs a tenth of a millisecond a process."""


@dataclass(frozen=True, slots=True)
class Usage:
    """``wall_s`` until the work was done; ``cpu_s`` of the process and its children to their end, start included;
    ``peaks`` the most octets that each of its processes held, itself first.
    """

    wall_s: float
    cpu_s: float
    peaks: tuple[int, ...]

    @property
    def memory(self) -> int:
        """The peaks of all processes together, which is never less than the peak of their sum."""
        return sum(self.peaks)


class Measured:
    """A process from its start; :meth:`finish` waits for its work and ends it."""

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> None:
        self._log = folder / "process.log"
        self._peaks: dict[int, int] = {}
        self._turns = 0
        with self._log.open("ab") as log:
            self.started = time.monotonic()
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                list(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                env={**os.environ, **(environment or {})},
            )  # fmt: skip

    def until(self, done: Callable[[], bool], seconds: float) -> float:
        """Wait for ``done()``; how long it has run until then. Raises RuntimeError where it dies or takes longer."""
        while not done():
            if self._has_ended() or time.monotonic() - self.started > seconds:
                raise RuntimeError(f"the work was not finished:\n{self.log()[-3000:]}")
            self._look()
            time.sleep(TURN_S)
        return time.monotonic() - self.started

    def finish(self, wall_s: float = 0.0, seconds: float = 600.0) -> Usage:
        """Ask it to end where ``wall_s`` says that its work is done, else wait for its own end."""
        self._look(always=True)
        if wall_s:
            self.process.terminate()
        cpu_s = self._reap(seconds)
        return Usage(wall_s or time.monotonic() - self.started, cpu_s, tuple(self._peaks.values()))

    def kill(self) -> None:
        """End it at once, if it still runs."""
        if self.process.returncode is None:
            self.process.kill()
            self._reap(10.0)

    def memory(self) -> int:
        """Octets that it and its children hold now."""
        return sum(_kilobytes(pid, "VmRSS") for pid in tree(self.process.pid)) * 1024

    def log(self) -> str:
        """What it wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _has_ended(self) -> bool:
        """Leaves its status where :meth:`_reap` finds it."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _reap(self, seconds: float) -> float:
        until = time.monotonic() + seconds
        while True:
            pid, status, used = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                return used.ru_utime + used.ru_stime
            if time.monotonic() > until:
                self.process.kill()
            self._look()
            time.sleep(TURN_S)

    def _look(self, always: bool = False) -> None:
        self._turns += 1
        if always or self._turns % MEMORY_EVERY == 0:
            for pid in tree(self.process.pid):
                if peak := _kilobytes(pid, "VmHWM") * 1024:
                    self._peaks[pid] = peak


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for each in found:
        try:
            tasks = Path(f"/proc/{each}/task").iterdir()
            found += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue  # it has ended meanwhile
    return found


def spent(pid: int) -> float:
    """Seconds of processor time of a process with all its descendants, also of those that have ended."""
    return sum(map(_ticks, tree(pid))) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    try:
        behind_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0  # it has ended meanwhile: its parent has its time
    return sum(map(int, behind_name[11:15]))  # user and system, its own and that of its ended children (proc(5))


def _kilobytes(pid: int, name: str) -> int:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
    except OSError:
        return 0
    return int(found[1]) if found else 0
