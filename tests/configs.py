"""A configuration with nothing but the tables that are needed, and how tests change it."""

from __future__ import annotations

from pathlib import Path

HERE = "‸"
"""Marks, in a test's text, where a fault is expected to be told."""

BASE = """\
[desk]
name = "Soporte CAU"
domain = "cau.example"
timezone = "Europe/Madrid"
language = "es"
admins = ["admin@cau.example"]

[database]
url = "sqlite:///acuse.db"

[[mailboxes]]
name = "apertura"
roles = ["opening"]
address = "soportecau@cau.example"
host = "127.0.0.1"
port = 1143
security = "none"
username = "apertura"
password_env = "ACUSE_PASSWORD"
poll = "1s"

[[mailboxes]]
name = "servicio"
roles = ["service", "desk"]
address = "servicio@cau.example"
host = "imap.cau.example"
username = "servicio"
password_file = "servicio.password"

[smtp]
host = "127.0.0.1"
port = 1025
security = "none"
sender = "servicio@cau.example"

[kinds.incident]
label = "Incidencia"
prefix = "I"
subject = "Apertura de Incidencia."
default_group = "n1"
[[kinds.incident.fields]]
label = "Servicio/Aplicación"
name = "service"
type = "choice"
from = "services"
[[kinds.incident.fields]]
label = "Tipo"
name = "type"
type = "choice"
values = ["Avería", "Acceso"]
[[kinds.incident.fields]]
label = "Descripción"
name = "description"
lines = "many"
min_length = 10

[[services]]
name = "AREN"
aliases = ["Arena"]
[[services]]
name = "CONDUCTORES"

[groups.n1]
label = "Nivel 1"
address = "n1@cau.example"
members = ["ana@cau.example"]
coordinator = "coord@cau.example"
[groups.n2]
label = "Nivel 2"
address = "n2@cau.example"
members = ["eva@cau.example"]

[[rules]]
name = "averías de AREN"
when = { service = "AREN", type = "Avería" }
then = { group = "n2", priority = "Urgente" }
"""


def changed(old: str, new: str) -> str:
    """BASE with ``old``, which it must hold, replaced once; an empty ``old`` adds ``new`` at the end."""
    assert old in BASE, f"the base configuration does not hold {old!r}"
    return BASE.replace(old, new, 1) if old else BASE + new


def marked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """``text`` without its marks, and the line and column of each, from 1."""
    places = []
    while (at := text.find(HERE)) >= 0:
        before = text[:at].split("\n")
        places.append((len(before), len(before[-1]) + 1))
        text = text.replace(HERE, "", 1)
    return text, places


def write(folder: Path, text: str = BASE, name: str = "config.toml") -> Path:
    """``text`` as a file in ``folder``."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
