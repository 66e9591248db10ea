"""Tables as files beside a letter: a CSV that opens with a double click where the desk is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from daemon.writing.ticket_views import TicketViews
from rules import wording
from rules.desk import Desk
from rules.letters import File
from rules.queries import ROWS_SHOWN

LIST_COLUMNS = ("number", "kind", "summary", "state", "priority", "group", "opened", "due")
"""Columns of a list's CSV, keys of the catalogue's `[columns]`."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_file(name: str, columns: Iterable[str], rows: Iterable[Sequence[object]], desk: Desk, language: str) -> File:
    """``rows`` as the file «name.csv» with a header; ``columns`` are keys of the catalogue's `[columns]`."""
    header = [wording.word(desk, "columns", column, language) for column in columns]
    return File(f"{name}.csv", "text/csv", csv_bytes([header, *rows]))


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows in UTF-8 with its mark, «;», CRLF (RFC 4180).

    A text that a spreadsheet would take for a formula gets an apostrophe in front: it may have come by mail.
    """
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=";", lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return target.getvalue().encode("utf-8-sig")


def _cell(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(int(value))
    text = str(value).replace("\0", "")
    return "'" + text if isinstance(value, str) and text.startswith(_FORMULA) else text


def local_time(moment: datetime | None, desk: Desk) -> str:
    """As spreadsheets read it everywhere: 2017-10-09 10:23, in the desk's zone."""
    return moment.astimezone(desk.zone).strftime("%Y-%m-%d %H:%M") if moment else ""


def list_files(rows: Sequence[Mapping[str, Any]], views: TicketViews, desk: Desk, language: str) -> tuple[File, ...]:
    """The whole of a list of tickets as a CSV, where a letter shows only its beginning."""
    if len(rows) <= ROWS_SHOWN:
        return ()
    name = wording.word(desk, "file_names", "results", language)
    return (csv_file(name, LIST_COLUMNS, (_listed(row, views, desk) for row in rows), desk, language),)


def _listed(row: Mapping[str, Any], views: TicketViews, desk: Desk) -> Sequence[object]:
    ticket = row["ticket"]
    kind = desk.kinds.get(ticket.kind)
    return (
        ticket.number,
        kind.label if kind else ticket.kind,
        views.summary(ticket),
        views.state(ticket),
        ticket.priority,
        views.group_label(ticket.group),
        local_time(ticket.opened_at, desk),
        local_time(row["due_at"], desk),
    )
