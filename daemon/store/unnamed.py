"""Files that nothing names any more: listed in the transaction that takes a name away, removed after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from daemon.files import Files
from daemon.store.dialect import Session


def unname(session: Session, digests: Iterable[str]) -> None:
    """Something that named these files no longer does: they are to be looked at."""
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
    """Files on the list, those of them that nothing names, and up to which row each table was looked through."""

    listed: frozenset[str]
    unnamed: frozenset[str]
    seen: Mapping[str, int]


def leftovers(session: Session) -> Leftovers:
    """The files on the list that nothing names. Reads whole tables; locks nothing."""
    listed = frozenset(digest for (digest,) in session.all("SELECT digest FROM unnamed_files"))
    unnamed, seen = _still_unnamed(session, listed, {})
    return Leftovers(listed, unnamed, seen)


def remove(session: Session, files: Files, found: Leftovers) -> int:
    """Remove them, unless a row that has come since names one; how many. Nothing writes meanwhile."""
    unnamed, _ = _still_unnamed(session, found.unnamed, found.seen)
    for digest in unnamed:
        files.drop(digest)
    session.many("DELETE FROM unnamed_files WHERE digest = ?", [(digest,) for digest in found.listed])
    return len(unnamed)


def _still_unnamed(
    session: Session, digests: frozenset[str], seen: Mapping[str, int]
) -> tuple[frozenset[str], dict[str, int]]:
    wanted, reached = set(digests), dict(seen)
    for table, sql, named in _NAMED:
        for id_, cell in session.stream(sql, seen.get(table, 0)) if wanted else ():
            reached[table] = max(reached.get(table, 0), id_)
            wanted.difference_update(named(cell))
    return frozenset(wanted), reached
