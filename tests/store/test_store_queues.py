"""What waits: letters, due tickets, leases; and the guards that a letter passes on its way into the outbox."""

from __future__ import annotations

import itertools
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from daemon.store import Cause, Outcome, Store, daemons, queues
from daemon.store.daemons import Lease
from daemon.store.errors import LeaseLost
from daemon.store.queues import Outgoing
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Needs
from rules.letters import Letter
from rules.tables import Guards
from rules.ticket import Ticket
from tests.patience import until
from tests.store.desk import ANA, DESK, EVA, NOW, ZONE, Clock, change, compose, mail, open_ticket, take

MINUTE = timedelta(minutes=1)


UIDS = itertools.count(1)


def send(
    store: Store, name: str = "refusal", to: str = ANA, now: datetime = NOW, desk: Desk = DESK, text: str = ""
) -> None:
    """One more mail whose answer is this letter."""
    uid = next(UIDS)
    seen = take(store, uid)
    ticket = Ticket("I171009_000001") if name == "reply" else None
    with store.write() as tx:
        decision = Decision("refused", letters=(Letter(name, (to,), ticket),))
        tx.apply(Cause(seen.id, mail(uid, to, visible=text or "a" * uid)), decision, compose, desk, now)


def claim(store: Store, now: datetime = NOW, owner: str = "a", limit: int = 10) -> list[Outgoing]:
    return store.claim(owner, now, MINUTE, limit)


def test_a_letter_is_claimed_once_and_sent_once(store: Store) -> None:
    send(store)
    (outgoing,) = claim(store)
    assert (outgoing.to, outgoing.letter, outgoing.attempts) == (ANA, "refusal", 1)
    assert outgoing.content.head == b"Subject: x\r\n\r\nhola\r\n"
    assert claim(store) == []
    assert store.record([Outcome(outgoing.id, outgoing.lease, "sent", "250 ok")], NOW) == [True]
    assert claim(store, NOW + timedelta(days=1)) == []
    assert store.next_delivery() is None


def test_f05_a_claim_that_expired_is_claimed_again_and_its_first_holder_fenced_off(store: Store) -> None:
    send(store)
    (first,) = claim(store)
    assert claim(store, NOW + MINUTE - timedelta(seconds=1), "b") == []
    (second,) = claim(store, NOW + MINUTE, "b")
    assert (second.message_id, second.content, second.attempts) == (first.message_id, first.content, 2)
    outcomes = [Outcome(first.id, first.lease, "failed"), Outcome(second.id, second.lease, "sent")]
    assert store.record(outcomes, NOW) == [False, True]


def test_f38_what_is_queued_goes_although_the_clock_went_back(store: Store) -> None:
    send(store)
    assert len(claim(store, NOW - timedelta(hours=1))) == 1


def test_f38_what_was_put_off_by_a_clock_far_ahead_goes_once_it_is_right(store: Store, clock: Clock) -> None:
    send(store)
    ahead = NOW + timedelta(days=400)
    (outgoing,) = claim(store, ahead)
    store.record([Outcome(outgoing.id, outgoing.lease, "deferred", "451 greylisted", ahead + MINUTE)], ahead)
    found = store.next_delivery()
    assert found and found <= clock()
    assert [each.id for each in claim(store)] == [outgoing.id]


def test_a_deferred_letter_waits_for_its_time(store: Store) -> None:
    send(store)
    (outgoing,) = claim(store)
    later = NOW + timedelta(minutes=30)
    store.record([Outcome(outgoing.id, outgoing.lease, "deferred", "451 later", later)], NOW)
    assert store.next_delivery() == later
    assert claim(store, later - MINUTE) == []
    assert [each.id for each in claim(store, later)] == [outgoing.id]


def test_a_failed_letter_is_never_tried_again(store: Store) -> None:
    send(store)
    (outgoing,) = claim(store)
    store.record([Outcome(outgoing.id, outgoing.lease, "failed", "550 no")], NOW)
    assert claim(store, NOW + timedelta(days=9)) == []


def test_what_was_due_first_is_claimed_first_and_never_more_than_wanted(store: Store) -> None:
    for _ in range(3):
        send(store, "reply")
    first = claim(store)
    waits = [Outcome(each.id, each.lease, "deferred", "451", NOW - n * MINUTE) for n, each in enumerate(first)]
    store.record(waits, NOW)
    found = [each.id for _ in range(3) for each in claim(store, limit=1)]
    assert found == [each.id for each in reversed(first)]


# -- guards


def names(store: Store, now: datetime = NOW) -> list[str]:
    return [each.letter for each in claim(store, now, limit=1000)]


def test_notices_over_their_limit_are_dropped_and_noted(store: Store) -> None:
    for _ in range(5):
        send(store)
    assert names(store) == ["refusal"] * 3
    notes = [row.detail.get("letters") for row in store.mails()]
    dropped = [{"letter": "refusal", "to": ANA, "guard": "drop", "window": f"notice:refusal:{ANA}"}]
    assert notes == [dropped, dropped, None, None, None]


