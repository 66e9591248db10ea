"""The wire to the SMTP server: connected, greeted, secured, logged in; commands and replies under their deadlines.

Whatever is not a clear reply (garbage, an endless line, silence) ends the session with :class:`SmtpError`.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Self

from daemon.config.accounts import SecretError
from daemon.mail.wire import WATCHDOG, Cord, Endpoint, open_socket, xoauth2

Phase = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot"]

LINE_AT_MOST = 4096
"""Octets of one reply line; RFC 5321 allows 512."""
LINES_AT_MOST = 100
WRITE_AT_ONCE = 64 * 1024
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([- ])(.*))?", re.DOTALL)


class SmtpError(Exception):
    """The session cannot go on. ``permanent``: the server refused the session itself with 5xx (greeting, EHLO).

    Set-up faults (certificate, STARTTLS not offered, login refused) are not permanent: letters wait for the admin.
    """

    def __init__(self, phase: Phase, reply: str, code: int = 0, permanent: bool = False) -> None:
        super().__init__(f"{phase}: {code or ''} {reply}".replace("  ", " "))
        self.phase: Phase = phase
        self.code = code
        self.reply = reply
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply; its lines are kept apart by LF."""

    code: int
    text: str

    @property
    def is_yes(self) -> bool:
        """2xx: done."""
        return 200 <= self.code < 300


