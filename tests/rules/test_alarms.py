"""What fails is told once it has lasted, once only, and once more when it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.alarms import Alarm, Trouble, due, quarantine_details, text
from tests.rules.desks import DESK, NOW

AFTER = timedelta(minutes=15)
DETAILS = (("mailbox", "apertura"), ("reason", "connect: refused"))
DOWN = "mailbox_down:apertura"
KEPT = "filing_refused:apertura"


def trouble(topic: str = "mailbox_down", minutes: float = 20, about: str = "apertura") -> Trouble:
    return Trouble(topic, about, NOW - timedelta(minutes=minutes), DETAILS)


CASES: list[tuple[str, list[Trouble], set[str], set[str], list[tuple[str, bool]]]] = [
    # what, troubles, known to be well, told already, (topic, well)
    ("nothing", [], set(), set(), []),
    ("for a moment", [trouble(minutes=14)], set(), set(), []),
    ("for long", [trouble(minutes=15)], set(), set(), [("mailbox_down", False)]),
    ("told already", [trouble(minutes=60)], set(), {DOWN}, []),
    ("over", [], {DOWN}, {DOWN}, [("mailbox_back", True)]),
    ("over, never told", [], {DOWN}, set(), []),
    ("another daemon's mailbox", [], set(), {DOWN}, []),
    ("failing again while told", [trouble(minutes=1)], {DOWN}, {DOWN}, []),
    ("filed away again", [], {KEPT}, {KEPT}, [("filing_back", True)]),
    ("a password refused", [trouble("login", 0)], set(), set(), [("login", False)]),
    ("a full disk", [trouble("disk_full", 0, "")], set(), set(), [("disk_full", False)]),
    ("smtp for long", [trouble("smtp_down", 16, "")], set(), set(), [("smtp_down", False)]),
    ("smtp well again", [], {"smtp_down:"}, {"smtp_down:"}, [("smtp_back", True)]),
    ("a job that works again", [], {"job_failed:proof"}, {"job_failed:proof"}, [("", True)]),
    ("two at once", [trouble(), trouble(about="servicio")], set(), {DOWN}, [("mailbox_down", False)]),
]


@pytest.mark.parametrize(("what", "troubles", "well", "told", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_is_told(
    what: str, troubles: list[Trouble], well: set[str], told: set[str], expected: list[tuple[str, bool]]
) -> None:
    assert [(alarm.topic, alarm.well) for alarm in due(troubles, well, told, AFTER, NOW)] == expected


def test_an_alarm_tells_what_is_known() -> None:
    assert due([trouble()], (), (), AFTER, NOW) == (Alarm(DOWN, "mailbox_down", DETAILS),)
    assert due([], (DOWN,), (DOWN,), AFTER, NOW)[0].details == (("mailbox", "apertura"),)


READ_THRICE = "Falló tres veces al tratarlo"


@pytest.mark.parametrize(
    ("found", "minutes", "told"),
    [
        ({}, None, ()),
        (
            {"unproven": 2, "error": 1},
            None,
            (("count", "3"), ("reason", f"{READ_THRICE}, No se ha comprobado quién lo envía")),
        ),
        ({"error": 1, "parser died: 9 EOFError": 4}, 59, ()),
        ({"error": 1, "parser died: 9 EOFError": 4}, 60, (("count", "5"), ("reason", READ_THRICE))),
    ],
)
def test_mails_in_quarantine_are_told_of_together(
    found: dict[str, int], minutes: int | None, told: tuple[tuple[str, str], ...]
) -> None:
    last = None if minutes is None else NOW - timedelta(minutes=minutes)
    assert quarantine_details(found, last, NOW, DESK) == told


def test_the_second_route_gets_plain_words() -> None:
    subject, body = text("mailbox_down", DETAILS, DESK, NOW)
    assert subject == "Soporte CAU: No podemos leer un buzón"
    assert "Buzón: apertura" in body
    assert "Motivo: connect: refused" in body
    assert "09/10/2017 10:23:58" in body
