"""What each letter is given: one sample of every letter, and so the table of ``Letter.values``.

`acuse check` renders every sample with the admin's own desk in every language; the golden files and `make letters` use
the same ones. Rules fill the same keys with the same shapes: plain data, keys of the catalogue, aware UTC times, and
value types of parsers and rules. A key that DEFAULTS of daemon/writing/letters.py names may be left out; None, ""
and () say that there is none.

Shapes that stand in several letters:

- *deadline*: ``{"key": "response" | "resolution", "due_at": datetime | None, "amount": timedelta, "business": bool,
  "met_at": datetime | None, "late": bool}``; ``business`` says that the amount counts in office hours; without
  ``due_at`` it stands; ``late`` that its time is over, or was when it was met.
- *row* of a list: ``{"ticket": Ticket, "due_at": datetime | None, "left": timedelta | None, "needs_reply": bool}``; a
  negative ``left`` is overdue; links of a row are those whose grant names its number.
- *journal*: a tuple of :class:`rules.ticket.Event`.
- ``by``: a person's name, else the address, as it shall be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from daemon.writing.sample_staff import staff_samples
from daemon.writing.sample_world import (
    DEADLINES,
    LOG,
    NOW,
    NUMBER,
    every_fault,
    form_text,
    journal,
    opening_address,
    opening_form,
    rows,
    sample_ticket,
)
from parsers.form import Fault
from rules import wording
from rules.decision import Grant, Letter, Link
from rules.desk import Desk
from rules.openings import form_link, requester_links
from rules.people import kinds_explained, opening_link, registration_link
from rules.solutions import survey_links, verdict_links
from rules.threads import answer_link
from rules.ticket import Ticket


def samples(desk: Desk, language: str = "", draw: bool = True) -> Mapping[str, Letter]:
    """Every letter by «name» or «name.variant», in ``language``, written with the first kind and group of ``desk``;
    ``draw`` the report's charts, which takes a second and sixty megabytes."""
    desk = replace(desk, groups={key: replace(group, language=language) for key, group in desk.groups.items()})
    ticket = replace(sample_ticket(desk), language=language)
    letters = {
        **_opening(desk, ticket),
        **_requester(desk, ticket),
        **_notices(desk, ticket),
        **_people(desk, ticket),
        **staff_samples(desk, ticket, draw),
    }
    return {name: replace(letter, language=language) for name, letter in letters.items()}


# -- opening a ticket


