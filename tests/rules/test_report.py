"""The weekly report: small journals and the figures that they must give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from rules.desk import Desk
from rules.durations import Duration
from rules.lifecycle import move
from rules.report import Report, weekly
from rules.tables import Category, DeskTable, Group, Kind, Priority
from rules.ticket import Event, evolve

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
NEXT = MONDAY + timedelta(days=7)
DESK = Desk(
    DeskTable("Soporte", "cau.example"),
    mailboxes=(),
    kinds={"incident": Kind("Incidencia", "I", "Apertura", "n1")},
    groups={"n1": Group("Nivel 1", "n1@cau.example"), "n2": Group("Nivel 2", "n2@cau.example")},
    priorities={
        "Alta": Priority(Duration(hours=2), Duration(hours=8)),
        "Media": Priority(Duration(hours=4), Duration(hours=24)),
    },
    categories=(Category("Accesos"), Category("Otros")),
)
NUMBERS = count(1)


def hours(n: float) -> datetime:
    """So many hours after the week began; negative in the week before."""
    return MONDAY + timedelta(hours=n)


def journal(opened: float, *steps: tuple[str, float, dict[str, Any]], **changes: Any) -> tuple[Event, ...]:
    """A ticket opened at an hour of the week, and what happened to it at others."""
    at = hours(opened)
    first = {
        "kind": "incident", "priority": "Media", "group": "n1", "received_at": at, "opened_at": at,
        "running": ((at, None),), **changes,
    }  # fmt: skip
    events = [Event(f"I{next(NUMBERS):04}", "opened", at, changes=first)]
    ticket = evolve(None, events[0])
    for name, when, more in steps:
        events.append(move(ticket, name, hours(when), **more))
        ticket = evolve(ticket, events[-1])
    return tuple(events)


def solved(at: float) -> tuple[str, float, dict[str, Any]]:
    return "resolve", at, {"round": 1}


def marked(events: tuple[Event, ...], *marks: tuple[float, int]) -> tuple[Event, ...]:
    """The journal with answers to the survey: (hour, mark)."""
    return (*events, *(Event(events[0].number, "survey", hours(at), changes={"mark": mark}) for at, mark in marks))


def report(*journals: tuple[Event, ...], **more: Any) -> Report:
    return weekly(journals, DESK, MONDAY, NEXT, **more)


def figures(found: Report) -> dict[str, tuple[int, int]]:
    return {key: (this, last) for key, this, last in found.figures}


def test_a_week_of_nothing():
    found = report()
    assert figures(found) == {"opened": (0, 0), "closed": (0, 0), "reopened": (0, 0), "backlog": (0, 0)}
    assert found.ages == (("day", 0), ("three_days", 0), ("week", 0), ("older", 0))
    assert (found.priorities, found.groups, found.categories) == ((), (), ())
    assert found.marks == ((5, 0), (4, 0), (3, 0), (2, 0), (1, 0))
    assert found.finding == "quiet"


def test_opened_closed_reopened_and_backlog_beside_last_week():
    found = report(
        journal(-100, solved(-90), ("validate", -80, {})),
        journal(-50, solved(10), ("validate", 20, {})),
        journal(-20),
        journal(5, solved(6), ("reject", 7, {}), solved(8), ("reject", 9, {})),
        journal(30, solved(31)),
        journal(200),
    )
    assert figures(found) == {"opened": (2, 3), "closed": (1, 1), "reopened": (2, 0), "backlog": (3, 2)}


def test_what_was_closed_before_is_not_closed_again_by_an_answer_to_the_survey():
    before = marked(journal(-50, solved(-40), ("validate", -30, {})), (10, 4))
    assert figures(report(before))["closed"] == (0, 1)


def test_the_backlog_adds_up():
    found = figures(report(journal(-300), journal(-20), journal(1), journal(2, ("refuse", 3, {}))))
    assert found["backlog"][1] + found["opened"][0] - found["closed"][0] == found["backlog"][0]


def test_what_happens_later_is_not_known_yet():
    assert figures(report(journal(10, solved(11), ("validate", 170, {}))))["closed"] == (0, 0)
    assert figures(report(journal(10, solved(11), ("validate", 170, {}))))["backlog"] == (1, 0)


@pytest.mark.parametrize(
    ("opened", "age"),
    [(168 - 1, "day"), (168 - 24, "day"), (168 - 25, "three_days"), (168 - 73, "week"), (168 - 169, "older")],
)
def test_backlog_by_age(opened, age):
    assert [key for key, n in report(journal(opened)).ages if n] == [age]
    assert [key for key, n in report(journal(167, received_at=hours(opened))).ages if n] == [age]


COMPLIANCE = [
    # what, journal, (total, response, resolution)
    ("answered and solved in time", journal(10, ("answer", 12, {}), solved(30)), (1, 1, 1)),
    ("solved in time is answered in time", journal(10, solved(12)), (1, 1, 1)),
    ("answered late", journal(10, ("answer", 15, {}), solved(30)), (1, 0, 1)),
    ("solved to the minute", journal(10, ("answer", 14, {}), solved(34)), (1, 1, 1)),
    ("solved late", journal(10, ("answer", 12, {}), solved(40)), (1, 1, 0)),
    ("not solved at all", journal(10), (1, 0, 0)),
    ("time not over yet", journal(160), None),
    ("time over as the week ends: the next one tells of it", journal(168 - 24), None),
    ("missed in the week before, solved in this one", journal(-100, solved(20)), None),
    ("the clock stood while pending", journal(10, ("ask", 11, {}), ("reply", 60, {}), solved(80)), (1, 1, 1)),
    ("refused by the desk", journal(10, ("refuse", 11, {})), (1, 1, 1)),
    ("withdrawn", journal(10, ("withdraw", 60, {})), None),
    ("rejected: the first solution does not stand", journal(10, solved(12), ("reject", 20, {})), (1, 1, 0)),
    ("rejected and closed by the desk", journal(10, solved(12), ("reject", 20, {}), ("refuse", 25, {})), (1, 1, 1)),
    (
        "rejected and closed by the desk too late",
        journal(10, solved(12), ("reject", 20, {}), ("refuse", 50, {})),
        (1, 1, 0),
    ),
    ("reclassified", journal(10, ("reclassify", 60, {})), None),
    ("a priority that promises nothing", journal(10, solved(12), priority="Vieja"), None),
]


@pytest.mark.parametrize(("events", "counts"), [row[1:] for row in COMPLIANCE], ids=[row[0] for row in COMPLIANCE])
def test_compliance(events, counts):
    found = [(row["total"], row["response"], row["resolution"]) for row in report(events).priorities]
    assert found == ([counts] if counts else [])


def test_compliance_by_priority_most_urgent_first():
    found = report(journal(10, solved(11)), journal(10, solved(11), priority="Alta"), journal(10, priority="Alta"))
    assert [(row["name"], row["total"], row["resolution"]) for row in found.priorities] == [
        ("Alta", 2, 1),
        ("Media", 1, 1),
    ]


def test_the_last_answer_of_the_survey_counts_even_of_a_ticket_closed_before():
    closed = (solved(-40), ("validate", -30, {}))
    found = report(
        marked(journal(-50, *closed), (-20, 5)),
        marked(journal(-50, *closed), (10, 2), (11, 4)),
        marked(journal(1, solved(2), ("validate", 3, {})), (4, 5)),
    )
    assert found.marks == ((5, 1), (4, 1), (3, 0), (2, 0), (1, 0))


def test_by_group_and_category():
    found = report(
        journal(1, category="Accesos"),
        journal(2, solved(3), ("validate", 4, {}), group="n2", category="Accesos"),
        journal(3, group="n2"),
    )
    assert found.groups == (
        {"name": "Nivel 1", "opened": 1, "closed": 0, "backlog": 1},
        {"name": "Nivel 2", "opened": 2, "closed": 1, "backlog": 1},
    )
    assert found.categories == ({"name": "Accesos", "opened": 2, "closed": 1, "backlog": 1},)


def test_a_coordinator_sees_their_own_groups():
    found = report(journal(1), journal(2, group="n2"), groups={"n2"})
    assert [row["name"] for row in found.groups] == ["Nivel 2"]
    assert figures(found)["opened"] == (1, 0)


FINDINGS = [
    ("overdue", (journal(10),)),
    ("late", (journal(10, solved(60)),)),
    ("backlog_grew", (journal(165),)),
    ("backlog_shrank", (journal(-2, solved(3), ("validate", 4, {})),)),
    ("on_time", (journal(10, solved(11), ("validate", 12, {})),)),
    ("on_time", (journal(-100, priority="Vieja"),)),
]


@pytest.mark.parametrize(("finding", "journals"), FINDINGS)
def test_the_finding(finding, journals):
    assert report(*journals).finding == finding


def test_the_letter_gets_every_figure():
    values = report(journal(10)).values()
    figures_of_the_letter = "since until figures ages priorities marks groups categories finding overdue late"
    assert set(values) == set(figures_of_the_letter.split())
    assert (values["overdue"], values["late"]) == (1, 1)
