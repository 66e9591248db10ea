"""How the daemon reaches its servers: the tables of config.toml that the rules need not know.

They are declared here once, as the rest is in rules/tables.py, and validated with it. A secret itself is never part of
a value: only where it is kept is, and :meth:`Credentials.secret` reads it when it is needed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from daemon.files import opened
from rules.desk import Desk
from rules.durations import Duration
from rules.letters import File
from rules.tables import Mailbox

Security = Literal["tls", "starttls", "none"]

LONGEST_SECRET = 64 * 1024
"""Octets."""


class SecretError(Exception):
    """A secret cannot be read; the message says where it was looked for, never what was found."""


def beside(config: Path, name: str) -> str:
    """``name`` as an absolute path, seen from the folder of config.toml; "" stays."""
    return str(config.parent / Path(name).expanduser()) if name else ""


def from_file(path: str) -> str:
    """The secret that a file holds, which nothing follows but line breaks; raises :class:`SecretError`."""
    try:
        with opened(Path(path), LONGEST_SECRET) as file:
            secret = file.read().decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise SecretError(f"cannot read the secret in {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretError(f"the secret in {path} is not UTF-8 text; save it as UTF-8") from None
    if re.search(r"[\r\n\0]", secret):  # what no server takes within a login
        raise SecretError(f"the secret in {path} is not on one line; write nothing else there")
    return secret


def _from_environment(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise SecretError(f"the environment variable {name} is not set") from None


def _from_systemd(name: str) -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise SecretError(
            f"systemd hands over no credentials: LoadCredential={name}:FILE is missing in the unit;"
            " or, for a command typed by hand, write systemd-run --pipe --property=User=acuse"
            f" --property=LoadCredential={name}:FILE before it"
        )
    return from_file(str(Path(folder, name)))


_SOURCES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("file", from_file),
    ("env", _from_environment),
    ("credential", _from_systemd),
)


def _read_secret(table: object, name: str) -> str:
    """The secret behind ``{name}_file``, ``{name}_env`` or ``{name}_credential``; "" where none is set."""
    for suffix, read in _SOURCES:
        if where := getattr(table, f"{name}_{suffix}"):
            return _not_empty(read(where), where)
    return ""


def _not_empty(secret: str, where: str) -> str:
    if not secret:
        raise SecretError(f"the secret in {where} is empty")
    return secret


@dataclass(frozen=True, kw_only=True)
class OAuth2:
    """`oauth2 = { … }`: a token from the provider instead of a password.

    A client secret alone asks for a token as the application itself (client credentials); with a refresh token it acts
    for the account that once gave its consent.
    """

    provider: Literal["microsoft", "google", "other"]
    client_id: str
    tenant: str = ""
    """Microsoft only: the directory's id or domain."""
    client_secret_file: str = ""
    client_secret_env: str = ""
    client_secret_credential: str = ""
    refresh_token_file: str = ""
    refresh_token_env: str = ""
    refresh_token_credential: str = ""
    token_url: str = ""
    """Where tokens are asked for; only `other` needs it."""
    scope: str = ""
    """"" for the one that the provider uses for mail."""
    expires: date | None = None
    """When the client secret ends (`2027-03-31`): the admins are told two weeks before."""

    def client_secret(self) -> str:
        """The client secret, "" where there is none; raises :class:`SecretError`."""
        return _read_secret(self, "client_secret")

    def refresh_token(self) -> str:
        """The refresh token, "" where there is none; raises :class:`SecretError`."""
        return _read_secret(self, "refresh_token")


@dataclass(frozen=True, kw_only=True)
class Password:
    """Where a password is kept."""

    password_file: str = ""
    """A file that holds nothing but the password; beside config.toml where relative."""
    password_env: str = ""
    """The environment variable that holds it."""
    password_credential: str = ""
    """The name under which systemd hands it over (LoadCredential=)."""

    def secret(self) -> str:
        """The password, read anew each time; "" where none is set. Raises :class:`SecretError`."""
        return _read_secret(self, "password")


@dataclass(frozen=True, kw_only=True)
class Credentials(Password):
    """Who logs in, and by what."""

    username: str = ""
    oauth2: OAuth2 | None = None


