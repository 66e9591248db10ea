"""The transition table: every state and event, and what entering a state changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rules import wording
from rules.action_forms import event_of
from rules.actions import EFFECTS
from rules.lifecycle import KEEPING, REASONS, TRANSITIONS, move, possible
from rules.ticket import Event, dump_changes, evolve, fold, load_changes
from tests.rules.desks import CATALOGUE, DESK, NOW, opened

STATES = ("assigned", "pending", "resolved", "closed")
POSSIBLE = {
    "assigned": {"ask", "hold", "resolve", "refuse", "withdraw", "merge", "reclassify", "escalate", "return"},
    "pending": {
        "reply",
        "until",
        "resolve",
        "silence",
        "refuse",
        "withdraw",
        "merge",
        "reclassify",
        "escalate",
        "return",
    },
    "resolved": {"validate", "silence", "reject", "reopen", "withdraw"},
    "closed": set(),
}


@pytest.mark.parametrize(("kind", "resolved"), [("incident", "Resuelto"), ("work_order", "Terminado")])
def test_the_states_are_called_as_in_the_manual(kind: str, resolved: str) -> None:
    labels = [wording.state_label(DESK, kind, state) for state in STATES]
    assert labels == ["Asignado", "Pendiente", resolved, "Cerrado"]


@pytest.mark.parametrize("state", STATES)
def test_each_state_allows_exactly_its_events(state: str) -> None:
    ticket = replace(opened(), state=state)
    assert {name for name in TRANSITIONS if possible(ticket, name)} == POSSIBLE[state]


@pytest.mark.parametrize(
    ("state", "allowed", "refused"),
    [
        ("assigned", {"note", "answer", "take", "priority"}, set()),
        ("pending", {"note", "answer", "take", "priority"}, set()),
        ("resolved", {"note", "answer", "relate"}, {"take", "priority", "contact"}),
        ("closed", {"note", "relate"}, {"answer", "take"}),
    ],
)
def test_actions_without_a_row_keep_the_state_or_are_refused(state: str, allowed: set[str], refused: set[str]) -> None:
    ticket = replace(opened(), state=state)
    assert all(possible(ticket, name) for name in allowed)
    assert not any(possible(ticket, name) for name in refused)
    assert state in KEEPING


@pytest.mark.parametrize("state", STATES)
def test_an_impossible_move_is_a_defect(state: str) -> None:
    ticket = replace(opened(), state=state)
    for name in TRANSITIONS:
        if name not in POSSIBLE[state]:
            with pytest.raises(ValueError, match=f"{name} is not possible"):
                move(ticket, name, NOW)


def test_clocks_stop_while_pending_and_resolved_and_go_on_after() -> None:
    ticket = opened()
    start = ticket.running[0][0]
    asked = evolve(ticket, move(ticket, "ask", NOW, text="¿Qué navegador?"))
    assert asked.running == ((start, NOW),)
    assert asked.waiting_since == asked.responded_at == NOW
    later = NOW + timedelta(hours=2)
    answered = evolve(asked, move(asked, "reply", later))
    assert answered.running == ((start, NOW), (later, None))
    assert (answered.state, answered.reason, answered.waiting_since) == ("assigned", "info_received", None)
    done = evolve(answered, move(answered, "resolve", later + timedelta(hours=1)))
    assert done.running[-1] == (later, later + timedelta(hours=1))
    back = evolve(done, move(done, "reject", later + timedelta(hours=3)))
    assert back.running[-1] == (later + timedelta(hours=3), None)
    assert (back.state, back.reason) == ("assigned", "reopened")


def test_a_change_of_state_forgets_reminders_but_not_clocks() -> None:
    ticket = opened(
        state="pending", waiting_since=NOW, told=("response_warning:Media", "silence_reminder:1", "pending_until")
    )
    assert evolve(ticket, move(ticket, "reply", NOW)).told == ("response_warning:Media",)


@pytest.mark.parametrize("name", ["ask", "answer", "resolve", "refuse"])
def test_what_is_a_first_response(name: str) -> None:
    assert evolve(opened(), move(opened(), name, NOW)).responded_at == NOW


@pytest.mark.parametrize("name", ["hold", "note", "take", "contact", "escalate", "merge"])
def test_what_is_none(name: str) -> None:
    assert evolve(opened(), move(opened(), name, NOW)).responded_at is None


def test_the_first_response_is_noted_once() -> None:
    ticket = opened()
    first = evolve(ticket, move(ticket, "answer", NOW))
    second = evolve(first, move(first, "answer", NOW + timedelta(hours=1)))
    assert (first.responded_at, second.responded_at) == (NOW, NOW)


def test_reasons_belong_to_a_kind_and_a_state() -> None:
    assert REASONS["incident"]["resolved"] == ("no_further_action", "auto_notified")
    assert REASONS["work_order"]["resolved"] == ("success", "success_with_issues")
    pending = ("client_hold", "info_requested", "client_action")
    assert [REASONS[kind]["pending"] for kind in ("incident", "work_order")] == [pending, pending]


BESIDE = {
    "opened", "note", "reply", "relate", "merged_in", "survey", "out_of_office", "undelivered",
    "warning", "breach", "reminder", "follow_up", "erased",
}  # fmt: skip
"""Events that are neither a change of state nor an action's own."""


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_row_of_a_journal_is_called_something(language: str) -> None:
    actions = {event_of(key) for key in EFFECTS if key != "explain"}
    assert CATALOGUE[language]["events"].keys() == {*TRANSITIONS, *actions, *BESIDE}


@pytest.mark.parametrize("event", ["reject", "reopen"])
def test_what_was_reopened_waits_to_be_talked_over_with_the_client(event: str) -> None:
    ticket = opened(state="resolved", running=((NOW, NOW),))
    back = evolve(ticket, move(ticket, event, NOW))
    assert (back.state, back.running[-1]) == ("assigned", (NOW, None))
    assert wording.word(DESK, "reasons", back.reason) == "Pdte comunicación con cliente"


def test_the_ticket_is_the_fold_of_its_journal_through_json() -> None:
    ticket = opened()
    events = [
        Event(ticket.number, "opened", NOW, changes={"kind": "incident", "running": ((NOW, None),), "told": ("x",)})
    ]
    folded = fold(events)
    assert folded is not None
    events.append(move(folded, "ask", NOW + timedelta(hours=1)))
    stored = [replace(event, changes=load_changes(dump_changes(event.changes))) for event in events]
    assert fold(stored) == fold(events)