def _opening(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    to = (ticket.requester,)
    first = desk.fields_of(ticket.kind)[0]
    reply_to = "opening-1@empresa.example"
    refusal = {
        "kind": ticket.kind,
        "faults": (
            Fault(
                first.name,
                "not_in_list",
                "ARENN",
                tuple(c.value for c in first.choices) or ("AREN", "LIBRA"),
                "AREN",
                first.label,
            ),
            Fault("description", "too_short", "No va", ("10",), "", "Descripción", "5", "Qué hacía y a qué hora salió"),
        ),  # as parsers.form gives them
        "fields": ((first.name, "AREN"),),  # what was right
        "form": form_text(desk, ticket),  # the whole repaired form
        "left_out": False,  # a long value stands in ``form`` alone, not in the link
        "attach_again": ("captura-aren.png",),
        "address": opening_address(desk),  # where they wrote to
        "received_at": NOW,
    }
    empty, _ = form_link("correct", opening_address(desk), ticket.kind, {}, (), desk, ticket.language)
    return {
        "confirmation": Letter(
            "confirmation",
            (*to, *ticket.participants),
            ticket,
            {
                "deadlines": DEADLINES,
                "counts_from": None,  # when counting starts, for a request that came out of hours
                "opened_by": "",  # who opened it for the caller (Abrir)
                "warnings": (),  # keys of [quality]
                "similar": "",  # number of an open ticket of the same requester that looks alike
            },
            requester_links(ticket, desk),
            in_reply_to=reply_to,
        ),
        "confirmation.out_of_hours": Letter(
            "confirmation",
            to,
            ticket,
            {
                "deadlines": DEADLINES,
                "counts_from": NOW.replace(day=10, hour=7, minute=0, second=0),
                "opened_by": "Ana Ruiz",
                "warnings": ("secret", "too_short"),
                "similar": "I171006_000012",
            },
            requester_links(ticket, desk),
            in_reply_to=reply_to,
        ),
        "refusal": Letter("refusal", to, None, refusal, (opening_form(desk, ticket, "correct"),), in_reply_to=reply_to),
        "refusal.encrypted": Letter(
            "refusal",
            to,
            None,
            {**refusal, "faults": (Fault("", "encrypted"),), "fields": (), "form": empty.body, "attach_again": ()},
            (empty,),
            in_reply_to=reply_to,
        ),
        "refusal.many": Letter(
            "refusal",
            to,
            None,
            {**refusal, "faults": every_fault(), "fields": (), "form": empty.body},
            (empty,),
            in_reply_to=reply_to,
        ),
        "near_miss": Letter(
            "near_miss",
            to,
            None,
            {
                "kind": ticket.kind,
                "read": "apertura de incidencia automatica aplicacion/desarrollo",
                "right": desk.kinds[ticket.kind].subject,
                "form": form_text(desk, ticket),
                "address": opening_address(desk),
                "received_at": NOW,
            },
            (opening_form(desk, ticket, "open"),),
            in_reply_to=reply_to,
        ),
    }


# -- letters to the requester about a ticket


def _requester(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    to = (ticket.requester,)
    closes = NOW + timedelta(days=10)
    withdraw = Link(
        "withdraw_confirm",
        desk.service_address,
        wording.subject(desk, "withdraw", ticket.language, ticket.kind, number=ticket.number),
        wording.word(desk, "bodies", "withdraw", ticket.language),
        Grant("withdraw", "withdraw", ticket.number, ticket.requester),
    )
    verdicts = verdict_links(ticket, desk)
    closed = replace(ticket, state="closed", reason="validated", closed_at=NOW + timedelta(days=1, hours=4))
    return {
        "info_request": Letter("info_request", to, ticket, {"by": "Ana Ruiz", "closes_at": closes}),
        "info_request.files": Letter(
            "info_request", to, ticket, {"by": "Ana Ruiz", "closes_at": None}, attachments=(LOG,)
        ),
        "reply": Letter(
            "reply", to, ticket, {"text": "Ya estamos mirándolo.\nMañana le contamos más.", "by": "Ana Ruiz"}
        ),
        "reply.on_hold": Letter(
            "reply", to, ticket, {"text": "La pieza llega la semana que viene.", "by": "Ana Ruiz", "until": closes}
        ),
        "validation": Letter("validation", to, ticket, {"closes_at": closes, "again": False}, verdicts),
        "validation.again": Letter("validation", to, ticket, {"closes_at": closes, "again": True}, verdicts),
        "reopening": Letter(
            "reopening",
            to,
            ticket,
            {"reason": "Sigue fallando en Lugo.", "by": "requester", "deadlines": DEADLINES},  # by: requester | desk
        ),
        "reopening.no_reason": Letter(
            "reopening", to, ticket, {"reason": "", "by": "requester", "deadlines": DEADLINES}
        ),
        "closure": Letter(
            "closure",
            to,
            closed,
            {},
            (*survey_links(ticket, desk), opening_form(desk, ticket, "reopen")),
        ),
        "closure.no_answer": Letter(
            "closure",
            to,
            replace(closed, reason="no_answer"),
            {},
            (*survey_links(ticket, desk), opening_form(desk, ticket, "reopen")),
        ),
        "closure.withdrawn": Letter("closure", to, replace(closed, reason="withdrawn"), {}, ()),
        "desk_rejection": Letter(
            "desk_rejection",
            to,
            replace(closed, reason="desk_rejected"),
            {"reason": "No es de este servicio", "text": "Pida el alta en su delegación.", "by": "Ana Ruiz"},
            (opening_form(desk, ticket, "reopen"),),
        ),
        "reminder": Letter(
            "reminder",
            to,
            ticket,
            {"about": "validation", "closes_at": closes, "again": False, "last": False},
            verdicts,
        ),  # about: validation | info_request | contact, with that letter's values; last: no further one follows
        "reminder.info_request": Letter(
            "reminder", to, ticket, {"about": "info_request", "by": "Ana Ruiz", "closes_at": closes, "last": True}
        ),
        "reminder.contact": Letter(
            "reminder", to, ticket, {"about": "contact", "text": "Le hemos llamado.", "closes_at": None, "last": False}
        ),
        "status": Letter("status", to, ticket, {"journal": journal(visible=True), "deadlines": DEADLINES}),
        "status.mine": Letter("status", to, None, {"rows": rows(ticket), "total": 2}),
        "merged": Letter(
            "merged", to, replace(closed, reason="merged", points_to="I171006_000012"), {"into": "I171006_000012"}
        ),  # to those of the ticket that was closed
        "merged.kept": Letter("merged", to, ticket, {"into": ""}),  # to those of the ticket that goes on
        "reclassified": Letter("reclassified", to, ticket, {"old": "W171009_000003"}),  # ``ticket`` is the new one
        "withdrawal": Letter(
            "withdrawal",
            to,
            ticket,
            {},
            (withdraw,),
        ),
    }


# -- notices: answers to mails that opened or changed nothing


def _notices(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    to, closed = (ticket.requester,), replace(ticket, state="closed", closed_at=NOW)
    related = (opening_form(desk, ticket, "reopen"),)
    cases = {
        "used_same": (closed, related),
        "used_other": (replace(ticket, state="assigned"), ()),
        "old": (ticket, verdict_links(ticket, desk)),
        "expired": (ticket, verdict_links(ticket, desk)),
        "altered": (ticket, verdict_links(ticket, desk)),
        "closed": (closed, related),
    }
    notices = {
        f"verdict_notice.{case}": Letter(
            "verdict_notice",
            to,
            about,
            {
                "case": case,
                "at": NOW + timedelta(days=1),  # when the earlier verdict was given, or the ticket closed; or None
                "verb": "validate",  # what this mail wanted: validate | reject | withdraw, or a survey's mark
                "used": {"used_same": "validate", "used_other": "reject"}.get(case, ""),  # what was done before
            },
            links,
        )
        for case, (about, links) in cases.items()
    }
    notices["verdict_notice.old_closed"] = replace(notices["verdict_notice.old"], ticket=closed, links=related)
    withdraw = {"case": "closed", "at": NOW, "verb": "withdraw", "used": ""}
    return {
        **notices,
        "verdict_notice.withdraw": Letter("verdict_notice", to, closed, withdraw, related),
        "closed_notice": Letter(
            "closed_notice",
            to,
            replace(closed, reason="validated"),
            {},
            related,
        ),
        "wrong_subject": Letter(
            "wrong_subject",
            to,
            ticket,
            {"read": f"Sobre mi incidencia {NUMBER}", "right": answer_link(ticket, "", desk).subject},
            (answer_link(ticket, "", desk),),
        ),
        "survey_thanks": Letter("survey_thanks", to, ticket, {"mark": 4, "comment": "Muy amables.", "before": 0}),
        "survey_thanks.changed": Letter("survey_thanks", to, ticket, {"mark": 5, "comment": "", "before": 2}),
    }


# -- people


def _people(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    to = (ticket.requester,)
    register = registration_link(ticket.requester, desk)
    return {
        "registration": Letter(
            "registration",
            to,
            None,
            {"held": ticket.subject, "faults": ()},  # held: subject of the mail that waits, or ""
            (register,),
        ),
        "registration.faults": Letter(
            "registration",
            to,
            None,
            {
                "held": "",
                "faults": (
                    Fault("tax_id", "bad_format", "123", (), "", "CIF/NIF", "pattern", "Una letra y ocho cifras"),
                ),
            },
            (register,),
        ),
        "welcome": Letter(
            "welcome",
            to,
            None,
            {
                "name": "Marta Gil",
                "held": 1,
                "kinds": kinds_explained(desk),
            },  # held: how many waiting mails are treated now
            tuple(opening_link(kind, desk) for kind in desk.kinds),
        ),
    }
