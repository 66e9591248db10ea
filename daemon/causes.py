"""What the daemon decides without a mail: what is due on a ticket, a letter that failed for good, an alarm.

Each ends, as a mail does, in a decision of the rules and one transaction that applies it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial

from daemon.config.live import Loaded
from daemon.log import log
from daemon.store import Cause, Outcome, Outgoing, Store, Transaction, notes, queues, reckoning, stuck
from daemon.store.errors import Unavailable
from daemon.writing.letters import Letters
from rules.decision import Decision
from rules.deliveries import alerting, undelivered
from rules.due import is_due
from rules.facts import Sent
from rules.firing import fire
from rules.reading import UNDELIVERED

TOKEN_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # noqa: S105
"""Base32 (RFC 4648)."""
TOKEN_LENGTH = 26
_LETTER_OF_OCTET = (TOKEN_LETTERS * 8).encode()


def new_token() -> str:
    """26 base32 characters at random: 130 bits."""
    return secrets.token_bytes(TOKEN_LENGTH).translate(_LETTER_OF_OCTET).decode()


def apply(tx: Transaction, cause: Cause, decision: Decision, loaded: Loaded[Letters], now: datetime) -> None:
    """Write a decision with the letters of ``loaded``."""
    compose = partial(loaded.letters.compose, now=now, new_token=new_token)
    tx.apply(cause, decision, compose, loaded.settings.desk, now)


def fire_due(store: Store, loaded: Loaded[Letters]) -> int:
    """Do some of what is due on tickets now; returns how many were done or put off. Each has a transaction of its own,
    and one that fails stops no other: it is logged, and due again after a while."""
    return sum(_fired(store, number, name, loaded) for number, name in store.due(store.clock()))


def _fired(store: Store, number: str, name: str, loaded: Loaded[Letters]) -> bool:
    try:
        return bool(store.run(partial(_fire, number, name, loaded, store.clock)))
    except Unavailable:
        raise  # of the database; the others would not get through either
    except Exception:
        log.exception("what is due failed", number=number, name=name)
        return bool(store.run(lambda tx: stuck.put_off(tx.session, number, name, store.clock())))


def _fire(number: str, name: str, loaded: Loaded[Letters], clock: Callable[[], datetime], tx: Transaction) -> bool:
    now = clock()
    ticket = tx.tickets.get(number) if tx.claim_due(number, name, now) else None
    if ticket is None:
        return False
    desk = loaded.settings.desk
    if not is_due(ticket, name, desk, now):
        reckoning.one(tx.session, ticket, desk, now)
        return True
    apply(tx, Cause(), fire(ticket, name, desk, now), loaded, now)
    stuck.done(tx.session, number, name)
    return True


def reckon_anew(store: Store, loaded: Loaded[Letters]) -> None:
    """Compute anew, by the configuration ``loaded``, what is due on every ticket, unless that has been done."""
    digest, desk = loaded.desk_digest, loaded.settings.desk
    if store.look(lambda session: notes.get(session, reckoning.DONE)) == digest:
        return
    last = ""
    while last := store.run(lambda tx: reckoning.some(tx, last, desk, store.clock())) or "":
        pass
    store.run(lambda tx: notes.put(tx.session, reckoning.DONE, digest))


def delivery_failed(store: Store, loaded: Loaded[Letters], outgoing: Outgoing, outcome: Outcome) -> None:
    """Record a delivery that failed for good, with the note and the letter that tell of it; nothing where the claim has
    expired and another pump has it."""
    sent = Sent(outgoing.letter, outgoing.number, outgoing.to, outgoing.message_id, outgoing.created_at)

    def work(tx: Transaction) -> None:
        now = store.clock()
        if queues.record(tx.session, outcome, now):
            desk, before = loaded.settings.desk, tx.windows.count(UNDELIVERED, now)
            decision = undelivered(sent, outcome.reply, tx.tickets.get, desk, now, before, outcome.given_up)
            apply(tx, Cause(), decision, loaded, now)

    store.run(work)


def tell_admins(store: Store, loaded: Loaded[Letters], topic: str, details: tuple[tuple[str, str], ...]) -> None:
    """A letter to the admins: ``topic`` is a key of the catalogue's `[alerts]`."""
    now = store.clock()
    decision = alerting(topic, details, loaded.settings.desk, now)
    store.run(lambda tx: apply(tx, Cause(), decision, loaded, now))
