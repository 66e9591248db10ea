"""What an admin can get wrong outside the rules: one clear message, an exit code, and the mailbox as it was."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.demo.correspondent import write
from tests.deskworld import GOOD, MARTA, OPENINGS, SUBJECT, DeskWorld


def nobody_listens() -> int:
    """A port of this machine on which nothing answers."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def no_imap_server(world: DeskWorld) -> None:
    world.edit(f"port = {world.servers.imap_port}", f"port = {nobody_listens()}")


def wrong_password(world: DeskWorld) -> None:
    (world.folder / "password").write_text("wrong", encoding="utf-8")


def no_password(world: DeskWorld) -> None:
    (world.folder / "password").unlink()


def no_database(world: DeskWorld) -> None:
    (world.folder / "acuse.db").write_text("minutes of a meeting\n" * 400, encoding="utf-8")


def a_folder_for_a_database(world: DeskWorld) -> None:
    (world.folder / "acuse.db").mkdir()


def a_file_for_the_databases_folder(world: DeskWorld) -> None:
    world.edit("/acuse.db", "/password/acuse.db")


def a_file_for_the_files_folder(world: DeskWorld) -> None:
    (world.folder / "files").write_text("", encoding="utf-8")


def unknown_key(world: DeskWorld) -> None:
    world.edit("timezone =", "timezoen =")


def half_written(world: DeskWorld) -> None:
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text[: text.index('"Error Acceso"') + 4], encoding="utf-8")


FAULTS: list[tuple[Callable[[DeskWorld], None], str]] = [
    (no_imap_server, r"acuse: connect to 127\.0\.0\.1:\d+: .*refused"),
    (wrong_password, r"acuse: login as apertura at 127\.0\.0\.1:\d+: \[AUTHENTICATIONFAILED\] "),
    (no_password, r"acuse: login as apertura at 127\.0\.0\.1:\d+: cannot read the secret in .*/password: No such file"),
    (no_database, r"acuse: .*/acuse\.db is not a usable database: .*; nothing was changed"),
    (a_folder_for_a_database, r"acuse: .*/acuse\.db is no file: move it away"),
    (a_file_for_the_databases_folder, r"acuse: the database .*/password/acuse\.db cannot be written: "),
    (a_file_for_the_files_folder, r"acuse: the folder .*/files cannot be made: File exists"),
    (unknown_key, r'config\.toml:5:1: unknown key "timezoen"; did you mean "timezone"\?'),
    (half_written, r"config\.toml:\d+:\d+: this is not valid TOML"),
]


@pytest.mark.parametrize(("spoil", "message"), FAULTS, ids=[spoil.__name__ for spoil, _ in FAULTS])
def test_a_clear_message_an_exit_code_and_the_mail_stays(
    tmp_path: Path, spoil: Callable[[DeskWorld], None], message: str
) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        spoil(world)
        done = world.acuse("run", "--once", check=False)
        assert done.returncode == 1
        assert re.search(message, done.stderr), done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert world.servers.counts("apertura")["INBOX"] == 1
        assert world.letters() == []


def test_without_an_smtp_server_the_mail_is_treated_and_the_letters_wait(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        good = world.config.read_text(encoding="utf-8")
        world.edit(f"port = {world.servers.smtp_port}", f"port = {nobody_listens()}")
        done = world.acuse("run", "--once", check=False)
        assert done.returncode == 1
        assert re.search(r"acuse: connect: to 127\.0\.0\.1:\d+: .*refused", done.stderr), done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        (ticket,) = world.tickets()
        world.save(good)
        world.start()
        assert ticket["number"] in world.wait("confirmation", MARTA)["Subject"]
        world.stop()
        assert world.balanced()


def test_a_folder_that_cannot_be_made_leaves_the_mail_where_it_lies(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "dovecot") as world:
        world.edit('username = "apertura"', 'username = "apertura"\nfolders = { done = "Acuse//Tratados" }')
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        done = world.acuse("run", "--once", check=False)
        assert done.returncode == 1
        assert "Acuse//Tratados" in done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert world.servers.counts("apertura")["INBOX"] == 1
