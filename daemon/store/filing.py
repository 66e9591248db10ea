"""Where mails lie: those decided are moved to their folder, and the ledger knows the place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.slices import in_slices
from daemon.store.dialect import IN_LIST, Row, Session, marks
from rules.decision import folder_of
from rules.ticket import micros, moment


@dataclass(frozen=True, slots=True)
class Unfiled:
    """A decided mail that still lies where it was. ``folder`` is an attribute of rules.tables.Folders; ``lies_in`` the
    one it lies in now ("" for the watched folder), there under ``uid`` (None where the server did not tell). If it is
    not there it may never have left the watched folder: ``watched_uid``. ``size`` and ``arrived`` as it was announced;
    ``arrived`` is None for one that has come just now.
    """

    id: int
    folder: str
    lies_in: str
    uidvalidity: int | None
    uid: int | None
    message_id: str
    watched_uid: int | None = None
    size: int = 0
    arrived: datetime | None = None

    def is_other(self, size: int, arrived: datetime) -> bool:
        """Whether a mail of this size and arrival, under the same UID, is another one: a server restored from a backup
        gives UIDs again, and another server may have the same UIDVALIDITY."""
        return self.arrived is not None and self.arrived != arrived and self.size != size


@dataclass(frozen=True, slots=True)
class Filed:
    """A mail that was moved to ``folder``, with its place there where the server told it (COPYUID). "": it has gone,
    nobody knows where."""

    id: int
    folder: str
    uidvalidity: int | None = None
    uid: int | None = None


_UNFILED = """
SELECT id, verdict, folder, uidvalidity, uid, folder_uidvalidity, folder_uid, message_id, size, received_at FROM mails
WHERE mailbox = ? AND id > ? AND filed_at IS NULL AND verdict <> '' AND (folder <> '' OR uidvalidity = ?)
ORDER BY id LIMIT ?
"""


def unfiled(session: Session, mailbox: str, uidvalidity: int, after: int = 0, limit: int = 1000) -> list[Unfiled]:
    """Decided mails, by ids above ``after``, that still lie where they were: in the watched folder as long as it has
    ``uidvalidity``, or in one of ours where a release found them.
    """
    return [_unfiled(row, uidvalidity) for row in session.all(_UNFILED, mailbox, after, uidvalidity, limit)]


def _unfiled(row: Row, watched: int) -> Unfiled:
    id_, verdict, lies_in, uidvalidity, uid, folder_uidvalidity, folder_uid, message_id, size, received_at = row
    if not lies_in:
        arrived = moment(received_at)
        return Unfiled(id_, folder_of(verdict), "", uidvalidity, uid, message_id, size=size, arrived=arrived)
    watched_uid = uid if uidvalidity == watched and not folder_uid else None
    return Unfiled(id_, folder_of(verdict), lies_in, folder_uidvalidity, folder_uid, message_id, watched_uid)


def filed(session: Session, moved: Iterable[Filed], now: datetime) -> None:
    """Note where mails lie now. They are not moved again, but for those that have lost or changed their verdict since:
    these are moved on from there."""
    mails = list(moved)
    verdicts = _verdicts(session, [mail.id for mail in mails])

    def settled(mail: Filed) -> bool:
        verdict = verdicts[mail.id]
        return not mail.folder or (verdict != "" and folder_of(verdict) == mail.folder)

    session.many(
        "UPDATE mails SET filed_at = ?, folder = ?, folder_uidvalidity = ?, folder_uid = ? WHERE id = ?",
        [
            (micros(now) if settled(mail) else None, mail.folder, mail.uidvalidity, mail.uid, mail.id)
            for mail in mails
            if mail.id in verdicts
        ],
    )


def _verdicts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for some in in_slices(ids, IN_LIST):
        found.update(dict(session.all(f"SELECT id, verdict FROM mails WHERE id IN ({marks(some)})", *some)))
    return found


def forget_places(session: Session, mailbox: str, uidvalidity: int, now: datetime) -> int:
    """A new UIDVALIDITY of the watched folder: decided rows of an older one have nothing left to move; returns how
    many."""
    return session.run(
        "UPDATE mails SET filed_at = ? WHERE mailbox = ? AND filed_at IS NULL AND verdict <> '' AND folder = ''"
        " AND uidvalidity <> ?",
        micros(now),
        mailbox,
        uidvalidity,
    )
