"""The weekly report to coordinators: figures out of journals, and the one sentence that they amount to.

Everything is counted from events alone, as it stood at the end of the week, so that a report made late or twice says
the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from rules.deadlines import calendar_for, reached
from rules.desk import Desk
from rules.ticket import MARKS, Event, Ticket, fold

AGES: tuple[tuple[str, timedelta | None], ...] = (
    ("day", timedelta(days=1)),
    ("three_days", timedelta(days=3)),
    ("week", timedelta(days=7)),
    ("older", None),
)
"""How old an open ticket is: the first limit that it does not pass."""

NOT_DONE = frozenset({"withdrawn", "merged", "reclassified"})
"""Reasons of closing that say nothing about a deadline: nobody solved anything."""

Finding = Literal["quiet", "overdue", "late", "backlog_grew", "backlog_shrank", "on_time"]


@dataclass(frozen=True, slots=True)
class Line:
    """One ticket as it stood at the end of the week, and what happened to it in that week. ``in_time`` are response and
    resolution where the resolution's clock ended in the week; None where it runs on or was no promise."""

    ticket: Ticket
    opened: bool
    closed: bool
    reopened: int
    in_time: tuple[bool, bool] | None = None
    mark: int = 0
    """The survey's last answer of the week; 0 without."""


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one week, in the shapes that the letter `report` takes.

    ``figures``: (key, this week, the week before); ``ages``: (key, open tickets); ``priorities``: name, ``total`` of
    the tickets whose resolution clock ended, how many of them met ``response`` and ``resolution``; ``marks``: (mark,
    answers); ``groups`` and ``categories``: name, opened, closed, backlog; ``finding`` the key of the sentence,
    ``overdue`` and ``late`` what it counts: open tickets past their deadline, and those that missed it this week.
    """

    since: datetime
    until: datetime
    figures: tuple[tuple[str, int, int], ...]
    ages: tuple[tuple[str, int], ...]
    priorities: tuple[Mapping[str, Any], ...]
    marks: tuple[tuple[int, int], ...]
    groups: tuple[Mapping[str, Any], ...]
    categories: tuple[Mapping[str, Any], ...]
    finding: Finding
    overdue: int
    late: int
    lines: tuple[Line, ...] = field(default=(), repr=False)

    def values(self) -> dict[str, Any]:
        """What the letter's template is given; files and their names are the daemon's."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "lines"}


def weekly(
    journals: Iterable[Sequence[Event]], desk: Desk, start: datetime, end: datetime, groups: Collection[str] = ()
) -> Report:
    """The report on the time from ``start`` to before ``end``, compared with the same span before it.

    ``journals``: those of every ticket that is open or had an event since one span before ``start``, each in its order.
    ``groups``: the keys of a coordinator's groups; () for all.
    """
    kept = [tuple(journal) for journal in journals]
    now = _lines(kept, desk, start, end, groups)
    before = _lines(kept, desk, start - (end - start), start, groups)
    figures = tuple((key, count(now), count(before)) for key, count in FIGURES.items())
    overdue = sum(_is_overdue(line.ticket, desk, end) for line in now)
    late = sum(line.in_time is not None and not line.in_time[1] for line in now)
    return Report(
        start,
        end,
        figures,
        _ages(now, end),
        _compliance(now, desk),
        tuple((mark, sum(line.mark == mark for line in now)) for mark in MARKS),
        _by(now, lambda t: t.group, {key: group.label for key, group in desk.groups.items()}),
        _by(now, lambda t: t.category, {category.name: category.name for category in desk.categories}),
        _finding(figures, overdue, late),
        overdue,
        late,
        now,
    )


def _lines(
    journals: Iterable[tuple[Event, ...]], desk: Desk, start: datetime, end: datetime, groups: Collection[str]
) -> tuple[Line, ...]:
    """The tickets that were open at some time from ``start`` to ``end``, or that something was said of, by number."""
    lines = []
    for journal in journals:
        past = [event for event in journal if event.at < end]
        ticket = fold(past)
        if ticket is None or (groups and ticket.group not in groups):
            continue
        events = [event for event in past if event.at >= start]
        if ticket.open or events:
            lines.append(_line(ticket, events, desk, start, end))
    return tuple(sorted(lines, key=lambda line: line.ticket.number))


