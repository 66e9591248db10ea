"""Letters: what one is made of, its links and their tokens; and the table of them all, whom each one is for, how it is
guarded, whether its subject threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from parsers.mail import Attachment, Mail
from rules.ticket import Side, Ticket

Purpose = Literal["verdict", "action", "survey", "registration", "withdraw", "quarantine"]


@dataclass(frozen=True, slots=True)
class Grant:
    """What the bearer of a token may do; only the token's digest is stored beside it.

    ``verb``: validate, reject, a survey mark …; ``addressee`` the only address that may use it ("" for an action token:
    then members and coordinator of ``group`` may). ``round`` is the solution it speaks of, of an action token
    the ticket's version; ``mail`` a ledger id.
    """

    purpose: Purpose
    verb: str = ""
    number: str = ""
    addressee: str = ""
    group: str = ""
    round: int = 0
    mail: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A `mailto:` link: ``key`` names its label in the catalogue; a grant adds « [token]» to the subject."""

    key: str
    to: str
    subject: str
    body: str = ""
    grant: Grant | None = None
    label: str = ""
    """What stands on the link where the catalogue's label of ``key`` would not do."""


@dataclass(frozen=True, slots=True)
class File:
    """A file made by us: a CSV, a chart shown inline by its ``cid``."""

    name: str
    media_type: str
    content: bytes
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to be written: its name chooses template, audience and guard class.

    ``ticket`` is the ticket as the letter tells it; ``values`` whatever else the template needs (plain data, keys of
    the catalogue, aware UTC times). One copy goes to each address of ``to``, and to the ticket's
    participants, without links, where its row of :data:`LETTERS` says so.
    """

    name: str
    to: tuple[str, ...]
    ticket: Ticket | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    language: str = ""
    in_reply_to: str = ""
    attachments: tuple[Attachment, ...] = ()
    files: tuple[File, ...] = ()
    reached: frozenset[str] = frozenset()
    """Addresses, lower case, whom the mail that it passes on reached as well (a reply to all): a participant among them
    gets no copy."""


# -- the table

Guard = Literal["ticket", "notice", "near_miss", "staff"]


@dataclass(frozen=True, slots=True)
class LetterSpec:
    """``side``: whose conversation it belongs to; "" for none. ``threads``: its subject is registered, so that a reply
    finds the ticket. ``guard``: its class in rules/guards.py.
    ``copies``: participants get it too, without links.
    """

    side: Side | Literal[""] = ""
    threads: bool = False
    guard: Guard = "ticket"
    copies: bool = False


_REQUESTER = LetterSpec("requester", threads=True, copies=True)
_GROUP = LetterSpec("group", threads=True, guard="staff")
_NOTICE = LetterSpec(guard="notice")
_STAFF = LetterSpec(guard="staff")

LETTERS: Mapping[str, LetterSpec] = {
    "confirmation": _REQUESTER,
    "info_request": _REQUESTER,
    "reply": _REQUESTER,
    "validation": _REQUESTER,
    "reopening": _REQUESTER,
    "closure": _REQUESTER,
    "desk_rejection": _REQUESTER,
    "reminder": _REQUESTER,
    "status": LetterSpec("requester", threads=True, guard="notice"),
    "merged": LetterSpec("requester", copies=True),
    "reclassified": LetterSpec("requester", copies=True),
    "assignment": _GROUP,
    "update": _GROUP,
    "warning": _GROUP,
    "breach": _GROUP,
    "delivery_failure": LetterSpec("group", guard="staff"),
    "refusal": _NOTICE,
    "near_miss": LetterSpec(guard="near_miss"),
    "wrong_subject": _NOTICE,
    "verdict_notice": _NOTICE,
    "closed_notice": _NOTICE,
    "withdrawal": _NOTICE,
    "survey_thanks": _NOTICE,
    "registration": _NOTICE,
    "welcome": LetterSpec(),
    "desk_refusal": _NOTICE,
    "search_results": _STAFF,
    "worklist": _STAFF,
    "explanation": _STAFF,
    "quarantine_digest": _STAFF,
    "proof": _STAFF,
    "report": _STAFF,
    "admin_alert": _STAFF,
}
"""Every letter by its name: the names are a contract."""

NO_VALUES: Mapping[str, Any] = {}


def to_sender(
    mail: Mail,
    name: str,
    ticket: Ticket | None = None,
    *,
    values: Mapping[str, Any] = NO_VALUES,
    links: tuple[Link, ...] = (),
    language: str | None = None,
) -> Letter:
    """The letter ``name`` that answers whoever wrote ``mail``. ``language``: "" for the standard one; None for that of
    ``ticket``, if it is about one."""
    spoken = (ticket.language if ticket else "") if language is None else language
    return Letter(name, (mail.sender,), ticket, values, links, spoken, in_reply_to=mail.message_id)


def for_requester(
    name: str,
    ticket: Ticket,
    *,
    values: Mapping[str, Any] = NO_VALUES,
    links: tuple[Link, ...] = (),
    in_reply_to: str = "",
) -> Letter:
    """The letter ``name`` to the requester of ``ticket``, in their language."""
    return Letter(name, (ticket.requester,), ticket, values, links, ticket.language, in_reply_to=in_reply_to)
