"""A person may have several addresses: whichever of them they write from, they are who they are; letters go on to the
address that the ticket, or the group, knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from parsers.mail import Address
from rules.decision import Decision
from rules.deliveries import alternative_contact
from rules.desk import Desk
from rules.facts import Facts, HeldGrant, Registered, SetAside
from rules.letters import Grant
from rules.reading import token_digest
from rules.solutions import verdict_links
from rules.tables import Group, PersonTable
from rules.ticket import Event, Ticket, evolve
from tests.rules.desks import (
    ANA,
    CONFIRMATION,
    COORD,
    EVA,
    LUIS,
    MARTA,
    NOW,
    NUMBER,
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
from tests.rules.technicians import act

BOSS, ADMIN = "jefe@cliente.test", "admin@cau.test"
AT_HOME = {who: f"{who.split('@')[0]}.privado@casa.test" for who in (MARTA, BOSS, ANA, COORD, ADMIN)}
"""Each person's other address."""
DESK = make_desk(people=tuple(PersonTable(who, (who.upper(), home)) for who, home in AT_HOME.items()))
N1 = "n1@cau.test"

VALIDATION = f"Validación solución de la incidencia {NUMBER}"
CLICK = f"Petición {NUMBER} [{TOKEN}]"
FROM = "whoever wrote"
"""Stands for the address that a mail came from: what answers a mail goes there."""


class Case(NamedTuple):
    """A mail of ``who`` and what follows from whichever of their addresses it comes."""

    who: str
    box: str
    subject: str
    facts: Facts
    verdict: str
    letters: tuple[tuple[str, str], ...] = ()
    body: str = "Sigue igual desde ayer."


def token(ticket: Ticket, purpose: Any, verb: str, addressee: str = MARTA, **more: Any) -> Facts:
    return granted(ticket, Grant(purpose, verb, NUMBER, addressee, round=ticket.round, **more))


OPEN, PENDING = opened(DESK, participants=(BOSS,)), opened(DESK, state="pending", participants=(BOSS,))
SOLVED, CLOSED = resolved(DESK, participants=(BOSS,)), opened(DESK, state="closed", participants=(BOSS,))
GROUPS = Registered(NUMBER, "group", "assignment")
ASIDE = SetAside(7, "servicio", "quarantined", "budget", "x@otro.test", "Hola", NOW)
RELEASE = Grant("quarantine", "release", addressee=ADMIN, mail=7)

