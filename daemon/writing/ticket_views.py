"""A ticket as letters show it: rows of label and value for the people who read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap
from typing import Any

from daemon.writing.folding import SHORT, Row, row
from daemon.writing.formats import Formats
from rules import wording
from rules.desk import Desk
from rules.ticket import Event, Ticket

CUT = 300
"""Characters of one text in a list: the whole stands in its own letter."""


class TicketViews:
    """Filters of the templates that need to know the desk, in one language."""

    def __init__(self, desk: Desk, formats: Formats, language: str) -> None:
        self._desk = desk
        self._formats = formats
        self._language = language
        self._labels: Mapping[str, str] = formats.words["layout"]

    def request(self, ticket: Ticket, rows: Iterable[Row]) -> list[Row]:
        """What was asked for, for the person who asked."""
        return self._dossier(ticket, {"subject": ticket.subject}, rows)

    def dossier(self, ticket: Ticket, rows: Iterable[Row]) -> list[Row]:
        """The same for the group: who asks, and how to reach them."""
        others = {"participants": ", ".join(ticket.participants), "category": ticket.category}
        return self._dossier(ticket, {"requester": self._formats.person(ticket), **others}, rows)

    def standing(self, ticket: Ticket, reasons: str = "reasons") -> list[Row]:
        """What the ticket is about and how it stands now; its number heads the letter. ``reasons`` are the words for
        why, a table of the catalogue: technicians know theirs, requesters read `reasons_told`."""
        group = self._desk.groups.get(ticket.group)
        told = {
            "summary": self.summary(ticket),
            "state": self.state(ticket),
            "reason": wording.word(self._desk, reasons, ticket.reason, self._language),
            "priority": ticket.priority,
            "group": group.label if group else "",
            "assignee": self.named(ticket.assignee),
        }
        return self._labelled(told)

    def values(self, ticket: Ticket) -> list[tuple[str, str]]:
        """Label and value of the ticket's fields, in the order in which they were given, labels as the kind has them
        now; a field that was kept when it was reclassified is called as in the kind that it had before."""
        fields = self._desk.named_fields(ticket.kind, *map(self._desk.kind_of, ticket.relations))
        return [
            (fields[name].label, self._formats.written(value, fields[name].type)) if name in fields else (name, value)
            for name, value in ticket.fields
        ]

    def state(self, ticket: Ticket) -> str:
        """«Resuelto», for a work order «Terminado»."""
        if ticket.kind not in self._desk.kinds:
            return wording.word(self._desk, "states", ticket.state, self._language)
        return wording.state_label(self._desk, ticket.kind, ticket.state, self._language)

    def group_label(self, key: str) -> str:
        """What a group is called."""
        group = self._desk.groups.get(key)
        return group.label if group else key

    def named(self, who: str) -> str:
        """Somebody's name where `[[people]]` knows their address; else ``who`` as it is."""
        person = self._desk.person_at(who)
        return person.name if person else who

    def condition(self, key: str, read: str, kind: str) -> str:
        """What a rule looked at, and read there: «Tipo: «Error Acceso»»."""
        fields = self._desk.named_fields(kind)
        labels = {**{name: field.label for name, field in fields.items()}, **self._formats.words["conditions"]}
        if key == "kind" and read in self._desk.kinds:
            read = self._desk.kinds[read].label
        words = self._formats.words
        return str(words["lists"]["read"]).format(key=labels.get(key, key), read=words["truths"].get(read, read))

    def summary(self, ticket: Ticket) -> str:
        """A ticket in a few words: its category, else its first two short values, else its kind."""
        if ticket.category:
            return ticket.category
        values = (value.rstrip(" .") for _, value in self.values(ticket) if "\n" not in value)
        short = [value for value in values if value and len(value) <= SHORT]
        kind = self._desk.kinds.get(ticket.kind)
        return ": ".join(short[:2]) or (kind.label if kind else ticket.number)

    def story(self, journal: Sequence[Event]) -> list[Row]:
        """The journal as rows: when, what, who, the text."""
        return [(self._formats.record(event.at), self._told(event), True) for event in journal]

    def briefs(self, tickets: Iterable[Ticket]) -> list[tuple[str, str, str]]:
        """Tickets in short: number, summary, state."""
        return [(ticket.number, self.summary(ticket), self.state(ticket)) for ticket in tickets]

    def own_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
        """The same of a list's rows."""
        return self.briefs(row["ticket"] for row in rows)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> list[Row]:
        """(label, value) pairs as rows."""
        return list(starmap(row, pairs))

    def details(self, pairs: Iterable[tuple[str, str]]) -> list[Row]:
        """(key of [alert_details], value) pairs as rows."""
        return self.pairs((self._formats.words["alert_details"].get(key, key), str(value)) for key, value in pairs)

    def _told(self, event: Event) -> str:
        what = self._formats.word(event.name, "events")
        said = f"{what}, {self.named(event.actor)}" if event.actor else what
        return f"{said}\n{shortened(text)}" if (text := event.text.strip()) else said

    def _dossier(self, ticket: Ticket, told: Mapping[str, str], rows: Iterable[Row]) -> list[Row]:
        """``told`` by the keys of their labels, then ``rows``, between what every such table has."""
        opened = self._formats.record(ticket.opened_at) if ticket.opened_at else ""
        files = "\n".join(map(self._formats.file, ticket.attachments))
        head = self._labelled({"number": ticket.number, "opened": opened, **told})
        return [*head, *rows, *([(self._labels["files"], files, True)] if files else [])]

    def _labelled(self, told: Mapping[str, str]) -> list[Row]:
        """What is not empty of ``told``, by the keys of its labels."""
        return [row(self._labels[key], value) for key, value in told.items() if value]


def shortened(text: str, length: int = CUT) -> str:
    """The beginning of a text that would make a list unreadable."""
    return text if len(text) <= length else f"{text[:length].rstrip()} …"


def brief(text: str, length: int = 80) -> str:
    """A text on one line, for the preheader."""
    return shortened(" ".join(text.split()), length)
