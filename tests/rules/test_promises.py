"""What letters tell of the two clocks: when each is over, when it was met, whether that was too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rules.deadlines import promises
from rules.ticket import Ticket
from tests.rules.offices import DESK

START = datetime(2026, 11, 23, 8, tzinfo=UTC)


def hour(n: float) -> datetime:
    return START + timedelta(hours=n)


RUNS = Ticket("I1", kind="incident", priority="Media", group="n2", running=((START, None),), received_at=START)
ANSWERED = replace(RUNS, responded_at=hour(4))
SOLVED = replace(ANSWERED, state="resolved", running=((START, hour(24)),), resolved_at=hour(24))
GIVEN_UP = replace(SOLVED, state="closed", running=((START, hour(5)),), resolved_at=None)

REJECTED = replace(SOLVED, state="pending", running=((START, hour(8)), (hour(9), hour(10))), resolved_at=hour(8))

PROMISED = {
    # ticket; of each clock that is told: its name, when it is over, when it was met, whether that is late
    "nothing done yet": (RUNS, [("response", 4, None, False), ("resolution", 24, None, False)]),
    "answered as the time ended": (ANSWERED, [("response", None, 4, False), ("resolution", 24, None, False)]),
    "answered after it": (
        replace(ANSWERED, responded_at=hour(4.1)),
        [("response", None, 4.1, True), ("resolution", 24, None, False)],
    ),
    "a breach that was told": (
        replace(RUNS, told=("response_breach:Media",)),
        [("response", 4, None, True), ("resolution", 24, None, False)],
    ),
    "a breach under another priority": (
        replace(RUNS, told=("response_breach:Alta",)),
        [("response", 4, None, False), ("resolution", 24, None, False)],
    ),
    "solved as the time ended": (SOLVED, [("response", None, 4, False), ("resolution", None, 24, False)]),
    "the clock stands": (
        replace(RUNS, state="pending", running=((START, hour(1)),)),
        [("response", None, None, False), ("resolution", None, None, False)],
    ),
    "closed without a solution": (GIVEN_UP, [("response", None, 4, False)]),
    "pending after a rejection": (REJECTED, [("response", None, 4, False), ("resolution", None, None, False)]),
    "closed after a rejection": (replace(REJECTED, state="closed"), [("response", None, 4, False)]),
    "closed without a word": (replace(GIVEN_UP, responded_at=None), []),
    "a priority that promises nothing": (replace(RUNS, priority="Vieja"), []),
}


@pytest.mark.parametrize(("ticket", "told"), PROMISED.values(), ids=PROMISED)
def test_what_a_letter_tells_of_each_clock(ticket: Ticket, told: list[tuple[str, float, float, bool]]) -> None:
    def after(n: float | None) -> datetime | None:
        return None if n is None else hour(n)

    found = [(each["key"], each["due_at"], each["met_at"], each["late"]) for each in promises(ticket, DESK)]
    assert found == [(key, after(due), after(met), late) for key, due, met, late in told]
