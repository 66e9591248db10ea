"""The everyday actions (T, L): take, assign, note, ask, hold, answer, resolve, refuse, reopen, contact, priority."""

from __future__ import annotations

from collections.abc import Mapping

from parsers.form import Fault
from rules import wording
from rules.assignment import update_letter
from rules.deadlines import calendar_for, people_clock
from rules.decision import Decision
from rules.due import CONTACTS_A_DAY, closes_at, contacts_on, same_day
from rules.effects import Action, Effect, done, netiquette, refused, to_requester
from rules.letters import Letter
from rules.lookups import day_start
from rules.solutions import reopening_letter, validation_letter
from rules.ticket import Ticket, evolve


def take(action: Action) -> Decision:
    """The sender becomes assignee."""
    return assigned(action, action.desk.known_as(action.mail.sender, action.ticket.group))


def assign(action: Action) -> Decision:
    """A member becomes assignee."""
    return assigned(action, action.form.get("technician"))


def assigned(action: Action, assignee: str) -> Decision:
    """The group learns of it; an assignee who did not do it gets the letter with the links, the group a copy."""
    event = action.move(assignee=assignee)
    others = assignee.lower() not in action.desk.addresses_of(action.mail.sender)
    group = action.desk.groups[action.ticket.group].address
    to, extra = (assignee, (group,)) if others else ("", ())
    after, news = evolve(action.ticket, event), action.news("assigned" if others else "taken", assignee)
    return done(action, event, update_letter(after, action.desk, news, to=to, extra=extra))


def note(action: Action) -> Decision:
    """Journal only."""
    return done(action, action.move(text=action.form.get("text")))


def ask(action: Action) -> Decision:
    """The question goes to the requester, the clocks pause."""
    event = action.move(text=action.text, visible=True, reason=action.reason, question=action.text)
    return done(action, event, *asked(evolve(action.ticket, event), action))


def hold(action: Action) -> Decision:
    """Waits for the requester; a letter only where there is a text. Until the date there is no reminder and no closing,
    so the text asks for nothing; it tells the day on which somebody works again."""
    until = day_start(action.form.get("until"), action.desk)
    event = action.move(
        text=action.form.get("text"),
        visible=bool(action.text),
        reason=action.reason,
        question=action.text,
        pending_until=until,
    )
    after = evolve(action.ticket, event)
    if not action.text:
        return done(action, event)
    if until:
        goes_on = people_clock(action.desk, after.priority, after.group).next_open(until)
        values = {"text": action.text, "by": action.by, "until": goes_on}
        return done(action, event, *to_requester("reply", after, action, values))
    return done(action, event, *asked(after, action))


def asked(after: Ticket, action: Action) -> tuple[Letter, ...]:
    """The question to the requester, who reads until when it waits for them."""
    values = {"by": action.by, "closes_at": closes_at(after, action.desk)}
    return to_requester("info_request", after, action, values)


def answer(action: Action) -> Decision:
    """A text to the requester; the state does not change."""
    event = action.move(text=action.text, visible=True)
    values = {"text": action.text, "by": action.by}
    return done(action, event, *to_requester("reply", evolve(action.ticket, event), action, values))


def resolve(action: Action) -> Decision:
    """The solution goes to the requester, who validates or rejects it."""
    event = action.move(
        text=action.text,
        visible=True,
        reason=action.reason or usual_reason(action),
        solution=action.text,
        solution_by=action.by,
        round=action.ticket.round + 1,
        follow_up=day_start(action.form.get("follow_up"), action.desk),
    )
    after = evolve(action.ticket, event)
    letter = validation_letter(after, action.desk, action.attachments, action.files)
    return done(action, event, letter, *netiquette(after, action))


def usual_reason(action: Action) -> str:
    """The reason of a solution that names none (T); "" for the one that rules/lifecycle.py gives."""
    if wording.reasons_table(action.desk, action.ticket.kind) == "work_order":
        return "success"
    return "auto_notified" if action.form.get("canned") else ""


def refuse(action: Action) -> Decision:
    """Closed by the desk, with its reason told (M)."""
    reason, text = action.form.get("reason"), action.form.get("text")
    event = action.move(text="\n\n".join(filter(None, (reason, text))), visible=True)
    values = {"reason": reason, "text": text, "by": action.by}
    return done(action, event, *to_requester("desk_rejection", evolve(action.ticket, event), action, values))


def reopen(action: Action) -> Decision:
    """A technician takes a solution back; why stays in the journal (T)."""
    event = action.move(text=action.form.get("text"))
    return done(action, event, reopening_letter(evolve(action.ticket, event), action.desk, "", by="desk"))


def priority(action: Action) -> Decision:
    """A technician's priority is final; the clocks are recomputed."""
    chosen = action.form.get("priority")
    event = action.move(priority=chosen, manual_priority=True)
    after = evolve(action.ticket, event)
    return done(action, event, update_letter(after, action.desk, action.news("priority", chosen)))


def contact(action: Action) -> Decision:
    """An attempt to reach the requester: at most three a day within the calendar; after the third a reminder (J)."""
    today = contacts_on(action.ticket, action.now, action.desk)
    within = calendar_for(action.desk, action.ticket.priority, action.ticket.group).is_open(action.now)
    if today >= CONTACTS_A_DAY or not within:
        return refused(action, (Fault("", "refused", detail="contact_limit" if within else "out_of_hours"),))
    event = action.move(text=action.form.get("text"), contacts=(*action.ticket.contacts, action.now))
    if today + 1 < CONTACTS_A_DAY or reminded_today(action):
        return done(action, event)
    after = evolve(action.ticket, event)
    values = {"about": "contact", "closes_at": closes_at(after, action.desk), "last": False}
    return done(action, event, *to_requester("reminder", after, action, values))


def reminded_today(action: Action) -> bool:
    """Whether the requester had a reminder on this day already; there is at most one a day (J)."""
    journal = action.facts.journals.get(action.ticket.number, ())
    return any(event.name == "reminder" and same_day(event.at, action.now, action.desk) for event in journal)


EFFECTS: Mapping[str, Effect] = {
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
