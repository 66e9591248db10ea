"""config.toml of a desk whose servers listen on loopback, for a moment: the demonstrations' and the benchmarks'."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SUBJECT = "Apertura de Incidencia Automática Aplicación / Desarrollo."
TYPES = ("Pérdida de Servicio", "Error Acceso", "Error Funcional")


def desk(folder: Path, database: str, smtp: int, sender: str, admin: str, services: Iterable[str]) -> str:
    """All but its mailboxes, groups and rules; the files lie in ``folder``."""
    values = {"folder": folder, "database": database, "smtp": smtp, "sender": sender, "admin": admin}
    return _DESK.format(**values, subject=SUBJECT, types=_quoted(TYPES)) + "".join(map(_SERVICE.format, services))


def mailbox(folder: Path, imap: int, name: str, user: str, roles: Iterable[str], address: str, poll: str) -> str:
    """One mailbox; its password stands in the file `password` of ``folder``."""
    values = {"folder": folder, "imap": imap, "name": name, "user": user, "address": address, "poll": poll}
    return _MAILBOX.format(**values, roles=_quoted(roles))


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(f'"{text}"' for text in texts)


_DESK = """
[desk]
name = "Soporte CAU"
domain = "cau.example"
timezone = "Europe/Madrid"
language = "es"
admins = ["{admin}"]

[database]
url = "{database}"
files = "{folder}/files"

[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "{sender}"

[kinds.incident]
label = "Incidencia"
prefix = "I"
subject = "{subject}"
default_group = "n1"
fields = [
    {{ label = "Servicio/Aplicación", name = "service", type = "choice", from = "services" }},
    {{ label = "Tipo", name = "type", type = "choice", values = [{types}] }},
    {{ label = "Descripción", name = "description", lines = "many", min_length = 10 }},
]
"""
_SERVICE = """
[[services]]
name = "{}"
"""
_MAILBOX = """
[[mailboxes]]
name = "{name}"
roles = [{roles}]
address = "{address}"
host = "127.0.0.1"
port = {imap}
security = "none"
username = "{user}"
password_file = "{folder}/password"
poll = "{poll}"
"""
