"""Which letters go out by themselves at which times of the day and week, and what they say.

A job is due at its *slots*, times of the desk's own clock. Who runs it looks only at the last slot that is over: a desk
that was down makes up for it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from rules.assignment import action_link
from rules.calendars import DAYS
from rules.consultations import worklist_values
from rules.deadlines import people_clock
from rules.decision import Decision, folder_of
from rules.desk import Desk
from rules.letters import Letter, Link
from rules.lifecycle import possible
from rules.queries import ROWS_SHOWN
from rules.report import Report, weekly
from rules.tables import Group
from rules.ticket import Event, Ticket

JobName = Literal["report", "proof", "digest", "worklist", "retention"]

RETENTION_AT = time(3, 30)
"""When retention runs, even if only for what the guards counted: at night, when nobody works and no other job runs."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A job's time, in the desk's zone, each day or on one day of the week (0: Monday)."""

    job: JobName
    at: time
    weekday: int | None = None


def slots(desk: Desk) -> tuple[Slot, ...]:
    """Every time at which something is to be done; an empty time in the configuration switches its job off."""
    reports, admins = desk.reports, bool(desk.desk.admins)
    daily: list[tuple[JobName, str, bool]] = [("proof", reports.proof, admins), ("digest", reports.digest, admins)]
    daily += [("worklist", at, True) for at in reports.worklist]
    found = [Slot(job, time.fromisoformat(at)) for job, at, wanted in daily if at and wanted]
    if reports.weekly:
        day, _, at = reports.weekly.partition(" ")
        found.append(Slot("report", time.fromisoformat(at), DAYS.index(day)))
    return (*found, Slot("retention", RETENTION_AT))


def last_slot(job: str, desk: Desk, now: datetime) -> datetime | None:
    """The last time until ``now`` at which ``job`` was to run, in UTC; None for a job that never does."""
    over = (at for slot in slots(desk) if slot.job == job for at in _times_before(slot, desk, now) if at <= now)
    return max(over, default=None)


def _times_before(slot: Slot, desk: Desk, now: datetime) -> Iterator[datetime]:
    today = now.astimezone(desk.zone).date()
    for back in range(8):
        day = today - timedelta(days=back)
        if slot.weekday in (None, day.weekday()):
            yield datetime.combine(day, slot.at, desk.zone).astimezone(now.tzinfo)


# -- the weekly report


def week_before(slot: datetime, desk: Desk) -> tuple[datetime, datetime]:
    """The seven days that end with the midnight before ``slot``, in the desk's zone."""
    day = slot.astimezone(desk.zone).date()
    first, last = (datetime.combine(day - timedelta(days=back), time(), desk.zone) for back in (7, 0))
    return first.astimezone(slot.tzinfo), last.astimezone(slot.tzinfo)


def reports(journals: Iterable[Sequence[Event]], desk: Desk, slot: datetime) -> tuple[tuple[Letter, Report], ...]:
    """The weekly report for each circle of readers: coordinators on their own groups, `reports.recipients` on all.

    ``journals``: as :func:`rules.report.weekly` wants them. The letters lack their files, which are drawn from the
    report beside each.
    """
    kept = [tuple(journal) for journal in journals]
    start, end = week_before(slot, desk)
    found = []
    for groups, readers in _circles(desk).items():
        report = weekly(kept, desk, start, end, groups)
        language = desk.groups[groups[0]].language if len(groups) == 1 else ""
        found.append((Letter("report", tuple(readers), values=report.values(), language=language), report))
    return tuple(found)


def _circles(desk: Desk) -> Mapping[tuple[str, ...], list[str]]:
    """Who reads which groups' report; (): all groups'."""
    everything = dict.fromkeys(desk.reports.recipients)
    circles: dict[tuple[str, ...], list[str]] = {(): list(everything)} if everything else {}
    lower = {address.lower() for address in everything}
    coordinated: dict[str, list[str]] = {}
    for key, group in desk.groups.items():
        coordinated.setdefault(group.coordinator.lower(), []).append(key)
    for groups in (groups for reader, groups in coordinated.items() if reader and reader not in lower):
        circle = tuple(groups) if len(groups) < len(desk.groups) else ()
        circles.setdefault(circle, []).append(desk.groups[groups[0]].coordinator)
    return circles


# -- the daily proof

FIGURES = {
    "done": "treated",
    "untreated": "untreated",
    "automatic": "automatic",
    "held": "held",
    "quarantine": "quarantined",
}
"""Folder of the verdicts → figure of the proof, in the order in which they are told."""


def proof(
    verdicts: Mapping[str, int], differences: Sequence[str], desk: Desk, since: datetime, until: datetime
) -> Decision:
    """Seen = treated + not treated + automatic + held + quarantined, to the admins; what does not add up is listed.

    ``verdicts``: how many mails of the day have which («seen»: none yet); ``differences``: what the audit found.
    """
    figures = dict.fromkeys(FIGURES.values(), 0)
    for verdict, count in verdicts.items():
        if verdict not in ("seen", "all"):
            figures[FIGURES[folder_of(verdict)]] += count
    values = {
        "since": since,
        "until": until,
        "seen": sum(figures.values()),
        "figures": tuple(figures.items()),
        "differences": tuple(differences),
    }
    return Decision(letters=(Letter("proof", desk.desk.admins, values=values),))


# -- the worklist of a shift


def worklists(open_tickets: Sequence[Ticket], desk: Desk, slot: datetime, now: datetime) -> Decision:
    """What is open in each group, most urgent first, to its address; nothing on a day on which it does not work, and
    nothing where nothing is open."""
    letters = []
    for key, group in desk.groups.items():
        found = tuple(ticket for ticket in open_tickets if ticket.group == key)
        if found and works(key, desk, slot):
            letters.append(_worklist(key, group, found, desk, now))
    return Decision(letters=tuple(letters))


def works(group: str, desk: Desk, slot: datetime) -> bool:
    """Whether the calendar of ``group`` counts any hour of the day of ``slot``; without one each day is worked."""
    day = slot.astimezone(desk.zone).date()
    return not desk.groups[group].calendar or people_clock(desk, "", group).is_business_day(day)


def _worklist(key: str, group: Group, found: tuple[Ticket, ...], desk: Desk, now: datetime) -> Letter:
    values = worklist_values(found, (key,), desk, now)
    links = tuple(link for row in values["rows"][:ROWS_SHOWN] if (link := next_link(row["ticket"], desk)))
    return Letter("worklist", (group.address,), values=values, links=links, language=group.language)


def next_link(ticket: Ticket, desk: Desk) -> Link | None:
    """The action that a list offers beside a ticket: take it where nobody has, else resolve it, else open it again.
    The form that it opens takes any other action too."""
    keys = ("resolve", "reopen") if ticket.assignee else ("take", "resolve", "reopen")
    return next((action_link(key, ticket, desk) for key in keys if possible(ticket, key)), None)
