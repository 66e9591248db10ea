"""The ledger: one row for every mail seen. Here its rows are made, attempts counted, and copies told apart.

A row goes `seen` (no verdict) → decided → filed (daemon/store/filing.py). Released and retried mails go back to no
verdict (daemon/store/set_aside.py); the octets lie beside it (daemon/store/raws.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from daemon.files import Files, Octets
from daemon.store import unnamed
from daemon.store.dialect import Row, Session, marks
from daemon.store.raws import is_file, keep_raw, raw_of
from daemon.store.rows import at
from rules.decision import Verdict
from rules.ticket import micros, moment

RELEASED, RETRIED = "released", "retried"
"""Why a mail has lost its verdict: to pass whatever held it back, or to be judged anew."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail out of its IMAP folder. ``size`` as the server announced it; ``too_large``: over the limit, ``octets`` are
    its headers only.
    """

    uid: int
    size: int
    internaldate: datetime
    octets: Octets
    too_large: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail taken into the ledger. ``octets`` is None after retention or erasure dropped them.

    ``verdict`` "" asks for a decision; any other mail was decided before and only waits to be moved. ``attempts``
    counts this one; ``attempts_alone`` those that no other mail shared. ``too_large``: the octets are its headers only.
    ``filed``: it lies in one of our folders already; this is the marked copy that a server which cannot expunge leaves.
    ``received_at`` is INTERNALDATE, or the time of its release: clocks count from it.
    """

    id: int
    uid: int
    octets: Octets | None
    size: int
    received_at: datetime
    verdict: Verdict | str = ""
    attempts: int = 1
    attempts_alone: int = 0
    too_large: bool = False
    released: bool = False
    filed: bool = False

    @property
    def unfinished(self) -> bool:
        """An earlier attempt did not come to its end: treat it alone (:func:`take_alone`)."""
        return not self.verdict and self.attempts > 1


_TAKE = """
INSERT INTO mails (mailbox, uidvalidity, uid, message_id, digest, copy_key, verdict, why, number, sender, subject,
  received_at, size, headers_only, raw_digest, attempts, attempts_alone, taken_at, folder, detail)
VALUES (?, ?, ?, '', '', NULL, '', '', '', '', '', ?, ?, ?, ?, 1, ?, ?, '', '')
ON CONFLICT (mailbox, uidvalidity, uid) DO UPDATE SET
  attempts = mails.attempts + CASE WHEN mails.verdict = '' THEN ? ELSE 0 END,
  attempts_alone = mails.attempts_alone + CASE WHEN mails.verdict = '' THEN ? ELSE 0 END
RETURNING id, verdict, attempts, attempts_alone, released_at, why, filed_at IS NOT NULL AND folder <> '',
  size, received_at
"""
_DISPLACE = (
    "UPDATE mails SET uidvalidity = -id,"
    " filed_at = CASE WHEN verdict = '' OR folder <> '' THEN filed_at ELSE COALESCE(filed_at, decided_at) END"
    " WHERE id = ?"
)
"""Its UID belongs to another mail now, so its place is as void as one under an old UIDVALIDITY: nothing is to move."""


def take(
    session: Session,
    files: Files,
    mailbox: str,
    uidvalidity: int,
    fetched: Sequence[Fetched],
    now: datetime,
    again: bool = False,
) -> list[Seen]:
    """A row for every mail, its bytes beside it; a UID that has one already keeps it.

    ``again``: the transaction is being repeated, perhaps only because the answer to its COMMIT was lost, so rows that
    exist already count no further attempt.
    """
    alone = int(len(fetched) == 1)
    counted = (0, 0) if again else (1, alone)
    if any(is_file(mail.octets) for mail in fetched):
        unnamed.hold(session, files)  # before its row has an id
    taken = []
    for mail in fetched:
        digest = hashlib.sha256(mail.octets).hexdigest() if isinstance(mail.octets, bytes) else ""
        about = (mail.uid, micros(mail.internaldate), mail.size, int(mail.too_large), digest)
        row = _row(session, mailbox, uidvalidity, *about, alone, micros(now), *counted)
        id_, verdict, attempts, attempts_alone, released_at, why, filed = row
        if not verdict:
            keep_raw(session, files, id_, mail.octets)
        received = moment(released_at) if released_at else mail.internaldate
        tries = (attempts, attempts_alone, mail.too_large, why == RELEASED, bool(filed))
        taken.append(Seen(id_, mail.uid, mail.octets, mail.size, received, verdict, *tries))
    return taken


