"""The table of verdicts: which mail ends how, in which mailbox, with which letters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from parsers.form import Choice
from parsers.mail import Address, Attachment, Mail, Report
from rules.facts import Facts, HeldGrant, Registered, Sent
from rules.holding import LOOK_AGAIN
from rules.intake import TABLE, decide
from rules.letters import Grant
from rules.reading import Arrival, read, token_digest
from rules.tables import Address as AddressTable
from rules.tables import Calendar, FieldTable, Mailbox, Requesters, Rule, Senders
from rules.ticket import evolve
from tests.rules.desks import (
    ANA,
    CONFIRMATION,
    DESK,
    EVA,
    FIELDS,
    GOOD,
    MARTA,
    NOW,
    NUMBER,
    OPENING,
    OPENINGS,
    ORDER,
    SERVICE,
    TOKEN,
    facts_of,
    granted,
    letters,
    mail,
    make_desk,
    opened,
    reading,
    resolved,
    verdict,
)

BOTH = (Address(SERVICE), Address(OPENINGS))
BAD = "Servicio/Aplicación: ARENN\nTipo: Se ha roto\n"
STRANGER = "mallory@otro.test"

PLAIN: list[tuple[str, str, Mail, Facts | None, str, list[str]]] = [
    # what, mailbox, mail, facts, verdict, letters
    ("a good opening", "apertura", mail(OPENING, GOOD), None, "opened", ["confirmation", "assignment"]),
    ("a bad opening", "apertura", mail(OPENING, BAD), None, "refused", ["refusal"]),
    ("a near miss", "apertura", mail("apertura incidencia automatica aplicacion/desarrollo", GOOD), None, "untreated",
     ["near_miss"]),
    ("a near miss at the service address", "servicio", mail(f"Re: {OPENING}", GOOD), None, "untreated", []),
    ("an opening as a reply", "apertura", mail(f"Re: {OPENING}", GOOD), None, "untreated", ["near_miss"]),
    ("anything else", "apertura", mail("Oferta de tóner", "compre"), None, "untreated", []),
    ("an opening at the service address", "servicio", mail(OPENING, GOOD), None, "untreated", ["near_miss"]),
    ("an opening at both addresses", "servicio", mail(OPENING, GOOD, to=BOTH), None, "untreated", []),
    ("a copy", "apertura", mail(OPENING, GOOD), Facts(duplicate="same", next_number=NUMBER), "duplicate", []),
    ("two senders", "apertura", mail(OPENING, GOOD, sender=""), None, "untreated", []),
    ("a robot's opening", "apertura", mail(OPENING, GOOD, automatic="auto_submitted"), None, "automatic", []),
    ("our own letter back", "apertura", mail(OPENING, GOOD, automatic="own"), None, "automatic", []),
    ("a report about nothing of ours", "servicio", mail("Undelivered", report=Report("failed", ("x@y.test",))), None,
     "bounce", []),
    ("a reply", "servicio", mail(f"RE: {CONFIRMATION}", "Uso Firefox."), facts_of(opened()), "threaded", ["update"]),
    ("a stranger's reply", "servicio", mail(CONFIRMATION, "cierren", sender=STRANGER), facts_of(opened()), "untreated",
     []),
    ("a wrong subject", "servicio", mail(f"Sobre mi incidencia {NUMBER}"), facts_of(opened(), registered=None),
     "untreated", ["wrong_subject"]),
    ("a stranger's wrong subject", "servicio", mail(f"Sobre {NUMBER}", sender=STRANGER),
     facts_of(opened(), registered=None), "untreated", []),
    ("a reply to a closed ticket", "servicio", mail(CONFIRMATION, "Sigue igual"), facts_of(opened(state="closed")),
     "untreated", ["closed_notice"]),
    ("thanks to a closed ticket", "servicio", mail(CONFIRMATION, "Muchas gracias."), facts_of(opened(state="closed")),
     "untreated", []),
    ("a technician's note", "tecnicos", mail(f"RE: Asignación de la incidencia {NUMBER}", "Lo miro.", sender=ANA),
     facts_of(opened(), registered=Registered(NUMBER, "group", "assignment")), "desk", ["update"]),
    ("another group's technician", "tecnicos", mail(f"RE: Asignación de la incidencia {NUMBER}", "x", sender=EVA),
     facts_of(opened(), registered=Registered(NUMBER, "group", "assignment")), "desk", ["desk_refusal"]),
    ("a plain answer from the group's address", "tecnicos",
     mail(f"RE: Asignación de la incidencia {NUMBER}", "Lo miro.", sender="n1@cau.test"),
     facts_of(opened(), registered=Registered(NUMBER, "group", "assignment")), "desk", ["desk_refusal"]),
    ("the group's address, of nothing", "tecnicos", mail("hola", sender="n1@cau.test"), None, "untreated", []),
    ("a stranger at the desk", "tecnicos", mail("hola", sender=STRANGER), None, "untreated", []),
    ("a query of state", "servicio", mail(f"Consulta de la incidencia {NUMBER}"), facts_of(opened(), registered=None),
     "query", ["status"]),
    ("a stranger's query", "servicio", mail(f"Consulta de la incidencia {NUMBER}", sender=STRANGER),
     facts_of(opened(), registered=None), "untreated", []),
    ("own tickets", "servicio", mail("Mis incidencias"), Facts(), "query", ["status"]),
    ("a withdrawal asked for", "servicio", mail(f"Retirar la incidencia {NUMBER}"), facts_of(opened(), registered=None),
     "query", ["withdrawal"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "box", "message", "facts", "expected", "names"), PLAIN, ids=[row[0] for row in PLAIN])
def test_one_mail_one_verdict(
    what: str, box: str, message: Mail, facts: Facts | None, expected: str, names: list[str]
) -> None:
    decision = verdict(box, message, facts)
    assert (decision.verdict, [letter.name for letter in decision.letters]) == (expected, names)
    assert bool(decision.events) == (expected in ("opened", "threaded") or what == "a technician's note")


REPORT = Report("failed", (MARTA,))
OVER_RATE = Facts(next_number=NUMBER, counts={f"opening:{MARTA}": 60})
PROVEN = make_desk(senders=Senders("require", ("mx.cau.test",)))
KNOWN = make_desk(requesters=Requesters("registered"))
QUERY = f"Consulta de la incidencia {NUMBER}"
TWO_AT_ONCE: list[tuple[str, str, Mail, Facts, Any, dict[str, Any], str]] = [
    # what, mailbox, mail, facts, desk, how it came: why it ended as it did
    ("a copy of a bounce", "servicio", mail("x", report=REPORT), Facts(duplicate="same"), DESK, {}, "duplicate"),
    ("a copy of what is too large", "apertura", mail(OPENING), Facts(duplicate="same"), DESK, {"too_large": True},
     "duplicate"),
    ("a bounce that says it is automatic", "servicio", mail("x", report=REPORT, automatic="report"), Facts(), DESK, {},
     "failed"),
    ("a robot that sends too much", "apertura", mail(OPENING, automatic="list"), Facts(), DESK, {"too_large": True},
     "list"),
    ("a robot of two senders", "apertura", mail(OPENING, sender="", automatic="list"), Facts(), DESK, {}, "list"),
    ("an opening of two senders", "apertura", mail(OPENING, GOOD, sender=""), Facts(), DESK, {}, "no_single_sender"),
    ("a blocked flood", "apertura", mail(OPENING, GOOD), replace(OVER_RATE, blocked=True), DESK, {}, "blocked"),
    ("an unproven sender's flood", "apertura", mail(OPENING, GOOD), OVER_RATE, PROVEN, {}, "unproven"),
    ("an unknown sender's flood", "apertura", mail(OPENING, GOOD), OVER_RATE, KNOWN, {}, "rate"),
    ("an unknown sender's bad form", "apertura", mail(OPENING, BAD), Facts(), KNOWN, {}, "registration"),
    ("a registered subject that is a query", "servicio", mail(QUERY), facts_of(opened()), DESK, {}, "reply"),
    ("a query with a number in it", "servicio", mail(QUERY), facts_of(opened(), registered=None), DESK, {}, "query"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "box", "message", "facts", "desk", "came", "why"), TWO_AT_ONCE, ids=[row[0] for row in TWO_AT_ONCE]
)
def test_of_two_things_that_a_mail_is_the_first_counts(
    what: str, box: str, message: Mail, facts: Facts, desk: Any, came: dict[str, Any], why: str
) -> None:
    assert verdict(box, message, facts, desk, **came).why == why


AT_THE_SERVICE_ADDRESS = [
    # who, subject, text: what follows where technicians have an address of their own, and where they have none
    (ANA, "Consulta", "Acción: Turno", ("untreated", []), ("desk", ["worklist"])),
    (ANA, "Consulta", "Acción: Bailar", ("untreated", []), ("desk", ["desk_refusal"])),
    (ANA, "hola", "¿Alguien?", ("untreated", []), ("desk", ["desk_refusal"])),
    (ANA, f"RE: {CONFIRMATION}", "Estamos en ello.", ("desk", ["desk_refusal"]), ("desk", ["desk_refusal"])),
    (EVA, f"RE: {CONFIRMATION}", "Estamos en ello.", ("untreated", []), ("desk", ["desk_refusal"])),
    (STRANGER, "Consulta", "Acción: Turno", ("untreated", []), ("untreated", [])),
]


@pytest.mark.parametrize(("sender", "subject", "text", "beside", "alone"), AT_THE_SERVICE_ADDRESS)
def test_what_a_technician_writes_to_the_service_address(
    sender: str, subject: str, text: str, beside: tuple[str, list[str]], alone: tuple[str, list[str]]
) -> None:
    without = make_desk(mailboxes=DESK.mailboxes[:2])
    for desk, expected in ((DESK, beside), (without, alone)):
        decision = verdict("servicio", mail(subject, text, sender=sender), facts_of(opened()), desk)
        assert (decision.verdict, [letter.name for letter in decision.letters]) == expected
        assert decision.events == ()


SUBJECTS = [
    # as it was written: the kind that is opened, or else the letter that its sender gets
    (OPENING, "incident"),
    (ORDER, "work_order"),
    (f"[EXTERNO]  {OPENING.replace(' ', chr(0xA0))} ", "incident"),
    (f"Re: {OPENING}", "near_miss"),
    (OPENING.upper(), "near_miss"),
    (OPENING.rstrip("."), "near_miss"),
    ("Apertura de Incidencia", ""),
    ("Apertura de incidencia: no va la pantalla de altas", ""),
    (CONFIRMATION, ""),
]


@pytest.mark.parametrize(("subject", "outcome"), SUBJECTS)
def test_each_kind_is_opened_by_its_exact_subject_and_who_nearly_wrote_it_learns_it(subject: str, outcome: str) -> None:
    decision = verdict("apertura", mail(subject, GOOD))
    if outcome in DESK.kinds:
        assert (decision.verdict, evolve(None, decision.events[0]).kind) == ("opened", outcome)
        return
    assert (decision.verdict, decision.events, [letter.name for letter in decision.letters]) == (
        "untreated", (), [outcome] * bool(outcome),
    )  # fmt: skip
    for letter in decision.letters:
        assert (letter.to, letter.values["read"], letter.values["right"]) == ((MARTA,), subject, OPENING)
        assert [(link.to, link.subject) for link in letter.links] == [(OPENINGS, OPENING)]


def test_of_two_subjects_that_are_nearly_alike_the_nearest_one_is_told() -> None:
    leaving, joining = "Baja de usuario.", "Alta de usuario."
    kinds = zip(("work_order", "incident"), (leaving, joining), strict=True)
    desk = make_desk(kinds={key: replace(DESK.kinds[key], subject=subject) for key, subject in kinds})
    for subject in (leaving, joining):
        (letter,) = verdict("apertura", mail(subject.upper(), GOOD), desk=desk).letters
        assert letter.values["right"] == subject


def test_the_subject_of_a_kind_that_no_address_takes_is_no_near_miss() -> None:
    orders = Mailbox("apertura", ("opening",), OPENINGS, addresses={OPENINGS: AddressTable(kinds=("work_order",))})
    desk = make_desk(mailboxes=(orders, *DESK.mailboxes[1:]))
    for subject, told in ((f"Re: {OPENING}", []), (f"Re: {ORDER}", ["near_miss"])):
        assert [letter.name for letter in verdict("apertura", mail(subject, GOOD), desk=desk).letters] == told


@pytest.mark.parametrize(("subject", "prefix"), [(OPENING, "I"), (ORDER, "W")])
def test_each_kind_has_numbers_of_its_own(subject: str, prefix: str) -> None:
    assert reading("apertura", mail(subject, GOOD)).needs(DESK).prefix == prefix


@pytest.mark.parametrize(("box", "belongs"), [("servicio", True), ("apertura", False)])
def test_what_is_written_about_a_ticket_belongs_to_the_service_address(box: str, belongs: bool) -> None:
    decision = verdict(box, mail(f"RE: {CONFIRMATION}", "Uso Firefox."), facts_of(opened()))
    if not belongs:
        assert (decision.verdict, decision.events, decision.letters) == ("untreated", (), ())
        return
    assert [(e.number, e.name, e.text) for e in decision.events] == [(NUMBER, "reply", "Uso Firefox.")]
    (letter,) = decision.letters
    assert (letter.name, letter.to, letter.values["text"]) == ("update", ("n1@cau.test",), "Uso Firefox.")


@pytest.mark.parametrize("written", ["AREN", "Arena", "ARENA", "aren."])
def test_a_service_is_known_by_each_of_its_names(written: str) -> None:
    decision = verdict("apertura", mail(OPENING, GOOD.replace("AREN", written)))
    assert evolve(None, decision.events[0]).value("service") == "AREN"


def test_of_our_own_words_a_form_loses_its_instruction_alone() -> None:
    said = "Retiro la petición. Eso ponía el botón que no responde."
    body = f"{GOOD}{said}\n{DESK.words()['bodies']['form_hint']}\n"
    description = reading("apertura", mail(OPENING, body)).form.get("description")
    assert description == f"{GOOD.strip().rpartition(': ')[2]}\n{said}"


def test_what_was_released_out_of_hours_counts_from_the_next_ones() -> None:
    n1, always = replace(DESK.groups["n1"], calendar="tardes"), Calendar("mon-sun", ("16:00-20:00",))
    late = make_desk(groups={**DESK.groups, "n1": n1}, calendars={"tardes": always})
    held = Arrival("apertura", replace(mail(OPENING, GOOD), to=(Address(OPENINGS),)), NOW - timedelta(hours=15))
    decision = decide(read(held, late), Facts(next_number=NUMBER, released=True), late, NOW)
    assert decision.letters[0].values["counts_from"] == NOW.replace(hour=14, minute=0, second=0)  # four in Madrid


def test_an_opening_out_of_hours_is_confirmed_at_once_and_says_from_when_it_counts() -> None:
    n1 = replace(DESK.groups["n1"], calendar="mañanas")
    early = make_desk(groups={**DESK.groups, "n1": n1}, calendars={"mañanas": Calendar(hours=("11:00-14:00",))})
    decision = verdict("apertura", mail(OPENING, GOOD), desk=early)
    confirmation = decision.letters[0]
    assert (decision.verdict, confirmation.name) == ("opened", "confirmation")
    assert confirmation.values["counts_from"] == NOW.replace(hour=9, minute=0, second=0)  # eleven in Madrid
    assert verdict("apertura", mail(OPENING, GOOD)).letters[0].values["counts_from"] is None


PHOTO = Attachment("foto.png", "image/png", 10, "a" * 64)


def test_every_verdict_comes_from_a_named_row() -> None:
    assert len({row.name for row in TABLE}) == len(TABLE)
    assert verdict("apertura", mail("Oferta")).why == "no_match"
    assert verdict("apertura", mail(OPENING, GOOD)).why == "opening"


def test_an_opening_makes_the_whole_ticket() -> None:
    screen = Attachment("captura.png", "image/png", 10, "a" * 64)
    decision = verdict("apertura", mail(OPENING, GOOD, attachments=(screen,)))
    ticket = evolve(None, decision.events[0])
    assert (ticket.number, ticket.kind, ticket.state, ticket.reason) == (NUMBER, "incident", "assigned", "new")
    assert dict(ticket.fields) == {
        "service": "AREN",
        "type": "Error Funcional",
        "description": "La pantalla de altas da un error 500 al guardar.",
    }
    assert (ticket.group, ticket.priority, ticket.requester) == ("n1", "Media", MARTA)
    assert ticket.attachments == (screen,)
    assert decision.letters[1].attachments == (screen,)
    assert ticket.received_at == NOW - timedelta(seconds=1)


def test_a_rule_routes_and_fixes_the_priority() -> None:
    decision = verdict("apertura", mail(OPENING, GOOD.replace("Error Funcional", "Pérdida de Servicio")))
    assert (decision.rule, decision.group, decision.priority) == ("caída de AREN", "n2", "Urgente")
    ticket = evolve(None, decision.events[0])
    assert (ticket.rule, ticket.group, ticket.priority) == ("caída de AREN", "n2", "Urgente")
    assert decision.letters[1].to == ("n2@cau.test",)


def test_a_refusal_names_every_fault_and_keeps_what_was_right() -> None:
    files = (PHOTO, replace(PHOTO, name="logo.png", inline=True))
    decision = verdict("apertura", mail(OPENING, "Servicio/Aplicación: ARENN\nTipo: Error Acceso\n", attachments=files))
    assert (decision.verdict, decision.events) == ("refused", ())
    assert [(f.field, f.code, f.nearest, f.allowed) for f in decision.faults] == [
        ("service", "not_in_list", "AREN", ("AREN", "CONDUCTORES")),
        ("description", "missing", "", ()),
    ]
    (letter,) = decision.letters
    assert "Servicio/Aplicación: AREN" in letter.links[0].body
    assert "Tipo: Error Acceso" in letter.links[0].body
    assert letter.links[0].grant is None
    assert letter.values["attach_again"] == ("foto.png",)
    assert letter.in_reply_to == "m1@cliente.test"


def test_the_form_of_a_refusal_tells_what_may_be_written_where_it_is_still_open() -> None:
    urgent = Choice("Alta", description="Nadie puede trabajar.")
    asked = {"label": "Prioridad", "name": "priority", "type": "choice", "required": False}
    kind, room = DESK.kinds["incident"], FieldTable("Aula", "room", hint="Su número")
    fields = (*kind.fields, FieldTable(**asked, values=(urgent, Choice("Baja"))), room)
    desk = make_desk(kinds={"incident": replace(kind, fields=fields)})
    body = verdict("apertura", mail(OPENING, "Servicio/Aplicación: AREN\n"), desk=desk).letters[0].links[0].body
    assert [line for line in body.split("\n") if line.startswith("[")] == [
        "[Valores de Tipo: Pérdida de Servicio, Error Acceso, Error Funcional]",
        "[Valores de Prioridad: Alta (Nadie puede trabajar), Baja]",
        "[Qué escribir en Aula: Su número]",
        "[Puede dejar vacío: Prioridad]",
        DESK.words()["bodies"]["form_hint"],
    ]
    filled = body.replace("Tipo:", "Tipo: Error Acceso").replace("Aula:", "Aula: 3")
    again = verdict("apertura", mail(OPENING, filled.replace("Descripción:", "Descripción: No abre nada.")), desk=desk)
    assert (again.verdict, dict(again.fields)["description"]) == ("opened", "No abre nada.")


def test_what_a_rule_refuses_is_not_offered_for_correction_unless_something_else_is_wrong() -> None:
    desk = replace(DESK, rules=(Rule("altas", {"words": "alta"}, {"refuse": "Pídala en su delegación."}),))
    refused = verdict("apertura", mail(OPENING, GOOD + "Quiero el alta."), desk=desk)
    assert [fault.detail for fault in refused.faults] == ["Pídala en su delegación."]
    assert refused.letters[0].links == ()
    faulty = GOOD.replace("AREN", "ARENN") + "Quiero el alta."
    assert len(verdict("apertura", mail(OPENING, faulty), desk=desk).letters[0].links) == 1


def test_a_reply_to_a_ticket_that_is_worked_on_moves_neither_its_state_nor_a_clock() -> None:
    ticket = opened(told=("response_warning:Media",))
    (event,) = verdict("servicio", mail(CONFIRMATION, "Firefox"), facts_of(ticket)).events
    assert (event.text, event.visible, dict(event.changes)) == ("Firefox", True, {})


def test_a_reply_to_a_question_brings_the_ticket_back() -> None:
    pending = opened(state="pending", reason="info_requested", waiting_since=NOW, assignee=ANA)
    decision = verdict("servicio", mail(CONFIRMATION, "Firefox"), facts_of(pending))
    after = evolve(pending, decision.events[0])
    assert (after.state, after.reason, decision.events[0].text) == ("assigned", "info_received", "Firefox")
    (letter,) = decision.letters
    assert (letter.to, letter.values["what"], letter.values["text"]) == (("n1@cau.test",), "info_received", "Firefox")
    assert after.assignee == ANA


def test_a_reply_to_a_solution_keeps_it_and_sends_the_links_again() -> None:
    ticket = resolved(told=("silence_reminder:1",))
    decision = verdict("servicio", mail(CONFIRMATION, "¿Y el informe?"), facts_of(ticket))
    after = evolve(ticket, decision.events[0])
    assert (after.state, after.waiting_since, after.told) == ("resolved", NOW, ())
    assert [letter.name for letter in decision.letters] == ["update", "validation"]


def test_a_reply_to_a_merged_ticket_belongs_to_the_one_it_points_to() -> None:
    other = opened(number="I171008_000001")
    merged = opened(state="closed", points_to=other.number)
    decision = verdict("servicio", mail(CONFIRMATION, "más datos"), facts_of(merged, other))
    assert decision.verdict == "threaded"
    assert decision.events[0].number == other.number


# -- verdict links

VALIDATE, REJECT = f"Validar Petición {NUMBER} [{TOKEN}]", f"Rechazar Petición {NUMBER} [{TOKEN}]"


def grant_of(verb: str, round: int = 1, **more: Any) -> Grant:
    return Grant("verdict", verb, NUMBER, MARTA, round=round, **more)


def test_validate_closes_with_the_survey() -> None:
    ticket = resolved()
    decision = verdict("servicio", mail(VALIDATE, "Valido la solución."), granted(ticket, grant_of("validate")))
    after = evolve(ticket, decision.events[0])
    assert (decision.verdict, after.state, after.reason) == ("validated", "closed", "validated")
    assert letters(decision) == [("closure", (MARTA,))]
    assert [link.key for link in decision.letters[0].links][:5] == ["mark_5", "mark_4", "mark_3", "mark_2", "mark_1"]
    assert decision.used == (token_digest(TOKEN),)


def test_a_signature_below_a_validation_is_no_comment() -> None:
    signed = "Valido la solución.\n[Envíe este mensaje sin cambiar nada.]\n\nUn saludo,\nMarta Gil\nJefa de Registro"
    click = mail(VALIDATE, signed, sender_name="Gil Pérez, Marta")
    assert letters(verdict("servicio", click, granted(resolved(), grant_of("validate")))) == [("closure", (MARTA,))]


@pytest.mark.parametrize(
    ("body", "files", "text"),
    [
        ("No funciona todavía.\n\nValido la solución.", (), "No funciona todavía."),
        ("Valido la solución.", (PHOTO,), ""),
    ],
)
def test_what_is_written_beside_a_validation_reaches_the_group(body: str, files: Any, text: str) -> None:
    ticket = resolved()
    decision = verdict("servicio", mail(VALIDATE, body, attachments=files), granted(ticket, grant_of("validate")))
    assert (decision.events[0].text, evolve(ticket, decision.events[0]).attachments) == (text, files)
    assert letters(decision) == [("closure", (MARTA,)), ("update", ("n1@cau.test",))]
    told = decision.letters[1]
    assert (told.values["what"], told.values["text"], told.attachments) == ("validated", text, files)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("Motivo: Sigue fallando", "Sigue fallando"),
        ("Sigue fallando\nMotivo: \n", "Sigue fallando"),
        ("Motivo: \n\nSigue fallando", "Sigue fallando"),
        ("Motivo: ", ""),
        ("", ""),
    ],
)
def test_reject_reopens_with_whatever_was_typed(body: str, reason: str) -> None:
    ticket = resolved()
    decision = verdict("servicio", mail(REJECT, body), granted(ticket, grant_of("reject")))
    after = evolve(ticket, decision.events[0])
    assert (decision.verdict, after.state, after.reason) == ("rejected", "assigned", "reopened")
    assert decision.events[0].text == reason
    assert letters(decision) == [("reopening", (MARTA,)), ("update", ("n1@cau.test",))]
    assert [letter.values["reason" if letter.name == "reopening" else "text"] for letter in decision.letters] == [
        reason, reason,
    ]  # fmt: skip


def used(verb: str) -> HeldGrant:
    return HeldGrant(grant_of(verb), b"other", NOW)


STALE = [
    ("second click", resolved(state="closed"), grant_of("validate"), {"round_used": used("validate")}, "used_same"),
    ("the other verb", resolved(state="closed"), grant_of("reject"), {"round_used": used("validate")}, "used_other"),
    ("an older solution", resolved(round=2), grant_of("validate"), {}, "old"),
    ("an older solution of a closed ticket", resolved(round=2, state="closed"), grant_of("reject"), {}, "old"),
    ("expired", resolved(), grant_of("validate", expires_at=NOW - timedelta(days=1)), {}, "expired"),
    ("closed by itself", resolved(state="closed"), grant_of("validate"), {}, "closed"),
    ("taken back by a technician", resolved(state="assigned"), grant_of("validate"), {}, "old"),
]


WAYS_OUT = {"resolved": ("validate", "reject"), "closed": ("reopen",), "assigned": ()}
"""What the notice offers instead, by the ticket's state."""


