"""The ledger: one row a mail, attempts counted before they begin, bytes kept, folders followed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.mail.suspects import InTheWay, Suspects
from daemon.store import Cause, Filed, Store
from daemon.store.errors import AlreadyDecided
from daemon.store.raws import IN_ROW
from rules.decision import Decision
from rules.facts import Needs
from rules.reading import opening_windows
from rules.tables import Rates
from tests.store.desk import ANA, DESK, EVA, NOW, ZONE, Clock, compose, fetched, mail, open_ticket, take


def decide(store: Store, mail_id: int, verdict: str = "untreated", sender: str = ANA, **more: object) -> None:
    with store.write() as tx:
        decision = Decision(verdict, **more)
        tx.apply(Cause(mail_id, mail(mail_id, sender)), decision, compose, DESK, NOW)


def test_a_uid_that_has_a_row_keeps_it(store: Store) -> None:
    first = take(store, 7)
    decide(store, first.id)
    again = take(store, 7)
    assert (again.id, again.verdict, again.attempts) == (first.id, "untreated", 1)


def test_the_key_is_mailbox_uidvalidity_and_uid(store: Store) -> None:
    ids = {
        store.take(mailbox, validity, [fetched(uid)])[0].id
        for mailbox, validity, uid in (("a", 1, 1), ("a", 1, 2), ("a", 2**32 - 1, 1), ("b", 1, 1))
    }
    assert len(ids) == 4


@pytest.mark.parametrize(("size", "later", "same"), [(10, 0, True), (10, 5, True), (11, 0, True), (11, 5, False)])
@pytest.mark.parametrize("verdict", ["opened", ""])
def test_f22_a_uid_that_was_given_to_another_mail_gets_a_row_of_its_own(
    store: Store, size: int, later: int, same: bool, verdict: str
) -> None:
    """By a server put back from a backup. One that estimates sizes, or tells no arrivals, is known all the same."""
    first = take(store, 7, raw=b"x" * 10)
    if verdict:
        decide(store, first.id, verdict)
    for _ in range(2):
        again = take(store, 7, raw=b"y" * size, internaldate=NOW + timedelta(days=later))
    assert (again.id == first.id, again.verdict) == (same, verdict if same else "")
    assert store.raw_mail(again.id) == (b"x" * 10 if same else b"y" * size)
    assert store.raw_mail(first.id) == b"x" * 10
    assert [each.id for each in store.unfiled("apertura", 1)] == [first.id] * (same and bool(verdict))


def test_attempts_are_counted_and_only_lone_ones_count_alone(store: Store) -> None:
    both = [fetched(1), fetched(2)]
    assert [(s.attempts, s.attempts_alone, s.unfinished) for s in store.take("a", 1, both)] == [(1, 0, False)] * 2
    again = store.take("a", 1, both)
    assert [(s.attempts, s.attempts_alone, s.unfinished) for s in again] == [(2, 0, True)] * 2
    alone = store.take_alone("apertura", again[0])
    assert (alone.attempts, alone.attempts_alone) == (3, 1)
    store.forgive([alone.id])
    assert store.take_alone("apertura", alone).attempts_alone == 1


def test_any_number_of_mails_is_asked_back_at_once(store: Store) -> None:
    """More than a statement of PostgreSQL takes values."""
    seen = take(store, 1)
    decide(store, seen.id, "quarantined")
    assert store.retry(range(70_000)) == [seen.id]


def test_which_mails_stand_in_the_way_outlives_the_process(opened: Callable[..., Store]) -> None:
    first = opened()
    first.suspect("a", str(InTheWay(Suspects({7: 2, 3: 1}), Suspects({12: 4}))))
    first.close()
    again = opened()
    noted = InTheWay.remembered(again.suspects("a"))
    assert (noted.fetch.blamed, noted.move.blamed) == ({3: 1, 7: 2}, {12: 4})
    again.suspect("a", str(InTheWay.remembered("")))
    assert (again.suspects("a"), again.suspects("b")) == ("", "")


def test_small_mails_lie_in_the_database_large_ones_among_the_files(store: Store, tmp_path: Path) -> None:
    large, spooled = b"x" * (IN_ROW + 1), tmp_path / "spooled"
    spooled.write_bytes(b"y" * 10)
    rows = store.take("a", 1, [fetched(1, b"small"), fetched(2, large), fetched(3, spooled)])
    assert [store.raw_mail(row.id) for row in rows] == [b"small", large, b"y" * 10]
    assert len(list(store.files.digests())) == 2


def test_a_mail_without_verdict_waits_with_its_bytes(store: Store) -> None:
    seen, other = take(store, 1, raw=b"one"), take(store, 2, "other")
    assert [(w.id, w.octets, w.attempts, w.unfinished) for w in store.waiting("apertura")] == [
        (seen.id, b"one", 2, True)
    ]
    decide(store, seen.id)
    assert store.waiting("apertura") == []
    assert [w.id for w in store.waiting("other")] == [other.id]


def test_a_verdict_is_written_once(store: Store) -> None:
    seen = take(store, 1)
    decide(store, seen.id)
    with pytest.raises(AlreadyDecided):
        decide(store, seen.id, "automatic")
    assert [row.verdict for row in store.mails()] == ["untreated"]


@pytest.mark.parametrize(
    ("verdict", "folder"),
    [("opened", "done"), ("desk", "done"), ("untreated", "untreated"), ("too_large", "untreated"), ("held", "held"),
     ("automatic", "automatic"), ("bounce", "automatic"), ("duplicate", "automatic"), ("quarantined", "quarantine")],
)  # fmt: skip
def test_a_decided_mail_is_filed_once(store: Store, verdict: str, folder: str) -> None:
    seen = take(store, 1)
    assert store.unfiled("apertura", 1) == []
    decide(store, seen.id, verdict)
    (unfiled,) = store.unfiled("apertura", 1)
    assert (unfiled.id, unfiled.folder, unfiled.lies_in, unfiled.uid) == (seen.id, folder, "", 1)
    assert (unfiled.size, unfiled.arrived) == (seen.size, seen.received_at)
    store.filed("apertura", [Filed(seen.id, folder, 99, 5)])
    assert store.unfiled("apertura", 1) == []


def test_a_released_mail_is_treated_again_and_moved_from_where_it_lies(store: Store, clock: Clock) -> None:
    seen = take(store, 1)
    decide(store, seen.id, "held", held_until=NOW + timedelta(hours=1))
    store.filed("apertura", [Filed(seen.id, "held", 99, 5)])
    assert store.release_due(clock.turn(minutes=59), Rates()) == []
    assert store.release_due(clock.turn(minutes=1), Rates()) == [seen.id]
    (waiting,) = store.waiting("apertura")
    assert (waiting.id, waiting.released, waiting.received_at) == (seen.id, False, clock.now)
    decide(store, seen.id, "opened")
    (unfiled,) = store.unfiled("apertura", 2)
    assert (unfiled.folder, unfiled.lies_in, unfiled.uidvalidity, unfiled.uid) == ("done", "held", 99, 5)


@pytest.mark.parametrize(
    ("rates", "freed"), [(Rates(2, 9), (3, 4)), (Rates(9, 2), (3,)), (Rates(1, 9), (4,)), (Rates(9, 9), (2, 3, 4))]
)
def test_of_what_is_held_as_much_goes_on_as_the_windows_have_room_for(
    store: Store, clock: Clock, rates: Rates, freed: tuple[int, ...]
) -> None:
    decide(store, take(store, 1).id, "opened", counters=opening_windows(ANA))
    held = {uid: take(store, uid).id for uid in (2, 3, 4)}
    for uid, sender, ago in ((2, ANA, 1), (3, ANA, 2), (4, EVA, 0)):
        decide(store, held[uid], "held", sender, held_until=NOW - timedelta(minutes=ago))
    assert store.release_due(clock.now, rates) == [held[uid] for uid in freed]
    assert store.release_due(clock.now, rates) == [], "the others are looked at later"


def test_f38_what_was_held_by_a_clock_far_ahead_goes_on_once_it_is_right(store: Store, clock: Clock) -> None:
    seen = take(store, 1)
    decide(store, seen.id, "held", held_until=NOW + timedelta(days=400))
    assert store.release_due(clock.now, Rates()) == [seen.id]


@pytest.mark.parametrize("treated", ["before its move is noted", "after it"])
def test_a_mail_released_while_it_is_moved_is_moved_on_from_there(store: Store, treated: str) -> None:
    seen = take(store, 1)
    decide(store, seen.id, "held")
    assert store.release([seen.id]) == [seen.id]
    if treated == "before its move is noted":
        decide(store, seen.id, "opened")
    store.filed("apertura", [Filed(seen.id, "held", 99, 5)])
    if treated == "after it":
        decide(store, seen.id, "opened")
    (unfiled,) = store.unfiled("apertura", 1)
    assert (unfiled.folder, unfiled.lies_in, unfiled.uidvalidity, unfiled.uid) == ("done", "held", 99, 5)


@pytest.mark.parametrize(("uidvalidity", "watched"), [(1, 1), (2, None)])
def test_a_mail_released_before_its_move_is_noted_is_looked_for_in_both_folders(
    store: Store, uidvalidity: int, watched: int | None
) -> None:
    seen = take(store, 1)
    decide(store, seen.id, "held")
    store.release([seen.id])
    decide(store, seen.id, "opened")
    (unfiled,) = store.unfiled("apertura", uidvalidity)
    assert (unfiled.lies_in, unfiled.uid, unfiled.watched_uid) == ("held", None, watched)


def test_a_mail_that_has_gone_waits_for_nothing_and_lies_nowhere(store: Store) -> None:
    seen = take(store, 1)
    decide(store, seen.id, "opened")
    store.filed("apertura", [Filed(seen.id, "")])
    assert store.unfiled("apertura", 1) == []
    with store.read() as books:
        assert books.session.all("SELECT folder FROM mails") == [("",)]


def test_retry_is_for_quarantined_mails_release_for_held_ones_too(store: Store) -> None:
    quarantined, held, done = (take(store, uid).id for uid in (1, 2, 3))
    for mail_id, verdict in ((quarantined, "quarantined"), (held, "held"), (done, "opened")):
        decide(store, mail_id, verdict)
    assert store.retry([quarantined, held, done]) == [quarantined]
    assert store.release([held, done, 12345]) == [held]


def test_a_registration_releases_what_its_sender_has_waiting(store: Store) -> None:
    ana, eva = take(store, 1).id, take(store, 2).id
    decide(store, ana, "held", ANA)
    decide(store, eva, "held", EVA)
    decide(store, take(store, 3).id, "registered", release=(ANA.upper(),))
    assert [w.id for w in store.waiting("apertura")] == [ana]


@pytest.mark.parametrize("verb", ["retry", "release", "discard", "block"])
def test_an_earlier_try_is_kept(store: Store, verb: str) -> None:
    seen = take(store, 1)
    decide(store, seen.id, "quarantined", why="error")
    with store.write() as tx:
        tx.apply(Cause(), Decision(settled=((seen.id, verb),)), compose, DESK, NOW)
    with store.read() as books:
        assert books.session.all("SELECT mail_id, verdict, why FROM mail_tries") == [(seen.id, "quarantined", "error")]


def test_f22_a_new_uidvalidity_leaves_nothing_to_move(store: Store) -> None:
    decide(store, take(store, 1).id)
    waiting = take(store, 2)
    assert store.forget_places("apertura", 1) == 0
    assert store.forget_places("apertura", 2) == 1
    assert store.unfiled("apertura", 2) == []
    assert [w.id for w in store.waiting("apertura")] == [waiting.id]


def copies(store: Store, message_id: str, digest: str, now: object = NOW) -> str:
    with store.read() as books:
        return books.load(Needs(mailbox="apertura", message_id=message_id, digest=digest), now, ZONE).duplicate


@pytest.mark.parametrize(
    ("message_id", "content", "later", "copy"),
    [
        ("a@x", "one", 0, "same"),
        ("<a@x>", "one", 400, "same"),
        ("a@x", "other", 0, "other_content"),
        ("b@x", "one", 0, ""),
        ("", "none", 0, "same"),
        ("", "none", 6, "same"),
        ("", "none", 8, ""),
        ("", "", 0, ""),
    ],
)
def test_copies_share_message_id_and_digest(store: Store, message_id: str, content: str, later: int, copy: str) -> None:
    for uid, (own_id, digest) in enumerate((("a@x", "one"), ("", "none"))):
        seen = take(store, uid)
        with store.write() as tx:
            treated = mail(uid, message_id=own_id, digest=digest)
            tx.apply(Cause(seen.id, treated), Decision("opened"), compose, DESK, NOW)
    assert copies(store, message_id, content, NOW + timedelta(days=later)) == copy


def test_a_retried_mail_is_no_copy_of_itself(store: Store) -> None:
    seen = take(store, 1)
    decide(store, seen.id, "quarantined")
    store.retry([seen.id])
    (again,) = store.waiting("apertura")
    own = mail(seen.id)
    with store.read() as books:
        needs = Needs(mailbox="apertura", message_id=own.message_id, digest=own.digest)
        facts = books.load(needs, NOW, ZONE, again)
    assert facts.duplicate == ""


def test_a_mail_that_was_held_is_no_copy_of_its_own_copy(store: Store) -> None:
    held, copy, own = take(store, 1), take(store, 2), mail(1)
    for seen, verdict in ((held, "held"), (copy, "duplicate")):
        with store.write() as tx:
            tx.apply(Cause(seen.id, own), Decision(verdict), compose, DESK, NOW)
    assert copies(store, own.message_id, own.digest) == "same", "while it is held"
    store.release([held.id])
    assert copies(store, own.message_id, own.digest) == "", "or neither would ever be treated"


def test_what_no_text_column_can_hold_is_mended(store: Store) -> None:
    seen = take(store, 1)
    odd = mail(1, subject="a\0b\ud800" + "x" * 5000, message_id="m" * 9000, sender="s" * 4000 + "@x")
    with store.write() as tx:
        tx.apply(Cause(seen.id, odd), Decision("untreated", remarks=("a\0",)), compose, DESK, NOW)
    (row,) = store.mails()
    assert (row.subject[:3], len(row.subject)) == ("ab?", 999)
    assert copies(store, "m" * 9000, odd.digest) == "same"


def test_the_ledger_tells_what_was_decided(store: Store) -> None:
    number = open_ticket(store, 1)
    (row,) = store.mails(["opened"], since=NOW)
    assert (row.number, row.sender, row.detail) == (number, ANA, {"kind": "incident"})
    assert store.tally() == {"opened": 1, "all": 1}
