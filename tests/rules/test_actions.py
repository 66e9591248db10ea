"""The technicians' actions, each mail as a row: what it does to the ticket, who is written to; and every way in which
it can be wrong: one letter that names it, and nothing changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from parsers.mail import Attachment
from rules import tables, wording
from rules.access import acts_for
from rules.action_forms import ACTIONS, CONSULTED, event_of, offered, parse_action
from rules.actions import EFFECTS
from rules.assignment import action_grant, action_links
from rules.consultations import CONSULTATIONS
from rules.due import next_due
from rules.firing import fire
from rules.letters import LETTERS, Grant
from rules.lifecycle import move, possible
from rules.tables import Calendar, Category, FieldTable, Mailbox, Quality, Rule, Service
from rules.ticket import Ticket, evolve
from tests.rules.desks import (
    ANA,
    COORD,
    EVA,
    FIELDS,
    GOOD,
    LUIS,
    MARTA,
    NOW,
    NUMBER,
    OPENING,
    OPENINGS,
    letters,
    mail,
    opened,
    resolved,
    verdict,
)
from tests.rules.technicians import FORM, STAFF, act, after, desk, moved

GROUP = "n1@cau.test"
PENDING = {"state": "pending", "reason": "info_requested", "waiting_since": NOW}
EARLIER = NOW - timedelta(hours=1)
OTHER, GONE_ON, ELSEWHERE = "I171008_000007", "I171008_000008", "I171008_000009"
BOSS = "jefe@cliente.test"
SCREEN = Attachment("captura.png", "image/png", 10, "a" * 64)
INLINE = Attachment("logo.png", "image/png", 10, "b" * 64, inline=True)

DONE = [
    # the form, changes of the ticket beforehand, what it is afterwards, letters
    ("Acción: Asignarme", {}, {"assignee": ANA, "state": "assigned"}, [("update", (GROUP,))]),
    ("Acción: Asignar\nTécnico: luis", {}, {"assignee": LUIS}, [("update", (LUIS, GROUP))]),
    ("Acción: Nota\nTexto: llamo mañana", {}, {"state": "assigned"}, []),
    ("Acción: Nota\nTexto: visto", {"state": "closed"}, {"state": "closed"}, []),
    ("Acción: Pedir información\nTexto: ¿Qué navegador?", {},
     {"state": "pending", "reason": "info_requested", "question": "¿Qué navegador?", "waiting_since": NOW,
      "responded_at": NOW}, [("info_request", (MARTA,))]),
    ("Acción: Pedir información\nMotivo: Requiere acción del cliente\nTexto: Reinicie.", {},
     {"state": "pending", "reason": "client_action"}, [("info_request", (MARTA,))]),
    ("Acción: Pendiente\nMotivo: Detenido por el cliente", {},
     {"state": "pending", "reason": "client_hold", "pending_until": None}, []),
    ("Acción: Pendiente\nMotivo: Detenido por el cliente\nTexto: Seguimos el lunes.", {},
     {"state": "pending", "question": "Seguimos el lunes."}, [("info_request", (MARTA,))]),
    ("Acción: Responder\nTexto: Lo estamos mirando.", {}, {"state": "assigned", "responded_at": NOW},
     [("reply", (MARTA,))]),
    ("Acción: Responder\nTexto: Ya lo tiene.", {"state": "resolved"}, {"state": "resolved"}, [("reply", (MARTA,))]),
    ("Acción: Resolver\nSolución: Reiniciado.", {},
     {"state": "resolved", "reason": "no_further_action", "round": 1, "solution": "Reiniciado."},
     [("validation", (MARTA,))]),
    ("Acción: Resolver\nSolución: Otra cosa.", {"round": 1, "responded_at": EARLIER},
     {"round": 2, "solution": "Otra cosa.", "responded_at": EARLIER}, [("validation", (MARTA,))]),
    ("Acción: Resolver\nPlantilla: Solicitud documentación", PENDING,
     {"state": "resolved", "reason": "auto_notified", "solution": "Envíenos la documentación."},
     [("validation", (MARTA,))]),
    ("Acción: Rechazar\nMotivo: No es de este servicio\nTexto: Pídalo en su delegación.", {},
     {"state": "closed", "reason": "desk_rejected", "closed_at": NOW}, [("desk_rejection", (MARTA,))]),
    ("Acción: Reabrir\nTexto: no era eso", {"state": "resolved"}, {"state": "assigned", "reason": "reopened"},
     [("reopening", (MARTA,))]),
    ("Acción: Escalar\nCaso: Otra causa\nMotivo: no sé qué es", {},
     {"group": "coordinacion", "came_from": ("n1",), "reason": "escalated", "assignee": ""},
     [("assignment", ("coordinacion@cau.test",))]),
    ("Acción: Escalar\nCaso: Otra causa", PENDING, {"state": "assigned", "group": "coordinacion"},
     [("assignment", ("coordinacion@cau.test",))]),
    ("Acción: Devolver\nMotivo: no es nuestro", {"came_from": ("n2",)},
     {"group": "n2", "came_from": (), "reason": "returned"}, [("assignment", ("n2@cau.test",))]),
    ("Acción: Categoría\nCategoría: Accesos", {}, {"category": "Accesos", "group": "n1"}, [("update", (GROUP,))]),
    ("Acción: Categoría\nCategoría: Datos", {}, {"category": "Datos", "group": "n2", "came_from": ("n1",)},
     [("assignment", ("n2@cau.test",))]),
    ("Acción: Servicio\nServicio: AREN", {"fields": (("description", "No va."),)}, {"fields": ("service", "AREN")},
     [("update", (GROUP,))]),
    ("Acción: Prioridad\nPrioridad: Urgente", {}, {"priority": "Urgente", "manual_priority": True},
     [("update", (GROUP,))]),
    ("Acción: Servicio\nServicio: conductores", {}, {"fields": ("service", "CONDUCTORES")}, [("update", (GROUP,))]),
    ("Acción: Intento de contacto\nTexto: no contesta", {}, {"contacts": (NOW,)}, []),
    ("Acción: Explicar", {}, {"state": "assigned"}, [("explanation", (ANA,))]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "before", "expected", "names"), DONE, ids=[row[0].replace("\n", ", ") for row in DONE]
)
def test_an_action_does_what_its_row_says(form: str, before: dict, expected: dict, names: list) -> None:
    ticket = opened(STAFF, **before)
    decision = act(form, ticket)
    done = after(decision, ticket)
    assert (decision.verdict, letters(decision)) == ("desk", names)
    for name, value in expected.items():
        found = getattr(done, name)
        assert (value in found) if name == "fields" else (found == value), name


def test_every_action_has_a_form_and_an_effect() -> None:
    assert set(ACTIONS) == set(EFFECTS) | set(CONSULTATIONS)
    assert tuple(CONSULTATIONS) == CONSULTED


def test_a_link_is_offered_for_each_action_that_is_possible_and_all_share_one_token() -> None:
    for state in ("assigned", "pending", "resolved", "closed"):
        ticket = opened(STAFF, state=state)
        links = action_links(ticket, STAFF)
        assert [link.key for link in links] == [
            key
            for key, form in ACTIONS.items()
            if form.on_ticket and possible(ticket, event_of(key)) and offered(key, ticket, STAFF)
        ]
        assert {link.grant for link in links} == {action_grant(ticket)}
        assert all(len(link.subject) + 29 < 76 for link in links)


@pytest.mark.parametrize("came_from", [("n2",), ("disuelto",), ("n2", "disuelto"), ("disuelto", "n2"), ()])
def test_nothing_is_handed_back_to_a_group_that_does_not_exist_any_more(came_from: tuple[str, ...]) -> None:
    """Whatever was offered before on a ticket that is otherwise alike."""
    lives = came_from[-1:] == ("n2",)
    for before in (("n2",), ("disuelto",)):
        now = desk()
        action_links(opened(now, came_from=before), now)
        ticket = opened(now, came_from=came_from)
        assert ("return" in [link.key for link in action_links(ticket, now)]) is lives
        assert (act("Acción: Devolver", ticket, at=now).why == "return") is lives


def test_every_link_opens_a_form_that_its_own_action_understands() -> None:
    ticket = opened(STAFF, came_from=("n2",))
    links = action_links(ticket, STAFF)
    assert len(links) > 10
    for link in links:
        decision = act(link.body, ticket)
        wrong = [fault.code for fault in decision.faults if fault.code not in ("missing", "empty")]
        assert decision.why in (link.key, "refused_faults"), link.key
        assert wrong == [], link.key


def test_a_form_tells_what_may_be_written_in_a_choice_that_is_still_open() -> None:
    bodies = {link.key: link.body for link in action_links(opened(STAFF), STAFF)}
    assert "\nPrioridad: \n[Valores de Prioridad: Urgente, Alta, Media, Baja]\n" in bodies["priority"]
    assert "\n[Valores de Técnico: ana@cau.test, luis@cau.test]\n" in bodies["assign"]
    assert "\n[Valores de Clase: Orden de trabajo]\n" in bodies["reclassify"]
    assert "de Motivo" not in bodies["hold"]  # the usual one stands there
    many = desk(services=(*STAFF.services, *(Service(f"Aplicación {n}") for n in range(20))))
    assert "[Valores" not in next(link.body for link in action_links(opened(many), many) if link.key == "service")


NOTES = {
    # action: what stands below its empty form
    "take": ["[Envíe este mensaje sin cambiar nada.]"],
    "ask": ["[Valores de Plantilla: Solicitud documentación]", "[Basta con rellenar uno: Texto, Plantilla]"],
    "hold": ["[Qué escribir en Hasta: el día en que el trabajo sigue]", "[Puede dejar vacío: Hasta, Texto]"],
    "refuse": ["[Puede dejar vacío: Texto]"],
    "relate": ["[Qué escribir en Con: el número de la otra petición]"],
    "escalate": [
        "[Algunos casos piden más datos: al enviarlo recibirá el formulario de ese caso.]",
        "[Valores de Caso: ERROR 23, Vinculación, Incongruencia en FLEI, Otra causa]",
        "[Puede dejar vacío: Motivo]",
    ],
    "resolve": [
        "[Valores de Motivo: Acción adicional innecesaria, Resolución autom.notificada]",
        "[Valores de Plantilla: Solicitud documentación]",
        "[Qué escribir en Seguimiento: el día en que quiere que se lo recordemos]",
        "[Basta con rellenar uno: Solución, Plantilla]",
        "[Puede dejar vacío: Motivo, Seguimiento]",
    ],
}


@pytest.mark.parametrize("action", NOTES)
def test_a_form_tells_what_is_to_be_written_what_is_enough_and_what_may_stay_empty(action: str) -> None:
    body = next(link.body for link in action_links(opened(STAFF), STAFF) if link.key == action)
    sent = ("[Complete", "[Las fechas")
    assert [line for line in body.split("\n") if line.startswith("[") and not line.startswith(sent)] == NOTES[action]


def test_once_one_of_two_is_written_the_other_may_stay_empty() -> None:
    (link,) = act("Acción: Resolver\nSolución: Hecho.\nSeguimiento: nunca").letters[0].links
    assert "[Puede dejar vacío: Motivo, Plantilla, Seguimiento]" in link.body
    assert "[Basta" not in link.body


# -- reasons


@pytest.mark.parametrize(
    ("kind", "action", "reason", "allowed"),
    [
        ("incident", "Resolver\nSolución: x", "Con éxito",
         ("Acción adicional innecesaria", "Resolución autom.notificada")),
        ("work_order", "Resolver\nSolución: x", "Acción adicional innecesaria", ("Con éxito", "Éxito con problemas")),
        ("incident", "Pendiente", "Acción adicional innecesaria",
         ("Detenido por el cliente", "Info. adicional solicitada sobre cliente", "Requiere acción del cliente")),
    ],
)  # fmt: skip
def test_a_reason_of_another_state_or_kind_is_a_fault_that_lists_the_allowed_ones(
    kind: str, action: str, reason: str, allowed: tuple[str, ...]
) -> None:
    decision = act(f"Acción: {action}\nMotivo: {reason}", opened(STAFF, kind=kind))
    (fault,) = decision.faults
    assert (decision.events, fault.field, fault.code, fault.allowed) == ((), "reason", "not_in_list", allowed)
    assert letters(decision) == [("desk_refusal", (ANA,))]


INFO = "Info. adicional solicitada sobre cliente"
REASONS = [
    # kind, what is done, the manual's literal, state and reason
    ("incident", "Pendiente", "Detenido por el cliente", ("pending", "client_hold")),
    ("incident", "Pendiente", INFO, ("pending", "info_requested")),
    ("incident", "Pedir información\nTexto: ¿?", INFO, ("pending", "info_requested")),
    ("work_order", "Pendiente", "Requiere acción del cliente", ("pending", "client_action")),
    ("incident", "Resolver\nSolución: x", "Acción adicional innecesaria", ("resolved", "no_further_action")),
    ("incident", "Resolver\nSolución: x", "Resolución autom.notificada", ("resolved", "auto_notified")),
    ("incident", "Resolver\nPlantilla: Solicitud documentación", "", ("resolved", "auto_notified")),
    ("work_order", "Resolver\nSolución: x", "Con éxito", ("resolved", "success")),
    ("work_order", "Resolver\nSolución: x", "Éxito con problemas", ("resolved", "success_with_issues")),
]


@pytest.mark.parametrize(("kind", "action", "literal", "expected"), REASONS)
def test_the_manuals_reasons_are_understood_as_they_are_written(
    kind: str, action: str, literal: str, expected: tuple[str, str]
) -> None:
    ticket = opened(STAFF, kind=kind)
    done = after(act(f"Acción: {action}\nMotivo: {literal}", ticket), ticket)
    assert (done.state, done.reason) == expected
    assert wording.word(STAFF, "reasons", done.reason) == (literal or "Resolución autom.notificada")


def test_only_a_member_of_the_group_is_assigned_to() -> None:
    (fault,) = act("Acción: Asignar\nTécnico: eva").faults
    assert (fault.field, fault.code, fault.allowed) == ("technician", "not_in_list", (ANA, LUIS))


def test_a_short_name_that_two_members_share_names_nobody() -> None:
    namesakes = desk({"members": (ANA, "Ana@otra.test", LUIS)})
    (fault,) = act("Acción: Asignar\nTécnico: ana", opened(namesakes), at=namesakes).faults
    assert (fault.code, fault.allowed) == ("not_in_list", (ANA, "Ana@otra.test", LUIS))


def test_a_work_order_ends_with_success_and_its_own_state() -> None:
    done = after(
        act("Acción: Resolver\nSolución: hecho", opened(STAFF, kind="work_order")), opened(STAFF, kind="work_order")
    )
    assert (done.state, done.reason) == ("resolved", "success")
    assert wording.state_label(STAFF, "work_order", done.state) == "Terminado"
    again = act("Acción: Resolver\nMotivo: Éxito con problemas\nSolución: hecho", opened(STAFF, kind="work_order"))
    assert after(again).reason == "success_with_issues"


def test_the_form_leaves_the_reason_open_where_a_canned_reply_would_choose_another() -> None:
    resolve = {link.key: link.body for link in action_links(opened(STAFF), STAFF)}["resolve"]
    assert "Motivo: \r\n" in resolve.replace("\n", "\r\n").replace("\r\r", "\r")
    plain = {link.key: link.body for link in action_links(opened(STAFF), desk(canned=()))}["resolve"]
    assert "Motivo: Acción adicional innecesaria" in plain


# -- what the requester sees (T)


@pytest.mark.parametrize(
    "action", ["Responder\nTexto: Va adjunto.", "Pedir información\nTexto: ¿Es esto?", "Resolver\nSolución: Adjunto."]
)
def test_files_of_an_answer_a_question_or_a_solution_go_to_the_requester(action: str) -> None:
    (letter,) = act(f"Acción: {action}", files=(SCREEN, INLINE)).letters
    assert letter.attachments == (SCREEN,)


@pytest.mark.parametrize(
    "action",
    [
        "Pendiente\nMotivo: Detenido por el cliente\nTexto: Seguimos el lunes.",
        "Rechazar\nMotivo: No es de aquí",
        "Nota\nTexto: secreto del equipo",
        "Intento de contacto\nTexto: secreto del equipo",
    ],
)
def test_of_any_other_action_the_requester_sees_no_file_but_the_ticket_keeps_it(action: str) -> None:
    decision = act(f"Acción: {action}", files=(SCREEN,))
    assert all(letter.attachments == () for letter in decision.letters)
    assert SCREEN in after(decision).attachments
    assert "secreto" not in str(decision.letters)


@pytest.mark.parametrize(
    ("form", "visible"),
    [
        ("Acción: Nota\nTexto: x", False),
        ("Acción: Intento de contacto\nTexto: x", False),
        ("Acción: Pendiente\nMotivo: Detenido por el cliente", False),
        ("Acción: Responder\nTexto: x", True),
        ("Acción: Pedir información\nTexto: x", True),
        ("Acción: Resolver\nSolución: x", True),
        ("Acción: Escalar\nCaso: Otra causa\nMotivo: x", False),
    ],
)
def test_the_journal_shows_a_requester_only_what_was_written_to_them(form: str, visible: bool) -> None:
    assert act(form).events[0].visible is visible


SENT = "[Complete los datos y envíe este mensaje sin cambiar el asunto.]"
SIGNED = "Saludos,\n\nAna Ruiz Gómez\nNivel 1\nTel. 982 000 000 | Praza Maior, 1, 27001 Lugo"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"Acción: Responder\nTexto: Ya está.\n{SENT}\n\n{SIGNED}", "Ya está."),
        (f"Acción: Responder\nTexto:\n{SENT}\nYa está.\n\n{SIGNED}", "Ya está."),
        (f"Acción: Responder\nTexto:\n{SENT}\n\nAna Ruiz no está hasta el lunes.", "Ana Ruiz no está hasta el lunes."),
        (f"Acción: Responder\nTexto:\n{SENT}\n\nAna Gil, de Nivel 2", "Ana Gil, de Nivel 2"),
        (f"Acción: Responder\nTexto: Ya está.\nAna Ruiz\nNivel 1\n{SENT}", "Ya está.\nAna Ruiz\nNivel 1"),
        (f"Acción: Responder\nTexto: Ya está.\n[Valores de Plantilla: Solicitud\nque hubo]\n{SENT}", "Ya está."),
    ],
    ids=["its text above", "its text below our words", "a sentence", "another name", "signed by hand above", "a hint"],
)  # fmt: skip
def test_a_signature_that_outlook_puts_below_the_form_stays_at_the_desk(body: str, text: str) -> None:
    assert act(body).letters[0].values["text"] == text


def test_such_a_signature_is_no_text() -> None:
    assert act(f"Acción: Responder\nTexto:\n{SENT}\n\n{SIGNED}").why == "refused_faults"


def test_why_a_technician_reopens_stays_in_the_journal() -> None:
    decision = act("Acción: Reabrir\nTexto: me equivoqué de cliente", resolved(STAFF))
    assert "equivoqué" in decision.events[0].text
    assert "equivoqué" not in str(decision.letters[0].values)
    assert decision.letters[0].values["by"] == "desk"


def test_the_recipient_of_an_answer_cannot_be_changed_and_participants_get_it_too() -> None:
    decision = act("Acción: Responder\nTexto: Hola\nSolicitante: otro@ajeno.test", opened(STAFF, participants=(BOSS,)))
    assert letters(decision) == [("reply", (MARTA,))]
    ticket = decision.letters[0].ticket
    assert LETTERS["reply"].copies and ticket and ticket.participants == (BOSS,)


@pytest.mark.parametrize(
    ("form", "reached"),
    [
        ("Responder\nTexto: Lo miramos.", True),
        ("Pedir información\nTexto: ¿Qué navegador?", True),
        ("Responder\nPlantilla: Solicitud documentación", False),  # the mail holds but its title
        ("Resolver\nSolución: Reiniciado.", False),  # the letter says more: what to do now
        ("Rechazar\nMotivo: No es de este servicio", False),
    ],
)
def test_what_reached_a_participant_by_the_technicians_mail_is_not_sent_again(form: str, reached: bool) -> None:
    decision = act(f"Acción: {form}", opened(STAFF, participants=(BOSS,)), cc=("Jefe@cliente.test",))
    assert (BOSS in decision.letters[0].reached) is reached


# -- canned replies


def test_a_canned_reply_brings_its_text_before_the_typed_one_and_its_files() -> None:
    (letter,) = act("Acción: Responder\nPlantilla: solicitud documentacion\nTexto: Un saludo.").letters
    assert letter.values["text"] == "Envíenos la documentación.\n\nUn saludo."
    assert letter.files == (FORM,)
    (solution,) = act("Acción: Resolver\nPlantilla: Solicitud documentación").letters
    assert solution.files == (FORM,)


@pytest.mark.parametrize("form", ["Responder\n", "Pedir información\n", "Pendiente\nMotivo: Detenido por el cliente\n"])
def test_who_asked_to_be_forgotten_is_not_written_to(form: str) -> None:
    forgotten = opened(STAFF, requester="erased-1")
    decision = act(f"Acción: {form}Texto: ¿Sigue igual?", forgotten)
    assert (decision.events, [fault.detail for fault in decision.faults]) == ((), ["erased"])


def test_a_canned_reply_of_another_group_is_not_in_the_list() -> None:
    decision = act("Acción: Responder\nPlantilla: Vinculado")
    assert [(f.field, f.code, f.allowed) for f in decision.faults] == [
        ("canned", "not_in_list", ("Solicitud documentación",))
    ]
    coordination = opened(STAFF, group="coordinacion")
    assert act("Acción: Responder\nPlantilla: Vinculado", coordination, sender=COORD).why == "answer"


CANNED_ONLY = desk({"free_text": False})


@pytest.mark.parametrize(
    "form",
    [
        "Responder\nTexto: Hola",
        "Resolver\nSolución: Hecho",
        "Pedir información\nTexto: ¿Y?",
        "Pendiente\nMotivo: Detenido por el cliente\nTexto: Espere",
    ],
)
def test_a_group_without_free_text_writes_canned_replies_only(form: str) -> None:
    decision = act(f"Acción: {form}", at=CANNED_ONLY)
    (fault,) = decision.faults
    assert (fault.code, fault.detail, fault.allowed) == ("refused", "free_text", ("Solicitud documentación",))
    assert act("Acción: Responder\nPlantilla: Solicitud documentación", at=CANNED_ONLY).why == "answer"
    assert act("Acción: Nota\nTexto: libre", at=CANNED_ONLY).why == "note"


def test_its_forms_do_not_offer_the_free_text() -> None:
    bodies = {link.key: link.body for link in action_links(opened(CANNED_ONLY), CANNED_ONLY)}
    assert "Texto:" not in bodies["answer"]
    assert "Plantilla:" in bodies["answer"]
    missing = act("Acción: Responder", at=CANNED_ONLY).faults
    assert [(f.field, f.allowed) for f in missing] == [("canned", ("Solicitud documentación",))]


# -- dates


def test_a_hold_until_a_date_comes_back_at_its_first_moment() -> None:
    decision = act("Acción: Pendiente\nMotivo: Detenido por el cliente\nHasta: 16/10/2017")
    held = after(decision)
    assert (held.state, held.pending_until) == ("pending", datetime(2017, 10, 15, 22, tzinfo=UTC))
    assert next_due(held, STAFF, NOW) == (held.pending_until, "pending_until")
    back = fire(held, "pending_until", STAFF, held.pending_until)
    assert after(back, held).state == "assigned"
    assert [(letter.to, letter.values["what"]) for letter in back.letters] == [((GROUP,), "pending_over")]


def test_a_text_with_a_hold_until_a_date_asks_for_nothing() -> None:
    (letter,) = act(
        "Acción: Pendiente\nMotivo: Detenido por el cliente\nHasta: 16/10/2017\nTexto: Falta la pieza."
    ).letters
    until = datetime(2017, 10, 15, 22, tzinfo=UTC)
    assert (letter.name, letter.to) == ("reply", (MARTA,))
    assert (letter.values["text"], letter.values["until"]) == ("Falta la pieza.", until)


def test_the_requester_reads_on_which_day_somebody_works_again() -> None:
    """12/10 is a holiday."""
    office = desk({"calendar": "oficina"}, calendars={"oficina": Calendar(hours=("09:00-14:00",), holidays="ES")})
    form = "Acción: Pendiente\nMotivo: Detenido por el cliente\nHasta: 12/10/2017\nTexto: Falta la pieza."
    (letter,) = act(form, opened(office), at=office).letters
    assert letter.values["until"] == datetime(2017, 10, 13, 7, tzinfo=UTC)


@pytest.mark.parametrize("form", ["Pendiente\nMotivo: Detenido por el cliente\nHasta: 09/10/2017",
                                  "Resolver\nSolución: x\nSeguimiento: 01/01/1999"])  # fmt: skip
def test_a_date_that_is_over_is_a_fault(form: str) -> None:
    (fault,) = act(f"Acción: {form}").faults
    assert (fault.code, fault.detail) == ("refused", "past")


def test_a_follow_up_outlives_the_closing_and_is_dropped_when_it_is_worked_on_again() -> None:
    done = after(act("Acción: Resolver\nSolución: x\nSeguimiento: 20/10/2017"))
    assert done.follow_up is not None
    told = replace(done, told=("silence_reminder:1", "follow_up"))
    closed = evolve(told, move(told, "validate", NOW))
    assert (closed.follow_up, closed.told) == (done.follow_up, ("follow_up",))  # and is not told of twice
    assert after(act("Acción: Reabrir", done), done).follow_up is None


# -- escalation


def test_everything_that_a_case_demands_is_asked_for_at_once() -> None:
    both = desk(escalations=(replace(STAFF.escalations[0], files=("pantallazo", "informe")),))
    decision = act("Acción: Escalar\nCaso: ERROR 23\nIP: 10.0.0.1", at=both, files=(SCREEN,))
    assert [(f.field or f.allowed[0], f.code) for f in decision.faults] == [
        ("client", "missing"),
        ("informe", "missing_file"),
    ]
    (letter,) = decision.letters
    assert letter.name == "desk_refusal"
    assert "IP: 10.0.0.1" in letter.links[0].body
    assert letter.values["files"] == ("captura.png",)


def test_a_case_with_all_that_it_demands_tells_the_coordination_group() -> None:
    decision = act("Acción: Escalar\nCaso: error 23\nCod_cliente: B12345674\nIP: 10.0.0.1")
    (letter,) = decision.letters
    assert letter.values["case"] == (("Caso", "ERROR 23"), ("Cod_cliente", "B12345674"), ("IP", "10.0.0.1"))
    assert (letter.values["why"], letter.values["by"]) == ("escalated", "Ana Ruiz")


def test_files_of_the_ticket_count_for_a_case_and_the_next_group_gets_them_all() -> None:
    ticket, more = opened(STAFF, attachments=(SCREEN,)), replace(SCREEN, name="lopd.pdf")
    (letter,) = act("Acción: Escalar\nCaso: Vinculación", ticket, files=(more,)).letters
    assert (letter.name, letter.to, letter.attachments) == ("assignment", ("coordinacion@cau.test",), (SCREEN, more))


def test_a_case_of_another_kind_is_a_fault_that_lists_those_of_this_one() -> None:
    (fault,) = act("Acción: Escalar\nCaso: Incongruencia en FLEI").faults
    assert (fault.code, fault.allowed) == ("not_in_list", ("ERROR 23", "Vinculación", "Otra causa"))


def test_only_the_coordination_group_escalates_to_specialists() -> None:
    ticket = opened(STAFF, group="coordinacion", came_from=("n1",))
    decision = act("Acción: Escalar\nGrupo: Nivel 2\nMotivo: es de bases de datos", ticket, sender=COORD)
    done = after(decision, ticket)
    assert (done.group, done.came_from, done.reason) == ("n2", ("n1", "coordinacion"), "escalated")
    assert letters(decision) == [("assignment", ("n2@cau.test",))]
    by_n1 = act("Acción: Escalar\nGrupo: Nivel 2", opened(STAFF))
    assert [(f.field, f.code) for f in by_n1.faults] == [("case", "missing")]
    itself = act("Acción: Escalar\nGrupo: Coordinación", ticket, sender=COORD)
    assert [(f.field, f.code) for f in itself.faults] == [("group", "not_in_list")]


def test_there_and_back() -> None:
    ticket = opened(STAFF)
    ticket = after(act("Acción: Escalar\nCaso: Otra causa", ticket), ticket)
    ticket = after(act("Acción: Escalar\nGrupo: Nivel 2", ticket, sender=COORD), ticket)
    ticket = after(act("Acción: Devolver", ticket, sender=EVA), ticket)
    assert (ticket.group, ticket.came_from) == ("coordinacion", ("n1",))
    ticket = after(act("Acción: Devolver", ticket, sender=COORD), ticket)
    assert (ticket.group, ticket.came_from, ticket.reason) == ("n1", (), "returned")


# -- two tickets


@pytest.mark.parametrize(
    ("language", "written", "prepared"),
    [
        ("es", "Acción: Pendiente\nMotivo: nada\nHasta: 20 de octubre de 2017",
         "dejar vacío: Texto]\n[Las fechas se leen como día/mes/año, por ejemplo 31/12/2017.]\n[Complete"),
        ("es", "Acción: Pendiente\nMotivo: nada\nHasta: 20 de octubre de 2017", "Hasta: 20/10/2017\nTexto: \n"),
        ("en", "Action: Put on hold\nReason: nothing\nUntil: October 20, 2017",
         "leave empty: Text]\n[Dates are read day first, so 10/09/2017 is 10 September. Or write"),
        ("en", "Action: Put on hold\nReason: nothing\nUntil: 10/23/17", "Until: 23 Oct 2017\n"),
    ],
)  # fmt: skip
def test_a_form_says_how_dates_are_read_and_writes_them_so(language: str, written: str, prepared: str) -> None:
    at = desk(group={"language": language})
    (link,) = act(written, at=at).letters[0].links
    assert prepared in link.body
    assert act(link.body, at=at).why == "hold"


def test_the_forms_of_a_group_are_in_its_language() -> None:
    english = desk(group={"language": "en"})
    ticket = opened(english)
    links = action_links(ticket, english)
    assert len(links) > 10
    for link in links:
        assert link.body.startswith("Action: ")
        key, form = parse_action(link.body, ticket, english)
        assert (event_of(key), link.key) == (event_of(link.key), link.key)
        assert not form.get("reason") or form.get("reason") in english.words("en")["reasons"].values()


def other(**changes: object) -> Ticket:
    return opened(STAFF, number=OTHER, **changes)


@pytest.mark.parametrize(
    "body", [f"Acción: Asignarme\nNúmero: {OTHER}", f"Acción: Nota\nTexto: Era un cable.\nnumero : {OTHER.lower()}"]
)
def test_a_form_that_names_another_ticket_is_done_to_neither(body: str) -> None:
    decision = act(body, None, other())
    assert (decision.why, decision.events) == ("refused_faults", ())
    assert [(f.code, f.read, f.allowed) for f in decision.faults] == [("other_ticket", OTHER, (NUMBER,))]


@pytest.mark.parametrize("named", [NUMBER, "600 123 456", "el de la factura"])
def test_a_form_may_name_its_own_ticket_and_any_other_number(named: str) -> None:
    assert act(f"Acción: Nota\nTexto: Llama otra vez.\nNúmero: {named}").events[0].name == "note"


def test_a_form_may_name_its_ticket_by_the_number_that_it_had() -> None:
    old = other(state="closed", points_to=NUMBER)
    assert act(f"Acción: Nota\nTexto: Llama.\nNúmero: {OTHER}", None, old).events[0].number == NUMBER


@pytest.mark.parametrize("kinds", [("incident", "incident"), ("work_order", "work_order"), ("incident", "work_order")])
def test_a_relation_is_noted_on_both_tickets(kinds: tuple[str, str]) -> None:
    ticket, order = opened(STAFF, kind=kinds[0]), other(kind=kinds[1])
    decision = act(f"Acción: Relacionar\nCon: {OTHER.lower().replace('_', '-')}.", ticket, order)
    assert [(e.number, e.changes["relations"]) for e in decision.events] == [(NUMBER, (OTHER,)), (OTHER, (NUMBER,))]
    assert letters(decision) == [("update", (ANA,))]
    assert (decision.letters[0].values["what"], decision.letters[0].values["text"]) == ("related", OTHER)


def test_merging_closes_the_duplicate_and_moves_its_people_and_files() -> None:
    ticket = opened(STAFF, requester=BOSS, attachments=(SCREEN,))
    decision = act(f"Acción: Unir\nCon: {OTHER}", ticket, other())
    merged, kept = (evolve(t, e) for t, e in zip((ticket, other()), decision.events, strict=True))
    assert (merged.state, merged.reason, merged.points_to) == ("closed", "merged", OTHER)
    assert (kept.participants, kept.attachments, kept.relations) == ((BOSS,), (SCREEN,), (NUMBER,))
    assert letters(decision) == [("merged", (BOSS,)), ("merged", (MARTA,)), ("update", (GROUP,))]
    assert decision.letters[1].ticket is not None
    assert BOSS not in decision.letters[1].ticket.participants  # they have their own letter


def test_whoever_opened_both_takes_no_part_in_the_one_that_goes_on() -> None:
    decision = act(f"Acción: Unir\nCon: {OTHER}", opened(STAFF), other())
    assert evolve(other(), decision.events[1]).participants == ()


def test_whoever_is_part_of_both_is_told_once() -> None:
    decision = act(f"Acción: Unir\nCon: {OTHER}", opened(STAFF), other(participants=(BOSS,)))
    assert letters(decision) == [("merged", (MARTA,)), ("merged", (BOSS,)), ("update", (GROUP,))]


def test_whoever_is_part_of_both_is_told_once_however_they_are_written() -> None:
    decision = act(f"Acción: Unir\nCon: {OTHER}", opened(STAFF, requester=BOSS), other(participants=(BOSS.upper(),)))
    assert letters(decision)[:2] == [("merged", (BOSS,)), ("merged", (MARTA,))]


@pytest.mark.parametrize("action", ["Unir", "Relacionar"])
@pytest.mark.parametrize("number", ["I171008_999999", NUMBER, "cualquiera"])
def test_an_unknown_number_is_a_fault(action: str, number: str) -> None:
    decision = act(f"Acción: {action}\nCon: {number}", opened(STAFF), other())
    assert (decision.events, [f.field for f in decision.faults]) == ((), ["with"])
    assert decision.letters[0].name == "desk_refusal"


@pytest.mark.parametrize("changes", [{"state": "closed"}, {"group": "n2"}], ids=["closed", "another group's"])
def test_a_ticket_that_is_closed_or_of_another_group_takes_no_duplicate(changes: dict) -> None:
    assert act(f"Acción: Unir\nCon: {OTHER}", opened(STAFF), other(**changes)).events == ()


@pytest.mark.parametrize(
    ("form", "left"),
    [
        ("Relacionar\nCon: la de Marta", "Con: \n"),
        (f"Unir\nCon: {NUMBER}", "Con: \n"),
        (f"Unir\nCon: {OTHER}", "Con: \n"),
        (f"Unir\nCon: {GONE_ON}", f"Con: {ELSEWHERE}\n"),
        ("Reclasificar\nClase: Incidencia", "Clase: \n"),
        ("Prioridad\nPrioridad: Enorme", "Prioridad: \n"),
        ("Pendiente\nMotivo: Detenido por el cliente\nHasta: 01/10/2017", "Motivo: Detenido por el cliente\nHasta: \n"),
        ("Pendiente\nMotivo: Detenido por el cliente\nHasta: ayer", "Motivo: Detenido por el cliente\nHasta: \n"),
        ("Escalar\nCaso: Incongruencia en FLEI", "Caso: \n"),
    ],
)
def test_the_prepared_message_has_what_was_right_or_meant_and_leaves_empty_what_was_wrong(form: str, left: str) -> None:
    gone = replace(other(state="closed", points_to=ELSEWHERE), number=GONE_ON)
    others = other(state="closed"), gone, replace(other(), number=ELSEWHERE)
    (link,) = act(f"Acción: {form}", opened(STAFF), *others).letters[0].links
    assert left in link.body


def test_reclassifying_opens_another_number_that_the_old_one_points_to() -> None:
    order = "W171009_000003"
    ticket = opened(STAFF, attachments=(SCREEN,), participants=(BOSS,), priority="Alta")
    decision = act("Acción: Reclasificar\nClase: Orden de trabajo", ticket, next_number=order)
    closed, new = evolve(ticket, decision.events[0]), evolve(None, decision.events[1])
    assert (closed.state, closed.reason, closed.points_to) == ("closed", "reclassified", order)
    assert (new.number, new.kind, new.requester, new.participants) == (order, "work_order", MARTA, (BOSS,))
    assert (new.priority, new.received_at, new.attachments) == ("Alta", ticket.received_at, (SCREEN,))
    assert new.value("description") == ticket.value("description")
    assert [name for name, _ in letters(decision)] == ["reclassified", "confirmation", "assignment"]


def test_a_reclassified_ticket_that_waited_goes_on_with_what_was_counted_and_told() -> None:
    counted, told = ((EARLIER, NOW),), ("response_warning:Media",)
    ticket = opened(STAFF, **PENDING, running=counted, told=told, unreached=(MARTA,), category="Accesos")
    decision = act("Acción: Reclasificar\nClase: Orden de trabajo", ticket, next_number="W171009_000003")
    new = evolve(None, decision.events[1])
    assert decision.events[0].text == new.number
    assert (new.state, new.running, new.told) == ("assigned", (*counted, (NOW, None)), told)
    assert (new.unreached, new.category, new.relations) == ((MARTA,), "Accesos", (NUMBER,))


def test_fields_that_the_new_kind_lacks_may_come_with_it() -> None:
    order = opened(STAFF, number="W171009_000001", kind="work_order", fields=(("description", "No puedo entrar."),))
    form = "Acción: Reclasificar\nClase: Incidencia\nServicio/Aplicación: AREN\nTipo: Pérdida de Servicio"
    decision = act(form, order, next_number="I171009_000050")
    new = evolve(None, decision.events[1])
    assert (new.value("service"), new.value("description"), new.group) == ("AREN", "No puedo entrar.", "n2")


def test_reclassifying_into_its_own_kind_is_a_fault() -> None:
    (fault,) = act("Acción: Reclasificar\nClase: Incidencia", next_number="I171009_000050").faults
    assert (fault.label, fault.allowed) == ("Clase", ("Orden de trabajo",))


# -- routing again


def test_a_technicians_priority_is_final() -> None:
    ticket = after(act("Acción: Prioridad\nPrioridad: Baja"))
    outage = after(
        act(
            "Acción: Servicio\nServicio: AREN",
            replace(ticket, fields=(("service", "CONDUCTORES"), ("type", "Pérdida de Servicio"))),
        ),
        ticket,
    )
    assert (outage.priority, outage.group) == ("Baja", "n2")


@pytest.mark.parametrize("form", ["Categoría\nCategoría: Accesos", "Servicio\nServicio: conductores"])
def test_an_escalated_ticket_stays_where_it_is_when_routing_says_nothing_new(form: str) -> None:
    ticket = opened(STAFF, group="coordinacion", came_from=("n1",), priority="Alta")
    decision = act(f"Acción: {form}", ticket, sender=COORD)
    done = after(decision, ticket)
    assert letters(decision) == [("update", ("coordinacion@cau.test",))]
    assert (done.group, done.came_from, done.priority) == ("coordinacion", ("n1",), "Alta")


ALIAS = "alta@cau.test"
FIXED = desk(
    mailboxes=(
        Mailbox("apertura", ("opening",), OPENINGS, {ALIAS: tables.Address("Alta", ("incident",), "n2")}),
        *STAFF.mailboxes[1:],
    )
)


def test_what_the_address_of_an_opening_fixed_holds_when_it_is_routed_again() -> None:
    ticket = opened(FIXED, address=ALIAS, priority="Alta", group="n2")
    done = after(act("Acción: Servicio\nServicio: conductores", ticket, sender=EVA, at=FIXED), ticket)
    assert (done.priority, done.group, done.came_from) == ("Alta", "n2", ())
    order = act("Acción: Reclasificar\nClase: Orden de trabajo", ticket, sender=EVA, at=FIXED, next_number="W171009_1")
    assert order.group == "n1"  # the address takes none of these


def test_a_category_that_the_rules_gave_follows_them_and_one_that_was_chosen_stays() -> None:
    rules = (
        Rule("aren", {"service": "AREN"}, {"category": "Datos"}),
        Rule("conductores", {"service": "CONDUCTORES"}, {"category": "Accesos", "group": "coordinacion"}),
    )
    ruled = desk(rules=rules, categories=(*STAFF.categories, Category("Red", group="n2")))
    given = opened(ruled)
    rows = ((given, "Accesos", "coordinacion"), (replace(given, category="Red"), "Red", "n2"))
    for ticket, category, group in rows:
        done = after(act("Acción: Servicio\nServicio: CONDUCTORES", ticket, sender=EVA, at=ruled), ticket)
        assert (done.category, done.group) == (category, group)


def test_a_service_is_chosen_as_the_form_of_its_kind_asks_for_it() -> None:
    own = FieldTable("Servicio/Aplicación", "service", "choice", values=("AREN", "PADRÓN"))
    kinds = {**STAFF.kinds, "incident": replace(STAFF.kinds["incident"], fields=(own, *FIELDS[1:]))}
    listed = desk(kinds=kinds, services=())
    done = after(act("Acción: Servicio\nServicio: padron", opened(listed), at=listed), opened(listed))
    assert done.value("service") == "PADRÓN"


def test_a_priority_that_does_not_exist_names_those_that_do() -> None:
    (fault,) = act("Acción: Prioridad\nPrioridad: Altisima").faults
    assert fault.allowed == ("Urgente", "Alta", "Media", "Baja")


# -- attempts to contact (J)


def test_at_most_three_attempts_a_day_and_a_reminder_after_the_third() -> None:
    twice = opened(STAFF, contacts=(NOW - timedelta(hours=2), NOW - timedelta(hours=1)))
    third = act("Acción: Intento de contacto\nTexto: nada", twice)
    assert letters(third) == [("reminder", (MARTA,))]
    assert third.letters[0].values["about"] == "contact"
    fourth = act("Acción: Intento de contacto", after(third, twice))
    assert [f.detail for f in fourth.faults] == ["contact_limit"]
    tomorrow = replace(twice, contacts=tuple(at - timedelta(days=1) for at in (*twice.contacts, NOW)))
    assert act("Acción: Intento de contacto", tomorrow).why == "contact"


def test_no_second_reminder_on_one_day() -> None:
    twice = opened(STAFF, contacts=(NOW - timedelta(hours=2), NOW - timedelta(hours=1)))
    told = {NUMBER: (moved("reminder", "", told=("silence_reminder:1",)),)}
    assert act("Acción: Intento de contacto", twice, journals=told).letters == ()


def test_attempts_are_made_within_the_calendar() -> None:
    night = desk({"calendar": "tardes"}, calendars={"tardes": Calendar(hours=("16:00-20:00",))})
    (fault,) = act("Acción: Intento de contacto", opened(night), at=night).faults
    assert fault.detail == "out_of_hours"


# -- triage (L)


def test_with_triage_the_coordinator_gets_the_assignment_with_its_own_links() -> None:
    triage = desk({"triage": "coordinator"})
    ticket = opened(triage, group="coordinacion", came_from=("n1",))
    decision = act("Acción: Devolver", ticket, sender=COORD, at=triage)
    assert letters(decision) == [("assignment", (GROUP,)), ("assignment", (COORD,))]
    assert all(letter.links for letter in decision.letters)
    assert [letter.values["why"] for letter in decision.letters] == ["returned", "returned"]


def test_the_coordinator_who_assigns_is_told_that_a_new_ticket_waits_for_it() -> None:
    decision = verdict("apertura", mail(OPENING, GOOD), desk=desk({"triage": "coordinator"}))
    assigned = [letter for letter in decision.letters if letter.name == "assignment"]
    assert [(letter.to, letter.values["why"]) for letter in assigned] == [((GROUP,), "new"), ((COORD,), "triage")]


# -- who may


@pytest.mark.parametrize(
    ("sender", "verdict", "why"),
    [
        (ANA, "desk", "take"),
        (ANA.upper(), "desk", "take"),
        (COORD, "desk", "take"),
        (EVA, "desk", "refused_stranger"),
        ("n1@cau.test", "desk", "refused_group_address"),
        (MARTA, "untreated", "stranger"),
        ("mallory@otro.test", "untreated", "stranger"),
    ],
)
def test_members_and_coordinators_act_others_learn_why_or_nothing(sender: str, verdict: str, why: str) -> None:
    decision = act("Acción: Asignarme", sender=sender)
    assert (decision.verdict, decision.why) == (verdict, why)
    assert bool(decision.letters) == (verdict == "desk")


def test_a_token_of_a_group_that_the_ticket_left_is_dead() -> None:
    gone = opened(STAFF, group="n2", came_from=("n1",))
    decision = act("Acción: Asignarme", gone, grant=Grant("action", number=NUMBER, group="n1", round=1))
    (letter,) = decision.letters
    assert (decision.why, decision.events) == ("refused_other_group", ())
    assert (letter.values["read"], letter.ticket) == (NUMBER, None)


def test_a_token_is_dead_although_the_ticket_came_back() -> None:
    back = opened(STAFF, version=3)
    journal = (moved("opened", MARTA, group="n1"), moved("escalate", ANA, group="coordinacion"),
               moved("return", COORD, group="n1"))  # fmt: skip
    old = act(
        "Acción: Asignarme", back, grant=Grant("action", number=NUMBER, group="n1", round=1), journals={NUMBER: journal}
    )
    assert (old.why, old.events, bool(old.letters[0].links)) == ("refused_moved", (), True)
    fresh = act("Acción: Asignarme", back, journals={NUMBER: journal})
    assert fresh.why == "take"


def test_a_coordination_group_may_act_on_what_it_passed_on() -> None:
    passed = opened(STAFF, group="n2", came_from=("n1", "coordinacion"))
    assert acts_for(STAFF, passed, COORD)


# -- what is refused


IMPOSSIBLE = [
    # state, form, who changed it, why
    ("resolved", "Acción: Resolver\nSolución: x", LUIS, "refused_changed"),
    ("resolved", "Acción: Resolver\nSolución: x", ANA, "refused_state"),
    ("resolved", "Acción: Asignarme", LUIS, "refused_changed"),
    ("assigned", "Acción: Reabrir", MARTA, "refused_changed"),
    ("closed", "Acción: Resolver\nSolución: x", MARTA, "refused_closed"),
    ("closed", "Acción: Responder\nTexto: x", "", "refused_closed"),
    ("closed", "Acción: Prioridad\nPrioridad: Alta", LUIS, "refused_changed"),
    ("pending", "Acción: Pedir información\nTexto: x", ANA, "refused_state"),
    ("assigned", "Acción: Devolver", ANA, "refused_state"),
]


@pytest.mark.parametrize(("state", "form", "by", "why"), IMPOSSIBLE)
def test_what_the_state_does_not_allow_changes_nothing(state: str, form: str, by: str, why: str) -> None:
    ticket = opened(STAFF, state=state)
    journal = (moved("opened", MARTA, state="assigned"), moved("resolve", by, state=state))
    decision = act(form, ticket, journals={NUMBER: journal})
    assert (decision.verdict, decision.why, decision.events) == ("desk", why, ())
    (letter,) = decision.letters
    assert (letter.name, letter.to) == ("desk_refusal", (ANA,))
    assert [link.key for link in letter.links] == [link.key for link in action_links(ticket, STAFF)]


def test_of_two_technicians_the_second_learns_what_changed_by_whom_with_fresh_links() -> None:
    first = act("Acción: Resolver\nSolución: listo", sender=LUIS)
    now = after(first)
    second = act(
        "Acción: Pedir información\nTexto: ¿?", now, journals={NUMBER: (moved("opened", MARTA), *first.events)}
    )
    (letter,) = second.letters
    assert (letter.values["what"], letter.values["by"], letter.values["event"]) == ("changed", LUIS, "resolve")
    assert {link.grant for link in letter.links} == {action_grant(now)}
    assert "reopen" in {link.key for link in letter.links}


ASSIGNING = [
    # who assigned it after the letter of the link, what is asked for now, whether it is done
    (LUIS, "Acción: Asignarme", False),
    (LUIS, "Acción: Asignar\nTécnico: ana", False),
    (ANA, "Acción: Asignar\nTécnico: luis", True),
    (LUIS, "Acción: Responder\nTexto: Lo miramos.", True),
]


@pytest.mark.parametrize(("first", "form", "done"), ASSIGNING)
def test_of_two_who_assign_it_at_once_the_first_wins(first: str, form: str, done: bool) -> None:
    now = after(act("Acción: Asignarme", sender=first))
    journal = {NUMBER: (moved("opened", MARTA, assignee=""), moved("take", first, assignee=first))}
    stale = act(form, now, grant=action_grant(opened(STAFF)), journals=journal)
    assert (stale.why != "refused_changed", bool(stale.events)) == (done, done)
    if not done:
        (letter,) = stale.letters
        assert (letter.values["by"], letter.values["event"]) == (first, "take")
        assert {link.grant for link in letter.links} == {action_grant(now)}
    fresh = act(form, now, journals=journal)
    assert fresh.events


@pytest.mark.parametrize("body", ["Acción: Bailar", "Texto: hola", "", "hola"])
def test_an_unknown_action_is_answered_with_those_there_are(body: str) -> None:
    decision = act(body)
    assert (decision.why, decision.events) == ("refused_unknown_action", ())
    assert decision.letters[0].links


def test_those_are_the_ones_that_the_state_allows() -> None:
    (fault,) = act("Acción: Bailar", resolved(STAFF)).faults
    assert {"Reabrir", "Nota", "Buscar"} <= set(fault.allowed)
    assert not {"Resolver", "Escalar"} & set(fault.allowed)


def test_all_faults_of_a_form_come_with_the_repaired_one() -> None:
    decision = act("Acción: Resolver\nMotivo: Con éxito\nSeguimiento: mañana")
    assert decision.events == ()
    assert {(f.field, f.code) for f in decision.faults} == {
        ("reason", "not_in_list"),
        ("follow_up", "bad_date"),
        ("solution", "missing"),
    }
    (link,) = decision.letters[0].links
    assert link.body.startswith("Acción: Resolver")
    assert link.grant == action_grant(opened(STAFF))


def test_the_repaired_form_never_repeats_a_password() -> None:
    decision = act("Acción: Pendiente\nTexto: la contraseña: hunter22x")
    assert "hunter22x" not in str(decision.letters[0].links)


# -- how technicians write (M)


def test_the_netiquette_checks_tell_a_technician_alone() -> None:
    strict = desk(quality=Quality(all_capitals="refuse", shouting="warn"))
    decision = act("Acción: Responder\nTexto: ¡¡¡YA LE HEMOS DICHO QUE ESPERE!!!", at=strict)
    assert letters(decision) == [("reply", (MARTA,)), ("update", (ANA,))]
    assert decision.letters[1].values["what"] == "netiquette"
    assert set(decision.letters[1].values["warnings"]) == {"all_capitals", "shouting"}
    assert len(act("Acción: Responder\nTexto: Ya casi está.", at=strict).letters) == 1
