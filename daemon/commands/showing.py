"""`acuse list`, `show` and `export`: the books read-only, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from daemon.config.settings import Settings
from daemon.store import Store, listing
from daemon.store.export import export
from daemon.store.search import search
from rules.decision import Search

MOST = 100_000
COLUMNS = ("number", "state", "priority", "group", "assignee", "requester", "opened_at")


@contextmanager
def books(settings: Settings) -> Iterator[Store]:
    """The store, read-only; StoreError where there is none."""
    store = Store.open(settings.database.login_url(), Path(settings.database.files), readonly=True)
    try:
        yield store
    finally:
        store.close()


def listed(settings: Settings, state: str = "", group: str = "", since: str = "") -> list[dict[str, Any]]:
    """Tickets, newest first. ``since``: ISO date in the desk's zone; a bad one is a ValueError."""
    zone = settings.desk.zone
    wanted = Search(
        states=(state,) if state else (),
        groups=(group,) if group else (),
        since=datetime.fromisoformat(since).replace(tzinfo=zone) if since else None,
        limit=MOST,
    )
    with books(settings) as store, store.read() as reading:
        found = search(reading.session, wanted, reading.remembered)
        return [listing.brief(brief.ticket, zone) for brief in found]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows under one another for a terminal, a line each."""
    cells = [COLUMNS, *(tuple(str(row[name] or "-") for name in COLUMNS) for row in rows)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def shown(settings: Settings, number: str) -> dict[str, Any] | None:
    """One ticket with journal and letters; None where there is none."""
    with books(settings) as store, store.read() as reading:
        return listing.show(reading.session, number.upper(), reading.remembered, settings.desk.zone)


def as_text(ticket: Mapping[str, Any]) -> str:
    """One ticket for a terminal."""
    head = [f"{name}: {ticket[name]}" for name in ticket if isinstance(ticket[name], str) and ticket[name]]
    fields = [f"  {name}: {value}" for name, value in ticket["fields"].items()]
    journal = [
        f"  {e['at']}  {e['name']}  {e['actor']}" + (f"\n    {_indented(e['text'])}" if e["text"] else "")
        for e in ticket["journal"]
    ]
    letters = [f"  {m['created_at']}  {m['letter']}  {m['to']}  {m['status']}" for m in ticket["letters"]]
    return "\n".join([*head, "fields:", *fields, "journal:", *journal, "letters:", *letters])


def exported(settings: Settings, number: str, folder: Path) -> int:
    """Raw mails, attachments and journal of a ticket written into ``folder``; how many files, 0 for no such ticket."""
    with books(settings) as store, store.read() as reading:
        if reading.tickets.get(number.upper()) is None:
            return 0
        return len(export(reading.session, store.files, number.upper(), folder, settings.desk.zone))


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")
