"""Kept files that no row names any more: marked in the transaction that drops the rows, removed after its COMMIT.

Between the two a crash leaves the mark, and the next sweep does the rest.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from daemon.store.dialect import Session
from daemon.store.files import Files

_MARK = "unnamed "

_NAMED = (
    ("SELECT attachments FROM events WHERE attachments <> ''", 3),
    ("SELECT attachments FROM outbox WHERE attachments <> '[]'", 1),
)


def mark(session: Session, digests: Collection[str]) -> None:
    """Note that these files may no longer be named by any row."""
    session.many(
        "INSERT INTO meta (name, value) VALUES (?, '') ON CONFLICT DO NOTHING",
        [(_MARK + digest,) for digest in sorted(set(digests))],
    )


def sweep(session: Session, files: Files) -> int:
    """Remove the marked files that no row names, and every mark; how many files went."""
    rows = session.all("SELECT name FROM meta WHERE name >= ? AND name < ?", _MARK, _MARK + "g")
    gone = unreferenced(session, {name.removeprefix(_MARK) for (name,) in rows})
    for digest in gone:
        files.drop(digest)
    for (name,) in rows:
        session.run("DELETE FROM meta WHERE name = ?", name)
    return len(gone)


def unreferenced(session: Session, digests: Collection[str]) -> set[str]:
    """Those of ``digests`` that no mail, no journal and no letter names any more: one pass over the tables."""
    left = set(digests)
    if not left:
        return left
    for sql, column in _NAMED:
        for (stored,) in session.stream(sql):
            left.difference_update(attachment[column] for attachment in json.loads(stored))
    for (digest,) in session.stream("SELECT raw_digest FROM mails WHERE raw_digest <> ''"):
        left.discard(digest)
    return left