CASES = {
    "a requester's reply": Case(MARTA, "servicio", CONFIRMATION, facts_of(OPEN), "threaded", (("update", N1),)),
    "a participant's reply": Case(BOSS, "servicio", CONFIRMATION, facts_of(OPEN), "threaded", (("update", N1),)),
    "the answer that was asked for": Case(
        MARTA, "servicio", CONFIRMATION, facts_of(PENDING), "threaded", (("update", N1),)
    ),
    "a reply to a solution": Case(
        MARTA, "servicio", VALIDATION, facts_of(SOLVED), "threaded", (("update", N1), ("validation", MARTA))
    ),
    "«Validar»": Case(
        MARTA, "servicio", f"Validar {CLICK}", token(SOLVED, "verdict", "validate"), "validated",
        (("closure", MARTA), ("update", N1)),
    ),
    "«Rechazar»": Case(
        MARTA, "servicio", f"Rechazar {CLICK}", token(SOLVED, "verdict", "reject"), "rejected",
        (("reopening", MARTA), ("update", N1)),
    ),
    "a mark of the survey": Case(
        MARTA, "servicio", f"Encuesta {CLICK}", token(CLOSED, "survey", "5"), "survey",
        (("survey_thanks", FROM), ("update", N1)),
    ),
    "a withdrawal": Case(
        MARTA, "servicio", f"Retirar la incidencia {NUMBER}", facts_of(OPEN, registered=None), "query",
        (("withdrawal", MARTA),),
    ),
    "its click": Case(
        MARTA, "servicio", f"Retirar {CLICK}", token(OPEN, "withdraw", "withdraw"), "withdrawn",
        (("closure", MARTA), ("update", N1)),
    ),
    "a participant's click": Case(
        BOSS, "servicio", f"Validar {CLICK}", token(SOLVED, "verdict", "validate"), "untreated",
        (("verdict_notice", FROM),),
    ),
    "a query": Case(
        MARTA, "servicio", f"Consulta de la incidencia {NUMBER}", facts_of(OPEN, registered=None), "query",
        (("status", FROM),),
    ),
    "a reply to what is closed": Case(
        BOSS, "servicio", CONFIRMATION, facts_of(CLOSED), "untreated", (("closed_notice", FROM),)
    ),
    "a subject that is not exact": Case(
        BOSS, "servicio", f"Sobre {NUMBER}", facts_of(OPEN, registered=None), "untreated", (("wrong_subject", FROM),)
    ),
    "a technician's note": Case(
        ANA, "tecnicos", "Re: Asignación", facts_of(OPEN, registered=GROUPS), "desk", (("update", FROM),)
    ),
    "an action": Case(
        ANA, "tecnicos", f"Gestión [{TOKEN}]", token(OPEN, "action", "", "", group="n1"), "desk",
        (("update", N1),), body="Acción: Asignarme\n",
    ),
    "a coordinator's action": Case(
        COORD, "tecnicos", f"Gestión [{TOKEN}]", token(OPEN, "action", "", "", group="n1"), "desk",
        (("reply", MARTA), ("reply", BOSS)), body="Acción: Responder\nTexto: Lo miramos.\n",
    ),
    "a worklist": Case(ANA, "tecnicos", "Consulta", Facts(), "desk", (("worklist", FROM),), body="Acción: Turno\n"),
    "a quarantine's link": Case(
        ADMIN, "servicio", f"Cuarentena [{TOKEN}]",
        Facts(grant=HeldGrant(RELEASE, token_digest(TOKEN)), set_aside=ASIDE), "desk", (("admin_alert", FROM),),
    ),
}  # fmt: skip


def decided(each: Case, sender: str, desk: Desk = DESK) -> Decision:
    return verdict(each.box, mail(each.subject, each.body, sender=sender), each.facts, desk)


@pytest.mark.parametrize("each", CASES.values(), ids=CASES)
@pytest.mark.parametrize("home", [False, True], ids=["the known address", "the other one"])
def test_whichever_address_somebody_writes_from(each: Case, home: bool) -> None:
    sender = AT_HOME[each.who] if home else each.who
    decision = decided(each, sender)
    told = tuple((name, FROM if one == sender else one) for name, to in letters(decision) for one in to)
    wanted = each.letters if home else tuple((name, FROM if to == each.who else to) for name, to in each.letters)
    copies = {(name, BOSS) for name, _ in each.letters}  # the store adds those of participants
    assert decision.verdict == each.verdict
    assert [one for one in told if one not in copies] == [one for one in wanted if one not in copies]


@pytest.mark.parametrize(
    ("who", "sender", "group", "assignee"),
    [
        ("a member", AT_HOME[ANA], "n1", ANA),
        ("a coordinator", AT_HOME[COORD], "n1", COORD),
        ("a member under the address of this group", AT_HOME[ANA], "n2", AT_HOME[ANA]),
        ("somebody under the address that is known", ANA.upper(), "n1", ANA),
    ],
)
def test_a_technician_is_assigned_by_the_address_that_the_group_knows(
    who: str, sender: str, group: str, assignee: str
) -> None:
    groups = {**DESK.groups, "n2": Group("Nivel 2", "n2@cau.test", (EVA, AT_HOME[ANA]))}
    decision = act("Acción: Asignarme\n", opened(DESK, group=group), sender=sender, at=replace(DESK, groups=groups))
    assert [event.changes["assignee"] for event in decision.events] == [assignee], who


