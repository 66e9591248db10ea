"""What the group gets: the assignment, updates, and a `mailto:` link for each thing that a technician can do now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from parsers.links import fitting_body
from parsers.mail import Attachment
from rules import wording
from rules.action_fields import group_language
from rules.action_forms import ACTIONS, action_lines, event_of, offered
from rules.caching import once_per_desk
from rules.deadlines import promises
from rules.desk import Desk
from rules.letters import Grant, Letter, Link
from rules.lifecycle import possible
from rules.subjects import TOKEN_ROOM
from rules.ticket import Ticket


class Handover(NamedTuple):
    """How a ticket came to its group. ``why`` is a key of the catalogue's `[assignment]`; ``by`` and ``text`` tell who
    passed it on and with which words; ``case`` the (label, value) pairs of an escalation."""

    why: str = "new"
    by: str = ""
    text: str = ""
    case: tuple[tuple[str, str], ...] = ()


class News(NamedTuple):
    """What happened to a ticket, for its group. ``what`` is a key of the catalogue's `[updates]` (reply, rejection,
    note …); ``text`` and ``by`` what was written and by whom, as people read it; ``warnings`` keys of `[quality]`."""

    what: str
    at: datetime
    text: str = ""
    by: str = ""
    warnings: tuple[str, ...] = ()


def assignment_letter(
    ticket: Ticket,
    desk: Desk,
    handover: Handover,
    *,
    earlier: Iterable[Ticket] = (),
    extra: Iterable[str] = (),
    warnings: tuple[str, ...] = (),
    similar: str = "",
) -> tuple[Letter, ...]:
    """The assignment to the ticket's group; to its coordinator too where the coordinator assigns (L: triage). Addresses
    of ``extra`` get the same without links. ``warnings`` are keys of the catalogue's `[quality]`; ``similar`` is the
    number of a ticket that looks alike."""
    values = {
        **handover._asdict(),
        "earlier": tuple(each for each in earlier if each.number != ticket.number)[:5],
        "warnings": warnings,
        "similar": similar,
    }
    group = desk.groups[ticket.group]
    to_group = group_letter("assignment", ticket, desk, values, extra=extra, attachments=ticket.attachments)
    if group.triage != "coordinator" or not group.coordinator:
        return (to_group,)
    triage = {**values, "why": "triage" if handover.why == "new" else handover.why}
    return to_group, group_letter(
        "assignment", ticket, desk, triage, to=group.coordinator, attachments=ticket.attachments
    )


def update_letter(
    ticket: Ticket,
    desk: Desk,
    news: News,
    *,
    to: str = "",
    extra: Iterable[str] = (),
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    """Tells the group, or ``to``, one of its people, what happened."""
    return group_letter("update", ticket, desk, news._asdict(), to=to, extra=extra, attachments=attachments)


def group_letter(
    name: str,
    ticket: Ticket,
    desk: Desk,
    values: Mapping[str, Any],
    *,
    to: str = "",
    extra: Iterable[str] = (),
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    """A letter to the group, or to ``to``, one of its people, with the action links of the state the ticket is in.
    Addresses of ``extra`` get it without links."""
    group = desk.groups[ticket.group]
    return Letter(
        name,
        tuple(dict.fromkeys((to or group.address, *extra))),
        ticket,
        values={**values, "deadlines": promises(ticket, desk)},
        links=action_links(ticket, desk),
        language=group.language,
        attachments=attachments,
    )


def action_links(ticket: Ticket, desk: Desk) -> tuple[Link, ...]:
    """A link for each action that the ticket's state allows, in the table's order; all share subject and token."""
    to, subject, grant = desk.desk_address, _manage_subject(ticket, desk), action_grant(ticket)
    return tuple(Link(key, to, subject, body, grant) for key, body in _empty_forms(ticket, desk, subject).items())


def action_link(key: str, ticket: Ticket, desk: Desk, values: Mapping[str, str] | None = None) -> Link:
    """The link that opens the form of action ``key``, filled with ``values`` by field name."""
    subject = _manage_subject(ticket, desk)
    empty = "" if values else _empty_forms(ticket, desk, subject).get(key)
    body = empty or _form_body(key, ticket, desk, values or {}, subject)
    return Link(key, desk.desk_address, subject, body, action_grant(ticket))


def _manage_subject(ticket: Ticket, desk: Desk) -> str:
    return wording.subject(desk, "manage", group_language(ticket, desk), ticket.kind, number=ticket.number)


def _form_body(key: str, ticket: Ticket, desk: Desk, values: Mapping[str, str], subject: str) -> str:
    return fitting_body(desk.desk_address, subject + TOKEN_ROOM, *action_lines(key, ticket, desk, values))[0]


def _empty_forms(ticket: Ticket, desk: Desk, subject: str) -> Mapping[str, str]:
    """The form of each action that the ticket's state allows, as every letter has it: the same for all tickets that
    are alike in what decides of it."""
    known = _known_forms(desk)
    alike = ticket.kind, ticket.group, ticket.state, offered("return", ticket, desk), len(subject)
    if alike not in known:
        known[alike] = {
            key: _form_body(key, ticket, desk, {}, subject)
            for key, action in ACTIONS.items()
            if action.on_ticket and possible(ticket, event_of(key)) and offered(key, ticket, desk)
        }
    return known[alike]


@once_per_desk
def _known_forms(desk: Desk) -> dict[tuple[str, str, str, bool, int], Mapping[str, str]]:
    return {}


def manage_link(ticket: Ticket, desk: Desk) -> Link:
    """The link of a list's row: an action form in which the action is still to be written, one of `actions_on`."""
    language = group_language(ticket, desk)
    label, hint = (
        wording.word(desk, "action_fields", "action", language),
        wording.word(desk, "bodies", "form_hint", language),
    )
    return Link("manage", desk.desk_address, _manage_subject(ticket, desk), f"{label}: \n{hint}", action_grant(ticket))


def actions_on(tickets: Iterable[Ticket], desk: Desk) -> tuple[str, ...]:
    """The actions that any of ``tickets`` allows, by key, in the table's order."""
    allowed = {event_of(key) for each in tickets for key in _empty_forms(each, desk, _manage_subject(each, desk))}
    return tuple(key for key in ACTIONS if key in allowed)


def consult_link(key: str, desk: Desk, values: Mapping[str, str]) -> Link:
    """The link that opens the form of a consultation ``key``, filled with ``values``; it needs no token."""
    subject = wording.subject(desk, "consult")
    body, _ = fitting_body(desk.desk_address, subject, *action_lines(key, None, desk, values))
    return Link(key, desk.desk_address, subject, body, label=wording.word(desk, "actions", key))


def action_grant(ticket: Ticket) -> Grant:
    """What an action's token allows; it lives until the ticket leaves the group, so it says how far the ticket was."""
    return Grant("action", number=ticket.number, group=ticket.group, round=ticket.version)
