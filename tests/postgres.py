"""A PostgreSQL of our own: Debian's server, run as an unprivileged user in a temp folder on a free port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.bench.servers import free_port
from tests.patience import PATIENCE_S


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    if path := shutil.which("initdb"):
        return Path(path).parent
    raise RuntimeError("PostgreSQL is not installed. On Debian: apt-get install postgresql")


class Server:
    """One server; `stop`, `start` and `crash` act on it as a whole."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.programs = _programs()
        self.port = free_port()
        self._as = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []

    def create(self) -> None:
        """Make an empty cluster, on loopback only."""
        if self._as:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.root, nobody.pw_uid, nobody.pw_gid)
        self._run("initdb", "-D", "cluster", "-U", "acuse", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")

    def start(self) -> None:
        """Start, small, and wait until it answers.

        It waits for no disk: a crash here is the end of its processes, after which the system still has what they
        wrote. Otherwise each start after one would bring a hundred databases to the disk, file by file.
        """
        options = f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.root}"
        options += " -c max_connections=60 -c shared_buffers=32MB -c fsync=off"
        self._run("pg_ctl", "-D", "cluster", "-l", "log", "-w", "-t", f"{PATIENCE_S:.0f}", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; mode `immediate` is a crash."""
        self._run("pg_ctl", "-D", "cluster", "-w", "-t", f"{PATIENCE_S:.0f}", "-m", mode, "stop")

    def database(self, name: str) -> str:
        """The URL of a new, empty database."""
        host = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "acuse")
        self._run("createdb", *host, name)
        return f"postgresql://acuse@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=self.root, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode()}{done.stdout.decode()}")


@contextmanager
def server() -> Iterator[Server]:
    """A running server, gone with all its files at the end."""
    root = Path(tempfile.mkdtemp(prefix="acuse-pg-", dir="/tmp"))
    server = Server(root)
    try:
        server.create()
        server.start()
        yield server
    finally:
        if (root / "cluster" / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(root)
