"""What follows when something falls due: the ticket afterwards, who is written to, and what they are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rules.due import closes_at
from rules.firing import FIRING, fire
from rules.ticket import evolve
from tests.rules.desks import ANA, COORD, DESK, MARTA, NOW, letters, opened, resolved

GROUP = "n1@cau.test"
TOLD = ("response_warning:Alta", "silence_reminder:2")
PENDING: dict[str, Any] = {"state": "pending", "waiting_since": NOW - timedelta(days=3), "question": "¿Qué navegador?"}
FIRED = [
    # what is due, the ticket before, what it is afterwards, who gets which letter, and what that says
    ("response_warning:Media", opened(assignee=ANA), "assigned", [("warning", (ANA,))], {"share": 75}),
    ("response_warning:Media", opened(assignee="gone@cau.test"), "assigned", [("warning", (GROUP,))], {}),
    ("resolution_warning:Media", opened(), "assigned", [("warning", (GROUP,))], {"share": 75}),
    ("response_breach:Media", opened(assignee=ANA), "assigned", [("breach", (COORD,))], {"share": 100}),
    ("resolution_breach:Media", opened(), "assigned", [("breach", (COORD,))], {"share": 100}),
    ("silence_reminder:1", opened(**PENDING), "pending", [("reminder", (MARTA,))],
     {"about": "info_request", "last": False}),
    ("silence_reminder:3", opened(**PENDING), "pending", [("reminder", (MARTA,))],
     {"about": "info_request", "last": True}),
    ("silence_reminder:1", resolved(), "resolved", [("reminder", (MARTA,))], {"about": "validation", "last": False}),
    ("silence_close", opened(**PENDING), "closed", [("closure", (MARTA,))], {}),
    ("silence_close", resolved(), "closed", [("closure", (MARTA,))], {}),
    ("pending_until", opened(**PENDING, pending_until=NOW), "assigned", [("update", (GROUP,))],
     {"what": "pending_over"}),
    ("follow_up", resolved(assignee=ANA, follow_up=NOW), "resolved", [("update", (ANA,))],
     {"what": "follow_up", "text": "Reiniciado."}),
    ("follow_up", resolved(assignee="gone@cau.test", follow_up=NOW), "resolved", [("update", (GROUP,))], {}),
    ("follow_up", resolved(follow_up=NOW), "resolved", [("update", (GROUP,))], {"what": "follow_up"}),
]  # fmt: skip


def test_only_a_solution_that_stands_is_asked_about() -> None:
    rejected = opened(**PENDING, round=1, resolved_at=NOW - timedelta(days=5))
    for ticket, asked in ((resolved(), True), (rejected, False), (opened(**PENDING), False)):
        (letter,) = fire(ticket, "silence_close", DESK, NOW).letters
        assert any(link.key == "mark_5" for link in letter.links) is asked


@pytest.mark.parametrize(
    ("name", "ticket", "state", "told", "says"), FIRED, ids=[f"{row[0]} {row[1].state}" for row in FIRED]
)
def test_what_follows(name: str, ticket: Any, state: str, told: list, says: dict) -> None:
    ticket = replace(ticket, told=TOLD)
    decision = fire(ticket, name, DESK, NOW)
    after = evolve(ticket, decision.events[0])
    assert (after.state, letters(decision)) == (state, told)
    assert {key: decision.letters[0].values[key] for key in says} == says
    if "share" in says:
        assert decision.letters[0].values["deadline"]["key"] == name.partition("_")[0]
    if "last" in says:
        assert decision.letters[0].values["closes_at"] == closes_at(ticket, DESK)
    if state == "closed":
        assert (after.reason, after.closed_at, decision.events[0].visible) == ("no_answer", NOW, True)
    elif state == ticket.state:
        assert after.told == (*TOLD, name)


def test_a_reminder_of_a_solution_carries_both_links_anew() -> None:
    (letter,) = fire(resolved(), "silence_reminder:2", DESK, NOW).letters
    assert [link.key for link in letter.links] == ["validate", "reject"]
    assert all(link.grant and link.grant.addressee == MARTA for link in letter.links)
    assert {link.grant and link.grant.expires_at for link in letter.links} == {NOW + timedelta(days=30)}


def test_every_row_is_tried() -> None:
    assert {row[0].partition(":")[0] for row in FIRED} == {key.partition(":")[0] for key in FIRING}
