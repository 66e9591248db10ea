"""A private Dovecot for the tests: its own file, folder and port, the same for root and for an ordinary user.

Everybody may log in with the password «secret» (or ``password``); a mailbox exists as soon as it is used.
What it has in common with that of `acuse bench` stands in daemon/bench/dovecot_conf.py.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from imapclient import IMAPClient

from daemon.bench.dovecot_conf import configuration, mail_owner
from daemon.bench.servers import free_port, program, wait_for_port
from daemon.mail.wire import Endpoint
from tests.patience import PATIENCE_S

HOST = "127.0.0.1"

MORE = """
mail_fsync = never
service imap-login {{
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service auth {{
  inet_listener sasl {{
    port = {sasl_port}
  }}
}}
namespace inbox {{
  separator = {separator}
  prefix = {prefix}
}}
"""
"""What tests ask of it beyond what `acuse bench` does."""
TLS_23 = "ssl = yes\nssl_cert = <{cert}\nssl_key = <{key}\n"
TLS_24 = "ssl = yes\nssl_server_cert_file = {cert}\nssl_server_key_file = {key}\n"
QUOTA_23 = """
mail_plugins = quota
plugin {{
  quota = count:User quota
  quota_rule = *:storage={quota}
  quota_vsizes = yes
}}
"""
QUOTA_24 = 'mail_plugins {{\n  quota = yes\n}}\nquota "User quota" {{\n  quota_storage_size = {quota}\n}}\n'


class Dovecot:
    """One server; ``start`` and ``stop`` as often as wanted, on the same port and with the same mails.

    It lives in a folder of its own: pytest's are closed to the user that holds the mails. A context manager.
    ``capability`` replaces the IMAP capabilities; ``quota`` («100K») limits each mailbox; ``separator`` and ``prefix``
    shape the namespace; ``tls`` is (certificate file, key file): STARTTLS, and TLS on ``tls_port``.
    """

    def __init__(
        self,
        folder: Path | None = None,
        capability: str = "",
        quota: str = "",
        separator: str = "/",
        prefix: str = "",
        password: str = "secret",
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="acuse-dovecot-"))
        self.mail = self.folder / "mail"
        self.password = password
        self.port = free_port()
        self.tls_port = free_port() if tls else 0
        self.sasl_port = free_port()
        """Where an MTA asks for logins."""
        self.capability = capability
        self._namespace = {"separator": separator, "prefix": prefix}
        self.quota, self._tls = quota, tls
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Dovecot:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Write the configuration and wait for the greeting."""
        self._write()
        command = [program("dovecot"), "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = subprocess.Popen(command, cwd=self.folder)
        try:
            wait_for_port(self.port)
        except OSError as error:
            log = self.folder / "log"
            raise RuntimeError(log.read_text() if log.exists() else "dovecot did not start") from error

    def stop(self, sig: int = signal.SIGTERM) -> None:
        """End it with all its sessions, which otherwise outlive it until their client speaks."""
        if self._process is None:
            return
        sessions = self._sessions()
        self._process.send_signal(sig)
        self._process.wait(PATIENCE_S)
        self._process = None
        self._kill(sessions)

    def kill_sessions(self) -> None:
        """Kill the processes that serve mailboxes and logins now: connections end in the middle of whatever they do.

        The server stands still meanwhile, so that no new session is there when the dead ones' locks are removed.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            self._kill(self._sessions())
        finally:
            self._process.send_signal(signal.SIGCONT)

    def left_alone(self) -> bool:
        """Whether nobody uses a mailbox: what a client that died had asked for has been done."""
        return not self._sessions("imap")

    def _sessions(self, *kinds: str) -> list[int]:
        """Process ids of those that serve mailboxes (imap) and logins (imap-login)."""
        assert self._process is not None
        listing = subprocess.run(["ps", "--ppid", str(self._process.pid), "-o", "pid=,comm="], capture_output=True)
        found = re.findall(r"(\d+) (\S+)", listing.stdout.decode())
        return [int(pid) for pid, name in found if name in (kinds or ("imap", "imap-login"))]

    def _kill(self, sessions: list[int]) -> None:
        """Kill all sessions there are. A dead one's lock would keep the others waiting for two minutes: it goes too."""
        for pid in sessions:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while any(_lives(pid) for pid in sessions):
            time.sleep(0.005)
        for lock in self.mail.rglob("dovecot-uidlist.lock"):
            lock.unlink(missing_ok=True)

    def restart(self) -> None:
        """Stop, then start."""
        self.stop()
        self.start()

    def endpoint(self, user: str, security: str = "none", ca_file: str = "", password: str = "") -> Endpoint:
        """How the daemon's own client reaches ``user``."""
        port = self.tls_port if security == "tls" else self.port
        return Endpoint(HOST, port, security, user, lambda: password or self.password, ca_file=ca_file)

    def deliver(self, user: str, *mails: bytes, folder: str = "INBOX") -> None:
        """APPEND raw mails, in order."""
        with self.client(user) as client:
            for raw in mails:
                client.append(folder, raw)

    def client(self, user: str) -> IMAPClient:
        """A plain client, logged in: another program that uses the mailbox besides us."""
        client = IMAPClient(HOST, self.port, ssl=False, timeout=PATIENCE_S)
        client.login(user, self.password)
        return client

    def counts(self, user: str) -> dict[str, int]:
        """Mails by folder, empty folders left out."""
        with self.client(user) as client:
            names = [name for flags, _, name in client.list_folders() if b"\\Noselect" not in flags]
            counted = {name: client.folder_status(name, ["MESSAGES"])[b"MESSAGES"] for name in names}
        return {name: count for name, count in counted.items() if count}

    def mails(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """Raw mails of a folder by UID."""
        with self.client(user) as client:
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search("ALL"), ["BODY.PEEK[]"])
            return [found[uid][b"BODY[]"] for uid in sorted(found)]

    def change_uidvalidity(self, user: str) -> None:
        """Forget the UIDs of INBOX, as a restored backup does (the server must be stopped)."""
        for pattern in ("dovecot-uidlist*", "dovecot-uidvalidity*", "dovecot.index*", "dovecot.list.index*"):
            for file in (self.mail / user).glob(pattern):
                file.unlink()

    def _write(self) -> None:
        for each in (self.folder, self.folder / "run", self.mail):
            each.mkdir(parents=True, exist_ok=True)
        if not os.getuid():
            self._open_for(*mail_owner())
        version = self.version()
        text = configuration(version, self.folder, self.mail, self.port, _encoded(self.password))
        text += MORE.format(tls_port=self.tls_port, sasl_port=self.sasl_port, **self._namespace)
        text += f"imap_capability = {self.capability}\n" if self.capability else ""
        tls, quota = (TLS_23, QUOTA_23) if version.startswith("2.3") else (TLS_24, QUOTA_24)
        if self._tls:
            text += tls.format(cert=self._tls[0], key=self._tls[1])
        if self.quota:
            text += quota.format(quota=self.quota)
        (self.folder / "dovecot.conf").write_text(text)

    def _open_for(self, user: str, group: str) -> None:
        """Root's temporary folders are closed to the user that holds the mails."""
        shutil.chown(self.mail, user, group)
        for parent in [self.folder, *self.folder.parents]:
            if parent.stat().st_mode & 0o011 == 0o011:
                break
            parent.chmod(parent.stat().st_mode | 0o011)

    @staticmethod
    def version() -> str:
        """«2.3.19.1» or «2.4.1»."""
        command = [program("dovecot"), "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _lives(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _encoded(password: str) -> str:
    """A password of any characters in a configuration that splits its arguments at blanks."""
    return "{PLAIN.b64}" + base64.b64encode(password.encode()).decode()


def raw_mail(subject: str, body: str = "Hola.", sender: str = "marta@cliente.test", **headers: str) -> bytes:
    """A small mail with CRLF line ends; further headers as keywords (``Message_ID``)."""
    lines = [f"From: {sender}", "To: soporte@desk.test", f"Subject: {subject}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body, ""]).encode()
