"""What the mail server has taken, and the books do not say yet (SQLite): no crash forgets it, nobody sends it again."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.store import Outcome, Outgoing, Store
from daemon.store.errors import Unavailable
from tests.store.desk import NOW, Clock
from tests.store.test_store_queues import MINUTE, claim, send


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = open_store(tmp_path, clock)
    yield opened
    opened.close()


def open_store(folder: Path, clock: Clock) -> Store:
    """The store of a daemon that starts."""
    store = Store.open(f"sqlite:///{folder}/acuse.db", folder / "files", clock=clock)
    store.free_claims()
    return store


def taken(letter: Outgoing) -> Outcome:
    """What the server said of it."""
    return Outcome(letter.id, letter.lease, "sent", "dot: 250 «ok»", at=NOW + timedelta(seconds=3))


def rows(store: Store) -> list[tuple[str, str, int | None]]:
    with store.read() as reading:
        return reading.session.all("SELECT status, reply, sent_at FROM deliveries ORDER BY id")


SENT = ("sent", "dot: 250 «ok»", 1507537441000000)


def test_a_receipt_is_entered_with_its_own_time_by_the_next_record(store: Store) -> None:
    send(store)
    (letter,) = claim(store)
    assert store.keep_receipt(taken(letter))
    assert rows(store) == [("claimed", "", None)]
    with pytest.raises(ValueError, match="needs the time"):
        store.record([Outcome(letter.id, letter.lease, "deferred")], NOW)
    assert rows(store) == [("claimed", "", None)], "not with a transaction that fails"
    assert store.record([], NOW + MINUTE) == []
    assert rows(store) == [SENT]
    assert store.record([], NOW + MINUTE) == []


def test_what_is_entered_leaves_no_room_taken(store: Store, tmp_path: Path) -> None:
    send(store)
    (letter,) = claim(store)
    sizes = set()
    for _ in range(3):
        store.keep_receipt(taken(letter))
        sizes.add((tmp_path / "acuse.db-receipts").stat().st_size)
        store.record([], NOW)
    assert len(sizes) == 1


def test_f06_the_next_start_enters_what_a_daemon_that_died_had_kept(store: Store, tmp_path: Path, clock: Clock) -> None:
    for _ in range(3):
        send(store)
    first, second, third = claim(store)
    store.keep_receipt(taken(first))
    store.keep_receipt(taken(second))
    store.close()
    path = tmp_path / "acuse.db-receipts"
    path.write_bytes(path.read_bytes()[:-9])  # it died in the second line
    again = open_store(tmp_path, clock)
    assert rows(again)[0] == SENT
    assert [letter.id for letter in claim(again)] == [second.id, third.id]
    assert path.stat().st_size == 0
    again.close()


def test_f05_what_is_sent_is_nobodys_claim_however_late_it_is_recorded(store: Store) -> None:
    """A machine that slept: the claim has expired when it wakes up, and another pump looks first."""
    send(store)
    send(store)
    first, second = claim(store)
    store.keep_receipt(taken(first))
    assert [letter.id for letter in claim(store, NOW + 2 * MINUTE, "b")] == [second.id]
    assert rows(store)[0] == SENT


def test_f29_a_receipt_that_is_cut_off_is_told_and_spoils_no_later_one(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    send(store)
    send(store)
    first, second = claim(store)
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, unlimited[1]))
    try:
        with pytest.raises(Unavailable, match="full"):
            store.keep_receipt(taken(first))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    store.keep_receipt(taken(second))
    store.close()
    again = open_store(tmp_path, clock)
    assert rows(again)[1] == SENT
    assert [letter.id for letter in claim(again)] == [first.id]
    again.close()


def test_f29_a_receipt_that_cannot_be_written_is_told(store: Store, tmp_path: Path) -> None:
    """The pump then keeps the outcome itself, and stops."""
    (tmp_path / "acuse.db-receipts").symlink_to("/dev/full")
    send(store)
    (letter,) = claim(store)
    with pytest.raises(Unavailable, match="No space left"):
        store.keep_receipt(taken(letter))
    assert store.record([taken(letter)], NOW) == [True]
