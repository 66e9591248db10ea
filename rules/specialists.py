"""Actions that move a ticket between groups, kinds and numbers (T): escalate, return, relate, merge, reclassify …"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parsers.form import Fault, FaultCode
from rules.access import acts_for
from rules.action_forms import case_fields, case_named, kind_named
from rules.assignment import assignment_letter, update_letter
from rules.decision import Decision, Letter
from rules.effects import Act, Effect, done, refused
from rules.openings import confirmation_letter, routing_of
from rules.routing import route
from rules.ticket import Event, Ticket, evolve


def escalate(a: Act) -> Decision:
    """To the group's coordination group, with everything that the case demands (T)."""
    case = case_named(a.desk, a.form.get("case"))
    told = tuple((f.label, a.form.get(f.name)) for f in case_fields(case, a.desk) if a.form.get(f.name))
    label = a.label("case")
    return regrouped(
        a,
        a.desk.groups[a.ticket.group].escalates_to,
        "escalated",
        case=((label, a.form.get("case")), *told),
        escalation=a.form.get("case"),
    )


def wrong_kind(a: Act) -> tuple[Fault, ...]:
    """A case may be one kind's alone; the fault lists the cases of this ticket's kind."""
    case = case_named(a.desk, a.form.get("case"))
    if case is None or case.kind in ("", a.ticket.kind):
        return ()
    allowed = tuple(c.name for c in a.desk.escalations if c.kind in ("", a.ticket.kind))
    label = a.label("case")
    return (Fault("case", "not_in_list", case.name, allowed, label=label),)


def missing_files(a: Act) -> tuple[Fault, ...]:
    """A case that demands files needs as many as it names, on the ticket or in this mail."""
    case = case_named(a.desk, a.form.get("case"))
    wanted = case.files if case else ()
    files = [f for f in (*a.ticket.attachments, *a.mail.attachments) if not f.inline]
    return tuple(Fault("", "missing_file", allowed=(name,)) for name in wanted[len(files) :])


def specialist(a: Act) -> Decision:
    """The coordination group passes it on to specialists."""
    group = next(key for key, g in a.desk.groups.items() if a.form.get("group") == g.label)
    return regrouped(a, group, "escalated")


def give_back(a: Act) -> Decision:
    """Back to the group that it came from."""
    *earlier, last = a.ticket.came_from
    return regrouped(a, last, "returned", came_from=tuple(earlier))


def regrouped(a: Act, group: str, why: str, case: tuple[tuple[str, str], ...] = (), **changes: Any) -> Decision:
    """The event that moves the ticket to ``group``, and that group's assignment letter."""
    event = a.move(
        text="\n".join(filter(None, (*(f"{label}: {value}" for label, value in case), a.form.get("reason")))),
        **{"came_from": (*a.ticket.came_from, a.ticket.group), **changes, "group": group, "assignee": ""},
    )
    after = evolve(a.ticket, event)
    letters = assignment_letter(
        after, a.desk, earlier=a.facts.earlier, why=why, by=a.by, text=a.form.get("reason"), case=case
    )
    return done(a, event, *letters)


def relate(a: Act) -> Decision:
    """Symmetric, any kinds."""
    other = the_other(a)
    if other is None:
        return refused(a, (unfit(a, "unknown_number"),))
    here, there = related(a.ticket, other.number, a), related(other, a.ticket.number, a)
    after = evolve(a.ticket, here)
    return Decision(
        "desk",
        "relate",
        events=(here, there),
        letters=(update_letter(after, a.desk, "related", a.now, text=other.number, by=a.by, to=a.mail.sender),),
        kind=a.ticket.kind,
        group=a.ticket.group,
    )


def related(ticket: Ticket, number: str, a: Act) -> Event:
    """The event that notes a relation on one of its two sides."""
    relations = tuple(dict.fromkeys((*ticket.relations, number)))
    return Event(ticket.number, "relate", a.now, a.mail.sender, number, changes={"relations": relations})


def merge(a: Act) -> Decision:
    """The same matter twice: this one is closed and points to the other, which takes its people and files."""
    other = the_other(a)
    if other is None:
        return refused(a, (unfit(a, "unknown_number"),))
    if wrong := unfit_to_go_on(other, a):
        return refused(a, (unfit(a, wrong),))
    joined = dict.fromkeys((*other.participants, a.ticket.requester, *a.ticket.participants))
    people = tuple(p for p in joined if p.lower() != other.requester.lower())
    closing = a.move(text=other.number, points_to=other.number)
    taking = Event(
        other.number,
        "merged_in",
        a.now,
        a.mail.sender,
        a.ticket.number,
        changes={"participants": people, "relations": tuple(dict.fromkeys((*other.relations, a.ticket.number)))},
        attachments=a.ticket.attachments,
    )
    after, kept = evolve(a.ticket, closing), evolve(other, taking)
    told = {after.requester, *after.participants}
    others = tuple(p for p in (other.requester, *other.participants) if p not in told)
    letters = (
        Letter("merged", (after.requester,), after, {"into": kept.number}, language=after.language),
        *merged_into(kept, others),
        update_letter(kept, a.desk, "merged", a.now, text=after.number, by=a.by),
    )
    return Decision("desk", "merge", events=(closing, taking), letters=letters, kind=kept.kind, group=kept.group)


