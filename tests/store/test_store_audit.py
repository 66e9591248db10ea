"""The books balance; and each kind of damage is found by the check that is meant for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.store import Cause, Filed, Store
from daemon.store.audit import FolderContents, Lying
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
    store.filed([Filed(1, "done", 7, 11), Filed(2, "done", 7, 12), Filed(3, "done")])
    return store


def lying(*uids: int, uidvalidity: int = 7) -> FolderContents:
    return {"apertura": {"done": Lying(uidvalidity, frozenset(uids))}}


THERE = lying(11, 12, 13)
"""Where the mails were filed; of the third the server did not tell the place."""


def test_a_desk_in_order_has_no_findings(books: Store, clock: Clock) -> None:
    ticks: list[str] = []
    assert books.audit(DESK, THERE, lambda check, rows: ticks.append(check)) == []
    assert ticks == [
        "verdicts", "openings", "copies", "raw mails", "journals", "numbers", "letters", "attachments", "folders",
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
        ("journals", damage("UPDATE tickets SET state = 'closed' WHERE number LIKE 'I%'"), "row says closed"),
        ("journals", damage("UPDATE tickets SET body = '{\"group\":\"n2\"}' WHERE number LIKE 'W%'"), "group"),
        ("journals", damage("UPDATE tickets SET due_at = NULL"), "nothing waits for it"),
        ("journals", damage("DELETE FROM unindexed; DELETE FROM events WHERE number LIKE 'I%' AND seq = 2"), "1, 2, 3"),
        ("journals", damage("DELETE FROM unindexed; DELETE FROM events WHERE number LIKE 'W%'"), "without a journal"),
        ("numbers", damage("UPDATE counters SET n = 5 WHERE prefix = 'I'"), "counter 5"),
        ("numbers", damage("DELETE FROM counters WHERE prefix = 'W'"), "counter 0"),
        ("letters", damage("DELETE FROM deliveries"), "None is no state"),
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
