"""The technicians' side by mail (T): who may act, whether the state allows it, whether the form is right; the effect.

The forms stand in rules/action_forms.py; what each action does in rules/everyday.py, rules/transfers.py and, for
those without a ticket, rules/consultations.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from parsers.form import Fault, Form
from parsers.mail import Mail
from rules import consultations, everyday, transfers, wording
from rules.access import acts_for
from rules.action_fields import canned_for
from rules.action_forms import ACTIONS, event_of, offered, parse_action
from rules.decision import Decision
from rules.desk import Desk
from rules.effects import Action, Effect, Obstacle, last_change, refusal, refused
from rules.facts import Facts
from rules.letters import Grant
from rules.lifecycle import possible
from rules.reading import Reading, filled_in
from rules.threads import threaded_ticket
from rules.ticket import Event, Ticket

EFFECTS: Mapping[str, Effect] = {**everyday.EFFECTS, **transfers.EFFECTS, "explain": consultations.explain_own}
"""Action key → effect; every action that stands on a ticket has one."""


def act(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A technician's mail with an action's token: done, or refused in one letter that says how to mend it."""
    held = facts.granted
    ticket = facts.tickets[held.grant.number]
    mail = reading.mail
    if (why := not_theirs(reading, facts, ticket, desk)) is not None:
        return why
    key, form = parse_action(filled_in(mail, desk), ticket, desk)
    if not key:
        can = (k for k, row in ACTIONS.items() if not row.on_ticket or _can(k, ticket, desk))
        return refusal(mail, ticket, desk, no_action(mail, form, can, desk))
    if not ACTIONS[key].on_ticket:
        return consult(reading, facts, desk, now)
    if not _can(key, ticket, desk):
        return impossible(key, reading, facts, ticket, desk)
    if overtaken := assigned_since(key, reading, facts):
        return refusal(mail, ticket, desk, Obstacle("changed", key, last=overtaken))
    action = Action(key, form, ticket, mail, facts, desk, now)
    faults = form.faults + tuple(fault for check in (this_ticket, *CHECKS.get(key, ())) for fault in check(action))
    if faults:
        return refused(action, faults)
    return EFFECTS[key](action)


def _can(key: str, ticket: Ticket, desk: Desk) -> bool:
    return possible(ticket, event_of(key)) and offered(key, ticket, desk)


def no_action(mail: Mail, form: Form, can: Iterable[str], desk: Desk) -> Obstacle:
    """No action was named, or none that there is; ``can`` are those that could have been."""
    allowed = tuple(dict.fromkeys(wording.word(desk, "actions", event_of(key)) for key in can))
    form = replace(form, faults=tuple(replace(fault, allowed=allowed) for fault in form.faults))
    return Obstacle("encrypted" if mail.encrypted else "unknown_action", form=form, read=form.get("action"))


