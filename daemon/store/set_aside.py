"""Mails that lose their verdict again, and mails set aside: held or in quarantine, and what an admin decides about
them.

The verdict that a mail had before is kept as an earlier try.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from daemon.slices import in_slices
from daemon.store.dialect import Row, Session, marks
from daemon.store.ledger import RELEASED, RETRIED
from daemon.store.rows import at, key
from daemon.store.windows import Windows
from rules.decision import folder_of
from rules.facts import SetAside
from rules.holding import LOOK_AGAIN
from rules.reading import opening_windows
from rules.tables import Rates
from rules.ticket import micros, moment

AT_ONCE = 500
"""Mails that rate limits release in one transaction, and ids in one statement."""

# -- back to no verdict

_IS_SET_ASIDE = "verdict IN ('held', 'quarantined')"
"""The condition of the index of mails set aside, word for word: SQLite uses the index by no other."""
_KEEP_TRY = """
INSERT INTO mail_tries (mail_id, verdict, why, number, decided_at, attempts, detail)
SELECT id, verdict, why, number, COALESCE(decided_at, taken_at), attempts, detail FROM mails WHERE id = ?
"""
_MAY_LIE_IN = "folder = CASE WHEN filed_at IS NULL AND folder = '' THEN ? ELSE folder END"
"""Where to look for a mail whose move is not noted: it may be under way, or its note was lost."""
_BACK = f"""
UPDATE mails SET {_MAY_LIE_IN}, verdict = '', why = ?, number = '', decided_at = NULL, filed_at = NULL,
  held_until = NULL, attempts = 0, attempts_alone = 0, released_at = ?, detail = '' WHERE id = ?