class SmtpWire:
    """One connection; making it raises :class:`SmtpError` where it cannot be had. ``alive`` turns False at its end.
    Usable as a context manager.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.alive = True
        self.extensions: dict[str, str] = {}
        self._endpoint = endpoint
        self._timeout_s = endpoint.read_timeout_s
        self._buffer = bytearray()
        self._sock: Any = None
        self._cord: Cord | None = None
        try:
            self._open()
        except SmtpError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        with _Translating("connect", f"to {self._endpoint.server}: "):
            sock = open_socket(self._endpoint.host, self._endpoint.port, self._endpoint.connect_timeout_s)
            self._sock, self._cord = sock, Cord(sock)
            if self._endpoint.security == "tls":
                self._wrap()
        self.refuse_unless(self.read("connect"), "connect", permanent=True)
        self._hello()
        if self._endpoint.security == "starttls":
            self._starttls()
            self._hello()
        if self._endpoint.username:
            self._login()

    def _wrap(self) -> None:
        self._sock.settimeout(self._timeout_s)
        with WATCHDOG.limit(self._timeout_s, self.cut):
            self._sock = self._endpoint.tls_context().wrap_socket(self._sock, server_hostname=self._endpoint.host)

    def _hello(self) -> None:
        name = _own_name(self._sock)
        reply = self.ask("ehlo", f"EHLO {name}")
        self.extensions = {}
        if reply.is_yes:
            lines = reply.text.split("\n")[1:]
            self.extensions = {words[0].upper(): " ".join(words[1:]) for words in map(str.split, lines) if words}
        elif reply.code >= 500:
            self.refuse_unless(self.ask("ehlo", f"HELO {name}"), "ehlo", permanent=True)
        else:
            self.refuse_unless(reply, "ehlo")

    def _starttls(self) -> None:
        if "STARTTLS" not in self.extensions:
            raise SmtpError("starttls", "the server does not offer STARTTLS; nothing is sent in clear")
        self.refuse_unless(self.ask("starttls", "STARTTLS"), "starttls")
        if self._buffer:
            raise SmtpError("starttls", "the server sent something before TLS began")
        with _Translating("starttls"):
            self._wrap()

    def _login(self) -> None:
        offered = self.extensions.get("AUTH", "").upper().split()
        with _Translating("auth"):
            steps = _login_steps(self._endpoint, offered)
        reply = Reply(500, "")
        for step in steps:
            reply = self.ask("auth", step)
            if reply.code != 334:
                break
        if reply.code == 334:  # XOAUTH2 tells its error as a challenge, an empty line makes it final
            reply = self.ask("auth", "")
        self.refuse_unless(reply, "auth")

    def ask(self, phase: Phase, command: str) -> Reply:
        """Send a command (without its CRLF) and read its reply."""
        self.write(phase, f"{command}\r\n".encode())
        return self.read(phase)

    def write(self, phase: Phase, octets: bytes | bytearray, until: float | None = None) -> None:
        """Send octets as they are, all of them by ``until`` (monotonic; else within a command's deadline)."""
        until = until or time.monotonic() + self._timeout_s
        with _Translating(phase), memoryview(octets) as view:
            for start in range(0, len(view), WRITE_AT_ONCE):
                self._sock.settimeout(_left(until))
                self._sock.sendall(view[start : start + WRITE_AT_ONCE])

    def read(self, phase: Phase, seconds: float | None = None) -> Reply:
        """The next reply, its last line within ``seconds`` (else within a command's deadline)."""
        until = time.monotonic() + (seconds or self._timeout_s)
        lines: list[str] = []
        code = 0
        while len(lines) < LINES_AT_MOST:
            line = self._line(phase, until)
            found = _REPLY_LINE.fullmatch(line)
            if found is None or (lines and int(found[1]) != code):
                raise SmtpError(phase, f"unreadable reply: {_shown(line)}")
            code = int(found[1])
            lines.append(_shown(found[3] or b""))
            if found[2] != b"-":
                return Reply(code, "\n".join(lines))
        raise SmtpError(phase, "endless reply")

    def _line(self, phase: Phase, until: float) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > LINE_AT_MOST:
                raise SmtpError(phase, "a reply line without an end")
            with _Translating(phase):
                self._sock.settimeout(_left(until))
                octets = self._sock.recv(WRITE_AT_ONCE)
            if not octets:
                raise SmtpError(phase, "the server closed the connection")
            self._buffer += octets
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        if len(line) > LINE_AT_MOST:
            raise SmtpError(phase, "a reply line too long")
        return line

    def refuse_unless(self, reply: Reply, phase: Phase, permanent: bool = False) -> None:
        """SmtpError unless the reply is a yes; ``permanent``: a 5xx tells letters that they will never be taken."""
        if not reply.is_yes:
            raise SmtpError(phase, reply.text, reply.code, permanent and reply.code >= 500)

    def cut(self) -> None:
        """End the connection at once, from any thread."""
        self.alive = False
        if self._cord is not None:
            self._cord.pull()

    def close(self) -> None:
        """QUIT where the session lives, without waiting long; a letter is sent by its 250, whatever comes now."""
        with suppress(SmtpError):  # its answer changes nothing: what became of each letter is known by now
            if self.alive and self._sock is not None:
                self._timeout_s = min(self._timeout_s, 2.0)
                self.ask("connect", "QUIT")
        self.alive = False
        if self._cord is not None:
            self._cord.release()
        if self._sock is not None:
            self._sock.close()


class _Translating:
    """Turns what sockets, TLS and secrets raise into :class:`SmtpError` of a phase; ``where`` stands before it."""

    def __init__(self, phase: Phase, where: str = "") -> None:
        self._phase: Phase = phase
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ssl.SSLCertVerificationError):
            raise SmtpError(self._phase, f"{self._where}certificate refused: {error.verify_message}") from error
        if isinstance(error, OSError | ValueError | SecretError):
            raise SmtpError(self._phase, f"{self._where}{str(error) or type(error).__name__}") from error


def _login_steps(endpoint: Endpoint, offered: Sequence[str]) -> list[str]:
    """The lines to send for the best way of logging in that the server offers."""
    if endpoint.token is not None:
        if "XOAUTH2" not in offered:
            raise ValueError("the server does not offer XOAUTH2")
        return [f"AUTH XOAUTH2 {_b64(xoauth2(endpoint.username, endpoint.token()))}"]
    password = endpoint.password() if endpoint.password is not None else ""
    if "PLAIN" in offered:
        return ["AUTH PLAIN " + _b64(f"\0{endpoint.username}\0{password}")]
    if "LOGIN" in offered:
        return ["AUTH LOGIN", _b64(endpoint.username), _b64(password)]
    raise ValueError("the server offers no login that we know (PLAIN, LOGIN, XOAUTH2)")


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _own_name(sock: socket.socket) -> str:
    """Our name for EHLO: the host's where it is a full one, else the address literal (RFC 5321, 4.1.3)."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = sock.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _shown(octets: bytes) -> str:
    """A server's words for logs and letters: one line, no controls, at most 300 characters."""
    text = octets.decode("utf-8", "replace")[:300]
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)
