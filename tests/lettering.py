"""The desk that the letters' tests, goldens and pictures are written with."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from daemon.catalogue import read_catalogue
from rules.desk import (
    Calendar,
    Category,
    Desk,
    DeskTable,
    Duration,
    FieldTable,
    Group,
    Kind,
    Mailbox,
    Priority,
    Service,
)

TYPES = ("Pérdida de Servicio", "Error Acceso", "Error Funcional")
FIELDS = (
    FieldTable("Servicio/Aplicación", "service", "choice", from_="services"),
    FieldTable("Tipo", "type", "choice", values=TYPES),
    FieldTable("Descripción", "description", lines="many", min_length=10),
)


def letters_desk(**changes: object) -> Desk:
    """A desk as in the seeds: two kinds, two groups, a calendar."""
    catalogue, problems = read_catalogue(None)
    assert not problems
    hour = timedelta(hours=1)
    table: dict[str, object] = {
        "desk": DeskTable("Soporte CAU", "cau.example", admins=("admin@cau.example",)),
        "mailboxes": (
            Mailbox("apertura", ("opening",), "soportecau@cau.example"),
            Mailbox("servicio", ("service",), "soporteservicios@cau.example"),
            Mailbox("tecnicos", ("desk",), "tecnicos@cau.example"),
        ),
        "kinds": {
            "incident": Kind(
                "Incidencia",
                "I",
                "Apertura de Incidencia Automática Aplicación / Desarrollo.",
                "n1",
                fields=FIELDS,
            ),
            "work_order": Kind("Orden de trabajo", "W", "Apertura de Orden de Trabajo.", "n1", fields=FIELDS[::2]),
        },
        "groups": {
            "n1": Group(
                "L1 Campaña Libros/Cuentas",
                "n1@cau.example",
                ("ana@cau.example", "luis@cau.example"),
                "coord@cau.example",
                calendar="oficina",
            ),
        },
        "service_address": "soporteservicios@cau.example",
        "services": (Service("AREN", ("Arena",)), Service("LIBRA")),
        "priorities": {"Alta": Priority(Duration(2 * hour.seconds // 86400, 7200), Duration(0, 28800))},
        "calendars": {"oficina": Calendar(hours=("09:00-18:00",), holidays="ES-MD")},
        "categories": (Category("Accesos"),),
        "catalogue": catalogue,
    }
    return Desk(**{**table, **changes})  # type: ignore[arg-type]


def token_source() -> object:
    """Tokens as the daemon makes them, but always the same ones, in order."""
    numbers = count(1)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

    def new_token() -> str:
        seed = next(numbers) * 0x9E3779B97F4A7C15F39CC0605CEDC835
        return "".join(alphabet[(seed >> (5 * place)) & 31] for place in range(26))

    return new_token
