"""`acuse list`, `show` and `export`: the books read-only, for people and for programs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from daemon.commands import Unable
from daemon.config.settings import Settings
from daemon.store import Store
from daemon.store.listing import brief
from rules.facts import Search
from rules.ticket import STATES

COLUMNS = ("number", "opened", "state", "priority", "group", "requester", "assignee")


@contextmanager
def books(settings: Settings) -> Iterator[Store]:
    """The store, read-only; StoreError where there is none."""
    store = Store.open(settings.database.login_url(), Path(settings.database.files), readonly=True)
    try:
        yield store
    finally:
        store.close()


def known(*named: tuple[str, str, Iterable[str]]) -> None:
    """Check names, each given as (what it names, what was read, the names that exist): Unable with all that do not
    exist. "" is never looked for."""
    told = [
        f'there is no {what} "{read}"; there are: {", ".join(there)}'
        for what, read, names in named
        if read and read not in (there := list(names))
    ]
    if told:
        raise Unable("\n".join(told))


def counted(count: int) -> str:
    """«1 file», «2 files»."""
    return f"{count} file{'' if count == 1 else 's'}"


# -- many tickets


def listed(settings: Settings, state: str = "", group: str = "", since: date | None = None) -> list[dict[str, Any]]:
    """Tickets, newest first; ``since`` is a day of the desk's zone. Unable for a state or group that does not exist."""
    zone = settings.desk.zone
    known(("state", state, STATES), ("group", group, settings.desk.groups))
    wanted = Search(
        states=(state,) if state else (),
        groups=(group,) if group else (),
        since=datetime.combine(since, time(), zone) if since else None,
    )
    with books(settings) as store:
        return [brief(ticket, zone) for ticket in store.search(wanted)]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows under one another, a line each."""
    cells = [columns, *([text or "-" for text in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]


def ticket_table(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Tickets, a line each."""
    return table(COLUMNS, ([minute(row["opened_at"]) if c == "opened" else row[c] for c in COLUMNS] for row in rows))


def print_lines(lines: Iterable[str]) -> None:
    """To standard output; on a terminal a line that is too long for it is cut, elsewhere it is whole."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for line in lines:
        print(f"{line[: width - 1]}…" if 0 < width < len(line) else line)


# -- one ticket


def shown(settings: Settings, number: str) -> dict[str, Any]:
    """One ticket with journal and letters; Unable where there is none of that number."""
    with books(settings) as store:
        ticket = store.show(number.upper(), settings.desk.zone)
    if ticket is None:
        raise Unable(f"there is no ticket {number}; `acuse list` tells which there are")
    return ticket


def as_text(ticket: Mapping[str, Any]) -> str:
    """One ticket for a terminal."""
    width = max(map(len, (*_HEAD, *ticket["fields"])), default=0)
    lines = [f"{ticket['number']}  {ticket['kind']}, {ticket['state']} ({ticket['reason']})"]
    lines += _named(((name, tell(ticket)) for name, tell in _HEAD.items()), width)
    lines += ["", "fields", *_named(ticket["fields"].items(), width)]
    lines += ["", "journal", *(line for event in ticket["journal"] for line in _event(event))]
    lines += ["", "letters", *map(_letter, ticket["letters"])]
    return "\n".join(lines)


def _named(pairs: Iterable[tuple[str, str]], width: int) -> list[str]:
    return [f"  {name:{width}}  {_under(text, width + 4)}" for name, text in pairs if text]


def _under(text: str, indent: int) -> str:
    return text.strip().replace("\n", "\n" + " " * indent)


def _event(event: Mapping[str, Any]) -> list[str]:
    files = ", ".join(each["name"] for each in event["attachments"])
    head = f"  {second(event['at'])}  {event['name']}  {event['actor']}{f'  [{files}]' if files else ''}".rstrip()
    return [head, f"    {_under(event['text'], 4)}"] if event["text"] else [head]


def _letter(letter: Mapping[str, Any]) -> str:
    reply = "" if letter["status"] == "sent" or not letter["reply"] else f" ({letter['reply']})"
    return f"  {second(letter['created_at'])}  {letter['letter']}  {letter['to']}  {letter['status']}{reply}"


def _file(attachment: Mapping[str, Any]) -> str:
    return f"{attachment['name']} ({attachment['size']:,} bytes)"


def minute(time: str | None) -> str:
    """«2026-11-22 07:21» of an ISO time; "" for none."""
    return (time or "")[:16].replace("T", " ")


def second(time: str | None) -> str:
    """«2026-11-22 07:21:59» of an ISO time; "" for none."""
    return (time or "")[:19].replace("T", " ")


_HEAD: Mapping[str, Any] = {
    "subject": lambda ticket: ticket["subject"],
    "requester": lambda ticket: ", ".join(filter(None, (ticket["requester_name"], ticket["requester"]))),
    "participants": lambda ticket: ", ".join(ticket["participants"]),
    "priority": lambda ticket: ticket["priority"],
    "category": lambda ticket: ticket["category"],
    "group": lambda ticket: ticket["group"],
    "assignee": lambda ticket: ticket["assignee"],
    "received": lambda ticket: second(ticket["received_at"]),
    "opened": lambda ticket: second(ticket["opened_at"]),
    "closed": lambda ticket: second(ticket["closed_at"]),
    "files": lambda ticket: ", ".join(map(_file, ticket["attachments"])),
    "relations": lambda ticket: ", ".join(ticket["relations"]),
    "goes on in": lambda ticket: ticket["points_to"],
    "solution": lambda ticket: ticket["solution"],
}
"""What stands at the top of a ticket, and where it is found; empty entries are left out."""


# -- its mails and files


def exported(settings: Settings, number: str, folder: Path) -> int:
    """Write raw mails, attachments and journal of a ticket into ``folder``; returns how many files. Unable if there is
    no such ticket."""
    shown(settings, number)
    with books(settings) as store:
        return len(store.export(number.upper(), folder, settings.desk.zone))
