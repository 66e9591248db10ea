"""What comes back: bounces of our letters, automatic mail, letters that could not be delivered.

None of it is ever answered, changes a state or stops a clock; the group learns that somebody is not being reached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from rules import wording
from rules.assignment import group_letter
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Facts, Sent
from rules.letters import LETTERS, Letter
from rules.reading import UNDELIVERED, Reading
from rules.ticket import Event, Ticket

FAILED = frozenset({"failed", "complaint"})
"""Report actions that mean that the person was not reached, or does not want to be."""


def bounce(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A report about a mail: noted in the journal where the mail was a letter of ours."""
    report = reading.mail.report
    assert report is not None
    if not facts.own or report.action not in FAILED:
        return Decision("bounce", report.action)
    reason, before = report.diagnostic or report.status or report.action, facts.counts.get(UNDELIVERED, 0)
    told = undelivered(facts.own, reason, facts.tickets.get, desk, now, before)
    return replace(told, verdict="bounce", why=report.action)


def undelivered(
    sent: Sent,
    diagnostic: str,
    ticket_of: Callable[[str], Ticket | None],
    desk: Desk,
    now: datetime,
    before: int,
    given_up: bool = False,
) -> Decision:
    """One of our letters did not arrive: a note and, once an address, a letter to the group; if it was to staff, a
    letter to the admins, who have been told of ``before`` others within the hour. ``given_up``: it was tried since it
    was written, until its time was over."""
    ticket, tried_since = ticket_of(sent.number), sent.sent_at if given_up else None
    if ticket is None or LETTERS[sent.letter].guard == "staff":
        return undelivered_alert(sent, diagnostic, tried_since, desk, now, before)
    if sent.to in ticket.unreached:
        return Decision(kind=ticket.kind)
    changes = {"unreached": (*ticket.unreached, sent.to)}
    event = Event(ticket.number, "undelivered", now, text=diagnostic, changes=changes)
    letter = failure_letter(sent, ticket, diagnostic, tried_since, desk, now)
    return Decision(events=(event,), letters=(letter,), kind=ticket.kind)


def failure_letter(
    sent: Sent, ticket: Ticket, diagnostic: str, tried_since: datetime | None, desk: Desk, now: datetime
) -> Letter:
    """Tells the group whom a letter about its ticket did not reach, and where else they may be reached."""
    values = {
        "address": sent.to,
        "letter": sent.letter,
        "diagnostic": diagnostic,
        "contact": alternative_contact(ticket, desk),
        "at": now,
        "tried_since": tried_since,
    }
    return group_letter("delivery_failure", ticket, desk, values)


def alternative_contact(ticket: Ticket, desk: Desk) -> str:
    """A telephone or another address that the form gave, else another of the requester's that is listed; "" for
    none."""
    kinds = ("phone", "email")
    given = [ticket.value(f.name) for f in desk.kinds[ticket.kind].fields if f.type in kinds]
    listed = sorted(desk.addresses_of(ticket.requester))
    return next((value for value in (*given, *listed) if value and value.lower() != ticket.requester.lower()), "")


def undelivered_alert(
    sent: Sent, diagnostic: str, tried_since: datetime | None, desk: Desk, now: datetime, before: int
) -> Decision:
    """Tells the admins that a letter to staff did not arrive, a few times an hour; never at the very address that takes
    none: that letter would fail as well, and be told of."""
    others = tuple(admin for admin in desk.desk.admins if admin.lower() != sent.to.lower())
    if not others or before >= desk.guards.notices:
        return Decision()
    names = desk.words()["letter_names"]
    details = (
        ("address", sent.to),
        ("letter", str(names.get(sent.letter, names["other"]))),
        ("number", sent.number),
        ("tried_since", wording.record(desk, tried_since) if tried_since else ""),
        ("diagnostic", diagnostic),
    )
    letter = replace(alert("undelivered", details, desk, now), to=others)
    return Decision(letters=(letter,), counters=(UNDELIVERED,))


def alert(topic: str, details: tuple[tuple[str, str], ...], desk: Desk, now: datetime, count: int = 1) -> Letter:
    """A letter to the admins; ``topic`` is a key of the catalogue's `[alerts]`, details are (key, text) pairs."""
    values = {"topic": topic, "details": tuple(d for d in details if d[1]), "at": now, "count": count}
    return Letter("admin_alert", desk.desk.admins, values=values)


def alerting(topic: str, details: tuple[tuple[str, str], ...], desk: Desk, now: datetime) -> Decision:
    """That alert, where there are admins to tell; nothing follows without a ``topic``."""
    told = topic and desk.desk.admins
    return Decision(letters=(alert(topic, details, desk, now),) if told else ())


def is_automatic(reading: Reading, facts: Facts) -> bool:
    """Sent by a machine, or one of our own letters come back."""
    return bool(reading.mail.automatic or facts.own)


def automatic(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """Filed; an out-of-office of somebody who takes part is noted in the journal of the ticket that its subject names:
    mail servers put words of their own before that («Respuesta automática: …»), so it is seldom exact."""
    cause = reading.mail.automatic or "own"
    ticket = facts.followed(reading.number)
    if not (reading.mail.out_of_office and ticket and reading.is_from(ticket.people)):
        return Decision("automatic", cause)
    event = Event(ticket.number, "out_of_office", now, reading.mail.sender, reading.mail.visible)
    return Decision("automatic", cause, events=(event,), kind=ticket.kind)