@pytest.mark.parametrize(("what", "ticket", "grant", "more", "case"), STALE, ids=[row[0] for row in STALE])
def test_a_stale_link_changes_nothing_and_says_why(what: str, ticket: Any, grant: Grant, more: Any, case: str) -> None:
    decision = verdict("servicio", mail(VALIDATE), granted(ticket, grant, **more))
    assert (decision.verdict, decision.events) == ("untreated", ())
    (letter,) = decision.letters
    assert (letter.name, letter.values["case"]) == ("verdict_notice", case)
    assert letter.values["verb"] == grant.verb
    assert tuple(link.key for link in letter.links) == WAYS_OUT[ticket.state]


@pytest.mark.parametrize("sent", [mail(VALIDATE), mail(CONFIRMATION, "¿Y el informe?")], ids=["a click", "an answer"])
def test_links_that_are_sent_again_serve_however_old_the_solution_is(sent: Mail) -> None:
    old = resolved(resolved_at=NOW - timedelta(days=40), waiting_since=NOW - timedelta(days=40))
    link = grant_of("validate", expires_at=NOW - timedelta(days=10))
    facts = granted(old, link) if sent.subject == VALIDATE else facts_of(old)
    again = verdict("servicio", sent, facts).letters[-1].links
    (fresh,) = [link.grant for link in again if link.key == "validate" and link.grant]
    assert verdict("servicio", mail(VALIDATE), granted(old, fresh)).verdict == "validated"


