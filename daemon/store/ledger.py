"""The ledger: one row for every mail seen, with its raw bytes, its current verdict and the folder it lies in.

A row goes `seen` (no verdict) → decided → filed. Released and retried mails go back to no verdict; what they had is
kept as an earlier try.
"""

# ruff: noqa: S608 - statements are put together from our own literals alone; values are always parameters

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from daemon.files import Files
from daemon.store.dialect import Row, Session, marks
from daemon.store.rows import at, key, when
from rules.decision import FOLDER_OF, SetAside, Verdict
from rules.ticket import micros, moment

IN_ROW = 256 * 1024
"""Raw mails up to this many octets lie in the database, larger ones among the files."""


class Fetched(Protocol):
    """A mail as daemon/mail/fetching.py hands it over: its octets in ``raw`` or in the file ``path``."""

    @property
    def uid(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def internaldate(self) -> datetime: ...
    @property
    def raw(self) -> bytes | None: ...
    @property
    def path(self) -> Path | None: ...
    @property
    def too_large(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail taken into the ledger. Its octets are ``raw``, or those of the file ``path``.

    ``verdict`` "" asks for a decision; any other mail was decided before and only wants its move. ``attempts`` counts
    this one; ``attempts_alone`` those that no other mail shared. ``too_large``: the octets are its headers only.
    ``received_at`` is INTERNALDATE, or the time of its release: clocks count from it.
    """

    id: int
    uid: int
    raw: bytes | None
    path: Path | None
    size: int
    received_at: datetime
    verdict: Verdict | str = ""
    attempts: int = 1
    attempts_alone: int = 0
    too_large: bool = False
    released: bool = False

    @property
    def unfinished(self) -> bool:
        """An earlier attempt did not come to its end: treat it alone (:func:`take_alone`)."""
        return not self.verdict and self.attempts > 1


@dataclass(frozen=True, slots=True)
class Unfiled:
    """A decided mail that still lies where it was. ``folder`` is an attribute of rules.desk.Folders; ``lies_in`` the
    one it lies in now ("" for the watched folder), there under ``uid`` (None where the server did not tell).
    """

    id: int
    folder: str
    lies_in: str
    uidvalidity: int | None
    uid: int | None
    message_id: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A mail that was moved, with its place in the new folder where the server told it (COPYUID)."""

    id: int
    uidvalidity: int | None = None
    uid: int | None = None


def folder_of(verdict: str) -> str:
    """The attribute of rules.desk.Folders that a mail with this verdict is filed under."""
    if verdict == "too_large":
        return "untreated"
    return {str(name): folder for name, folder in FOLDER_OF.items()}.get(verdict, "done")


# -- taking mails in

_TAKE = """
INSERT INTO mails (mailbox, uidvalidity, uid, message_id, digest, copy_key, verdict, why, number, sender, subject,
  received_at, size, headers_only, raw_digest, attempts, attempts_alone, taken_at, folder, detail)
VALUES (?, ?, ?, '', '', NULL, '', '', '', '', '', ?, ?, ?, ?, 1, ?, ?, '', '')
ON CONFLICT (mailbox, uidvalidity, uid) DO UPDATE SET
  attempts = mails.attempts + CASE WHEN mails.verdict = '' THEN ? ELSE 0 END,
  attempts_alone = mails.attempts_alone + CASE WHEN mails.verdict = '' THEN ? ELSE 0 END
RETURNING id, verdict, attempts, attempts_alone, released_at, why
"""


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

    ``again``: a transaction that is done once more, perhaps because only the answer to its COMMIT was lost; no attempt
    is counted on rows that are there.
    """
    alone = int(len(fetched) == 1)
    counted = (0, 0) if again else (1, alone)
    return [_take_one(session, files, mailbox, uidvalidity, mail, alone, counted, now) for mail in fetched]


def _take_one(
    session: Session,
    files: Files,
    mailbox: str,
    uidvalidity: int,
    mail: Fetched,
    alone: int,
    counted: tuple[int, int],
    now: datetime,
) -> Seen:
    digest = hashlib.sha256(mail.raw).hexdigest() if mail.raw is not None else ""
    received, size = micros(mail.internaldate), mail.size
    row = session.one(
        _TAKE, mailbox, uidvalidity, mail.uid, received, size, int(mail.too_large), digest, alone, micros(now), *counted
    )
    assert row
    id_, verdict, attempts, attempts_alone, released_at, why = row
    if not verdict:
        _keep_raw(session, files, id_, mail)
    received_at = moment(released_at) if released_at else mail.internaldate
    return Seen(
        id_, mail.uid, mail.raw, mail.path, size, received_at, verdict, attempts, attempts_alone, mail.too_large,
        why == RELEASED,
    )  # fmt: skip


def _keep_raw(session: Session, files: Files, mail_id: int, mail: Fetched) -> None:
    """The octets just fetched, small ones as a row, large ones as a file that is there before COMMIT."""
    if mail.raw is not None and len(mail.raw) <= IN_ROW:
        session.run("INSERT INTO mail_raws (mail_id, raw) VALUES (?, ?) ON CONFLICT DO NOTHING", mail_id, mail.raw)
        return
    if mail.path is None and mail.raw is None:
        raise ValueError("a fetched mail has neither octets nor a file")
    digest = files.keep(mail.raw) if mail.raw is not None else files.keep_file(mail.path)  # type: ignore[arg-type]
    session.run("UPDATE mails SET raw_digest = ? WHERE id = ?", digest, mail_id)


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
  SELECT id FROM mails WHERE mailbox = ? AND filed_at IS NULL AND verdict = '' ORDER BY id LIMIT ?
) RETURNING id, uid, size, received_at, attempts, attempts_alone, headers_only, released_at, raw_digest, why
"""


ANY_WAITING = "SELECT 1 FROM mails WHERE mailbox = ? AND filed_at IS NULL AND verdict = '' LIMIT 1"


def waiting(session: Session, files: Files, mailbox: str, limit: int) -> list[Seen]:
    """Mails that have a row but no verdict, and count an attempt: released, retried, left by a process that died."""
    rows = sorted(session.all(_WAITING, mailbox, limit))
    return [_seen(session, files, row) for row in rows]


def _seen(session: Session, files: Files, row: Row) -> Seen:
    id_, uid, size, received_at, attempts, alone, headers_only, released_at, digest, why = row
    raw, path = raw_of(session, files, id_, digest)
    received = moment(released_at or received_at)
    return Seen(id_, uid, raw, path, size, received, "", attempts, alone, bool(headers_only), why == RELEASED)


def raw_of(session: Session, files: Files, mail_id: int, digest: str) -> tuple[bytes | None, Path | None]:
    """The octets of a mail, or the file that holds them; (None, None) after retention or erasure dropped them."""
    if row := session.one("SELECT raw FROM mail_raws WHERE mail_id = ?", mail_id):
        return bytes(row[0]), None
    return None, files.path(digest) if digest and files.has(digest) else None


def whole_raw(session: Session, files: Files, mail_id: int) -> bytes:
    """The octets of a mail; KeyError where there is no such mail, or its octets were dropped."""
    row = session.one("SELECT raw_digest FROM mails WHERE id = ?", mail_id)
    raw, path = raw_of(session, files, mail_id, row[0]) if row else (None, None)
    if raw is None and path is None:
        raise KeyError(mail_id)
    return raw if raw is not None else path.read_bytes()  # type: ignore[union-attr]


# -- filing away

_UNFILED = """
SELECT id, verdict, folder, uidvalidity, uid, folder_uidvalidity, folder_uid, message_id FROM mails
WHERE mailbox = ? AND filed_at IS NULL AND verdict <> '' AND (folder <> '' OR uidvalidity = ?) ORDER BY id LIMIT ?
"""


def unfiled(session: Session, mailbox: str, uidvalidity: int, limit: int) -> list[Unfiled]:
    """Decided mails that still lie where they were: in the watched folder as long as it has ``uidvalidity``, or in one
    of ours where a release found them.
    """
    return [_unfiled(row) for row in session.all(_UNFILED, mailbox, uidvalidity, limit)]


def _unfiled(row: Row) -> Unfiled:
    id_, verdict, lies_in, uidvalidity, uid, folder_uidvalidity, folder_uid, message_id = row
    place = (folder_uidvalidity, folder_uid) if lies_in else (uidvalidity, uid)
    return Unfiled(id_, folder_of(verdict), lies_in, *place, message_id)


def filed(session: Session, moved: Iterable[Filed], now: datetime) -> None:
    """Note where mails lie now; they are not moved again."""
    mails = list(moved)
    verdicts = _verdicts(session, [mail.id for mail in mails])
    session.many(
        "UPDATE mails SET filed_at = ?, folder = ?, folder_uidvalidity = ?, folder_uid = ? WHERE id = ?",
        [
            (micros(now), folder_of(verdicts[mail.id]), mail.uidvalidity, mail.uid, mail.id)
            for mail in mails
            if verdicts.get(mail.id)
        ],
    )


def _verdicts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        found.update(dict(session.all(f"SELECT id, verdict FROM mails WHERE id IN ({marks(some)})", *some)))
    return found


def forget_places(session: Session, mailbox: str, uidvalidity: int, now: datetime) -> int:
    """The watched folder has a new UIDVALIDITY: decided rows of an older one have nothing left to move."""
    return session.run(
        "UPDATE mails SET filed_at = ? WHERE mailbox = ? AND filed_at IS NULL AND verdict <> '' AND folder = ''"
        " AND uidvalidity <> ?",
        micros(now),
        mailbox,
        uidvalidity,
    )


def undecided_uids(session: Session, mailbox: str, uidvalidity: int) -> frozenset[int]:
    """UIDs of the watched folder whose row has no verdict yet."""
    rows = session.all(
        "SELECT uid FROM mails WHERE mailbox = ? AND filed_at IS NULL AND verdict = '' AND uidvalidity = ?",
        mailbox,
        uidvalidity,
    )
    return frozenset(uid for (uid,) in rows)


# -- back to no verdict

_KEEP_TRY = """
INSERT INTO mail_tries (mail_id, verdict, why, number, decided_at, attempts, detail)
SELECT id, verdict, why, number, COALESCE(decided_at, taken_at), attempts, detail FROM mails WHERE id = ?
"""
_BACK = """
UPDATE mails SET verdict = '', why = ?, number = '', decided_at = NULL, filed_at = NULL, held_until = NULL,
  attempts = 0, attempts_alone = 0, released_at = ?, detail = '' WHERE id = ?
"""
RELEASED, RETRIED = "released", "retried"
"""Why a mail has lost its verdict: let pass whatever held it back, or to be judged once more."""


def keep_try(session: Session, mail_id: int) -> None:
    """Keep the verdict that a mail is about to lose."""
    session.run(_KEEP_TRY, mail_id)


def set_back(
    session: Session, mail_ids: Iterable[int], verdicts: Sequence[str], now: datetime, why: str = RELEASED
) -> list[int]:
    """Mails with one of ``verdicts`` lose it, so that they are treated again; the ids of those that did.

    ``why``: RELEASED mails pass what held them back, RETRIED ones are judged as if they came now.
    """
    ids = list(mail_ids)
    rows = session.all(
        f"SELECT id FROM mails WHERE id IN ({marks(ids)}) AND verdict IN ({marks(verdicts)}) ORDER BY id{session.lock}",
        *ids,
        *verdicts,
    )
    for (id_,) in rows:
        keep_try(session, id_)
        session.run(_BACK, why, micros(now), id_)
    return [id_ for (id_,) in rows]


def release_senders(session: Session, senders: Sequence[str], now: datetime) -> list[int]:
    """Held mails of these senders are treated now."""
    rows = session.all(
        f"SELECT id FROM mails WHERE verdict = 'held' AND sender IN ({marks(senders)})",
        *(sender.lower() for sender in senders),
    )
    return set_back(session, (id_ for (id_,) in rows), ("held",), now)


def held_of(session: Session, sender: str) -> int:
    """How many mails of this sender are held."""
    row = session.one("SELECT COUNT(*) FROM mails WHERE verdict = 'held' AND sender = ?", key(sender.lower()))
    return int(row[0]) if row else 0


def release_due(session: Session, now: datetime, limit: int = 500) -> list[int]:
    """Rate-held mails whose time has come are treated now."""
    rows = session.all("SELECT id FROM mails WHERE held_until <= ? ORDER BY held_until, id LIMIT ?", micros(now), limit)
    return set_back(session, (id_ for (id_,) in rows), ("held",), now)


# -- mails set aside, and what an admin decides about them


def set_aside(session: Session, mail_id: int) -> SetAside | None:
    """The mail ``mail_id`` as a letter tells it; None where there is no such mail."""
    row = session.one(f"{_SET_ASIDE} WHERE id = ?", mail_id)
    return _set_aside(row) if row else None


def quarantined(session: Session, limit: int) -> tuple[list[SetAside], int]:
    """The mails in quarantine, oldest first, and how many there are in all."""
    rows = session.all(f"{_SET_ASIDE} WHERE verdict = 'quarantined' ORDER BY id LIMIT ?", limit)
    total = session.one("SELECT COUNT(*) FROM mails WHERE verdict = 'quarantined'")
    assert total
    return [_set_aside(row) for row in rows], int(total[0])


def quarantined_since(session: Session, since: datetime | None) -> dict[str, int]:
    """How many mails were quarantined since a time, by reason."""
    rows = session.all(
        "SELECT why, COUNT(*) FROM mails WHERE verdict = 'quarantined' AND decided_at > ? GROUP BY why", at(since) or 0
    )
    return dict(rows)


_SET_ASIDE = "SELECT id, mailbox, verdict, why, sender, subject, received_at, size FROM mails"


def _set_aside(row: Row) -> SetAside:
    id_, mailbox, verdict, why, sender, subject, received_at, size = row
    return SetAside(id_, mailbox, verdict, why, sender, subject, moment(received_at), size)


_DISCARD = """
UPDATE mails SET verdict = 'untreated', why = ?, decided_at = ?, filed_at = NULL
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
        session.run(_DISCARD, "blocked" if verb == "block" else "discarded", micros(now), id_)


def _of_same_sender(session: Session, mail_id: int) -> list[int]:
    rows = session.all(
        "SELECT id FROM mails WHERE verdict = 'quarantined' AND sender = (SELECT sender FROM mails WHERE id = ?)",
        mail_id,
    )
    return [id_ for (id_,) in rows]


_AGAIN = {"retry": RETRIED, "release": RELEASED}


# -- copies


def copies(
    session: Session, mailbox: str, key: bytes, since: datetime | None, but: int
) -> list[tuple[str, datetime | None]]:
    """Digest and time of the mails treated in this mailbox under the copy key ``key``, other than row ``but``."""
    rows = session.all(
        "SELECT digest, decided_at FROM mails WHERE mailbox = ? AND copy_key = ? AND id <> ? AND verdict <> ''"
        " AND received_at >= ? LIMIT 20",
        mailbox,
        key,
        but,
        at(since) or 0,
    )
    return [(digest, when(decided)) for digest, decided in rows]
