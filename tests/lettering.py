"""The desk that the letters' tests, goldens and pictures are written with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from itertools import count

from daemon.composed import Composed
from daemon.config.catalogue import read_catalogue
from daemon.writing.letters import Letters
from daemon.writing.mime import render
from daemon.writing.sample_world import NOW, written_at
from daemon.writing.samples import samples
from rules.desk import Desk
from rules.letters import Letter
from rules.tables import (
    Calendar,
    Category,
    DeskTable,
    Duration,
    FieldTable,
    Group,
    Kind,
    Mailbox,
    Priority,
    Requesters,
    Service,
)
from tests.rules.desks import FIELDS

REGISTRATION = (
    FieldTable("Nombre", "name"),
    FieldTable("CIF/NIF", "tax_id", pattern="[A-Z][0-9]{8}", hint="Por ejemplo B12345678"),
    FieldTable("Teléfono", "phone", "phone", required=False),
)


def letters_desk(**changes: object) -> Desk:
    """A desk as in the seeds: two kinds, two groups, a calendar."""
    catalogue, problems = read_catalogue(None)
    assert not problems
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
        "priorities": {"Alta": Priority(Duration.parse("2h"), Duration.parse("8h"))},
        "calendars": {"oficina": Calendar(hours=("09:00-18:00",), holidays="ES-MD")},
        "categories": (Category("Accesos"),),
        "requesters": Requesters(registration_fields=REGISTRATION),
        "catalogue": catalogue,
    }
    return Desk(**{**table, **changes})


def token_source() -> Callable[[], str]:
    """Tokens as the daemon makes them, but always the same ones, in order."""
    numbers = count(1)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

    def new_token() -> str:
        seed = next(numbers) * 0x9E3779B97F4A7C15F39CC0605CEDC835
        return "".join(alphabet[(seed >> (5 * place)) & 31] for place in range(26))

    return new_token


def sent(letter: Letter, language: str = "es", desk: Desk | None = None, to: str = "") -> tuple[Composed, bytes]:
    """A letter composed, and its bytes with each attachment as its own digest."""
    desk = desk or letters_desk()
    letters = Letters.load(desk)
    composed = letters.compose(replace(letter, language=language), to or letter.to[0], NOW, token_source())
    return composed, b"".join(render(composed, lambda digest: BytesIO(digest.encode())))


def composed_samples() -> Iterator[tuple[str, str, bytes]]:
    """Every sample in every language: language, name, bytes."""
    desk = letters_desk()
    letters = Letters.load(desk)
    for language in sorted(desk.catalogue):
        for name, sample in samples(desk, language).items():
            composed = letters.compose(sample, sample.to[0], written_at(name), token_source())
            yield language, name, b"".join(render(composed, lambda digest: BytesIO(digest.encode())))
