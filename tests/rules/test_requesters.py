"""What requesters ask and how they come back: relations, exact subjects, queries, withdrawals, notices, tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from parsers.mail import Address, Attachment
from rules.facts import Facts, HeldGrant, Registered
from rules.firing import fire
from rules.guards import BUCKET, span_of
from rules.letters import Grant
from rules.masking import masked
from rules.reading import alarm_window, closed_window, token_digest, token_window
from rules.tables import Address as AddressTable
from rules.tables import DeskTable, Guards, Mailbox, PersonTable, Senders
from rules.ticket import Event, evolve, fold
from tests.rules.desks import (
    ANA,
    CONFIRMATION,
    DESK,
    GOOD,
    LUIS,
    MARTA,
    NOW,
    NUMBER,
    OPENING,
    OPENINGS,
    TECHNICIANS,
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

BOSS, STRANGER = "jefe@cliente.test", "mallory@otro.test"
OLD = "I171001_000003"


# -- an opening that names an earlier ticket (J)


def related_opening(body: str, earlier_requester: str = MARTA) -> list:
    earlier = opened(number=OLD, state="closed", requester=earlier_requester)
    facts = Facts(next_number=NUMBER, tickets={OLD: earlier})
    decision = verdict("apertura", mail(OPENING, body), facts)
    assert decision.verdict == "opened"
    return [(e.number, e.name, e.changes.get("relations")) for e in decision.events[1:]]


def test_an_opening_that_names_an_earlier_ticket_of_the_sender_is_related_to_it() -> None:
    assert related_opening(f"Con: {OLD}\n{GOOD}") == [(NUMBER, "relate", (OLD,)), (OLD, "relate", (NUMBER,))]


@pytest.mark.parametrize(
    "line", [f"con: {OLD.lower()}", f"  CON : {OLD}", f"With: {OLD}", f"Con: {OLD.replace('_', ' ')}."]
)
def test_however_the_line_is_written(line: str) -> None:
    assert len(related_opening(f"{line}\n{GOOD}")) == 2


def test_a_ticket_of_somebody_else_is_not_related() -> None:
    assert related_opening(f"Con: {OLD}\n{GOOD}", earlier_requester=STRANGER) == []


@pytest.mark.parametrize(
    ("box", "subject", "key"),
    [("apertura", OPENING, "correct"), ("apertura", OPENING.lower(), "open"), ("servicio", OPENING, "open_there")],
)
def test_what_is_prepared_for_one_that_did_not_open_keeps_the_line(box: str, subject: str, key: str) -> None:
    (letter,) = verdict(box, mail(subject, f"Con: {OLD}\nTipo: Error Acceso\n")).letters
    (link,) = letter.links
    assert link.key == key
    assert link.body.startswith(f"Con: {OLD}\nServicio/Aplicación: \nTipo: Error Acceso\n")
    assert "[La línea «Con» une esta petición con la anterior.]" in link.body
    assert letter.values["form"] == link.body


def test_a_text_that_only_begins_with_the_word_stays_whole() -> None:
    decision = verdict("apertura", mail(OPENING, GOOD + "Con: Firefox 115 también falla.\n"))
    ticket = fold(decision.events)
    assert ticket is not None
    assert "Con: Firefox 115 también falla." in ticket.value("description")


def test_the_related_form_comes_back_from_a_client_that_swallowed_its_line_breaks() -> None:
    assert len(related_opening(f"Con: {OLD} " + GOOD.replace("\n", " "))) == 2


def test_the_closed_notice_carries_such_a_form() -> None:
    decision = verdict("servicio", mail(CONFIRMATION, "Sigue igual"), facts_of(opened(state="closed")))
    (link,) = decision.letters[0].links
    assert (link.to, link.subject) == (OPENINGS, OPENING)
    assert link.body.startswith(f"Con: {NUMBER}")


@pytest.mark.parametrize(
    ("address", "to"),
    [("urgente@cau.test", "urgente@cau.test"), ("quitada@cau.test", OPENINGS), (TECHNICIANS, OPENINGS)],
)
def test_it_goes_where_the_closed_ticket_was_opened(address: str, to: str) -> None:
    box = replace(DESK.mailboxes[0], addresses={"urgente@cau.test": AddressTable(priority="Urgente")})
    desk = make_desk(mailboxes=(box, *DESK.mailboxes[1:]))
    ticket = opened(desk, address=address, state="closed")
    (letter,) = verdict("servicio", mail(CONFIRMATION, "Sigue igual"), facts_of(ticket), desk).letters
    assert [link.to for link in letter.links] == [to]


ORDERS_ONLY = "ordenes@cau.test"
ASTRAY = {
    # to whom an incident goes that comes to an address for orders alone: its verdict, where its letter's link leads
    (ORDERS_ONLY,): ("refused", [OPENINGS]),
    (ORDERS_ONLY, OPENINGS.upper()): ("untreated", []),
    (ORDERS_ONLY, "amiga@cliente.test"): ("refused", [OPENINGS]),
}


@pytest.mark.parametrize("recipients", ASTRAY)
def test_at_an_address_that_takes_no_such_kind_the_right_one_is_told_unless_it_went_there_too(
    recipients: tuple[str, ...],
) -> None:
    orders = Mailbox("ordenes", ("opening",), ORDERS_ONLY, addresses={ORDERS_ONLY: AddressTable(kinds=("work_order",))})
    desk = make_desk(mailboxes=(*DESK.mailboxes, orders))
    decision = verdict("ordenes", mail(OPENING, GOOD, to=tuple(map(Address, recipients))), desk=desk)
    told = [(fault.code, fault.read, fault.allowed) for fault in decision.faults]
    assert told == [("other_address", ORDERS_ONLY, (OPENINGS,))] * bool(decision.letters)
    links = [link.to for letter in decision.letters for link in letter.links]
    assert (decision.verdict, links) == ASTRAY[recipients]


# -- replies


SCREEN = Attachment("captura.png", "image/png", 10, "a" * 64)
ASSIGNMENT = f"Asignación de la incidencia {NUMBER}"
WITH_A_FILE = {
    # which mail: who writes it, its subject, the ticket's state, whether the group gets the file
    "an answer": (MARTA, CONFIRMATION, "assigned", True),
    "an answer to a question": (MARTA, CONFIRMATION, "pending", True),
    "an answer to a solution": (MARTA, CONFIRMATION, "resolved", True),
    "a rejection": (MARTA, f"Rechazar Petición {NUMBER} [{TOKEN}]", "resolved", True),
    "a withdrawal": (MARTA, f"Retirar la incidencia {NUMBER} [{TOKEN}]", "assigned", True),
    "a note of the group's": (ANA, ASSIGNMENT, "assigned", False),
}


@pytest.mark.parametrize("what", WITH_A_FILE)
def test_a_file_stays_with_the_ticket_and_reaches_the_group(what: str) -> None:
    sender, subject, state, told = WITH_A_FILE[what]
    ticket = resolved() if state == "resolved" else opened(state=state)
    verb = ("verdict", "reject") if ticket.round else ("withdraw", "withdraw")
    held = HeldGrant(Grant(*verb, NUMBER, MARTA, round=ticket.round), token_digest(TOKEN))
    side = Registered(NUMBER, "requester" if told else "group", "confirmation")
    facts = facts_of(ticket, registered=side, grant=held if TOKEN in subject else None)
    decision = verdict("servicio", mail(subject, "Mire.", sender=sender, attachments=(SCREEN,)), facts)
    assert evolve(ticket, decision.events[0]).attachments == (SCREEN,)
    updates = [letter.attachments for letter in decision.letters if letter.name == "update"]
    assert updates == [(SCREEN,) if told else ()]


def test_a_wrong_subject_is_answered_with_that_of_the_last_letter() -> None:
    last = f"Solicitud de información de la incidencia {NUMBER}"
    wrong = mail(f"Mi incidencia {NUMBER}")
    decision = verdict("servicio", wrong, facts_of(opened(), registered=None, last_subject=last))
    assert (decision.verdict, decision.events) == ("untreated", ())
    assert (decision.letters[0].values["right"], decision.letters[0].links[0].subject) == (last, last)
    assert reading("servicio", wrong).needs(DESK).last_subject == NUMBER


def test_a_wrong_subject_of_a_merged_ticket_belongs_to_the_one_it_points_to() -> None:
    kept = opened(number=OLD)
    merged = opened(state="closed", points_to=OLD)
    decision = verdict("servicio", mail(f"Mi incidencia {NUMBER}"), facts_of(merged, kept, registered=None))
    assert decision.letters[0].ticket == kept


def test_a_wrong_subject_of_a_closed_ticket_gets_the_closed_notice() -> None:
    decision = verdict("servicio", mail(f"Mi incidencia {NUMBER}"), facts_of(opened(state="closed"), registered=None))
    assert [letter.name for letter in decision.letters] == ["closed_notice"]


def test_the_closed_notice_goes_once_a_day() -> None:
    closed, window = opened(state="closed"), closed_window(MARTA)
    first = verdict("servicio", mail(CONFIRMATION, "Sigue igual"), facts_of(closed))
    assert first.counters == (window,)
    assert window in reading("servicio", mail(CONFIRMATION)).needs(DESK).counters
    assert span_of(window) * BUCKET == timedelta(days=1)
    assert verdict("servicio", mail(CONFIRMATION, "Sigue igual"), facts_of(closed, counts={window: 1})).letters == ()


@pytest.mark.parametrize("text", ["Muchas gracias.", "Perfecto, gracias!", "ok", "Thank you"])
def test_thanks_to_a_closed_ticket_get_no_answer(text: str) -> None:
    assert verdict("servicio", mail(CONFIRMATION, text), facts_of(opened(state="closed"))).letters == ()


def test_a_note_by_plain_answer_is_answered_once_for_each_technician() -> None:
    subject, registered = f"RE: Asignación de la incidencia {NUMBER}", Registered(NUMBER, "group", "assignment")
    note = Event(NUMBER, "note", NOW, ANA, "Lo miro.")

    def told(sender: str, *journal: Event) -> list:
        facts = facts_of(opened(), registered=registered, journals={NUMBER: journal})
        decision = verdict("tecnicos", mail(subject, "Otra nota.", sender=sender), facts)
        (kept,) = decision.events
        assert (kept.name, kept.actor, kept.text, kept.visible) == ("note", sender, "Otra nota.", False)
        return letters(decision)

    assert told(ANA) == [("update", (ANA,))]
    assert told(ANA, note) == []
    assert told(LUIS, note) == [("update", (LUIS,))]


def test_an_action_typed_into_a_plain_answer_is_a_note_and_its_author_is_told_so_each_time() -> None:
    earlier = {NUMBER: (Event(NUMBER, "note", NOW, ANA, "Lo miro."),)}
    facts = facts_of(opened(), registered=Registered(NUMBER, "group", "assignment"), journals=earlier)
    body = "Acción: Resolver\nSolución: Ya funciona."
    decision = verdict("tecnicos", mail(f"RE: Asignación de la incidencia {NUMBER}", body, sender=ANA), facts)
    assert [event.name for event in decision.events] == ["note"]
    (letter,) = decision.letters
    assert (letter.to, letter.values["what"]) == ((ANA,), "noted_action")
    assert "resolve" in {link.key for link in letter.links}


def test_a_note_never_reaches_the_requester() -> None:
    facts = facts_of(opened(), registered=Registered(NUMBER, "group", "update"))
    decision = verdict("servicio", mail(f"RE: Actualización de la incidencia {NUMBER}", "x", sender=ANA), facts)
    assert (decision.verdict, decision.events[0].visible) == ("desk", False)
    assert letters(decision) == [("update", (ANA,))]


# -- queries


@pytest.mark.parametrize("sender", [MARTA, BOSS])
def test_a_query_shows_state_and_the_visible_journal_to_whoever_takes_part(sender: str) -> None:
    ticket = opened(participants=(BOSS,))
    journal = (
        Event(NUMBER, "opened", NOW, MARTA, visible=True, changes={"state": "assigned"}),
        Event(NUMBER, "note", NOW, ANA, "solo para el equipo"),
        Event(NUMBER, "hold", NOW, ANA, "tampoco esto", changes={"state": "pending"}),
        Event(NUMBER, "answer", NOW, ANA, "Lo miramos.", visible=True),
    )
    query = mail(f"Consulta de la incidencia {NUMBER}", sender=sender)
    decision = verdict("servicio", query, facts_of(ticket, registered=None, journals={NUMBER: journal}))
    (letter,) = decision.letters
    assert (decision.verdict, letter.name, letter.to) == ("query", "status", (sender,))
    assert [(e.name, e.actor, e.text) for e in letter.values["journal"]] == [
        ("opened", MARTA, ""),
        ("hold", "", ""),
        ("answer", "", "Lo miramos."),
    ]


def test_the_list_of_ones_own_has_a_link_for_the_state_of_each_that_it_shows() -> None:
    found = tuple(opened(number=f"I171009_{count:06}") for count in range(40, 10, -1))
    (letter,) = verdict("servicio", mail("My tickets", sender="j@casa.test"), Facts(found=found), desk=ENGLISH).letters
    assert [link.subject for link in letter.links] == [f"Status of {ticket.number}" for ticket in found[:25]]
    assert [link.label for link in letter.links] == [ticket.number for ticket in found[:25]]
    for link in letter.links[:1]:
        query = mail(link.subject, link.body, sender=MARTA)
        assert verdict("servicio", query, facts_of(found[0], registered=None)).letters[0].name == "status"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (f"Consulta de la incidencia {NUMBER}", "query"),
        (f"RE: consulta de la incidencia {NUMBER}", "query"),
        (f"Status of {NUMBER}", "query"),
        ("Mis incidencias", "query"),
        ("RE: mis peticiones", "query"),
        ("mis Ordenes de trabajo", "query"),
        ("My work orders", "query"),
        (f"Retirar la incidencia {NUMBER}", "query"),
        (f"Withdraw {NUMBER}", "query"),
        (f"Consulta sobre la factura y la incidencia {NUMBER}", "untreated"),
        (f"Consulta de la orden de trabajo {NUMBER}", "query"),
        ("Mis incidencias de hoy", "untreated"),
        ("Mis avisos", "untreated"),
    ],
)
def test_a_query_has_its_exact_subject_in_any_language(subject: str, expected: str) -> None:
    assert verdict("servicio", mail(subject), facts_of(opened(), registered=None)).verdict == expected


@pytest.mark.parametrize("subject", ["Consulta de la incidencia {}", "Retirar la incidencia {}", "Status of {}"])
def test_a_number_of_the_time_before_a_kind_got_another_prefix_is_understood(subject: str) -> None:
    renamed = make_desk(kinds=DESK.kinds | {"incident": replace(DESK.kinds["incident"], prefix="INC")})
    asked = mail(subject.format(NUMBER))
    assert reading("servicio", asked, renamed).needs(renamed).numbers == (NUMBER,)
    for facts, expected in ((facts_of(opened(), registered=None), "query"), (Facts(), "untreated")):
        assert verdict("servicio", asked, facts, renamed).verdict == expected


@pytest.mark.parametrize("subject", ["Mis avisos", "Mis incidencias", "Mis peticiones"])
def test_ones_own_are_asked_for_by_the_name_of_a_kind_too(subject: str) -> None:
    kind = replace(DESK.kinds["incident"], label="Aviso", phrase="el aviso")
    assert verdict("servicio", mail(subject), Facts(), make_desk(kinds={"incident": kind})).verdict == "query"


def test_own_tickets_are_those_in_which_the_sender_takes_part() -> None:
    asked = mail("Mis incidencias", sender=BOSS)
    search = reading("servicio", asked).needs(DESK).search
    assert search is not None
    assert search.addresses == {BOSS}
    decision = verdict("servicio", asked, Facts(found=(opened(), opened(number=OLD))))
    assert [row["ticket"].number for row in decision.letters[0].values["rows"]] == [NUMBER, OLD]


# -- withdrawals


def test_a_withdrawal_is_asked_for_confirmed_by_its_link_and_told_to_both_sides() -> None:
    asked = verdict("servicio", mail(f"Retirar la incidencia {NUMBER}"), facts_of(opened(), registered=None))
    (link,) = asked.letters[0].links
    assert link.grant is not None
    click = mail(f"{link.subject} [{TOKEN}]", link.body + "\nYa lo he resuelto.")
    decision = verdict("servicio", click, granted(opened(), link.grant))
    after = evolve(opened(), decision.events[0])
    assert (decision.verdict, after.state, after.reason) == ("withdrawn", "closed", "withdrawn")
    assert letters(decision) == [("closure", (MARTA,)), ("update", ("n1@cau.test",))]
    assert [link.key for link in decision.letters[0].links] == ["reopen"], "there was no solution to be marked"
    assert decision.events[0].text == "Ya lo he resuelto."


def test_only_the_requester_may_withdraw() -> None:
    asked = mail(f"Retirar la incidencia {NUMBER}", sender=BOSS)
    told = verdict("servicio", asked, facts_of(opened(participants=(BOSS,)), registered=None))
    assert (told.verdict, letters(told), told.events) == ("query", [("verdict_notice", (BOSS,))], ())
    assert (told.letters[0].values["case"], told.letters[0].links) == ("requesters", ())
    grant = Grant("withdraw", "withdraw", NUMBER, MARTA)
    click = mail(f"Retirar la incidencia {NUMBER} [{TOKEN}]", sender=STRANGER)
    assert verdict("servicio", click, granted(opened(), grant)).why == "stranger"


def test_a_second_click_on_a_withdrawal_says_so() -> None:
    used = HeldGrant(Grant("withdraw", "withdraw", NUMBER, MARTA), token_digest(TOKEN), used_at=NOW)
    closed = opened(state="closed", reason="withdrawn")
    facts = Facts(tickets={NUMBER: closed}, grant=used)
    (letter,) = verdict("servicio", mail(f"Retirar la incidencia {NUMBER} [{TOKEN}]"), facts).letters
    assert (letter.name, letter.values["case"], letter.values["at"]) == ("verdict_notice", "used_same", NOW)


# -- tokens that were guessed (A14)


FEW = make_desk(guards=Guards(failed_tokens=3))
GUESS = f"Validar Petición {NUMBER} [{TOKEN}]"


def guess(sender: str, failures: int, alarmed: int = 0, **facts: object):
    counts = {token_window(sender): failures, alarm_window(sender): alarmed}
    given = {"tickets": {NUMBER: resolved(FEW)}, "counts": counts, **facts}
    return verdict("servicio", mail(GUESS, sender=sender), Facts(**given), desk=FEW)


@pytest.mark.parametrize(
    ("sender", "failures", "alarmed", "expected"),
    [
        (MARTA, 0, 0, ["verdict_notice"]),
        (MARTA, 2, 0, ["verdict_notice", "admin_alert"]),  # the third reaches the limit
        (MARTA, 3, 1, []),
        (MARTA, 50, 1, []),
        (STRANGER, 0, 0, []),
        (STRANGER, 2, 0, ["admin_alert"]),
        (STRANGER, 3, 1, []),
    ],
)
def test_a14_guesses_are_counted_told_to_the_admins_once_and_met_with_silence(
    sender: str, failures: int, alarmed: int, expected: list[str]
) -> None:
    decision = guess(sender, failures, alarmed)
    assert [letter.name for letter in decision.letters] == expected
    assert decision.verdict == "untreated"
    assert token_window(sender) in decision.counters


def test_a14_a_token_that_serves_works_whoever_guessed_in_its_owners_name() -> None:
    grant = HeldGrant(Grant("verdict", "validate", NUMBER, MARTA, round=1), token_digest(TOKEN))
    assert guess(MARTA, 99, 1, grant=grant).verdict == "validated"


def test_a14_a_reply_that_is_threaded_is_no_guess() -> None:
    facts = facts_of(opened(), counts={token_window(MARTA): 99})
    decision = verdict("servicio", mail(f"RE: {CONFIRMATION} [{TOKEN}]", "Uso Firefox"), facts)
    assert (decision.verdict, decision.counters) == ("threaded", ())


def test_a_forwarded_link_counts_as_a_failure_of_whoever_tried_it() -> None:
    grant = HeldGrant(Grant("verdict", "validate", NUMBER, MARTA, round=1), token_digest(TOKEN))
    assert guess(STRANGER, 0, grant=grant).counters == (token_window(STRANGER),)


# -- senders that nobody vouches for


WARN = make_desk(senders=Senders("warn", ("mx.cau.test",)))
PROVEN = ("mx.cau.test; dmarc=pass header.from=cliente.test",)


def test_under_warn_an_unproven_sender_is_noted_and_shown_to_the_group() -> None:
    decision = verdict("apertura", mail(OPENING, GOOD), desk=WARN)
    assert decision.remarks == ("unproven",)
    assert decision.letters[1].values["warnings"] == ("unproven",)
    reply = verdict("servicio", mail(CONFIRMATION, "Hola"), facts_of(opened(WARN)), desk=WARN)
    assert (reply.remarks, reply.letters[0].values["warnings"]) == (("unproven",), ("unproven",))


def test_a_proven_sender_is_not() -> None:
    decision = verdict("apertura", mail(OPENING, GOOD, auth_results=PROVEN), desk=WARN)
    assert (decision.remarks, decision.letters[1].values["warnings"]) == ((), ())


def test_off_believes_from() -> None:
    assert verdict("apertura", mail(OPENING, GOOD)).remarks == ()


def test_a21_letters_of_two_scripts_in_a_word_of_the_subject_are_noted() -> None:
    assert verdict("servicio", mail("Соnfirmación")).remarks == ("mixed_scripts",)
    assert verdict("servicio", mail(CONFIRMATION)).remarks == ()


# -- secrets (J)


def test_no_letter_shows_a_secret() -> None:
    body = GOOD.replace("al guardar.", "al guardar. Mi contraseña: hunter22x")
    decision = verdict("apertura", mail(OPENING, body))
    assert decision.letters[0].values["warnings"] == ("secret",)
    assert [letter.values["warnings"] for letter in decision.letters] == [("secret",), ("secret",)]
    assert all("hunter22x" not in str(masked(letter)) for letter in decision.letters)
    reply = verdict("servicio", mail(CONFIRMATION, "La clave: hunter22x"), facts_of(opened()))
    assert "hunter22x" not in str(masked(reply.letters[0]))
    assert "hunter22x" in reply.events[0].text  # the books keep what was written


def test_a_refusal_gives_no_secret_back() -> None:
    decision = verdict("apertura", mail(OPENING, "Tipo: Error Acceso\nDescripción: contraseña: hunter22x y no entra"))
    assert decision.verdict == "refused"
    assert "hunter22x" not in str(masked(decision.letters[0]))
    nearly = verdict("apertura", mail(OPENING, "Descripción del fallo: contraseña: hunter22x y no entra"))
    assert nearly.faults[-1].nearest
    assert "hunter22x" not in str(masked(nearly.letters[0]))


def test_answers_within_the_history_reach_the_group() -> None:
    message = mail(f"Re: {CONFIRMATION}", "Respondo en azul.\n\nDe: CAU\n\n¿Navegador? Firefox.")
    message = replace(message, visible="Respondo en azul.", answered_inside=True)
    decision = verdict("servicio", message, facts_of(opened()))
    assert decision.events[0].text == message.body
    assert decision.letters[0].values["text"] == message.body


# -- languages

ENGLISH = make_desk(people=(PersonTable("John", ("john@cliente.test", "j@casa.test"), language="en"),))


@pytest.mark.parametrize("sender", ["john@cliente.test", "J@casa.test"])
def test_a_person_is_written_to_in_their_language_from_any_of_their_addresses(sender: str) -> None:
    decision = verdict("apertura", mail(OPENING, GOOD, sender=sender), desk=ENGLISH)
    assert decision.letters[0].language == "en"
    assert verdict("apertura", mail(OPENING, "x", sender=sender), desk=ENGLISH).letters[0].language == "en"
    assert verdict("apertura", mail(OPENING.upper(), "x", sender=sender), desk=ENGLISH).letters[0].language == "en"


def test_a_rule_chooses_the_language_before_the_person_and_the_desk_writes_to_all_others() -> None:
    from rules.tables import Rule

    rules = (Rule("portugal", {"domain": "cliente.test"}, {"language": "en"}),)
    ruled = replace(DESK, rules=rules)
    assert verdict("apertura", mail(OPENING, GOOD), desk=ruled).letters[0].language == "en"
    assert verdict("apertura", mail(OPENING, "x"), desk=ruled).letters[0].language == "en"
    assert verdict("apertura", mail(OPENING, GOOD)).letters[0].language == ""


def test_the_links_of_an_english_letter_are_english_and_a_spanish_answer_to_them_works() -> None:
    ticket = resolved(ENGLISH, language="en")
    validation = fire(ticket, "silence_reminder:1", ENGLISH, NOW).letters[0]
    reject = next(link for link in validation.links if link.key == "reject")
    assert "Rechazar" not in reject.subject
    assert reject.grant is not None
    spanish = mail(f"{reject.subject} [{TOKEN}]", reject.body + "\nMotivo: sigue fallando")
    decision = verdict("servicio", spanish, granted(ticket, reject.grant), desk=ENGLISH)
    assert (decision.verdict, decision.events[0].text) == ("rejected", "sigue fallando")


@pytest.mark.parametrize("prefix", ["RE: ", "RV: ", "Re: [EXTERNO] "])
def test_a_spanish_client_answers_an_english_letter(prefix: str) -> None:
    ticket = resolved(ENGLISH, language="en")
    sent = f"Validation of the solution of incident {NUMBER}"
    answer = mail(prefix + sent, "Sigue igual.")
    needs = [reading("servicio", what).needs(ENGLISH) for what in (answer, mail(sent))]
    assert needs[0].subject_key == needs[1].subject_key != ""
    decision = verdict("servicio", answer, facts_of(ticket), desk=ENGLISH)
    assert (decision.verdict, decision.events[0].text) == ("threaded", "Sigue igual.")
    assert {letter.language for letter in decision.letters if MARTA in letter.to} == {"en"}


def test_labels_of_every_language_are_understood_in_an_action() -> None:
    from rules.action_forms import parse_action

    for body in (
        "Acción: Resolver\nSolución: Hecho",
        "Action: Resolve\nSolution: Hecho",
        "Action: Resolver\nSolución: Hecho",
    ):
        key, form = parse_action(body, opened(), DESK)
        assert (key, form.get("solution"), form.faults) == ("resolve", "Hecho", ())


# -- survey (L)


def survey(verb: str, text: str = "", mark: int = 0):
    ticket = resolved(state="closed", reason="validated", mark=mark)
    click = mail(f"Valoración {verb} de la incidencia {NUMBER} [{TOKEN}]", f"Comentario: {text}")
    return verdict("servicio", click, granted(ticket, Grant("survey", verb, NUMBER, MARTA, round=1)))


def test_a_mark_with_its_comment_and_the_last_one_counts() -> None:
    first = survey("4", "Muy amables.")
    assert (first.verdict, first.events[0].changes, first.events[0].text) == ("survey", {"mark": 4}, "Muy amables.")
    assert letters(first) == [("survey_thanks", (MARTA,)), ("update", ("n1@cau.test",))]
    assert first.letters[1].values["text"] == "4 Bien: Muy amables."
    again = survey("2", mark=4)
    assert letters(again) == [("survey_thanks", (MARTA,))], "a mark alone stands in the report"
    assert (again.events[0].changes, again.letters[0].values["before"]) == ({"mark": 2}, 4)
    assert again.used == ()


def test_only_the_requester_answers_the_survey() -> None:
    facts = granted(resolved(state="closed"), Grant("survey", "1", NUMBER, MARTA, round=1))
    click = mail(f"Valoración 1 de la incidencia {NUMBER} [{TOKEN}]", sender=BOSS)
    decision = verdict("servicio", click, facts)
    assert (decision.verdict, decision.events, decision.letters) == ("untreated", (), ())


# -- silence


def test_a_reminder_speaks_of_the_question_else_of_an_attempt_to_reach_them_else_of_the_wait() -> None:
    waiting = opened(state="pending", waiting_since=NOW - timedelta(days=3))
    called = replace(waiting, contacts=(NOW - timedelta(days=2),))
    asked = replace(called, question="¿Qué navegador?")
    for held, about in ((waiting, "waiting"), (called, "contact"), (asked, "info_request")):
        assert fire(held, "silence_reminder:1", DESK, NOW).letters[0].values["about"] == about


def test_who_was_reminded_after_three_attempts_is_not_reminded_twice_that_day() -> None:
    sought = opened(state="pending", waiting_since=NOW - timedelta(days=3), contacts=(NOW, NOW, NOW))
    decision = fire(sought, "silence_reminder:1", DESK, NOW)
    assert decision.letters == ()
    assert evolve(sought, decision.events[0]).told == ("silence_reminder:1",)


def test_the_desks_own_language_needs_no_mark() -> None:
    desk = make_desk(desk=DeskTable("Desk", "cau.test", language="en"))
    decision = verdict("apertura", mail(OPENING, GOOD, to=(Address("soportecau@cau.test"),)), desk=desk)
    assert decision.letters[0].language == ""
    assert desk.words()["actions"]["resolve"] != "Resolver"
