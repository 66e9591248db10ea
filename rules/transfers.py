"""Transfers (T): actions that move a ticket between groups, kinds and numbers: escalate, return, merge, reclassify …"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parsers.form import Fault, FaultCode
from parsers.numbers import leading_number
from rules.access import acts_for, newcomers
from rules.action_forms import case_fields, case_named, kind_named
from rules.assignment import Handover, assignment_letter, update_letter
from rules.decision import Decision
from rules.desk import Desk
from rules.effects import Action, Effect, done, refused
from rules.letters import Letter, for_requester
from rules.openings import confirmation_letter, routing_of
from rules.routing import Routed, route
from rules.ticket import Event, Ticket, evolve


def escalate(action: Action) -> Decision:
    """To the group's coordination group, with everything that the case demands (T)."""
    case = case_named(action.desk, action.form.get("case"))
    told = tuple((f.label, action.form.get(f.name)) for f in case_fields(case, action.desk) if action.form.get(f.name))
    label = action.label("case")
    return regrouped(
        action,
        action.desk.groups[action.ticket.group].escalates_to,
        "escalated",
        case=((label, action.form.get("case")), *told),
    )


def wrong_kind(action: Action) -> tuple[Fault, ...]:
    """A case may be one kind's alone; the fault lists the cases of this ticket's kind."""
    case = case_named(action.desk, action.form.get("case"))
    if case is None or case.kind in ("", action.ticket.kind):
        return ()
    allowed = tuple(c.name for c in action.desk.escalations if c.kind in ("", action.ticket.kind))
    label = action.label("case")
    return (Fault("case", "not_in_list", case.name, allowed, label=label),)


def missing_files(action: Action) -> tuple[Fault, ...]:
    """A case that demands files needs as many as it names, on the ticket or in this mail."""
    case = case_named(action.desk, action.form.get("case"))
    wanted = case.files if case else ()
    files = [f for f in (*action.ticket.attachments, *action.mail.attachments) if not f.inline]
    return tuple(Fault("", "missing_file", allowed=(name,)) for name in wanted[len(files) :])


def specialist(action: Action) -> Decision:
    """The coordination group passes it on to specialists."""
    group = next(key for key, g in action.desk.groups.items() if action.form.get("group") == g.label)
    return regrouped(action, group, "escalated")


def give_back(action: Action) -> Decision:
    """Back to the group that it came from."""
    *earlier, last = action.ticket.came_from
    return regrouped(action, last, "returned", came_from=tuple(earlier))


def regrouped(action: Action, group: str, why: str, case: tuple[tuple[str, str], ...] = (), **changes: Any) -> Decision:
    """The event that moves the ticket to ``group``, and that group's assignment letter."""
    reason = action.form.get("reason")
    event = action.move(
        text="\n".join(filter(None, (*(f"{label}: {value}" for label, value in case), reason))),
        **{"came_from": (*action.ticket.came_from, action.ticket.group), **changes, "group": group, "assignee": ""},
    )
    handover = Handover(why, action.by, reason, case)
    return done(action, event, *handed_over(evolve(action.ticket, event), action, handover))


def handed_over(ticket: Ticket, action: Action, handover: Handover) -> tuple[Letter, ...]:
    """The assignment to the group that has it now, with the requester's earlier tickets."""
    earlier = (each for each in action.facts.earlier if each.number != action.ticket.number)
    return assignment_letter(ticket, action.desk, handover, earlier=earlier)


def relate(action: Action) -> Decision:
    """Symmetric, any kinds."""
    other = the_other(action)
    if other is None:
        return refused(action, (no_other(action),))
    here, there = related(action.ticket, other.number, action), related(other, action.ticket.number, action)
    after, news = evolve(action.ticket, here), action.news("related", other.number)
    letter = update_letter(after, action.desk, news, to=action.mail.sender)
    return replace(done(action, here, letter), events=(here, there))


def related(ticket: Ticket, number: str, action: Action) -> Event:
    """The event that notes a relation on one of its two sides."""
    relations = tuple(dict.fromkeys((*ticket.relations, number)))
    return Event(ticket.number, "relate", action.now, action.mail.sender, number, changes={"relations": relations})


def merge(action: Action) -> Decision:
    """The same matter twice: this one is closed and points to the other, which takes its people and files."""
    other = the_other(action)
    if other is None:
        return refused(action, (no_other(action),))
    if wrong := unfit_to_go_on(other, action):
        return refused(action, (unfit(action, wrong, goes_on_as(other, action)),))
    closing, taking = action.move(text=other.number, points_to=other.number), taken_in(other, action)
    after, kept = evolve(action.ticket, closing), evolve(other, taking)
    letters = (
        for_requester("merged", after, values={"into": kept.number}),
        *merged_into(kept, after),
        update_letter(kept, action.desk, action.news("merged", after.number)),
    )
    return Decision("desk", "merge", events=(closing, taking), letters=letters, kind=kept.kind, group=kept.group)


def taken_in(other: Ticket, action: Action) -> Event:
    """The event by which ``other`` takes the people and files of the action's ticket."""
    merged = action.ticket
    joined = (*other.participants, merged.requester, *merged.participants)
    people = newcomers(action.desk, joined, frozenset((other.requester.lower(),)))
    relations = tuple(dict.fromkeys((*other.relations, merged.number)))
    return Event(
        other.number,
        "merged_in",
        action.now,
        action.mail.sender,
        merged.number,
        changes={"participants": people, "relations": relations},
        attachments=merged.attachments,
    )


