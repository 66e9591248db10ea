"""The unit for systemd: what the daemon needs of it, and that it stays hardened."""

from __future__ import annotations

import configparser
import re
import shutil
import socket
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.deskworld import DeskWorld
from tests.patience import PATIENCE_S

UNIT = Path(__file__).parents[1] / "docs" / "acuse.service"
SECURITY = UNIT.parents[1] / "SECURITY.md"


def service() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(UNIT, encoding="utf-8")
    return parser["Service"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("WatchdogSec", "180"),
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("UMask", "0077"),
        ("StateDirectoryMode", "0700"),
    ],
)
def test_what_the_unit_says(key: str, value: str) -> None:
    assert service()[key] == value


def test_limits_of_the_parser_process_may_be_set() -> None:
    """A filter on @resources would forbid setrlimit, which bounds the parser."""
    assert "@resources" not in service()["SystemCallFilter"]


def test_systemd_finds_it_as_hardened_as_is_said() -> None:
    """Of 10; another systemd counts a little differently."""
    told = re.search(r"exposure of ([0-9.]+) of 10", SECURITY.read_text(encoding="utf-8"))
    program = shutil.which("systemd-analyze")
    assert program, "systemd is not installed. On Debian: apt-get install systemd"
    done = subprocess.run([program, "security", "--offline=true", str(UNIT)], capture_output=True, text=True)
    score = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert score, done.stderr
    assert told
    assert float(score[1]) == pytest.approx(float(told[1]), abs=0.3)


def test_the_daemon_tells_systemd_that_it_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard, DeskWorld(tmp_path, "embedded") as world:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(PATIENCE_S)
        world.start(NOTIFY_SOCKET=str(tmp_path / "notify"))
        told = {heard.recv(100) for _ in range(3)}
        assert told == {b"READY=1", b"WATCHDOG=1"}
        world.daemon.terminate()
        while (word := heard.recv(100)) == b"WATCHDOG=1":
            pass
        assert word == b"STOPPING=1"


def test_a_turn_that_fails_is_no_hang(tmp_path: Path) -> None:
    """A daemon whose database is away is not replaced: it tells of it by the second route."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard, DeskWorld(tmp_path, "embedded") as world:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(PATIENCE_S)
        world.started(NOTIFY_SOCKET=str(tmp_path / "notify"))
        with closing(sqlite3.connect(tmp_path / "acuse.db")) as books:
            books.execute("ALTER TABLE tickets RENAME TO away")
        world.until(lambda: heard.recv(100) and world.log().count("turn failed") > 1, "turns that fail")
        heard.setblocking(False)
        with suppress(BlockingIOError):
            while heard.recv(100):
                pass  # what turns told that went well
        heard.settimeout(PATIENCE_S)
        assert heard.recv(100) == b"WATCHDOG=1"


def test_a_socket_where_nobody_listens_stops_nothing(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        world.started(NOTIFY_SOCKET=str(tmp_path / "nobody"))
        assert "turn failed" not in world.log()