def test_a_link_serves_to_its_last_moment() -> None:
    decision = verdict("servicio", mail(VALIDATE), granted(resolved(), grant_of("validate", expires_at=NOW)))
    assert decision.verdict == "validated"


@pytest.mark.parametrize("box", ["apertura", "tecnicos"])
def test_a_link_serves_at_the_service_address_alone(box: str) -> None:
    decision = verdict(box, mail(VALIDATE), granted(resolved(), grant_of("validate")))
    assert (decision.verdict, decision.letters, decision.events) == ("untreated", (), ())


def test_only_the_addressee_can_use_a_link() -> None:
    decision = verdict("servicio", mail(VALIDATE, sender=STRANGER), granted(resolved(), grant_of("validate")))
    assert (decision.verdict, decision.letters, decision.events, decision.used) == ("untreated", (), (), ())


@pytest.mark.parametrize("ticket", [resolved(), resolved(state="closed")], ids=["resolved", "closed"])
def test_a_participant_who_was_passed_a_link_learns_that_it_is_not_theirs(ticket: Any) -> None:
    shared = replace(ticket, participants=(STRANGER,))
    decision = verdict("servicio", mail(VALIDATE, sender=STRANGER), granted(shared, grant_of("validate")))
    assert (decision.verdict, decision.why, decision.events, decision.used) == ("untreated", "link_anothers", (), ())
    (letter,) = decision.letters
    assert (letter.name, letter.to, letter.values["case"]) == ("verdict_notice", (STRANGER,), "anothers")
    assert not any(link.grant for link in letter.links)


