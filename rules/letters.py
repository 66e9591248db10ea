"""The letters as a table: whom each one is for, how it is guarded, whether its subject threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rules.ticket import Side

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
