"""What every connection shares: where it goes, how it is secured, and that nothing on it waits without an end.

A read timeout bounds one read only: a server that drips a byte now and then keeps a connection busy for ever. So every
operation has a total deadline besides, kept by the :class:`Watchdog`, which shuts the connection from outside.
"""

from __future__ import annotations

import math
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from daemon.config.accounts import Account, Credentials, Security, Smtp

SMTP_CONNECT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and how to log in there.

    ``password`` and ``token`` are asked for at each login, so that a rotated secret is taken up; ``token`` gives an
    OAuth2 access token (SASL XOAUTH2) and goes before the password. ``ca_file`` is a private authority's certificate
    ("" for the system's). Certificates and host names are always verified.
    """

    host: str
    port: int
    security: Security = "tls"
    username: str = ""
    password: Callable[[], str] | None = None
    token: Callable[[], str] | None = None
    ca_file: str = ""
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0

    @property
    def server(self) -> str:
        """Host and port, as admins read them."""
        return f"{self.host}:{self.port}"

    @classmethod
    def of_account(cls, account: Account, token: TokenSource | None) -> Endpoint:
        """The IMAP server of a mailbox; ``token`` gives access tokens where it logs in with OAuth2."""
        return cls._of(account, token, account.connect_timeout, account.command_timeout)

    @classmethod
    def of_smtp(cls, smtp: Smtp, token: TokenSource | None) -> Endpoint:
        """The SMTP server that takes letters; without a user name there is no login. ``token`` as above."""
        return cls._of(smtp, token, min(SMTP_CONNECT, smtp.timeout), smtp.timeout)

    @classmethod
    def _of(cls, server: Account | Smtp, token: TokenSource | None, connect: timedelta, command: timedelta) -> Endpoint:
        return cls(
            host=server.host,
            port=server.port,
            security=server.security,
            username=server.username,
            password=server.secret,
            token=_token_of(server, token),
            ca_file=server.ca_file,
            connect_timeout_s=connect.total_seconds(),
            read_timeout_s=command.total_seconds(),
        )

    def tls_context(self) -> ssl.SSLContext:
        """A verifying context: TLS 1.2 or newer, certificate and host name checked."""
        return ssl.create_default_context(cafile=self.ca_file or None)


TokenSource = Callable[[Credentials], str]
"""Gives a valid OAuth2 access token for a table of the configuration, asking the provider where it must."""


def _token_of(credentials: Credentials, source: TokenSource | None) -> Callable[[], str] | None:
    return (lambda: source(credentials)) if source is not None and credentials.oauth2 is not None else None


def xoauth2(username: str, token: str) -> str:
    """The SASL XOAUTH2 initial response, before base64."""
    return f"user={username}\x01auth=Bearer {token}\x01\x01"


def open_socket(host: str, port: int, timeout_s: float) -> socket.socket:
    """A TCP connection that sends at once (imapclient writes a command in small pieces) and notices a dead peer."""
    sock = socket.create_connection((host, port), timeout_s)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock


class Cord:
    """Pulls the plug of a connection from any thread: a duplicate of its descriptor, valid through STARTTLS."""

    def __init__(self, sock: socket.socket) -> None:
        self._twin: socket.socket | None = sock.dup()
        self._lock = threading.Lock()

    def pull(self) -> None:
        """Shut the connection down; whoever reads from it gets the end of file at once."""
        with self._lock:
            if self._twin is not None:
                with suppress(OSError):  # it is shut already
                    self._twin.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Give the descriptor back; the connection itself stays as it is."""
        with self._lock:
            if self._twin is not None:
                self._twin.close()
            self._twin = None


class Watchdog:
    """One thread that bounds the total time of operations: at its deadline the operation's connection is shut.

    Beginning and ending an operation is a dictionary entry; the thread wakes only when a deadline comes near.
    """

    def __init__(self) -> None:
        self._running: dict[object, tuple[float, Callable[[], None]]] = {}
        self._wakes_at = 0.0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def limit(self, seconds: float, bark: Callable[[], None]) -> Iterator[None]:
        """Call ``bark`` in another thread when the body takes longer than ``seconds``."""
        key = object()
        self._begin(key, time.monotonic() + seconds, bark)
        try:
            yield
        finally:
            with self._changed:
                self._running.pop(key, None)

    def _begin(self, key: object, due: float, bark: Callable[[], None]) -> None:
        with self._changed:
            self._running[key] = (due, bark)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            elif due < self._wakes_at:  # otherwise it wakes early enough by itself
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                bark = self._overdue()
                if bark is None:
                    self._changed.wait(None if self._wakes_at == math.inf else self._wakes_at - time.monotonic())
                    continue
            bark()

    def _overdue(self) -> Callable[[], None] | None:
        """One operation over its deadline, taken off the list; sets when to look again."""
        key = min(self._running, key=lambda each: self._running[each][0], default=None)
        self._wakes_at = math.inf if key is None else self._running[key][0]
        if key is not None and self._wakes_at <= time.monotonic():
            return self._running.pop(key)[1]
        return None


WATCHDOG = Watchdog()
"""The process's own; its thread starts with the first operation."""


@dataclass(slots=True)
class Backoff:
    """Waits between tries: doubling from ``first_s`` to ``cap_s``, each drawn between half and whole (no herd)."""

    first_s: float = 1.0
    cap_s: float = 300.0
    failures: int = 0

    def failed(self) -> float:
        """One more failure: the seconds to wait now."""
        self.failures += 1
        return jittered(self.first_s, self.cap_s, self.failures)

    def succeeded(self) -> None:
        """Start from the shortest wait again."""
        self.failures = 0


def jittered(first_s: float, cap_s: float, failures: int) -> float:
    """The wait after so many failures in a row (1 …), in seconds."""
    whole = min(cap_s, first_s * 2.0 ** min(failures - 1, 40))
    return whole * random.uniform(0.5, 1.0)  # noqa: S311 a spread, not a secret
