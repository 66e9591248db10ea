"""The sample ticket and its surroundings, written with the admin's own desk: links, faults, rows, a journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from parsers.form import Fault
from parsers.mail import Attachment
from rules.decision import Grant, Link
from rules.desk import Desk
from rules.ticket import Event, Ticket

NOW = datetime(2017, 10, 9, 8, 23, 59, tzinfo=UTC)
NUMBER = "I171009_000049"
REQUESTER = "marta.gil@empresa.example"
CAPTURE = Attachment("captura-aren.png", "image/png", 186_400, "a" * 64)
LOG = Attachment("registro.txt", "text/plain", 4_096, "b" * 64)
TEXT = (
    "AREN no abre desde las 9:40. Sale «Servicio no disponible» en todos los puestos.\nYa hemos reiniciado los equipos."
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360"
    "60f8cf00000301010018dd8db00000000049454e44ae426082"
)
ACTIONS = (
    "take", "answer", "ask", "resolve", "hold", "contact", "note", "assign", "escalate", "relate", "merge", "reclassify",
    "category", "priority", "service", "refuse", "explain",
)  # fmt: skip
RESPONSE = {
    "key": "response",
    "due_at": NOW + timedelta(hours=2),
    "amount": timedelta(hours=2),
    "business": True,
    "met_at": None,
}
RESOLUTION = {
    "key": "resolution",
    "due_at": NOW + timedelta(hours=23),
    "amount": timedelta(hours=8),
    "business": True,
    "met_at": None,
}
DEADLINES = (RESPONSE, RESOLUTION)


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
        address=opening_address(desk),
        fields=fields,
        attachments=(CAPTURE, LOG),
        received_at=NOW - timedelta(seconds=1),
        opened_at=NOW - timedelta(seconds=1),
        thread_id="opening-1@empresa.example",
        question="¿Desde qué equipo accede? Diga también a qué hora salió el mensaje.",
        solution="Hemos reiniciado el servicio AREN.\nDesde las 12:31 responde con normalidad.",
        solution_by="Ana Ruiz",
        resolved_at=NOW + timedelta(days=1, hours=2),
        round=1,
    )


def opening_address(desk: Desk) -> str:
    return next((box.address for box in desk.mailboxes if "opening" in box.roles), desk.service_address)


def verdict_links(desk: Desk, ticket: Ticket) -> tuple[Link, ...]:
    words = desk.words(ticket.language)

    def link(verb: str, body: str) -> Link:
        grant = Grant("verdict", verb, ticket.number, ticket.requester, round=ticket.round)
        return Link(verb, desk.service_address, words["subjects"][verb].format(number=ticket.number), body, grant)

    bodies = words["bodies"]
    return (
        link("validate", f"{bodies['validate']}\n\n{bodies['validate_hint']}"),
        link("reject", f"{bodies['reject']}\n\n{bodies['reject_hint']}"),
    )


def action_links(desk: Desk, ticket: Ticket, keys: tuple[str, ...] = ACTIONS) -> tuple[Link, ...]:
    words = desk.words(ticket.language)
    grant = Grant("action", number=ticket.number, group=ticket.group)
    labels = words["action_fields"]
    return tuple(
        Link(
            key,
            desk.desk_address,
            f"Gestión {ticket.number}",
            f"{labels['action']}: {words['actions'][key]}\n{labels['reason']}: \n{labels['text']}: \n",
            grant,
        )
        for key in keys
    )


def form_link(desk: Desk, ticket: Ticket, key: str, body: str = "") -> Link:
    form = "".join(f"{f.label}: {f.choices[0].value if f.choices else ''}\n" for f in desk.fields_of(ticket.kind))
    return Link(key, opening_address(desk), desk.kinds[ticket.kind].subject, body or form)


def query_links(desk: Desk, ticket: Ticket) -> tuple[Link, ...]:
    return tuple(Link(key, desk.service_address, f"{key} {ticket.number}") for key in ("status", "withdraw"))


def form_text(desk: Desk, ticket: Ticket) -> str:
    """The repaired form of a refusal."""
    return "".join(f"{f.label}: {f.choices[0].value if f.choices else ''}\n" for f in desk.fields_of(ticket.kind))


def survey_links(desk: Desk, ticket: Ticket) -> tuple[Link, ...]:
    return tuple(
        Link(
            f"mark_{mark}",
            desk.service_address,
            f"Valoración {mark} {ticket.number}",
            "Comentario: ",
            Grant("survey", str(mark), ticket.number, ticket.requester, round=ticket.round),
        )
        for mark in (5, 4, 3, 2, 1)
    )


def rows(ticket: Ticket) -> tuple[dict[str, Any], ...]:
    return (
        {"ticket": ticket, "due_at": NOW - timedelta(minutes=20), "left": timedelta(minutes=-20), "needs_reply": False},
        {
            "ticket": replace(ticket, number="I171009_000050", state="pending", reason="info_requested"),
            "due_at": NOW + timedelta(hours=5, minutes=30),
            "left": timedelta(hours=5, minutes=30),
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


def every_fault() -> tuple[Fault, ...]:
    """One fault of each code, as parsers.form shapes it."""
    return (
        Fault("service", "missing", label="Servicio/Aplicación"),
        Fault("type", "empty", allowed=("Pérdida de Servicio", "Error Acceso"), label="Tipo"),
        Fault("type", "several_values", "Pérdida de Servicio / Error Acceso", ("Error Acceso",), label="Tipo"),
        Fault("service", "given_twice", "AREN / LIBRA", label="Servicio/Aplicación"),
        Fault("description", "too_long", "Texto…", ("20000",), label="Descripción"),
        Fault("phone", "bad_format", "no tengo", label="Teléfono", detail="Nueve cifras"),
        Fault("when", "bad_date", "ayer", ("DD/MM/AAAA HH:MM",), label="Fecha y hora"),
        Fault("", "attachment_too_large", "vídeo.mp4", ("25 MB",)),
        Fault("", "too_many_attachments", "61", ("50",)),
        Fault("", "missing_file", allowed=("Pantallazo",)),
        Fault("", "no_text"),
        Fault("", "refused", detail="Las altas de usuarios se piden en su delegación."),
    )
