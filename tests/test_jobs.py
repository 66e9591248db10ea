"""The jobs on an injected clock: each runs once for each of its times, whoever tries how often; what was missed is made
up for; their letters are those of the templates.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.config.live import Loaded
from daemon.demo.correspondent import click, write
from daemon.files import Octets
from daemon.mail.pipe import Poisoned
from daemon.operations.jobs import JOBS, JobContext, remove_leftovers, run_job
from daemon.operations.scheduler import AGAIN_AFTER_S, LATE, Jobs, trigger
from daemon.store import Store, unnamed
from daemon.writing.letters import Letters
from parsers.mail import Mail
from rules.decision import Decision
from rules.desk import Desk
from rules.schedule import Slot, last_slot
from rules.tables import Reports, Retention
from tests.patience import PATIENCE_S, until
from tests.postgres import Server
from tests.rules.desks import DESK, GOOD, OPENING, OPENINGS, SERVICE, make_desk
from tests.serverless import Here, ServerlessDesk

ADMIN = "admin@cau.test"
MARTA = "Marta Gil <marta@cliente.test>"
ROBOT = b"From: raro@otro.test\r\nTo: soportecau@cau.test\r\nSubject: =?utf-8?q?Oferta_de_t=C3=B3ner?=\r\n" + b"".join(
    b"X-%d: x\r\n" % n for n in range(600)
)
"""More headers than the budget allows."""
BUSY = make_desk(reports=Reports(worklist=("08:00",)), retention=Retention(raw_mails=30, sent=30, closed_tickets=60))
MONDAY = datetime(2017, 10, 16, 6, 30, tzinfo=UTC)
"""08:30 in Madrid, a week after the tests' day."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ServerlessDesk]:
    with ServerlessDesk(tmp_path, BUSY) as desk:
        yield desk


def loaded(desk: Desk) -> Loaded[Letters]:
    settings: Any = SimpleNamespace(desk=desk, mailboxes=())
    return Loaded(settings, Letters.load(desk), "1")


def context_of(store: Store, desk: Desk, slot: datetime) -> JobContext:
    reader: Any = Here(store.files.root, desk)
    return JobContext(store, loaded(desk), reader, slot)


def jobs_of(world: ServerlessDesk, tick: list[float] | None = None) -> Jobs:
    monotonic = (lambda: tick[0]) if tick else (lambda: world.clock().timestamp())
    return Jobs(
        world.store, lambda: world.desk, lambda slot: context_of(world.store, world.desk, slot), monotonic=monotonic
    )


def open_one(world: ServerlessDesk) -> str:
    assert world.receive(write(MARTA, OPENINGS, OPENING, GOOD)) == "opened"
    world.letters()
    return str(world.query("SELECT number FROM tickets ORDER BY number DESC")[0][0])


# -- when


def test_a_new_desk_makes_up_for_nothing(world: ServerlessDesk) -> None:
    jobs = jobs_of(world)
    assert jobs.missed() == ()
    assert jobs.missed() == ()
    assert world.letters() == []


def test_what_was_missed_is_done_once(world: ServerlessDesk) -> None:
    jobs = jobs_of(world)
    open_one(world)
    assert jobs.missed() == ()
    world.clock.now = MONDAY
    assert set(jobs.missed()) == {"report", "proof", "digest", "worklist", "retention"}
    assert jobs.run_missed() == 5
    assert sorted(sent.letter for sent in world.letters()) == ["proof", "report", "worklist"]
    assert jobs.run_missed() == 0
    assert jobs_of(world).run_missed() == 0  # nor after a restart
    assert world.letters() == []


def test_a_job_has_its_minute_to_begin(world: ServerlessDesk) -> None:
    jobs, half_past_three = jobs_of(world), datetime(2017, 10, 10, 1, 30, tzinfo=UTC)
    jobs.missed()
    world.clock.now = half_past_three + LATE - timedelta(seconds=1)
    assert "retention" not in jobs.missed()
    world.clock.now = half_past_three + LATE
    assert "retention" in jobs.missed()


def test_a_month_away_is_made_up_for_with_one_letter_each(world: ServerlessDesk) -> None:
    jobs_of(world).missed()
    world.clock.turn(days=35)
    jobs_of(world).run_missed()
    assert [sent.letter for sent in world.letters("proof")] == ["proof"]


def test_a_clock_that_was_a_year_ahead_stops_no_job(world: ServerlessDesk) -> None:
    jobs_of(world).missed()
    world.clock.turn(days=400)
    jobs_of(world).run_missed()
    world.clock.turn(days=-399)
    jobs_of(world).run_missed()
    world.letters()
    world.clock.turn(days=1)
    jobs_of(world).run_missed()
    assert [sent.letter for sent in world.letters("proof")] == ["proof"]


