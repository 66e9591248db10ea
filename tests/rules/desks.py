"""A small desk and mails for the tests of the rules: values only, nothing is mocked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from parsers.mail import Address, Mail
from rules.decision import Decision
from rules.desk import Desk
from rules.durations import Duration
from rules.facts import Facts, HeldGrant, Registered
from rules.intake import decide
from rules.letters import Grant
from rules.reading import Arrival, Reading, read, token_digest
from rules.tables import DeskTable, FieldTable, Group, Kind, Mailbox, Priority, Rule, Service
from rules.ticket import Ticket, evolve

NOW = datetime(2017, 10, 9, 8, 23, 58, tzinfo=UTC)
NUMBER = "I171009_000049"
CONFIRMATION = f"Confirmación de la incidencia {NUMBER}"
OPENING = "Apertura de Incidencia Automática Aplicación / Desarrollo."
ORDER = "Apertura de Orden de Trabajo."
TOKEN = "MZXW6YTBOI2GK3DMN5WG6Y3IMF"
OPENINGS, SERVICE, TECHNICIANS = "soportecau@cau.test", "soporteservicios@cau.test", "tecnicos@cau.test"
MARTA, ANA, LUIS, EVA, COORD = "marta@cliente.test", "ana@cau.test", "luis@cau.test", "eva@cau.test", "coord@cau.test"
GOOD = (
    "Servicio/Aplicación: AREN\nTipo: Error Funcional\nDescripción: La pantalla de altas da un error 500 al guardar.\n"
)
TEMPLATES = Path(__file__).parents[2] / "outbox_templates"

FIELDS = (
    FieldTable("Servicio/Aplicación", "service", "choice", from_="services"),
    FieldTable("Tipo", "type", "choice", values=("Pérdida de Servicio", "Error Acceso", "Error Funcional")),
    FieldTable("Descripción", "description", lines="many", min_length=10),
)


def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """The shipped words of every language."""
    files = sorted(TEMPLATES.glob("*/words.toml"))
    return {file.parent.name: tomllib.loads(file.read_text(encoding="utf-8")) for file in files}


CATALOGUE = catalogue()


def make_desk(**changes: Any) -> Desk:
    """Three mailboxes, two kinds, three groups: «n1» and «n2», and «coordinacion», to which they escalate."""
    kinds = {
        "incident": Kind("Incidencia", "I", OPENING, "n1", "la incidencia", "Número de Incidencia", fields=FIELDS),
        "work_order": Kind("Orden de trabajo", "W", ORDER, "n1", "la orden de trabajo", fields=FIELDS[2:]),
    }
    groups = {
        "n1": Group("Nivel 1", "n1@cau.test", (ANA, LUIS), COORD, escalates_to="coordinacion"),
        "n2": Group("Nivel 2", "n2@cau.test", (EVA,), COORD, escalates_to="coordinacion"),
        "coordinacion": Group("Coordinación", "coordinacion@cau.test", (COORD,), COORD),
    }
    rules = (
        Rule(
            "caída de AREN", {"service": "AREN", "type": "Pérdida de Servicio"}, {"group": "n2", "priority": "Urgente"}
        ),
    )
    hours = {"Urgente": (1, 4), "Alta": (2, 8), "Media": (4, 24), "Baja": (8, 48)}
    desk = Desk(
        DeskTable("Soporte CAU", "cau.test", admins=("admin@cau.test",)),
        mailboxes=(
            Mailbox("apertura", ("opening",), OPENINGS),
            Mailbox("servicio", ("service",), SERVICE),
            Mailbox("tecnicos", ("desk",), TECHNICIANS),
        ),
        kinds=kinds,
        groups=groups,
        service_address=SERVICE,
        services=(Service("AREN", ("Arena",)), Service("CONDUCTORES")),
        priorities={n: Priority(Duration(hours=a), Duration(hours=b)) for n, (a, b) in hours.items()},
        rules=rules,
        catalogue=CATALOGUE,
    )
    return replace(desk, **changes)


DESK = make_desk()
_TO = {"apertura": OPENINGS, "servicio": SERVICE, "tecnicos": TECHNICIANS}


def mail(subject: str, body: str = "", sender: str = MARTA, **more: Any) -> Mail:
    """A mail as the parsers would give it."""
    values = {"message_id": "m1@cliente.test", "sender_name": "Marta Gil", "digest": "d1", "visible": body, **more}
    return Mail(sender=sender, subject=subject, body=body, **values)


def reading(box: str, what: Mail, desk: Desk = DESK, **arrival: Any) -> Reading:
    """``what`` as it is read in the mailbox ``box``."""
    addressed = what if what.to else replace(what, to=(Address(_TO[box]),))
    return read(Arrival(box, addressed, NOW - timedelta(seconds=1), **arrival), desk)


def verdict(box: str, what: Mail, facts: Facts | None = None, desk: Desk = DESK, **arrival: Any) -> Decision:
    """The decision on ``what``."""
    return decide(reading(box, what, desk, **arrival), facts or Facts(next_number=NUMBER), desk, NOW)


def opened(desk: Desk = DESK, **changes: Any) -> Ticket:
    """The ticket that the good opening makes."""
    decision = verdict("apertura", mail(OPENING, GOOD), desk=desk)
    ticket = evolve(None, decision.events[0])
    return replace(ticket, **changes)


def facts_of(ticket: Ticket, *others: Ticket, **more: Any) -> Facts:
    """Facts that lead to ``ticket``: by number, and by its confirmation's subject."""
    tickets = {t.number: t for t in (ticket, *others)}
    return Facts(**{"tickets": tickets, "registered": Registered(ticket.number, "requester", "confirmation"), **more})


def granted(ticket: Ticket, grant: Grant, *others: Ticket, **more: Any) -> Facts:
    """Facts for a mail whose subject holds TOKEN."""
    held = HeldGrant(grant, token_digest(TOKEN))
    return Facts(**{"tickets": {t.number: t for t in (ticket, *others)}, "grant": held, **more})


def resolved(desk: Desk = DESK, **changes: Any) -> Ticket:
    """The ticket with its first solution."""
    at = NOW - timedelta(hours=1)
    base = {
        "state": "resolved",
        "reason": "no_further_action",
        "round": 1,
        "solution": "Reiniciado.",
        "resolved_at": at,
        "running": ((at - timedelta(hours=1), at),),
    }
    return opened(desk, **{**base, "waiting_since": at, **changes})


def letters(decision: Decision) -> list[tuple[str, tuple[str, ...]]]:
    """Names and addressees."""
    return [(letter.name, letter.to) for letter in decision.letters]
