"""The sample ticket and its surroundings, written with the admin's own desk: links, faults, rows, a journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from parsers.form import Fault
from parsers.mail import Attachment
from rules.desk import Desk
from rules.letters import Link
from rules.openings import form_link
from rules.ticket import Event, Ticket

Clock = dict[str, Any]
"""A *deadline* (daemon/writing/samples.py)."""
NOW = datetime(2017, 10, 9, 8, 23, 59, tzinfo=UTC)
NUMBER = "I171009_000049"
REQUESTER = "marta.gil@empresa.example"
CAPTURE = Attachment("captura-aren.png", "image/png", 186_400, "a" * 64)
LOG = Attachment("registro.txt", "text/plain", 4_096, "b" * 64)
TEXT = (
    "AREN no abre desde las 9:40. Sale «Servicio no disponible» en todos los puestos.\nYa hemos reiniciado los equipos."
)
RESPONSE: Clock = {
    "key": "response",
    "due_at": NOW + timedelta(hours=2),
    "amount": timedelta(hours=2),
    "business": True,
    "met_at": None,
    "late": False,
}
RESOLUTION: Clock = {
    "key": "resolution",
    "due_at": NOW + timedelta(hours=23),
    "amount": timedelta(hours=8),
    "business": True,
    "met_at": None,
    "late": False,
}
DEADLINES = (RESPONSE, RESOLUTION)
SOLVED = NOW + timedelta(days=1, hours=2)
CLOSED = NOW + timedelta(days=1, hours=4)
"""When the solution was answered, or the ticket closed otherwise."""
ANSWERED: Clock = {**RESPONSE, "due_at": None, "met_at": NOW + timedelta(minutes=51)}
AFTER_SOLUTION = (ANSWERED, {**RESOLUTION, "due_at": None, "met_at": NOW + timedelta(minutes=85)})
"""As the journal below tells it."""
AFTER_REOPENING = (ANSWERED, {**RESOLUTION, "due_at": NOW + timedelta(days=2)})
EVENING = NOW.replace(hour=16, minute=0, second=0)
"""When the office closes on that day, 18:00 in Madrid."""
WRITTEN: Mapping[str, datetime] = {
    "warning": NOW + timedelta(minutes=90),
    "breach": NOW + timedelta(hours=23),
    "delivery_failure.given_up": NOW + timedelta(days=5),
    "validation": SOLVED,
    "validation.again": SOLVED + timedelta(hours=1),
    "reminder": SOLVED + timedelta(days=2),
    "reminder.info_request": NOW + timedelta(days=7),
    "status": SOLVED + timedelta(hours=1),
    **dict.fromkeys(("reopening", "closure", "desk_rejection"), CLOSED),
    **dict.fromkeys(("verdict_notice", "closed_notice", "survey_thanks"), CLOSED + timedelta(hours=1)),
    "explanation": EVENING + timedelta(hours=39, minutes=30),
}
"""When samples are written that tell of something later than NOW, by letter, or by variant."""


def written_at(name: str) -> datetime:
    """When the sample «name» or «name.variant» is written: not before anything that it tells."""
    return WRITTEN.get(name) or WRITTEN.get(name.partition(".")[0], NOW)


def sample_ticket(desk: Desk) -> Ticket:
    """A ticket of the desk's first kind, every field filled."""
    kind = next(iter(desk.kinds))
    fields = tuple((f.name, f.choices[0].value if f.choices else TEXT) for f in desk.fields_of(kind))
    return Ticket(
        NUMBER,
        kind=kind,
        priority=next(iter(desk.priorities), ""),
        group=desk.kinds[kind].default_group,
        requester=REQUESTER,
        requester_name="Marta Gil",
        participants=("jefe@empresa.example",),
        subject=desk.kinds[kind].subject,
        address=desk.opening_address,
        fields=fields,
        attachments=(CAPTURE, LOG),
        received_at=NOW - timedelta(seconds=1),
        opened_at=NOW - timedelta(seconds=1),
        thread_id="opening-1@empresa.example",
        question="¿Desde qué equipo accede? Diga también a qué hora salió el mensaje.",
        solution="Hemos reiniciado el servicio AREN.\nDesde las 12:31 responde con normalidad.",
        solution_by="Ana Ruiz",
        resolved_at=SOLVED,
        round=1,
    )