def _row(session: Session, mailbox: str, uidvalidity: int, uid: int, arrived: int, size: int, *values: Any) -> Row:
    """The row of the mail with this UID. A server restored from a backup gives UIDs again, and another server may have
    the same UIDVALIDITY: a mail with another arrival time *and* another size is another mail."""
    for _ in range(2):
        row = session.one(_TAKE, mailbox, uidvalidity, uid, arrived, size, *values)
        assert row
        *found, its_size, its_arrival = row
        if its_size == size or its_arrival == arrived:
            break
        session.run(_DISPLACE, found[0])
    return tuple(found)


def take_alone(session: Session, seen: Seen, again: bool = False) -> Seen:
    """Count one more attempt, made for this mail alone; committed before the mail is parsed. ``again`` as in take."""
    row = session.one(
        "UPDATE mails SET attempts = attempts + ?, attempts_alone = attempts_alone + ?"
        " WHERE id = ? AND verdict = '' RETURNING attempts, attempts_alone",
        int(not again),
        int(not again),
        seen.id,
    )
    attempts, alone = row or (seen.attempts, seen.attempts_alone)
    return replace(seen, attempts=attempts, attempts_alone=alone)


def forgive(session: Session, mail_ids: Sequence[int]) -> None:
    """Take back one attempt of each: the database or the network failed it, not the mail."""
    session.run(
        "UPDATE mails SET attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END,"
        " attempts_alone = CASE WHEN attempts_alone > 0 THEN attempts_alone - 1 ELSE 0 END"
        f" WHERE verdict = '' AND id IN ({marks(mail_ids)})",
        *mail_ids,
    )


_WAITING = """
UPDATE mails SET attempts = attempts + 1 WHERE id IN (
  SELECT id FROM mails WHERE mailbox = ? AND id > ? AND filed_at IS NULL AND verdict = '' ORDER BY id LIMIT ?
) RETURNING id, uid, size, received_at, attempts, attempts_alone, headers_only, released_at, raw_digest, why
"""


ANY_WAITING = "SELECT 1 FROM mails WHERE mailbox = ? AND id > ? AND filed_at IS NULL AND verdict = '' LIMIT 1"


def waiting(session: Session, files: Files, mailbox: str, after: int, limit: int) -> list[Seen]:
    """Mails with ids above ``after`` that have a row but no verdict (released, retried, left by a process that died);
    counts an attempt for each."""
    rows = sorted(session.all(_WAITING, mailbox, after, limit))
    return [_seen(session, files, row) for row in rows]


def _seen(session: Session, files: Files, row: Row) -> Seen:
    id_, uid, size, received_at, attempts, alone, headers_only, released_at, digest, why = row
    octets, received = raw_of(session, files, id_, digest), moment(released_at or received_at)
    return Seen(id_, uid, octets, size, received, "", attempts, alone, bool(headers_only), why == RELEASED)


# -- copies


def copies(session: Session, mailbox: str, key: bytes, since: datetime | None, but: int) -> list[str]:
    """The digests of the mails treated in this mailbox under the copy key ``key``, other than row ``but``. Rows that
    were copies themselves do not count: their originals may have been held, and are treated now."""
    return session.column(
        "SELECT digest FROM mails WHERE mailbox = ? AND copy_key = ? AND id <> ?"
        " AND verdict NOT IN ('', 'duplicate') AND received_at >= ? LIMIT 20",
        mailbox,
        key,
        but,
        at(since) or 0,
    )
