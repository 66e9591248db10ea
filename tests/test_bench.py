"""The benchmark counts what it says it counts, and leaves nothing behind. Nothing here asks how fast anything is."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from daemon.bench.figures import ratios, table
from daemon.bench.growth import grow
from daemon.bench.job import Bench, Result
from daemon.bench.process import Usage, spent
from daemon.bench.scenarios import large_file, large_mailbox, replies, takeover, two_daemons, verdicts
from daemon.bench.waiting import latency, latency_under_load
from daemon.config.settings import load
from daemon.store import Store
from tests.patience import PATIENCE_S, until
from tests.postgres import Server

MIB = 1024 * 1024


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where Dovecot, which does not serve root, may go: pytest's own folders are closed to it."""
    with tempfile.TemporaryDirectory(prefix="acuse-test-bench-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


@pytest.fixture
def bench(folder: Path) -> Iterator[Bench]:
    with Bench(folder) as at:
        yield at


def test_ours_and_the_limit_do_the_same_job(bench: Bench) -> None:
    for run in (bench.ours, bench.limit):
        result = run(21)
        assert (result.mails, result.letters) == (21, 42)
        assert result.rate > 0 < result.cpu_ms
        assert set(result.servers) == {"imap", "smtp", "database"}
    assert len(bench.ours(1).usage.peaks) == 2, "the daemon and its parser process"


BURNING = "import time\nwhile time.process_time() < 0.3: pass"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURNING!r}]); print(1, flush=True); input()"


def test_processor_time_is_that_of_a_process_and_its_ended_children() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert spent(process.pid) > 0.25, "the kernel rounds to hundredths"
        process.kill()


def test_a_contestant_that_leaves_mails_is_no_result(bench: Bench) -> None:
    with pytest.raises(RuntimeError, match="2 mails: 2 left, 0 letters"):
        bench.peer(2, lambda user: [sys.executable, "-c", ""], {})


@pytest.mark.parametrize("seed", [1, 2])
def test_a_grown_desk_has_its_books_in_order(bench: Bench, seed: int) -> None:
    config = bench.configure({"apertura": "nadie"})
    still_open = grow(config, 300, seed=seed)
    settings = load(config)
    store = Store.open(settings.database.url, Path(settings.database.files))
    try:
        assert store.audit(settings.desk) == []
        with store.read() as reading:
            counted = [
                reading.session.one(f"SELECT COUNT(*) FROM {table}")
                for table in ("tickets", "subjects", "deliveries", "unindexed")
            ]
    finally:
        store.close()
    assert counted == [(300,), (900,), (900,), (0,)]
    assert 0 < len(still_open) < 30, "most are closed"


def test_every_run_begins_with_a_copy_of_the_kept_desk(folder: Path) -> None:
    for place in (folder / "first", folder / "again"):
        place.mkdir()
        with Bench(place, grown=folder / "kept") as at:
            for size in (30, 0, 30):
                at.desk(size)
                assert at.ours(2).letters == 4
                assert _tickets(place) == size + 2
    assert [each.name for each in (folder / "kept").iterdir()] == ["30"]


def _tickets(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "acuse.db")) as database:
        return int(database.execute("SELECT COUNT(*) FROM tickets").fetchone()[0])


@pytest.mark.parametrize("scenario", [replies, verdicts])
def test_each_mail_finds_its_ticket_among_many(scenario: Callable[..., dict[str, Any]], bench: Bench) -> None:
    found = scenario(bench, tickets=200, count=5)
    assert found["tickets"] == 200
    assert set(found["wall_ms"]) == set(found["cpu_ms"]) == {"empty", "grown", "ratio"}


def test_a_click_closes_the_ticket_that_was_grown_resolved(bench: Bench) -> None:
    verdicts(bench, tickets=3, count=2)
    with closing(sqlite3.connect(bench.folder / "acuse.db")) as database:
        found = database.execute("SELECT verdict, COUNT(*) FROM mails WHERE mailbox = 'servicio' GROUP BY 1").fetchall()
    assert found == [("validated", 2)]


def test_latency_idle_and_under_load(bench: Bench) -> None:
    assert latency(bench, arrivals=2)["beyond_notice_ms"]["p99"] >= 0
    loaded = latency_under_load(bench, arrivals=2, backlog=30)
    assert loaded["arrival_to_accepted_ms"]["min"] > 0


def test_memory_with_a_large_file_and_before_a_large_mailbox(bench: Bench) -> None:
    assert large_file(bench, octets=MIB)["idle_mib"] > 0
    found = large_mailbox(bench, mails=60, treated=10)
    assert found["memory_mib"] > 0 < found["first_letter_s"]


def test_two_daemons_and_a_takeover(folder: Path, postgres: Server) -> None:
    with Bench(folder, postgres.database("bench")) as at:
        assert at.ours(200).servers["database"] > 0
        assert two_daemons(at, mails=6)["ratio"] > 0
        assert takeover(at)["seconds"] > 0


def test_a_bench_that_is_ended_ends_its_servers(folder: Path) -> None:
    command = [sys.executable, "-m", "daemon", "bench", "--tickets", "0", "--mails", "100000"]
    measuring = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(folder)})
    try:
        until(lambda: any("dovecot.conf" in line for line in _running_in(folder)), "server")
        measuring.send_signal(signal.SIGTERM)
        assert measuring.wait(PATIENCE_S) == 128 + signal.SIGTERM
    finally:
        measuring.kill()
    assert not _running_in(folder)
    assert not list(folder.iterdir())


def _running_in(folder: Path) -> list[str]:
    """Command lines that name the folder: Dovecot's, the daemon's."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(process.read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it has ended meanwhile
    return [line for line in found if str(folder) in line]


def run(seconds: float, cpu_s: float) -> Result:
    return Result(Usage(seconds, cpu_s, (60 * MIB, 20 * MIB)), mails=100, letters=200)


def test_ratios_are_those_of_the_same_round() -> None:
    runs = {"acuse": [run(1, 1), run(10, 1), run(2, 1)], "limit": [run(0.5, 0.5), run(5, 0.5), run(1, 0.5)]}
    assert ratios(runs) == {"limit": {"rate": 0.5, "cpu": 2.0}}


def test_the_table() -> None:
    spread = {"median": 50.0, "min": 40.0, "max": 60.0}
    figures = {"acuse": {"rate": spread, "cpu_ms": spread, "memory_mib": spread}}
    shown = table({"machine": {"cores": 2, "python": "3.11"}, "figures": figures, "ratios": {}}).splitlines()
    assert shown[0] == "2 cores, Python 3.11"
    assert shown[2].split() == ["acuse", "50", "(40-60)", "50.00", "(40.00-60.00)", "50"]
