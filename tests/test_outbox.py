"""The sending pumps on a real store and a server that misbehaves: every letter arrives, none is told twice to fail."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from daemon.bench.servers import free_port
from daemon.config.accounts import Smtp
from daemon.mail.outbox import Outbox
from daemon.mail.pump import CLAIM_AT_ONCE, Post, Retry, described
from daemon.mail.smtp import Result
from daemon.mail.smtp_wire import SmtpError
from daemon.store import Cause, Outcome, Outgoing, Store
from daemon.store.daemons import micros_of
from rules.decision import Decision
from rules.durations import Duration
from rules.letters import Letter
from rules.tables import Breaker, Guards
from tests.patience import PATIENCE_S, until
from tests.postgres import Server
from tests.sink import DROP, HANG, RESET, Sink
from tests.store.desk import DESK, NOW, Clock, compose, mail, take

NO_GUARDS = Guards(10**6, 10**6, 10**6, 10**6, Breaker(10**6, 10**6, 10**6))
QUICK = Retry(first_s=0.05, cap_s=0.2)
ANA = "ana@cliente.test"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Desk:
    """A store with letters in it, and the outbox that sends them."""

    store: Store
    smtp: Smtp
    clock: Callable[[], datetime] = now
    retry: Retry = QUICK
    failures: list[tuple[Outgoing, Outcome]] = field(default_factory=list)
    written: int = 0

    def write(self, *recipients: str) -> None:
        """Queue one letter to each."""
        for to in recipients:
            self.written += 1
            seen = take(self.store, self.written)
            desk = replace(DESK, guards=NO_GUARDS)
            with self.store.write() as tx:
                decision = Decision("refused", letters=(Letter("refusal", (to,)),))
                tx.apply(Cause(seen.id, mail(self.written, to)), decision, compose, desk, self.clock())

    def outbox(self, content: Callable[[Outgoing], list[bytes]] | None = None, **more: Callable[[], bool]) -> Outbox:
        """Its pumps; not started."""
        of_all = (self.store, content or octets, self.smtp, lambda: self.smtp.sender, "one", self.failed)
        return Outbox(Post(*of_all, retry=self.retry, now=self.clock, **more))

    def failed(self, letter: Outgoing, outcome: Outcome) -> None:
        self.failures.append((letter, outcome))
        self.store.record([outcome], self.clock())

    def due_now(self) -> bool:
        """Whether anything still waits."""
        return self.store.next_delivery() is not None


def octets(letter: Outgoing) -> list[bytes]:
    return [f"Message-ID: {letter.message_id}\r\n".encode(), letter.content.head]


def smtp_at(port: int, **more: object) -> Smtp:
    settings = {"timeout": Duration(seconds=PATIENCE_S), "connections": 2} | more
    return Smtp(host="127.0.0.1", port=port, security="none", sender="soporte@cau.example", **settings)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files", clock=now)
    yield opened
    opened.close()


@pytest.fixture
def desk(store: Store, sink: Sink) -> Desk:
    return Desk(store, smtp_at(sink.port))


@pytest.fixture
def run() -> Iterator[Callable[[Desk], Outbox]]:
    """Start outboxes; all are stopped at the end."""
    started: list[Outbox] = []

    def start(desk: Desk) -> Outbox:
        started.append(desk.outbox())
        started[-1].start()
        return started[-1]

    yield start
    for outbox in started:
        outbox.stop()


Run = Callable[[Desk], Outbox]


def message_ids(sink: Sink) -> list[str]:
    return [str(kept.message["Message-ID"]) for kept in sink.mails]


def test_everything_due_is_sent_once(desk: Desk, sink: Sink) -> None:
    desk.write(*(f"a{n}@cliente.test" for n in range(CLAIM_AT_ONCE + 20)))
    assert desk.outbox().send_due() == CLAIM_AT_ONCE + 20
    assert [kept.recipients[0] for kept in sink.mails] == [f"a{n}@cliente.test" for n in range(CLAIM_AT_ONCE + 20)]
    assert {kept.sender for kept in sink.mails} == {"soporte@cau.example"}
    assert len(set(message_ids(sink))) == CLAIM_AT_ONCE + 20
    assert not desk.due_now()
    assert desk.outbox().send_due() == 0


def test_a_letter_whose_row_was_damaged_stops_no_other(desk: Desk, sink: Sink) -> None:
    desk.write("a@cliente.test", "b@cliente.test", "c@cliente.test")
    with desk.store.write() as tx:
        tx.session.run("UPDATE outbox SET head = NULL WHERE recipient = 'b@cliente.test'")
    desk.outbox().send_due()
    assert [kept.recipients[0] for kept in sink.mails] == ["a@cliente.test", "c@cliente.test"]
    assert desk.due_now()


def test_a_wake_sends_at_once_over_kept_connections(desk: Desk, sink: Sink, run: Run) -> None:
    outbox = run(desk)
    for n in range(10):
        desk.write(f"a{n}@cliente.test")
        outbox.wake()
        until(lambda n=n: len(sink.mails) == n + 1)
    assert sink.connections <= 2
    until(lambda: not desk.due_now())
    assert sum(pump.state.results["sent"] for pump in outbox.pumps) == 10


def test_two_pumps_share_the_work_and_double_nothing(desk: Desk, sink: Sink, run: Run) -> None:
    desk.write(*(f"a@c{n}.test" for n in range(200)))  # a domain gets 100 an hour
    outbox = run(desk)
    until(lambda: sum(pump.state.results["sent"] for pump in outbox.pumps) == 200)
    assert sorted(message_ids(sink)) == sorted(set(message_ids(sink)))
    assert len(sink.mails) == 200


@pytest.mark.parametrize("phase", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
def test_f09_what_is_deferred_goes_again(desk: Desk, sink: Sink, run: Run, phase: str) -> None:
    sink.script[phase] = ["451 4.3.0 later"]
    sink.script["HELO"] = ["451 4.3.0 later"]
    desk.write(ANA)
    run(desk)
    until(lambda: not desk.due_now())
    assert [kept.recipients for kept in sink.mails] == [(ANA,)]
    assert not desk.failures


@pytest.mark.parametrize("phase", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
def test_f10_what_is_refused_is_told_once_and_never_tried_again(desk: Desk, sink: Sink, phase: str) -> None:
    sink.script[phase] = ["554 5.7.1 never"] * 9
    sink.script["HELO"] = ["554 5.7.1 never"] * 9
    desk.write(ANA)
    outbox = desk.outbox()
    with suppress(SmtpError):  # told to the caller of `run --once` as well
        outbox.send_due()
    connections = sink.connections
    assert [(letter.to, outcome.status) for letter, outcome in desk.failures] == [(ANA, "failed")]
    assert f"{phase.lower()}: 554" in desk.failures[0][1].reply
    assert not desk.due_now()
    outbox.send_due()
    assert (sink.connections, len(desk.failures), len(sink.mails)) == (connections, 1, 0)


@pytest.mark.parametrize("act", [DROP, RESET, HANG])
def test_f07_f08_an_unanswered_dot_is_sent_again_as_the_same_letter(desk: Desk, sink: Sink, run: Run, act: str) -> None:
    sink.script["DOT"] = [act]
    desk.write(ANA, "luis@cliente.test")
    run(replace(desk, smtp=smtp_at(sink.port, timeout=Duration(seconds=1 if act == HANG else PATIENCE_S))))
    until(lambda: not desk.due_now())
    assert len(message_ids(sink)) == 3
    assert len(set(message_ids(sink))) == 2
    twice = [kept for kept in sink.mails if message_ids(sink).count(str(kept.message["Message-ID"])) == 2]
    assert twice[0].raw == twice[1].raw


def test_f12_each_letter_has_a_state_of_its_own(desk: Desk, sink: Sink) -> None:
    sink.script["RCPT"] = ["250 ok", "550 no such user", "250 ok"]
    desk.write(ANA, "nadie@cliente.test", "luis@cliente.test")
    desk.outbox().send_due()
    assert [kept.recipients[0] for kept in sink.mails] == [ANA, "luis@cliente.test"]
    assert [letter.to for letter, _ in desk.failures] == ["nadie@cliente.test"]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_f06_a_letter_is_known_to_be_sent_before_anything_of_the_next_is_handed_over(
    request: pytest.FixtureRequest, tmp_path: Path, sink: Sink, database: str
) -> None:
    """A crash leaves one letter of a connection in doubt, however many were claimed with it."""
    url = f"sqlite:///{tmp_path}/acuse.db"
    if database == "postgresql":
        url = request.getfixturevalue("postgres").database("f06")
    with closing(Store.open(url, tmp_path / "files", clock=now)) as store:
        desk = Desk(store, smtp_at(sink.port))
        desk.write(*(f"a{n}@cliente.test" for n in range(5)))
        known = []

        def content(letter: Outgoing) -> list[bytes]:
            known.append(sent_after_a_crash(url, tmp_path))
            return octets(letter)

        assert desk.outbox(content).send_due() == 5
        assert known == [0, 1, 2, 3, 4]
        assert sent(store) == sent_after_a_crash(url, tmp_path) == 5


def sent_after_a_crash(url: str, folder: Path) -> int:
    """How many letters the next daemon takes for sent, if this one dies now: by the files as they lie, or by what it
    has told PostgreSQL."""
    if url.startswith("sqlite"):
        copy = Path(tempfile.mkdtemp(dir=folder))
        for name in ("acuse.db", "acuse.db-wal", "acuse.db-receipts"):
            if (folder / name).exists():
                shutil.copy(folder / name, copy)
        url = f"sqlite:///{copy}/acuse.db"
    with closing(Store.open(url, folder / "files", clock=now)) as other:
        if other.one_daemon:
            other.free_claims()
        return sent(other)


def sent(store: Store) -> int:
    """How many letters stand in the books as sent."""
    with store.read() as reading:
        row = reading.session.one("SELECT COUNT(*) FROM deliveries WHERE status = 'sent'")
    assert row
    return int(row[0])


def test_f37_a_pump_whose_letters_others_have_taken_over_sends_no_more(
    postgres: Server, tmp_path: Path, sink: Sink
) -> None:
    """It slept, was taken for dead, and wakes up with the first of five letters in hand."""
    taken: list[Outgoing] = []
    with closing(Store.open(postgres.database("f37"), tmp_path / "files", clock=now)) as store:
        desk = Desk(store, smtp_at(sink.port))
        desk.write(*(f"a{n}@cliente.test" for n in range(5)))

        def content(letter: Outgoing) -> list[bytes]:
            if not taken:
                store.free_claims("one")
                taken.extend(store.claim("two#1", now(), timedelta(minutes=1), 50))
            return octets(letter)

        desk.outbox(content).pumps[0].send_due()
        assert len(taken) == 5
        assert len(sink.mails) == 1
        assert store.record([Outcome(each.id, each.lease, "sent") for each in taken], now()) == [True] * 5


def test_f37_a_pump_that_others_take_for_dead_while_it_connects_sends_nothing(desk: Desk, sink: Sink) -> None:
    """A server may take minutes until it is ready; by then others may have sent what was claimed."""
    desk.write(ANA)
    pump = desk.outbox(alive=lambda: sink.connections == 0).pumps[0]
    pump.send_due()
    assert (sink.connections, sink.mails) == (1, [])
    pump.hang_up()
    assert desk.due_now(), "whoever has it sends it"


def test_a_server_that_ends_idle_connections_costs_no_letter_a_try(desk: Desk, sink: Sink, run: Run) -> None:
    desk = replace(desk, smtp=replace(desk.smtp, connections=1), retry=Retry(first_s=1000.0))
    outbox = run(desk)
    for n in range(3):
        sink.script["MAIL"] = ["421 4.4.2 you were idle"] if n else []
        desk.write(f"a{n}@cliente.test")
        outbox.wake()
        until(lambda n=n: len(sink.mails) == n + 1)
    assert sink.connections == 3


def test_a_server_that_is_away_is_waited_for(store: Store, run: Run) -> None:
    port = free_port()
    desk = Desk(store, smtp_at(port))
    desk.write(ANA)
    outbox = run(desk)
    until(lambda: any(pump.state.fault for pump in outbox.pumps))
    with Sink(port=port) as sink:
        until(lambda: len(sink.mails) == 1)
        until(lambda: not desk.due_now())
    until(lambda: any(not pump.state.fault and pump.state.results["sent"] for pump in outbox.pumps))
    assert [kept.recipients for kept in sink.mails] == [(ANA,)]


def test_an_outage_is_logged_once_for_all_letters(store: Store) -> None:
    desk = Desk(store, smtp_at(free_port()))
    desk.write(ANA, "luis@cliente.test")
    with structlog.testing.capture_logs() as lines, suppress(SmtpError):
        desk.outbox().send_due()
    assert [line for line in lines if line["event"] == "letter deferred"] == []


def test_a_database_that_is_away_does_not_end_the_pumps(desk: Desk, sink: Sink, run: Run) -> None:
    class Failing:
        """The store, away for the first look-ups."""

        away = 3

        def __getattr__(self, name: str) -> object:
            if name == "next_delivery" and self.away:
                self.away -= 1
                raise RuntimeError("the database is away")
            return getattr(desk.store, name)

    desk.write(ANA)
    run(replace(desk, store=Failing()))
    until(lambda: len(sink.mails) == 1)
    assert [kept.recipients for kept in sink.mails] == [(ANA,)]


# -- waiting and giving up


def letter(attempts: int, created_at: datetime = NOW) -> Outgoing:
    return Outgoing(1, 1, "refusal", "", ANA, "<1@x>", created_at, attempts)


def test_f09_waits_double_to_a_cap_with_jitter() -> None:
    retry = Retry(first_s=5.0, cap_s=3600.0)
    result = Result("deferred", "rcpt", 451, "later")
    for attempt in range(1, 60):
        whole = min(3600.0, 5.0 * 2 ** (attempt - 1))
        tries = (retry.outcome(letter(attempt), result, NOW, timedelta(days=5)) for _ in range(20))
        waits = {(outcome.next_at or NOW) - NOW for outcome in tries}
        assert all(whole / 2 <= wait.total_seconds() <= whole + 0.001 for wait in waits)
        assert len(waits) > 1, "letters that failed together do not come back together"


def test_f15_a_letter_is_given_up_after_its_days(store: Store) -> None:
    clock = Clock(NOW)
    desk = Desk(store, replace(smtp_at(free_port()), expire_after=Duration(days=3)), clock, Retry())
    desk.write(ANA)
    for _ in range(4 * 24 * 2):
        with suppress(SmtpError):
            desk.outbox().send_due()
        clock.turn(minutes=30)
        if clock.now <= NOW + timedelta(days=2, hours=22):
            assert not desk.failures
    ((given_up, outcome),) = desk.failures
    assert (given_up.to, outcome.status) == (ANA, "failed")
    assert outcome.given_up
    assert outcome.reply.startswith("connect: ")
    assert not desk.due_now()


@pytest.mark.parametrize(("attempts", "status"), [(1, "deferred"), (9, "deferred"), (10, "failed"), (200, "failed")])
@pytest.mark.parametrize("created_at", [NOW - timedelta(days=9), datetime(1970, 1, 1, tzinfo=UTC)])
def test_f15_f38_a_letter_that_is_old_at_its_first_tries_is_not_given_up(
    attempts: int, created_at: datetime, status: str
) -> None:
    """The desk was off for days, or its clock was wrong; and the server greylists whom it has not heard for long."""
    result = Result("deferred", "rcpt", 451, "greylisted")
    assert Retry().outcome(letter(attempts, created_at), result, NOW, timedelta(days=5)).status == status


def test_f15_a_queue_of_two_days_goes_out_when_the_server_is_back(store: Store) -> None:
    clock = Clock(NOW)
    port = free_port()
    desk = Desk(store, smtp_at(port), clock, Retry())
    desk.write(*(f"a{n}@cliente.test" for n in range(20)))
    for _ in range(48):
        with suppress(SmtpError):
            desk.outbox().send_due()
        clock.turn(hours=1)
    with store.read() as reading:
        ((first, last),) = reading.session.all("SELECT MIN(next_at), MAX(next_at) FROM deliveries")
    assert last - first > micros_of(timedelta(minutes=10)), "they do not all come back at once"
    with Sink(port=port) as sink:
        while desk.due_now():
            desk.outbox().send_due()
            clock.turn(minutes=10)
        assert len(set(message_ids(sink))) == len(sink.mails) == 20
    assert not desk.failures


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (Result("failed", "rcpt", 550, "no such\nuser"), "rcpt: 550 no such user"),
        (Result("deferred", "connect", 0, "refused"), "connect: refused"),
        (Result("deferred", "dot", 0, "timed out", True), "dot: timed out (it may have arrived)"),
    ],
)
def test_a_result_is_told_in_one_line(result: Result, text: str) -> None:
    assert described(result) == text


# -- stopping


def test_f43_it_stops_while_it_waits_for_work(desk: Desk) -> None:
    outbox = desk.outbox()
    outbox.start()
    began = time.monotonic()
    outbox.stop()
    assert time.monotonic() - began < 5
    assert not any(thread.name.startswith("outbox-") for thread in threading.enumerate())


def test_f43_it_stops_while_the_server_hangs(store: Store, sink: Sink) -> None:
    desk = Desk(store, smtp_at(sink.port, timeout=Duration(seconds=PATIENCE_S)))
    sink.script["DOT"] = [HANG, HANG]
    desk.write(ANA, "luis@cliente.test")
    outbox = desk.outbox()
    outbox.start()
    until(lambda: len(sink.mails) >= 1)
    outbox.stop()
    assert not any(thread.name.startswith("outbox-") for thread in threading.enumerate())
    sink.script["DOT"] = []
    again = desk.outbox()
    until(lambda: again.send_due() == 0 and not desk.due_now())
    assert {kept.recipients[0] for kept in sink.mails} == {ANA, "luis@cliente.test"}
