"""The files of the weekly report: its charts, shown inside the letter, and a CSV with one line a ticket."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.writing.charts import Bar, Row, bar_chart
from daemon.writing.tables import csv_file, local_time
from rules import wording
from rules.desk import Desk
from rules.letters import File
from rules.report import Line, Report

COLUMNS = (
    "number", "kind", "group", "priority", "category", "state", "opened", "responded", "resolved", "closed",
    "reopened", "response_in_time", "resolution_in_time", "mark",
)  # fmt: skip
"""Columns of the CSV, keys of the catalogue's `[columns]`. Nobody's name or words stand in it."""


def report_files(report: Report, desk: Desk, language: str = "", draw: bool = True) -> tuple[File, ...]:
    """The CSV, and those charts that have something to show; a chart's ``cid`` is its key in `[charts]`. Without
    ``draw`` the CSV alone.
    """
    drawn = {"compliance": _compliance, "ages": _ages} if draw else {}
    charts = {cid: chart(report, desk, language) for cid, chart in drawn.items()}
    name = wording.word(desk, "file_names", "report", language)
    day = report.since.astimezone(desk.zone).date().isoformat()
    return (
        *(File(f"{cid}.png", "image/png", png, cid=cid) for cid, png in charts.items() if png),
        csv_file(f"{name}-{day}", COLUMNS, (_cells(line, desk, language) for line in report.lines), desk, language),
    )


def _compliance(report: Report, desk: Desk, language: str) -> bytes:
    """By priority, how many of the tickets met each clock."""
    clocks = ("response", "resolution")
    percent = wording.word(desk, "amounts", "percent", language)
    rows = [
        Row(row["name"], tuple(_part(row[clock], row["total"], tone, percent) for tone, clock in enumerate(clocks)))
        for row in report.priorities
    ]
    legend = [(wording.word(desk, "clocks", clock, language), tone) for tone, clock in enumerate(clocks)]
    return bar_chart(rows, legend) if rows else b""


def _part(part: int, total: int, tone: int, percent: str) -> Bar:
    return Bar(part / total, percent.format(n=part * 100 // total), tone)


def _ages(report: Report, desk: Desk, language: str) -> bytes:
    """The open tickets by age; the oldest in the colour that warns."""
    most = max((number for _, number in report.ages), default=0)
    rows = [
        Row(wording.word(desk, "ages", key, language), (Bar(number / most, str(number), 2 if key == "older" else 1),))
        for key, number in report.ages
        if most
    ]
    return bar_chart(rows) if rows else b""


def _cells(line: Line, desk: Desk, language: str) -> Sequence[object]:
    ticket = line.ticket
    kind, group = desk.kinds.get(ticket.kind), desk.groups.get(ticket.group)
    moments = (ticket.opened_at, ticket.responded_at, ticket.resolved_at, ticket.closed_at)
    return (
        ticket.number,
        kind.label if kind else ticket.kind,
        group.label if group else ticket.group,
        ticket.priority,
        ticket.category,
        wording.state_label(desk, ticket.kind, ticket.state, language) if kind else ticket.state,
        *(local_time(moment, desk) for moment in moments),
        line.reopened,
        *(line.in_time or (None, None)),
        line.mark or None,
    )
