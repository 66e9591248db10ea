"""What technicians ask without a token: open for a caller, search by every criterion, worklist, explanation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from parsers.mail import Address, Attachment
from rules import queries
from rules.assignment import consult_link
from rules.deadlines import deadlines
from rules.facts import Facts, Search
from rules.lookups import MOST_FOUND
from rules.tables import Calendar, FieldTable, PersonTable, Rule
from rules.ticket import Event, evolve, fold
from tests.rules.desks import (
    ANA,
    EVA,
    FIELDS,
    LUIS,
    MARTA,
    NOW,
    NUMBER,
    OPENINGS,
    SERVICE,
    letters,
    mail,
    opened,
    reading,
    verdict,
)
from tests.rules.technicians import STAFF, SUBJECT, act, ask_desk, desk, facts_for

CALL = """Acción: Abrir
Clase: Incidencia
Solicitante: pepe@cliente.test
Servicio/Aplicación: Arena
Tipo: Error Acceso
Descripción: Llama porque no puede entrar.
"""
SCREEN = Attachment("captura.png", "image/png", 10, "a" * 64)


# -- Abrir


def test_opening_for_a_caller_confirms_to_the_requester_and_assigns_to_the_group() -> None:
    decision = ask_desk(CALL, next_number=NUMBER)
    ticket = evolve(None, decision.events[0])
    assert (ticket.number, ticket.kind, ticket.requester) == (NUMBER, "incident", "pepe@cliente.test")
    assert (ticket.value("service"), ticket.value("type"), ticket.group) == ("AREN", "Error Acceso", "n1")
    assert letters(decision) == [("confirmation", ("pepe@cliente.test",)), ("assignment", ("n1@cau.test",))]
    assert decision.letters[0].values["opened_by"] == "Marta Gil"  # the name in the technician's From
    assert (decision.events[0].actor, decision.verdict) == (ANA, "desk")


def test_what_a_caller_says_is_routed_by_hour_and_files_and_the_group_sees_what_they_asked_before() -> None:
    night = Calendar(hours=("22:00-24:00",))
    rules = (Rule("de día", {"business_hours": False, "attachment": True}, {"group": "n2"}),)
    guarded = desk({"calendar": "noche"}, calendars={"noche": night}, rules=rules)
    message = mail("Consulta", CALL, sender=ANA, attachments=(SCREEN,))
    asked_before = Facts(next_number=NUMBER, earlier=(opened(number="I171001_000003"),))
    decision = verdict("tecnicos", message, asked_before, guarded)
    assert letters(decision)[1] == ("assignment", ("n2@cau.test",))
    assert decision.letters[1].values["earlier"] == asked_before.earlier
    assert reading("tecnicos", message, guarded).needs(guarded).caller == {"pepe@cliente.test"}


def test_its_number_is_that_of_the_kind_and_the_caller_is_written_to_in_their_language() -> None:
    known = desk(people=(PersonTable("Pepe", ("pepe@cliente.test",), language="en"),))
    message = mail("Consulta", CALL.replace("Incidencia", "Orden de trabajo"), sender=ANA)
    assert reading("tecnicos", message, known).needs(known).prefix == "W"
    assert ask_desk(CALL, at=known, next_number=NUMBER).letters[0].language == "en"


def test_a_faulty_form_for_a_caller_is_answered_with_all_faults_and_the_repaired_one() -> None:
    decision = ask_desk("Acción: Abrir\nClase: Incidencia\nSolicitante: pepe\nTipo: Error Acceso\n", next_number=NUMBER)
    assert (decision.verdict, decision.events) == ("desk", ())
    assert {(f.field, f.code) for f in decision.faults} == {
        ("requester", "bad_format"), ("service", "missing"), ("description", "missing"),
    }  # fmt: skip
    (link,) = decision.letters[0].links
    assert (link.subject, link.to, link.grant) == ("Consulta", "tecnicos@cau.test", None)
    assert "Tipo: Error Acceso" in link.body


def test_its_link_holds_the_fields_of_the_only_kind_or_says_that_those_of_each_kind_follow() -> None:
    one = consult_link("open", desk(kinds={"incident": STAFF.kinds["incident"]}, escalations=()), {}).body
    assert "Clase: Incidencia\nSolicitante: \nServicio/Aplicación: \nTipo: \nDescripción: \n" in one
    assert "recibirá" not in one
    several = consult_link("open", STAFF, {}).body
    assert "Solicitante: \n[Al enviarlo recibirá el formulario" in several
    assert "\n[Valores de Clase: Incidencia, Orden de trabajo]\n" in several
    sent = several.replace("Clase: ", "Clase: Incidencia").replace("Solicitante: ", "Solicitante: pepe@cliente.test")
    refused = ask_desk(sent, next_number=NUMBER)
    assert {fault.code for fault in refused.faults} == {"missing"}
    (again,) = refused.letters[0].links
    assert "Solicitante: pepe@cliente.test\nServicio/Aplicación: \nTipo: \nDescripción: \n" in again.body
    assert "recibirá" not in again.body


def test_for_whom_it_is_opened_must_be_said() -> None:
    decision = ask_desk(CALL.replace("Solicitante: pepe@cliente.test\n", ""), next_number=NUMBER)
    assert (decision.events, [(f.field, f.code) for f in decision.faults]) == ((), [("requester", "missing")])


@pytest.mark.parametrize(
    ("label", "faults"),
    [("Solicitante", [("who", "missing")]), ("Clase", [("who", "missing")]), ("Correo", [])],
)
def test_a_label_of_the_kind_takes_nothing_away_from_what_the_form_asks_for(
    label: str, faults: list[tuple[str, str]]
) -> None:
    fields = (*FIELDS, FieldTable(label, "who", required=bool(faults)))
    known = desk(kinds={key: replace(kind, fields=fields) for key, kind in STAFF.kinds.items()})
    decision = ask_desk(CALL, at=known, next_number=NUMBER)
    assert [(f.field, f.code) for f in decision.faults] == faults
    assert [event.changes["requester"] for event in decision.events] == ([] if faults else ["pepe@cliente.test"])


@pytest.mark.parametrize("own", [SERVICE, OPENINGS.upper()])
def test_nothing_is_opened_for_an_address_that_nobody_reads(own: str) -> None:
    decision = ask_desk(CALL.replace("pepe@cliente.test", own), next_number=NUMBER)
    assert (decision.events, [(f.field, f.detail) for f in decision.faults]) == ((), [("requester", "own_address")])


# -- Buscar


def searched(form: str) -> Search:
    wanted = reading("tecnicos", mail("Consulta", f"Acción: Buscar\n{form}\n", sender=ANA), STAFF).needs(STAFF).search
    assert wanted is not None
    return wanted


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("Número: i171009_000049", Search(number=NUMBER)),
        ("Nombre: Gil", Search(name="Gil")),
        ("Correo: marta@cliente.test", Search(addresses=frozenset((MARTA,)))),
        ("CIF: B12345674", Search(tax_id="B12345674")),
        ("Texto: error 500", Search(text="error 500")),
        ("Estado: Asignado", Search(states=("assigned",))),
        ("Estado: terminado", Search(states=("resolved",))),
        ("Grupo: Nivel 2", Search(groups=("n2",))),
        ("Desde: 09/10/2017", Search(since=datetime(2017, 10, 8, 22, tzinfo=UTC))),
        ("Hasta: 09/10/2017", Search(until=datetime(2017, 10, 9, 22, tzinfo=UTC))),
        ("Hasta: 28/10/2017", Search(until=datetime(2017, 10, 28, 22, tzinfo=UTC))),
        ("Hasta: 29/10/2017", Search(until=datetime(2017, 10, 29, 23, tzinfo=UTC))),
        ("Hasta: 31/12/9999", Search()),
        ("Desde: 01/01/0001", Search(since=datetime(1, 1, 1, 0, 14, 44, tzinfo=UTC))),
        ("Servicio/Aplicación: CONDUC", Search(fields=(("service", "CONDUC"),))),
        ("Tipo: acceso\nTexto: entrar", Search(text="entrar", fields=(("type", "acceso"),))),
        ("Nombre: Gil\nEstado: Cerrado\nGrupo: n1", Search(name="Gil", states=("closed",), groups=("n1",))),
    ],
)
def test_a_search_by_every_criterion(form: str, expected: Search) -> None:
    assert searched(form) == replace(expected, limit=MOST_FOUND + 1)


@pytest.mark.parametrize(
    ("found", "told", "more"), [(MOST_FOUND, MOST_FOUND, False), (MOST_FOUND + 1, MOST_FOUND, True)]
)
def test_a_search_that_finds_more_than_it_tells_says_so(found: int, told: int, more: bool) -> None:
    briefs = tuple(opened(STAFF, number=f"I171008_{n:06}") for n in range(found))
    (letter,) = ask_desk("Acción: Buscar\nTexto: error", found=briefs).letters
    assert (len(letter.values["rows"]), letter.values["total"], letter.values["more"]) == (told, told, more)


def test_a_search_answers_the_technician_alone_with_rows_and_a_link_for_their_own_tickets() -> None:
    mine, theirs = opened(STAFF), opened(STAFF, number="I171009_000050", group="n2")
    decision = ask_desk("Acción: Buscar\nTexto: error\nTipo: acceso", found=(mine, theirs))
    (letter,) = decision.letters
    assert (letter.name, letter.to, decision.events) == ("search_results", (ANA,), ())
    assert letter.values["total"] == 2
    assert letter.values["terms"] == (("Texto", "error", "text"), ("Tipo", "acceso", "text"))
    assert [link.grant.number for link in letter.links if link.grant] == [NUMBER]


@pytest.mark.parametrize(
    ("form", "field"), [("Estado: raro", "state"), ("Desde: ayer", "since"), ("Grupo: x9", "group")]
)
def test_a_criterion_that_cannot_be_read_is_a_fault(form: str, field: str) -> None:
    decision = ask_desk(f"Acción: Buscar\n{form}")
    assert [f.field for f in decision.faults] == [field]
    assert decision.letters[0].links[0].key == "search"


def test_a_line_that_names_nothing_to_search_by_is_told() -> None:
    (letter,) = ask_desk("Acción: Buscar\nOrganización: Gestoría\nTexto: pantalla\nSolicitante: Marta").letters
    assert letter.values["unread"] == "Organización, Solicitante"
    assert [label for label, *_ in letter.values["terms"]] == ["Texto"]


# -- Turno


def test_the_worklist_shows_the_most_urgent_first_with_what_waits_for_an_answer() -> None:
    late = opened(STAFF, number="I171008_000001", running=((NOW - timedelta(days=3), None),))
    waiting = opened(STAFF, number="I171008_000002", state="pending", running=((NOW - timedelta(hours=3), NOW),))
    urgent = opened(STAFF, number="I171008_000003", priority="Urgente")
    solved = opened(STAFF, number="I171008_000004", state="resolved", running=((NOW - timedelta(hours=3), NOW),))
    found = (opened(STAFF), waiting, urgent, late, solved)
    (letter,) = ask_desk("Acción: Turno", found=found).letters
    rows = letter.values["rows"]
    assert [row["ticket"].number[-6:] for row in rows] == ["000001", "000003", "000049", "000002", "000004"]
    assert [row["ticket"].state for row in rows if row["needs_reply"]] == ["pending"]
    assert (letter.values["overdue"], letter.values["total"], letter.values["group"]) == (1, 5, "n1")
    assert len(letter.links) == 5


def test_a_list_names_the_actions_that_its_tickets_allow() -> None:
    mine, others = opened(STAFF), opened(STAFF, number="I171008_000002", group="n2", state="resolved")
    (letter,) = ask_desk("Acción: Buscar\nNombre: Marta", found=(mine, others)).letters
    assert [link.grant.number for link in letter.links if link.grant] == [NUMBER]
    assert set(letter.values["actions"]) >= {"take", "resolve", "escalate", "note"}
    assert not {"reopen", "return", "open", "search"} & set(letter.values["actions"])


def test_what_is_left_is_counted_as_it_was_promised() -> None:
    friday = datetime(2017, 10, 6, 14, tzinfo=UTC)  # 16:00 in Madrid; two hours until the office closes
    ticket = opened(OFFICE, received_at=friday, running=((friday, None),), responded_at=friday)
    due = deadlines(ticket, OFFICE).resolution_due
    assert due is not None
    told = [queries.row(ticket, OFFICE, now) for now in (friday, due, due + timedelta(days=1))]
    promised = OFFICE.priorities[ticket.priority].resolution
    assert [(row["left"], row["late"], row["business"]) for row in told[:2]] == [
        (promised, False, True), (timedelta(), False, True),
    ]  # fmt: skip
    assert (told[2]["left"], told[2]["late"]) == (-timedelta(hours=5), True), "Thursday is a holiday"


def test_what_needs_no_ticket_is_done_under_a_tickets_subject_too() -> None:
    for body, name in (("Acción: Turno", "worklist"), ("Acción: Buscar\nNombre: Marta", "search_results")):
        decision = act(body)
        assert (decision.verdict, [letter.name for letter in decision.letters]) == ("desk", [name])
        assert decision.events == ()
    asked = reading("tecnicos", mail(SUBJECT, "Acción: Abrir", sender=ANA), STAFF)
    assert asked.opens, "and counts against the sender's rate"


def test_the_worklist_is_of_the_senders_groups_and_open_tickets() -> None:
    asked = reading("tecnicos", mail("Consulta", "Acción: Turno", sender="coord@cau.test"), STAFF).needs(STAFF)
    assert asked.search is not None
    assert asked.search.groups == ("n1", "n2", "coordinacion")
    assert asked.search.states == ("assigned", "pending", "resolved")


def test_a_letter_links_25_rows() -> None:
    found = tuple(opened(STAFF, number=f"I171008_{n:06}") for n in range(40))
    (letter,) = ask_desk("Acción: Turno", found=found).letters
    assert (len(letter.values["rows"]), len(letter.links)) == (40, 25)


# -- Explicar

OFFICE = desk(
    {"calendar": "oficina"},
    calendars={"oficina": Calendar(hours=("09:00-18:00",), holidays="ES-MD")},
)
START = datetime(2017, 10, 11, 14, tzinfo=UTC)  # Wednesday 16:00 in Madrid; Thursday 12 is a holiday
PAUSED = ((START, START + timedelta(hours=1)), (datetime(2017, 10, 13, 9, tzinfo=UTC), None))
JOURNAL = (
    Event(NUMBER, "opened", START, MARTA, changes={"state": "assigned", "group": "n1"}),
    Event(NUMBER, "ask", START + timedelta(hours=1), ANA, changes={"state": "pending"}),
    Event(NUMBER, "reply", PAUSED[1][0], MARTA, changes={"state": "assigned"}),
)


def explained_at(now: datetime) -> dict:
    ticket = opened(OFFICE, running=PAUSED)
    message = mail("Consulta", f"Acción: Explicar\nNúmero: {NUMBER}", sender=ANA, to=(Address("tecnicos@cau.test"),))
    from rules.intake import decide

    facts = Facts(tickets={NUMBER: ticket}, journals={NUMBER: JOURNAL})
    (letter,) = decide(reading("tecnicos", message, OFFICE), facts, OFFICE, now).letters
    assert (letter.name, letter.to) == ("explanation", (ANA,))
    return dict(letter.values)


def test_the_explained_clock_adds_up_over_a_holiday_a_weekend_and_a_pause() -> None:
    told = explained_at(datetime(2017, 10, 16, 8, tzinfo=UTC))  # Monday 10:00
    counted = sum((i["end"] - i["start"] for i in told["intervals"] if i["counts"]), timedelta())
    assert counted == told["counted"] == timedelta(hours=1 + 7 + 1)  # Wednesday, Friday from 11:00, Monday
    spans = told["intervals"]
    assert all(a["end"] == b["start"] for a, b in pairwise(spans))
    assert [i["why"] for i in spans] == ["counted", "pending", "counted", "closed", "day", "closed", "counted"]


def test_a_holiday_is_called_by_its_name() -> None:
    ticket_open = explained_at(datetime(2017, 10, 16, 8, tzinfo=UTC))
    assert ticket_open["calendar"] == "oficina"
    running = opened(OFFICE, running=((START, None),))
    (letter,) = act("Acción: Explicar", running, at=OFFICE).letters
    assert letter.name == "explanation"
    from rules.consultations import explanation_values

    told = explanation_values(running, Facts(), OFFICE, datetime(2017, 10, 13, 9, tzinfo=UTC))
    assert [i["name"] for i in told["intervals"] if i["why"] == "holiday"] == ["Fiesta Nacional de España"]


def test_the_rules_that_took_it_and_those_that_did_not_are_told() -> None:
    told = explained_at(datetime(2017, 10, 16, 8, tzinfo=UTC))
    assert [(step["rule"], step["matched"]) for step in told["steps"]] == [("caída de AREN", False)]
    assert told["journal"] == JOURNAL


@pytest.mark.parametrize("sender", [EVA, "mallory@otro.test"])
def test_a_ticket_is_explained_to_its_own_people_alone(sender: str) -> None:
    decision = ask_desk(f"Acción: Explicar\nNúmero: {NUMBER}", sender=sender, tickets={NUMBER: opened(STAFF)})
    assert [letter.name for letter in decision.letters] == (["desk_refusal"] if sender == EVA else [])
    assert NUMBER not in str([letter.ticket for letter in decision.letters])


ANOTHER = "I171009_000050"


def test_under_a_tickets_subject_another_ticket_may_be_explained() -> None:
    other = replace(opened(STAFF), number=ANOTHER)
    for body, explained in (("Acción: Explicar", NUMBER), (f"Acción: Explicar\nNúmero: {ANOTHER}", ANOTHER)):
        (letter,) = act(body, opened(STAFF), other).letters
        assert (letter.name, letter.ticket and letter.ticket.number) == ("explanation", explained)
    theirs = replace(other, group="n2")
    assert act(f"Acción: Explicar\nNúmero: {ANOTHER}", opened(STAFF), theirs).why == "refused_unknown_number"


def test_whoever_names_no_ticket_to_explain_is_asked_for_one() -> None:
    assert [(f.field, f.code) for f in ask_desk("Acción: Explicar").faults] == [("number", "missing")]


@pytest.mark.parametrize("number", ["i171009 000049", "I171009-000049", f"{NUMBER}.", f"«{NUMBER}»", f"_{NUMBER}_"])
def test_the_number_to_explain_is_read_as_in_a_search(number: str) -> None:
    assert ask_desk(f"Acción: Explicar\nNúmero: {number}", tickets={NUMBER: opened(STAFF)}).why == "explain"


def test_an_unknown_number_is_told() -> None:
    decision = ask_desk("Acción: Explicar\nNúmero: I171009_999999")
    assert (decision.why, decision.letters[0].values["read"]) == ("refused_unknown_number", "I171009_999999")
    (search,) = decision.letters[0].links
    assert (search.key, search.subject, search.body.splitlines()[0]) == ("search", "Consulta", "Acción: Buscar")


# -- anything else


@pytest.mark.parametrize(
    ("subject", "body", "why"),
    [
        ("Consulta", "Acción: Bailar", "refused_unknown_action"),
        ("Consulta", "hola", "refused_unknown_action"),
        ("Consulta", "Acción: Resolver\nSolución: x", "refused_token"),
        ("hola", "¿qué tal?", "refused_token"),
        (f"Gestión de la incidencia {NUMBER}", "Acción: Asignarme", "refused_token"),
    ],
)
def test_any_other_mail_of_a_technician_gets_a_reason(subject: str, body: str, why: str) -> None:
    decision = ask_desk(body, subject=subject)
    assert (decision.why, letters(decision)) == (why, [("desk_refusal", (ANA,))])
    assert ask_desk(body, subject=subject, sender="mallory@otro.test").letters == ()


@pytest.mark.parametrize("body", ["hola", "Acción: Bailar"])
def test_who_names_no_action_gets_a_link_for_each_that_needs_no_ticket(body: str) -> None:
    (letter,) = ask_desk(body).letters
    assert {link.key for link in letter.links} == {"open", "search", "worklist", "explain"}


def test_a_search_is_understood_with_a_reply_prefix_and_in_any_case() -> None:
    assert ask_desk("ACCION: buscar\nTEXTO: error", subject="RE: consulta").why == "search_results"


def test_the_clock_of_a_ticket_opened_for_a_caller_counts_from_the_mail() -> None:
    ticket = fold(ask_desk(CALL, next_number=NUMBER).events)
    assert ticket is not None
    assert ticket.running == ((NOW - timedelta(seconds=1), None),)
    assert FIELDS[0].name in dict(ticket.fields)
    assert LUIS not in ticket.people
    assert facts_for(ticket).grant is not None
    assert verdict("tecnicos", mail("Consulta", CALL, sender=ANA, attachments=(SCREEN,)), Facts(next_number=NUMBER),
                   STAFF).events[0].attachments == (SCREEN,)  # fmt: skip
