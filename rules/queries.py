"""What a requester may ask by a fixed subject (T, L): the state of a ticket, their own tickets, a withdrawal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rules import wording
from rules.access import language_of
from rules.deadlines import calendar_for, deadlines, promises
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Facts
from rules.letters import Grant, Letter, Link, for_requester, to_sender
from rules.lifecycle import possible
from rules.openings import requester_links
from rules.reading import Reading
from rules.solutions import clicked, closure_letter, verdict_notice, way_out
from rules.ticket import Event, Ticket

ROWS_SHOWN = 25
"""How many rows of a list a letter shows."""


def is_query(reading: Reading, facts: Facts, desk: Desk) -> bool:
    """A requester's query: «Mis incidencias», or a ticket of their own."""
    if not reading.has("service") or reading.consult in ("", "consult"):
        return False
    ticket = facts.followed(reading.number)
    return reading.consult == "mine" or bool(ticket and reading.is_from(ticket.people))


def answer(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """The answer to a query; nothing changes."""
    if reading.consult == "mine":
        return Decision("query", letters=(own_tickets(reading, facts, desk, now),))
    ticket = facts.followed(reading.number)
    assert ticket is not None
    if reading.consult == "status":
        return Decision("query", letters=(status_letter(reading, ticket, facts, desk),), kind=ticket.kind)
    return ask_withdrawal(reading, ticket, desk)


def status_letter(reading: Reading, ticket: Ticket, facts: Facts, desk: Desk) -> Letter:
    """State and visible journal."""
    journal = facts.journals.get(ticket.number, ())
    return to_sender(
        reading.mail,
        "status",
        ticket,
        values={"journal": visible(journal, ticket, desk), "deadlines": promises(ticket, desk)},
    )


def visible(journal: tuple[Event, ...], ticket: Ticket, desk: Desk) -> tuple[Event, ...]:
    """What a requester may see of a journal: visible rows, and changes of state without their text."""
    told = (event for event in journal if event.visible or "state" in event.changes)
    return tuple(
        unaddressed(e, ticket, desk) if e.visible else Event(e.number, e.name, e.at, changes=e.changes) for e in told
    )


def unaddressed(event: Event, ticket: Ticket, desk: Desk) -> Event:
    """``event`` without the address of a technician whom `[[people]]` does not name: one writes to the desk."""
    known = event.actor.lower() in ticket.people or desk.person_at(event.actor)
    return event if known else replace(event, actor="")


def own_tickets(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Letter:
    """The sender's own tickets, newest first, and a link for the state of each."""
    rows = tuple(row(ticket, desk, now) for ticket in facts.found)
    spoken = language_of(reading.sender, desk, facts.person)
    links = tuple(status_link(ticket, desk, spoken) for ticket in facts.found[:ROWS_SHOWN])
    return to_sender(reading.mail, "status", values={"rows": rows, "total": len(rows)}, links=links, language=spoken)


def status_link(ticket: Ticket, desk: Desk, spoken: str) -> Link:
    """«Consulta de la incidencia N», in a list of several, named by its number."""
    link, _ = requester_links(replace(ticket, language=spoken), desk)
    return replace(link, label=ticket.number)


def row(ticket: Ticket, desk: Desk, now: datetime) -> dict[str, object]:
    """A ticket as a row of a list, in the shape of daemon/writing/samples.py; what is left is counted as promised."""
    due, clock = deadlines(ticket, desk), calendar_for(desk, ticket.priority, ticket.group)
    next_due = min((at for at in (due.response_due, due.resolution_due) if at), default=None)
    return {
        "ticket": ticket,
        "due_at": next_due,
        "left": clock.between(now, next_due) - clock.between(next_due, now) if next_due else None,
        "late": bool(next_due and next_due < now),
        "business": bool(due.calendar),
        "needs_reply": ticket.state == "pending",
    }


def ask_withdrawal(reading: Reading, ticket: Ticket, desk: Desk) -> Decision:
    """«Retirar …» is answered with a tokened link; only the requester gets one."""
    if not possible(ticket, "withdraw"):
        return Decision("query", letters=(cannot_withdraw("closed", reading, ticket, desk),), kind=ticket.kind)
    if not reading.is_from((ticket.requester,)):
        return Decision("query", letters=(cannot_withdraw("requesters", reading, ticket, desk),), kind=ticket.kind)
    language = ticket.language
    link = Link(
        "withdraw_confirm",
        desk.service_address,
        wording.subject(desk, "withdraw", language, ticket.kind, number=ticket.number),
        "\n".join(wording.word(desk, "bodies", key, language) for key in ("withdraw", "confirm_hint")),
        Grant("withdraw", "withdraw", ticket.number, ticket.requester.lower(), round=ticket.round),
    )
    letter = for_requester("withdrawal", ticket, links=(link,), in_reply_to=reading.mail.message_id)
    return Decision("query", letters=(letter,), kind=ticket.kind)


def cannot_withdraw(case: str, reading: Reading, ticket: Ticket, desk: Desk) -> Letter:
    """Why it cannot be withdrawn: it is closed, or who asks did not open it, such as the requester of one merged into
    it."""
    return to_sender(
        reading.mail,
        "verdict_notice",
        ticket,
        values={"case": case, "was": ticket.number, "at": ticket.closed_at, "verb": "withdraw", "used": ""},
        links=way_out(reading, ticket, desk),
    )


def withdraw(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """The click on the tokened link: withdrawn and closed; the requester and the group are told."""
    held = facts.granted
    ticket = facts.tickets[held.grant.number]
    if not possible(ticket, "withdraw"):
        return verdict_notice(reading, ticket, "used_same" if held.used_at else "closed", desk, facts)
    event, after, told = clicked("withdrawn", "withdraw", reading, ticket, desk, now)
    letter = closure_letter(after, desk, in_reply_to=reading.mail.message_id)
    return Decision(
        "withdrawn", events=(event,), letters=(letter, told), used=(held.digest,), kind=ticket.kind, group=ticket.group
    )