def test_of_two_who_assign_at_once_one_is_not_two_people() -> None:
    taken = (Event(NUMBER, "opened", NOW), Event(NUMBER, "take", NOW, AT_HOME[ANA], changes={"assignee": ANA}))
    for sender, done in ((ANA, True), (LUIS, False)):
        facts = {"journals": {NUMBER: taken}, "grant": Grant("action", number=NUMBER, group="n1", round=1)}
        decision = act("Acción: Asignarme\n", evolve(opened(DESK), taken[1]), sender=sender, at=DESK, **facts)
        assert bool(decision.events) is done, sender


@pytest.mark.parametrize(
    ("copied", "joined"),
    [
        ((AT_HOME[MARTA],), ()),
        ((AT_HOME[BOSS],), ()),
        ((AT_HOME[ANA], ANA), (AT_HOME[ANA],)),
    ],
)
def test_nobody_takes_part_twice(copied: tuple[str, ...], joined: tuple[str, ...]) -> None:
    message = mail(CONFIRMATION, "Sigue igual.", cc=tuple(map(Address, copied)))
    (event,) = verdict("servicio", message, facts_of(OPEN), DESK).events
    assert event.changes.get("participants", (BOSS,)) == (BOSS, *joined)


def test_who_takes_part_in_both_of_two_that_are_joined_takes_part_once() -> None:
    other = replace(OPEN, number=f"{NUMBER[:-1]}8", requester=AT_HOME[MARTA], participants=(AT_HOME[BOSS], EVA))
    decision = act(f"Acción: Unir\nCon: {other.number}\n", OPEN, other, at=DESK)
    kept = next(event for event in decision.events if event.number == other.number)
    assert kept.changes["participants"] == (AT_HOME[BOSS], EVA)


def test_the_questions_of_a_person_are_about_all_of_their_addresses() -> None:
    needs = reading("servicio", mail("Mis incidencias", sender=AT_HOME[MARTA]), DESK).needs(DESK)
    assert needs.search is not None
    assert needs.search.addresses == needs.writer == {MARTA, AT_HOME[MARTA]}


def test_new_links_of_a_solution_go_to_its_requester_whichever_address_asked() -> None:
    old = replace(SOLVED, round=2)
    facts = granted(old, Grant("verdict", "validate", NUMBER, MARTA, round=1))
    decision = verdict("servicio", mail(f"Validar {CLICK}", sender=AT_HOME[MARTA]), facts, DESK)
    fresh = verdict_links(old, DESK, NOW - timedelta(seconds=1))
    assert [(letter.to, letter.links) for letter in decision.letters] == [((AT_HOME[MARTA],), fresh)]


def test_whatever_address_of_its_staff_is_of_the_desk_itself() -> None:
    assert {AT_HOME[ANA], AT_HOME[COORD], AT_HOME[ADMIN]} <= DESK.staff
    assert not {MARTA, AT_HOME[MARTA]} & DESK.staff


def test_somebody_whom_letters_do_not_reach_may_have_another_address() -> None:
    assert [alternative_contact(ticket, DESK) for ticket in (OPEN, replace(OPEN, requester=EVA))] == [
        AT_HOME[MARTA],
        "",
    ]


@pytest.mark.parametrize("each", CASES.values(), ids=CASES)
def test_an_address_that_nobody_lists_is_a_strangers(each: Case) -> None:
    decision = decided(each, AT_HOME[each.who], make_desk())
    assert (decision.verdict, decision.events, decision.letters) == ("untreated", (), ())


@pytest.mark.parametrize("each", CASES.values(), ids=CASES)
def test_another_persons_other_address_is_a_strangers_too(each: Case) -> None:
    stranger = PersonTable("Juan", ("juan@otro.test", "juan@casa.test"))
    decision = decided(each, "juan@casa.test", replace(DESK, people=(*DESK.people, stranger)))
    assert (decision.verdict, decision.events, decision.letters) == ("untreated", (), ())
