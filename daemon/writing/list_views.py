"""Lists as letters show them: tickets by urgency, figures, what a clock counted, mails set aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from daemon.writing.folding import Row
from daemon.writing.formats import Formats
from daemon.writing.ticket_views import TicketViews, shortened

Cells = tuple[object, ...]

EXTRACT = 160
"""Characters shown of a mail that is set aside: enough to know it by."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A ticket in a list: ``due`` and ``left`` are "" without a running clock. ``others`` is the group that it is of,
    where links stand beside others but not beside this one: who reads the list may not act on it."""

    number: str
    summary: str
    state: str
    priority: str
    due: str
    left: str
    late: bool
    links: tuple[Any, ...]
    others: str


class ListViews:
    """Filters for lists, in one language."""

    def __init__(self, formats: Formats, tickets: TicketViews) -> None:
        self._formats = formats
        self._tickets = tickets
        self._words = formats.words["lists"]

    def listed(self, rows: Sequence[Mapping[str, Any]], links: Sequence[Any]) -> list[Listed]:
        """Rows of tickets with the links that name them."""
        own = {link.number: link for link in links}
        return [self._listed(row, own) for row in rows]

    def figures(self, figures: Iterable[Sequence[Any]], section: str = "figures") -> list[Cells]:
        """(key, number …) as table rows."""
        return [(self._formats.word(str(key), section), *numbers) for key, *numbers in figures]

    def criteria(self, terms: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
        """What was searched for, (label, value, type of the field) each, as label and value."""
        return [(label, self._formats.written(value, field_type)) for label, value, field_type in terms]

    def parts(self, rows: Iterable[Mapping[str, Any]]) -> list[Cells]:
        """Opened, closed and backlog of each group or category."""
        return [(row["name"], row["opened"], row["closed"], row["backlog"]) for row in rows]

    def compliance(self, rows: Iterable[Mapping[str, Any]]) -> list[Cells]:
        """How many met each clock, by priority."""
        return [(r["name"], *(self._part(r[clock], r["total"]) for clock in ("response", "resolution"))) for r in rows]

    def compliance_alt(self, rows: Iterable[Mapping[str, Any]]) -> str:
        """What the compliance chart shows, in a sentence."""
        told = ", ".join(f"{r['name']} {self._formats.percent(r['resolution'], r['total'])}" for r in rows)
        return str(self._words["compliance_alt"]).format(told=told)

    def ages_alt(self, ages: Sequence[tuple[str, int]]) -> str:
        """What the chart of ages shows, in a sentence: how many are as old as the last of its rows tells."""
        (oldest, number), total = ages[-1], sum(open_ones for _, open_ones in ages)
        age = self._formats.word(oldest, "ages")
        return str(self._words["ages_alt"]).format(age=age, number=number, total=total)

    def counted_times(self, intervals: Iterable[Mapping[str, Any]]) -> list[Cells]:
        """Intervals of a clock: from, to, whether it counted and why not."""
        return [
            (
                self._formats.moment(i["start"]),
                self._formats.moment(i["end"]) if i["end"] else self._words["open_end"],
                self._why(i),
            )
            for i in intervals
        ]

    def steps_tried(self, steps: Iterable[Mapping[str, Any]], kind: str) -> list[Row]:
        """Rules in the order in which they were tried for a ticket of ``kind``, each with what it read."""
        return self._tickets.pairs(
            (
                step["rule"],
                self._words["matched" if step["matched"] else "missed"].format(
                    why="; ".join(self._tickets.condition(key, read, kind) for key, read in step["read"])
                ),
            )
            for step in steps
        )

    def suspect(self, mail: Mapping[str, Any]) -> list[Row]:
        """A mail in quarantine: where from, why, a safe extract."""
        labels = self._words
        rows = [
            (labels["id"], str(mail["id"])),
            (labels["sender"], mail["sender"] or labels["nobody"]),
            (labels["mailbox"], mail["mailbox"]),
            (labels["seen_at"], f"{self._formats.record(mail['seen_at'])}, {self._formats.size(mail['size'])}"),
            (labels["reason"], self._formats.word(mail["reason"], "quarantine")),
            (labels["diagnostic"], mail["diagnostic"]),
            (labels["extract"], shortened(mail["extract"], EXTRACT)),
        ]
        return self._tickets.pairs((label, value) for label, value in rows if value)

    def last_day(self, until: datetime) -> datetime:
        """The last day of a week that ends before ``until``."""
        return until - timedelta(seconds=1)

    def _listed(self, row: Mapping[str, Any], own: Mapping[str, Any]) -> Listed:
        ticket, left, late = row["ticket"], row["left"], row["late"]
        state, link = self._tickets.state(ticket), own.get(ticket.number)
        return Listed(
            ticket.number,
            self._tickets.summary(ticket),
            f"{state} ({self._words['needs_reply']})" if row["needs_reply"] else state,
            ticket.priority,
            self._formats.moment(row["due_at"]) if row["due_at"] else "",
            str(self._words["late" if late else "left"]).format(amount=self._formats.amount(left, row["business"]))
            if left is not None
            else "",
            late,
            (link,) if link else (),
            "" if link else self._tickets.group_label(ticket.group),
        )

    def _why(self, interval: Mapping[str, Any]) -> str:
        why = self._formats.word(interval["why"], "clock")
        return f"{why}: {interval['name']}" if interval["name"] else why

    def _part(self, part: int, total: int) -> str:
        return str(self._words["part"]).format(percent=self._formats.percent(part, total), part=part, total=total)
