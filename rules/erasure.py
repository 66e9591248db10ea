"""What is left of a person to be forgotten, or of a ticket too old to be kept; `acuse audit` finds no difference.

A person asked to be forgotten becomes a pseudonym, in journals and wherever else they are named; a ticket over its
retention keeps its numbers, times and states alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from parsers.mail import Attachment
from rules.desk import Desk
from rules.facts import Person
from rules.ticket import Event, Ticket

NOBODY = "erased"
"""The requester of a ticket over its retention."""

LISTS = ("admin_alert", "explanation", "quarantine_digest", "search_results", "worklist")
"""Letters to the staff that tell of many people at once, and nothing that does not stand elsewhere."""

SHORTEST = 3
"""Shorter words are not blackened: they stand in too many others."""

_KEPT = frozenset(
    {
        "kind", "state", "reason", "priority", "category", "group", "language", "subject", "address", "received_at",
        "opened_at", "responded_at", "resolved_at", "closed_at", "waiting_since", "pending_until", "follow_up",
        "running", "told", "round", "relations", "points_to", "came_from", "rule", "contacts", "mark",
        "manual_priority",
    }
)  # fmt: skip
"""Attributes of a ticket that say nothing about a person."""


@dataclass(frozen=True)
class Erasure:
    """A person to be forgotten: all their addresses, everything else that names them, and what stands there afterwards.

    The pseudonym is no mail address, so that nothing is ever sent to it.
    """

    addresses: tuple[str, ...]
    words: tuple[str, ...]
    pseudonym: str

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.words, key=len, reverse=True)
        words = (rf"(?<!\w){re.escape(word)}(?!\w)" for word in longest_first)
        return re.compile("|".join((_whole(self.addresses), *words)), re.IGNORECASE)

    def is_of(self, address: str) -> bool:
        """Whether ``address`` is one of theirs."""
        return address.lower() in self.addresses

    def text(self, text: str) -> str:
        """``text`` with the pseudonym wherever they are named."""
        return self._pattern.sub(self.pseudonym, text)

    def value(self, value: Any) -> Any:
        """As :meth:`text`, for the nested values of an event's changes."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple(self.value(each) for each in value)
        return value


def names(addresses: Iterable[str], text: str) -> bool:
    """Whether one of these addresses stands in ``text``."""
    return re.search(_whole(addresses), text, re.IGNORECASE) is not None


def _whole(addresses: Iterable[str]) -> str:
    """These addresses and no part of another: gil@casa.test is neither ana.gil@casa.test nor gil@casa.test.example."""
    return rf"(?<![\w.+-])(?:{'|'.join(map(re.escape, addresses))})(?![\w-]|\.\w)"


def erasure(address: str, own: Iterable[Ticket], person: Person | None, desk: Desk, pseudonym: str) -> Erasure:
    """Who is to be forgotten: ``own`` are the tickets that this address opened, ``person`` who registered it.

    Named are they by their names, by the tax id and the other details of their registration, and by what their forms
    give as a telephone or an address.
    """
    addresses = {address.lower(), *(each.lower() for each in (person.addresses if person else ()))}
    words = {ticket.requester_name for ticket in own}
    words |= {value for ticket in own for value in _contacts(ticket, desk)}
    if person:
        words |= {person.name, person.tax_id, *(value for _, value in person.details)}
    kept = tuple(sorted(word.strip() for word in words if len(word.strip()) >= SHORTEST))
    return Erasure(tuple(sorted(addresses)), kept, pseudonym)


def _contacts(ticket: Ticket, desk: Desk) -> Iterable[str]:
    kind = desk.kinds.get(ticket.kind)
    return (ticket.value(f.name) for f in kind.fields if f.type in ("phone", "email")) if kind else ()


SentFile = tuple[str, str]
"""A file's digest and its name: the same leaflet sent by somebody else under another name is theirs."""


def forget(erased: Erasure, gone: frozenset[SentFile]) -> Callable[[Event], Event]:
    """Rewrites one event of a journal. ``gone`` are the files that the person sent, wherever they were moved to."""

    def rewritten(event: Event) -> Event:
        return replace(
            event,
            actor=erased.text(event.actor),
            text=erased.text(event.text),
            changes=_without_files(_renamed(erased, event.changes), gone),
            attachments=_others(event.attachments, gone),
        )

    return rewritten


def _renamed(erased: Erasure, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A requester's name goes however short it is: «張偉»."""
    own = {"requester_name": erased.pseudonym} if erased.is_of(changes.get("requester", "")) else {}
    return {name: own.get(name, erased.value(value)) for name, value in changes.items()}


def _without_files(changes: Mapping[str, Any], gone: frozenset[SentFile]) -> dict[str, Any]:
    files = {"attachments": _others(changes["attachments"], gone)} if "attachments" in changes else {}
    return {**changes, **files}


def _others(attachments: tuple[Attachment, ...], gone: frozenset[SentFile]) -> tuple[Attachment, ...]:
    return tuple(each for each in attachments if (each.digest, each.name) not in gone)


def sent_by(erased: Erasure, events: Iterable[Event]) -> frozenset[SentFile]:
    """The files that came with the person's mails."""
    return frozenset(
        (each.digest, each.name) for event in events if erased.is_of(event.actor) for each in event.attachments
    )


def empty(event: Event) -> Event:
    """One event of a ticket over its retention: what happened and when, by nobody, without a word."""
    kept = {name: value for name, value in event.changes.items() if name in _KEPT}
    nobody = {"requester": NOBODY} if "requester" in event.changes else {}
    return Event(event.number, event.name, event.at, visible=event.visible, changes={**kept, **nobody})
