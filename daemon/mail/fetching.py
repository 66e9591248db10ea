"""Fetching mails from IMAP: small ones many at a time, large ones in pieces into a file, of oversized ones the headers.

A mail is passed on only once its octets are here. One that another client has removed meanwhile is left out, never
taken for an empty mail; one that is still there, but of which the server sends nothing, is a fault.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daemon.files import made
from daemon.log import log
from daemon.mail.imap import Imap
from daemon.mail.imap_faults import ImapError
from daemon.slices import in_slices
from daemon.store import Fetched

STREAM_OVER = 256 * 1024
"""Mails over this many octets go to a file, in pieces of this size."""
PIECE = 512 * 1024
ANNOUNCE_AT_ONCE = 500
BATCH_MAILS = 50
BATCH_OCTETS = 4 * 1024 * 1024
HEADERS_AT_MOST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Announced:
    """What the server says of a mail before it is fetched: RFC822.SIZE in octets (some servers estimate it)."""

    uid: int
    size: int
    internaldate: datetime


def announce(imap: Imap, uids: Sequence[int]) -> list[Announced]:
    """Size and arrival of those of ``uids`` that are still there, ascending."""
    found: list[Announced] = []
    for some in in_slices(uids, ANNOUNCE_AT_ONCE):
        answers = _fetch(imap, some, ["RFC822.SIZE", "INTERNALDATE"])
        found += [
            Announced(uid, int(answer[b"RFC822.SIZE"]), _utc(answer.get(b"INTERNALDATE")))
            for uid, answer in answers.items()
            if uid in some and b"RFC822.SIZE" in answer
        ]
    _must_have_gone(imap, set(uids).difference(mail.uid for mail in found))
    return sorted(found, key=lambda each: each.uid)


def batches(mails: Iterable[Announced]) -> Iterator[list[Announced]]:
    """Mails in batches of at most :data:`BATCH_MAILS`, and of :data:`BATCH_OCTETS` in memory."""
    batch: list[Announced] = []
    octets = 0
    for mail in mails:
        weight = mail.size if mail.size <= STREAM_OVER else PIECE
        if batch and (len(batch) == BATCH_MAILS or octets + weight > BATCH_OCTETS):
            yield batch
            batch, octets = [], 0
        batch.append(mail)
        octets += weight
    if batch:
        yield batch


@contextmanager
def fetched(imap: Imap, mails: Sequence[Announced], spool: Path, largest: int) -> Iterator[list[Fetched]]:
    """One batch: mails of up to ``largest`` octets whole, of larger ones the headers; those that have gone are left
    out.

    Large mails are in files under ``spool`` until the block ends, however it ends.
    """
    found: list[Fetched] = []
    try:
        small = _whole(imap, [mail for mail in mails if mail.size <= min(STREAM_OVER, largest)])
        for mail in mails:
            if one := small.get(mail.uid) or _alone(imap, mail, spool, largest):
                found.append(one)  # noqa: PERF401 - those before one that fails are to be removed too
        yield found
    finally:
        for path in (one.octets for one in found if isinstance(one.octets, Path)):
            path.unlink(missing_ok=True)


def _alone(imap: Imap, mail: Announced, spool: Path, largest: int) -> Fetched | None:
    if mail.size > largest:
        found = _headers(imap, mail)
    elif mail.size > STREAM_OVER:
        found = _streamed(imap, mail, spool)
    else:
        found = _again(imap, mail)
    if found is None:
        _must_have_gone(imap, [mail.uid])
    return found


def _must_have_gone(imap: Imap, uids: Iterable[int]) -> None:
    """The server sent nothing of these. ImapError if one is still there: left out, it would never be noticed."""
    for uid in uids:
        if imap.holds(uid):
            raise ImapError("transient", f"fetch UID {uid}", "the server has this mail, and gives nothing of it")


def _whole(imap: Imap, mails: Sequence[Announced]) -> dict[int, Fetched]:
    """Those mails whose octets came and are as many as announced."""
    answers = _fetch(imap, [mail.uid for mail in mails], ["BODY.PEEK[]"], sum(mail.size for mail in mails))
    found = {}
    for mail in mails:
        raw = answers.get(mail.uid, {}).get(b"BODY[]")
        if raw and len(raw) == mail.size:
            found[mail.uid] = Fetched(mail.uid, mail.size, mail.internaldate, raw)
    return found


def _again(imap: Imap, mail: Announced) -> Fetched | None:
    """A mail whose length differed from its announcement: the same octets twice are accepted, and logged.

    Nothing, or an empty body, is no mail.
    """
    first, second = (_body(imap, mail) for _ in range(2))
    if not first or not second:
        return None
    if len(second) != mail.size and first != second:
        raise ImapError("transient", f"fetch {mail.uid}", "the server gave different octets each time")
    _log_other_size(mail, len(second))
    return Fetched(mail.uid, mail.size, mail.internaldate, second)


def _log_other_size(mail: Announced, octets: int) -> None:
    if octets != mail.size:
        log.warning("size differs", uid=mail.uid, announced=mail.size, octets=octets)


def _body(imap: Imap, mail: Announced) -> bytes | None:
    return _fetch(imap, [mail.uid], ["BODY.PEEK[]"], mail.size).get(mail.uid, {}).get(b"BODY[]")


def _headers(imap: Imap, mail: Announced) -> Fetched | None:
    item = f"BODY.PEEK[HEADER]<0.{HEADERS_AT_MOST}>"
    raw = _fetch(imap, [mail.uid], [item], HEADERS_AT_MOST).get(mail.uid, {}).get(b"BODY[HEADER]<0>")
    return Fetched(mail.uid, mail.size, mail.internaldate, raw, too_large=True) if raw else None


def _streamed(imap: Imap, mail: Announced, spool: Path) -> Fetched | None:
    """A large mail in a file. Where its length differs from the announcement it is fetched once more."""
    lengths = []
    for _ in range(2):
        path = _to_file(imap, mail, spool)
        if path is None:
            return None
        lengths.append(path.stat().st_size)
        if lengths[-1] == mail.size or lengths == [lengths[-1]] * 2:
            _log_other_size(mail, lengths[-1])
            return Fetched(mail.uid, mail.size, mail.internaldate, path)
        path.unlink()
    raise ImapError("transient", f"fetch {mail.uid}", f"the server gave {lengths[0]} octets, then {lengths[1]}")


def _to_file(imap: Imap, mail: Announced, spool: Path) -> Path | None:
    descriptor, name = tempfile.mkstemp(prefix="mail-", suffix=".part", dir=made(spool))
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in _pieces(imap, mail.uid):
                file.write(piece)
        if path.stat().st_size:
            return path
    except BaseException:
        path.unlink()
        raise
    path.unlink()
    return None


def _pieces(imap: Imap, uid: int) -> Iterator[bytes]:
    offset = 0
    while True:
        item = f"BODY.PEEK[]<{offset}.{PIECE}>"
        piece = _fetch(imap, [uid], [item], PIECE).get(uid, {}).get(b"BODY[]<%d>" % offset)
        if piece:
            yield piece
        if not piece or len(piece) < PIECE:
            return
        offset += len(piece)


def _fetch(imap: Imap, uids: Sequence[int], items: list[str], octets: int = 0) -> Mapping[int, Mapping[bytes, Any]]:
    if not uids:
        return {}
    try:
        with imap.bounded("fetch" if len(uids) > 1 else f"fetch UID {uids[0]}", octets=octets):
            answers: Mapping[int, Mapping[bytes, Any]] = imap.client.fetch(list(uids), items)
            return answers
    except ImapError as fault:
        if not fault.alive:
            raise
        return _one_by_one(imap, uids, items, octets)


def _one_by_one(imap: Imap, uids: Sequence[int], items: list[str], octets: int) -> dict[int, Mapping[bytes, Any]]:
    """Repeat a refused FETCH mail by mail: some servers refuse it because one of its mails has gone."""
    if len(uids) == 1:
        return {}
    found: dict[int, Mapping[bytes, Any]] = {}
    for uid in uids:
        found.update(_fetch(imap, [uid], items, octets))
    return found


def _utc(moment: datetime | None) -> datetime:
    """INTERNALDATE in UTC; the present time if the server gives none, for that is when we saw the mail."""
    return moment.astimezone(UTC) if moment is not None else datetime.now(UTC)
