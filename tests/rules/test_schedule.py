"""Which job is due when by the desk's own clock, and what the letters of the jobs say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from rules.desk import Desk
from rules.queries import ROWS_SHOWN
from rules.schedule import last_slot, next_link, proof, reports, slots, week_before, worklists
from rules.tables import Calendar, Reports
from rules.ticket import Event, Ticket
from tests.rules.desks import ANA, COORD, DESK, NOW, make_desk, opened


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def with_reports(**changes: object) -> Desk:
    return make_desk(reports=Reports(**changes))


BUSY = with_reports(worklist=("08:00", "15:00"))

LAST: list[tuple[str, str, str | None]] = [
    # job, now, its last time; 9 October 2017 is a Monday
    ("report", "2017-10-09T08:00:00+02:00", "2017-10-09T08:00:00+02:00"),
    ("report", "2017-10-09T07:59:59+02:00", "2017-10-02T08:00:00+02:00"),
    ("report", "2017-10-15T23:00:00+02:00", "2017-10-09T08:00:00+02:00"),
    ("proof", "2017-10-09T06:00:00+02:00", "2017-10-08T07:00:00+02:00"),
    ("proof", "2017-10-09T07:00:01+02:00", "2017-10-09T07:00:00+02:00"),
    ("digest", "2017-10-09T23:59:00+02:00", "2017-10-09T08:00:00+02:00"),
    ("worklist", "2017-10-09T14:00:00+02:00", "2017-10-09T08:00:00+02:00"),
    ("worklist", "2017-10-09T15:00:00+02:00", "2017-10-09T15:00:00+02:00"),
    ("worklist", "2017-10-09T07:00:00+02:00", "2017-10-08T15:00:00+02:00"),
    ("retention", "2017-10-09T12:00:00+02:00", "2017-10-09T03:30:00+02:00"),
    # the hour is put back on 29 October 2017, and forward on 25 March 2018: the desk's own time counts
    ("proof", "2017-10-29T07:30:00+01:00", "2017-10-29T07:00:00+01:00"),
    ("proof", "2017-10-29T06:30:00+01:00", "2017-10-28T07:00:00+02:00"),
    ("proof", "2018-03-25T07:30:00+02:00", "2018-03-25T07:00:00+02:00"),
    ("report", "2018-01-01T09:00:00+01:00", "2018-01-01T08:00:00+01:00"),
]


@pytest.mark.parametrize(("job", "now", "last"), LAST)
def test_the_last_time_of_a_job(job: str, now: str, last: str | None) -> None:
    assert last_slot(job, BUSY, at(now)) == (at(last) if last else None)


OFF: list[tuple[str, Desk]] = [
    ("report", with_reports(weekly="")),
    ("proof", with_reports(proof="")),
    ("digest", with_reports(digest="")),
    ("worklist", DESK),
    ("proof", make_desk(desk=replace(DESK.desk, admins=()))),
    ("digest", make_desk(desk=replace(DESK.desk, admins=()))),
]


@pytest.mark.parametrize(("job", "desk"), OFF)
def test_a_job_without_a_time_or_a_reader_never_runs(job: str, desk: Desk) -> None:
    assert last_slot(job, desk, NOW) is None
    assert job not in {slot.job for slot in slots(desk)}


def test_the_week_of_a_report_ends_with_the_midnight_before_it() -> None:
    assert week_before(at("2017-10-30T08:00:00+01:00"), DESK) == (
        at("2017-10-23T00:00:00+02:00"),
        at("2017-10-30T00:00:00+01:00"),
    )


def test_a_coordinator_reads_of_their_own_groups_and_recipients_of_all() -> None:
    journals = [
        (Event("I171009_000001", "opened", NOW, changes={"kind": "incident", "group": "n1", "opened_at": NOW}),)
    ]
    slot = at("2017-10-16T08:00:00+02:00")
    all_groups = reports(journals, DESK, slot)
    assert [(letter.to, len(report.lines)) for letter, report in all_groups] == [((COORD,), 1)]

    groups = {**DESK.groups, "n2": replace(DESK.groups["n2"], coordinator="otra@cau.test")}
    split = make_desk(groups=groups, reports=Reports(recipients=("jefa@cau.test",)))
    assert [(letter.to, len(report.lines)) for letter, report in reports(journals, split, slot)] == [
        (("jefa@cau.test",), 1),
        ((COORD,), 1),
        (("otra@cau.test",), 0),
    ]


def test_a_recipient_who_coordinates_too_gets_one_report() -> None:
    desk = make_desk(reports=Reports(recipients=(COORD.upper(),)))
    assert [letter.to for letter, _ in reports([], desk, NOW)] == [(COORD.upper(),)]


def test_a_coordinator_who_is_written_in_capitals_elsewhere_gets_one_report() -> None:
    groups = {**DESK.groups, "n2": replace(DESK.groups["n2"], coordinator=COORD.upper())}
    assert [letter.to for letter, _ in reports([], make_desk(groups=groups), NOW)] == [(COORD,)]


def test_the_proof_adds_up() -> None:
    verdicts = {
        "opened": 5, "refused": 1, "threaded": 3, "untreated": 2, "too_large": 1, "automatic": 2, "bounce": 1,
        "duplicate": 1, "held": 1, "quarantined": 1, "seen": 4, "all": 22,
    }  # fmt: skip
    (letter,) = proof(verdicts, ["letters: letter 3: lost"], DESK, NOW, NOW).letters
    assert letter.to == ("admin@cau.test",)
    figures = dict(letter.values["figures"])
    assert figures == {"treated": 9, "untreated": 3, "automatic": 4, "held": 1, "quarantined": 1}
    assert letter.values["seen"] == sum(figures.values())
    assert letter.values["differences"] == ("letters: letter 3: lost",)


def open_tickets(count: int, **changes: object) -> tuple[Ticket, ...]:
    return tuple(opened(number=f"I171009_{n:06}", **changes) for n in range(1, count + 1))


def test_a_worklist_goes_to_each_group_that_has_something_open() -> None:
    found = (*open_tickets(2), opened(number="I171009_000009", group="n2"))
    told = worklists(found, DESK, NOW, NOW).letters
    assert [(letter.to, letter.values["total"], len(letter.links)) for letter in told] == [
        (("n1@cau.test",), 2, 2),
        (("n2@cau.test",), 1, 1),
    ]
    assert worklists((), DESK, NOW, NOW).letters == ()


@pytest.mark.parametrize(
    ("calendar", "day", "told"),
    [
        ("", date(2017, 10, 14), True),  # a Saturday, round the clock
        ("oficina", date(2017, 10, 14), False),
        ("oficina", date(2017, 10, 12), False),  # Fiesta Nacional
        ("oficina", date(2017, 10, 13), True),
    ],
)
def test_no_worklist_on_a_day_that_the_group_does_not_work(calendar: str, day: date, told: bool) -> None:
    groups = {"n1": replace(DESK.groups["n1"], calendar=calendar)}
    office = Calendar(days="mon-fri", hours=("09:00-18:00",), holidays="ES-MD")
    desk = make_desk(groups=groups, calendars={"oficina": office})
    slot = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    assert bool(worklists(open_tickets(1), desk, slot, slot).letters) is told


def test_a_long_worklist_has_as_many_links_as_the_letter_shows_rows() -> None:
    (letter,) = worklists(open_tickets(40), DESK, NOW, NOW).letters
    assert (letter.values["total"], len(letter.links)) == (40, ROWS_SHOWN)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, "take"),
        ({"assignee": ANA}, "resolve"),
        ({"state": "pending", "assignee": ANA}, "resolve"),
        ({"state": "resolved", "assignee": ANA}, "reopen"),
    ],
)
def test_the_link_beside_a_ticket_moves_it_on(changes: dict[str, object], key: str) -> None:
    link = next_link(opened(**changes), DESK)
    assert link is not None
    assert link.key == key
