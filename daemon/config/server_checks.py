"""Mailboxes, SMTP, database and the other ways out: can this configuration be run at all?

Only what the text alone can tell; `acuse doctor` talks to the servers.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from daemon.config.accounts import Account, Credentials, Database, OAuth2, Smtp, Written
from daemon.config.crosschecks import repeated
from daemon.config.people_checks import is_address
from daemon.config.positions import Path as KeyPath
from daemon.config.shape import Misfit, shown


def mailboxes(written: Written) -> Iterator[Misfit]:
    """Names, addresses and roles of the mailboxes, and the sender of all letters."""
    boxes = list(enumerate(written.mailboxes))
    yield from repeated(_own_addresses(written), "this address of a mailbox")
    for path, address in _own_addresses(written):
        yield from _own_address(path, address)
    for number, box in boxes:
        if not box.roles:
            yield Misfit(("mailboxes", number, "roles"), 'a mailbox needs a role: "opening", "service", "desk"')
        yield from _connection(("mailboxes", number), box)
        yield from _folders(("mailboxes", number), box)
    watched = ((("mailboxes", n, "folder"), f"{b.username}\n{b.host}:{b.port}\n{b.folder}".lower()) for n, b in boxes)
    yield from repeated(watched, "this folder of this account")
    for role in ("opening", "service") if all(box.roles for box in written.mailboxes) else ():
        if not any(role in box.roles for box in written.mailboxes):
            yield Misfit(("mailboxes",), f'no mailbox has the role "{role}"; one must')
    yield from _sender(written)


def _folders(path: KeyPath, box: Account) -> Iterator[Misfit]:
    """Names that a server can take; a treated mail leaves the folder that is watched."""
    named = {(*path, "folders", use): folder for use, folder in dataclasses.asdict(box.folders).items()}
    for place, folder in {(*path, "folder"): box.folder, **named}.items():
        if not _FOLDER.fullmatch(folder):
            yield Misfit(place, f'{shown(folder)} is no folder; write a name, below others such as "Acuse/Tratados"')
    for place, folder in named.items():
        if folder.lower() == box.folder.lower():
            yield Misfit(place, "this is the folder that is watched; a treated mail must leave it")


_FOLDER = re.compile(r"(?!\s+$)[^/*%\x00-\x1f\x7f]+(/[^/*%\x00-\x1f\x7f]+)*")
"""Names with «/» between them; «*» and «%» would stand for others (RFC 3501, 6.3.8)."""


def _own_addresses(written: Written) -> Iterator[tuple[KeyPath, str]]:
    for number, box in enumerate(written.mailboxes):
        yield ("mailboxes", number, "address"), box.address.lower()
        yield from ((("mailboxes", number, "addresses", a), a.lower()) for a in box.addresses)


def _own_address(path: KeyPath, address: str) -> Iterator[Misfit]:
    if not address:
        return
    if not is_address(address):
        yield Misfit(path, _NO_ADDRESS.format(shown(address)))
    elif "+" in address:
        yield Misfit(
            path, f"{shown(address)} has a «+», which some mail clients turn into a space in links; use another"
        )


_NO_ADDRESS = '{} is no mail address; write one such as "soporte@cau.example"'


def _sender(written: Written) -> Iterator[Misfit]:
    serving = [a for box in written.mailboxes if "service" in box.roles for a in (box.address, *box.addresses)]
    sender = written.smtp.sender.lower()
    if sender and serving and sender not in {address.lower() for address in serving}:
        text = f'{shown(sender)} is not the address of a mailbox with the role "service"; allowed: {", ".join(serving)}'
        yield Misfit(("smtp", "sender"), text)


# ---------------------------------------------------------------- connections


def servers(written: Written) -> Iterator[Misfit]:
    """SMTP and the second route for alarms."""
    yield from _connection(("smtp",), written.smtp)
    if written.alerts.smtp:
        yield from _connection(("alerts", "smtp"), written.alerts.smtp)
        if (sender := written.alerts.smtp.sender) and not is_address(sender):
            yield Misfit(("alerts", "smtp", "sender"), _NO_ADDRESS.format(shown(sender)))
    listen = written.metrics.listen
    host, _, port = listen.rpartition(":")
    if listen and not (is_loopback(host) and port.isdecimal() and 0 < int(port) < 65536):
        text = f'{shown(listen)} is no address on loopback; write it like "127.0.0.1:9464"'
        yield Misfit(("metrics", "listen"), text)


def _connection(path: KeyPath, server: Account | Smtp) -> Iterator[Misfit]:
    if not 0 < server.port < 65536:
        yield Misfit((*path, "port"), f"{server.port} is no port; write a number from 1 to 65535")
    if server.host and not _HOST.fullmatch(server.host):
        text = f"{shown(server.host)} is no host; write a name or an address alone, without brackets or a port"
        yield Misfit((*path, "host"), text)
    if server.security == "none" and server.host and not is_loopback(server.host):
        text = f'"none" would send the password in clear to {server.host}; it is allowed on loopback only: use "tls"'
        yield Misfit((*path, "security"), text)
    usual = _SPOKEN_AT.get(server.port, server.security)
    if server.security not in (usual, "none"):
        text = f'servers speak "{usual}" at port {server.port}, not "{server.security}": write security = "{usual}"'
        yield Misfit((*path, "port"), text, warning=True)
    if isinstance(server, Account) and not server.username:
        yield Misfit((*path, "username"), '"username" is missing here; a mailbox is opened by logging in', at_key=True)
    yield from _login(path, server)


_SPOKEN_AT = {143: "starttls", 465: "tls", 587: "starttls", 993: "tls"}
"""How a connection is secured at a port that is kept for it (RFC 8314 section 7)."""

_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
"""A name or an IPv4 address; or an IPv6 address, which has two colons at least."""


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine and no other."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _login(path: KeyPath, login: Credentials) -> Iterator[Misfit]:
    """Exactly one way to the secret where there is a user name, none where there is not."""
    ways = _ways(login, "password") + (["oauth2"] if login.oauth2 else [])
    if login.username and not ways:
        text = (
            'no secret for this account; write one of "password_file", "password_env", "password_credential", "oauth2"'
        )
        yield Misfit(path, text, at_key=True)
    yield from _one_of(path, ways)
    if ways and not login.username:
        yield Misfit((*path, ways[0]), f'"{ways[0]}" has no "username" to go with it', at_key=True)
    if login.oauth2:
        yield from _oauth2((*path, "oauth2"), login.oauth2)


def _ways(table: object, name: str) -> list[str]:
    return [key for way in ("file", "env", "credential") if getattr(table, key := f"{name}_{way}")]


def _one_of(path: KeyPath, ways: list[str]) -> Iterator[Misfit]:
    if len(ways) > 1:
        yield Misfit((*path, ways[1]), f"{' and '.join(ways)} are both set; keep one", at_key=True)


def _oauth2(path: KeyPath, table: OAuth2) -> Iterator[Misfit]:
    secrets, tokens = _ways(table, "client_secret"), _ways(table, "refresh_token")
    yield from (misfit for ways in (secrets, tokens) for misfit in _one_of(path, ways))
    if not secrets and not tokens:
        yield Misfit(
            path, 'a token needs "client_secret_file" (or _env, _credential), or a refresh token in the same way'
        )
    if table.provider == "google" and not tokens:
        yield Misfit(path, 'Google gives tokens for mail only for a "refresh_token_file" (or _env, _credential)')
    if table.provider == "microsoft" and not table.tenant:
        yield Misfit(path, 'Microsoft needs a "tenant": the directory\'s id or domain')
    if table.provider == "other" and not table.token_url:
        yield Misfit(path, 'provider "other" needs a "token_url"')
    if table.token_url and not _keeps_secrets(table.token_url):
        yield Misfit((*path, "token_url"), "a token is asked for over https only")


def _keeps_secrets(address: str) -> bool:
    """Whether nobody else reads what is sent to this address of the web."""
    url = _parts(address)
    if url is None or not url.hostname:
        return False
    return url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname))


def _parts(url: str) -> SplitResult | None:
    """None for one that cannot be read, as with half an IPv6 address."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


# ---------------------------------------------------------------- database


def database(written: Written) -> Iterator[Misfit]:
    """The forms of its URL, and one secret at most."""
    table = written.database
    if table.url and (not _URL.fullmatch(table.url) or _parts(table.url) is None):
        text = (
            f'{shown(table.shown)} is no database; write "sqlite:///acuse.db" (beside this file), '
            '"sqlite:////var/lib/acuse/acuse.db" (absolute) or "postgresql://user@host/name", the password apart'
        )
        yield Misfit(("database", "url"), text)
    yield from _database_login(table)


_URL = re.compile(r"sqlite:////?[^/].*|postgres(?:ql)?://[^/]*/[^/]+")


def _database_login(table: Database) -> Iterator[Misfit]:
    ways = _ways(table, "password")
    yield from _one_of(("database",), ways)
    if ways and table.is_sqlite:
        yield Misfit(("database", ways[0]), f'SQLite has no password; "{ways[0]}" is for PostgreSQL', at_key=True)
