"""A private Postfix before and behind the desk: its own configuration, queue and ports on loopback, as root.

Mails come in on ``port``; the daemon hands its letters over on ``submission``, where STARTTLS and a login (by Dovecot's
SASL) are asked for. Local mailboxes are the maildirs that Dovecot serves; who has none gets a real bounce.
"""

from __future__ import annotations

import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from daemon.bench.servers import free_port, wait_for_port
from tests.certificates import Certificates
from tests.dovecot import HOST, Dovecot
from tests.patience import PATIENCE_S

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
myhostname = mail.cau.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
biff = no
virtual_mailbox_domains = cau.example, cliente.example
virtual_mailbox_maps = inline:{{ {boxes} }}
virtual_alias_maps = inline:{{ {{soporte-a@cau.example = soportecau@cau.example}} }}
virtual_mailbox_base = {mail}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_mailbox_limit = 0
smtpd_recipient_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
minimal_backoff_time = 1s
queue_run_delay = 1s
"""
SUBMISSION = """
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_reject_unlisted_recipient=no
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
"""
MASTER = """
{port} inet n - n - - smtpd
{submission} inet n - n - - smtpd{options}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """One server; a context manager. ``boxes``: address → user of ``dovecot`` whose mailbox it is."""

    def __init__(self, dovecot: Dovecot, boxes: Mapping[str, str], certificates: Certificates) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="acuse-postfix-"))
        self.port, self.submission = free_port(), free_port()
        self._dovecot, self._boxes, self._certificates = dovecot, boxes, certificates
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Postfix:
        if os.getuid():
            raise RuntimeError("Postfix runs each of its parts as another user: only root can start one")
        self._write()
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command("start-fg"), stdout=quiet, stderr=quiet)
        for port in (self.port, self.submission):
            wait_for_port(port)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(self._command("stop"), capture_output=True, check=False)
        if self._process is not None:
            self._process.wait(PATIENCE_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, sender: str, to: str, raw: bytes) -> None:
        """A mail from outside."""
        with smtplib.SMTP(HOST, self.port, timeout=PATIENCE_S) as client:
            client.sendmail(sender, [to], raw)

    def log(self) -> str:
        """What it wrote."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _command(self, verb: str) -> list[str]:
        return [shutil.which("postfix") or "/usr/sbin/postfix", "-c", str(self.folder / "config"), verb]

    def _write(self) -> None:
        for name in ("config", "queue", "data"):
            (self.folder / name).mkdir()
        self.folder.chmod(0o755)
        shutil.chown(self.folder / "data", "postfix")
        owner = pwd.getpwnam("nobody")
        main = MAIN.format(
            folder=self.folder,
            mail=self._dovecot.mail,
            boxes=", ".join(f"{{{address} = {user}/}}" for address, user in self._boxes.items()),
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            certificate=self._certificates.certificate,
            key=self._certificates.key,
            sasl=self._dovecot.sasl_port,
        )
        master = MASTER.format(port=self.port, submission=self.submission, options=SUBMISSION.rstrip())
        (self.folder / "config" / "main.cf").write_text(main, encoding="utf-8")
        (self.folder / "config" / "master.cf").write_text(master, encoding="utf-8")
