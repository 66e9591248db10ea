"""The everyday actions (T, L): take, assign, note, ask, hold, answer, resolve, refuse, reopen, contact, priority."""

from __future__ import annotations

from parsers.form import Fault
from rules import wording
from rules.assignment import update_letter
from rules.clocks import calendar_for
from rules.decision import Decision
from rules.due import closes_at
from rules.effects import Act, Effect, done, refused, to_requester
from rules.requests import day_start
from rules.solutions import reopening_letter, validation_letter
from rules.ticket import evolve

CONTACTS_A_DAY = 3


def take(a: Act) -> Decision:
    """The sender becomes assignee."""
    return assigned(a, a.mail.sender)


def assign(a: Act) -> Decision:
    """A member becomes assignee."""
    return assigned(a, a.form.get("technician"))


def assigned(a: Act, assignee: str) -> Decision:
    """The new assignee gets the letter with the links, wherever the group's address goes."""
    event = a.move(assignee=assignee)
    told = update_letter(evolve(a.ticket, event), a.desk, "assigned", a.now, text=assignee, by=a.by)
    return done(a, event, told)


def note(a: Act) -> Decision:
    """Journal only."""
    return done(a, a.move(text=a.form.get("text"), attachments=a.mail.attachments))


def ask(a: Act) -> Decision:
    """The question goes to the requester, the clocks pause."""
    event = a.move(text=a.text, visible=True, reason=a.reason, question=a.text, attachments=a.mail.attachments)
    after = evolve(a.ticket, event)
    values = {"by": a.by, "closes_at": closes_at(after, a.desk)}
    return done(a, event, to_requester("info_request", after, a, values))


def hold(a: Act) -> Decision:
    """Waits for the requester; a letter only where there is a text; until the date no reminder and no closing."""
    until = day_start(a.form.get("until"), a.desk)
    event = a.move(text=a.form.get("text"), visible=bool(a.text), reason=a.reason, question=a.text, pending_until=until)
    after = evolve(a.ticket, event)
    if not a.text:
        return done(a, event)
    return done(a, event, to_requester("info_request", after, a, {"by": a.by, "closes_at": closes_at(after, a.desk)}))


def answer(a: Act) -> Decision:
    """A text to the requester; the state does not change."""
    event = a.move(text=a.text, visible=True, attachments=a.mail.attachments)
    return done(a, event, to_requester("reply", evolve(a.ticket, event), a, {"text": a.text, "by": a.by}))


def resolve(a: Act) -> Decision:
    """The solution goes to the requester, who validates or rejects it."""
    automatic = (
        "auto_notified" if a.form.get("canned") and wording.reasons_table(a.desk, a.ticket.kind) == "incident" else ""
    )
    default = "success" if wording.reasons_table(a.desk, a.ticket.kind) == "work_order" else automatic
    event = a.move(
        text=a.text,
        visible=True,
        reason=a.reason or default,
        attachments=a.mail.attachments,
        solution=a.text,
        solution_by=a.by,
        round=a.ticket.round + 1,
        follow_up=day_start(a.form.get("follow_up"), a.desk),
    )
    after = evolve(a.ticket, event)
    return done(a, event, validation_letter(after, a.desk, a.mail.attachments))


def refuse(a: Act) -> Decision:
    """Closed by the desk, with its reason told (M)."""
    event = a.move(text="\n\n".join(filter(None, (a.form.get("reason"), a.form.get("text")))), visible=True)
    values = {"reason": a.form.get("reason"), "text": a.form.get("text"), "by": a.by}
    return done(a, event, to_requester("desk_rejection", evolve(a.ticket, event), a, values))


def reopen(a: Act) -> Decision:
    """A technician takes a solution back."""
    event = a.move(text=a.form.get("text"), visible=True)
    after = evolve(a.ticket, event)
    return done(a, event, reopening_letter(after, a.desk, a.form.get("text"), by="desk"))


def priority(a: Act) -> Decision:
    """A technician's priority is final; the clocks are recomputed."""
    event = a.move(priority=a.form.get("priority"), manual_priority=True)
    told = update_letter(evolve(a.ticket, event), a.desk, "priority", a.now, text=a.form.get("priority"), by=a.by)
    return done(a, event, told)


def contact(a: Act) -> Decision:
    """An attempt to reach the requester: at most three a day within the calendar; after the third a reminder (J)."""
    clock = calendar_for(a.desk, a.ticket.priority, a.ticket.group)
    today = [
        at for at in a.ticket.contacts if at.astimezone(a.desk.zone).date() == a.now.astimezone(a.desk.zone).date()
    ]
    if len(today) >= CONTACTS_A_DAY or not clock.is_open(a.now):
        return refused(a, (Fault("", "refused", detail="contact_limit" if today else "out_of_hours"),))
    event = a.move(text=a.form.get("text"), contacts=(*a.ticket.contacts, a.now))
    if len(today) + 1 < CONTACTS_A_DAY:
        return done(a, event)
    after = evolve(a.ticket, event)
    values = {"about": "contact", "text": a.form.get("text"), "closes_at": closes_at(after, a.desk), "last": False}
    return done(a, event, to_requester("reminder", after, a, values))


EFFECTS: dict[str, Effect] = {
    "take": take,
    "assign": assign,
    "note": note,
    "ask": ask,
    "hold": hold,
    "answer": answer,
    "resolve": resolve,
    "refuse": refuse,
    "reopen": reopen,
    "contact": contact,
    "priority": priority,
}
"""These actions' effects, by key."""
