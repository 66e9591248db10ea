"""Mails that wait or stay out: too large, over the rate, blocked, or not proven to be their sender's."""

from __future__ import annotations

from datetime import datetime, timedelta

from parsers.form import Fault
from rules.access import domain_of, unproven
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Facts
from rules.openings import refuse
from rules.reading import Reading, opening_windows

LOOK_AGAIN = timedelta(minutes=10)
"""How long a rate-held mail waits before it is looked at again."""


def poisoned(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """It could not be read: kept as it is, the admin is told, the next mail goes on."""
    return Decision("quarantined", reading.arrival.poisoned)


def too_large(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """Over the size limit: it stays on the server; only an opening is answered."""
    if not reading.kind or not reading.sender:
        return Decision("too_large")
    size, limit = reading.arrival.size, desk.limits.mail
    fault = Fault("", "mail_too_large", reading.mail.subject, (str(limit),), detail=str(size))
    refused = refuse(reading, (fault,), desk)
    return Decision("too_large", letters=refused.letters, kind=reading.kind, faults=(fault,))


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