def test_an_altered_token_is_told_apart_to_a_participant_alone() -> None:
    ticket = resolved()
    decision = verdict("servicio", mail(VALIDATE), facts_of(ticket, registered=None))
    assert decision.letters[0].values["case"] == "altered"
    stranger = verdict("servicio", mail(VALIDATE, sender=STRANGER), facts_of(ticket, registered=None))
    assert stranger.letters == ()


# -- what waits, what stays out


def test_over_the_rate_is_held_until_the_window_frees() -> None:
    facts = Facts(next_number=NUMBER, counts={f"opening:{MARTA}": 60})
    decision = verdict("apertura", mail(OPENING, GOOD), facts)
    assert (decision.verdict, decision.why, decision.letters) == ("held", "rate", ())
    assert decision.held_until == NOW + LOOK_AGAIN
    assert verdict("apertura", mail(OPENING, GOOD), replace(facts, released=True)).verdict == "opened"


@pytest.mark.parametrize(
    ("window", "count", "expected"), [(MARTA, 59, "opened"), ("", 999, "opened"), ("", 1000, "held")]
)
def test_the_rate_is_one_senders_and_that_of_all(window: str, count: int, expected: str) -> None:
    facts = Facts(next_number=NUMBER, counts={f"opening:{window}": count})
    assert verdict("apertura", mail(OPENING, GOOD), facts).verdict == expected


