"""Who may write (J, M): open, domains, registered; registration by mail, welcomes, shared addresses; and what the
checks of an opening refuse or tell."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

import daemon.config.settings
from parsers.mail import Address
from rules import tables
from rules.desk import Desk
from rules.facts import Facts, HeldGrant, Person
from rules.letters import Grant
from rules.reading import token_digest
from rules.tables import FieldTable, Limits, Mailbox, PersonTable, Quality, Requesters, Rule
from rules.ticket import evolve
from tests.rules.desks import (
    CONFIRMATION,
    GOOD,
    MARTA,
    NOW,
    NUMBER,
    OPENING,
    OPENINGS,
    ORDER,
    TOKEN,
    facts_of,
    granted,
    letters,
    mail,
    make_desk,
    opened,
    reading,
    verdict,
)
from tests.rules.technicians import ANA, STAFF, SUBJECT, facts_for

FIELDS = (
    FieldTable("Nombre", "name"),
    FieldTable("Organización", "organisation", required=False),
    FieldTable("CIF/NIF", "tax_id", pattern="[A-Z0-9]{9}", hint="Por ejemplo B12345678"),
    FieldTable("Tipo de cliente", "client_type", "choice", values=("Registro", "Abonado", "Ciudadano")),
    FieldTable("Teléfono", "phone", "phone", required=False),
)


def registered_desk(**more: object) -> Desk:
    people = (PersonTable("Marta Gil", (MARTA, "marta@casa.test"), language=""),)
    return make_desk(requesters=Requesters("registered", registration_fields=FIELDS), people=people, **more)


DESK = registered_desk()
NEW, SHARED = "nuevo@cliente.test", "info@cliente.test"
M_SUBJECT = "Solicitud Usuario de Tiquetes de Soporte"
FORM = "Nombre: Juan Ruiz\nCIF/NIF: B12345674\nTipo de cliente: abonado\nTeléfono: 600 000 000\n"


# -- the three policies


@pytest.mark.parametrize(
    ("requesters", "sender", "expected"),
    [
        (Requesters("open"), NEW, "opened"),
        (Requesters("open"), SHARED, "opened"),
        (Requesters("domains", domains=("cliente.test",)), NEW, "opened"),
        (Requesters("domains", domains=("otro.test",)), NEW, "untreated"),
        (Requesters("registered"), NEW, "held"),
        (Requesters("registered"), SHARED, "refused"),
    ],
)
def test_who_may_open(requesters: Requesters, sender: str, expected: str) -> None:
    decision = verdict("apertura", mail(OPENING, GOOD, sender=sender), desk=make_desk(requesters=requesters))
    assert (decision.verdict, bool(decision.events)) == (expected, expected == "opened")


@pytest.mark.parametrize("policy", ["domains", "registered"])
def test_what_an_admin_releases_is_opened_whatever_the_policy(policy: Literal["domains", "registered"]) -> None:
    strict = make_desk(requesters=Requesters(policy, domains=("otro.test",)))
    decision = verdict("apertura", mail(OPENING, GOOD, sender=NEW), Facts(next_number=NUMBER, released=True), strict)
    assert decision.verdict == "opened"


@pytest.mark.parametrize("sender", [MARTA, "Marta@CASA.test"])
def test_people_of_the_configuration_are_registered_under_each_of_their_addresses(sender: str) -> None:
    assert verdict("apertura", mail(OPENING, GOOD, sender=sender), desk=DESK).verdict == "opened"


def test_who_was_asked_to_open_a_related_one_may_whatever_their_domain() -> None:
    old = "I171001_000003"
    desk = make_desk(requesters=Requesters("domains", domains=("otra.test",)))
    related = mail(OPENING, f"Con: {old}\n{GOOD}")
    theirs, others = (opened(number=old, requester=who) for who in (MARTA, "otra@cliente.test"))
    for earlier, verdicts in ((theirs, "opened"), (others, "untreated")):
        facts = Facts(next_number=NUMBER, tickets={old: earlier})
        assert verdict("apertura", related, facts, desk).verdict == verdicts


def test_nobody_opens_on_behalf_of_somebody_else() -> None:
    decision = verdict("apertura", mail(OPENING, f"Solicitante: otro@ajeno.test\n{GOOD}"))
    assert evolve(None, decision.events[0]).requester == MARTA


# -- registration


def test_a_first_opening_is_held_and_its_sender_asked_to_register() -> None:
    decision = verdict("apertura", mail(OPENING, GOOD, sender=NEW), desk=DESK)
    (letter,) = decision.letters
    assert (decision.verdict, letter.name, letter.to, letter.values["held"]) == (
        "held",
        "registration",
        (NEW,),
        OPENING,
    )
    (link,) = letter.links
    assert link.grant == Grant("registration", addressee=NEW)
    assert all(f"{field.label}: " in link.body for field in FIELDS)


@pytest.mark.parametrize("sender", [NEW, "juan.ruiz@correo.test"], ids=["a company's", "a personal one"])
@pytest.mark.parametrize("box", ["apertura", "servicio"])
def test_the_fixed_subject_asks_for_the_form_at_either_address_from_any_account(box: str, sender: str) -> None:
    decision = verdict(box, mail(M_SUBJECT, "", sender=sender), desk=DESK)
    assert (decision.verdict, letters(decision)) == ("registered", [("registration", (sender,))])
    assert decision.letters[0].links[0].grant == Grant("registration", addressee=sender)


def register(body: str, sender: str = NEW, subject: str = "Alta en Soporte CAU", **facts: object):
    held = HeldGrant(Grant("registration", addressee=NEW), token_digest(TOKEN))
    message = mail(f"{subject} [{TOKEN}]", body, sender=sender)
    return verdict("servicio", message, Facts(**{"grant": held, **facts}), desk=DESK)


@pytest.mark.parametrize("subject", [OPENING, M_SUBJECT])
def test_who_writes_to_an_english_address_registers_in_english(subject: str) -> None:
    box = Mailbox("apertura", ("opening",), OPENINGS, addresses={OPENINGS: tables.Address(language="en")})
    desk = registered_desk(mailboxes=(box, *DESK.mailboxes[1:]))
    (asked,) = verdict("apertura", mail(subject, GOOD, sender=NEW), desk=desk).letters
    (link,) = asked.links
    assert (asked.language, link.subject) == ("en", "Registration with Soporte CAU")
    for body in (FORM, "Nombre: Juan"):
        (answer,) = register(body, subject=f"Re: {link.subject}").letters
        assert answer.language == "en"
        assert all("[Fill in the fields" in each.body for each in answer.links)


def test_the_form_makes_a_person_welcomes_them_and_lets_their_mail_go() -> None:
    decision = register(FORM, held=2)
    assert decision.people == (
        Person("Juan Ruiz", (NEW,), "", "B12345674",
               details=(("client_type", "Abonado"), ("phone", "600 000 000"))),
    )  # fmt: skip
    assert (decision.verdict, decision.release, decision.used) == ("registered", (NEW,), (token_digest(TOKEN),))
    (letter,) = decision.letters
    assert (letter.name, letter.values["name"], letter.values["held"]) == ("welcome", "Juan Ruiz", 2)
    assert [(link.label, link.to, link.subject) for link in letter.links] == [
        ("Incidencia", OPENINGS, OPENING),
        ("Orden de trabajo", OPENINGS, ORDER),
    ]
    assert "Servicio/Aplicación: \nTipo: \nDescripción: " in letter.links[0].body.replace("\r\n", "\n")
    assert reading("servicio", mail(f"Alta [{TOKEN}]"), DESK).needs(DESK).held


def opening_at(address: str, kind: str) -> Mailbox:
    return Mailbox(kind, ("opening",), address, {address: tables.Address(kinds=(kind,))})


def test_each_form_of_the_welcome_goes_where_its_kind_is_opened_and_none_for_a_kind_that_is_not_by_mail() -> None:
    boxes = (opening_at(OPENINGS, "incident"), *DESK.mailboxes[1:])
    orders = opening_at("ordenes@cau.test", "work_order")
    held = HeldGrant(Grant("registration", addressee=NEW), token_digest(TOKEN))
    message = mail(f"Alta en Soporte CAU [{TOKEN}]", FORM, sender=NEW)
    for all_boxes, addresses in ((boxes, [OPENINGS]), ((*boxes, orders), [OPENINGS, orders.address])):
        strict = registered_desk(mailboxes=all_boxes)
        (letter,) = verdict("servicio", message, Facts(grant=held), strict).letters
        assert [link.to for link in letter.links] == addresses


def test_the_welcome_says_what_each_kind_is_for() -> None:
    kinds = {key: replace(kind, description=f"Para {key}.") for key, kind in DESK.kinds.items()}
    held = HeldGrant(Grant("registration", addressee=NEW), token_digest(TOKEN))
    message = mail(f"Alta en Soporte CAU [{TOKEN}]", FORM, sender=NEW)
    (letter,) = verdict("servicio", message, Facts(grant=held), registered_desk(kinds=kinds)).letters
    assert letter.values["kinds"] == (("Incidencia", "Para incident."), ("Orden de trabajo", "Para work_order."))


def test_a_form_with_faults_comes_back_with_what_was_right() -> None:
    decision = register("Nombre: Juan Ruiz\nCIF/NIF: 12\n")
    assert decision.verdict == "refused"
    assert [f.field for f in decision.faults] == ["tax_id", "client_type"]
    assert "Nombre: Juan Ruiz" in decision.letters[0].links[0].body
    assert decision.people == ()


def test_it_holds_what_was_meant_too() -> None:
    (letter,) = register("Nombre: Juan Ruiz\nCIF/NIF: B12345678\nTipo de cliente: Ciudadna\n").letters
    assert "Tipo de cliente: Ciudadano" in letter.links[0].body


def test_a_form_sent_twice_corrects_the_person() -> None:
    used = HeldGrant(Grant("registration", addressee=NEW), token_digest(TOKEN), used_at=NOW)
    again = register(FORM, grant=used)
    assert (again.verdict, again.used, len(again.people)) == ("registered", (), 1)


def test_nobody_registers_with_somebody_elses_link() -> None:
    assert register(FORM, sender="mallory@otro.test").why == "stranger"


def test_a_released_opening_is_treated_and_its_clocks_count_from_then() -> None:
    decision = verdict("apertura", mail(OPENING, GOOD, sender=NEW), Facts(next_number=NUMBER, released=True), DESK)
    assert decision.verdict == "opened"
    assert evolve(None, decision.events[0]).running == ((NOW, None),)


def test_a_shared_address_is_refused_with_the_reason() -> None:
    decision = verdict("apertura", mail(OPENING, GOOD, sender=SHARED), desk=DESK)
    assert [(f.code, f.detail) for f in decision.faults] == [("refused", "shared_address")]
    assert letters(decision) == [("refusal", (SHARED,))]
    assert [link.key for link in decision.letters[0].links] == ["open_own"], "nothing of it is to be corrected"
    asked = verdict("apertura", mail(M_SUBJECT, sender=SHARED), desk=DESK)
    assert (asked.verdict, asked.letters[0].links) == ("refused", ())


def test_the_shipped_form_asks_what_the_desk_needs_to_know() -> None:
    defaults = Path(daemon.config.settings.__file__).with_name("defaults.toml")
    asked = tomllib.loads(defaults.read_text(encoding="utf-8"))["requesters"]["registration_fields"]
    assert [field["label"] for field in asked] == ["Nombre", "Organización", "CIF/NIF", "Tipo de cliente", "Teléfono"]
    assert asked[3]["values"] == ["Registro", "Abonado", "Ciudadano"]


# -- participants


@pytest.mark.parametrize(
    ("requesters", "people", "expected"),
    [
        (Requesters(), (), ()),
        (Requesters(participants="any"), (), ("jefe@cliente.test", "otro@ajeno.test")),
        (Requesters(domains=("cliente.test",)), (), ("jefe@cliente.test",)),
        (Requesters(), (PersonTable("Otro", ("otro@ajeno.test",)),), ("otro@ajeno.test",)),
    ],
)
def test_who_in_copy_takes_part(requesters: Requesters, people: tuple, expected: tuple[str, ...]) -> None:
    copied = mail(OPENING, GOOD, cc=(Address("jefe@cliente.test"), Address("otro@ajeno.test")))
    decision = verdict("apertura", copied, desk=make_desk(requesters=requesters, people=people))
    assert evolve(None, decision.events[0]).participants == expected


def test_people_registered_by_mail_take_part() -> None:
    copied = mail(OPENING, GOOD, cc=(Address("Jefe@cliente.test"),))
    facts = Facts(next_number=NUMBER, registered_people=frozenset({"jefe@cliente.test"}))
    assert evolve(None, verdict("apertura", copied, facts).events[0]).participants == ("Jefe@cliente.test",)


def test_somebody_newly_in_copy_of_a_reply_joins_under_the_same_rule() -> None:
    own = make_desk(requesters=Requesters(domains=("cliente.test",)))
    answer = mail(
        f"Confirmación de la incidencia {NUMBER}",
        "Añado a mi jefe.",
        cc=(Address("jefe@cliente.test"), Address("x@y.test")),
    )
    decision = verdict("servicio", answer, facts_of(opened(own)), desk=own)
    assert decision.events[0].changes["participants"] == ("jefe@cliente.test",)


@pytest.mark.parametrize(("room", "joining"), [(0, ()), (2, ("c0@cliente.test", "c1@cliente.test"))])
def test_a_ticket_has_room_for_so_many(room: int, joining: tuple[str, ...]) -> None:
    crowd = tuple(Address(f"c{n}@cliente.test") for n in range(300))
    small = make_desk(requesters=Requesters(participants="any"), limits=Limits(participants=room))
    opening = verdict("apertura", mail(OPENING, GOOD, cc=crowd), desk=small)
    assert evolve(None, opening.events[0]).participants == joining


def test_a_full_ticket_takes_nobody_more() -> None:
    full = make_desk(requesters=Requesters(participants="any"), limits=Limits(participants=1))
    answer = mail(f"Confirmación de la incidencia {NUMBER}", "Añado.", cc=(Address("otro@cliente.test"),))
    decision = verdict("servicio", answer, facts_of(opened(full, participants=("jefe@cliente.test",))), desk=full)
    assert decision.verdict == "threaded" and "participants" not in decision.events[0].changes


# -- rules that refuse and hold


def ruled(**then: object) -> Desk:
    return make_desk(rules=(Rule("aparte", {"service": "AREN"}, then),))


def test_a_rule_may_refuse_with_its_text() -> None:
    decision = verdict("apertura", mail(OPENING, GOOD), desk=ruled(refuse="AREN se atiende en otro buzón."))
    assert [(f.code, f.detail) for f in decision.faults] == [("refused", "AREN se atiende en otro buzón.")]


def test_a_rule_may_hold_until_the_admin_releases_it() -> None:
    held = verdict("apertura", mail(OPENING, GOOD), desk=ruled(hold=True))
    assert (held.verdict, held.why, held.letters, held.held_until) == ("held", "rule", (), None)
    freed = verdict("apertura", mail(OPENING, GOOD), Facts(next_number=NUMBER, released=True), ruled(hold=True))
    assert freed.verdict == "opened"


def test_what_a_rule_would_hold_is_refused_first_where_its_form_is_wrong() -> None:
    body = "Servicio/Aplicación: AREN\nTipo: Error Acceso\n"
    assert verdict("apertura", mail(OPENING, body), desk=ruled(hold=True)).verdict == "refused"


# -- quality (J, M)


def test_an_encrypted_opening_is_refused_with_that_reason_alone() -> None:
    decision = verdict("apertura", mail(OPENING, "", encrypted="smime"))
    assert ([f.code for f in decision.faults], decision.verdict) == (["encrypted"], "refused")


def test_a_group_is_told_that_a_reply_is_encrypted() -> None:
    decision = verdict("servicio", mail(CONFIRMATION, "", encrypted="smime"), facts_of(opened()))
    assert [letter.values["warnings"] for letter in decision.letters] == [("encrypted",)]


@pytest.mark.parametrize("subject", [SUBJECT, "Consulta"], ids=["on a ticket", "on none"])
def test_a_technician_is_told_that_an_action_is_encrypted(subject: str) -> None:
    decision = verdict("tecnicos", mail(subject, "", sender=ANA, encrypted="pgp"), facts_for(opened(STAFF)), desk=STAFF)
    assert (decision.why, decision.events) == ("refused_encrypted", ())
    assert decision.letters[0].links


def test_a_check_that_warns_is_told_in_the_confirmation_and_to_the_group() -> None:
    polite = make_desk(quality=Quality(shouting="warn", call_me="warn"))
    body = GOOD.replace("al guardar.", "al guardar!!! ¿¿¿por qué???")
    decision = verdict("apertura", mail(OPENING, body), desk=polite)
    assert [letter.values["warnings"] for letter in decision.letters] == [("shouting",), ("shouting",)]


def test_a_check_that_refuses_names_itself() -> None:
    strict = make_desk(quality=Quality(all_capitals="refuse"))
    body = GOOD.replace(
        "La pantalla de altas da un error 500 al guardar.", "LA PANTALLA DE ALTAS DA UN ERROR AL GUARDAR"
    )
    decision = verdict("apertura", mail(OPENING, body), desk=strict)
    assert [(f.code, f.detail) for f in decision.faults] == [("refused", "all_capitals")]


def test_an_open_ticket_of_the_same_sender_on_the_same_service_is_pointed_out() -> None:
    earlier = opened(number="I171001_000003")
    decision = verdict("apertura", mail(OPENING, GOOD), Facts(next_number=NUMBER, earlier=(earlier,)))
    assert [letter.values["similar"] for letter in decision.letters] == [earlier.number, earlier.number]
    assert decision.letters[1].values["earlier"] == (earlier,)
    elsewhere = opened(number="I171001_000003", fields=(("service", "CONDUCTORES"), *earlier.fields[1:]))
    other = verdict("apertura", mail(OPENING, GOOD), Facts(next_number=NUMBER, earlier=(elsewhere,)))
    assert other.letters[0].values["similar"] == ""


def test_a_used_grant_of_somebody_else_is_no_registration() -> None:
    facts = granted(opened(), Grant("survey", "5", NUMBER, MARTA, round=1))
    assert verdict("servicio", mail(f"Alta [{TOKEN}]", FORM, sender=NEW), facts, DESK).people == ()
