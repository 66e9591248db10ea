"""A ticket is the fold of its journal: :func:`evolve` alone makes one.

*Ticket* is the general word, incident and work order are its kinds; *side* tells the requester's conversation from the
group's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal

from parsers.mail import Attachment

State = Literal["assigned", "pending", "resolved", "closed"]
STATES: tuple[State, ...] = ("assigned", "pending", "resolved", "closed")
Side = Literal["requester", "group"]
MARKS = (5, 4, 3, 2, 1)
"""The survey's answers, best first (L)."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One incident or work order. Times are aware UTC.

    ``running`` are the intervals in which its clocks count, the last one open while they do; ``told`` the names of the
    due rows that fired since the state last changed; ``round`` counts solutions; ``came_from`` is the stack of groups
    that Devolver goes back along; ``points_to`` the ticket that a merge or reclassification made of it.
    """

    number: str
    kind: str = ""
    state: State = "assigned"
    reason: str = "new"
    priority: str = ""
    category: str = ""
    group: str = ""
    assignee: str = ""
    requester: str = ""
    requester_name: str = ""
    participants: tuple[str, ...] = ()
    language: str = ""
    subject: str = ""
    address: str = ""
    """The address that the opening was sent to."""
    fields: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    received_at: datetime | None = None
    opened_at: datetime | None = None
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    waiting_since: datetime | None = None
    """Since when the requester's answer is awaited; reminders and closing count from it."""
    pending_until: datetime | None = None
    follow_up: datetime | None = None
    running: tuple[tuple[datetime, datetime | None], ...] = ()
    told: tuple[str, ...] = ()
    round: int = 0
    solution: str = ""
    solution_by: str = ""
    question: str = ""
    """The last text that the requester was asked."""
    relations: tuple[str, ...] = ()
    points_to: str = ""
    came_from: tuple[str, ...] = ()
    rule: str = ""
    thread_id: str = ""
    """Message-ID of the opening: the head of References in the requester's letters."""
    contacts: tuple[datetime, ...] = ()
    """Attempts to contact the requester."""
    mark: int = 0
    """The survey's last answer, 1 to 5; 0 without."""
    unreached: tuple[str, ...] = ()
    """Addresses that bounced."""
    manual_priority: bool = False
    version: int = 0
    """How many events were folded."""

    def value(self, name: str) -> str:
        """The value of field ``name``, or ""."""
        return dict(self.fields).get(name, "")

    @property
    def open(self) -> bool:
        """Not closed."""
        return self.state != "closed"

    @property
    def runs(self) -> bool:
        """Whether its clocks are counting."""
        return bool(self.running) and self.running[-1][1] is None

    @property
    def solved_at(self) -> datetime | None:
        """When the solution that stands was given; None where its requester has rejected it."""
        stands = self.resolved_at and self.running and self.running[-1][0] <= self.resolved_at
        return self.resolved_at if stands else None

    @property
    def people(self) -> frozenset[str]:
        """Requester and participants, in lower case."""
        return frozenset(a.lower() for a in (self.requester, *self.participants) if a)


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the journal: who did what, when, by which mail, and what it changed.

    ``changes`` are new values of :class:`Ticket` attributes. ``text`` is what was written; the requester may read it
    only where ``visible``. ``version`` is the shape of ``changes``, so that old journals can be read for ever.
    """

    number: str
    name: str
    at: datetime
    actor: str = ""
    text: str = ""
    visible: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    version: int = 1


def evolve(ticket: Ticket | None, event: Event) -> Ticket:
    """The ticket after ``event``; from None for its first. Attachments of the event are added to the ticket's own."""
    if ticket is None:
        return Ticket(event.number, **event.changes, attachments=event.attachments, version=1)
    return replace(
        ticket,
        **event.changes,
        attachments=ticket.attachments + event.attachments,
        version=ticket.version + 1,
    )


def fold(events: Iterable[Event]) -> Ticket | None:
    """The ticket that a whole journal gives; None for an empty one."""
    ticket: Ticket | None = None
    for event in events:
        ticket = evolve(ticket, event)
    return ticket


# -- the journal's JSON: datetimes as integer UTC microseconds, tuples as lists

_TIMES = frozenset({
    "received_at", "opened_at", "responded_at", "resolved_at", "closed_at", "waiting_since", "pending_until",
    "follow_up",
})  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = frozenset(f.name for f in fields(Ticket))


def micros(moment: datetime) -> int:
    """An aware time as integer UTC microseconds."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def moment(micros_utc: int) -> datetime:
    """The aware UTC time of :func:`micros`."""
    seconds, rest = divmod(micros_utc, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def dump_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """``changes`` as plain JSON values. An attribute that no Ticket has is a defect: KeyError."""
    if unknown := changes.keys() - _NAMES:
        raise KeyError(f"no such ticket attribute: {sorted(unknown)}")
    return {name: _dump(name, value) for name, value in changes.items()}


def load_changes(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`dump_changes`; attributes that later versions dropped are left out."""
    return {name: _load(name, value) for name, value in stored.items() if name in _NAMES}


def _dump(name: str, value: Any) -> Any:
    if name in _TIMES:
        return None if value is None else micros(value)
    if name == "running":
        return [[micros(a), None if b is None else micros(b)] for a, b in value]
    if name == "contacts":
        return [micros(at) for at in value]
    if name == "attachments":
        return [dump_attachment(a) for a in value]
    return value


def _load(name: str, value: Any) -> Any:
    if name in _TIMES:
        return None if value is None else moment(value)
    if name == "running":
        return tuple((moment(a), None if b is None else moment(b)) for a, b in value)
    if name == "contacts":
        return tuple(moment(at) for at in value)
    if name == "attachments":
        return tuple(load_attachment(a) for a in value)
    if name == "fields":
        return tuple((key, text) for key, text in value)
    return tuple(value) if isinstance(value, list) else value


def dump_attachment(attachment: Attachment) -> list[Any]:
    """What the journal keeps of a file: its bytes lie under the digest."""
    return [attachment.name, attachment.media_type, attachment.size, attachment.digest, attachment.inline]


def load_attachment(stored: list[Any]) -> Attachment:
    """The inverse of :func:`dump_attachment`."""
    name, media_type, size, digest, inline = stored
    return Attachment(name, media_type, size, digest, inline)
