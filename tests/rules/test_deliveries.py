"""A letter that did not arrive: what its group or, of a letter to staff, the admins are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.deliveries import undelivered
from rules.facts import Sent
from rules.letters import Letter
from tests.rules.desks import DESK, MARTA, NOW, NUMBER, opened

WRITTEN = NOW - timedelta(days=5)
LAST_WORD = "rcpt: 450 4.2.0 try again later"


def told(sent: Sent, given_up: bool) -> Letter:
    (letter,) = undelivered(sent, LAST_WORD, {NUMBER: opened()}.get, DESK, NOW, given_up).letters
    return letter


@pytest.mark.parametrize(("given_up", "since"), [(True, WRITTEN), (False, None)])
def test_the_group_learns_whether_a_letter_was_refused_or_given_up(given_up: bool, since: object) -> None:
    letter = told(Sent("info_request", NUMBER, MARTA, "x1@cau.test", WRITTEN), given_up)
    assert (letter.name, letter.values["tried_since"]) == ("delivery_failure", since)
    assert "contact" in {link.key for link in letter.links}, "the letter asks for it"
    assert letter.values["diagnostic"] == LAST_WORD, "the server's words alone: ours are the letter's"


@pytest.mark.parametrize(("given_up", "since"), [(True, "04/10/2017 10:23:58"), (False, "")])
def test_the_admins_learn_it_of_a_letter_to_staff_in_their_language(given_up: bool, since: str) -> None:
    details = dict(told(Sent("assignment", NUMBER, "n1@cau.test", "x1@cau.test", WRITTEN), given_up).values["details"])
    assert details["letter"] == "la asignación"
    assert details.get("tried_since", "") == since