ASSIGNMENT = f"Asignación de la incidencia {NUMBER}"
TOO_LARGE = [
    # what, mailbox, subject, sender, ticket, its letter
    ("an opening", "apertura", OPENING, MARTA, None, "refusal"),
    ("anything else", "apertura", "Fotos", MARTA, None, ""),
    ("an answer", "servicio", f"RE: {CONFIRMATION}", MARTA, opened(), "verdict_notice"),
    ("an answer to a closed ticket", "servicio", CONFIRMATION, MARTA, opened(state="closed"), "closed_notice"),
    ("a stranger's answer", "servicio", CONFIRMATION, STRANGER, opened(), ""),
    ("an answer at the opening address", "apertura", CONFIRMATION, MARTA, opened(), ""),
    ("a subject of their own", "servicio", "Fotos", MARTA, None, ""),
    ("a technician's note", "tecnicos", ASSIGNMENT, ANA, opened(), "desk_refusal"),
    ("a technician's action", "tecnicos", f"Gestión de {NUMBER} [{TOKEN}]", ANA, opened(), "desk_refusal"),
    ("a stranger at the desk", "tecnicos", ASSIGNMENT, STRANGER, opened(), ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "box", "subject", "sender", "ticket", "name"), TOO_LARGE)
def test_too_large_stays_and_whoever_would_be_heard_learns_it(
    what: str, box: str, subject: str, sender: str, ticket: Any, name: str
) -> None:
    registered = Registered(NUMBER, "group" if box == "tecnicos" else "requester", "confirmation")
    facts = facts_of(ticket, registered=None if subject == "Fotos" else registered) if ticket else None
    decision = verdict(box, mail(subject, sender=sender), facts, too_large=True)
    assert (decision.verdict, decision.events, decision.used) == ("too_large", (), ())
    assert letters(decision) == [(name, (sender,))] * bool(name)