def _line(ticket: Ticket, events: Sequence[Event], desk: Desk, start: datetime, end: datetime) -> Line:
    marks = [event.changes.get("mark", 0) for event in events if event.name == "survey"]
    return Line(
        ticket,
        opened=ticket.opened_at is not None and start <= ticket.opened_at < end,
        closed=ticket.closed_at is not None and start <= ticket.closed_at < end,
        reopened=sum(event.name in ("reject", "reopen") for event in events),
        in_time=_in_time(ticket, desk, start, end),
        mark=marks[-1] if marks else 0,
    )


def _in_time(ticket: Ticket, desk: Desk, start: datetime, end: datetime) -> tuple[bool, bool] | None:
    """Whether response and resolution came in time, of a ticket whose resolution clock ended within the week: when it
    was done, or when its time was over, whichever came first."""
    promise = desk.priorities.get(ticket.priority)
    if promise is None or ticket.reason in NOT_DONE:
        return None
    clock = calendar_for(desk, ticket.priority, ticket.group)
    due = reached(ticket, clock, promise.resolution)
    done = ticket.solved_at or ticket.closed_at
    ended = min((at for at in (due, done) if at), default=None)
    if ended is None or not start <= ended < end:
        return None
    answer_due = reached(ticket, clock, promise.response)
    answered = ticket.responded_at
    return answered is not None and (not answer_due or answered <= answer_due), done == ended


def _is_overdue(ticket: Ticket, desk: Desk, end: datetime) -> bool:
    promise = desk.priorities.get(ticket.priority)
    if promise is None or ticket.state not in ("assigned", "pending"):
        return False
    due = reached(ticket, calendar_for(desk, ticket.priority, ticket.group), promise.resolution)
    return due is not None and due <= end


Lines = tuple[Line, ...]

FIGURES: Mapping[str, Callable[[Lines], int]] = {
    "opened": lambda lines: sum(line.opened for line in lines),
    "closed": lambda lines: sum(line.closed for line in lines),
    "reopened": lambda lines: sum(line.reopened for line in lines),
    "backlog": lambda lines: sum(line.ticket.open for line in lines),
}
"""The figures at the head of the report, by key: backlog of before + opened - closed = backlog."""


def _ages(lines: Lines, end: datetime) -> tuple[tuple[str, int], ...]:
    found = dict.fromkeys((key for key, _ in AGES), 0)
    for line in lines:
        if line.ticket.open:
            age = end - (line.ticket.received_at or line.ticket.opened_at or end)
            found[next(key for key, limit in AGES if limit is None or age <= limit)] += 1
    return tuple(found.items())


def _compliance(lines: Lines, desk: Desk) -> tuple[Mapping[str, Any], ...]:
    """By priority, most urgent first; those without a ticket are left out."""
    rows = []
    for name in sorted(desk.priorities, key=lambda name: desk.priorities[name].rank):
        met = [line.in_time for line in lines if line.ticket.priority == name and line.in_time]
        if met:
            response, resolution = (sum(times) for times in zip(*met, strict=True))
            rows.append({"name": name, "total": len(met), "response": response, "resolution": resolution})
    return tuple(rows)


def _by(lines: Lines, key: Callable[[Ticket], str], labels: Mapping[str, str]) -> tuple[Mapping[str, Any], ...]:
    """Opened, closed and backlog by a part of the ticket, in the order of ``labels``; empty ones are left out."""
    rows = []
    for part, label in labels.items():
        own = tuple(line for line in lines if key(line.ticket) == part)
        row = {name: FIGURES[name](own) for name in ("opened", "closed", "backlog")}
        if any(row.values()):
            rows.append({"name": label, **row})
    return tuple(rows)


def _finding(figures: tuple[tuple[str, int, int], ...], overdue: int, late: int) -> Finding:
    """The most pressing thing that the week says."""
    of = {key: (this, last) for key, this, last in figures}
    backlog, before = of["backlog"]
    tests: tuple[tuple[Finding, bool], ...] = (
        ("overdue", overdue > 0),
        ("late", late > 0),
        ("quiet", not (of["opened"][0] or of["closed"][0] or backlog)),
        ("backlog_grew", backlog > before),
        ("backlog_shrank", backlog < before),
    )
    return next((key for key, holds in tests if holds), "on_time")
