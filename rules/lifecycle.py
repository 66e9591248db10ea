"""States and reasons as tables (T), and the one function that moves a ticket along them.

TRANSITIONS is the table of the README. :func:`move` makes the journal's event with everything that a change of state
brings: the clocks stop and go on, waiting for the requester begins and ends, the first response is noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parsers.mail import Attachment
from rules.ticket import Event, State, Ticket


@dataclass(frozen=True, slots=True)
class Transition:
    """From any state of ``sources`` to ``target``; ``reason`` where nobody gives one."""

    sources: tuple[State, ...]
    target: State
    reason: str


TRANSITIONS: Mapping[str, Transition] = {
    "ask": Transition(("assigned",), "pending", "info_requested"),
    "hold": Transition(("assigned",), "pending", "client_hold"),
    "reply": Transition(("pending",), "assigned", "info_received"),
    "until": Transition(("pending",), "assigned", "reopened"),
    "resolve": Transition(("assigned", "pending"), "resolved", "no_further_action"),
    "validate": Transition(("resolved",), "closed", "validated"),
    "silence": Transition(("pending", "resolved"), "closed", "no_answer"),
    "reject": Transition(("resolved",), "assigned", "reopened"),
    "reopen": Transition(("resolved",), "assigned", "reopened"),
    "refuse": Transition(("assigned", "pending"), "closed", "desk_rejected"),
    "withdraw": Transition(("assigned", "pending", "resolved"), "closed", "withdrawn"),
    "merge": Transition(("assigned", "pending"), "closed", "merged"),
    "reclassify": Transition(("assigned", "pending"), "closed", "reclassified"),
    "escalate": Transition(("assigned", "pending"), "assigned", "escalated"),
    "return": Transition(("assigned", "pending"), "assigned", "returned"),
}
"""Every change of state by its event's name. An event without a row keeps the state."""

REASONS: Mapping[str, Mapping[State, tuple[str, ...]]] = {
    "incident": {
        "pending": ("client_hold", "info_requested", "client_action"),
        "resolved": ("no_further_action", "auto_notified"),
    },
    "work_order": {
        "pending": ("client_hold", "info_requested", "client_action"),
        "resolved": ("success", "success_with_issues"),
    },
}
"""The reasons that a technician may give, by kind and state; the first of a state is its default (T)."""

KEEPING: Mapping[State, frozenset[str] | None] = {
    "assigned": None,
    "pending": None,
    "resolved": frozenset({"note", "answer", "relate", "explain"}),
    "closed": frozenset({"note", "relate", "explain"}),
}
"""Actions that keep the state, by state; None: every action without a row in TRANSITIONS."""

FIRST_RESPONSES = frozenset({"ask", "answer", "resolve", "refuse"})
"""Events that count as the first response to the requester."""

_CLOCKS = ("response", "resolution")
_STAYS_TOLD: Mapping[State, tuple[str, ...]] = {"closed": (*_CLOCKS, "follow_up")}
"""Of the due things that were told, the beginnings of those that stay told in a new state."""

WAITING: tuple[State, ...] = ("pending", "resolved")
"""States in which the requester is waited for."""


def possible(ticket: Ticket, name: str) -> bool:
    """Whether the event ``name`` may happen to ``ticket`` as it stands."""
    if transition := TRANSITIONS.get(name):
        return ticket.state in transition.sources
    keeping = KEEPING[ticket.state]
    return keeping is None or name in keeping


def reasons(kind: str, state: State) -> tuple[str, ...]:
    """The reasons that may be given for ``state``; ``kind`` is the key of a table in REASONS."""
    return REASONS.get(kind, REASONS["incident"]).get(state, ())


def move(
    ticket: Ticket,
    name: str,
    at: datetime,
    *,
    actor: str = "",
    reason: str = "",
    text: str = "",
    visible: bool = False,
    attachments: tuple[Attachment, ...] = (),
    **changes: Any,
) -> Event:
    """The event ``name`` on ``ticket`` at ``at``; ``changes`` are further attributes that it sets.

    The caller has asked :func:`possible`; an impossible move is a defect: ValueError.
    """
    if not possible(ticket, name):
        raise ValueError(f"{name} is not possible in {ticket.state}")
    transition = TRANSITIONS.get(name)
    state_changes = _enter(ticket, transition.target, reason or transition.reason, at) if transition else {}
    response = {"responded_at": at} if name in FIRST_RESPONSES and not ticket.responded_at else {}
    return Event(
        ticket.number,
        name,
        at,
        actor=actor,
        text=text,
        visible=visible,
        attachments=attachments,
        changes={**state_changes, **response, **changes},
    )


def _enter(ticket: Ticket, target: State, reason: str, at: datetime) -> dict[str, Any]:
    """What entering ``target`` changes, whatever event leads there."""
    changes: dict[str, Any] = {
        "state": target,
        "reason": reason,
        "running": _run(ticket, target == "assigned", at),
        "waiting_since": at if target in WAITING else None,
        "pending_until": None,
        "told": tuple(name for name in ticket.told if name.startswith(_STAYS_TOLD.get(target, _CLOCKS))),
    }
    if target == "assigned":
        changes["follow_up"] = None
    if target == "resolved":
        changes["resolved_at"] = at
    if target == "closed":
        changes["closed_at"] = at
    return changes


def _run(ticket: Ticket, on: bool, at: datetime) -> tuple[tuple[datetime, datetime | None], ...]:
    """The intervals in which the clocks count, after they are switched ``on`` or off at ``at``."""
    if on == ticket.runs:
        return ticket.running
    if on:
        return (*ticket.running, (at, None))
    started = ticket.running[-1][0]
    return (*ticket.running[:-1], (started, at))
