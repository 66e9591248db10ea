"""Samples of the letters to groups, technicians, coordinators and admins (the table: daemon/writing/samples.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from daemon.writing.report import report_files
from daemon.writing.sample_world import (
    ANSWERED,
    CAPTURE,
    DEADLINES,
    EVENING,
    LOG,
    NOW,
    NUMBER,
    RESOLUTION,
    RESPONSE,
    journal,
    rows,
    too_large,
    written_at,
)
from parsers.form import Form
from parsers.mail import Attachment, Mail
from rules import wording
from rules.action_forms import parse_action
from rules.actions import no_action
from rules.assignment import action_links, actions_on, manage_link
from rules.consultations import CONSULTATIONS
from rules.desk import Desk
from rules.effects import Obstacle, refusal
from rules.facts import SetAside
from rules.letters import Letter
from rules.lookups import MOST_FOUND
from rules.quarantine import links
from rules.queries import ROWS_SHOWN
from rules.report import Report
from rules.ticket import Event, Ticket

MONDAY = datetime(2017, 10, 8, 22, tzinfo=UTC)
"""Midnight in Madrid."""


def staff_samples(desk: Desk, ticket: Ticket, draw: bool) -> dict[str, Letter]:
    """Every letter that stays inside the desk, by «name» or «name.variant»; ``draw`` the report's charts."""
    return {**_group(desk, ticket), **_lists(desk, ticket), **_admins(desk, ticket, draw)}


# -- letters to the group