def opening_form(desk: Desk, ticket: Ticket, key: str) -> Link:
    """A link to the opening form, its choices filled in."""
    values = {f.name: f.choices[0].value for f in desk.fields_of(ticket.kind) if f.choices}
    return form_link(key, desk.opening_address, ticket.kind, values, (), desk, ticket.language)[0]


def form_text(desk: Desk, ticket: Ticket) -> str:
    """The repaired form of a refusal."""
    return opening_form(desk, ticket, "correct").body


def rows(ticket: Ticket, total: int = 2) -> tuple[dict[str, Any], ...]:
    """Rows of a list: the first overdue, the second pending, the others with time left."""
    overdue, waiting, *others = (replace(ticket, number=f"I171009_{49 + n:06}") for n in range(max(total, 2)))
    shown = {"needs_reply": False, "business": True, "late": False}
    return (
        {
            **shown,
            "ticket": overdue,
            "due_at": NOW - timedelta(minutes=20),
            "left": timedelta(minutes=-20),
            "late": True,
        },
        *(
            {**shown, "ticket": each, "due_at": NOW + timedelta(days=n), "left": timedelta(hours=9 * n, minutes=30)}
            for n, each in enumerate(others, 1)
        ),
        {
            **shown,
            "ticket": replace(waiting, state="pending", reason="info_requested"),
            "due_at": None,
            "left": None,
            "needs_reply": True,
        },
    )


def journal(visible: bool = False) -> tuple[Event, ...]:
    """Events as the store gives them; a requester's letter is given the visible ones alone."""
    ticket = "Ana Ruiz"
    story: tuple[tuple[str, str, str, bool, dict[str, Any]], ...] = (
        ("opened", REQUESTER, "", True, {"state": "assigned", "reason": "new"}),
        ("take", ticket, "", True, {"assignee": "ana@cau.example"}),
        ("note", ticket, "Parece el mismo fallo del viernes.", False, {}),
        ("ask", ticket, "¿Desde qué equipo accede?", True, {"state": "pending", "reason": "info_requested"}),
        ("reply", REQUESTER, "Desde el puesto 14.", True, {"state": "assigned", "reason": "info_received"}),
        ("resolve", ticket, "Reiniciado.", True, {"state": "resolved", "reason": "no_further_action"}),
    )
    return tuple(
        Event(NUMBER, name, NOW + timedelta(minutes=17 * at), by, text, seen, changes)
        for at, (name, by, text, seen, changes) in enumerate(story)
        if seen or not visible
    )


def too_large(subject: str) -> Fault:
    """That of a mail of 52 MB."""
    return Fault("", "mail_too_large", subject, (str(40 << 20),), detail=str(52 << 20))


def every_fault() -> tuple[Fault, ...]:
    """One fault of each code, as parsers.form shapes it."""
    return (
        Fault("service", "missing", allowed=("AREN", "LIBRA"), label="Servicio/Aplicación"),
        Fault("type", "empty", allowed=("Pérdida de Servicio", "Error Acceso"), label="Tipo"),
        Fault("type", "several_values", "Pérdida de Servicio / Error Acceso", ("Error Acceso",), label="Tipo"),
        Fault("service", "given_twice", "AREN / LIBRA", label="Servicio/Aplicación"),
        Fault("description", "too_long", "Texto…", ("20000",), label="Descripción", detail="31250"),
        Fault("phone", "bad_format", "no tengo", label="Teléfono", detail="phone", hint="El de su mesa"),
        Fault("when", "bad_date", "ayer", label="Fecha y hora", detail="datetime"),
        Fault("", "attachment_too_large", "vídeo.mp4", (str(25 << 20),), detail=str(31 << 20)),
        Fault("", "too_many_attachments", "52", ("50",), detail="plano.pdf, recibo.pdf"),
        Fault("", "missing_file", allowed=("Pantallazo",)),
        Fault("", "no_text"),
        Fault("", "refused", detail="Las altas de usuarios se piden en su delegación."),
    )
