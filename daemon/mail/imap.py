"""An IMAP connection on which every operation ends: answered, refused or broken, within its deadline.

A thin layer over imapclient. Whatever goes wrong is an :class:`ImapError`; after any but a plain refusal the session is
dead and only :meth:`Imap.close` may follow. One thread uses an :class:`Imap`; :meth:`Imap.cut` alone may
come from another.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from imapclient.exceptions import IMAPClientError

from daemon.config.accounts import SecretError
from daemon.mail.imap_faults import WHAT_IMAPCLIENT_RAISES, ImapError, fault_of
from daemon.mail.imap_wire import Client
from daemon.mail.wire import WATCHDOG, Cord, Endpoint, xoauth2

IDLE_LIMIT_S = 240.0
"""Servers and the boxes between drop a silent connection; after this IDLE is renewed."""
IDLE_SLICE_S = 0.5
"""How soon a stopping thread leaves IDLE."""
SEARCH_WINDOW = 50_000
"""UIDs asked for at once: one SEARCH answer must stay well under imaplib's line limit of 1,000,000 octets."""

logging.getLogger("imapclient").setLevel(logging.ERROR)  # what it warns of comes as an exception besides


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that an operation may take in all. A fetch gets ``operation`` and the time of its octets at ``rate``."""

    login: float = 60.0
    operation: float = 120.0
    rate: float = 16 * 1024.0


@dataclass(frozen=True, slots=True)
class Selected:
    """A selected folder; ``uidnext`` is 0 where the server does not say it."""

    uidvalidity: int
    uidnext: int
    exists: int


class Imap:
    """One session, logged in: ``Imap(endpoint)`` connects or raises :class:`ImapError`. Usable as a context manager."""

    def __init__(self, endpoint: Endpoint, deadlines: Deadlines = Deadlines()) -> None:
        self.endpoint = endpoint
        self.deadlines = deadlines
        self._cord: Cord | None = None
        self._client: Any = None
        try:
            with self.bounded(f"connect to {endpoint.server}", deadlines.login):
                self._client = Client(endpoint, self._opened)
                if endpoint.security == "starttls":
                    self._client.starttls(endpoint.tls_context())
            with self.bounded(f"login as {endpoint.username} at {endpoint.server}", deadlines.login):
                self._login()
        except ImapError:
            self.close()
            raise

    def __enter__(self) -> Imap:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def client(self) -> Any:
        """The imapclient below, for use within :meth:`bounded` only."""
        return self._client

    def has(self, capability: str) -> bool:
        """Whether the server offers ``capability`` (MOVE, UIDPLUS, IDLE …) after login."""
        with self.bounded("capability"):
            return bool(self._client.has_capability(capability))

    def capabilities(self) -> tuple[str, ...]:
        """Everything the server offers after login."""
        with self.bounded("capability"):
            return tuple(sorted(each.decode("ascii", "replace") for each in self._client.capabilities()))

    def select(self, folder: str) -> Selected:
        """Open ``folder`` for reading and moving; a folder that is read-only is a permanent fault."""
        with self.bounded(f"select {folder}"):
            answer = self._client.select_folder(folder)
            return Selected(int(answer[b"UIDVALIDITY"]), int(answer.get(b"UIDNEXT", 0)), int(answer.get(b"EXISTS", 0)))

    def uids(self, selected: Selected) -> list[int]:
        """The UIDs that lie in the selected folder now, ascending.

        A large folder is asked in windows. The last question is «n:*», which names the last mail even where its UID
        is smaller (RFC 3501, 6.4.8).
        """
        found: set[int] = set()
        self._client.expect_all()
        windows = range(1, selected.uidnext, SEARCH_WINDOW) if selected.exists > SEARCH_WINDOW else range(0)
        for start in windows:
            end = min(start + SEARCH_WINDOW, selected.uidnext) - 1
            found.update(self._search(f"{start}:{end}"))
        rest = selected.uidnext if windows else 1
        return sorted(found.union(self._search(f"{rest}:*")))

    def _search(self, uids: str) -> list[int]:
        with self.bounded("search"):
            return [int(uid) for uid in self._client.search(["UID", uids])]

    def holds(self, uid: int) -> bool:
        """Whether this mail lies in the selected folder, by what the server knows now."""
        self.noop()
        return uid in self._search(str(uid))

    def noop(self) -> None:
        """Ask for nothing: proves that the session lives and lets the server report what has changed."""
        with self.bounded("noop"):
            self._client.noop()

    def idle(self, seconds: float, stop: threading.Event) -> bool:
        """Wait up to ``seconds`` (at most :data:`IDLE_LIMIT_S`) for the server to report anything.

        True when it did, or had told of an arrival since :meth:`uids` was asked; False when time ran out or ``stop``
        was set. A connection that ends meanwhile is a fault: imapclient would answer «nothing new» again and again
        without waiting.
        """
        until = time.monotonic() + min(seconds, IDLE_LIMIT_S)
        with self.bounded("idle", seconds + self.deadlines.operation):
            self._client.idle()
            woken: bool = self._client.grown
            while not woken and not stop.is_set() and (left := until - time.monotonic()) > 0:
                woken = self._idle_slice(min(left, IDLE_SLICE_S))
        with self.bounded("idle"):
            self._client.idle_done()
        return woken

    def _idle_slice(self, seconds: float) -> bool:
        began = time.monotonic()
        answers = self._client.idle_check(timeout=seconds)
        if any(answer[0] == b"BYE" for answer in answers):
            raise ConnectionResetError("the server said BYE")
        if not answers and time.monotonic() - began < seconds * 0.9:
            raise ConnectionResetError("the connection ended while idle")
        return bool(answers)

    def cut(self) -> None:
        """End the connection at once, from any thread: the operation in hand fails as transient."""
        if self._cord is not None:
            self._cord.pull()

    def close(self) -> None:
        """Log out where that still works, within seconds; never raises."""
        try:
            if self._client is not None:
                with self.bounded("logout", 2.0):
                    self._client.logout()
        except ImapError:
            self.cut()
        finally:
            self._shut()

    def _shut(self) -> None:
        client, self._client = self._client, None
        with suppress(OSError, IMAPClientError):  # both: the other side has closed it before us
            if client is not None:
                client.shutdown()
        if self._cord is not None:
            self._cord.release()

    @contextmanager
    def bounded(self, what: str, seconds: float | None = None, octets: int = 0) -> Iterator[None]:
        """Run IMAP commands under a total deadline; whatever goes wrong comes out as :class:`ImapError`."""
        limit = (seconds or self.deadlines.operation) + octets / self.deadlines.rate
        try:
            with WATCHDOG.limit(limit, self.cut):
                yield
        except (*WHAT_IMAPCLIENT_RAISES, SecretError) as error:
            raise fault_of(what, error) from error

    def _opened(self, cord: Cord) -> None:
        self._cord = cord

    def _login(self) -> None:
        username = self.endpoint.username
        if self.endpoint.token is not None:
            first = [xoauth2(username, self.endpoint.token())]
            self._client.sasl_login("XOAUTH2", lambda _: first.pop() if first else "")
            return
        password = self.endpoint.password() if self.endpoint.password is not None else ""
        if _is_plain(username) and password.isascii():
            self._client.login(username, password)
        else:
            self._client.plain_login(username, password)


def uid_set(uids: Iterable[int]) -> str:
    """UIDs as the shortest sequence set: «1:50,52»."""
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in runs)


def read_uid_set(text: str) -> list[int]:
    """The UIDs of a sequence set without «*», in its order."""
    found: list[int] = []
    for part in text.split(","):
        low, _, high = part.partition(":")
        found.extend(range(int(low), int(high or low) + 1))
    return found


def _is_plain(username: str) -> bool:
    """Whether LOGIN can carry the name as it stands: imaplib does not quote it."""
    return re.fullmatch(r"[A-Za-z0-9@._+=-]+", username) is not None
