"""The books balance; and each kind of damage is found by the check that is meant for it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.store import Cause, Filed, Store
from daemon.store.audit import FolderContents, Lying
from daemon.store.errors import Unavailable
from daemon.store.raws import IN_ROW
from rules.decision import Decision
from rules.letters import Letter
from rules.ticket import Event
from tests.store.desk import ANA, DESK, NOW, Clock, attachment, change, compose, mail, open_ticket, take

FILE = b"a picture" * 100


@pytest.fixture
def books(store: Store) -> Store:
    """A desk with a bit of everything."""
    number = open_ticket(store, 1, letters=lambda ticket: (Letter("confirmation", (ANA,), ticket),))
    open_ticket(store, 2, "W")
    store.files.keep(FILE)
    event = Event(number, "replied", NOW, ANA, "más", attachments=(attachment(FILE),))
    seen = take(store, 3, raw=b"z" * (IN_ROW + 1))
    with store.write() as tx:
        tx.apply(Cause(seen.id, mail(3)), Decision("threaded", events=(event,)), compose, DESK, NOW)
    change(store, number, "resolved", state="resolved", resolved_at=NOW, round=1, running=((NOW, NOW),))
    assert len(store.claim("a", NOW, timedelta(minutes=1), 10)) == 1
    store.filed("apertura", [Filed(1, "done", 7, 11), Filed(2, "done", 7, 12), Filed(3, "done")])
    return store


def lying(*uids: int, uidvalidity: int = 7) -> FolderContents:
    return {"apertura": {"done": Lying(uidvalidity, frozenset(uids))}}


THERE = lying(11, 12, 13)
"""Where the mails were filed; of the third the server did not tell the place."""


def test_a_desk_in_order_has_no_findings(books: Store, clock: Clock) -> None:
    ticks: list[str] = []
    assert books.audit(DESK, THERE, lambda check, rows: ticks.append(check)) == []
    assert ticks == [
        "database", "references", "verdicts", "openings", "copies", "raw mails", "journals", "numbers", "letters",
        "attachments", "folders",
    ]  # fmt: skip
    clock.turn(days=400)
    assert books.audit(DESK) == []


def damage(sql: str) -> Callable[[Store], None]:
    def inflict(store: Store) -> None:
        with store.write() as tx:
            for statement in sql.split(";"):
                tx.session.run(statement)

    return inflict


def lose_file(store: Store) -> None:
    store.files.drop(attachment(FILE).digest)


def spoil_file(store: Store) -> None:
    store.files.path(attachment(FILE).digest).write_bytes(b"other")


def spoil_raw_file(store: Store) -> None:
    for digest in store.files.digests():
        if store.files.path(digest).stat().st_size > IN_ROW:
            store.files.path(digest).write_bytes(b"other")


def leave_undecided(store: Store) -> None:
    take(store, 99)
    store.clock.turn(hours=1)


@pytest.mark.parametrize(
    ("check", "inflict", "detail"),
    [
        ("verdicts", leave_undecided, "no verdict"),
        ("copies", damage("UPDATE mails SET verdict = 'duplicate' WHERE id = 3"), "no other mail is its original"),
        ("verdicts", damage("UPDATE mails SET verdict = 'lost' WHERE id = 3"), "'lost' is no verdict"),
        ("verdicts", damage("UPDATE mails SET decided_at = NULL WHERE id = 3"), "at no time"),
        ("openings", damage("UPDATE mails SET number = 'I171009_000009' WHERE id = 1"), "does not begin with it"),
        ("raw mails", damage(f"UPDATE mails SET raw_digest = '{'0' * 64}' WHERE id = 1"), "do not match"),
        ("raw mails", damage("DELETE FROM mail_raws WHERE mail_id = 1"), "is missing"),
        ("raw mails", spoil_raw_file, "does not match"),
        ("journals", damage("UPDATE tickets SET state = 'closed' WHERE number LIKE 'I%'"), "says state 'closed'"),
        ("journals", damage("UPDATE tickets SET body = '{\"group\":\"n2\"}' WHERE number LIKE 'W%'"), "group"),
        ("journals", damage("UPDATE tickets SET due_at = NULL"), "nothing waits for it"),
        ("journals", damage("DELETE FROM unindexed; DELETE FROM events WHERE number LIKE 'I%' AND seq = 2"), "1, 2, 3"),
        ("journals", damage("DELETE FROM unindexed; DELETE FROM events WHERE number LIKE 'W%'"), "without a journal"),
        ("journals", damage("UPDATE tickets SET body = '{' WHERE number LIKE 'I%'"), "cannot be read"),
        ("journals", damage("UPDATE events SET changes = '[1]' WHERE number LIKE 'I%'"), "cannot be read"),
        ("journals", damage("UPDATE tickets SET group_key = 'n2'"), "row says group_key 'n2', its journal 'n1'"),
        ("journals", damage("UPDATE tickets SET opened_at = 0"), "row says opened_at 0"),
        ("numbers", damage("UPDATE counters SET n = 5 WHERE prefix = 'I'"), "counter 5"),
        ("numbers", damage("DELETE FROM counters WHERE prefix = 'W'"), "counter 0"),
        ("letters", damage("DELETE FROM deliveries"), "nothing says whether it was sent"),
        ("letters", damage("UPDATE deliveries SET status = 'lost'"), "'lost' is no state of a letter"),
        ("letters", damage("UPDATE outbox SET head = NULL"), "cannot be read"),
        ("attachments", damage("UPDATE events SET attachments = '[[' WHERE attachments <> ''"), "cannot be read"),
        ("letters", damage("UPDATE deliveries SET next_at = NULL"), "nothing will ever send it"),
        ("letters", damage("UPDATE deliveries SET status = 'sent'"), "at no time"),
        ("attachments", lose_file, "is missing"),
        ("attachments", spoil_file, "does not match its digest"),
        ("folders", damage("UPDATE mails SET verdict = 'untreated' WHERE id = 3"), "it is untreated, and was filed"),
    ],
)  # fmt: skip
def test_damage_is_found(books: Store, check: str, inflict: Callable[[Store], None], detail: str) -> None:
    inflict(books)
    findings = books.audit(DESK, THERE)
    assert any(finding.check == check and detail in finding.detail for finding in findings), findings


@pytest.mark.parametrize(
    ("folders", "told"),
    [
        (lying(5, 11, 12, 13, 20), []),
        (lying(11, 13, 20), ["mail 2: it was filed into apertura/done, and is not there"]),
        (lying(13, 20), [f"mail {n}: it was filed into apertura/done, and is not there" for n in (1, 2)]),
        (lying(1, 2, 3, uidvalidity=8), []),
        (lying(1, 2, uidvalidity=8), ["apertura/done: 3 mails were filed there, 2 are"]),
        ({"apertura": {}}, ["apertura/done: 3 mails were filed there, 0 are"]),
        ({}, []),
    ],
    ids=["all", "moved", "two moved", "folder put back", "one lost in it", "folder deleted", "not looked at"],
)
def test_what_was_filed_lately_lies_where_it_was_put(
    books: Store, clock: Clock, folders: FolderContents, told: list[str]
) -> None:
    """For three days: whoever reads the mailbox may tidy it up, and that is no news for ever."""
    clock.turn(days=3)
    assert [f"{found.subject}: {found.detail}" for found in books.audit(DESK, folders)] == told
    clock.turn(seconds=1)
    assert books.audit(DESK, folders) == []


def test_a_hole_in_the_numbers_is_found(books: Store) -> None:
    with books.write() as tx:
        tx.session.run("UPDATE counters SET n = 2 WHERE prefix = 'I'")
    open_ticket(books, 50)
    assert [f.detail for f in books.audit(DESK) if f.check == "numbers"] == ["2 tickets, highest 3, counter 3"]


def test_a_group_that_the_desk_no_longer_has_does_not_stop_the_proof(books: Store) -> None:
    assert books.audit(replace(DESK, priorities={})) == []


def shell(path: Path, sql: str) -> None:
    """What an admin does with sqlite3, which holds no foreign keys."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("DELETE FROM mails WHERE id = 2", {"events": "mails which are gone: 1, the first has rowid 2",
                                            "mail_raws": "mails which are gone: 1, the first has rowid 2"}),
        ("DELETE FROM outbox", {"deliveries": "outbox which are gone: 1, the first has rowid 1"}),
    ],
)  # fmt: skip
def test_rows_whose_owner_is_gone_are_found(books: Store, tmp_path: Path, sql: str, told: dict[str, str]) -> None:
    shell(tmp_path / "acuse.db", sql)
    found = {f.subject: f.detail for f in books.audit(DESK) if f.check == "references"}
    assert found == {table: f"rows that belong to {text}" for table, text in told.items()}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_of_a_damaged_file_only_the_damage_is_told(books: Store, opened: Callable[..., Store], tmp_path: Path) -> None:
    """And whoever only reads it learns where to ask."""
    books.close()
    path = tmp_path / "acuse.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events_seq'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    reader = opened(readonly=True)
    [found] = reader.audit(DESK, THERE)
    assert (found.check, found.subject.partition(":")[0]) == ("database", "events")
    assert found.detail == "restore a backup: nothing else can be proved"
    with pytest.raises(Unavailable, match=r"nothing can be read: .*malformed; `acuse audit` tells what is damaged"):
        reader.show("I171009_000001")
