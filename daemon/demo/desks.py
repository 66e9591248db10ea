"""The desks that the demonstrations play: accounts, people and configuration, all on loopback and for a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from daemon.config import loopback
from daemon.demo.embedded import EmbeddedServers

PASSWORD = "demo"  # noqa: S105 - loopback, in memory
OPENINGS, SERVICE, TECHNICIANS = "soportecau@cau.example", "soporteservicios@cau.example", "tecnicos@cau.example"
BOXES = {"apertura": ("opening", OPENINGS), "servicio": ("service", SERVICE), "tecnicos": ("desk", TECHNICIANS)}


@dataclass(frozen=True, slots=True)
class Played:
    """A desk. ``people`` are further accounts with their addresses; ``tables`` what its config.toml says beyond what
    both desks say."""

    admin: str
    people: Mapping[str, tuple[str, ...]]
    tables: str

    @property
    def users(self) -> Mapping[str, tuple[str, ...]]:
        """Every account with its addresses."""
        return {**{name: (address,) for name, (_, address) in BOXES.items()}, **self.people}

    def user_of(self, address: str) -> str:
        """The account that mail to ``address`` is for."""
        return next(user for user, addresses in self.users.items() if address in addresses)

    def text(self, folder: Path, smtp_port: int) -> str:
        """Its config.toml but for the mailboxes; books and files lie in ``folder``."""
        database, services = f"sqlite:///{folder}/acuse.db", ("AREN", "CONDUCTORES")
        return loopback.desk(folder, database, smtp_port, SERVICE, self.admin, services) + self.tables

    def write(self, folder: Path, servers: EmbeddedServers) -> Path:
        """Put config.toml and the files that it names into ``folder``; the path of the former."""
        mailboxes = (
            loopback.mailbox(folder, servers.imap_port, name, name, [role], address, "1s")
            for name, (role, address) in BOXES.items()
        )
        _for_us_alone(folder / "password", PASSWORD)
        _for_us_alone(folder / "formulario.txt", "Formulario de baja de datos\nNombre:\nCIF/NIF:\nFirma:\n")
        return _for_us_alone(folder / "config.toml", self.text(folder, servers.smtp_port) + "".join(mailboxes))


def _for_us_alone(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


SMALL = Played(
    "ana@cau.example",
    {
        "marta": ("marta@cliente.example",),
        "pepe": ("pepe@cliente.example",),
        "ana": ("ana@cau.example", "n1@cau.example", "n2@cau.example"),
    },
    """
[groups.n1]
label = "Nivel 1"
address = "n1@cau.example"
members = ["ana@cau.example"]
[groups.n2]
label = "Nivel 2"
address = "n2@cau.example"
members = ["ana@cau.example"]

[[rules]]
name = "caída de AREN"
when = { service = "AREN", type = "Pérdida de Servicio" }
then = { group = "n2", priority = "Urgente" }
""",
)
"""Two groups, one technician, one rule."""

LARGER = Played(
    "coord@cau.example",
    {
        "gente": (
            "marta@cliente.example",
            "john@cliente.example",
            "sara@nueva.example",
            "info@cliente.example",
            "pepe@cliente.example",
        ),
        "equipo": (
            "n1@cau.example",
            "n2@cau.example",
            "coordinacion@cau.example",
            "ana@cau.example",
            "luis@cau.example",
            "eva@cau.example",
            "coord@cau.example",
        ),
    },
    """
[kinds.work_order]
label = "Orden de trabajo"
prefix = "W"
subject = "Apertura de Orden de Trabajo."
default_group = "n1"
fields = [{ label = "Descripción", name = "description", lines = "many", min_length = 10 }]

[calendars.oficina]
hours = ["09:00-18:00"]
holidays = "ES-MD"

[groups.n1]
label = "Nivel 1"
address = "n1@cau.example"
members = ["ana@cau.example", "luis@cau.example"]
coordinator = "coord@cau.example"
calendar = "oficina"
escalates_to = "coordinacion"
[groups.n2]
label = "Especialistas"
address = "n2@cau.example"
members = ["eva@cau.example"]
coordinator = "coord@cau.example"
calendar = "oficina"
escalates_to = "coordinacion"
[groups.coordinacion]
label = "Coordinación"
address = "coordinacion@cau.example"
members = ["coord@cau.example"]
coordinator = "coord@cau.example"
calendar = "oficina"

[[escalations]]
name = "ERROR 23"
kind = "incident"
fields = [{ label = "Cod_cliente", name = "client_code" }]
[[escalations]]
name = "Otra causa"

[[canned]]
title = "Baja de datos"
text = "Rellene el formulario adjunto y contéstenos con él firmado."
attachments = ["formulario.txt"]

[requesters]
policy = "registered"

[[people]]
name = "Marta Gil"
addresses = ["marta@cliente.example"]
[[people]]
name = "John Reed"
addresses = ["john@cliente.example"]
language = "en"
""",
)
"""Three groups with coordinators, office hours, two kinds, registered people."""
