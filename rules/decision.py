"""What follows from a cause, as one value: rules make a Decision out of Facts, the store does it once.

``decide`` takes only values; the store applies what it says in the transaction in which the facts were looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from parsers.form import Fault
from rules.facts import Person
from rules.letters import Letter
from rules.ticket import Event

Verdict = Literal[
    "opened", "refused", "threaded", "validated", "rejected", "withdrawn", "desk", "query", "survey", "registered",
    "untreated", "automatic", "bounce", "duplicate", "too_large", "held", "quarantined",
]  # fmt: skip

_FOLDERS: Mapping[str, str] = {
    "untreated": "untreated",
    "too_large": "untreated",
    "automatic": "automatic",
    "bounce": "automatic",
    "duplicate": "automatic",
    "quarantined": "quarantine",
    "held": "held",
}


def folder_of(verdict: str) -> str:
    """The attribute of :class:`rules.tables.Folders` that a mail with this verdict is filed under."""
    return _FOLDERS.get(verdict, "done")


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a cause. The store does it once, all of it or nothing.

    ``verdict`` is "" for causes that are no mail. Events and letters name their tickets, so one decision may touch
    several. ``used`` are digests of tokens used up; ``counters`` the hourly windows to add one to; ``held_until`` when
    a rate-held mail is looked at again. ``kind``, ``fields``, ``faults``, ``rule``, ``group``, ``priority`` tell
    `explain` and the ledger what was understood.
    """

    verdict: Verdict | Literal[""] = ""
    why: str = ""
    """A short code for the ledger and logs: ``stranger``, ``near_miss``, ``closed`` …"""
    events: tuple[Event, ...] = ()
    letters: tuple[Letter, ...] = ()
    used: tuple[bytes, ...] = ()
    counters: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    release: tuple[str, ...] = ()
    """Senders whose held mails are to be treated now (a registration came back)."""
    settled: tuple[tuple[int, str], ...] = ()
    """Mails in quarantine (ledger id) and what becomes of each: retry, release, discard, block."""
    blocked: tuple[str, ...] = ()
    """Senders whose mail is filed away unread from now on."""
    held_until: datetime | None = None
    kind: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    rule: str = ""
    group: str = ""
    priority: str = ""
    remarks: tuple[str, ...] = ()
    """Oddities for the ledger, besides the parser's own: ``message_id_reused`` …"""