@pytest.mark.parametrize("verb", ["validate", "reject"])
def test_a_link_whose_mail_was_too_large_can_be_used_again(verb: str) -> None:
    decision = verdict("servicio", mail(REJECT), granted(resolved(), grant_of(verb)), too_large=True)
    (letter,) = decision.letters
    assert (decision.verdict, decision.events, decision.used) == ("too_large", (), ())
    assert (letter.name, [link.key for link in letter.links]) == ("verdict_notice", ["validate", "reject"])
    assert TOKEN not in letter.values["faults"][0].read


@pytest.mark.parametrize(
    ("entry", "expected"),
    [("Marta@cliente.test", "untreated"), ("@Cliente.test", "untreated"), ("otra@cliente.test", "opened")],
)
def test_the_admin_blocks_an_address_or_a_domain_and_nobody_else(entry: str, expected: str) -> None:
    blocking = make_desk(senders=Senders(blocked=(entry,)))
    assert verdict("apertura", mail(OPENING, GOOD), desk=blocking).verdict == expected


UNHEARD = [
    make_desk(senders=Senders(blocked=("cliente.test",))),
    make_desk(senders=Senders(authentication="require", trusted_authserv=("mx.cau.test",))),
    make_desk(requesters=Requesters("domains", domains=("otro.test",))),
]


