"""Figures for Prometheus: the text, the endpoint on loopback, the file."""

from __future__ import annotations

import re
import socket
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.bench.servers import free_port
from daemon.config.accounts import Metrics
from daemon.config.server_checks import is_loopback
from daemon.demo.correspondent import write
from daemon.operations.metrics import Exporter, exposition, server_of
from daemon.store.daemons import Lease
from daemon.store.standing import Standing
from tests.deskworld import GOOD, MARTA, OPENINGS, SUBJECT, DeskWorld
from tests.patience import PATIENCE_S
from tests.store.desk import NOW

STANDING = Standing(
    outbox={"queued": 2, "deferred": 1},
    next_due=NOW - timedelta(seconds=90),
    leases=(
        Lease("apertura", 'a"b\\c:1', 3, NOW + timedelta(seconds=5)),
        Lease("servicio", "b:2", 9, NOW - timedelta(seconds=5)),
    ),
    polls={"apertura": NOW},
    jobs={"proof": NOW},
    told=("smtp_down:",),
    counted={"letters sent": 7, "lines lost": 4, "mails opened": 3, "mails untreated": 1},
)
TEXT = exposition(STANDING, NOW)
LINE = re.compile(r'[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"(,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+]+')


def test_every_line_has_the_form_of_the_format() -> None:
    assert TEXT.endswith("\n")
    for line in TEXT.splitlines():
        assert line.startswith(("# HELP acuse_", "# TYPE acuse_")) or LINE.fullmatch(line), line


def test_the_figures() -> None:
    for line in (
        'acuse_mails_total{verdict="opened"} 3',
        'acuse_letters_total{result="sent"} 7',
        'acuse_outbox_waiting{state="deferred"} 1',
        f'acuse_last_good_poll_seconds{{mailbox="apertura"}} {NOW.timestamp():.15g}',
        'acuse_lease{mailbox="apertura",owner="a\\"b\\\\c:1"} 1',
        "acuse_due_lag_seconds 90",
        "acuse_alarms 1",
        "acuse_log_lines_lost_total 4",
    ):
        assert line in TEXT.splitlines()
    assert 'mailbox="servicio"' not in TEXT  # that lease has run out


def test_nothing_is_due() -> None:
    assert "acuse_due_lag_seconds 0\n" in exposition(Standing(), NOW)


def test_a_port_that_is_taken_stops_nothing() -> None:
    table = Metrics(listen=f"127.0.0.1:{free_port()}")
    first, second = Exporter(table, lambda: "a 1\n"), Exporter(table, lambda: "b 1\n")
    first.start()
    second.start()
    second.refresh()
    assert (first.port > 0, second.port) == (True, 0)
    first.stop()
    second.refresh()
    assert second.port > 0, "another daemon of the desk, which tells the same, has gone"
    second.stop()


@pytest.mark.parametrize(
    ("host", "family"),
    [("127.0.0.1", socket.AF_INET), ("localhost", socket.AF_INET), ("[::1]", socket.AF_INET6)],
)
def test_each_loopback_that_check_accepts_can_be_listened_on(host: str, family: socket.AddressFamily) -> None:
    assert is_loopback(host)
    assert server_of(host).address_family is family


def test_the_daemon_answers_and_writes_its_file(tmp_path: Path) -> None:
    port = free_port()
    extra = f'[metrics]\nlisten = "127.0.0.1:{port}"\ntextfile = "acuse.prom"\n'
    with DeskWorld(tmp_path, "embedded", extra=extra) as world:
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        world.start()
        wanted = 'acuse_mails_total{verdict="opened"} 1'

        def scraped() -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
                    return wanted in answer.read().decode()
            except OSError:
                return False

        world.until(scraped, "figures")
        world.until((tmp_path / "acuse.prom").exists, "file")
        world.until(lambda: wanted in (tmp_path / "acuse.prom").read_text(encoding="utf-8"), "figures in it")
        assert world.stop() == 0