def consult(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """What needs no ticket: a technician's mail with the subject «Consulta», or under a ticket's all the same."""
    mail, key, form = reading.mail, reading.action, reading.action_form
    if not key:
        return refusal(mail, None, desk, no_action(mail, form, consultations.CONSULTATIONS, desk))
    if key not in consultations.CONSULTATIONS:
        return refusal(mail, None, desk, Obstacle("token", key))
    if form.faults:
        return refusal(mail, None, desk, Obstacle("faults", key, form))
    return consultations.CONSULTATIONS[key](reading, facts, desk, now)


def without_token(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """Any other mail of a technician, or from a group's address: the reason why nothing was done."""
    if reading.sender in desk.group_addresses:
        return refusal(reading.mail, None, desk, Obstacle("group_address"))
    if mine := ticket_named(reading, facts, desk):
        return refusal(reading.mail, mine, desk, Obstacle("subject", read=reading.mail.subject))
    if ticket := threaded_ticket(reading, facts, "group"):
        what = "other_group" if was_theirs(ticket, reading, facts, desk) else "stranger"
        return refusal(reading.mail, None, desk, Obstacle(what, read=ticket.number))
    return refusal(reading.mail, None, desk, Obstacle("token", read=reading.mail.subject))


def ticket_named(reading: Reading, facts: Facts, desk: Desk) -> Ticket | None:
    """The ticket whose number stands in the subject, where the sender may act on it."""
    ticket = facts.followed(reading.number)
    return ticket if ticket and acts_for(desk, ticket, reading.sender) else None


def was_theirs(ticket: Ticket, reading: Reading, facts: Facts, desk: Desk) -> bool:
    """Whether a group of the sender's had the ticket once."""
    had = {event.changes.get("group") for event in facts.journals.get(ticket.number, ())}
    return not had.isdisjoint(desk.groups_of(reading.sender))


# -- who may act


def not_theirs(reading: Reading, facts: Facts, ticket: Ticket, desk: Desk) -> Decision | None:
    """What follows where the sender may not use this token: people of a group learn why, anybody else gets nothing."""
    mine, grant = acts_for(desk, ticket, reading.sender), facts.granted.grant
    if mine and grant.group == ticket.group and not left_since(grant, facts):
        return None
    if reading.sender in desk.group_addresses:
        return refusal(reading.mail, None, desk, Obstacle("group_address"))
    if not desk.groups_of(reading.sender):
        return Decision("untreated", "stranger")
    if mine:
        return refusal(reading.mail, ticket, desk, Obstacle("moved", last=last_change(facts, ticket)))
    lost = grant.group != ticket.group and grant.group in desk.groups_of(reading.sender)
    what = "other_group" if lost else "stranger"
    return refusal(reading.mail, None, desk, Obstacle(what, read=ticket.number))


def since(grant: Grant, facts: Facts) -> Sequence[Event]:
    """What happened to the ticket after the letter that brought its reader this grant."""
    return facts.journals.get(grant.number, ())[grant.round :]


def left_since(grant: Grant, facts: Facts) -> bool:
    """Whether the ticket has left its group since, although it may be back."""
    return any("group" in event.changes for event in since(grant, facts))


def assigned_since(key: str, reading: Reading, facts: Facts) -> Event | None:
    """The assignment that somebody else made since this link was sent: of two who assign at once, the second learns of
    the first; the links in that answer then work."""
    if key not in ("take", "assign"):
        return None
    chosen = [event for event in since(facts.granted.grant, facts) if "assignee" in event.changes]
    return chosen[-1] if chosen and not reading.is_from((chosen[-1].actor,)) else None


def impossible(key: str, reading: Reading, facts: Facts, ticket: Ticket, desk: Desk) -> Decision:
    """The refusal where the state does not allow it; where the ticket goes on under another number, with that one's
    links."""
    what, last = why_impossible(reading, facts, ticket, desk), last_change(facts, ticket)
    heir = facts.followed(ticket.number)
    if heir and heir != ticket and acts_for(desk, heir, reading.sender):
        faster = last if what == "changed" else None
        return refusal(reading.mail, heir, desk, Obstacle("renumbered", key, read=ticket.number, last=faster))
    return refusal(reading.mail, ticket, desk, Obstacle(what, key, last=last))


def why_impossible(reading: Reading, facts: Facts, ticket: Ticket, desk: Desk) -> str:
    """Why the state does not allow it, as a key of the catalogue: somebody was faster, it is closed, it never would."""
    last = last_change(facts, ticket)
    if last is None or last.name == "opened" or not last.actor or reading.is_from((last.actor,)):
        return "state" if ticket.open else "closed"
    closed_by_requester = not ticket.open and not ticket.people.isdisjoint(desk.addresses_of(last.actor))
    return "closed" if closed_by_requester else "changed"


# -- what the form alone does not say

Check = Callable[[Action], tuple[Fault, ...]]


def only_canned(action: Action) -> tuple[Fault, ...]:
    """With `free_text = false` a group writes to requesters in canned replies only (T)."""
    if action.desk.groups[action.ticket.group].free_text or not action.typed:
        return ()
    name = "text" if action.form.get("text") else "solution"
    allowed = tuple(reply.title for reply in canned_for(action.desk, action.ticket.group))
    label = action.label(name)
    return (Fault(name, "refused", action.typed, allowed, label=label, detail="free_text"),)


def somebody_reads(action: Action) -> tuple[Fault, ...]:
    """A requester who was erased on request is a name without an address: nothing can be written to them."""
    if "@" in action.ticket.requester or not action.text:
        return ()
    return (Fault("text", "refused", action.text, label=action.label("text"), detail="erased"),)


def to_come(name: str) -> Check:
    """The date in the field ``name`` must lie ahead."""

    def check(action: Action) -> tuple[Fault, ...]:
        given = action.form.get(name)
        if not given or given > action.now.astimezone(action.desk.zone).date().isoformat():
            return ()
        return (Fault(name, "refused", given, label=action.label(name), detail="past"),)

    return check


def this_ticket(action: Action) -> tuple[Fault, ...]:
    """A form that names another ticket may be meant for that one: nothing is done to either."""
    label = action.label("number")
    fault = Fault("number", "other_ticket", action.elsewhere, (action.ticket.number,), label=label)
    return (fault,) if action.elsewhere and action.key != "explain" else ()


CHECKS: Mapping[str, tuple[Check, ...]] = {
    "ask": (only_canned, somebody_reads),
    "answer": (only_canned, somebody_reads),
    "hold": (only_canned, somebody_reads, to_come("until")),
    "resolve": (only_canned, to_come("follow_up")),
    "escalate": (transfers.wrong_kind, transfers.missing_files),
}
"""Action key → its further checks; their faults are told together with the form's."""