@pytest.mark.parametrize("desk", UNHEARD, ids=["blocked", "unproven", "of another domain"])
def test_too_large_or_nearly_right_whoever_is_not_heard_gets_no_letter(desk: Any) -> None:
    for subject, too_large in ((OPENING, True), (f"Re: {OPENING}", False), (OPENING, False)):
        assert verdict("apertura", mail(subject, GOOD), desk=desk, too_large=too_large).letters == ()


def test_a_poisoned_mail_is_quarantined() -> None:
    decision = verdict("apertura", Mail(), poisoned="headers")
    assert (decision.verdict, decision.why, decision.letters) == ("quarantined", "headers", ())


# -- what comes back


def test_a_bounce_of_our_letter_is_noted_and_told_once() -> None:
    report = Report("failed", (MARTA,), ("x1@cau.test",), "5.1.1", "550 no such user")
    ticket = opened()
    facts = facts_of(ticket, registered=None, own=Sent("confirmation", NUMBER, MARTA, "x1@cau.test"))
    decision = verdict("servicio", mail("Undelivered", sender="", report=report), facts)
    assert decision.verdict == "bounce"
    assert letters(decision) == [("delivery_failure", ("n1@cau.test",))]
    after = evolve(ticket, decision.events[0])
    assert (after.unreached, after.state) == ((MARTA,), "assigned")
    again = verdict("servicio", mail("Undelivered", sender="", report=report), replace(facts, tickets={NUMBER: after}))
    assert (again.events, again.letters) == ((), ())


