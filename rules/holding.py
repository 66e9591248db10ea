"""Mails that wait or stay out: too large, over the rate, blocked, or not proven to be their sender's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from parsers.form import Fault, Form
from parsers.subject import without_token
from rules.access import domain_of, unproven
from rules.actions import ticket_named
from rules.decision import Decision
from rules.desk import Desk
from rules.effects import Obstacle, refusal
from rules.facts import Facts
from rules.openings import language, refuse
from rules.people import is_kept_out
from rules.reading import Reading, opening_windows
from rules.solutions import verdict_notice
from rules.threads import closed, threaded_ticket

LOOK_AGAIN = timedelta(minutes=10)
"""How long a rate-held mail waits before it is looked at again."""


def poisoned(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """It could not be read: kept as it is, the admin is told, the next mail goes on."""
    return Decision("quarantined", reading.arrival.poisoned)


def too_large(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """Over the size limit: it stays on the server. Those who would get an answer to a smaller one are told that it was
    not read."""
    out = facts.blocked or is_blocked(reading, desk) or is_unproven(reading, facts, desk)
    if out or not reading.sender or is_kept_out(reading, facts, desk):
        return Decision("too_large")
    return replace(_told_too_large(reading, facts, desk), verdict="too_large", why="")


def _told_too_large(reading: Reading, facts: Facts, desk: Desk) -> Decision:
    """The answer that says so, to whoever gets one: the sender of an opening, a participant who answers a letter of
    ours, a technician."""
    sent = without_token(reading.mail.subject)
    size, limit = reading.arrival.size, desk.limits.mail
    faults = (Fault("", "mail_too_large", sent, (str(limit),), detail=str(size)),)
    if reading.kind:
        return refuse(reading, faults, desk, language(reading, facts, desk))
    ticket = threaded_ticket(reading, facts, "requester") or (facts.followed(reading.number) if reading.token else None)
    if ticket and reading.has("service") and reading.is_from(ticket.people):
        if not ticket.open:
            return closed(reading, ticket, facts, desk)
        return verdict_notice(reading, ticket, "too_large", desk, facts, faults)
    if desk.is_desk(reading.mailbox) and desk.groups_of(reading.sender):
        obstacle = Obstacle("too_large", form=Form(faults=faults))
        return refusal(reading.mail, ticket_named(reading, facts, desk), desk, obstacle)
    return Decision()


def is_blocked(reading: Reading, desk: Desk) -> bool:
    """Whether the admin blocks the sender's address or domain."""
    blocked = {entry.lower().lstrip("@") for entry in desk.senders.blocked}
    return bool(blocked & {reading.sender, domain_of(reading.sender)})


def is_unproven(reading: Reading, facts: Facts, desk: Desk) -> bool:
    """Under `require`: no DMARC-aligned pass from a trusted server for the sender, and no admin let it pass."""
    return not facts.released and unproven(desk, reading.mail, "require")


def over_rate(reading: Reading, facts: Facts, desk: Desk) -> bool:
    """Whether this opening, or «Abrir», goes over the hourly rate of its sender or of all."""
    if not reading.opens or facts.released:
        return False
    rates = desk.senders.rates
    own, total = (facts.counts.get(name, 0) for name in opening_windows(reading.sender))
    return own >= rates.per_sender or total >= rates.total


def hold_for_rate(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """Held until the window frees."""
    return Decision("held", "rate", held_until=now + LOOK_AGAIN, kind=reading.kind)
