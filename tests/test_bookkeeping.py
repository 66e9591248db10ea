"""`acuse erase`, `backup` and `migrate`, beside a running daemon and without one."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.commands import Unable, asking
from daemon.demo.correspondent import click, write
from daemon.mail.filing import Folders
from daemon.mail.imap import Imap
from daemon.mail.wire import Endpoint
from daemon.operations.requests import FOLDER, leave_request
from tests.deskworld import GOOD, GROUP, MARTA, OPENINGS, SUBJECT, DeskWorld
from tests.serverless import ServerlessDesk

ADDRESS = "marta@cliente.example"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    """A desk with one ticket of Marta's, its daemon stopped."""
    with DeskWorld(tmp_path, "embedded") as desk:
        desk.send(write(MARTA, OPENINGS, SUBJECT, GOOD, files={"captura.png": b"\x89PNG"}))
        desk.acuse("run", "--once")
        yield desk


def run(world: DeskWorld) -> None:
    """Start the daemon, and wait until it has seen a mailbox."""
    world.start()
    world.until(lambda: world.query("SELECT 1 FROM meta WHERE name = 'poll apertura'"), "daemon")


def names_her(world: DeskWorld) -> bool:
    shown = json.dumps(world.show(world.tickets()[0]["number"]), ensure_ascii=False)
    return ADDRESS in shown or "Marta" in shown


