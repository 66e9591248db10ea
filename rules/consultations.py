"""What a technician asks the desk without a ticket's token (T): open for a caller, search, worklist, explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from parsers.form import Fault
from parsers.mail import Mail
from rules import wording
from rules.access import acts_for, language_of
from rules.action_forms import fields_of, further_fields, kind_named
from rules.assignment import Handover, actions_on, assignment_letter, manage_link
from rules.clocks import Span
from rules.deadlines import calendar_name, explained, promises, spent
from rules.decision import Decision
from rules.desk import Desk
from rules.effects import Action, Obstacle, refusal
from rules.facts import Facts
from rules.letters import Link, to_sender
from rules.lookups import MOST_FOUND, number_asked
from rules.openings import confirmation_letter, opened, opening_decision, route_input, routing_of
from rules.queries import ROWS_SHOWN, row
from rules.reading import Reading, author
from rules.routing import route
from rules.ticket import Event, Ticket, evolve

UNREAD = 5
"""How many lines of a search form that name no criterion are told."""

Consultation = Callable[[Reading, Facts, Desk, datetime], Decision]


def open_for_caller(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """«Abrir»: opens for somebody who telephoned; the requester gets the confirmation (T)."""
    form, mail = reading.action_form, reading.mail
    kind, requester = kind_named(form, desk), form.get("requester")
    if requester.lower() in desk.own_addresses:
        return refusal(mail, None, desk, Obstacle("faults", "open", replace(form, faults=(_ours(requester, desk),))))
    names = {field.name for field in further_fields("open", form, desk)}
    fields = tuple((name, value) for name, value in form.values if name in names)
    given = replace(route_input(reading, desk), kind=kind, fields=dict(fields), sender=requester, text="")
    routed = route(desk, given)
    event = opened(
        reading,
        facts.next_number,
        routed,
        now,
        actor=mail.sender,
        kind=kind,
        subject=desk.kinds[kind].subject,
        requester=requester,
        language=routed.language or language_of(requester, desk),
        fields=fields,
    )
    ticket, by = evolve(None, event), author(mail)
    assignment = assignment_letter(ticket, desk, Handover(by=by), earlier=facts.earlier, extra=routed.notify)
    letters = (confirmation_letter(ticket, desk, opened_by=by), *assignment)
    return opening_decision("desk", "open", reading, ticket, (event,), letters)


def _ours(requester: str, desk: Desk) -> Fault:
    """The fault that this is an address of the desk's own, which no person reads."""
    label = wording.word(desk, "action_fields", "requester")
    return Fault("requester", "refused", requester, label=label, detail="own_address")


