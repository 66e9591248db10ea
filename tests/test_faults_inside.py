"""The daemon inside the test's own process, for what no process can be brought to from outside: its clock is moved, and
its parser is given too little memory.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daemon.demo.correspondent import click, write
from daemon.intake import Intake
from daemon.mail.reader import Reader
from daemon.operations.jobs import JobContext, digest
from daemon.service import TURN_S, Service, open_service
from daemon.store import daemons
from daemon.store.connections import SqliteConnections
from daemon.store.errors import LeaseLost, Unavailable
from rules.tables import Limits
from tests import configs
from tests.deskworld import GOOD, GROUP, MARTA, OPENINGS, SERVICE, SUBJECT, DeskWorld
from tests.invariants import at_rest, violations
from tests.patience import PATIENCE_S, until
from tests.rules.desks import DESK, OPENING, make_desk
from tests.serverless import Here, ServerlessDesk
from tests.store.desk import fetched


class Moved:
    """The wall clock, so far off."""

    def __init__(self) -> None:
        self.off = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.off


def day(moment: datetime) -> str:
    """The desk's, as its numbers name it."""
    return f"{moment.astimezone(ZoneInfo('Europe/Madrid')):%y%m%d}"


@contextmanager
def running(world: DeskWorld, clock: Moved) -> Iterator[Service]:
    """The desk's daemon, in this process."""
    service = open_service(world.config, clock)
    service.start()
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    with DeskWorld(tmp_path) as desk:
        yield desk


