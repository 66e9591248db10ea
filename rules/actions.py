"""The technicians' side by mail (T): who may act, whether the state allows it, whether the form is right; the effect.

The forms stand in rules/action_forms.py; what each action does in rules/everyday.py, rules/specialists.py and, for
those without a ticket, rules/consultations.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from parsers.form import Fault, Form
from rules import consultations, everyday, specialists, wording
from rules.access import acts_for
from rules.action_forms import canned_for, parse_action
from rules.decision import Decision, Facts
from rules.desk import Desk
from rules.effects import Act, Effect, refusal
from rules.lifecycle import possible
from rules.reading import Reading
from rules.ticket import Ticket

EFFECTS: Mapping[str, Effect] = {**everyday.EFFECTS, **specialists.EFFECTS, "explain": consultations.explain_own}
"""Action key → effect; every action that stands on a ticket has one."""


def act(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A technician's mail with an action's token: done, or refused in one letter that says how to mend it."""
    held = facts.grant
    assert held is not None
    ticket = facts.tickets[held.grant.number]
    mail = reading.mail
    if not acts_for(desk, ticket, reading.sender) or held.grant.group != ticket.group:
        return not_yours(reading, ticket, held.grant.group, desk)
    key, form = parse_action(mail.visible, ticket, desk)
    if not key:
        return refusal(mail, ticket, desk, what="unknown_action", read=form.get("action"), faults=form.faults)
    if not possible(ticket, key):
        return refusal(mail, ticket, desk, what="changed", action=key, facts=facts)
    faults = form.faults + limits_of_group(key, form, ticket, desk)
    if faults:
        return refusal(mail, ticket, desk, what="faults", action=key, faults=faults, form=form)
    return EFFECTS[key](Act(key, form, ticket, mail, facts, desk, now))


def without_token(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A technician's mail to the desk without a ticket's token: a consultation, or the reason why nothing was done."""
    if reading.consult != "consult":
        return refusal(reading.mail, None, desk, what="token", read=reading.mail.subject)
    key, form = reading.request
    if not key:
        return refusal(reading.mail, None, desk, what="unknown_action", read=form.get("action"), faults=form.faults)
    if form.faults or key not in consultations.CONSULTATIONS:
        return refusal(
            reading.mail, None, desk, what="faults" if form.faults else "token", action=key, faults=form.faults
        )
    return consultations.CONSULTATIONS[key](reading, facts, desk, now)


def limits_of_group(key: str, form: Form, ticket: Ticket, desk: Desk) -> tuple[Fault, ...]:
    """With `free_text = false` a group writes to requesters in canned replies only (T)."""
    if desk.groups[ticket.group].free_text or key not in {"ask", "answer", "resolve"}:
        return ()
    typed = next((name for name in ("text", "solution") if form.get(name)), "")
    label = wording.word(desk, "action_fields", typed)
    allowed = tuple(reply.title for reply in canned_for(desk, ticket.group))
    return (Fault(typed, "refused", form.get(typed), allowed, label=label, detail="free_text"),) if typed else ()


def not_yours(reading: Reading, ticket: Ticket, group: str, desk: Desk) -> Decision:
    """A token of another group's ticket: people of a group learn who has it now, anybody else gets nothing."""
    if not desk.groups_of(reading.sender):
        return Decision("untreated", "stranger")
    if acts_for(desk, ticket, reading.sender):
        return refusal(reading.mail, ticket, desk, what="other_group")
    return refusal(reading.mail, None, desk, what="other_group", read=ticket.number)