def test_letters_about_a_ticket_are_deferred_and_noted(store: Store) -> None:
    desk = replace(DESK, guards=Guards(letters=2))
    for _ in range(3):
        send(store, "reply", desk=desk)
    assert names(store) == ["reply"] * 2
    (note,) = store.mails()[0].detail["letters"]
    assert (note["guard"], note["window"]) == ("defer", f"letters:{ANA}")
    assert names(store, NOW + timedelta(hours=2)) == ["reply"] * 3, "two whose claim expired, and the one put off"


def test_the_hour_passes(store: Store) -> None:
    for hour in range(3):
        for _ in range(5):
            send(store, now=NOW + timedelta(hours=hour))
    assert len(names(store)) == 9


def test_a10_same_content_opens_the_breaker_and_the_admin_is_told_once(store: Store) -> None:
    guards = Guards(notices=1000)
    for _ in range(20):
        send(store, desk=replace(DESK, guards=guards), text="Estoy fuera de la oficina")
    found = names(store)
    assert found.count("refusal") == guards.breaker.same_content - 1
    assert found.count("admin_alert") == 1


def test_p9_ten_thousand_senders_of_one_domain_get_a_bounded_number(store: Store) -> None:
    for n in range(150):
        send(store, to=f"{n}@otros.example")
    assert names(store).count("refusal") == DESK.guards.breaker.notices_per_domain


def test_windows_are_read_back_as_counts(store: Store) -> None:
    for minutes in (0, 20, 40):
        with store.write() as tx:
            later = NOW + timedelta(minutes=minutes)
            tx.apply(Cause(), Decision(counters=("opening", "opening:x")), compose, DESK, later)
    for minutes, count in ((40, 3), (65, 2), (90, 1), (120, 0)):
        with store.read() as books:
            facts = books.load(Needs(counters=("opening",)), NOW + timedelta(minutes=minutes), ZONE)
        assert (minutes, facts.counts["opening"]) == (minutes, count)


# -- due


def next_due_at(store: Store) -> datetime | None:
    with store.read() as reading:
        return queues.next_due(reading.session)


def test_due_tickets_come_longest_overdue_first(store: Store) -> None:
    early, late = open_ticket(store, 1), open_ticket(store, 2, priority="Urgente")
    assert store.due(NOW) == []
    due_at = next_due_at(store)
    assert due_at
    assert [number for number, _ in store.due(due_at)] == [late]
    assert {number for number, _ in store.due(NOW + timedelta(days=30))} == {early, late}


def test_a_due_row_is_claimed_by_name_and_put_off_when_nothing_came_of_it(store: Store) -> None:
    open_ticket(store, 1)
    due_at = next_due_at(store)
    assert due_at
    ((number, name),) = store.due(due_at)
    with store.write() as tx:
        assert not tx.claim_due(number, "another", due_at)
        assert tx.claim_due(number, name, due_at)
    assert store.due(due_at) == [], "a rule that does nothing must not be asked for ever"
    assert store.due(due_at + timedelta(hours=1)) == [(number, name)]


def test_a_closed_ticket_has_nothing_due(store: Store) -> None:
    number = open_ticket(store, 1)
    change(store, number, "closed", state="closed", closed_at=NOW, running=((NOW, NOW),))
    assert next_due_at(store) is None


# -- leases


def acquire(store: Store, owner: str, length: timedelta) -> Lease | None:
    with store.write() as tx:
        return daemons.acquire(tx.session, "apertura", owner, length)


def test_f37_a_lease_has_one_holder_and_the_late_writer_is_refused(store: Store) -> None:
    mine = acquire(store, "a", timedelta(hours=1))
    assert mine
    assert acquire(store, "b", timedelta(hours=1)) is None
    renewed = acquire(store, "a", timedelta(hours=1))
    assert renewed
    assert renewed.fence == mine.fence
    store.give_up(mine)
    theirs = acquire(store, "b", timedelta(hours=1))
    assert theirs
    assert theirs.fence > mine.fence
    with pytest.raises(LeaseLost), store.write(lease=mine) as tx:
        tx.apply(Cause(), Decision(letters=(Letter("refusal", (EVA,)),)), compose, DESK, NOW)
    with store.write(lease=theirs):
        pass
    assert claim(store) == []
    with store.read() as reading:
        assert [lease.owner for lease in daemons.leases(reading.session)] == ["b"]


def test_a_lapsed_lease_gets_a_new_fence(store: Store, clock: Clock) -> None:
    first = acquire(store, "a", timedelta(microseconds=-1))
    again = acquire(store, "a", timedelta(hours=1))
    assert first
    assert again
    assert again.fence == first.fence + 1


def test_a_transaction_under_a_lease_renews_it(store: Store) -> None:
    lapsed = acquire(store, "a", timedelta(0))
    assert lapsed
    with store.write(lease=replace(lapsed, length=timedelta(hours=1))):
        pass
    assert acquire(store, "b", timedelta(hours=1)) is None


def test_a_transaction_knows_that_others_wait_for_it(tmp_path: Path) -> None:
    """On SQLite one writes at a time; on PostgreSQL who waits for a row is not seen, and may always do."""
    with closing(Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files")) as store:
        other = Thread(target=store.free_claims)
        with store.write():
            assert not store.awaited
            other.start()
            until(lambda: store.awaited)
        other.join()
        assert not store.awaited
