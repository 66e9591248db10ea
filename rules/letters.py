"""The letters as a table: whom each one is for, how it is guarded, whether its subject threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from parsers.mail import Mail
from rules.decision import Letter, Link
from rules.ticket import Side, Ticket

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

LETTERS: dict[str, LetterSpec] = {
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
