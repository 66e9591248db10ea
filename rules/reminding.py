"""How often a requester may be sought in a day (J): three attempts, one reminder."""

from __future__ import annotations

from datetime import datetime

from rules.desk import Desk
from rules.ticket import Ticket

CONTACTS_A_DAY = 3
"""Attempts to contact; after the last the requester is written to."""


def same_day(a: datetime, b: datetime, desk: Desk) -> bool:
    """Whether two instants fall on one day of the desk's zone."""
    return a.astimezone(desk.zone).date() == b.astimezone(desk.zone).date()


def contacts_on(ticket: Ticket, at: datetime, desk: Desk) -> int:
    """How many attempts were made on the day of ``at``."""
    return sum(same_day(attempt, at, desk) for attempt in ticket.contacts)
