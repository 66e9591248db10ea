"""The mail servers of a benchmark: a private Dovecot on loopback, and smtp-sink of Postfix, which counts letters."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from daemon.bench.dovecot_conf import configuration, mail_owner
from daemon.bench.process import spent

HOST = "127.0.0.1"
PORT_S = 60.0
"""How long a server may take until it listens."""
PASSWORD = "bench"  # noqa: S105 - loopback, in a folder of its own
HOW_TO_INSTALL = "apt-get install --no-install-recommends dovecot-imapd postfix"


class MissingServerError(Exception):
    """A server that the benchmark needs is not installed; the text says how to get it."""


def program(name: str) -> str:
    """Where a server's program lies; system programs are often off an ordinary user's path."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise MissingServerError(f"{name} is not installed. On Debian: {HOW_TO_INSTALL}")
    return found


def free_port() -> int:
    """A TCP port that nobody listens on now, below those that outgoing connections get: while its server is restarted,
    none of them takes it."""
    while True:
        port = random.randrange(10_000, 32_768)  # noqa: S311 - no secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


def wait_for_port(port: int) -> None:
    """Until something accepts connections on ``port``."""
    until = time.monotonic() + PORT_S
    while True:
        try:
            socket.create_connection((HOST, port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


class Server:
    """A program that serves while it is measured."""

    _process: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def spent(self) -> float:
        """Seconds of processor time so far."""
        return spent(self._process.pid) if self._process else 0.0


class Dovecot(Server):
    """A private server; a mailbox exists as soon as somebody logs in, with :data:`PASSWORD`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "dovecot"
        self.port = free_port()
        self._mail = self.folder / "mail"

    def start(self) -> None:
        """Write its configuration and wait until it answers."""
        binary = program("dovecot")
        version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
        for each in (self.folder / "run", self._mail):
            each.mkdir(parents=True)
        self._give(self._mail)
        config = self.folder / "dovecot.conf"
        config.write_text(configuration(version, self.folder, self._mail, self.port, PASSWORD), encoding="utf-8")
        self._process = subprocess.Popen([binary, "-F", "-c", str(config)], cwd=self.folder)  # noqa: S603
        wait_for_port(self.port)

    def fill(self, user: str, mails: Iterable[bytes]) -> None:
        """Lay raw mails into a user's INBOX, the way a delivery agent does."""
        box = self._mail / user
        for name in ("cur", "new", "tmp"):
            (box / name).mkdir(parents=True, exist_ok=True)
        now, new = int(time.time()), box / "new"
        for number, raw in enumerate(mails):
            written = box / "tmp" / f"{now}.{time.monotonic_ns()}_{number:06d}.bench"
            written.write_bytes(raw)
            self._own(written)
            written.rename(new / written.name)
        for each in (box, *box.iterdir()):
            self._own(each)

    def waiting(self, user: str) -> int:
        """How many mails lie in a user's INBOX."""
        return sum(1 for name in ("cur", "new") for _ in os.scandir(self._mail / user / name))

    def filed(self, user: str, folder: str = "") -> int:
        """How many lie in the folders below whose names end with ``folder``."""
        return sum(1 for name in ("cur", "new") for _ in (self._mail / user).glob(f".*{folder}/{name}/*"))

    def remove(self, user: str) -> None:
        """Forget a mailbox with all its mails."""
        shutil.rmtree(self._mail / user, ignore_errors=True)

    def _own(self, path: Path) -> None:
        if os.getuid() == 0:
            shutil.chown(path, *mail_owner())

    def _give(self, path: Path) -> None:
        self._own(path)
        if os.getuid() == 0:
            for parent in (self.folder, self.folder.parent):
                parent.chmod(parent.stat().st_mode | 0o011)


class Sink(Server):
    """smtp-sink: takes every letter, keeps none, and counts."""

    def __init__(self) -> None:
        self.port = free_port()
        self.taken = 0

    def start(self) -> None:
        """Listen; a thread follows the counter that it shows."""
        identity = ["-u", "nobody"] if os.getuid() == 0 else []
        command = [program("smtp-sink"), "-c", *identity, f"{HOST}:{self.port}", "500"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S603
        threading.Thread(target=self._count, daemon=True).start()
        wait_for_port(self.port)

    def _count(self) -> None:
        assert self._process and self._process.stdout
        shown = b""
        while octets := os.read(self._process.stdout.fileno(), 65536):
            shown = (shown + octets)[-200:]
            if counts := re.findall(rb"mesg=(\d+)[^\d]", shown):
                self.taken = int(counts[-1])


class Database:
    """Where the books are: a PostgreSQL server on this machine, whose user may ask for its folder, or no server."""

    def __init__(self, url: str) -> None:
        self._pid = 0 if url.startswith("sqlite") else _postmaster(url)

    def spent(self) -> float:
        """Seconds of processor time so far; 0 for SQLite, which works in the daemon."""
        return spent(self._pid) if self._pid else 0.0


def _postmaster(url: str) -> int:
    import psycopg  # an extra

    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row
    return int((Path(row[0]) / "postmaster.pid").read_text().split()[0])
