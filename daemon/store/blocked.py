"""Senders whom an admin has blocked by mail, besides those of `senders.blocked`."""

from __future__ import annotations

from datetime import datetime

from daemon.store.dialect import Session
from daemon.store.rows import key
from rules.ticket import micros


def is_blocked(session: Session, sender: str) -> bool:
    """Whether the address ``sender`` is blocked."""
    return session.one("SELECT 1 FROM blocked_senders WHERE address = ?", key(sender.lower())) is not None


def block(session: Session, sender: str, now: datetime) -> None:
    """Block an address."""
    session.run(
        "INSERT INTO blocked_senders (address, blocked_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        key(sender.lower()),
        micros(now),
    )
