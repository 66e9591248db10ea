"""Numbers are dense, daily, and never used twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from daemon.store import Cause, Store
from daemon.store.errors import NumbersSpent
from rules.decision import Decision
from rules.facts import Needs
from tests.store.desk import DESK, NOW, ZONE, compose, open_ticket, opening


def test_a_number_is_prefix_day_and_six_digits(store: Store) -> None:
    assert [open_ticket(store, uid, prefix) for uid, prefix in enumerate("IIWI")] == [
        "I171009_000001",
        "I171009_000002",
        "W171009_000001",
        "I171009_000003",
    ]


def test_the_day_is_the_desks(store: Store) -> None:
    late = NOW.replace(hour=22, minute=30)
    assert open_ticket(store, 1, now=late) == "I171010_000001"


def test_f38_a_clock_set_back_a_day_goes_on_from_that_days_number(store: Store) -> None:
    days = (NOW, NOW + timedelta(days=1), NOW, NOW + timedelta(days=1))
    numbers = [open_ticket(store, uid, now=day) for uid, day in enumerate(days)]
    assert numbers == ["I171009_000001", "I171010_000001", "I171009_000002", "I171010_000002"]


def test_a_peeked_number_is_not_spent(store: Store) -> None:
    for _ in range(3):
        with store.write() as tx:
            assert tx.load(Needs(prefix="I"), NOW, ZONE).next_number == "I171009_000001"


def test_f02_a_transaction_that_fails_spends_no_number(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        number = tx.load(Needs(prefix="I"), NOW, ZONE).next_number
        tx.apply(Cause(), Decision(events=(opening(number),)), compose, DESK, NOW)
        raise ZeroDivisionError
    assert open_ticket(store, 1) == "I171009_000001"


def test_only_the_next_number_can_be_spent(store: Store) -> None:
    with pytest.raises(ValueError, match="not the next number"), store.write() as tx:
        tx.apply(Cause(), Decision(events=(opening("I171009_000002"),)), compose, DESK, NOW)


def test_f40_after_the_last_number_of_a_day_openings_are_refused(store: Store) -> None:
    with store.write() as tx:
        tx.session.run("INSERT INTO counters (prefix, day, n) VALUES ('I', '171009', 999999)")
    with pytest.raises(NumbersSpent), store.write() as tx:
        tx.load(Needs(prefix="I"), NOW, ZONE)
    assert open_ticket(store, 1, now=NOW + timedelta(days=1)) == "I171010_000001"


def test_threads_at_once_leave_no_hole_and_no_double(store: Store) -> None:
    numbers: list[str] = []

    def work(first: int) -> None:
        numbers.extend(open_ticket(store, uid) for uid in range(first, first + 20))

    threads = [threading.Thread(target=work, args=(first,)) for first in (100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [f"I171009_{n:06d}" for n in range(1, 61)]