"""


def keep_try(session: Session, mail_id: int) -> None:
    """Keep the verdict that a mail is about to lose."""
    session.run(_KEEP_TRY, mail_id)


def set_back(
    session: Session, mail_ids: Iterable[int], verdicts: Sequence[str], now: datetime, why: str = RELEASED
) -> list[int]:
    """Mails with one of ``verdicts`` lose it, so that they are treated again; the ids of those that did.

    ``why``: RELEASED mails pass what held them back, RETRIED ones are judged as if they came now.
    """
    back: list[int] = []
    for ids in in_slices(sorted(mail_ids), AT_ONCE):
        rows = session.all(
            f"SELECT id, verdict FROM mails WHERE id IN ({marks(ids)}) AND verdict IN ({marks(verdicts)})"
            f" ORDER BY id{session.lock}",
            *ids,
            *verdicts,
        )
        for id_, verdict in rows:
            keep_try(session, id_)
            session.run(_BACK, folder_of(verdict), why, micros(now), id_)
        back += [id_ for id_, _ in rows]
    return back


def release_senders(session: Session, senders: Sequence[str], now: datetime) -> None:
    """Judge held mails of these senders as if they came now: somebody newly registered may still be over the rate."""
    held = session.column(
        f"SELECT id FROM mails WHERE {_IS_SET_ASIDE} AND verdict = 'held' AND sender IN ({marks(senders)})",
        *(sender.lower() for sender in senders),
    )
    set_back(session, held, ("held",), now, RETRIED)


def held_of(session: Session, sender: str) -> int:
    """How many mails of this sender are held."""
    held = f"SELECT COUNT(*) FROM mails WHERE {_IS_SET_ASIDE} AND verdict = 'held' AND sender = ?"
    return int(session.value(held, key(sender.lower())))


def release_due(session: Session, now: datetime, rates: Rates) -> list[int]:
    """Rate-held mails whose time has come are judged anew as far as the windows have room; the others wait on."""
    rows = session.all(
        "SELECT id, sender FROM mails WHERE held_until <= ? OR held_until > ? ORDER BY held_until, id LIMIT ?",
        micros(now),
        micros(now + LOOK_AGAIN),  # by a clock that was wrong
        AT_ONCE,
    )
    found, fitting = Windows(session), []  # what is added here is not written: mails count as they are opened
    for id_, sender in rows:
        own, total = opening_windows(sender)
        if found.count(own, now) < rates.per_sender and found.count(total, now) < rates.total:
            found.add(own, now)
            found.add(total, now)
            fitting.append(id_)
    later = sorted({id_ for id_, _ in rows} - set(fitting))
    if later:
        again = micros(now + LOOK_AGAIN)
        session.run(f"UPDATE mails SET held_until = ? WHERE id IN ({marks(later)}) AND verdict = 'held'", again, *later)
    return set_back(session, fitting, ("held",), now, RETRIED)


# -- mails set aside, and what an admin decides about them


def set_aside(session: Session, mail_id: int) -> SetAside | None:
    """The mail ``mail_id`` as a letter tells it; None where there is no such mail."""
    row = session.one(f"{_SET_ASIDE} WHERE id = ?", mail_id)
    return _set_aside(row) if row else None


def quarantined(session: Session, limit: int) -> tuple[list[SetAside], int]:
    """The mails in quarantine, oldest first, and how many there are in all."""
    rows = session.all(f"{_SET_ASIDE} WHERE {_IS_SET_ASIDE} AND verdict = 'quarantined' ORDER BY id LIMIT ?", limit)
    total = session.value(f"SELECT COUNT(*) FROM mails WHERE {_IS_SET_ASIDE} AND verdict = 'quarantined'")
    return [_set_aside(row) for row in rows], total


def quarantined_since(session: Session, since: datetime | None) -> dict[str, int]:
    """How many mails were quarantined since a time, by reason."""
    rows = session.all(
        f"SELECT why, COUNT(*) FROM mails WHERE {_IS_SET_ASIDE} AND verdict = 'quarantined' AND decided_at > ?"
        " GROUP BY why",
        at(since) or 0,
    )
    return dict(rows)


def waiting_places(session: Session) -> list[tuple[str, int]]:
    """Each mailbox with mails that are held, in quarantine or without a verdict, and one of these."""
    found = session.all(
        f"SELECT mailbox, MIN(id) FROM mails WHERE {_IS_SET_ASIDE} GROUP BY mailbox"
        " UNION SELECT mailbox, MIN(id) FROM mails WHERE filed_at IS NULL AND verdict = '' GROUP BY mailbox"
    )
    return list(dict(found).items())


_SET_ASIDE = "SELECT id, mailbox, verdict, why, sender, subject, received_at, size FROM mails"


def _set_aside(row: Row) -> SetAside:
    id_, mailbox, verdict, why, sender, subject, received_at, size = row
    return SetAside(id_, mailbox, verdict, why, sender, subject, moment(received_at), size)


_DISCARD = f"""
UPDATE mails SET {_MAY_LIE_IN}, verdict = 'untreated', why = ?, decided_at = ?, filed_at = NULL
WHERE id = ? AND verdict = 'quarantined'
"""


def settle(session: Session, mail_id: int, verb: str, now: datetime) -> None:
    """What an admin decides about a mail in quarantine: retry, release, discard, or block its sender.

    A discarded mail stays in the ledger as untreated and is filed with those; of a blocked sender all mails are.
    """
    if verb in _AGAIN:
        set_back(session, (mail_id,), ("quarantined",), now, _AGAIN[verb])
        return
    ids = _of_same_sender(session, mail_id) if verb == "block" else [mail_id]
    for id_ in ids:
        keep_try(session, id_)
        session.run(_DISCARD, folder_of("quarantined"), "blocked" if verb == "block" else "discarded", micros(now), id_)


def _of_same_sender(session: Session, mail_id: int) -> list[int]:
    return session.column(
        f"SELECT id FROM mails WHERE {_IS_SET_ASIDE} AND verdict = 'quarantined'"
        " AND sender = (SELECT sender FROM mails WHERE id = ?)",
        mail_id,
    )


_AGAIN = {"retry": RETRIED, "release": RELEASED}