@dataclass(frozen=True, kw_only=True)
class Account(Mailbox, Credentials):
    """`[[mailboxes]]`: a mailbox and how to reach it over IMAP."""

    host: str
    port: int = 0
    """0: 993 with `tls`, else 143."""
    security: Security = "tls"
    """`tls`, `starttls`, or `none` (loopback only)."""
    ca_file: str = ""
    """Certificates to trust instead of the system's (PEM)."""
    folder: str = "INBOX"
    """The folder that is watched."""
    poll: Duration = Duration(seconds=60)
    """Safety net where IDLE is off or silent."""
    idle: bool = True
    connect_timeout: Duration = Duration(seconds=20)
    command_timeout: Duration = Duration(seconds=60)
    """No answer to a command for so long: the connection is given up and made anew."""
    idle_renewal: Duration = Duration(minutes=9)
    """IDLE is renewed so often; some routers forget a silent connection after ten minutes."""


@dataclass(frozen=True, kw_only=True)
class Smtp(Credentials):
    """`[smtp]`: the server that takes the letters, and the envelope sender of all of them."""

    host: str
    port: int = 0
    """0: 465 with `tls`, 587 with `starttls`, else 25."""
    security: Security = "starttls"
    ca_file: str = ""
    sender: str
    """The address of a `service` mailbox: From and envelope sender of every letter."""
    connections: int = 2
    """Connections at the same time."""
    timeout: Duration = Duration(seconds=30)
    """No answer for so long: the letter is tried again."""
    expire_after: Duration = Duration(days=5)
    """A letter that could not be handed over for so long is given up; group and admins are told."""


@dataclass(frozen=True, kw_only=True)
class Database(Password):
    """`[database]`: the books, and where raw mails and attachments lie by digest. PostgreSQL's password is kept as any
    other, where it is not part of the URL."""

    url: str = field(repr=False)
    """`sqlite:///beside-this-file.db`, `sqlite:////absolute/path.db` or `postgresql://user@host/name`."""
    files: str = ""
    """A folder; "" for `files` beside the SQLite database, else beside config.toml."""

    @property
    def is_sqlite(self) -> bool:
        """SQLite, or else PostgreSQL."""
        return self.url.startswith("sqlite:")

    @property
    def sqlite_path(self) -> Path:
        """The database file (absolute once loaded)."""
        return Path(self.url.removeprefix("sqlite:///"))

    @property
    def shown(self) -> str:
        """The URL without whatever may be a password, for people and logs, also where it is none."""
        return self.url if self.is_sqlite else re.sub("//.*@", "//", self.url).partition("?")[0]

    def located(self, config: Path) -> Database:
        """The same with absolute paths, seen from the folder of ``config``; SQLite's files stand beside it, where
        nothing else is said."""
        url, home = self.url, config.parent
        if self.is_sqlite:
            file = config.parent / self.sqlite_path.expanduser()
            url, home = f"sqlite:///{file}", file.parent
        files, password = beside(config, self.files) or str(home / "files"), beside(config, self.password_file)
        return replace(self, url=url, files=files, password_file=password)

    def login_url(self) -> str:
        """The URL to connect with: the password that is kept elsewhere put into it. Never to be shown or logged."""
        password = "" if self.is_sqlite else self.secret()
        if not password:
            return self.url
        parts = urlsplit(self.url)
        user, _, place = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{quote(password, safe='')}@{place}"))


@dataclass(frozen=True, kw_only=True)
class Log:
    """`[log]`: what the daemon tells its operator; never a password, a token or the text of a mail."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """`[metrics]`: figures for Prometheus, off by default."""

    listen: str = ""
    """`127.0.0.1:9464`: an endpoint on loopback."""
    textfile: str = ""
    """A file for the node exporter's textfile collector."""


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """`[alerts]`: a second route for alarms, for when the mail itself is what fails."""

    after: Duration = Duration(minutes=15)
    """A mailbox or the outbox has been failing for so long."""
    command: tuple[str, ...] = ()
    """A program and its arguments; the alarm's text is its standard input."""
    to: tuple[str, ...] = ()
    """Who gets alarms through `alerts.smtp`; () for the admins."""
    smtp: Smtp | None = None
    """Another mail server than `[smtp]`."""


@dataclass(frozen=True, kw_only=True)
class Written(Desk):
    """The whole of config.toml: the rules' desk, and what only the daemon needs."""

    __pydantic_config__: ClassVar = {
        "extra": "forbid",
        "alias_generator": lambda attribute: attribute.rstrip("_"),
    }

    include: tuple[str, ...] = ()
    """Further files, beside this one: `["rules.d/*.toml"]`."""
    mailboxes: tuple[Account, ...]
    database: Database
    smtp: Smtp
    log: Log = Log()
    metrics: Metrics = Metrics()
    alerts: Alerts = Alerts()
    service_address: str = field(default="", init=False)
    catalogue: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, init=False)
    files: Mapping[str, File] = field(default_factory=dict, init=False)
