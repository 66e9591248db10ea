"""Daemons on one database: fair shares, the dead one's letters, one clock, and beats that wait for nobody."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from daemon.store import Cause, Store, Transaction, notes
from daemon.store.daemons import Beat
from daemon.store.errors import LeaseLost
from daemon.store.standing import standing
from rules.decision import Decision
from rules.letters import Letter
from rules.ticket import micros
from tests.patience import until
from tests.postgres import Server
from tests.store.desk import DESK, NOW, compose

LONG, SHORT = timedelta(hours=1), timedelta(microseconds=1)
BOXES = ("a", "b", "c")


def held(beat: Beat) -> list[str]:
    return sorted(beat.leases)


def test_the_first_takes_all_the_next_what_is_handed_over(store: Store) -> None:
    first = store.beat("x", BOXES, LONG)
    assert (held(first), first.share) == (["a", "b", "c"], 3)
    second = store.beat("y", BOXES, LONG)
    assert (held(second), second.share) == ([], 2)
    again = store.beat("x", BOXES, LONG)
    assert (held(again), again.share) == (["a", "b", "c"], 2), "one more than its share, to be handed over"
    store.give_up(again.leases["c"])
    assert held(store.beat("x", BOXES, LONG)) == ["a", "b"]
    assert held(store.beat("y", BOXES, LONG)) == ["c"]


def test_each_that_lives_shows_which_configuration_it_decides_by(store: Store) -> None:
    def shown() -> Mapping[str, str]:
        with store.read() as reading:
            return standing(reading.session).desks

    for owner, length, desk in (("x", LONG, "one"), ("y", LONG, "one"), ("dead", SHORT, "other"), ("x", LONG, "two")):
        store.beat(owner, (), length, desk=desk)
    assert shown() == {"x": "two", "y": "one"}
    store.leave("x")
    assert shown() == {"y": "one"}


def test_who_leaves_leaves_everything(store: Store) -> None:
    store.beat("x", BOXES, LONG)
    store.leave("x")
    assert held(store.beat("y", BOXES, LONG)) == ["a", "b", "c"]


def test_f37_a_silent_daemon_loses_its_mailboxes_and_its_writes_are_refused(store: Store) -> None:
    old = store.beat("x", BOXES, SHORT).leases["a"]
    assert held(store.beat("y", BOXES, LONG)) == ["a", "b", "c"]
    store.lease_of = {"a": old}.get
    with pytest.raises(LeaseLost):
        store.forget_places("a", 1)


def test_letters_of_a_dead_daemon_come_free_and_no_others(store: Store) -> None:
    for number in range(2):
        with store.write() as tx:
            tx.apply(Cause(), Decision(letters=(Letter("reply", (f"{number}@x.example",)),)), compose, DESK, NOW)
    for owner, pump, length in (("xy", "xy#1", LONG), ("x", "x#1", SHORT)):
        store.beat(owner, (), length)
        assert len(store.claim(pump, NOW, LONG, 1)) == 1
    assert store.beat("z", (), LONG).freed == 0, "it may be sending until it has been silent for as long again"
    assert store.beat("z", (), SHORT).freed == 1
    with store.read() as reading:
        waits = dict(reading.session.all("SELECT claimed_by, next_at FROM deliveries"))
    assert waits["x#1"] != waits["xy#1"] == micros(NOW + LONG), "a name that merely begins alike is another's"


def test_one_clock_whatever_the_own_one_shows(postgres: Server, tmp_path: Path) -> None:
    with time_machine.travel(datetime(2031, 1, 1, tzinfo=UTC)):
        store = Store.open(postgres.database("clock"), tmp_path / "files")
        beat = store.beat("x", BOXES, LONG)
        assert abs(store.clock() - beat.at) < timedelta(minutes=1)
    assert abs(store.clock() - datetime.now(UTC)) < timedelta(minutes=1)
    store.close()


def test_a_beat_waits_for_no_transaction_that_works_under_a_lease(postgres: Server, tmp_path: Path) -> None:
    ours, theirs = (Store.open(url, tmp_path / "files") for url in [postgres.database("beats")] * 2)
    ours.beat("dead", (), SHORT)
    lease = ours.beat("x", BOXES, LONG).leases["a"]
    with ours.write(lease=lease) as tx:
        assert tx.session.all("SELECT 1 FROM daemons WHERE owner = 'dead' FOR UPDATE")
        assert held(theirs.beat("x", BOXES, LONG)) == ["a", "b", "c"], "in another connection"
    ours.close()
    theirs.close()


@pytest.mark.parametrize("answered", [True, False], ids=["between two statements", "in a pipeline"])
def test_f37_a_transaction_that_its_daemon_left_open_is_ended(postgres: Server, tmp_path: Path, answered: bool) -> None:
    """Stopped, or cut off, in mid-transaction: its locks hold up nobody for longer than seconds."""
    url, tries = postgres.database(f"left{answered}"), []
    ours, theirs, reading, busy = (Store.open(url, tmp_path / "files") for _ in range(4))
    lease = replace(ours.beat("x", BOXES, SHORT).leases["a"], length=SHORT)

    def stopped(tx: Transaction) -> None:
        tx.session.put("DELETE FROM blocked_senders WHERE address = ?", "x@x.example")
        if answered:
            tx.session.settle()
        until(lambda: held(theirs.beat("y", BOXES, LONG)) == ["a", "b", "c"], "takeover")

    def works(tx: Transaction) -> bool:
        tries.append(tx)
        notes.put(tx.session, "busy", "yes")
        return bool(tx.session.all("SELECT pg_sleep(6)"))

    with reading.read() as books, ThreadPoolExecutor(1) as thread:
        books.session.one("SELECT 1")
        working = thread.submit(busy.run, works)
        with pytest.raises(LeaseLost):
            ours.run(stopped, lease=lease)
        assert books.session.one("SELECT 1"), "whoever reads holds up nobody"
        assert working.result()
        assert len(tries) == 1, "nor is ended what works"
    for store in (ours, theirs, reading, busy):
        store.close()
