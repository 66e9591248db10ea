"""Files that nothing names any more: listed in the transaction that takes a name away, removed after it.

Whoever names a file holds it first (:func:`hold`), so that nobody removes what another transaction is taking up again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from daemon.files import Files
from daemon.store.dialect import Session
from daemon.store.errors import FilesGone


def hold(session: Session, files: Files, kept: Iterable[str] = ()) -> None:
    """No file is removed until this transaction ends: it may name some. FilesGone where one of ``kept``, which were
    before it began, has been removed since."""
    session.dialect.hold_files(session, alone=False)
    if gone := [digest for digest in kept if not files.has(digest)]:
        raise FilesGone(f"{len(gone)} files of a mail were removed while it was read")


def unname(session: Session, digests: Iterable[str]) -> None:
    """Put these files on the list: something that named them no longer does."""
    session.many(
        "INSERT INTO unnamed_files (digest) VALUES (?) ON CONFLICT DO NOTHING", [(each,) for each in set(digests)]
    )


_NAMED: tuple[tuple[str, str, Callable[[str], Iterable[str]]], ...] = (
    ("mails", "SELECT id, raw_digest FROM mails WHERE raw_digest <> '' AND id > ?", lambda text: (text,)),
    ("events", "SELECT id, attachments FROM events WHERE attachments <> '' AND id > ?",
     lambda text: [each[3] for each in json.loads(text)]),
    ("outbox", "SELECT id, attachments FROM outbox WHERE attachments <> '[]' AND id > ?",
     lambda text: [digest for _, digest in json.loads(text)]),
)  # fmt: skip
"""Every place that names files: table, what to read of it, the digests in a cell."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Files on the list, those of them that nothing names as far as is known, and the last row of each table when they
    were listed: whatever names files in a row up to it has been committed."""

    listed: frozenset[str]
    unnamed: frozenset[str]
    last: Mapping[str, int]


def listed(session: Session) -> Leftovers:
    """The files on the list; nothing else names any while this transaction lasts."""
    session.dialect.hold_files(session, alone=True)
    digests = frozenset(session.column("SELECT digest FROM unnamed_files"))
    last = {table: session.value(f"SELECT MAX(id) FROM {table}") or 0 for table, *_ in _NAMED}
    return Leftovers(digests, digests, last)


def leftovers(session: Session, found: Leftovers) -> Leftovers:
    """The files on the list that nothing names. Reads whole tables; locks nothing."""
    return replace(found, unnamed=_still_unnamed(session, found.unnamed, {}))


def remove(session: Session, files: Files, found: Leftovers) -> int:
    """Remove them, unless a newer row names one; returns how many. Nothing else names any meanwhile."""
    session.dialect.hold_files(session, alone=True)
    unnamed = _still_unnamed(session, found.unnamed, found.last)
    for digest in unnamed:
        files.drop(digest)
    session.many("DELETE FROM unnamed_files WHERE digest = ?", [(digest,) for digest in found.listed])
    return len(unnamed)


def _still_unnamed(session: Session, digests: frozenset[str], after: Mapping[str, int]) -> frozenset[str]:
    """Those that no row names with an id above that ``after`` which is its table's."""
    wanted = set(digests)
    for table, sql, named in _NAMED:
        for _, cell in session.stream(sql, after.get(table, 0)) if wanted else ():
            wanted.difference_update(named(cell))
    return frozenset(wanted)