def test_systemd_hears_of_every_turn_also_of_those_that_fail(
    world: DeskWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon whose turns fail is not better for being killed: it treats mails all the same."""
    failed: list[float] = []

    def fail() -> None:
        failed.append(time.monotonic())
        raise LookupError("a defect")

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, running(world, Moved()) as service:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE_S)
        monkeypatch.setattr(service, "_turn", fail)
        until(lambda: failed)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        assert len(failed) >= 3


def test_systemd_hears_nothing_of_a_turn_that_hangs(
    world: DeskWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        goes_on.wait(PATIENCE_S)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, running(world, Moved()) as service:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setattr(service, "_turn", hang)
        assert hangs.wait(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        systemd.settimeout(3 * TURN_S)
        with pytest.raises(TimeoutError):
            systemd.recv(100)
        goes_on.set()
        systemd.settimeout(PATIENCE_S)
        assert systemd.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("fault", "told", "back"),
    [
        (LookupError("a defect"), "El programa falla", "El programa ya no falla"),
        (Unavailable("away"), "La base de datos falla", "La base de datos vuelve a funcionar"),
        (sqlite3.OperationalError("disk I/O error"), "La base de datos falla", "La base de datos vuelve a funcionar"),
    ],
)
def test_turns_that_fail_are_told_of_as_what_failed_and_their_end_too(
    world: DeskWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, told: str, back: str
) -> None:
    target = tmp_path / "alarm.txt"
    world.save(
        world.config.read_text(encoding="utf-8")
        + f"[alerts]\nafter = \"1s\"\ncommand = ['/bin/sh', '-c', 'cat >> {target}']\n"
    )

    def fail() -> None:
        raise fault

    def heads() -> list[str]:
        lines = target.read_text(encoding="utf-8").splitlines() if target.exists() else []
        return [line.removeprefix("Soporte CAU: ") for line in lines if line.startswith("Soporte CAU: ")]

    with running(world, Moved()) as service:
        with monkeypatch.context() as broken:
            broken.setattr(service, "_turn", fail)
            until(lambda: heads() == [told])
        until(lambda: heads() == [told, back])


def test_f32_a_database_that_is_damaged_while_it_runs_judges_no_mail(tmp_path: Path) -> None:
    """Where it is read for each verdict: a mail waits until it is mended, however often it is tried."""
    path, openings = tmp_path / "acuse.db", [write(MARTA, OPENINGS, OPENING, GOOD) for _ in range(2)]
    with ServerlessDesk(tmp_path) as desk:
        assert desk.receive(openings[0], "apertura") == "opened"
    with closing(sqlite3.connect(path)) as books:
        (page,) = books.execute("SELECT rootpage FROM sqlite_master WHERE name = 'windows'").fetchone()
        (size,) = books.execute("PRAGMA page_size").fetchone()

    def overwrite(octets: bytes) -> bytes:
        """What stood there."""
        with path.open("r+b") as file:
            before = os.pread(file.fileno(), size, (page - 1) * size)
            os.pwrite(file.fileno(), octets, (page - 1) * size)
        return before

    state = path.stat()
    whole = overwrite(b"\xff" * size)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))  # as a disk does
    with ServerlessDesk(tmp_path, first_uid=2) as desk:
        with pytest.raises(Unavailable, match="malformed"):
            desk.receive(openings[1], "apertura")
        for _ in range(2 * DESK.limits.attempts):
            with pytest.raises(Unavailable, match="malformed"):
                desk.treat_waiting("apertura")
    overwrite(whole)
    with ServerlessDesk(tmp_path) as desk:
        desk.treat_waiting("apertura")
        assert desk.ledger() == [("opened", "opening")] * 2


def test_f31_a_daemon_that_cannot_begin_leaves_the_database_to_its_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter that was claimed when it died is to be freed, and another process holds the database."""
    with ServerlessDesk(tmp_path) as desk:
        assert desk.receive(write(MARTA, OPENINGS, OPENING, GOOD), "apertura") == "opened"
        assert desk.store.claim("dead#1", desk.clock(), timedelta(minutes=1), 1)
    monkeypatch.setattr("daemon.store.dialect.BUSY_MS", 10)
    config = configs.write(tmp_path)
    with closing(sqlite3.connect(tmp_path / "acuse.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            open_service(config)
    open_service(config).stop()


def test_f10_a_refused_letter_is_told_to_its_group_once(world: DeskWorld) -> None:
    world.servers.sink.script["RCPT"] = ["550 5.1.1 no such user"]
    with running(world, Moved()):
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        assert "550 5.1.1 no such user" in world.wait("delivery_failure", GROUP).part("plain")
        world.until(lambda: at_rest(world), "rest")
    assert world.letters(MARTA) == []
    assert world.query("SELECT attempts FROM deliveries WHERE status = 'failed'") == [(1,)]
    assert len(world.letters(letter="delivery_failure")) == 1


def test_f10_where_every_letter_is_refused_no_letter_tells_of_letters_for_ever(world: DeskWorld) -> None:
    """The admin's address is refused as well: what cannot arrive is not told there."""
    world.servers.sink.script["MAIL"] = ["553 5.7.1 not your sender"] * 500
    with running(world, Moved()):
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        world.until(lambda: world.query("SELECT 1 FROM deliveries WHERE status = 'failed'") != [], "refusals")
        world.until(lambda: at_rest(world), "rest")
    letters = [name for (name,) in world.query("SELECT letter FROM outbox ORDER BY id")]
    assert letters == ["confirmation", "assignment", "delivery_failure", "admin_alert", "admin_alert"]


def test_f38_f39_f40_the_clock_jumps_and_the_desk_goes_on(world: DeskWorld) -> None:
    """An hour, a day, 400 days, to and fro: each mail is answered at once, no number comes twice, nothing loops."""
    clock = Moved()
    jumps = [timedelta(hours=-1), timedelta(hours=1), timedelta(days=-1), timedelta(days=400), timedelta()]
    with running(world, clock) as service:
        for n, jump in enumerate([timedelta(), *jumps]):
            clock.off = jump
            who = f"p{n}@cliente.example"
            before = day(clock())
            world.send(write(who, OPENINGS, SUBJECT, GOOD))
            confirmation = world.wait("confirmation", who)
            assert any(f"I{each}_" in confirmation["Subject"] for each in (before, day(clock())))
        world.until(lambda: at_rest(world), "rest")
        assert service.store.audit(world.settings().desk) == []
    numbers = [row[0] for row in world.query("SELECT number FROM tickets")]
    assert len(set(numbers)) == len(jumps) + 1
    events = [row[0] for row in world.query("SELECT COUNT(*) FROM events GROUP BY number")]
    assert max(events) < 10, "what was due in 400 days came once, not day by day"


def test_retention_runs_by_itself_and_the_books_balance(tmp_path: Path) -> None:
    """Of an open ticket the octets of its mail and its letters go, of one that was withdrawn every word."""
    clock = Moved()
    with DeskWorld(tmp_path, extra="[retention]\nraw_mails = 30\nsent = 30\nclosed_tickets = 60\n") as world:
        with running(world, clock):
            world.until(lambda: world.query("SELECT 1 FROM meta WHERE name = 'job retention'"), "its first time")
            for who in (MARTA, "Luis Pardo <luis@cliente.example>"):
                world.send(write(who, OPENINGS, SUBJECT, GOOD))
            closed = world.wait("confirmation", MARTA)["X-Acuse-Number"]
            world.send(write(MARTA, SERVICE, f"Retirar la incidencia {closed}", ""))
            world.send(click(MARTA, world.wait("withdrawal", MARTA).links["Confirmar la retirada"]))
            world.wait("closure", MARTA)
            world.until(lambda: at_rest(world), "rest")
            clock.off = timedelta(days=61)
            world.until(lambda: not world.query("SELECT 1 FROM mail_raws"), "retention")
            kept = "SELECT 1 FROM outbox WHERE head IS NOT NULL AND letter = 'confirmation'"
            world.until(lambda: not world.query(kept), "letters dropped")
        assert "marta" not in str(world.query("SELECT * FROM tickets") + world.query("SELECT * FROM events")).lower()
        assert "luis" in str(world.query("SELECT * FROM tickets")).lower()
        assert world.balanced()


def test_what_is_due_on_a_damaged_ticket_keeps_no_other_waiting(world: DeskWorld) -> None:
    """Nor does it keep the daemon from going on with everything else."""
    clock = Moved()
    with running(world, clock) as service:
        for who in (MARTA, "Luis Pardo <luis@cliente.example>"):
            world.send(write(who, OPENINGS, SUBJECT, GOOD))
            world.wait("confirmation", who)
        world.until(lambda: at_rest(world), "rest")
        damaged, sound = (number for (number,) in world.query("SELECT number FROM tickets ORDER BY number"))
        with service.store.write() as tx:
            tx.session.run("UPDATE tickets SET body = '{' WHERE number = ?", damaged)
            tx.session.run("UPDATE events SET changes = '{' WHERE number = ?", damaged)
        clock.off = timedelta(hours=3, minutes=30)
        assert world.wait("warning", GROUP)["X-Acuse-Number"] == sound


HANGS = """
import time
import parsers.mail
parse = parsers.mail.parse
def hanging(raw, *more):
    while b"cuelga@cliente.example" in bytes(raw[:2000]):
        time.sleep(1)
    return parse(raw, *more)
parsers.mail.parse = hanging
"""
"""What Python runs at the start of the parser's process: a parser that never comes back from one sender's mail."""


def test_f42_mails_that_kill_or_hang_their_parser_are_quarantined_and_their_neighbours_are_not(
    world: DeskWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HANGS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("daemon.service.Reader", partial(Reader, memory=60 * 1024 * 1024, wall_s=3.0))
    senders = ["p0", "cuelga", "p2", "p3", "enorme", "p5"]
    for sender in senders:
        files = {"enorme.bin": os.urandom(25_000_000)} if sender == "enorme" else {}
        mail = write(f"{sender}@cliente.example", OPENINGS, SUBJECT, GOOD, files=files)
        world.servers.deliver("apertura", mail.as_bytes())
    with running(world, Moved()):
        world.until(lambda: world.servers.counts("apertura").get("Acuse/Cuarentena") == 2, "quarantine")
        world.until(lambda: world.servers.counts("apertura").get("Acuse/Tratados") == 4, "the others")
        world.until(lambda: at_rest(world), "rest")
    set_aside = world.query("SELECT sender, attempts_alone FROM mails WHERE verdict = 'quarantined' ORDER BY sender")
    assert [sender for sender, _ in set_aside] == ["cuelga@cliente.example", "enorme@cliente.example"]
    assert min(alone for _, alone in set_aside) >= 3
    assert violations(world, 6, 4) == []


def test_f37_a_daemon_that_has_lost_its_mailbox_quarantines_nothing_there(tmp_path: Path) -> None:
    """Its last attempt at a mail went wrong while another daemon took the mailbox over, and may read it well."""
    desk = make_desk(limits=Limits(attempts=2))
    with ServerlessDesk(tmp_path, desk) as here:
        lease = here.store.run(lambda tx: daemons.acquire(tx.session, "apertura", "ours", timedelta(hours=1)))
        attempts: list[int] = []

        class Failing:
            def answers(self, mails: object) -> None:
                attempts.append(len(attempts))
                if len(attempts) == 2:
                    here.store.run(lambda tx: tx.session.run("UPDATE leases SET fence = 2, owner = 'theirs'"))
                raise RuntimeError("a defect")

        reader: Any = Failing()
        box: Any = SimpleNamespace(name="apertura")
        here.store.lease_of = lambda mailbox: lease
        intake = Intake(here.store, reader, here, tmp_path)
        with pytest.raises(LeaseLost):
            intake.treat(box, 1, [fetched(1)])
        assert len(attempts) == 2
        assert here.ledger() == [("", "")]


def test_nothing_goes_over_the_network_inside_a_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a slow server would keep every writer waiting, and something would be sent that may be rolled back."""
    inside, transactions, inside_one = threading.local(), [], []
    begin = SqliteConnections.write

    @contextmanager
    def marked(connections: SqliteConnections, lasting: bool = True) -> Iterator[Any]:
        with begin(connections, lasting) as session:
            inside.one = True
            try:
                yield session
            finally:
                inside.one = False
        transactions.append(session)

    def watched(call: Any) -> Any:
        def watching(sock: socket.socket, *values: Any) -> Any:
            if getattr(inside, "one", False):
                inside_one.append(call.__name__)
            called.add(call.__name__)
            return call(sock, *values)

        return watching

    called: set[str] = set()
    monkeypatch.setattr(SqliteConnections, "write", marked)
    for name in ("connect", "send", "sendall", "recv", "recv_into"):
        monkeypatch.setattr(socket.socket, name, watched(getattr(socket.socket, name)))
    with DeskWorld(tmp_path) as world, running(world, Moved()):
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        resolve = world.wait("assignment", GROUP).links["Resolver"]
        world.send(click("Ana Ruiz <ana@cau.example>", resolve, {"Solución": "Se reinicia el servicio AREN."}))
        world.send(click(MARTA, world.wait("validation", MARTA).links["Validar Petición"]))
        world.wait("closure", MARTA)
        world.until(lambda: at_rest(world), "rest")
    assert {"connect", "sendall", "recv", "recv_into"} <= called
    assert len(transactions) > 10
    assert inside_one == []


def with_a_file(octets: int) -> bytes:
    return write(MARTA, OPENINGS, OPENING, GOOD, files={"captura.bin": os.urandom(octets)}).as_bytes()


def test_f29_a_mail_whose_files_find_no_room_waits_and_keeps_no_other_waiting(tmp_path: Path) -> None:
    """The books have room, the folder of files has none: however often it is tried, it is not the mail's fault."""
    with ServerlessDesk(tmp_path) as desk:
        new = desk.store.files.root / "new"
        new.parent.mkdir()
        new.write_text("in the way", encoding="utf-8")
        plain = write(MARTA, OPENINGS, OPENING, GOOD)
        assert desk.receive_all([with_a_file(1000), plain, with_a_file(2000)], "apertura") == ["", "opened", ""]
        for _ in range(2 * DESK.limits.attempts):
            desk.treat_waiting("apertura")
        assert desk.receive(with_a_file(3000), "apertura") == ""
        for _ in range(2 * DESK.limits.attempts):
            desk.treat_waiting("apertura")
        new.unlink()
        desk.treat_waiting("apertura")
        assert desk.ledger() == [("opened", "opening")] * 4


def test_a_mail_whose_kept_octets_cannot_be_read_is_quarantined_and_keeps_no_other_waiting(tmp_path: Path) -> None:
    """As from a disk with a bad sector: the file is there, and reading it fails."""
    large = with_a_file(300_000)
    with ServerlessDesk(tmp_path) as desk:
        desk.store.take("apertura", 1, [fetched(1, large)])
        kept = desk.store.files.path(hashlib.sha256(large).hexdigest())
        kept.unlink()
        kept.symlink_to("/proc/self/mem")
        desk.store.take("apertura", 1, [fetched(2, write(MARTA, OPENINGS, OPENING, GOOD).as_bytes())])
        for _ in range(DESK.limits.attempts + 1):
            desk.treat_waiting("apertura")
        assert [verdict for verdict, _ in desk.ledger()] == ["quarantined", "opened"]
        assert [(each.check, each.subject) for each in desk.store.audit(DESK)] == [("raw mails", "mail 1")]
        assert digest(JobContext(desk.store, desk.current, Here(tmp_path, DESK), desk.clock())).letters