def merged_into(kept: Ticket, closed: Ticket) -> tuple[Letter, ...]:
    """Told to those of the ticket that goes on; whoever was part of both has been told of the one that is closed."""
    others = tuple(a for a in (kept.requester, *kept.participants) if a.lower() not in closed.people)
    alone = replace(kept, participants=())
    return (Letter("merged", others, alone, {"into": ""}, language=kept.language),) if others else ()


def reclassify(action: Action) -> Decision:
    """Another kind, a new number; the old one points to it. Fields of the new kind may be given along with it."""
    kind = kind_named(action.form, action.desk)
    number = action.facts.next_number
    closing = action.move(text=number, points_to=number)
    opening = Event(
        number,
        "opened",
        action.now,
        action.mail.sender,
        changes=reclassified(action, kind),
        attachments=action.ticket.attachments,
    )
    ticket = evolve(None, opening)
    letters = (
        for_requester("reclassified", ticket, values={"old": action.ticket.number}),
        confirmation_letter(ticket, action.desk),
        *handed_over(ticket, action, Handover("reclassified", action.by)),
    )
    return Decision("desk", "reclassify", events=(closing, opening), letters=letters, kind=kind, group=ticket.group)


KEPT = (
    "address", "priority", "manual_priority", "requester", "requester_name", "participants", "language", "unreached",
    "received_at", "responded_at", "told", "thread_id",
)  # fmt: skip
"""What a ticket takes along into another kind: its people and its clocks."""


def reclassified(action: Action, kind: str) -> dict[str, Any]:
    """The ticket as it begins under its new kind, routed anew."""
    t = action.ticket
    names = {f.name for f in action.desk.fields_of(kind)}
    given = {name: value for name, value in action.form.values if name in names}
    fields = tuple({**dict(t.fields), **given}.items())
    routed = route(action.desk, routing_of(replace(t, kind=kind, category="", fields=fields), action.desk))
    return {
        **{name: getattr(t, name) for name in KEPT},
        "kind": kind,
        "subject": action.desk.kinds[kind].subject,
        "category": routed.category or t.category,
        "group": routed.group,
        "rule": routed.rule,
        "fields": fields,
        "opened_at": action.now,
        "running": t.running if t.state == "assigned" else (*t.running, (action.now, None)),
        "relations": (t.number,),
    }


def category(action: Action) -> Decision:
    """Another category; it may fix the group."""
    return rerouted(action, category=action.form.get("category"))


def service(action: Action) -> Decision:
    """Another service: routing and clocks again."""
    fields = {**dict(action.ticket.fields), "service": action.form.get("service")}
    return rerouted(action, fields=tuple(fields.items()))


def rerouted(action: Action, **changes: Any) -> Decision:
    """A field or the category changed: routing looks again, and what it now says otherwise than before is done. All
    else stays as people left it, such as the group that an escalation led to."""
    was, ticket = action.ticket, replace(action.ticket, **changes)
    before, after = (_routed_again(was, each, action.desk) for each in (was, ticket))
    said = {name: getattr(after, name) for name in ("category", "priority", "group")}
    new = {name: value for name, value in said.items() if value not in (getattr(before, name), getattr(was, name))}
    if was.manual_priority:
        new.pop("priority", None)
    moved = {"assignee": "", "came_from": (*was.came_from, was.group)} if "group" in new else {}
    chosen = action.form.get(action.key)
    event = action.move(text=chosen, **{**changes, **new, **moved})
    ticket = evolve(was, event)
    if moved:
        return done(action, event, *handed_over(ticket, action, Handover("moved", action.by)))
    return done(action, event, update_letter(ticket, action.desk, action.news(action.key, chosen)))


def _routed_again(was: Ticket, ticket: Ticket, desk: Desk) -> Routed:
    """Where ``ticket``, which is ``was`` but for what is changed now, goes; the category that the rules themselves gave
    it is no technician's choice."""
    by_rules = route(desk, routing_of(replace(was, category=""), desk)).category
    chosen = "" if ticket.category == was.category == by_rules else ticket.category
    return route(desk, routing_of(replace(ticket, category=chosen), desk))


def the_other(action: Action) -> Ticket | None:
    """The ticket that «Con» names; None where there is none or it is the same."""
    number, _ = leading_number(action.form.get("with"))
    other = action.facts.tickets.get(number)
    return other if other and other.number != action.ticket.number else None


def unfit_to_go_on(other: Ticket, action: Action) -> FaultCode | None:
    """Why another ticket cannot take this one in; None where it can."""
    if not acts_for(action.desk, other, action.mail.sender):
        return "other_group"
    return None if other.open else "closed_ticket"


def goes_on_as(other: Ticket, action: Action) -> str:
    """The number under which ``other`` goes on since it was merged or reclassified; "" where that will not do."""
    last = action.facts.followed(other.number)
    fit = last and last.number != action.ticket.number and unfit_to_go_on(last, action) is None
    return last.number if last and fit else ""


def no_other(action: Action) -> Fault:
    """The fault that says that «Con» names no ticket, or the very same."""
    number, _ = leading_number(action.form.get("with"))
    return unfit(action, "same_ticket" if number == action.ticket.number else "unknown_number")


def unfit(action: Action, code: FaultCode, nearest: str = "") -> Fault:
    """The fault that says why the ticket that «Con» names will not do, and which one would."""
    return Fault("with", code, action.form.get("with"), nearest=nearest, label=action.label("with"))


EFFECTS: Mapping[str, Effect] = {
    "escalate": escalate,
    "specialist": specialist,
    "return": give_back,
    "relate": relate,
    "merge": merge,
    "reclassify": reclassify,
    "category": category,
    "service": service,
}
"""These actions' effects, by key."""
