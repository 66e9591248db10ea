"""What a ticket has due by itself: one table of tickets and the moment that comes next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rules.due import DUE, closes_at, is_due, key_of, next_due, schedule
from rules.tables import Pending, Validation
from rules.ticket import Ticket
from tests.rules.offices import DESK, at

# Monday 23 November 2026, nine o'clock
OPENED = at("2026-11-23 09:00")
ASSIGNED = Ticket("I1", kind="incident", priority="Media", group="n1", running=((OPENED, None),))
STOPPED = ((OPENED, at("2026-11-23 10:00")),)
PENDING = replace(ASSIGNED, state="pending", running=STOPPED, waiting_since=at("2026-11-23 10:00"))
RESOLVED = replace(PENDING, state="resolved")


def told(ticket: Ticket, *names: str, **more) -> Ticket:
    return replace(ticket, told=names, **more)


NEXT = [
    # what, ticket, now, due at, name
    ("a new ticket: the warning at 75 %", ASSIGNED, "2026-11-23 09:00", "2026-11-23 12:00", "response_warning:Media"),
    ("then the breach", told(ASSIGNED, "response_warning:Media"), "2026-11-23 12:00", "2026-11-23 13:00",
     "response_breach:Media"),
    ("a warning that was overslept is left out", ASSIGNED, "2026-11-23 13:30", "2026-11-23 13:00",
     "response_breach:Media"),
    ("after the breach it is not warned of", told(ASSIGNED, "response_breach:Media"), "2026-11-23 13:30",
     "2026-11-24 18:00", "resolution_warning:Media"),
    ("a breach overslept until the night is told then", ASSIGNED, "2026-11-24 03:00", "2026-11-23 13:00",
     "response_breach:Media"),
    ("both promises overslept: each breach is told", ASSIGNED, "2026-11-27 10:00", "2026-11-23 13:00",
     "response_breach:Media"),
    ("answered: the resolution remains", replace(ASSIGNED, responded_at=at("2026-11-23 10:00")), "2026-11-23 10:00",
     "2026-11-24 18:00", "resolution_warning:Media"),
    ("another priority is warned of anew", told(ASSIGNED, "response_warning:Media", priority="Urgente"),
     "2026-11-23 09:10", "2026-11-23 09:45", "response_warning:Urgente"),
    ("round the clock, at night", replace(ASSIGNED, group="n2", running=((at("2026-11-23 23:00"), None),)),
     "2026-11-23 23:00", "2026-11-24 02:00", "response_warning:Media"),
    ("pending: reminded after two business days", PENDING, "2026-11-23 10:00", "2026-11-25 10:00",
     "silence_reminder:1"),
    ("the second after five", told(PENDING, "silence_reminder:1"), "2026-11-25 10:00", "2026-11-30 10:00",
     "silence_reminder:2"),
    ("the third after eight", told(PENDING, "silence_reminder:1", "silence_reminder:2"), "2026-11-30 10:00",
     "2026-12-03 10:00", "silence_reminder:3"),
    ("closed after ten, over the holidays", told(PENDING, "silence_reminder:1", "silence_reminder:2",
     "silence_reminder:3"), "2026-12-03 10:00", "2026-12-09 10:00", "silence_close"),
    ("asked in the evening: never out of hours", replace(PENDING, waiting_since=at("2026-11-23 21:30")),
     "2026-11-23 21:30", "2026-11-26 09:00", "silence_reminder:1"),
    ("an urgent ticket wakes no requester", replace(PENDING, priority="Urgente", waiting_since=at("2026-11-20 21:30")),
     "2026-11-20 21:30", "2026-11-25 09:00", "silence_reminder:1"),
    ("no calendar: Monday to Friday", replace(PENDING, group="n2", waiting_since=at("2026-12-04 23:00")),
     "2026-12-04 23:00", "2026-12-08 23:00", "silence_reminder:1"),
    ("pending until a date: that date alone", replace(PENDING, pending_until=at("2026-12-14 00:00")),
     "2026-11-30 10:00", "2026-12-14 00:00", "pending_until"),
    ("resolved: reminded after two", RESOLVED, "2026-11-23 10:00", "2026-11-25 10:00", "silence_reminder:1"),
    ("resolved: closed after seven", told(RESOLVED, "silence_reminder:1", "silence_reminder:2"), "2026-11-30 10:00",
     "2026-12-02 10:00", "silence_close"),
    ("long overslept: closed at once, without late reminders", RESOLVED, "2026-12-21 10:00", "2026-12-02 10:00",
     "silence_close"),
    ("overslept until the weekend: nobody is written to then", RESOLVED, "2026-12-20 10:00", "2026-12-21 09:00",
     "silence_close"),
    ("overslept until a Sunday's evening: not a day longer", RESOLVED, "2026-12-20 20:00", "2026-12-21 09:00",
     "silence_close"),
    ("overslept until the night", RESOLVED, "2026-11-26 03:00", "2026-11-26 09:00", "silence_reminder:1"),
    ("overslept without a calendar", replace(RESOLVED, group="n2"), "2026-11-28 03:00", "2026-11-30 03:00",
     "silence_reminder:1"),
    ("one reminder overslept: only the last is sent", RESOLVED, "2026-12-01 10:00", "2026-11-30 10:00",
     "silence_reminder:2"),
    ("the assignee's follow-up, in the morning", told(RESOLVED, "silence_reminder:1", "silence_reminder:2",
     follow_up=at("2026-12-01 00:00")), "2026-11-30 10:00", "2026-12-01 09:00", "follow_up"),
    ("a follow-up outlives the closing", told(RESOLVED, state="closed", follow_up=at("2026-12-01 00:00")),
     "2026-11-30 10:00", "2026-12-01 09:00", "follow_up"),
]  # fmt: skip


@pytest.mark.parametrize(("ticket", "now", "due", "name"), [row[1:] for row in NEXT], ids=[row[0] for row in NEXT])
def test_next_due(ticket, now, due, name):
    assert next_due(ticket, DESK, at(now)) == (at(due), name)


NEVER = [
    ("closed", replace(RESOLVED, state="closed")),
    ("waiting for nobody", replace(PENDING, waiting_since=None)),
    ("everything told", told(RESOLVED, "silence_reminder:1", "silence_reminder:2", "silence_close")),
    ("a priority that promises nothing", replace(ASSIGNED, priority="Vieja")),
    ("back on a date that was told", told(PENDING, "pending_until", pending_until=at("2026-12-14 00:00"))),
]


@pytest.mark.parametrize("ticket", [row[1] for row in NEVER], ids=[row[0] for row in NEVER])
def test_nothing_is_due(ticket):
    assert next_due(ticket, DESK, at("2026-11-24 10:00")) is None


def test_only_what_is_due_by_now_fires():
    noon, warning = at("2026-11-23 12:00"), "response_warning:Media"
    assert is_due(ASSIGNED, warning, DESK, noon)
    assert not is_due(ASSIGNED, warning, DESK, noon - timedelta(seconds=1))
    assert not is_due(ASSIGNED, "response_breach:Media", DESK, noon)
    assert not is_due(replace(ASSIGNED, state="closed"), warning, DESK, noon)


def test_the_desks_own_days():
    desk = replace(DESK, pending=Pending((1,), 2), validation=Validation((), 1))
    assert next_due(PENDING, desk, OPENED) == (at("2026-11-24 10:00"), "silence_reminder:1")
    assert next_due(RESOLVED, desk, OPENED) == (at("2026-11-24 10:00"), "silence_close")


def test_closes_at():
    assert closes_at(RESOLVED, DESK) == at("2026-12-02 10:00")
    assert closes_at(PENDING, DESK) == at("2026-12-09 10:00")
    assert closes_at(ASSIGNED, DESK) is None
    assert closes_at(replace(PENDING, pending_until=at("2026-12-14 00:00")), DESK) is None


def test_every_name_leads_back_to_its_row():
    tickets = (ASSIGNED, PENDING, replace(RESOLVED, follow_up=OPENED), replace(PENDING, pending_until=OPENED))
    assert {key_of(moment.name) for ticket in tickets for moment in schedule(ticket, DESK)} == set(DUE)


def test_f39_a_clock_400_days_ahead_makes_one_thing_due_not_a_hundred():
    assert next_due(RESOLVED, DESK, at("2027-12-28 10:00")) == (at("2026-12-02 10:00"), "silence_close")
    late = told(ASSIGNED, "response_breach:Media")
    assert next_due(late, DESK, at("2027-12-28 10:00")) == (at("2026-11-25 15:00"), "resolution_breach:Media")


def test_f39_what_was_told_by_a_clock_ahead_needs_no_warning_when_it_is_back():
    told_ahead = told(ASSIGNED, "response_breach:Media", "resolution_breach:Media")
    assert next_due(told_ahead, DESK, OPENED) is None
    assert next_due(told(RESOLVED, "silence_close"), DESK, at("2026-11-23 10:00")) is None