def search(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """«Buscar»: a table of results, and which lines of the form named nothing that can be searched by."""
    form = reading.action_form
    asked = {field.name: field for field in (*further_fields("search", form, desk), *fields_of("search", None, desk))}
    terms = tuple((asked[key].label, value, asked[key].type) for key, value in form.values if value and key in asked)
    rows = listed(facts.found[:MOST_FOUND], desk, now)
    own = own_tickets(rows, reading.sender, desk)
    values = {
        "terms": terms,
        "unread": ", ".join(form.warnings[:UNREAD]),
        "rows": rows,
        "total": len(rows),
        "more": len(facts.found) > MOST_FOUND,
        "actions": actions_on(own, desk),
    }
    return answered(reading, "search_results", values, links=row_links(own, desk))


def worklist(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """«Turno»: open tickets of the sender's groups, most urgent first."""
    values = worklist_values(facts.found, desk.groups_of(reading.sender), desk, now)
    return answered(
        reading, "worklist", values, links=row_links(own_tickets(values["rows"], reading.sender, desk), desk)
    )


def own_tickets(rows: Sequence[Mapping[str, Any]], person: str, desk: Desk) -> list[Ticket]:
    """Those of the rows that are shown on which ``person`` may act."""
    return [row["ticket"] for row in rows[:ROWS_SHOWN] if acts_for(desk, row["ticket"], person)]


def row_links(tickets: Sequence[Ticket], desk: Desk) -> tuple[Link, ...]:
    """For each a link to whatever is to be done about it."""
    return tuple(manage_link(ticket, desk) for ticket in tickets)


def worklist_values(found: tuple[Ticket, ...], groups: tuple[str, ...], desk: Desk, now: datetime) -> Mapping[str, Any]:
    """What the worklist tells of ``found``."""
    rows = listed(found, desk, now)
    overdue = sum(r["late"] for r in rows)
    return {
        "group": groups[0] if len(groups) == 1 else "",
        "rows": rows,
        "total": len(rows),
        "overdue": overdue,
        "actions": actions_on((row["ticket"] for row in rows[:ROWS_SHOWN]), desk),
    }


def listed(found: tuple[Ticket, ...], desk: Desk, now: datetime) -> tuple[dict[str, Any], ...]:
    """Rows, the most urgent first: what is due first, then what has no time, by priority."""
    ranks = {name: rank for rank, name in enumerate(sorted(desk.priorities, key=lambda p: desk.priorities[p].rank))}
    rows = [row(ticket, desk, now) for ticket in found]
    return tuple(
        sorted(rows, key=lambda r: (r["due_at"] is None, r["due_at"] or now, ranks.get(r["ticket"].priority, 99)))
    )


def explain(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """«Explicar» by number."""
    return explanation(reading.mail, number_asked(reading.action_form), facts, desk, now)


def explain_own(action: Action) -> Decision:
    """«Explicar» from a letter of the ticket: that one, or another one that is named."""
    return explanation(action.mail, action.elsewhere or action.ticket.number, action.facts, action.desk, action.now)


def explanation(mail: Mail, number: str, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """The explanation of a ticket: only for its own people of the desk."""
    ticket = facts.tickets.get(number)
    if ticket is None or not acts_for(desk, ticket, mail.sender):
        return refusal(mail, None, desk, Obstacle("unknown_number", "explain", read=number))
    values, language = explanation_values(ticket, facts, desk, now), desk.groups[ticket.group].language
    letter = to_sender(mail, "explanation", ticket, values=values, language=language)
    return Decision("desk", "explain", letters=(letter,), kind=ticket.kind, group=ticket.group)


def explanation_values(ticket: Ticket, facts: Facts, desk: Desk, now: datetime) -> Mapping[str, Any]:
    """The rule that took the ticket and those that did not, the clock as counted, the journal."""
    routed, journal = route(desk, routing_of(ticket, desk)), facts.journals.get(ticket.number, ())
    return {
        "steps": tuple({"rule": s.rule, "matched": s.matched, "read": s.read} for s in routed.trace),
        "rule": ticket.rule,
        "intervals": tuple(
            {"start": s.start, "end": s.end, "counts": s.counted, "why": why(s, journal), "name": s.holiday}
            for s in explained(ticket, desk, now)
        ),
        "counted": spent(ticket, desk, now),
        "calendar": calendar_name(desk, ticket.priority, ticket.group),
        "deadlines": promises(ticket, desk),
        "journal": journal,
    }


def why(span: Span, journal: tuple[Event, ...]) -> str:
    """Why a span counts or not, as a key of the catalogue's `[clock]`; a pause is called by its state."""
    if span.why == "hours":
        return "closed"
    if span.why != "paused":
        return span.why
    states = [event.changes["state"] for event in journal if "state" in event.changes and event.at <= span.start]
    return states[-1] if states and states[-1] in ("pending", "resolved") else "paused"


def answered(reading: Reading, letter: str, values: Mapping[str, Any], links: tuple[Link, ...] = ()) -> Decision:
    """The answer goes to the technician's own address; nothing changes."""
    return Decision("desk", letter, letters=(to_sender(reading.mail, letter, values=values, links=links),))


CONSULTATIONS: Mapping[str, Consultation] = {
    "open": open_for_caller,
    "search": search,
    "worklist": worklist,
    "explain": explain,
}
"""Consultation key → rule."""
