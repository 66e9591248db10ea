"""What is dropped for good: the octets of mails and letters, and words out of a journal.

Journals are rewritten here and nowhere else; each rewritten ticket gets one more event that says so, so that no daemon
goes on with what it remembers of it. Files are removed after the transaction (daemon/store/unnamed.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from daemon.slices import in_slices
from daemon.store import notes
from daemon.store.context import Cause, Writing
from daemon.store.dialect import IN_LIST, Session, marks
from daemon.store.journals import write_events
from daemon.store.rows import event_row, key
from daemon.store.tickets import journal
from daemon.store.unnamed import unname
from rules.desk import Desk
from rules.ticket import Event, fold


def _unwiped(session: Session, dropped: Sequence[object]) -> None:
    """What was dropped is to be wiped from the database's octets, whoever does it."""
    if dropped:
        notes.put(session, notes.UNWIPED, "1")


def drop_raws(session: Session, ids: Sequence[int]) -> None:
    """The octets of these mails."""
    _unwiped(session, ids)
    for some in in_slices(ids, IN_LIST):
        kept = f"SELECT raw_digest FROM mails WHERE id IN ({marks(some)}) AND raw_digest <> ''"
        unname(session, session.column(kept, *some))
        session.run(f"DELETE FROM mail_raws WHERE mail_id IN ({marks(some)})", *some)
        session.run(f"UPDATE mails SET raw_digest = '' WHERE id IN ({marks(some)})", *some)


def drop_bytes(session: Session, ids: Sequence[int]) -> None:
    """The bytes of these letters; where they went and what became of them stays."""
    _unwiped(session, ids)
    stored = session.column(f"SELECT attachments FROM outbox WHERE id IN ({marks(ids)}) AND attachments <> '[]'", *ids)
    unname(session, (digest for each in stored for _, digest in json.loads(each)))
    session.run(f"UPDATE outbox SET head = NULL, tail = NULL, attachments = '[]' WHERE id IN ({marks(ids)})", *ids)


def drop_letters(session: Session, ids: Sequence[int], pseudonym: str, addresses: Iterable[str]) -> None:
    """The bytes of letters; one that still waits is never sent. Recipients become the pseudonym."""
    for some in in_slices(ids, IN_LIST):
        session.run(
            "UPDATE deliveries SET status = 'erased', next_at = NULL, reply = ''"
            f" WHERE next_at IS NOT NULL AND id IN ({marks(some)})",
            *some,
        )
        session.run(f"UPDATE deliveries SET reply = '' WHERE id IN ({marks(some)})", *some)
        drop_bytes(session, some)
    for address in addresses:
        session.run("UPDATE outbox SET recipient = ? WHERE recipient = ?", pseudonym, key(address))


def rewrite(tx: Writing, number: str, change: Callable[[Event], Event], desk: Desk, now: datetime) -> None:
    """Every event of a ticket through ``change``, its words taken out of the index, one more event at the end."""
    _unwiped(tx.session, [number])
    session, before = tx.session, tx.tickets.get(number)
    assert before is not None
    events = [change(event) for event in journal(session, number)]
    for seq, event in enumerate(events, 1):
        row = event_row(event, seq, None)
        session.run(
            "UPDATE events SET actor = ?, text = ?, changes = ?, attachments = ? WHERE number = ? AND seq = ?",
            row[4], row[6], row[8], row[9], number, seq,
        )  # fmt: skip
    _index_again(session, number)
    folded = fold(events)
    assert folded is not None and folded.version == before.version
    tx.tickets.put(folded)
    write_events(tx, Cause(), (Event(number, "erased", now),), desk, now)


def _index_again(session: Session, number: str) -> None:
    ids = session.column("SELECT id FROM events WHERE number = ?", number)
    for some in in_slices(ids, IN_LIST):
        session.run(f"DELETE FROM words WHERE rowid IN ({marks(some)})", *some)
    session.many("INSERT INTO unindexed (event_id) VALUES (?) ON CONFLICT DO NOTHING", [(id_,) for id_ in ids])