def _group(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    informed, reopened = (replace(ticket, reason=reason) for reason in ("info_received", "reopened"))
    answer = "Desde el puesto 14, a las 9:40."
    return {
        **_assignments(desk, ticket),
        "update": _update(desk, informed, "info_received", answer, "Marta Gil", files=(LOG,)),
        "update.only_files": _update(desk, ticket, "reply", "", "Marta Gil", files=(LOG,)),
        "update.no_text": _update(desk, informed, "info_received", "", "Marta Gil"),
        "update.rejection": _update(desk, reopened, "rejection", "Sigue fallando en Lugo.", "Marta Gil"),
        "update.rejection_untouched": _update(desk, reopened, "rejection", "", "Marta Gil"),
        "update.noted": _update(desk, ticket, "noted", "Parece el mismo fallo del viernes.", "Ana Ruiz"),
        "update.noted_action": _update(
            desk, ticket, "noted_action", "Acción: Resolver\nSolución: Ya está.", "Ana Ruiz"
        ),
        "update.returned": _update(desk, ticket, "pending_over", "", ""),
        "warning": _to_group("warning", desk, ticket, {"deadline": RESPONSE, "share": 75}),
        "breach": _to_group("breach", desk, ticket, {"deadline": {**RESOLUTION, "late": True}, "share": 100}),
        "delivery_failure": _delivery_failure(desk, ticket),
        "delivery_failure.given_up": _delivery_failure(
            desk,
            ticket,
            contact="",
            diagnostic="rcpt: 450 4.2.0 try again later",
            at=written_at("delivery_failure.given_up"),
            tried_since=NOW,
        ),
        **_refusals(desk, ticket),
    }


def _to_group(
    name: str, desk: Desk, ticket: Ticket, values: Mapping[str, Any], files: tuple[Attachment, ...] = ()
) -> Letter:
    """With all that the state allows, as every letter to a group."""
    to = (desk.groups[ticket.group].address,)
    return Letter(name, to, ticket, {"deadlines": DEADLINES, **values}, action_links(ticket, desk), attachments=files)


def _assignments(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    new = {
        "why": "new",  # a key of [assignment]: new | escalated | returned | moved | reopened | merged | triage
        "by": "",  # who moved it
        "text": "",  # what they wrote
        "case": (),  # (label, value) pairs of an escalation
        "earlier": (
            replace(ticket, number="I170925_000012", state="closed"),
            replace(ticket, number="W170911_000003", state="resolved"),
        ),
        "warnings": (),  # keys of [quality]; «unproven» and «unreached» too
        "similar": "",  # number of an open ticket of the same requester that looks alike
    }
    escalated = {
        **new,
        "why": "escalated",
        "by": "Luis Paz",
        "text": "No es de primer nivel.",
        "case": (("Caso", "ERROR 23"), ("Cod_cliente", "B12345674"), ("IP", "10.0.0.14")),
        "warnings": ("unproven",),
        "earlier": (),
    }
    passed_on = replace(ticket, reason="escalated")
    return {
        "assignment": _to_group("assignment", desk, ticket, new, (CAPTURE, LOG)),
        "assignment.escalated": _to_group("assignment", desk, passed_on, escalated, (CAPTURE, LOG)),
    }


def _update(desk: Desk, ticket: Ticket, what: str, text: str, by: str, files: tuple[Attachment, ...] = ()) -> Letter:
    """``what`` is a key of [updates] in the catalogue; ``at`` when it happened."""
    return _to_group("update", desk, ticket, {"what": what, "text": text, "by": by, "at": NOW}, files)


def _delivery_failure(desk: Desk, ticket: Ticket, **changes: Any) -> Letter:
    values = {
        "address": ticket.requester,
        "letter": "info_request",
        "diagnostic": "550 5.1.1 No such user",
        "contact": "600 000 000",
        "at": NOW,
        "tried_since": None,  # since when a letter was tried that was given up
    }
    return _to_group("delivery_failure", desk, ticket, {**values, **changes})


def _refusals(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    """As the rules write them, to a technician who filled in «Resolver» wrongly, came late, sent too much, named
    no action, or mistyped a number."""
    mail = Mail(sender="ana@cau.example", message_id="manage-1@cau.example")
    field, key = partial(wording.word, desk, "action_fields"), "resolve"
    text = f"{field('action')}: {wording.word(desk, 'actions', key)}\n{field('reason')}: Porque sí"
    _, form = parse_action(text, ticket, desk)
    _, empty = parse_action("", None, desk)
    resolved = replace(ticket, state="resolved", reason="no_further_action")
    first = Event(ticket.number, "resolve", NOW, "Luis Paz")
    heavy = Form(faults=(too_large(f"RE: {NUMBER}"),))
    refused = {
        "desk_refusal": refusal(mail, ticket, desk, Obstacle("faults", key, form)),
        "desk_refusal.changed": refusal(mail, resolved, desk, Obstacle("changed", key, last=first)),
        "desk_refusal.too_large": refusal(mail, ticket, desk, Obstacle("too_large", form=heavy)),
        "desk_refusal.no_action": refusal(mail, None, desk, no_action(mail, empty, CONSULTATIONS, desk)),
        "desk_refusal.unknown_number": refusal(
            mail, None, desk, Obstacle("unknown_number", "explain", read="I171009_999999")
        ),
    }
    return {name: decision.letters[0] for name, decision in refused.items()}


# -- lists for technicians


def _lists(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    links = tuple(manage_link(row["ticket"], desk) for row in rows(ticket, 31)[:ROWS_SHOWN])
    pair = tuple(manage_link(row["ticket"], desk) for row in rows(ticket))
    actions = actions_on((ticket,), desk)
    results = {
        "actions": actions,
        "terms": (("Texto", "AREN", "text"), ("Desde", "2017-10-01", "date")),
        "unread": "",
        "rows": rows(ticket, 31),
        "total": 31,
    }
    nothing = {"terms": (("Número", "I171009_000999", "text"),), "unread": "Organización", "rows": (), "total": 0}
    many = {**results, "total": MOST_FOUND, "more": True}
    shift = {
        "group": ticket.group,
        "rows": rows(ticket),
        "total": 2,
        "overdue": 1,
        "actions": actions,
    }  # group: key, or "" for several
    letters = {
        "search_results": Letter("search_results", (), None, results, links),
        "search_results.more": Letter("search_results", (), None, many, links),
        "search_results.none": Letter("search_results", (), None, nothing),
        "worklist": Letter("worklist", (), None, shift, pair),
        "worklist.empty": Letter("worklist", (), None, {**shift, "rows": (), "total": 0, "overdue": 0}),
        "explanation": Letter("explanation", (), replace(ticket, reason="info_received"), _explained(ticket)),
    }
    return {name: replace(letter, to=("ana@cau.example",)) for name, letter in letters.items()}


def _explained(ticket: Ticket) -> dict[str, Any]:
    """As on the second morning after the opening, beyond a question, a night and a holiday."""
    steps = (
        {"rule": "caída de AREN", "matched": False, "read": (("type", "Error Acceso"),)},
        {
            "rule": "accesos",
            "matched": True,
            "read": (("kind", ticket.kind), ("type", "Pérdida de Servicio"), ("attachment", "true")),
        },
    )
    asked, replied, morning = NOW + timedelta(minutes=51), NOW + timedelta(minutes=68), EVENING + timedelta(hours=39)
    story = (  # since when, why (hours | closed | holiday | pending | resolved: keys of [clock]), and its name
        (NOW, "hours", "oficina"),
        (asked, "pending", ""),
        (replied, "hours", "oficina"),
        (EVENING, "closed", ""),
        (EVENING + timedelta(hours=6), "holiday", "Fiesta Nacional"),
        (EVENING + timedelta(hours=30), "closed", ""),
        (morning, "hours", "oficina"),
    )
    intervals = tuple(
        {"start": start, "end": end, "counts": why == "hours", "why": why, "name": name}
        for (start, why, name), end in zip(story, (*(start for start, *_ in story[1:]), None), strict=True)
    )
    counted = (asked - NOW) + (EVENING - replied) + (written_at("explanation") - morning)
    return {
        "steps": steps,
        "rule": "accesos",  # "": the kind's default group
        "intervals": intervals,
        "counted": counted,
        "calendar": "oficina",  # "": round the clock
        "deadlines": (ANSWERED, {**RESOLUTION, "due_at": written_at("explanation") + RESOLUTION["amount"] - counted}),
        "journal": journal()[:-1],  # not solved yet
    }


# -- admins and coordinators


def _admins(desk: Desk, ticket: Ticket, draw: bool) -> dict[str, Letter]:
    to = desk.desk.admins or ("admin@cau.example",)
    return {
        "admin_alert": Letter("admin_alert", to, None, _refused_configuration()),
        "quarantine_digest": _digest(desk, to),
        "proof": _proof(to, 120),
        "proof.differences": _proof(to, 121, "mail 77: seen, no verdict for 3 h"),
        "report": _report(desk, ticket, to, draw),
    }


def _refused_configuration() -> dict[str, Any]:
    return {
        "topic": "config_refused",  # a key of [alerts]
        "details": (  # (key of [alert_details], text) pairs
            ("file", "rules.d/n1.toml"),
            ("line", "14"),
            ("check", 'unknown key "gruop"; did you mean "group"? Allowed: category, group, priority'),
        ),
        "at": NOW,
        "count": 1,
    }


def _digest(desk: Desk, to: tuple[str, ...]) -> Letter:
    mail = {
        "id": 41,
        "sender": "raro@ejemplo.example",
        "subject": "<b>Oferta</b> & más",
        "mailbox": "apertura",
        "reason": "over_budget",  # over_budget | error | unproven | blocked: keys of [quarantine]
        "diagnostic": "more than 200 parts",
        "seen_at": NOW,
        "size": 48_000,
        "extract": "Compre ya nuestro producto…",
    }
    verbs = links((SetAside(41, "apertura", "quarantined", "", "raro@ejemplo.example", "", NOW),), to[0], desk)
    return Letter("quarantine_digest", to, None, {"mails": (mail,), "total": 1}, verbs)


def _proof(to: tuple[str, ...], seen: int, *differences: str) -> Letter:
    """``differences`` are texts of the audit's findings."""
    figures = (("treated", 100), ("untreated", 12), ("automatic", 6), ("held", 1), ("quarantined", 1))
    day = {"since": NOW - timedelta(days=1), "until": NOW}
    return Letter("proof", to, None, {**day, "seen": seen, "figures": figures, "differences": differences})


def _report(desk: Desk, ticket: Ticket, to: tuple[str, ...], draw: bool) -> Letter:
    """The weekly report; its charts are inline files by cid, each beside the table that says the same."""
    report = Report(
        MONDAY - timedelta(days=7),
        MONDAY,
        figures=(("opened", 42, 38), ("closed", 45, 33), ("reopened", 2, 4), ("backlog", 17, 20)),
        # (key of [figures], this week, last week)
        ages=(("day", 5), ("three_days", 6), ("week", 4), ("older", 2)),  # open tickets by age: keys of [ages]
        priorities=(
            {"name": "Urgente", "total": 3, "response": 3, "resolution": 2},
            {"name": "Alta", "total": 12, "response": 11, "resolution": 10},
            {"name": "Media", "total": 27, "response": 27, "resolution": 26},
        ),  # how many of ``total`` met each clock
        marks=((5, 11), (4, 6), (3, 2), (2, 0), (1, 1)),
        groups=({"name": "L1 Campaña Libros/Cuentas", "opened": 30, "closed": 33, "backlog": 12},),
        categories=({"name": "Accesos", "opened": 12, "closed": 14, "backlog": 3},),
        finding="late",
        overdue=0,
        late=4,
    )
    return Letter("report", to, None, report.values(), files=report_files(report, desk, ticket.language, draw))
