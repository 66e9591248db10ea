"""The job: N opening mails lie in a mailbox; it ends when all are filed away and both letters of each are accepted."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import imapclient

from daemon.bench.desk import configuration
from daemon.bench.growth import grow
from daemon.bench.mails import openings
from daemon.bench.process import Measured, Usage
from daemon.bench.servers import HOST, PASSWORD, Database, Dovecot, Sink
from daemon.slices import in_slices

PATIENCE_S = 900.0
SETTLE_S = 4.0
"""How long a daemon that has done its work is left to come to rest."""
INDEXED_AT_ONCE = 5_000
"""UIDs that are asked for in one command; a line of many more is refused by imaplib."""
LETTERS_A_MAIL = 2


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one contestant, counted at both ends; ``servers``: seconds of processor time of those beside it."""

    usage: Usage
    mails: int
    letters: int
    servers: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Mails a second."""
        return self.mails / self.usage.wall_s

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor time a mail."""
        return self.usage.cpu_s * 1000 / self.mails


class Bench:
    """Servers and a folder; used as a context. ``database`` "" for SQLite in that folder; ``grown`` is where desks with
    many tickets are kept."""

    def __init__(self, folder: Path, database: str = "", grown: Path | None = None) -> None:
        self.folder = folder
        self.grown = grown or folder / "grown"
        self.database = database or f"sqlite:///{folder}/acuse.db"
        self.dovecot = Dovecot(folder)
        self.sink = Sink()
        self._servers: Mapping[str, Dovecot | Sink | Database] = {
            "imap": self.dovecot,
            "smtp": self.sink,
            "database": Database(self.database),
        }
        self._seed = 0
        self._tickets = 0
        self._begun: list[Measured] = []
        (folder / "password").write_text(PASSWORD, encoding="utf-8")

    def __enter__(self) -> Bench:
        try:
            with ThreadPoolExecutor(1) as starter:  # a signal's exception comes here, never into a start half made
                starter.submit(self._start).result()
        except BaseException:  # what has started ends with the bench
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        _compile()
        self.dovecot.start()
        self.sink.start()

    def __exit__(self, *_: object) -> None:
        for process in self._begun:
            process.kill()
        self.dovecot.stop()
        self.sink.stop()

    def configure(self, users: Mapping[str, str]) -> Path:
        """Write config.toml for these mailboxes; its path."""
        path = self.folder / "config.toml"
        text = configuration(self.folder, self.database, self.dovecot.port, self.sink.port, users)
        path.write_text(text, encoding="utf-8")
        return path

    def desk(self, tickets: int) -> None:
        """A desk with so many tickets in the place of the last one: in SQLite a copy of the one that is kept, so that
        every run begins alike; a PostgreSQL database only grows."""
        if not self.database.startswith("sqlite"):
            self._grow(tickets - self._tickets)
            self._tickets = max(tickets, self._tickets)
            return
        self._forget()
        kept = self.grown / str(tickets)
        if kept.exists():
            _copy(kept.iterdir(), self.folder)
        elif tickets:
            self._grow(tickets)
            self._keep(kept)

    def _grow(self, tickets: int) -> None:
        """So many more, on a desk that is left as a daemon leaves it."""
        config = self.configure({"apertura": self.user()})
        grow(config, tickets, seed=self._seed)
        self.once(config)

    def _keep(self, folder: Path) -> None:
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _copy(self._desk(), part)
        part.rename(folder)

    def _desk(self) -> list[Path]:
        return [*self.folder.glob("acuse.db*"), *self.folder.glob("files")]

    def _forget(self) -> None:
        for path in self._desk():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def user(self) -> str:
        """The name of a mailbox that nobody has used."""
        self._seed += 1
        return f"buzon{os.getpid()}_{self._seed}"

    def fill(self, user: str, mails: int) -> None:
        """Lay ``mails`` openings, no two alike in all runs, into a mailbox and let the server index them."""
        self.lay(user, openings(mails, int(user.rpartition("_")[2])))

    def lay(self, user: str, mails: Iterable[bytes]) -> None:
        """Lay these mails into a mailbox and let the server index them."""
        self.dovecot.fill(user, mails)
        with imapclient.IMAPClient(HOST, self.dovecot.port, ssl=False) as client:
            client.login(user, PASSWORD)
            folder = client.select_folder("INBOX", readonly=True)
            for uids in in_slices(range(1, folder[b"UIDNEXT"]), INDEXED_AT_ONCE):
                client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])

    def acuse(self, config: Path) -> Measured:
        """The daemon as a process of its own."""
        return self.begin(self.command(config, "run"), _path())

    @contextmanager
    def resting(self) -> Iterator[tuple[Measured, str]]:
        """A daemon on an empty desk that has treated two mails and come to rest, and its mailbox."""
        self.desk(0)
        user, started = self.user(), self.sink.taken
        self.fill(user, 2)
        daemon = self.acuse(self.configure({"apertura": user}))
        try:
            daemon.until(lambda: self.sink.taken >= started + 4, PATIENCE_S)
            time.sleep(SETTLE_S)
            yield daemon, user
        finally:
            daemon.finish(1.0)

    def once(self, config: Path) -> Usage:
        """`acuse run --once`, to its end."""
        process = self.begin(self.command(config, "run", "--once"), _path())
        usage = process.finish(seconds=PATIENCE_S)
        if process.process.returncode:
            raise RuntimeError(process.log()[-3000:])
        return usage

    def begin(self, command: Sequence[str], environment: Mapping[str, str]) -> Measured:
        """A process that does not outlive this bench."""
        self._begun.append(Measured(command, self.folder, dict(environment)))
        return self._begun[-1]

    @staticmethod
    def command(config: Path, *arguments: str) -> Sequence[str]:
        """How `acuse` is called."""
        return [sys.executable, "-m", "daemon", "--config", str(config), *arguments]

    # -- contestants

    def ours(self, mails: int) -> Result:
        """The daemon, from its start until all is done."""
        user = self.user()
        self.fill(user, mails)
        config = self.configure({"apertura": user})
        return self._counted(user, mails, lambda: self.acuse(config), LETTERS_A_MAIL, stays=True)

    def limit(self, mails: int) -> Result:
        """The barest pipeline."""
        user, database = self.user(), self.folder / "limit.db"
        self.fill(user, mails)
        for path in self.folder.glob("limit.db*"):
            path.unlink()
        ports = (str(self.dovecot.port), str(self.sink.port))
        command = [sys.executable, "-m", "daemon.bench.limit", *ports, user, PASSWORD, str(database)]
        return self._counted(user, mails, lambda: self.begin(command, _path()), LETTERS_A_MAIL)

    def peer(self, mails: int, command: Callable[[str], Sequence[str]], environment: dict[str, str]) -> Result:
        """Another desk's program, which ends by itself; it sends what it sends."""
        user = self.user()
        self.fill(user, mails)
        return self._counted(user, mails, lambda: self.begin(command(user), environment), 1)

    def _counted(
        self, user: str, mails: int, start: Callable[[], Measured], letters_a_mail: int, stays: bool = False
    ) -> Result:
        before, spent = self.sink.taken, self._spent()

        def done() -> bool:
            return self.sink.taken - before >= mails * letters_a_mail and not self.dovecot.waiting(user)

        process = start()
        usage = process.finish(process.until(done, PATIENCE_S) if stays else 0.0, PATIENCE_S)
        letters, left = self.sink.taken - before, self.dovecot.waiting(user)
        if process.process.returncode or left or letters < mails * letters_a_mail:
            raise RuntimeError(f"{mails} mails: {left} left, {letters} letters\n{process.log()[-3000:]}")
        served = {name: seconds - spent[name] for name, seconds in self._spent().items()}
        self.dovecot.remove(user)
        return Result(usage, mails, letters, served)

    def _spent(self) -> dict[str, float]:
        return {name: server.spent() for name, server in self._servers.items()}


def _copy(paths: Iterable[Path], folder: Path) -> None:
    """Their times too: by them a daemon sees that the last one left its database in order."""
    subprocess.run(["cp", "-a", *map(str, paths), str(folder)], check=True)  # noqa: S603, S607 - our own paths


ROOT = Path(__file__).parents[2]


def _compile() -> None:
    """Our own packages as an installer leaves those of the peers: from source, each start would compile them."""
    for package in ("daemon", "rules", "parsers"):
        compileall.compile_dir(ROOT / package, quiet=2)


def _path() -> dict[str, str]:
    """Our own packages for a process that starts elsewhere."""
    return {"PYTHONPATH": str(ROOT)}
