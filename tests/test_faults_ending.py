"""SIGTERM while something hangs (F43): a lock that somebody holds, a database that says nothing, connections that are
gone. The daemon ends within the five seconds that it promises, and the next one goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from test_kills import IN_DOUBT, inject

from tests.deskworld import DeskWorld
from tests.faultproxy import FaultProxy
from tests.invariants import run_until_rest, violations
from tests.patience import PATIENCE_S
from tests.postgres import Server

PROMISED_S = 5.0


@pytest.fixture
def shared(postgres: Server, tmp_path: Path) -> Iterator[DeskWorld]:
    """A desk on PostgreSQL."""
    with DeskWorld(tmp_path, database=postgres.database(f"e{time.monotonic_ns()}")) as world:
        yield world


def seconds_to_end(daemon: subprocess.Popen[bytes]) -> float:
    began = time.monotonic()
    daemon.terminate()
    assert daemon.wait(PATIENCE_S) == 0
    return time.monotonic() - began


def locked(other: psycopg.Connection[Any]) -> bool:
    """Lock what a daemon writes to, or nothing: who waits for one table while holding another makes a deadlock."""
    with contextlib.suppress(psycopg.errors.LockNotAvailable):
        other.execute("LOCK TABLE mails, leases, daemons, deliveries, counters IN ACCESS EXCLUSIVE MODE NOWAIT")
        return True
    other.rollback()
    return False


def holders(world: DeskWorld) -> set[int]:
    """Process ids of those who hold mailboxes."""
    rows = world.query("SELECT owner FROM leases WHERE expires_at > 0")
    return {int(owner.rpartition(":")[2]) for (owner,) in rows}


def test_f43_it_ends_while_somebody_holds_the_lease_that_it_hands_over(shared: DeskWorld) -> None:
    first = shared.started()
    shared.until(lambda: holders(shared) == {first.pid}, "all mailboxes held")
    with psycopg.connect(shared.settings().database.url) as other:
        other.execute("SELECT 1 FROM leases WHERE mailbox = 'tecnicos' FOR UPDATE")
        second = shared.started()
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE leases%'"
        shared.until(lambda: shared.query(waits), "a mailbox that is handed over")
        assert seconds_to_end(first) < PROMISED_S
        other.rollback()
    assert seconds_to_end(second) < PROMISED_S


def test_f43_it_ends_while_its_tables_are_locked(shared: DeskWorld) -> None:
    daemon = shared.started()
    with psycopg.connect(shared.settings().database.url) as other:
        shared.until(lambda: locked(other), "its tables locked")
        inject(shared, 5)
        time.sleep(2)
        assert seconds_to_end(daemon) < PROMISED_S
        other.rollback()
    run_until_rest(shared, 5)
    assert violations(shared, 5, 5) == []


def test_f43_it_ends_when_postgresql_has_just_fallen_silent(shared: DeskWorld) -> None:
    direct = shared.settings().database.url
    port = urlsplit(direct).port or 0
    with FaultProxy(port) as proxy:
        shared.configure(database=direct.replace(f":{port}/", f":{proxy.port}/"))
        daemon = shared.started()
        inject(shared, 20)
        shared.until(lambda: shared.query("SELECT 1 FROM mails"), "work")
        proxy.set(blackhole=True)
        assert seconds_to_end(daemon) < PROMISED_S
    shared.configure(database=direct)
    run_until_rest(shared, 20)
    assert violations(shared, 20, 20, doubled=IN_DOUBT) == []


def test_f37_f43_a_daemon_that_slept_and_lost_its_connections_ends_when_asked(shared: DeskWorld) -> None:
    daemon = shared.started()
    inject(shared, 20)
    shared.until(lambda: shared.query("SELECT 1 FROM mails"), "work")
    os.kill(daemon.pid, signal.SIGSTOP)
    shared.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    time.sleep(3)
    os.kill(daemon.pid, signal.SIGCONT)
    assert seconds_to_end(daemon) < PROMISED_S
    run_until_rest(shared, 20)
    assert violations(shared, 20, 20, doubled=IN_DOUBT) == []


def test_f31_f43_it_ends_while_another_process_holds_the_database(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        daemon = world.started()
        with contextlib.closing(sqlite3.connect(tmp_path / "acuse.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            inject(world, 5)
            time.sleep(2)
            assert seconds_to_end(daemon) < PROMISED_S
            other.execute("ROLLBACK")
        run_until_rest(world, 5)
        assert violations(world, 5, 5) == []


def test_f43_a_daemon_that_is_stopped_and_continued_hears_what_comes_with_it(tmp_path: Path) -> None:
    """The system gives such a signal to any thread that is awake already."""
    with DeskWorld(tmp_path, "embedded") as world:
        for _ in range(5):
            daemon = world.started()
            os.kill(daemon.pid, signal.SIGSTOP)
            world.until(lambda daemon=daemon: state(daemon.pid) == "T", "standstill")
            os.kill(daemon.pid, signal.SIGCONT)
            assert seconds_to_end(daemon) < PROMISED_S


def state(process: int) -> str:
    """The letter that `ps` shows."""
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def test_f43_a_volley_of_signals_is_one(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        daemon = world.started()
        began = time.monotonic()
        while daemon.poll() is None and time.monotonic() - began < PATIENCE_S:
            daemon.send_signal(signal.SIGTERM)
            time.sleep(0.001)
        assert daemon.poll() == 0
        assert time.monotonic() - began < PROMISED_S