def merged_into(kept: Ticket, others: tuple[str, ...]) -> tuple[Letter, ...]:
    """Told to those of the ticket that goes on; whoever was part of both has been told once."""
    alone = replace(kept, participants=())
    return (Letter("merged", others, alone, {"into": ""}, language=kept.language),) if others else ()


def reclassify(a: Act) -> Decision:
    """Another kind, a new number; the old one points to it. Fields of the new kind may be given along with it."""
    kind = kind_named(a.form, a.desk)
    if kind == a.ticket.kind:
        return refused(a, (Fault("kind", "not_in_list", a.form.get("kind"), other_kinds(a)),))
    number = a.facts.next_number
    closing = a.move(text=number, points_to=number)
    opening = Event(
        number, "opened", a.now, a.mail.sender, changes=reclassified(a, kind), attachments=a.ticket.attachments
    )
    ticket = evolve(None, opening)
    letters = (
        Letter("reclassified", (ticket.requester,), ticket, {"old": a.ticket.number},
               language=ticket.language),
        confirmation_letter(ticket, a.desk),
        *assignment_letter(ticket, a.desk, why="reclassified", by=a.by, earlier=a.facts.earlier),
    )  # fmt: skip
    return Decision("desk", "reclassify", events=(closing, opening), letters=letters, kind=kind, group=ticket.group)


def other_kinds(a: Act) -> tuple[str, ...]:
    """The labels of the kinds that it is not."""
    return tuple(kind.label for key, kind in a.desk.kinds.items() if key != a.ticket.kind)


def reclassified(a: Act, kind: str) -> dict[str, Any]:
    """The ticket as it begins under its new kind: same people, same clocks, routed anew."""
    t = a.ticket
    names = {f.name for f in a.desk.fields_of(kind)}
    given = {name: value for name, value in a.form.values if name in names}
    fields = tuple({**dict(t.fields), **given}.items())
    routed = route(a.desk, routing_of(replace(t, kind=kind, category="", fields=fields)))
    return {
        "kind": kind,
        "subject": a.desk.kinds[kind].subject,
        "address": t.address,
        "priority": t.priority,
        "manual_priority": t.manual_priority,
        "category": routed.category or t.category,
        "group": routed.group,
        "rule": routed.rule,
        "requester": t.requester,
        "requester_name": t.requester_name,
        "participants": t.participants,
        "language": t.language,
        "fields": fields,
        "unreached": t.unreached,
        "received_at": t.received_at,
        "opened_at": a.now,
        "responded_at": t.responded_at,
        "told": t.told,
        "running": t.running if t.state == "assigned" else (*t.running, (a.now, None)),
        "thread_id": t.thread_id,
        "relations": (t.number,),
    }


def category(a: Act) -> Decision:
    """Another category; it may fix the group."""
    return rerouted(a, category=a.form.get("category"))


def service(a: Act) -> Decision:
    """Another service of the catalogue: routing and clocks again."""
    fields = tuple((n, a.form.get("service") if n == "service" else v) for n, v in a.ticket.fields)
    return rerouted(a, fields=fields)


def rerouted(a: Act, **changes: Any) -> Decision:
    """A field or the category changed: routing looks again; the priority of a technician stays."""
    routed = route(a.desk, routing_of(replace(a.ticket, **changes)))
    priority = a.ticket.priority if a.ticket.manual_priority else routed.priority
    moves = routed.group != a.ticket.group
    moved = {"group": routed.group, "assignee": "", "came_from": (*a.ticket.came_from, a.ticket.group)} if moves else {}
    event = a.move(text=a.form.get(a.key), **{**changes, "priority": priority, **moved})
    ticket = evolve(a.ticket, event)
    if moves:
        return done(a, event, *assignment_letter(ticket, a.desk, why="moved", by=a.by, earlier=a.facts.earlier))
    return done(a, event, update_letter(ticket, a.desk, a.key, a.now, text=a.form.get(a.key), by=a.by))


def the_other(a: Act) -> Ticket | None:
    """The ticket that «Con» names; None where there is none or it is the same."""
    wanted = a.form.get("with").strip().upper()
    other = a.facts.tickets.get(wanted)
    return other if other and other.number != a.ticket.number else None


def unfit_to_go_on(other: Ticket, a: Act) -> FaultCode | None:
    """Why another ticket cannot take this one in; None where it can."""
    if not acts_for(a.desk, other, a.mail.sender):
        return "other_group"
    return None if other.open else "closed_ticket"


def unfit(a: Act, code: FaultCode) -> Fault:
    """The fault that says why the ticket that «Con» names will not do."""
    return Fault("with", code, a.form.get("with"), label=a.label("with"))


EFFECTS: dict[str, Effect] = {
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
