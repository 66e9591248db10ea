"""A whole desk for tests: mail servers, a configuration, the daemon, and the people who write to it.

The mail servers are the embedded ones, or a private Dovecot with an SMTP sink; the daemon is a process of its own that
a test may kill. Letters are read where they arrive, as the people would.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

from daemon.cli import main
from daemon.commands.showing import books
from daemon.config.loopback import SUBJECT
from daemon.config.settings import Settings, load
from daemon.demo.correspondent import Received
from daemon.demo.desks import OPENINGS, SERVICE, SMALL, TECHNICIANS
from daemon.demo.embedded import EmbeddedServers
from daemon.store.errors import StoreError
from tests.dovecot import Dovecot
from tests.patience import PATIENCE_S, until
from tests.sink import Sink

PASSWORD = "secret"
MARTA, ANA = "Marta Gil <marta@cliente.example>", "Ana Ruiz <ana@cau.example>"
GROUP = "n1@cau.example"
BOXES = {"apertura": ["opening"], "servicio": ["service"], "tecnicos": ["desk"]}
ONE_BOX = {"servicio": ["opening", "service", "desk"]}
"""One account that has every role; the other addresses are its aliases."""
GOOD = "Servicio/Aplicación: AREN\nTipo: Error Funcional\nDescripción: La pantalla de altas da un error 500.\n"

__all__ = ["ANA", "GOOD", "GROUP", "MARTA", "OPENINGS", "SERVICE", "SUBJECT", "TECHNICIANS", "DeskWorld", "servers"]


class Servers(Protocol):
    """What a desk needs of mail servers."""

    imap_port: int
    smtp_port: int

    def deliver(self, user: str, *mails: bytes) -> None: ...
    def counts(self, user: str) -> dict[str, int]: ...
    def letters(self) -> list[tuple[str, bytes]]: ...
    def stop(self) -> None: ...


class Embedded:
    """pymap and aiosmtpd in this process."""

    def __init__(self) -> None:
        self._servers = EmbeddedServers(SMALL.users, PASSWORD)
        self._servers.start()
        self.imap_port, self.smtp_port = self._servers.imap_port, self._servers.smtp_port

    def deliver(self, user: str, *mails: bytes) -> None:
        for raw in mails:
            self._servers.deliver(user, raw)

    def counts(self, user: str) -> dict[str, int]:
        return {name: len(mails) for name, mails in self._servers.folders(user).items()}

    def letters(self) -> list[tuple[str, bytes]]:
        return [(to, mail.raw) for mail in self._servers.mails() for to in mail.recipients]

    def stop(self) -> None:
        self._servers.stop()


class Real:
    """A private Dovecot, and an SMTP sink."""

    def __init__(self) -> None:
        self.dovecot, self.sink = Dovecot(), Sink()
        self.dovecot.start()
        self.imap_port, self.smtp_port = self.dovecot.port, self.sink.port

    def deliver(self, user: str, *mails: bytes) -> None:
        self.dovecot.deliver(user, *mails)

    def counts(self, user: str) -> dict[str, int]:
        return self.dovecot.counts(user)

    def letters(self) -> list[tuple[str, bytes]]:
        return [(to, mail.raw) for mail in list(self.sink.mails) for to in mail.recipients]

    def stop(self) -> None:
        self.dovecot.__exit__()  # with its folder
        self.sink.close()


def servers(kind: str) -> Servers:
    """«embedded» or «dovecot»."""
    return Embedded() if kind == "embedded" else Real()


class DeskWorld:
    """One desk in ``folder``. ``extra`` is TOML added to its configuration; a context manager that stops everything."""

    def __init__(
        self,
        folder: Path,
        kind: str | Servers = "dovecot",
        extra: str = "",
        database: str = "",
        poll: str = "1s",
        boxes: dict[str, list[str]] = BOXES,
    ) -> None:
        self.folder = folder
        self.boxes = boxes
        self.servers = servers(kind) if isinstance(kind, str) else kind
        self.config = folder / "config.toml"
        self.daemon: subprocess.Popen[bytes] | None = None
        self._seen: set[str] = set()
        self._settings: tuple[int, Settings] | None = None
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        (folder / "password").chmod(0o600)
        self.configure(extra, database, poll)

    def __enter__(self) -> DeskWorld:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.servers.stop()

    def configure(self, extra: str = "", database: str = "", poll: str = "1s") -> None:
        """Write config.toml."""
        boxes = "".join(
            f'[[mailboxes]]\nname = "{name}"\nroles = {roles}\naddress = "{SMALL.users[name][0]}"\nhost = "127.0.0.1"\n'
            f'port = {self.servers.imap_port}\nsecurity = "none"\nusername = "{name}"\n'
            f'password_file = "{self.folder}/password"\npoll = "{poll}"\n'
            for name, roles in self.boxes.items()
        )
        text = SMALL.text(self.folder, self.servers.smtp_port)
        if database:
            text = text.replace(f"sqlite:///{self.folder}/acuse.db", database)
        self.save(text + boxes + extra)

    def save(self, text: str, file: str = "config.toml") -> None:
        """Put a file of the configuration into its place whole, so that a running daemon never reads half of it."""
        aside = self.folder / "saving"
        aside.write_text(text, encoding="utf-8")
        aside.replace(self.folder / file)

    def edit(self, old: str, new: str) -> None:
        """Save config.toml with ``new`` wherever ``old`` stood."""
        text = self.config.read_text(encoding="utf-8")
        assert old in text
        self.save(text.replace(old, new))

    # -- the daemon

    def acuse(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end."""
        command = [sys.executable, "-m", "daemon", "--config", str(self.config), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=self._environment()
        )
        assert not check or done.returncode == 0, f"acuse {arguments}: {done.stdout}\n{done.stderr}"
        return done

    def start(self, *wrapped_in: str, log: str = "", **environment: str) -> subprocess.Popen[bytes]:
        """Start the daemon as a process of its own, inside another command where one is given."""
        command = [*wrapped_in, sys.executable, "-m", "daemon", "--config", str(self.config), "run"]
        with Path(log or self.folder / "daemon.log").open("ab") as file:
            self.daemon = subprocess.Popen(command, stdout=file, stderr=file, env=self._environment(**environment))
        return self.daemon

    def started(self, *wrapped_in: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start the daemon and wait until it is at work."""
        before = self.log().count(" started ")
        daemon = self.start(*wrapped_in, **environment)
        self.until(lambda: self.log().count(" started ") > before, "start")
        return daemon

    @property
    def runs(self) -> bool:
        """Whether the daemon is alive."""
        return self.daemon is not None and self.daemon.poll() is None

    def kill(self) -> None:
        """End the daemon by SIGKILL."""
        assert self.daemon
        self.daemon.kill()
        self.daemon.wait()

    def stop(self) -> int:
        """Ask the daemon to stop; its exit code, 0 where none runs."""
        if self.daemon is None or not self.runs:
            return 0
        self.daemon.terminate()
        return self.daemon.wait(PATIENCE_S)

    def log(self) -> str:
        """What the daemon wrote."""
        path = self.folder / "daemon.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **more}

    # -- people

    def send(self, *messages: EmailMessage) -> None:
        """Deliver mails, in order, each to the mailbox that it is for."""
        for user, some in itertools.groupby(messages, self._mailbox_of):
            self.servers.deliver(user, *(message.as_bytes() for message in some))

    def _mailbox_of(self, message: EmailMessage) -> str:
        user = SMALL.user_of(message["To"])
        return next(iter(self.boxes)) if user in BOXES and user not in self.boxes else user

    def letters(self, to: str = "", letter: str = "") -> list[Received]:
        """The letters that arrived, each Message-ID once, oldest first."""
        found: dict[tuple[str, str], Received] = {}
        for recipient, raw in self.servers.letters():
            received = Received.of(raw)
            if (not to or recipient in to) and (not letter or received.letter == letter):
                found.setdefault((recipient, received["Message-ID"]), received)
        return list(found.values())

    def wait(self, letter: str, to: str) -> Received:
        """The next letter of that name to that address that no earlier wait has had."""

        def unseen() -> Received | None:
            return next((each for each in self.letters(to, letter) if each["Message-ID"] not in self._seen), None)

        received: Received = self.until(unseen, f"letter «{letter}» to {to}")
        self._seen.add(received["Message-ID"])
        return received

    def until(self, found: Callable[[], Any], what: str) -> Any:
        """Wait for ``found()`` to give something."""
        return until(found, what, lambda: self.log()[-3000:])

    # -- the books

    def settings(self) -> Settings:
        """The configuration as it stands."""
        written = self.config.stat().st_mtime_ns
        if self._settings is None or self._settings[0] != written:
            self._settings = (written, load(self.config))
        return self._settings[1]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the database; [] as long as there is none."""
        try:
            with books(self.settings()) as store, store.read() as reading:
                return [tuple(row) for row in reading.session.all(sql)]
        except StoreError:
            return []

    def show(self, number: str) -> Any:
        """`acuse show NUMBER --json`."""
        return json.loads(self._here("show", number, "--json")[1])

    def tickets(self) -> Any:
        """`acuse list --json`."""
        return json.loads(self._here("list", "--json")[1])

    def balanced(self) -> bool:
        """Whether `acuse audit` finds nothing; what it found is shown otherwise."""
        code, found = self._here("audit")
        if code:
            print(found)
        return code == 0

    def _here(self, *arguments: str) -> tuple[int, str]:
        """The command line within this process, which spares its start: exit code and standard output."""
        with contextlib.redirect_stdout(io.StringIO()) as out:
            code = main(["--config", str(self.config), *arguments])
        return code, out.getvalue()