def lies_in_the_database(world: DeskWorld, word: str) -> bool:
    path = Path(world.settings().database.url.removeprefix("sqlite:///"))
    return any(word.encode() in each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def test_erase_shows_first_and_changes_nothing(world: DeskWorld) -> None:
    told = world.acuse("erase", ADDRESS.upper()).stdout
    for shown in (ADDRESS, "tickets opened: 1", "and 0 to others", "still open", "--yes does it"):
        assert shown in told
    assert names_her(world)


def test_erase_forgets_and_the_books_balance(world: DeskWorld) -> None:
    assert "1 tickets, now of erased-" in world.acuse("erase", ADDRESS, "--yes").stdout
    assert not names_her(world)
    assert world.balanced()
    again = world.acuse("erase", ADDRESS, "--yes", check=False)
    assert (again.returncode, "nothing is known" in again.stderr) == (1, True)


def test_erase_is_done_by_the_daemon_that_runs_and_the_ticket_goes_on(world: DeskWorld) -> None:
    resolve = world.wait("assignment", GROUP).links["Resolver"]
    run(world)
    assert lies_in_the_database(world, ADDRESS)
    assert "done by the running daemon" in world.acuse("erase", ADDRESS, "--yes").stdout
    assert not names_her(world)
    assert not [word for word in (ADDRESS, "Marta", "marta") if lies_in_the_database(world, word)]
    before = len(world.letters(ADDRESS))
    world.send(click("Ana Ruiz <ana@cau.example>", resolve, {"Solución": "Se reinicia el servicio AREN."}))
    world.until(lambda: world.tickets()[0]["state"] == "resolved", "solution")
    assert world.stop() == 0
    assert len(world.letters(ADDRESS)) == before
    assert world.balanced()


def test_a_mail_that_somebody_moved_is_told_for_three_days(world: DeskWorld) -> None:
    (account,) = (each for each in world.settings().mailboxes if each.name == "apertura")
    with Imap(Endpoint.of_account(account, None)) as imap:
        folders = Folders(imap)
        folders.file_away(imap.uids(folders.select(account.folders.done)), "Archivo")
    told = world.acuse("audit", check=False)
    assert (told.returncode, "mail 1: it was filed into apertura/done, and is not there" in told.stdout) == (1, True)
    for days, balanced in ((2, False), (3, True)):
        with sqlite3.connect(world.folder / "acuse.db") as books:
            books.execute("UPDATE mails SET filed_at = ?", (time.time_ns() // 1000 - days * 86_400_000_000,))
        assert world.balanced() is balanced


def test_of_two_mailboxes_one_that_cannot_be_reached_is_named_and_the_other_judged(world: DeskWorld) -> None:
    *_, other = world.settings().mailboxes
    text = world.config.read_text(encoding="utf-8")
    box = text.index(f'name = "{other.name}"')
    away = text[box:].replace(f"port = {other.port}", "port = 1", 1)
    assert away != text[box:]
    world.config.write_text(text[:box] + away, encoding="utf-8")
    told = world.acuse("audit", check=False)
    assert (told.returncode, told.stdout.count("not looked at: ")) == (0, 1)
    assert re.search(rf"not looked at: {other.name}: connect to .*:1: ", told.stdout)
    (account,) = (each for each in world.settings().mailboxes if each.name == "apertura")
    with Imap(Endpoint.of_account(account, None)) as imap:
        folders = Folders(imap)
        folders.file_away(imap.uids(folders.select(account.folders.done)), "Archivo")
    told = world.acuse("audit", "--json", check=False)
    proof = json.loads(told.stdout)
    assert (told.returncode, [each["subject"] for each in proof["findings"]]) == (1, ["mail 1"])
    assert [each.partition(":")[0] for each in proof["not_looked_at"]] == [other.name]


def test_a_request_that_cannot_be_done_stops_nothing(world: DeskWorld) -> None:
    files = world.settings().database.files
    leave_request(Path(files), "dance", {})
    leave_request(Path(files), "erase", {"address": 5})
    Path(files, FOLDER, "unreadable.json").mkdir()
    run(world)
    world.until(lambda: len(list(Path(files, FOLDER).glob("*.failed"))) == 3, "refusal")
    world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
    world.until(lambda: len(world.tickets()) == 2, "second ticket")
    assert world.stop() == 0


def test_backup_beside_the_running_daemon(world: DeskWorld) -> None:
    run(world)
    target = world.folder / "copy" / "acuse.db"
    assert world.acuse("backup", str(target)).stdout == f"{target}: the database, and 1 file in {target}.files\n"
    assert world.stop() == 0
    assert sqlite3.connect(target).execute("SELECT COUNT(*) FROM tickets").fetchone() == (1,)
    assert [file.read_bytes() for file in Path(f"{target}.files").rglob("*") if file.is_file()] == [b"\x89PNG"]
    again = world.acuse("backup", str(target), check=False)
    assert (again.returncode, "exists already" in again.stderr) == (1, True)


def test_backup_before_the_schema_is_migrated(world: DeskWorld) -> None:
    books = sqlite3.connect(world.folder / "acuse.db")
    books.executescript("DROP TABLE daemons; DELETE FROM schema_migration WHERE name = '0003_daemons'")
    books.close()
    assert "run `acuse migrate`" in world.acuse("list", check=False).stderr
    target = world.folder / "before.db"
    world.acuse("backup", str(target))
    assert sqlite3.connect(target).execute("SELECT COUNT(*) FROM tickets").fetchone() == (1,)


def test_migrate_makes_a_new_database(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        assert "a new database" in world.acuse("migrate").stdout
        assert "up to date" in world.acuse("migrate").stdout
        assert world.balanced()


@pytest.mark.parametrize(
    ("patience_s", "told"), [(60.0, "the running daemon could not do it"), (0.0, "it has not answered yet")]
)
def test_what_the_daemon_has_not_done_is_no_success(
    world: DeskWorld, monkeypatch: pytest.MonkeyPatch, patience_s: float, told: str
) -> None:
    monkeypatch.setattr(asking, "PATIENCE_S", patience_s)
    run(world)
    if not patience_s:
        assert world.daemon
        world.daemon.send_signal(signal.SIGSTOP)
    with pytest.raises(Unable, match=told):
        asking.ask(world.settings(), "retry", {"ids": None})
    assert world.daemon
    world.daemon.send_signal(signal.SIGCONT)
    assert world.stop() == 0


def test_all_that_are_to_be_treated_again_are_at_the_next_look(tmp_path: Path) -> None:
    """More than are taken from the ledger at once."""
    bad = b"From: raro@otro.test\r\nSubject: x\r\n" + b"X: y\r\n" * 600 + b"\r\n"
    with ServerlessDesk(tmp_path) as desk:
        desk.receive_all([bad + b"%d" % n for n in range(120)], "apertura")
        assert len(desk.store.retry(range(1, 121))) == 120
        desk.treat_waiting("apertura")
        assert desk.query("SELECT verdict, COUNT(*) FROM mails GROUP BY verdict") == [("quarantined", 120)]
