"""An SMTP server for tests: keeps what it gets and misbehaves as told, phase by phase.

``script`` maps a phase (CONNECT, EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA, DOT, RSET, QUIT) to what it does the
next times: a reply («451 later»), or one of DROP, RESET, HANG, GARBAGE, ENDLESS. Afterwards it behaves.
"""

from __future__ import annotations

import base64
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from daemon.mail.wire import Endpoint
from tests.patience import PATIENCE_S

DROP = "drop"
"""Close the connection instead of answering."""
RESET = "reset"
"""Close it with a TCP reset."""
HANG = "hang"
"""Never answer."""
GARBAGE = "garbage"
"""Answer with something that is no reply."""
ENDLESS = "endless"
"""Answer with one line of 9000 octets."""


@dataclass(frozen=True)
class Kept:
    """A mail that was taken (its final dot answered, or dropped, after it was complete)."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    at: float = field(default_factory=time.time)

    @property
    def message(self) -> EmailMessage:
        """Parsed by the standard library."""
        return message_from_bytes(self.raw, policy=policy.default)


class Sink(socketserver.ThreadingTCPServer):
    """Listens from its making until :meth:`close`; a context manager."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SIZE 100000000"),
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        passwords: dict[str, str] | None = None,
        token: str = "",
        port: int = 0,
    ) -> None:
        self.script: defaultdict[str, list[str]] = defaultdict(list)
        self.away = False
        """Every new connection is sent away, for the time being."""
        self.mails: list[Kept] = []
        self.connections = 0
        self.commands: list[str] = []
        self.tls = tls
        self.implicit_tls = implicit_tls
        self.passwords = passwords or {}
        self.token = token
        self._extensions = extensions
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Talk)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def endpoint(self, security: str = "none", timeout_s: float = PATIENCE_S, **more: object) -> Endpoint:
        """How the daemon's own client reaches it."""
        return Endpoint("127.0.0.1", self.port, security, read_timeout_s=timeout_s, **more)

    def close(self) -> None:
        """Stop listening and end what is open."""
        self.shutdown()
        self.server_close()
        with self._lock:
            for sock in self._open:
                sock.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def to(self, address: str) -> list[Kept]:
        """The mails taken for ``address``."""
        return [mail for mail in list(self.mails) if address in mail.recipients]

    def next(self, phase: str) -> str:
        """What the script says for this passage of ``phase``; "" for the usual."""
        with self._lock:
            return self.script[phase].pop(0) if self.script[phase] else ""

    def extensions(self, secured: bool) -> list[str]:
        """What EHLO offers."""
        offered = list(self._extensions)
        if self.tls and not secured and not self.implicit_tls:
            offered.append("STARTTLS")
        if self.passwords:
            offered.append("AUTH PLAIN LOGIN")
        if self.token:
            offered.append("AUTH XOAUTH2")
        return offered

    def keep(self, mail: Kept) -> None:
        """A mail is complete."""
        with self._lock:
            self.mails.append(mail)

    def note(self, sock: socket.socket) -> None:
        """A connection was made."""
        with self._lock:
            self.connections += 1
            self._open.add(sock)


class _EndError(Exception):
    """The connection is over."""


