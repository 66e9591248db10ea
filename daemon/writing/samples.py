"""What each letter is given: one sample of every letter, and so the table of ``Letter.values``.

`acuse check` renders every sample with the admin's own desk in every language; the golden files and `make letters` use
the same ones. Rules fill the same keys with the same shapes: plain data, keys of the catalogue, aware UTC times, and
value types of parsers and rules. A key that DEFAULTS of daemon/writing/letters.py names may be left out; None, ""
and () say that there is none.

Shapes that stand in several letters:

- *deadline*: ``{"key": "response" | "resolution", "due_at": datetime | None, "amount": timedelta, "business": bool,
  "met_at": datetime | None, "late": bool}``; ``business`` says that the amount counts in office hours; without
  ``due_at`` it stands; ``late`` that its time is over, or was when it was met.
- *row* of a list: ``{"ticket": Ticket, "due_at": datetime | None, "left": timedelta | None, "late": bool,
  "business": bool, "needs_reply": bool}``; a
  negative ``left`` is overdue; links of a row are those whose grant names its number.
- *journal*: a tuple of :class:`rules.ticket.Event`.
- ``by``: a person's name, else the address, as it shall be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from daemon.writing.sample_staff import staff_samples
from daemon.writing.sample_world import (
    AFTER_REOPENING,
    AFTER_SOLUTION,
    CLOSED,
    DEADLINES,
    LOG,
    NOW,
    NUMBER,
    REQUESTER,
    SOLVED,
    every_fault,
    form_text,
    journal,
    opening_form,
    rows,
    sample_ticket,
    too_large,
)
from parsers.form import Fault, Form
from rules import wording
from rules.desk import Desk
from rules.letters import Grant, Letter, Link
from rules.openings import form_link, reopen_link, requester_links
from rules.people import kinds_explained, opening_link, registration_link
from rules.queries import status_link
from rules.solutions import closure_letter, verdict_links
from rules.threads import answer_link
from rules.ticket import Ticket


def samples(desk: Desk, language: str = "", draw: bool = True) -> Mapping[str, Letter]:
    """Every letter by «name» or «name.variant», written with the first kind and group of ``desk``, as if all of it
    spoke ``language``; ``draw`` the report's charts, which takes a second and sixty megabytes."""
    desk = _speaking(language or desk.desk.language, desk)
    ticket = replace(sample_ticket(desk), language=language)
    letters = {
        **_opening(desk, ticket),
        **_near_miss(desk, ticket),
        **_requester(desk, ticket),
        **_notices(desk, ticket),
        **_people(desk, ticket),
        **staff_samples(desk, ticket, draw),
    }
    to = (ticket.requester,)
    return {name: replace(letter, to=letter.to or to, language=language) for name, letter in letters.items()}


def _speaking(language: str, desk: Desk) -> Desk:
    groups = {key: replace(group, language=language) for key, group in desk.groups.items()}
    return replace(desk, desk=replace(desk.desk, language=language), groups=groups)


# -- opening a ticket


