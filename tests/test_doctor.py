"""`acuse doctor` on servers that are well, and on each thing that can be wrong with them."""

from __future__ import annotations

import io
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from daemon.commands.doctor import CHECKS, Found, examine
from daemon.commands.roundtrip import round_trip
from daemon.config.settings import load
from daemon.demo.correspondent import write
from daemon.store import Store, notes
from rules.ticket import micros
from tests.deskworld import GOOD, MARTA, OPENINGS, SUBJECT, DeskWorld
from tests.postgres import Server, server


@pytest.fixture(params=["embedded", "dovecot"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeskWorld]:
    with DeskWorld(tmp_path, request.param) as desk:
        yield desk


@pytest.fixture
def small(tmp_path: Path) -> Iterator[DeskWorld]:
    """On the embedded servers, for what has nothing to do with them."""
    with DeskWorld(tmp_path, "embedded") as desk:
        yield desk


def found(world: DeskWorld) -> list[Found]:
    settings = load(world.config)
    return [each for check in CHECKS for each in check(settings)]


def bad(world: DeskWorld) -> list[str]:
    return [f"{each.what}: {each.text}" for each in found(world) if each.state == "bad"]


def texts(world: DeskWorld, what: str) -> list[str]:
    return [each.text for each in found(world) if each.what == what]


def test_a_desk_that_is_well(world: DeskWorld) -> None:
    done = world.acuse("doctor")
    for shown in ("mailbox apertura", "login at 127.0.0.1", "made at the first start", "takes letters", "all is well"):
        assert shown in done.stdout
    assert any("Acuse/Tratados" in line and "Acuse/Retenidos" in line for line in done.stdout.splitlines())
    world.acuse("run", "--once")
    assert bad(world) == []
    assert any("folders Acuse/Tratados" in text for text in texts(world, "mailbox apertura"))
    assert any("schema up to date" in text for text in texts(world, "database"))


def test_a_mail_to_ourselves_arrives(small: DeskWorld) -> None:
    screen = io.StringIO()
    assert examine(load(small.config), round_trip=True, console=Console(file=screen, width=200)) == 0
    assert "arrived after" in screen.getvalue()
    assert "this machine and the mail server differ by" in screen.getvalue()
    small.acuse("run", "--once")
    assert small.query("SELECT verdict FROM mails") == [("automatic",)]


def test_a_mail_to_ourselves_that_does_not_arrive(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "dovecot") as world:  # its letters end in a sink
        with pytest.raises(TimeoutError, match="did not arrive in mailbox servicio"):
            round_trip(load(world.config), patience_s=1.0)
        assert [to for to, _ in world.servers.letters()] == ["soporteservicios@cau.example"]


def test_a_wrong_password(world: DeskWorld) -> None:
    (world.folder / "password").write_text("wrong", encoding="utf-8")
    wrong = bad(world)
    assert [text.split(":")[0] for text in wrong] == [f"mailbox {box}" for box in ("apertura", "servicio", "tecnicos")]
    assert world.acuse("doctor", check=False).returncode == 1


def test_a_wrong_port(world: DeskWorld) -> None:
    world.edit(f"port = {world.servers.imap_port}", "port = 1")
    world.edit(f"port = {world.servers.smtp_port}", "port = 2")
    told = bad(world)
    assert [text.split(":")[0] for text in told] == [
        "mailbox apertura", "mailbox servicio", "mailbox tecnicos", "smtp",
    ]  # fmt: skip
    assert "127.0.0.1:1" in told[0]
    assert told[3].startswith("smtp: connect: to 127.0.0.1:2: ")
    assert told[3].count("127.0.0.1") == 1


def test_a_secret_that_is_not_there(small: DeskWorld) -> None:
    (small.folder / "password").unlink()
    assert "cannot read the secret" in bad(small)[0]


def test_a_password_of_the_database_that_is_not_there(small: DeskWorld) -> None:
    text = small.config.read_text(encoding="utf-8")
    elsewhere = 'url = "postgresql://u@127.0.0.1/x"\npassword_env = "ACUSE_NOT_SET"'
    small.config.write_text(re.sub(r'url = "[^"]*"', elsewhere, text, count=1), encoding="utf-8")
    assert bad(small) == ["database: the environment variable ACUSE_NOT_SET is not set"]


def test_a_server_without_tls(small: DeskWorld) -> None:
    small.edit(f'port = {small.servers.smtp_port}\nsecurity = "none"', f"port = {small.servers.smtp_port}")
    (told,) = bad(small)
    assert told.startswith("smtp: ")
    assert "STARTTLS" in told


@pytest.mark.parametrize("name", ["[apertura]", "[/apertura]"])
def test_a_mailbox_is_named_as_it_is_called(small: DeskWorld, name: str) -> None:
    small.edit('name = "apertura"', f'name = "{name}"')
    assert f"mailbox {name}" in small.acuse("doctor", check=False).stdout


def test_a_database_that_is_none(small: DeskWorld) -> None:
    (small.folder / "acuse.db").write_bytes(b"this is no database" * 500)
    assert "not a usable database" in bad(small)[0]


def test_what_is_no_file_where_the_database_should_be(small: DeskWorld) -> None:
    (small.folder / "acuse.db").mkdir()
    told = f"{small.folder}/acuse.db is no file: move it away"
    assert bad(small)[0].startswith(f"database: {told}")
    for verb in ("check", "list", "run --once", "backup copy.db"):
        done = small.acuse(*verb.split(), check=False)
        assert (done.returncode, told in done.stdout + done.stderr) == (1, True), verb


@pytest.mark.parametrize("left", [True, False], ids=["empty", "gone"])
def test_an_empty_database_beside_the_receipts_of_a_desk_is_no_new_desk(small: DeskWorld, left: bool) -> None:
    """Its numbers would begin anew, and answers to earlier letters would reach other people's tickets."""
    small.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
    small.acuse("run", "--once")
    for file in small.folder.glob("acuse.db*"):
        if not file.name.endswith("-receipts"):
            file.unlink()
    if left:
        (small.folder / "acuse.db").touch()
    told = f"{small.folder}/acuse.db is gone or empty, though it has sent letters"
    small.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
    assert bad(small)[0].startswith(f"database: {told}")
    for verb in ("check", "list", "audit", "migrate", "run --once"):
        done = small.acuse(*verb.split(), check=False)
        assert (done.returncode, told in done.stdout + done.stderr) == (1, True), verb
    assert small.servers.counts("apertura")["INBOX"] == 1
    for file in small.folder.glob("acuse.db*"):
        file.unlink()
    small.acuse("run", "--once")
    assert [ticket["number"][-6:] for ticket in small.tickets()] == ["000001"]


def test_a_place_of_files_that_is_no_folder(small: DeskWorld) -> None:
    files = small.folder / "files"
    files.mkdir()
    for each in (files / "spool", files):
        shutil.rmtree(files, ignore_errors=True)
        each.parent.mkdir(exist_ok=True)
        each.symlink_to(each)
        assert f"files: {each} is no folder; name another place" in bad(small)
        each.unlink()


def test_a_page_of_the_database_that_is_damaged(small: DeskWorld) -> None:
    small.acuse("run", "--once")
    path = small.folder / "acuse.db"
    with closing(sqlite3.connect(path)) as books:
        (page,) = books.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events_seq'").fetchone()
        (size,) = books.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        os.pwrite(file.fileno(), b"\xff" * size, (page - 1) * size)
    assert bad(small)[0].startswith("database: damaged, restore a backup: events: ")


def test_an_old_schema_wants_migrate(small: DeskWorld) -> None:
    small.acuse("run", "--once")
    store = Store.open(f"sqlite:///{small.folder}/acuse.db", small.folder / "files")
    with store.write() as tx:
        tx.session.run("DELETE FROM schema_migration WHERE name LIKE '0002%'")
        tx.session.run("DROP TABLE blocked_senders")
        tx.session.run("DROP TABLE unnamed_files")
    store.close()
    assert "run `acuse migrate`" in bad(small)[0]
    assert "applied 0002" in small.acuse("migrate").stdout
    assert bad(small) == []
    assert "up to date" in small.acuse("migrate").stdout


def test_files_that_others_may_read(small: DeskWorld) -> None:
    (small.folder / "password").chmod(0o644)
    notes_ = [each.text for each in found(small) if each.state == "note"]
    assert any("others may read" in text and "chmod 600" in text for text in notes_)


def test_no_room_left_for_the_books_alone(small: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    usage, books = shutil.disk_usage(small.folder), small.folder / "books"
    books.mkdir()
    small.edit(f"sqlite:///{small.folder}", f"sqlite:///{books}")
    full = usage._replace(free=0)
    monkeypatch.setattr("daemon.commands.doctor.shutil.disk_usage", lambda at: full if at == books else usage)
    assert bad(small) == [f"files: 0 MiB free at {books}"]


def test_no_room_left(small: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(small.folder)
    monkeypatch.setattr("daemon.commands.doctor.ROOM", usage.total + 1)
    assert [text for text in bad(small) if "MiB free" in text]


def test_a_running_daemon_is_seen_with_its_polls(small: DeskWorld) -> None:
    process = small.start()
    small.until(lambda: any("last good poll" in text for text in texts(small, "mailbox tecnicos")), "polls")
    assert f"a daemon works with it: process {process.pid}" in texts(small, "database")
    assert bad(small) == []
    small.stop()
    assert "no daemon works with it now" in texts(small, "database")


def test_a_mailbox_that_nobody_has_seen_for_long(small: DeskWorld) -> None:
    small.acuse("run", "--once")
    store = Store.open(f"sqlite:///{small.folder}/acuse.db", small.folder / "files")
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    store.run(lambda tx: notes.put(tx.session, "poll apertura", str(micros(long_ago))))
    store.close()
    told = [each.state for each in found(small) if "last good poll" in each.text]
    assert told == ["note"]


def test_leases_and_version_of_postgresql(tmp_path: Path) -> None:
    with server() as running:
        _on_postgresql(running, tmp_path)


def _on_postgresql(running: Server, folder: Path) -> None:
    url = running.database("doctor")
    with DeskWorld(folder, "embedded", database=url) as world:
        assert "the schema lacks" in bad(world)[0]
        assert "applied 0001" in world.acuse("migrate").stdout

        def told(what: str, text: str) -> bool:
            return any(text in each for each in texts(world, what))

        world.start()
        world.until(lambda: told("mailbox apertura", "held by"), "lease")
        assert world.daemon
        assert told("database", f":{world.daemon.pid}")
        world.kill()
        world.until(lambda: told("mailbox apertura", "watched by nobody"), "the end of the lease")
        world.until(lambda: told("database", "work with it: none now"), "the end of the daemon")
        world.start()
        world.until(lambda: told("mailbox apertura", "held by"), "lease")
        assert any("PostgreSQL" in text for text in texts(world, "database"))
        assert any("as the database's" in text for text in texts(world, "clock"))
        assert bad(world) == []
        world.stop()
        assert told("mailbox apertura", "let go by")
        running.stop()
        assert "does not answer" in bad(world)[0]
