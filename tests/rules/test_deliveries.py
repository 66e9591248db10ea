"""A letter that did not arrive: what its group or, of a letter to staff, the admins are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from parsers.mail import Report
from rules.decision import Decision
from rules.deliveries import undelivered
from rules.facts import Sent
from rules.letters import Letter
from rules.reading import UNDELIVERED
from rules.ticket import Ticket, evolve
from tests.rules.desks import CONFIRMATION, DESK, MARTA, NOW, NUMBER, facts_of, mail, opened, verdict

ADMIN, BOSS = "admin@cau.test", "jefa@cliente.test"
WRITTEN = NOW - timedelta(days=5)
LAST_WORD = "rcpt: 450 4.2.0 try again later"


def told(sent: Sent, given_up: bool) -> Letter:
    (letter,) = undelivered(sent, LAST_WORD, {NUMBER: opened()}.get, DESK, NOW, 0, given_up).letters
    return letter


@pytest.mark.parametrize(("given_up", "since"), [(True, WRITTEN), (False, None)])
def test_the_group_learns_whether_a_letter_was_refused_or_given_up(given_up: bool, since: object) -> None:
    letter = told(Sent("info_request", NUMBER, MARTA, "x1@cau.test", WRITTEN), given_up)
    assert (letter.name, letter.values["tried_since"]) == ("delivery_failure", since)
    assert "contact" in {link.key for link in letter.links}, "the letter asks for it"
    assert letter.values["diagnostic"] == LAST_WORD, "the server's words alone: ours are the letter's"


@pytest.mark.parametrize(
    ("action", "noted"),
    [
        ("failed", True),
        ("complaint", True),
        ("delayed", False),
        ("delivered", False),
        ("relayed", False),
        ("expanded", False),
    ],
)
def test_only_who_was_not_reached_is_told_of(action: str, noted: bool) -> None:
    report = Report(action, (MARTA,), ("x1@cau.test",))
    facts = facts_of(opened(), own=Sent("info_request", NUMBER, MARTA, "x1@cau.test", WRITTEN))
    decision = verdict("servicio", mail("Aviso", sender="", report=report), facts)
    assert (decision.verdict, decision.why) == ("bounce", action)
    assert [event.name for event in decision.events] == ["undelivered"] * noted
    assert [letter.name for letter in decision.letters] == ["delivery_failure"] * noted


@pytest.mark.parametrize(
    ("status", "diagnostic", "noted"),
    [("5.1.1", "550 no such user", "550 no such user"), ("5.1.1", "", "5.1.1"), ("", "", "complaint")],
)
def test_the_most_that_is_known_of_why_is_noted(status: str, diagnostic: str, noted: str) -> None:
    report = Report("complaint", (MARTA,), ("x1@cau.test",), status, diagnostic)
    facts = facts_of(opened(), own=Sent("info_request", NUMBER, MARTA, "x1@cau.test", WRITTEN))
    (event,) = verdict("servicio", mail("Aviso", sender="", report=report), facts).events
    assert event.text == noted


@pytest.mark.parametrize(("before", "told"), [(0, True), (2, True), (3, False)])
def test_reports_about_letters_to_staff_are_told_of_three_times_an_hour(before: int, told: bool) -> None:
    report = Report("failed", ("n1@cau.test",), ("x1@cau.test",))
    own = Sent("assignment", NUMBER, "n1@cau.test", "x1@cau.test", WRITTEN)
    facts = facts_of(opened(), own=own, counts={UNDELIVERED: before})
    decision = verdict("servicio", mail("Aviso", sender="", report=report), facts)
    assert [letter.name for letter in decision.letters] == ["admin_alert"] * told
    assert decision.counters == (UNDELIVERED,) * told


def test_of_a_letter_about_no_ticket_the_admins_learn_it() -> None:
    (letter,) = undelivered(Sent("welcome", "", MARTA, "x1@cau.test"), LAST_WORD, {}.get, DESK, NOW, 0).letters
    assert (letter.name, letter.values["topic"]) == ("admin_alert", "undelivered")


@pytest.mark.parametrize(
    ("admins", "refused", "before", "told"),
    [
        ((ADMIN, BOSS), "n1@cau.test", 0, (ADMIN, BOSS)),
        ((ADMIN, BOSS), ADMIN.upper(), 2, (BOSS,)),
        ((ADMIN,), ADMIN, 0, ()),
        ((ADMIN, BOSS), "n1@cau.test", 3, ()),
    ],
)
def test_the_admins_are_told_a_few_times_an_hour_and_never_where_no_letter_arrives(
    admins: tuple[str, ...], refused: str, before: int, told: tuple[str, ...]
) -> None:
    desk = replace(DESK, desk=replace(DESK.desk, admins=admins))
    decision = undelivered(Sent("admin_alert", "", refused, "x1@cau.test"), LAST_WORD, {}.get, desk, NOW, before)
    assert [letter.to for letter in decision.letters] == [told] * bool(told)
    assert decision.counters == (UNDELIVERED,) * bool(told)


def test_a_second_address_that_is_not_reached_is_told_of_beside_the_first() -> None:
    ticket = opened(unreached=(BOSS,))
    (event,) = undelivered(
        Sent("reply", NUMBER, MARTA, "x1@cau.test"), LAST_WORD, {NUMBER: ticket}.get, DESK, NOW, 0
    ).events
    assert event.changes["unreached"] == (BOSS, MARTA)


def test_the_group_learns_it_once_until_they_have_answered_a_letter() -> None:
    def returned(ticket: Ticket) -> Decision:
        sent = Sent("validation", NUMBER, MARTA, "x1@cau.test", WRITTEN)
        return undelivered(sent, LAST_WORD, {NUMBER: ticket}.get, DESK, NOW, 0)

    unreached = evolve(opened(), returned(opened()).events[0])
    assert (returned(unreached).events, returned(unreached).letters) == ((), ())
    for waiting in (unreached, replace(unreached, state="pending")):
        answer = verdict("servicio", mail(f"RE: {CONFIRMATION}", "Ya me llegan.", sender=MARTA), facts_of(waiting))
        (letter,) = returned(evolve(waiting, answer.events[0])).letters
        assert (letter.name, letter.values["address"]) == ("delivery_failure", MARTA)
    others = verdict("servicio", mail(f"RE: {CONFIRMATION}", "Yo sí.", sender=BOSS),
                     facts_of(replace(unreached, participants=(BOSS,))))  # fmt: skip
    assert evolve(unreached, others.events[0]).unreached == (MARTA,)


@pytest.mark.parametrize(("given_up", "since"), [(True, "04/10/2017 10:23:58"), (False, "")])
def test_the_admins_learn_it_of_a_letter_to_staff_in_their_language(given_up: bool, since: str) -> None:
    details = dict(told(Sent("assignment", NUMBER, "n1@cau.test", "x1@cau.test", WRITTEN), given_up).values["details"])
    assert details["letter"] == "la asignación"
    assert details.get("tried_since", "") == since