class _Talk(socketserver.BaseRequestHandler):
    server: Sink
    _begun = False

    def handle(self) -> None:
        self.server.note(self.request)
        try:
            self._secured = self.server.implicit_tls
            if self.server.implicit_tls:
                assert self.server.tls
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self._file = self.request.makefile("rb")
            if self.server.away:
                self._say("421 away")
                return
            self._answer("CONNECT", "220 sink ESMTP")
            while line := self._file.readline():
                self._command(line.decode("utf-8", "replace").strip())
        except (_EndError, OSError, ValueError):
            return

    def _command(self, line: str) -> None:
        self.server.commands.append(line)
        verb, _, rest = line.partition(" ")
        known: dict[str, Callable[[str], None]] = {
            "EHLO": self._ehlo, "HELO": self._plain, "STARTTLS": self._starttls, "AUTH": self._auth, "MAIL": self._mail,
            "RCPT": self._rcpt, "DATA": self._data, "RSET": self._reset, "NOOP": self._plain, "QUIT": self._quit,
        }  # fmt: skip
        self._verb = verb.upper()
        known.get(self._verb, lambda _: self._say("502 no"))(rest)

    def _say(self, text: str) -> None:
        self.request.sendall(f"{text}\r\n".encode())

    def _answer(self, phase: str, usual: str) -> bool:
        """Do what the script says; True when the answer was a yes, or asks for more."""
        act = self.server.next(phase)
        if act == DROP:
            self.request.close()
            raise _EndError
        if act == RESET:
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.close()
            raise _EndError
        if act == HANG:
            while self.request.recv(65536):
                pass
            raise _EndError
        if act in {GARBAGE, ENDLESS}:
            self.request.sendall(b"\x16\x03 what?\r\n" if act == GARBAGE else b"250 " + b"x" * 9000 + b"\r\n")
            return False
        self._say(act or usual)
        if act.startswith("421"):
            self.request.close()
            raise _EndError
        return not act or act[0] in "23"

    def _plain(self, _: str) -> None:
        self._answer(self._verb, "250 ok")

    def _ehlo(self, _: str) -> None:
        lines = ["sink", *self.server.extensions(self._secured)]
        text = "\r\n".join(f"250{'-' if n < len(lines) else ' '}{line}" for n, line in enumerate(lines, 1))
        self._answer("EHLO", text)

    def _starttls(self, _: str) -> None:
        assert self.server.tls
        if self._answer("STARTTLS", "220 go"):
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self._file = self.request.makefile("rb")
            self._secured = True

    def _auth(self, rest: str) -> None:
        way, _, first = rest.partition(" ")
        if way == "XOAUTH2":
            given = base64.b64decode(first).decode()
            if f"auth=Bearer {self.server.token}\x01" not in given:
                self._say("334 " + base64.b64encode(b'{"status":"401"}').decode())
                self._file.readline()
                self._say("535 5.7.8 token refused")
                return
            self._answer("AUTH", "235 in")
            return
        user, password = self._plain_auth(first) if way == "PLAIN" else self._login_auth()
        right = self.server.passwords.get(user) == password
        self._answer("AUTH", "235 in" if right else "535 5.7.8 no")

    def _plain_auth(self, first: str) -> tuple[str, str]:
        _, user, password = base64.b64decode(first).decode().split("\0")
        return user, password

    def _login_auth(self) -> tuple[str, str]:
        found = []
        for prompt in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
            self._say(f"334 {prompt}")
            found.append(base64.b64decode(self._file.readline()).decode())
        return found[0], found[1]

    def _mail(self, rest: str) -> None:
        if self._begun:
            self._say("503 nested MAIL")
        else:
            self._recipients: list[str] = []
            self._sender = rest.partition("<")[2].partition(">")[0]
            self._begun = self._answer("MAIL", "250 ok")

    def _reset(self, _: str) -> None:
        if self._answer("RSET", "250 ok"):
            self._begun = False

    def _rcpt(self, rest: str) -> None:
        if not self._begun:
            self._say("503 MAIL first")
        elif self._answer("RCPT", "250 ok"):
            self._recipients.append(rest.partition("<")[2].partition(">")[0])

    def _data(self, _: str) -> None:
        if not getattr(self, "_recipients", ()) and not self.server.script["DATA"]:
            self._say("554 no valid recipients")
        elif self._answer("DATA", "354 go"):
            self._content()

    def _content(self) -> None:
        raw = bytearray()
        while (line := self._file.readline()) not in (b".\r\n", b""):
            raw += line[1:] if line.startswith(b".") else line
        if not line:
            raise _EndError
        refused = next(iter(self.server.script["DOT"]), "")[:1] in {"4", "5"}
        if not refused:
            self.server.keep(Kept(self._sender, tuple(self._recipients), bytes(raw)))
        self._begun = False
        self._answer("DOT", "250 2.0.0 taken")

    def _quit(self, _: str) -> None:
        self._answer("QUIT", "221 bye")
        raise _EndError
