"""The everyday actions (T, L): take, assign, note, ask, hold, answer, resolve, refuse, reopen, contact, priority."""

from __future__ import annotations

from parsers.form import Fault
from rules import wording
from rules.assignment import update_letter
from rules.clocks import calendar_for
from rules.decision import Decision
from rules.due import closes_at
from rules.effects import Act, Effect, done, netiquette, refused, to_requester
from rules.firing import CONTACTS_A_DAY, contacts_on, same_day
from rules.requests import day_start
from rules.solutions import reopening_letter, validation_letter
from rules.ticket import evolve


def take(a: Act) -> Decision:
    """The sender becomes assignee."""
    return assigned(a, a.mail.sender)


def assign(a: Act) -> Decision:
    """A member becomes assignee."""
    return assigned(a, a.form.get("technician"))


def assigned(a: Act, assignee: str) -> Decision:
    """The group learns of it; an assignee who did not do it gets the letter with the links, the group a copy."""
    event, others = a.move(assignee=assignee), assignee.lower() != a.mail.sender.lower()
    group = a.desk.groups[a.ticket.group].address
    to, extra = (assignee, (group,)) if others else ("", ())
    after, what = evolve(a.ticket, event), "assigned" if others else "taken"
    return done(a, event, update_letter(after, a.desk, what, a.now, text=assignee, by=a.by, to=to, extra=extra))


def note(a: Act) -> Decision:
    """Journal only."""
    return done(a, a.move(text=a.form.get("text")))


def ask(a: Act) -> Decision:
    """The question goes to the requester, the clocks pause."""
    event = a.move(text=a.text, visible=True, reason=a.reason, question=a.text)
    after = evolve(a.ticket, event)
    values = {"by": a.by, "closes_at": closes_at(after, a.desk)}
    return done(a, event, *to_requester("info_request", after, a, values))


def hold(a: Act) -> Decision:
    """Waits for the requester; a letter only where there is a text. Until the date there is no reminder and no closing,
    so the text asks for nothing."""
    until = day_start(a.form.get("until"), a.desk)
    event = a.move(text=a.form.get("text"), visible=bool(a.text), reason=a.reason, question=a.text, pending_until=until)
    after = evolve(a.ticket, event)
    if not a.text:
        return done(a, event)
    if until:
        return done(a, event, *to_requester("reply", after, a, {"text": a.text, "by": a.by, "until": until}))
    return done(a, event, *to_requester("info_request", after, a, {"by": a.by, "closes_at": closes_at(after, a.desk)}))


def answer(a: Act) -> Decision:
    """A text to the requester; the state does not change."""
    event = a.move(text=a.text, visible=True)
    return done(a, event, *to_requester("reply", evolve(a.ticket, event), a, {"text": a.text, "by": a.by}))


def resolve(a: Act) -> Decision:
    """The solution goes to the requester, who validates or rejects it."""
    event = a.move(
        text=a.text,
        visible=True,
        reason=a.reason or usual_reason(a),
        solution=a.text,
        solution_by=a.by,
        round=a.ticket.round + 1,
        follow_up=day_start(a.form.get("follow_up"), a.desk),
    )
    after = evolve(a.ticket, event)
    letter = validation_letter(after, a.desk, a.attachments, a.files)
    return done(a, event, letter, *netiquette(after, a))


def usual_reason(a: Act) -> str:
    """The reason of a solution that names none (T); "" for the one that rules/lifecycle.py gives."""
    if wording.reasons_table(a.desk, a.ticket.kind) == "work_order":
        return "success"
    return "auto_notified" if a.form.get("canned") else ""


def refuse(a: Act) -> Decision:
    """Closed by the desk, with its reason told (M)."""
    event = a.move(text="\n\n".join(filter(None, (a.form.get("reason"), a.form.get("text")))), visible=True)
    values = {"reason": a.form.get("reason"), "text": a.form.get("text"), "by": a.by}
    return done(a, event, *to_requester("desk_rejection", evolve(a.ticket, event), a, values))


def reopen(a: Act) -> Decision:
    """A technician takes a solution back; why stays in the journal (T)."""
    event = a.move(text=a.form.get("text"))
    return done(a, event, reopening_letter(evolve(a.ticket, event), a.desk, "", by="desk"))


def priority(a: Act) -> Decision:
    """A technician's priority is final; the clocks are recomputed."""
    event = a.move(priority=a.form.get("priority"), manual_priority=True)
    told = update_letter(evolve(a.ticket, event), a.desk, "priority", a.now, text=a.form.get("priority"), by=a.by)
    return done(a, event, told)


def contact(a: Act) -> Decision:
    """An attempt to reach the requester: at most three a day within the calendar; after the third a reminder (J)."""
    today = contacts_on(a.ticket, a.now, a.desk)
    within = calendar_for(a.desk, a.ticket.priority, a.ticket.group).is_open(a.now)
    if today >= CONTACTS_A_DAY or not within:
        return refused(a, (Fault("", "refused", detail="contact_limit" if within else "out_of_hours"),))
    event = a.move(text=a.form.get("text"), contacts=(*a.ticket.contacts, a.now))
    if today + 1 < CONTACTS_A_DAY or reminded_today(a):
        return done(a, event)
    after = evolve(a.ticket, event)
    values = {"about": "contact", "closes_at": closes_at(after, a.desk), "last": False}
    return done(a, event, *to_requester("reminder", after, a, values))


def reminded_today(a: Act) -> bool:
    """Whether the requester had a reminder on this day already; there is at most one a day (J)."""
    journal = a.facts.journals.get(a.ticket.number, ())
    return any(event.name == "reminder" and same_day(event.at, a.now, a.desk) for event in journal)


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
