"""Decision → rows: tokens used, tickets and journal (daemon/store/journals.py), letters (daemon/store/posting.py), and
at last the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import chain
from typing import Any

from daemon.store import people, set_aside
from daemon.store.context import Cause, Writing
from daemon.store.dialect import Session
from daemon.store.errors import AlreadyDecided, Conflict
from daemon.store.journals import write_events
from daemon.store.outbox import Compose
from daemon.store.posting import Posting
from daemon.store.rows import at, bare_id, copy_key, dumps, key, plain
from parsers.mail import Mail
from rules.decision import Decision
from rules.desk import Desk
from rules.ticket import micros

LONGEST_SUBJECT = 1000
"""Characters of a subject that the ledger keeps."""


def apply(tx: Writing, cause: Cause, decision: Decision, compose: Compose, desk: Desk, now: datetime) -> None:
    """Write all that ``decision`` says. Nothing is visible before the transaction commits."""
    _use_tokens(tx.session, decision.used, now)
    write_events(tx, cause, decision.events, desk, now)
    for person in decision.people:
        people.put(tx.session, person)
    if decision.release:
        set_aside.release_senders(tx.session, decision.release, now)
    for mail_id, verb in decision.settled:
        set_aside.settle(tx.session, mail_id, verb, now)
    for sender in decision.blocked:
        people.block(tx.session, sender, now)
    for name in decision.counters:
        tx.windows.add(name, now)
    notes = tuple(Posting(tx, cause, compose, desk, now).send(decision))
    if cause.mail_id:
        _write_verdict(tx.session, cause, decision, notes, now)


def _use_tokens(session: Session, digests: Sequence[bytes], now: datetime) -> None:
    """The first to commit wins; the second notices when its transaction is done again."""
    for digest in digests:
        if not session.run("UPDATE tokens SET used_at = ? WHERE digest = ? AND used_at IS NULL", micros(now), digest):
            raise Conflict("a token was used by somebody else in the meantime")


_VERDICT = """
UPDATE mails SET verdict = ?, why = ?, number = ?, message_id = ?, digest = ?, copy_key = ?, sender = ?, subject = ?,
  decided_at = ?, held_until = ?, detail = ? WHERE id = ? AND verdict = ''
"""


def _write_verdict(
    session: Session, cause: Cause, decision: Decision, notes: Sequence[Mapping[str, str]], now: datetime
) -> None:
    mail = cause.mail or Mail()
    message_id = bare_id(mail.message_id)
    written = session.run(
        _VERDICT,
        decision.verdict,
        decision.why,
        _number(decision),
        key(message_id),
        mail.digest,
        copy_key(message_id, mail.digest),
        key(mail.sender.lower()),
        plain(mail.subject[:LONGEST_SUBJECT]),
        micros(now),
        at(decision.held_until) if decision.verdict == "held" else None,
        _detail(mail, decision, notes),
        cause.mail_id,
    )
    if not written:
        raise AlreadyDecided(f"mail {cause.mail_id} has its verdict already")


def _number(decision: Decision) -> str:
    """The ticket that the mail is about, "" for none."""
    events = (event.number for event in decision.events)
    letters = (letter.ticket.number for letter in decision.letters if letter.ticket)
    return next(chain(events, letters), "")


def _detail(mail: Mail, decision: Decision, notes: Sequence[Mapping[str, str]]) -> str:
    """What else `acuse` shows of the mail; only what there is."""
    detail: dict[str, Any] = {
        "kind": decision.kind,
        "faults": [asdict(fault) for fault in decision.faults],
        "rule": decision.rule,
        "group": decision.group,
        "priority": decision.priority,
        "remarks": [*mail.remarks, *decision.remarks],
        "letters": list(notes),
        "sender_name": mail.sender_name if decision.verdict in ("held", "quarantined") else "",
    }
    present = {name: value for name, value in detail.items() if value}
    return dumps(present) if present else ""