@pytest.mark.parametrize(
    ("given", "contact"),
    [("600 000 000", "600 000 000"), ("m@casa.test", "m@casa.test"), ("Marta@cliente.test", ""), ("", "")],
)
def test_where_mail_does_not_arrive_the_group_reads_how_else_to_reach_them(given: str, contact: str) -> None:
    reach = FieldTable("Otra vía", "reach", "email" if "@" in given else "phone", required=False)
    kinds = {**DESK.kinds, "incident": replace(DESK.kinds["incident"], fields=(*FIELDS, reach))}
    desk = make_desk(kinds=kinds)
    ticket = opened(desk, fields=(("reach", given),))
    report = Report("failed", (MARTA,), ("x1@cau.test",), "5.1.1", "550 no such user")
    facts = facts_of(ticket, registered=None, own=Sent("confirmation", NUMBER, MARTA, "x1@cau.test"))
    (letter,) = verdict("servicio", mail("Undelivered", sender="", report=report), facts, desk).letters
    assert (letter.values["address"], letter.values["contact"]) == (MARTA, contact)


@pytest.mark.parametrize("before", ["RE: ", "Respuesta automática: ", "Automatic reply: ", "Ausente: "])
def test_an_out_of_office_is_noted_and_changes_nothing(before: str) -> None:
    away = mail(before + CONFIRMATION, "Estoy de vacaciones.", automatic="vendor", out_of_office=True)
    pending = opened(state="pending", waiting_since=NOW)
    decision = verdict("servicio", away, facts_of(pending, registered=None))
    assert (decision.verdict, decision.letters) == ("automatic", ())
    assert verdict("servicio", replace(away, sender=STRANGER), facts_of(pending)).events == ()
    assert verdict("servicio", replace(away, out_of_office=False), facts_of(pending)).events == ()
    assert verdict("servicio", away, Facts()).events == (), "the number of no ticket"
    assert evolve(pending, decision.events[0]) == replace(pending, version=pending.version + 1)


OWN, URGENT, USUAL, CAPITALS = OPENINGS, "urgente@cau.test", "normal@cau.test", "CAU@Cau.test"
WRITTEN_TO = [
    # Delivered-To and X-Original-To, To, Cc: the address that counts
    ((), ("OTRA@x.test", URGENT.upper()), (), URGENT),
    ((), (USUAL,), (URGENT,), USUAL),
    ((), ("otra@x.test",), (URGENT,), URGENT),
    (("otra@x.test", URGENT), (USUAL,), (), URGENT),
    ((), ("otra@x.test",), (), OWN),
    ((), (OWN, USUAL), (), OWN),
    ((), (CAPITALS.lower(),), (), CAPITALS),
]


@pytest.mark.parametrize(("delivered", "to", "cc", "address"), WRITTEN_TO)
def test_the_address_written_to_is_the_first_configured_one(
    delivered: tuple[str, ...], to: tuple[str, ...], cc: tuple[str, ...], address: str
) -> None:
    box = replace(DESK.mailboxes[0], addresses={name: AddressTable() for name in (URGENT, USUAL, CAPITALS)})
    message = mail("x", delivered_to=delivered, to=tuple(map(Address, to)), cc=tuple(map(Address, cc)))
    assert reading("apertura", message, make_desk(mailboxes=(box,))).address == address


def test_equal_values_give_equal_decisions() -> None:
    assert verdict("apertura", mail(OPENING, GOOD)) == verdict("apertura", mail(OPENING, GOOD))
    assert DESK.staff >= {ANA, EVA}