def _opening(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    confirmed = {
        "deadlines": DEADLINES,
        "counts_from": None,  # when counting starts, for a request that came out of hours
        "opened_by": "",  # who opened it for the caller (Abrir)
        "warnings": (),  # keys of [quality]
        "similar": "",  # number of an open ticket of the same requester that looks alike
    }
    opens = NOW.replace(day=10, hour=7, minute=0, second=0)
    late = {
        **confirmed,
        "deadlines": tuple({**clock, "due_at": opens + clock["amount"]} for clock in DEADLINES),
        "counts_from": opens,
        "opened_by": "Ana Ruiz",
        "warnings": ("secret", "too_short"),
        "similar": "I171006_000012",
    }
    links = requester_links(ticket, desk)
    refused = _refused(desk, ticket)
    empty, prepared = form_link("correct", desk.opening_address, ticket.kind, {}, (), desk, ticket.language)
    nothing_right = {**refused, "fields": (), **prepared}
    unread = {**nothing_right, "attach_again": ()}
    encrypted = {**unread, "faults": (Fault("", "encrypted"),)}
    heavy = {**unread, "faults": (too_large(desk.kinds[ticket.kind].subject),)}
    corrected = opening_form(desk, ticket, "correct")
    shared = {**refused, "faults": (Fault("", "refused", detail="shared_address"),), "attach_again": ()}
    by_rule = {**refused, "faults": every_fault()[-1:]}
    return {
        "confirmation": _answer("confirmation", ticket, confirmed, links, to=ticket.participants),
        "confirmation.out_of_hours": _answer("confirmation", ticket, late, links),
        "refusal": _answer("refusal", None, refused, (corrected,)),
        "refusal.encrypted": _answer("refusal", None, encrypted, (empty,)),
        "refusal.too_large": _answer("refusal", None, heavy, (empty,)),
        "refusal.by_rule": _answer("refusal", None, by_rule, ()),
        "refusal.shared_address": _answer("refusal", None, shared, (opening_form(desk, ticket, "open_own"),)),
        "refusal.many": _answer("refusal", None, {**nothing_right, "faults": every_fault()}, (empty,)),
    }


def _answer(
    name: str, ticket: Ticket | None, values: Mapping[str, Any], links: tuple[Link, ...], to: tuple[str, ...] = ()
) -> Letter:
    """To the mail that wanted to open a ticket."""
    return Letter(name, (REQUESTER, *to), ticket, values, links, in_reply_to="opening-1@empresa.example")


def _refused(desk: Desk, ticket: Ticket) -> dict[str, Any]:
    first = desk.fields_of(ticket.kind)[0]
    allowed = tuple(choice.value for choice in first.choices) or ("AREN", "LIBRA")
    hint = "Qué hacía y a qué hora salió"
    return {
        "kind": ticket.kind,
        "faults": (
            Fault(first.name, "not_in_list", "ARENN", allowed, "AREN", first.label),
            Fault("type", "missing", "Tipo = Pérdida de Servicio", nearest="Pérdida de Servicio", label="Tipo"),
            Fault("description", "too_short", "No va", ("10",), "", "Descripción", "5", hint),
        ),  # as parsers.form gives them
        "fields": ((first.name, "AREN"),),  # what was right
        "form": form_text(desk, ticket),  # the whole repaired form
        "left_out": False,  # a long value stands in ``form`` alone, not in the link
        "attach_again": ("captura-aren.png",),
        "address": desk.opening_address,  # where they wrote to
        "received_at": NOW,
    }


def _near_miss(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    values = {
        "kind": ticket.kind,
        "read": "apertura de incidencia automatica aplicacion/desarrollo",
        "right": desk.kinds[ticket.kind].subject,
        "form": form_text(desk, ticket),
        "left_out": False,
        "to": "",
        "address": desk.opening_address,
        "received_at": NOW,
    }
    right = values["right"]
    astray = {**values, "read": right, "address": desk.service_address, "to": desk.opening_address}
    link, there = (opening_form(desk, ticket, key) for key in ("open", "open_there"))
    return {
        "near_miss": _answer("near_miss", None, values, (link,)),
        "near_miss.address": _answer("near_miss", None, astray, (there,)),
    }


# -- letters to the requester about a ticket

CLOSES = NOW + timedelta(days=10)
BY_ANA = {"by": "Ana Ruiz"}


def _requester(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    return {**_asked(desk, ticket), **_solved(desk, ticket), **_closed(desk, ticket), **_looked_up(desk, ticket)}


def _letter(name: str, ticket: Ticket | None, values: Mapping[str, Any], *links: Link) -> Letter:
    """To the requester of the sample ticket."""
    return Letter(name, (), ticket, values, links)


def _asked(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    question = {**BY_ANA, "closes_at": CLOSES}
    file_alone = _letter("info_request", ticket, {**BY_ANA, "closes_at": None})
    said, waits = "Ya estamos mirándolo.\nMañana le contamos más.", "La pieza llega la semana que viene."
    called = {"about": "contact", "closes_at": None, "last": False}
    return {
        "info_request": _letter("info_request", ticket, question, *requester_links(ticket, desk)),
        "info_request.files": replace(file_alone, attachments=(LOG,)),
        "reply": _letter("reply", ticket, {**BY_ANA, "text": said}),
        "reply.on_hold": _letter("reply", ticket, {**BY_ANA, "text": waits, "until": CLOSES}),
        "reminder.info_request": _letter("reminder", ticket, {**question, "about": "info_request", "last": True}),
        "reminder.contact": _letter("reminder", ticket, called),
        "reminder.waiting": _letter("reminder", ticket, {**called, "about": "waiting", "closes_at": CLOSES}),
    }


def _solved(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    verdicts, solved = verdict_links(ticket, desk), {"closes_at": CLOSES, "again": False}
    reminded = {**solved, "about": "validation", "last": False}
    # about: validation | info_request | contact | waiting, with that letter's values; last: no further one follows
    rejected = {
        "reason": "Sigue fallando en Lugo.",
        "by": "requester",
        "deadlines": AFTER_REOPENING,
    }  # by: requester | desk
    return {
        "validation": _letter("validation", ticket, solved, *verdicts),
        "validation.again": _letter("validation", ticket, {**solved, "again": True}, *verdicts),
        "reminder": _letter("reminder", ticket, reminded, *verdicts),
        "reopening": _letter("reopening", ticket, rejected),
        "reopening.no_reason": _letter("reopening", ticket, {**rejected, "reason": ""}),
    }


def _closed(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    def closed(reason: str, points_to: str = "") -> Ticket:
        ran = ((ticket.opened_at or NOW, SOLVED),)
        return replace(ticket, state="closed", reason=reason, closed_at=CLOSED, points_to=points_to, running=ran)

    no_service = {**BY_ANA, "reason": "No es de este servicio", "text": "Pida el alta en su delegación."}
    other = "I171006_000012"
    return {
        "closure": closure_letter(closed("validated"), desk),
        "closure.no_answer": closure_letter(closed("no_answer"), desk),
        "closure.withdrawn": closure_letter(replace(closed("withdrawn"), resolved_at=None), desk),
        "desk_rejection": _letter("desk_rejection", closed("desk_rejected"), no_service, reopen_link(ticket, desk)),
        "merged": _letter("merged", closed("merged", points_to=other), {"into": other}),  # to those of the closed one
        "merged.kept": _letter("merged", ticket, {"into": ""}),  # to those of the ticket that goes on
        "reclassified": _letter("reclassified", ticket, {"old": "W171009_000003"}),  # ``ticket`` is the new one
    }


def _looked_up(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    solved = replace(ticket, state="resolved", reason="no_further_action")
    listed = rows(ticket)
    asked = (status_link(row["ticket"], desk, ticket.language) for row in listed)
    withdraw = Link(
        "withdraw_confirm",
        desk.service_address,
        wording.subject(desk, "withdraw", ticket.language, ticket.kind, number=ticket.number),
        wording.word(desk, "bodies", "withdraw", ticket.language),
        Grant("withdraw", "withdraw", ticket.number, ticket.requester),
    )
    return {
        "status": _letter("status", solved, {"journal": journal(visible=True), "deadlines": AFTER_SOLUTION}),
        "status.mine": _letter("status", None, {"rows": listed, "total": 2}, *asked),
        "withdrawal": _letter("withdrawal", ticket, {}, withdraw),
    }


# -- notices: answers to mails that opened or changed nothing


def _notices(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    closed, open_again = replace(ticket, state="closed", closed_at=CLOSED), reopen_link(ticket, desk)
    answer = answer_link(ticket, "", desk)
    wrong = {"read": f"Sobre mi incidencia {NUMBER}", "right": answer.subject}
    thanked = {"mark": 4, "comment": "Muy amables.", "before": 0}
    return {
        **_verdict_notices(desk, ticket, closed, open_again),
        "closed_notice": _letter("closed_notice", replace(closed, reason="validated"), {}, open_again),
        "wrong_subject": _letter("wrong_subject", ticket, wrong, answer),
        "survey_thanks": _letter("survey_thanks", ticket, thanked),
        "survey_thanks.changed": _letter("survey_thanks", ticket, {"mark": 5, "comment": "", "before": 2}),
    }


def _verdict_notices(desk: Desk, ticket: Ticket, closed: Ticket, open_again: Link) -> dict[str, Letter]:
    verdicts = verdict_links(ticket, desk)
    notices = {
        "used_same": _verdict_notice("used_same", closed, open_again, used="validate"),
        "used_other": _verdict_notice("used_other", replace(ticket, state="assigned"), used="reject"),
        "old": _verdict_notice("old", ticket, *verdicts),
        "old_closed": _verdict_notice("old", closed, open_again),
        "expired": _verdict_notice("expired", ticket, *verdicts),
        "altered": _verdict_notice("altered", ticket, *verdicts),
        "altered_open": _verdict_notice("altered", ticket, verb="withdraw"),
        "anothers": _verdict_notice("anothers", ticket),
        "too_large": _verdict_notice("too_large", ticket, faults=(too_large(f"RE: {NUMBER}"),)),
        "closed": _verdict_notice("closed", closed, open_again),
        "withdraw": _verdict_notice("closed", closed, open_again, verb="withdraw"),
        "renumbered": _verdict_notice("renumbered", replace(ticket, state="assigned")),
        "requesters": _verdict_notice("requesters", ticket, verb="withdraw"),
    }
    return {f"verdict_notice.{name}": letter for name, letter in notices.items()}


def _verdict_notice(
    case: str, ticket: Ticket, *links: Link, verb: str = "validate", used: str = "", faults: tuple[Fault, ...] = ()
) -> Letter:
    """``verb``: what this mail wanted: validate | reject | withdraw, or a survey's mark; ``used``: what was done
    before; ``at``: when that was, or when the ticket closed; or None; ``was``: the number that the link was of."""
    values = {"case": case, "faults": faults, "was": "I171009_000007", "at": CLOSED, "verb": verb, "used": used}
    return _letter("verdict_notice", ticket, values, *links)


# -- people


def _people(desk: Desk, ticket: Ticket) -> dict[str, Letter]:
    form = Form((("name", "Marta Gil"),))  # what was right
    wrong = Fault("tax_id", "bad_format", "123", (), "", "CIF/NIF", "pattern", "Una letra y ocho cifras")
    openings = tuple(opening_link(kind, desk, ticket.language) for kind in desk.kinds)
    welcome = {"name": "Marta Gil", "held": 1, "kinds": kinds_explained(desk)}  # held: waiting mails, treated now
    return {
        "registration": _letter(
            "registration", None, {"held": ticket.subject, "faults": ()}, registration_link(REQUESTER, desk)
        ),  # held: subject of the mail that waits, or ""
        "registration.faults": _letter(
            "registration", None, {"held": "", "faults": (wrong,)}, registration_link(REQUESTER, desk, form)
        ),
        "welcome": _letter("welcome", None, welcome, *openings),
    }