def test_a_job_that_fails_is_kept_in_mind_and_tried_again_later(world: ServerlessDesk, monkeypatch: Any) -> None:
    tick = [0.0]
    jobs = jobs_of(world, tick)
    jobs.missed()
    world.clock.now = MONDAY
    broken: Any = replace(BUSY, catalogue={})
    world.desk, whole = broken, world.desk
    assert jobs.run("proof") is False
    assert jobs.states["proof"].fault
    world.desk = whole
    tick[0] += AGAIN_AFTER_S - 1
    assert "proof" not in jobs.missed()
    tick[0] += 1
    assert "proof" in jobs.missed()
    assert jobs.run("proof") is True
    assert jobs.states["proof"].fault == ""


def test_the_scheduler_wakes_each_job_at_its_local_time() -> None:
    weekly = trigger(Slot("report", time(8), 0), "Europe/Madrid")
    after = datetime(2017, 10, 24, tzinfo=UTC)
    assert weekly.get_next_fire_time(None, after) == datetime(2017, 10, 30, 7, tzinfo=UTC)  # the hour was put back
    daily = trigger(Slot("proof", time(7)), "Europe/Madrid")
    assert daily.get_next_fire_time(None, after) == datetime(2017, 10, 24, 5, tzinfo=UTC)


def test_a_running_scheduler_makes_up_for_missed_jobs_and_follows_the_configuration(world: ServerlessDesk) -> None:
    tick = [0.0]
    jobs = jobs_of(world, tick)
    jobs.start()
    jobs.tend()
    try:
        world.clock.now = MONDAY
        tick[0] += 1e6
        jobs.tend()
        until(lambda: not jobs.missed() and all(beat.done_at for beat in jobs.states.values()))
        assert set(jobs.states) == {"report", "proof", "digest", "worklist", "retention"}
        assert all(not beat.fault for beat in jobs.states.values())
        assert "proof" in [sent.letter for sent in world.letters()]
        world.desk = make_desk(reports=Reports(weekly="", proof="", digest=""), retention=Retention(0, 0, 0))
        jobs.tend()
        assert jobs.missed() == ()
    finally:
        jobs.stop()


