"""Business time: tables of local times, as an admin would check them on a wall calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import calendars
from rules.clocks import HORIZON, Clock, Span, compiled
from rules.deadlines import calendar_for, deadlines, explained, people_clock, spent
from rules.desk import Desk
from rules.tables import Calendar
from rules.ticket import Ticket
from tests.rules.offices import ALL_DAY, DESK, OFFICE, at

SPLIT = Calendar(days="mon-fri", hours=("09:00-14:00", "16:00-19:00"), holidays="ES-MD")
ALWAYS = compiled(None, "Europe/Madrid")


def clock(calendar: Calendar) -> Clock:
    return compiled(calendar, "Europe/Madrid")


def hours(amount: float) -> timedelta:
    return timedelta(hours=amount)


BETWEEN = [
    # what, calendar, from, to, hours
    ("within a day", OFFICE, "2026-11-23 10:00", "2026-11-23 12:30", 2.5),
    ("over a night", OFFICE, "2026-11-23 17:00", "2026-11-24 10:00", 2),
    ("over a weekend", OFFICE, "2026-11-20 17:00", "2026-11-23 10:00", 2),
    ("wholly at night", OFFICE, "2026-11-23 19:00", "2026-11-24 08:00", 0),
    ("backwards", OFFICE, "2026-11-23 12:00", "2026-11-23 10:00", 0),
    ("over lunch", SPLIT, "2026-11-23 13:00", "2026-11-23 17:00", 2),
    ("over two public holidays", OFFICE, "2026-12-04 17:00", "2026-12-09 10:00", 2),
    ("over the year's end", OFFICE, "2026-12-31 17:00", "2027-01-04 10:00", 2 + 0),
    ("a moved Monday is off", OFFICE, "2026-11-02 09:00", "2026-11-02 18:00", 0),
    ("Madrid's own day is off", OFFICE, "2025-05-02 09:00", "2025-05-02 18:00", 0),
    ("24:00 joins two days", ALL_DAY, "2026-11-23 23:00", "2026-11-24 01:00", 2),
    ("the day that daylight saving begins has 23 hours", ALL_DAY, "2026-03-29 00:00", "2026-03-30 00:00", 23),
    ("the day that it ends has 25", ALL_DAY, "2026-10-25 00:00", "2026-10-26 00:00", 25),
    ("office hours do not notice", Calendar(days="mon-sun", hours=("09:00-18:00",)), "2026-03-28 17:00",
     "2026-03-29 10:00", 2),
    ("a range with the skipped hour in it", Calendar(days="sun", hours=("01:00-04:00",)), "2026-03-29 00:00",
     "2026-03-29 12:00", 2),
    ("a range that begins in the skipped hour", Calendar(days="sun", hours=("01:00-02:30", "03:00-05:00")),
     "2026-03-29 00:00", "2026-03-29 12:00", 3),
    ("a range with the repeated hour in it", Calendar(days="sun", hours=("01:00-04:00",)), "2026-10-25 00:00",
     "2026-10-25 12:00", 4),
    ("ranges that meet in the repeated hour", Calendar(days="sun", hours=("00:00-02:30", "02:30-05:00")),
     "2026-10-25 00:00", "2026-10-25 12:00", 6),
    ("the repeated hour itself", ALL_DAY, "2026-10-25 02:15", "2026-10-25 02:15b", 1),
    ("own days off, of one year and of every year", Calendar(extra_holidays=("2026-11-24", "11-25 Patrona")),
     "2026-11-23 00:00", "2026-11-27 00:00", 48),
    ("a working day beats a holiday", Calendar(holidays="ES-MD", working_days=("2026-12-07",)), "2026-12-07 00:00",
     "2026-12-08 00:00", 24),
    ("a working day beats a Saturday", Calendar(working_days=("2026-11-28",)), "2026-11-28 00:00",
     "2026-11-29 00:00", 24),
]  # fmt: skip


@pytest.mark.parametrize(
    ("calendar", "start", "end", "amount"), [row[1:] for row in BETWEEN], ids=[r[0] for r in BETWEEN]
)
def test_between(calendar, start, end, amount):
    assert clock(calendar).between(at(start), at(end)) == hours(amount)


ADD = [
    ("within a day", OFFICE, "2026-11-23 10:00", 2, "2026-11-23 12:00"),
    ("to the very end of a day", OFFICE, "2026-11-23 16:00", 2, "2026-11-23 18:00"),
    ("over a night", OFFICE, "2026-11-23 17:00", 2, "2026-11-24 10:00"),
    ("from before the doors open", OFFICE, "2026-11-23 06:00", 1, "2026-11-23 10:00"),
    ("from a Saturday", OFFICE, "2026-11-21 12:00", 1, "2026-11-23 10:00"),
    ("over lunch", SPLIT, "2026-11-23 13:30", 1, "2026-11-23 16:30"),
    ("over the long weekend of December", OFFICE, "2026-12-04 17:00", 4, "2026-12-09 12:00"),
    ("over New Year", OFFICE, "2026-12-31 17:30", 1, "2027-01-04 09:30"),
    ("into summer time", ALL_DAY, "2026-03-28 12:00", 24, "2026-03-29 13:00"),
    ("out of summer time", ALL_DAY, "2026-10-24 12:00", 24, "2026-10-25 11:00"),
    ("nothing", OFFICE, "2026-11-21 12:00", 0, "2026-11-21 12:00"),
]


@pytest.mark.parametrize(("calendar", "start", "amount", "end"), [row[1:] for row in ADD], ids=[r[0] for r in ADD])
def test_add(calendar, start, amount, end):
    assert clock(calendar).add(at(start), hours(amount)) == at(end)


def test_round_the_clock_is_plain_arithmetic():
    night = at("2026-12-24 23:30")
    assert ALWAYS.add(night, hours(4)) == night + hours(4)
    assert ALWAYS.between(night, night + hours(4)) == hours(4)
    assert ALWAYS.between(night, night - hours(4)) == timedelta()
    assert ALWAYS.is_open(night)
    assert ALWAYS.next_open(night) == night
    assert ALWAYS.explain(night, night + hours(1)) == (Span(night, night + hours(1)),)


OPEN = [
    ("2026-11-23 08:59", "2026-11-23 09:00"),
    ("2026-11-23 09:00", "2026-11-23 09:00"),
    ("2026-11-23 13:59", "2026-11-23 13:59"),
    ("2026-11-23 14:00", "2026-11-23 16:00"),
    ("2026-11-23 19:00", "2026-11-24 09:00"),
    ("2026-11-20 19:00", "2026-11-23 09:00"),
    ("2026-12-06 12:00", "2026-12-09 09:00"),
]


@pytest.mark.parametrize(("moment", "opens"), OPEN)
def test_next_open(moment, opens):
    assert clock(SPLIT).next_open(at(moment)) == at(opens)
    assert clock(SPLIT).is_open(at(moment)) == (moment == opens)


BUSINESS_DAYS = [
    ("two days", OFFICE, "2026-11-23 10:15", 2, "2026-11-25 10:15"),
    ("over a weekend", OFFICE, "2026-11-20 10:15", 1, "2026-11-23 10:15"),
    ("over holidays", OFFICE, "2026-12-04 10:15", 2, "2026-12-10 10:15"),
    ("from a Saturday", OFFICE, "2026-11-21 10:15", 1, "2026-11-23 10:15"),
    ("from an evening", OFFICE, "2026-11-23 21:00", 1, "2026-11-25 09:00"),
    ("same local time over the change of the clocks", OFFICE, "2026-03-27 10:15", 1, "2026-03-30 10:15"),
    ("no days, at night", OFFICE, "2026-11-23 21:00", 0, "2026-11-24 09:00"),
    ("no calendar: Monday to Friday, any hour", None, "2026-11-20 23:00", 1, "2026-11-23 23:00"),
    ("no calendar knows no holidays", None, "2026-12-04 10:00", 1, "2026-12-07 10:00"),
]


@pytest.mark.parametrize(
    ("calendar", "start", "n", "end"), [row[1:] for row in BUSINESS_DAYS], ids=[r[0] for r in BUSINESS_DAYS]
)
def test_business_days(calendar, start, n, end):
    assert compiled(calendar, "Europe/Madrid").business_days_after(at(start), n) == at(end)


def test_explain_names_nights_weekends_and_holidays():
    spans = clock(OFFICE).explain(at("2026-12-04 17:00"), at("2026-12-09 10:00"))
    assert [(s.start, s.why, s.holiday) for s in spans] == [
        (at("2026-12-04 17:00"), "counted", ""),
        (at("2026-12-04 18:00"), "hours", ""),
        (at("2026-12-05 00:00"), "day", ""),
        (at("2026-12-07 00:00"), "holiday", "Lunes siguiente a Día de la Constitución Española"),
        (at("2026-12-08 00:00"), "holiday", "Inmaculada Concepción"),
        (at("2026-12-09 00:00"), "hours", ""),
        (at("2026-12-09 09:00"), "counted", ""),
    ]
    assert spans[-1].end == at("2026-12-09 10:00")


def test_holiday_names_follow_the_desks_language():
    english = compiled(OFFICE, "Europe/Madrid", "en")
    (span,) = english.explain(at("2026-12-25 10:00"), at("2026-12-25 11:00"))
    assert (span.why, span.holiday) == ("holiday", "Christmas Day")


@pytest.mark.parametrize("years", [1, 9, 40])
def test_f39_a_clock_that_is_wrong_by_years_makes_no_long_loop(years):
    start = at("2026-11-23 09:00")
    wrong = start + timedelta(days=365 * years)
    counted = clock(OFFICE).between(start, wrong)
    assert timedelta(days=365 * min(years, 10)) / 8 < counted < timedelta(days=365 * min(years, 10)) / 3
    assert clock(OFFICE).add(start, timedelta(days=20_000)) == start + HORIZON
    assert len(clock(OFFICE).explain(start, wrong)) <= 4 * HORIZON.days


def test_a_calendar_that_never_opens_ends_at_the_horizon():
    every_day = tuple(f"{date(2024, 1, 1) + timedelta(days=n):%m-%d}" for n in range(366))
    never = compiled(Calendar(extra_holidays=every_day), "Europe/Madrid")
    start = at("2026-11-23 09:00")
    assert never.next_open(start) == start + HORIZON
    assert never.add(start, hours(1)) == start + HORIZON
    assert never.between(start, start + timedelta(days=400)) == timedelta()


# -- properties

CLOCKS = st.sampled_from([ALWAYS, clock(OFFICE), clock(SPLIT), clock(ALL_DAY), clock(Calendar(days="sat-mon"))])
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(lambda naive: naive.replace(tzinfo=UTC))
AMOUNTS = st.timedeltas(timedelta(), timedelta(days=30))


@given(CLOCKS, MOMENTS, AMOUNTS)
@settings(max_examples=200)
def test_what_is_added_lies_between(clock, start, amount):
    assert clock.between(start, clock.add(start, amount)) == amount


@given(CLOCKS, st.lists(MOMENTS, min_size=3, max_size=3).map(sorted))
@settings(max_examples=200)
def test_between_is_additive(clock, moments):
    a, b, c = moments
    assert clock.between(a, b) + clock.between(b, c) == clock.between(a, c)


@given(CLOCKS, st.tuples(MOMENTS, MOMENTS).map(sorted))
@settings(max_examples=100)
def test_the_explained_clock_adds_up(clock, moments):
    start, end = moments
    spans = clock.explain(start, end)
    assert sum((s.end - s.start for s in spans if s.counted), timedelta()) == clock.between(start, end)
    assert sum((s.end - s.start for s in spans), timedelta()) == end - start
    assert all(before.end == after.start for before, after in pairwise(spans))


# -- tickets


def ticket(*running: tuple[str, str], priority: str = "Media", group: str = "n1", **more) -> Ticket:
    spans = tuple((at(start), at(end) if end else None) for start, end in running)
    return Ticket("I1", kind="incident", priority=priority, group=group, running=spans, **more)


def test_the_prioritys_calendar_comes_first_then_the_groups_then_none():
    assert calendar_for(DESK, "Urgente", "n1") == clock(ALL_DAY)
    assert calendar_for(DESK, "Media", "n1") == clock(OFFICE)
    assert calendar_for(DESK, "Media", "n2") == ALWAYS
    assert calendar_for(DESK, "unknown", "unknown") == ALWAYS


def test_people_are_written_to_in_the_groups_hours():
    assert people_clock(DESK, "Urgente", "n1") == clock(OFFICE)
    assert people_clock(DESK, "Urgente", "n2") == clock(ALL_DAY)
    assert people_clock(DESK, "Media", "n2") == ALWAYS
    assert people_clock(DESK, "unknown", "unknown") == ALWAYS


def test_deadlines_of_an_opening_on_friday_evening():
    found = deadlines(ticket(("2026-11-20 17:00", "")), DESK)
    assert found.response_due == at("2026-11-23 12:00")
    assert found.response_warn_at == at("2026-11-23 11:00")
    assert found.resolution_warn_at == at("2026-11-24 17:00")
    assert found.resolution_due == at("2026-11-25 14:00")
    assert (found.response_amount, found.resolution_amount) == (hours(4), hours(24))
    assert found.calendar == "oficina"


def test_a_pause_moves_the_deadline_by_its_business_time():
    paused = ticket(("2026-11-23 09:00", "2026-11-23 11:00"), ("2026-11-24 12:00", ""))
    found = deadlines(paused, DESK)
    assert found.response_due == at("2026-11-24 14:00")
    assert spent(paused, DESK, at("2026-11-24 13:00")) == hours(3)
    assert [(s.why, s.end) for s in explained(paused, DESK, at("2026-11-24 13:00"))] == [
        ("counted", at("2026-11-23 11:00")),
        ("paused", at("2026-11-24 12:00")),
        ("counted", at("2026-11-24 13:00")),
    ]


@st.composite
def calendars_of_admins(draw: st.DrawFn) -> Calendar:
    """Any days, any ranges, and whole days off or on among the ends of years and the changes of the clocks."""
    days = ",".join(draw(st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1)))
    edges = sorted(draw(st.sets(st.sampled_from(range(0, 24 * 60 + 1, 15)), min_size=2, max_size=6)))
    ranges = [
        f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in zip(edges[::2], edges[1::2], strict=False)
    ]
    own = st.lists(st.sampled_from(["12-31", "01-01", "2026-03-29", "2026-10-25", "2024-02-29"]), unique=True)
    return Calendar(days, tuple(ranges), draw(st.sampled_from(["", "ES-MD"])), tuple(draw(own)), tuple(draw(own)))


TURNS = [
    datetime(2025, 12, 31, 23, tzinfo=UTC),  # midnight in Madrid, and the year ends
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # an hour is skipped
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # an hour is repeated
]
AROUND = st.builds(
    lambda turn, apart: turn + apart,
    st.sampled_from(TURNS),
    st.one_of(
        st.timedeltas(timedelta(hours=-3), timedelta(hours=3)), st.timedeltas(timedelta(days=-20), timedelta(days=20))
    ),
)


@given(calendars_of_admins(), st.lists(AROUND, min_size=2, max_size=9, unique=True).map(sorted))
@settings(max_examples=100)
def test_counted_and_paused_time_is_all_the_time_that_passed(calendar, moments):
    *changes, now = moments
    running = tuple(zip(changes[::2], [*changes[1::2], None][: len(changes[::2])], strict=False))
    desk = replace(DESK, calendars={"oficina": calendar, "siempre": ALL_DAY})
    t = replace(ticket(), running=running, state="assigned" if running[-1][1] is None else "pending")
    spans = explained(t, desk, now)
    apart = {
        counted: sum((s.end - s.start for s in spans if s.counted is counted), timedelta()) for counted in (True, False)
    }
    assert apart[True] == spent(t, desk, now)
    assert apart[True] + apart[False] == now - changes[0]
    assert all(before.end == after.start for before, after in pairwise(spans))


def test_a_breach_before_the_pause_keeps_its_time():
    late = ticket(("2026-11-23 09:00", "2026-11-23 15:00"), ("2026-11-24 09:00", ""))
    assert deadlines(late, DESK).response_due == at("2026-11-23 13:00")


@pytest.mark.parametrize(
    ("state", "running"),
    [("pending", ("2026-11-23 09:00", "2026-11-23 10:00")), ("resolved", ("2026-11-23 09:00", "2026-11-23 10:00"))],
)
def test_nothing_is_due_while_the_clock_stands(state, running):
    found = deadlines(ticket(running, state=state), DESK)
    assert (found.response_due, found.resolution_due, found.response_warn_at, found.resolution_warn_at) == (None,) * 4
    assert found.resolution_amount == hours(24)
    standing = ticket(running, state=state)
    assert spent(standing, DESK, at("2026-11-24 10:00")) == hours(1)
    assert explained(standing, DESK, at("2026-11-23 12:00"))[-1] == Span(
        at("2026-11-23 10:00"), at("2026-11-23 12:00"), "paused"
    )
    closed = replace(standing, state="closed")
    assert explained(closed, DESK, at("2026-11-23 12:00"))[-1].end == at("2026-11-23 10:00"), "its clock has ended"


def test_after_the_first_response_only_the_resolution_is_due():
    found = deadlines(ticket(("2026-11-23 09:00", ""), responded_at=at("2026-11-23 10:00")), DESK)
    assert (found.response_due, found.response_warn_at) == (None, None)
    assert found.resolution_due == at("2026-11-25 15:00")


def test_a_changed_priority_changes_the_deadlines():
    urgent = deadlines(ticket(("2026-11-20 17:00", ""), priority="Urgente"), DESK)
    assert urgent.resolution_due == at("2026-11-20 21:00")
    assert urgent.calendar == "siempre"


def test_a_priority_that_is_no_longer_configured_promises_nothing():
    assert deadlines(ticket(("2026-11-20 17:00", ""), priority="Vieja"), DESK).resolution_due is None


# -- what an admin writes


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("mon,wed,fri-sun", {0, 2, 4, 5, 6}),
        ("Sat-Mon", {5, 6, 0}),
        ("mon-sun", set(range(7))),
        ("tue", {1}),
    ],
)
def test_days(text, days):
    assert calendars.read_days(text) == days


@pytest.mark.parametrize(
    ("calendar", "key", "words"),
    [
        (Calendar(days="mon-vie"), "days", '"vie" is no day'),
        (Calendar(days="lun-fri"), "days", '"lun" is no day'),
        (Calendar(days=""), "days", '"" is no day'),
        (Calendar(hours=()), "hours", "at least one range"),
        (Calendar(hours=("9-18",)), "hours", "09:00-18:00"),
        (Calendar(hours=("09:00-24:30",)), "hours", "00:00 to 24:00"),
        (Calendar(hours=("09:60-18:00",)), "hours", "00:00 to 24:00"),
        (Calendar(hours=("22:00-06:00",)), "hours", "two ranges"),
        (Calendar(hours=("09:00-09:00",)), "hours", "ends before it begins"),
        (Calendar(hours=("09:00-14:00", "13:00-18:00")), "hours", "overlap"),
        (Calendar(holidays="EZ"), "holidays", '"EZ"; write a country by its two letters'),
        (Calendar(holidays="ES-XX"), "holidays", "allowed: AN, AR"),
        (Calendar(extra_holidays=("15/05/2026",)), "extra_holidays", "2026-05-15"),
        (Calendar(extra_holidays=("02-30",)), "extra_holidays", "no day of the calendar"),
        (Calendar(working_days=("2026-13-01",)), "working_days", "no day of the calendar"),
    ],
)
def test_problems_of_a_calendar(calendar, key, words):
    desk = Desk(DESK.desk, (), DESK.kinds, DESK.groups, calendars={"mala": calendar, "buena": OFFICE})
    ((place, text),) = calendars.problems(desk)
    assert place[:2] == ("mala", key)
    assert words in text


def test_several_problems_are_told_at_once():
    desk = Desk(DESK.desk, (), DESK.kinds, DESK.groups, calendars={"mala": Calendar(days="x", hours=("y",))})
    assert {place[1] for place, _ in calendars.problems(desk)} == {"days", "hours"}


def test_every_wrong_element_of_a_list_is_told_and_the_list_as_a_whole_once_none_is():
    bad = Calendar(hours=("9-18", "10:00-14:00", "13:00-25:00"), extra_holidays=("02-30", "05-15", "2026-13-01"))
    desk = Desk(DESK.desk, (), DESK.kinds, DESK.groups, calendars={"mala": bad})
    told = [place for place, _ in calendars.problems(desk)]
    assert told == [("mala", key, n) for key in ("hours", "extra_holidays") for n in (0, 2)]
