"""Mail servers inside this process, for `acuse demo` and quick tests: IMAP (pymap) and SMTP (aiosmtpd) on loopback.

Mails live in memory. What is sent through the SMTP server is kept to be looked at, and lands in the mailbox of every
user here whose address it is written to. Needs the extra `acuse[demo]`; nobody imports this module otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from argparse import Namespace
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.sock import SocketInfoLocal
from pymap.backend.dict import Config, Login
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

HOST = "127.0.0.1"
LARGEST_MAIL = 100 * 1024 * 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that was handed to the SMTP server: envelope, octets, time."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    at: datetime


class EmbeddedServers:
    """Both servers, from :meth:`start` to :meth:`stop` (or as a context manager).

    ``users``: name at login → the addresses whose mail is his; all with the same ``password``. ``on_mail`` hears every
    mail that is sent, in the servers' thread. ``clock`` dates what arrives.
    """

    def __init__(
        self,
        users: Mapping[str, Iterable[str]],
        password: str = "secret",  # noqa: S107 loopback, in memory
        on_mail: Callable[[SentMail], None] = lambda mail: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.users = {user: tuple(addresses) for user, addresses in users.items()}
        self.password = password
        self.imap_port = self.smtp_port = 0
        self._on_mail = on_mail
        self._clock = clock
        self._sent: list[SentMail] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="embedded-servers", daemon=True)
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._login: Any = None

    def __enter__(self) -> EmbeddedServers:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; the ports are known afterwards."""
        self._thread.start()
        self._do(self._start())

    def stop(self) -> None:
        """Close everything; the mails stay readable by :meth:`mails`."""
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def mails(self) -> list[SentMail]:
        """Everything that was sent so far, oldest first."""
        return list(self._sent)

    def deliver(self, user: str, raw: bytes) -> None:
        """Put a mail into the INBOX of ``user``."""
        self._do(self._append(user, raw))

    def folders(self, user: str) -> dict[str, list[bytes]]:
        """The mails of ``user`` by folder, by UID."""
        return self._do(self._folders(user))

    # -- inside the loop

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        config = _ImapConfig.quiet()
        config.apply_context()
        self._login = Login(config)
        for user in self.users:
            self._login.users_dict[user] = UserMetadata(config, user, password=self.password)
        imap = IMAPServer(self._login, config)
        serve = await asyncio.start_server(lambda r, w: self._connected(imap, r, w), HOST, 0)
        smtp = await self._loop.create_server(lambda: _Smtp(self._received), HOST, 0)
        self._servers = [serve, smtp]
        self.imap_port, self.smtp_port = (server.sockets[0].getsockname()[1] for server in self._servers)

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, imap: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One IMAP connection. Its task is held: an event loop alone keeps only a weak reference."""
        info = SocketInfoLocal(writer, unique_id=uuid4().bytes)
        task = self._loop.create_task(self._serve(imap(reader, _JoinedWriter(writer), info)))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, connection: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(ConnectionError, EOFError):
            await connection

    async def _received(self, sender: str, recipients: tuple[str, ...], raw: bytes) -> None:
        mail = SentMail(sender, recipients, raw, self._clock())
        self._sent.append(mail)
        self._on_mail(mail)
        for recipient in recipients:
            for user in self._users_of(recipient):
                trace = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode()
                await self._append(user, trace + raw)

    def _users_of(self, address: str) -> list[str]:
        return [user for user, own in self.users.items() if address.lower() in map(str.lower, own)]

    async def _append(self, user: str, raw: bytes) -> None:
        async with self._login_session(user) as session:
            await session.append_messages("INBOX", [AppendMessage(raw, self._clock(), frozenset())])

    async def _folders(self, user: str) -> dict[str, list[bytes]]:
        async with self._login_session(user) as session:
            boxes = session.mailbox_set
            listed = [entry.name for entry in (await boxes.list_mailboxes()).list() if entry.exists]
            return {name: await _contents(await boxes.get_mailbox(name)) for name in listed}

    @contextlib.asynccontextmanager
    async def _login_session(self, user: str) -> Any:
        identity = await self._login.authorize(_Superuser(user), user)
        async with identity.new_session() as session:
            yield session


async def _contents(mailbox: Any) -> list[bytes]:
    return [bytes(message._content) async for message in mailbox.messages()]


class _ImapConfig(Config):
    """pymap without TLS, without hashing and without waiting after a wrong name."""

    @classmethod
    def quiet(cls) -> _ImapConfig:
        return cls(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            demo_data=False, demo_user="", demo_password="", host=HOST, port=0,
            tls_enabled=False, hash_context=Cleartext(), invalid_user_sleep=0.0,
        )  # fmt: skip

    @property
    def greeting(self) -> bytes:
        return b"Acuse demo server ready"


@dataclass(frozen=True)
class _Superuser:
    """Whoever puts mails into mailboxes from inside."""

    name: str
    roles: frozenset[str] = frozenset({"admin"})


class _JoinedWriter:
    """Writes of one response go out together, at its drain: many small segments would wait for each other."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._pending = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def write(self, octets: bytes) -> None:
        self._pending += octets

    async def drain(self) -> None:
        octets, self._pending = bytes(self._pending), bytearray()
        self._writer.write(octets)
        await self._writer.drain()


class _Smtp(SMTP):
    """An SMTP server that takes everything."""

    def __init__(self, received: Callable[[str, tuple[str, ...], bytes], Coroutine[Any, Any, None]]) -> None:
        self._received = received
        super().__init__(self, hostname="demo.localhost", data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook: a whole mail has come."""
        raw = envelope.content
        assert isinstance(raw, bytes)
        await self._received(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw)
        return "250 2.0.0 taken"
