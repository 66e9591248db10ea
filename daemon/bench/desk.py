"""The desk of a benchmark: two kinds of choices and a long text, routing by service, clocks with working hours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

OPENINGS, SERVICE = "soporte@cau.example", "servicio@cau.example"
SUBJECT = "Apertura de Incidencia Automática Aplicación / Desarrollo."
SERVICES = ("AREN", "CONDUCTORES", "PADRÓN", "NÓMINA")
TYPES = ("Pérdida de Servicio", "Error Acceso", "Error Funcional")
GROUPS = ("n1", "n2", "n3")


def configuration(folder: Path, database: str, imap: int, smtp: int, users: Mapping[str, str]) -> str:
    """config.toml: ``users`` gives the IMAP user of each opening mailbox; a quiet mailbox carries the other roles.

    Rates, guards and breaker are out of the way: fifty senders would meet them within seconds.
    """
    boxes = [_box(folder, imap, name, user, '["opening"]', address(name)) for name, user in users.items()]
    boxes.append(_box(folder, imap, "servicio", "servicio", '["service", "desk"]', SERVICE))
    return DESK.format(folder=folder, database=database, smtp=smtp) + "".join(boxes) + _tables()


def address(mailbox: str) -> str:
    """The address of an opening mailbox."""
    return OPENINGS if mailbox == "apertura" else f"{mailbox}@cau.example"


def _box(folder: Path, imap: int, name: str, user: str, roles: str, own: str) -> str:
    return (
        f'[[mailboxes]]\nname = "{name}"\nroles = {roles}\naddress = "{own}"\nhost = "127.0.0.1"\nport = {imap}\n'
        f'security = "none"\nusername = "{user}"\npassword_file = "{folder}/password"\npoll = "5s"\n'
    )


def _tables() -> str:
    services = "".join(f'[[services]]\nname = "{name}"\n' for name in SERVICES)
    groups = "".join(
        f'[groups.{key}]\nlabel = "Grupo {key}"\naddress = "{key}@cau.example"\n'
        f'members = ["tecnico1@cau.example", "tecnico2@cau.example"]\n'
        for key in GROUPS
    )
    rules = "".join(
        f'[[rules]]\nname = "{service}"\nwhen = {{ service = "{service}" }}\nthen = {{ group = "{group}" }}\n'
        for service, group in zip(SERVICES, (*GROUPS, "n1"), strict=True)
    )
    return services + groups + rules


DESK = """
[desk]
name = "Soporte CAU"
domain = "cau.example"
timezone = "Europe/Madrid"
language = "es"
admins = ["admin@cau.example"]

[database]
url = "{database}"
files = "{folder}/files"

[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "servicio@cau.example"

[senders.rates]
per_sender = 10000000
total = 10000000

[guards]
letters = 10000000
notices = 10000000
[guards.breaker]
notices_per_domain = 10000000
notices_total = 10000000
same_content = 10000000

[kinds.incident]
label = "Incidencia"
prefix = "I"
subject = "Apertura de Incidencia Automática Aplicación / Desarrollo."
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
values = ["Pérdida de Servicio", "Error Acceso", "Error Funcional"]
[[kinds.incident.fields]]
label = "Descripción"
name = "description"
type = "text"
lines = "many"
min_length = 10
"""