def test_a_job_that_hangs_holds_up_no_other_and_no_end(world: ServerlessDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def hang(context: JobContext) -> Decision:
        begun.set()
        goes_on.wait(PATIENCE_S)
        return Decision()

    monkeypatch.setitem(JOBS, "proof", hang)
    tick = [0.0]
    jobs = jobs_of(world, tick)
    jobs.start()
    jobs.tend()
    try:
        world.clock.now = MONDAY
        tick[0] += 1e6
        jobs.tend()
        until(lambda: begun.is_set() and jobs.states["retention"].done_at)
        jobs.stop()
        assert jobs.states["proof"].running
    finally:
        goes_on.set()
        jobs.stop()
    until(lambda: not jobs.states["proof"].running)


def test_of_several_daemons_one_runs_a_job(tmp_path: Path, postgres: Server) -> None:
    url = postgres.database("jobs")
    with ServerlessDesk(tmp_path, BUSY, url) as world:
        world.clock.now = MONDAY
        slot = last_slot("proof", BUSY, MONDAY)
        assert slot is not None
        stores = [Store.open(url, tmp_path / "files", clock=world.clock) for _ in range(4)]
        done: list[bool] = []

        def run(store: Store) -> None:
            done.append(run_job("proof", context_of(store, BUSY, slot)))
            store.close()

        threads = [threading.Thread(target=run, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(done) == [False, False, False, True]
        assert len(world.letters("proof")) == 1


# -- what


def run_now(world: ServerlessDesk, job: Any) -> None:
    slot = last_slot(job, world.desk, world.clock())
    assert slot is not None
    assert run_job(job, context_of(world.store, world.desk, slot))


def test_the_report_carries_its_charts_and_its_table(world: ServerlessDesk) -> None:
    number = open_one(world)
    world.clock.now = MONDAY
    run_now(world, "report")
    (sent,) = world.letters("report")
    assert sent.to == "coord@cau.test"
    assert "1 nueva" in sent.read["Subject"]
    files = sent.read.files
    (csv,) = (name for name in files if name.endswith(".csv"))
    assert number in files[csv].decode("utf-8-sig")
    assert b"cid:" in sent.raw
    assert sent.raw.count(b"Content-Type: image/png") >= 1


def test_the_proof_says_that_the_books_balance_or_what_does_not(world: ServerlessDesk) -> None:
    open_one(world)
    world.clock.turn(hours=1)
    run_now(world, "proof")
    assert world.letter("proof", ADMIN)["Subject"] == "Las cuentas cuadran: 1 correo"
    world.store.run(lambda tx: tx.session.run("UPDATE tickets SET state = 'closed'"))
    world.clock.turn(days=1)
    run_now(world, "proof")
    told = world.letter("proof", ADMIN)
    assert told["Subject"] == "Las cuentas no cuadran: 1 diferencia"
    assert "its row says state 'closed', its journal 'assigned'" in " ".join(told.part("plain").split())


def test_the_worklist_goes_to_the_group_and_its_link_works(world: ServerlessDesk) -> None:
    number = open_one(world)
    world.clock.turn(days=1)
    run_now(world, "worklist")
    told = world.letter("worklist", "n1@cau.test")
    assert number in told.part("plain")
    (take,) = (url for label, url in told.links.items() if "Asignarme" in label)
    assert world.receive(click("Ana <ana@cau.test>", take)) == "desk"
    shown = world.store.show(number)
    assert shown is not None
    assert shown["assignee"] == "ana@cau.test"


def quarantined(world: ServerlessDesk, count: int = 1) -> None:
    assert set(world.receive_all([ROBOT + b"X: %d\r\n\r\ncompre\x00 ya" % n for n in range(count)], "apertura")) == {
        "quarantined"
    }
    world.letters()


def test_the_digest_shows_a_harmless_extract(world: ServerlessDesk) -> None:
    quarantined(world)
    world.clock.turn(days=1)
    run_now(world, "digest")
    told = world.letter("quarantine_digest", ADMIN)
    text = told.part("plain")
    for shown in ("raro@otro.test", "Oferta de tóner", "compre ya", "more than 500 headers"):
        assert shown in text
    assert told["Subject"] == "1 correo en cuarentena"
    assert sorted(label.split()[0] for label in told.links) == ["Bloquear", "Dejar", "Desechar", "Tratar"]


def test_no_digest_without_quarantine(world: ServerlessDesk) -> None:
    world.clock.turn(days=1)
    run_now(world, "digest")
    assert world.letters() == []


@pytest.mark.parametrize(
    ("label", "verdicts", "subject"),
    [
        ("Desechar", ["untreated:discarded", "quarantined:"], "El correo queda desechado"),
        ("Bloquear", ["untreated:blocked", "untreated:blocked"], "El remitente queda bloqueado"),
        ("Tratar", [":retried", "quarantined:"], "El correo se trata otra vez"),
        ("Dejar", [":released", "quarantined:"], "El correo se deja pasar"),
    ],
)
def test_a_click_of_the_admin_is_done_and_answered(
    world: ServerlessDesk, label: str, verdicts: list[str], subject: str
) -> None:
    quarantined(world, 2)
    world.clock.turn(days=1)
    run_now(world, "digest")
    links = world.letter("quarantine_digest", ADMIN).links
    first = next(url for name, url in links.items() if name.startswith(label) and name.endswith(" 1"))
    assert world.receive(click(f"Admin <{ADMIN}>", first)) == "desk"
    assert world.letter("admin_alert", ADMIN)["Subject"] == subject
    ledger = world.query("SELECT verdict, why FROM mails ORDER BY id")[:2]
    assert [f"{verdict}:{why if verdict != 'quarantined' else ''}" for verdict, why in ledger] == verdicts
    assert world.store.audit(world.desk) == []
    assert world.receive(click(f"Admin <{ADMIN}>", first)) == "desk"
    assert world.letter("admin_alert", ADMIN)["Subject"] == "Ese correo ya no está en cuarentena"


def test_a_blocked_sender_gets_no_further(world: ServerlessDesk) -> None:
    quarantined(world)
    world.clock.turn(days=1)
    run_now(world, "digest")
    links = world.letter("quarantine_digest", ADMIN).links
    world.receive(click(f"Admin <{ADMIN}>", next(url for name, url in links.items() if name.startswith("Bloquear"))))
    world.letters()
    assert world.receive(write("Raro <raro@otro.test>", OPENINGS, OPENING, GOOD)) == "untreated"
    assert world.ledger()[-1] == ("untreated", "blocked")
    assert world.letters() == []


def test_retention_drops_what_is_too_old_and_the_books_balance(world: ServerlessDesk) -> None:
    number = open_one(world)
    world.store.run(lambda tx: tx.session.run("UPDATE mails SET filed_at = 1"))
    world.clock.turn(days=29)
    run_now(world, "retention")
    assert world.store.raw_mail(1)
    world.clock.turn(days=2)
    run_now(world, "retention")
    with pytest.raises(KeyError):
        world.store.raw_mail(1)
    assert world.query("SELECT COUNT(*) FROM outbox WHERE head IS NOT NULL") == [(0,)]
    assert world.store.show(number) is not None
    assert world.store.audit(world.desk) == []
    assert DESK.retention.raw_mails == 0  # which is the default: for ever
    assert timedelta(days=DESK.retention.sent) == timedelta(days=365)


def test_f39_a_clock_far_ahead_drops_a_week_more_a_night_until_somebody_sees_it(world: ServerlessDesk) -> None:
    """So does a desk that was off for long: it comes to what its retention says within some nights."""
    open_one(world)
    world.store.run(lambda tx: tx.session.run("UPDATE mails SET filed_at = 1"))
    run_now(world, "retention")
    world.clock.turn(days=400)
    for _ in range(4):
        world.clock.turn(days=1)
        run_now(world, "retention")
        assert world.store.raw_mail(1), "28 days were let pass"
    world.clock.turn(days=1)
    run_now(world, "retention")
    with pytest.raises(KeyError):
        world.store.raw_mail(1)


class Meanwhile(Here):
    """Reads, and before anything comes of it retention removes what nothing names."""

    store: Store

    def answers(self, mails: Sequence[tuple[int, Octets]]) -> Iterator[Mail | Poisoned]:
        for answer in super().answers(mails):
            remove_leftovers(self.store)
            yield answer


def test_a_mail_whose_file_retention_removes_while_it_is_read_is_read_again(world: ServerlessDesk) -> None:
    def with_photo(sender: str) -> EmailMessage:
        return write(sender, OPENINGS, OPENING, GOOD, files={"foto.png": b"a photo"})

    world.receive(with_photo(MARTA), "apertura")
    (digest,) = world.store.files.digests()
    world.store.run(lambda tx: tx.session.run("UPDATE events SET attachments = ''"))
    world.store.run(lambda tx: tx.session.run("UPDATE outbox SET attachments = '[]'"))
    world.store.run(lambda tx: unnamed.unname(tx.session, [digest]))
    reader = Meanwhile(world.store.files.root, world.desk)
    reader.store = world.store
    world.read_by(reader)
    assert world.receive(with_photo("Eva <eva@cliente.test>"), "apertura") == "opened"
    assert world.store.files.has(digest)
    assert world.query("SELECT COUNT(*) FROM events WHERE attachments <> ''") == [(1,)]


class KilledError(Exception):
    """In place of a SIGKILL."""


def die() -> None:
    raise KilledError


@pytest.mark.parametrize("killed", [False, True])
def test_retention_leaves_nobodys_words_in_any_file(
    world: ServerlessDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    """Not in the index of words, nor in the database's log, while the desk runs on; also where an earlier run was
    killed when all was dropped and nothing wiped."""
    words = ("marta", "Gil", "pantalla", "guardar")
    number = open_one(world)
    world.receive(write(MARTA, SERVICE, f"Retirar la incidencia {number}", ""))
    world.receive(click(MARTA, world.letter("withdrawal", "marta@cliente.test").links["Confirmar la retirada"]))
    world.letters()
    world.store.run(lambda tx: tx.session.run("UPDATE mails SET filed_at = 1"))
    world.store.index_words()
    assert [word for word in words if lies_in_a_file(tmp_path, word)] == list(words)
    world.clock.turn(days=61)
    if killed:
        with monkeypatch.context() as before, pytest.raises(KilledError):
            before.setattr(world.store, "wipe", die)
            run_now(world, "retention")
    run_now(world, "retention")
    world.store.index_words()
    assert [word for word in words if lies_in_a_file(tmp_path, word)] == []


def test_what_the_guards_counted_goes_after_a_day_whatever_is_kept_for_ever(tmp_path: Path) -> None:
    with ServerlessDesk(tmp_path, make_desk(retention=Retention(0, 0, 0))) as world:
        open_one(world)
        world.clock.turn(hours=23)
        run_now(world, "retention")
        before = world.query("SELECT name, bucket, n FROM windows")
        world.clock.turn(days=1)
        open_one(world)
        run_now(world, "retention")
        after = world.query("SELECT name, bucket, n FROM windows")
    assert len(before) == len(after) > 1
    assert not set(before) & set(after)


def lies_in_a_file(folder: Path, word: str) -> bool:
    return any(word.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())
