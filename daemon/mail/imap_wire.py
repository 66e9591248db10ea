"""imapclient as :class:`daemon.mail.imap.Imap` needs it: over a socket of ours, and missing no arrival."""

from __future__ import annotations

import imaplib
from collections.abc import Callable
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError
from imapclient.imapclient import require_capability

from daemon.mail.wire import Cord, Endpoint, open_socket

LITERAL_AT_MOST = 16 * 1024 * 1024
"""Octets of one literal: we ask for half a MiB at most, but a server may tell a smaller size than it has."""


class Wire(imaplib.IMAP4):
    """imaplib over a socket of ours, so that greeting and TLS handshake too are under the watchdog.

    It counts the mails of the folder: an arrival is told once, with whatever answer comes next (RFC 3501, 5.2), and
    who waits in IDLE afterwards hears no more of it.
    """

    def __init__(self, endpoint: Endpoint, opened: Callable[[Cord], None]) -> None:
        self.present = 0
        self.grown = False
        self._endpoint = endpoint
        self._opened = opened
        super().__init__(endpoint.host, endpoint.port)

    def _create_socket(self, timeout: float | None = None) -> Any:
        sock = open_socket(self._endpoint.host, self._endpoint.port, self._endpoint.connect_timeout_s)
        self._opened(Cord(sock))
        sock.settimeout(self._endpoint.read_timeout_s)
        if self._endpoint.security == "tls":
            return self._endpoint.tls_context().wrap_socket(sock, server_hostname=self._endpoint.host)
        return sock

    def read(self, size: int) -> bytes:
        """A literal. imaplib would make room for whatever the server announces."""
        if size > LITERAL_AT_MOST:
            raise self.abort(f"the server announces {size} octets, which nobody asked for")
        return super().read(size)

    def _append_untagged(self, typ: str, dat: Any) -> None:
        self.count(typ.encode(), dat)
        super()._append_untagged(typ, dat)  # type: ignore[misc]

    def count(self, kind: object, number: Any) -> None:
        """Note an untagged answer: EXISTS says how many mails there are, EXPUNGE that there is one less."""
        if kind == b"EXISTS":
            self.grown = self.grown or int(number) > self.present
            self.present = int(number)
        elif kind == b"EXPUNGE":
            self.present -= 1


class Client(IMAPClient):  # type: ignore[misc]
    """imapclient, with the gaps of its IDLE closed: it does not know our socket, does not look into its own buffer, and
    takes news ahead of the server's «+» for a fault."""

    def __init__(self, endpoint: Endpoint, opened: Callable[[Cord], None]) -> None:
        self._endpoint = endpoint
        self._opened = opened
        super().__init__(
            endpoint.host,
            endpoint.port,
            ssl=endpoint.security == "tls",
            timeout=SocketTimeout(endpoint.connect_timeout_s, endpoint.read_timeout_s),
        )
        self.normalise_times = False  # aware times
        self._imap.debug = 0  # imapclient sets 5: every octet that comes is shown as text for a log that is off

    @property
    def grown(self) -> bool:
        """Whether the server has told of an arrival since :meth:`expect_all`."""
        return bool(self._imap.grown)

    def expect_all(self) -> None:
        """The next SEARCH names all mails that have come so far."""
        self._imap.grown = False

    def select_folder(self, folder: str, readonly: bool = False) -> dict[bytes, Any]:
        self._imap.present = 0
        answer: dict[bytes, Any] = super().select_folder(folder, readonly)
        return answer

    def _create_IMAP4(self) -> Wire:  # noqa: N802 imapclient's name
        return Wire(self._endpoint, self._opened)

    @require_capability("IDLE")  # type: ignore[untyped-decorator]
    def idle(self) -> None:
        self._idle_tag = self._imap._command("IDLE")
        while self._imap._get_response() is not None:
            if self._imap.tagged_commands[self._idle_tag]:
                raise IMAPClientError("IDLE was refused")

    def idle_check(self, timeout: float | None = None) -> list[tuple[Any, ...]]:
        answers: list[tuple[Any, ...]] = super().idle_check(timeout)
        for first, *rest in answers:
            self._imap.count(rest[0] if rest else b"", first)
        return answers

    def _poll_socket(self, sock: Any, timeout: float | None = None) -> Any:
        """What came in the same segment as the answer to IDLE lies in the buffer, not in the socket."""
        return self._buffered() or super()._poll_socket(sock, timeout)

    def _buffered(self) -> bool:
        try:
            return bool(self._imap.file.peek(1))
        except OSError:  # TLS says so when a read would block
            return False
