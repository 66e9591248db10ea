"""Posted letters: composed at the end of their transaction, and put into the outbox.

Letters that look alike are composed one after the other, because the processor's caches then hold what the next one
needs: ten of each cost three quarters of what they cost in mixed order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from isal import isal_zlib

from daemon.composed import Composed
from daemon.store.dialect import Row, Session
from daemon.store.rows import GRANT_COLUMNS, bare_id, dumps, grant_row, key, plain
from rules.guards import Admission
from rules.letters import Letter
from rules.ticket import micros

COMPRESSION = 1
"""Level of a letter's head: the texts shrink to a fifth, higher levels gain nothing."""


Compose = Callable[[Letter, str], Composed]
"""Writes a letter for one recipient."""


@dataclass(frozen=True, slots=True, eq=False)
class Posted:
    """A letter that the guards let pass to one recipient, now or ``admission.at``."""

    letter: Letter
    to: str
    admission: Admission
    mail_id: int
    at: datetime
    compose: Compose


_INSERT_LETTER = """
INSERT INTO outbox (message_id, letter, number, recipient, subject, mail_id, created_at, guard, head, attachments, tail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_DELIVERY = """
INSERT INTO deliveries (id, status, attempts, next_at, lease, claimed_by, reply) VALUES ({last_id}, ?, 0, ?, 0, '', ?)
"""
_INSERT_SUBJECT = "INSERT INTO subjects (subject, number, side, letter) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_INSERT_TOKEN = f"INSERT INTO tokens ({GRANT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Packed(NamedTuple):
    """The rows of a posted letter. Message-ID and bytes are fixed from here on."""

    letter: Row
    delivery: Row
    subjects: Sequence[Row]
    tokens: Sequence[Row]


def queue(session: Session, posted: Sequence[Posted]) -> None:
    """Compose these letters, and put them into the outbox in the order in which they were posted."""
    packed = {post: _packed(post, post.compose(post.letter, post.to)) for post in sorted(posted, key=_looks)}
    rows = [packed[post] for post in posted]
    for row in rows:
        session.put(_INSERT_LETTER, *row.letter)
        session.put(_INSERT_DELIVERY.format(last_id=session.dialect.last_id), *row.delivery)
    session.many(_INSERT_SUBJECT, [subject for row in rows for subject in row.subjects])
    session.many(_INSERT_TOKEN, [token for row in rows for token in row.tokens])


def _looks(post: Posted) -> tuple[str, str]:
    """Letters look alike if they share this: their name and their ticket's group."""
    return post.letter.name, post.letter.ticket.group if post.letter.ticket else ""


def _packed(post: Posted, composed: Composed) -> Packed:
    admission, deferred = post.admission, post.admission.action == "defer"
    letter = (
        bare_id(composed.message_id),
        post.letter.name,
        composed.number,
        key(post.to.lower()),
        plain(composed.subject),
        post.mail_id or None,
        micros(post.at),
        plain(admission.why),
        isal_zlib.compress(composed.head, COMPRESSION),
        dumps([[head.decode("latin-1"), digest] for head, digest in composed.attachments]),
        isal_zlib.compress(composed.tail, COMPRESSION) if composed.tail else b"",
    )
    delivery = ("deferred", micros(admission.at), f"guard {plain(admission.why)}") if deferred else ("queued", 0, "")
    subject = (key(composed.subject_key), composed.number, composed.side, post.letter.name)
    subjects = (subject,) if composed.subject_key and composed.side else ()
    return Packed(letter, delivery, subjects, tuple(grant_row(digest, grant) for digest, grant in composed.grants))
