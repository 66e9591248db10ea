"""Several daemons, one PostgreSQL: they share the mailboxes, and each takes over what another leaves, dead or alive.

And on SQLite: one daemon, the second is told why not.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from test_kills import IN_DOUBT, inject, nothing_sent

from daemon.demo.correspondent import write
from daemon.mail.mailboxes import LEASE
from tests.deskworld import ANA, BOXES, GOOD, MARTA, OPENINGS, SUBJECT, DeskWorld
from tests.faultproxy import FaultProxy
from tests.invariants import run_until_rest, settled, violations
from tests.patience import PATIENCE_S
from tests.postgres import Server


class Daemons:
    """A desk with any number of daemons, by process id."""

    def __init__(self, world: DeskWorld) -> None:
        self.world = world
        self.running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, *wrapped_in: str, url: str = "") -> int:
        """One more, by a way of its own to the database where one is given; it has beaten when this returns."""
        if url:
            self.world.configure(database=url)
        process = self.world.start(*wrapped_in)
        self.running[process.pid] = process
        self.world.until(lambda: self._beats(process.pid), "first beat")
        return process.pid

    def _beats(self, pid: int) -> bool:
        return bool(self.world.query(f"SELECT 1 FROM daemons WHERE owner LIKE '%:{pid}'"))

    def held_by(self) -> dict[str, int]:
        """Mailbox → process id of its holder, where it has one now."""
        rows = self.world.query("SELECT mailbox, owner FROM leases WHERE expires_at > 0")
        return {mailbox: int(owner.rpartition(":")[2]) for mailbox, owner in rows}

    def stop(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.running.values():
            process.wait(PATIENCE_S)

    def settled(self, mails: int, doubled: int = 0) -> list[str]:
        """Wait for rest; everything that does not hold then."""
        self.world.until(lambda: settled(self.world, mails), "rest")
        return violations(self.world, mails, mails, doubled)


@pytest.fixture
def daemons(postgres: Server, tmp_path: Path) -> Iterator[Daemons]:
    with DeskWorld(tmp_path, database=postgres.database(f"d{time.monotonic_ns()}")) as world:
        several = Daemons(world)
        yield several
        several.stop()


def test_two_daemons_share_the_mailboxes_and_one_that_leaves_hands_them_over(daemons: Daemons) -> None:
    first = daemons.start()
    daemons.world.until(lambda: daemons.held_by() == dict.fromkeys(BOXES, first), "all of them held")
    second = daemons.start()
    daemons.world.until(lambda: sorted(daemons.held_by().values()).count(second) == 1, "a fair share")
    assert set(daemons.held_by().values()) == {first, second}
    daemons.running[first].terminate()
    assert daemons.running[first].wait(PATIENCE_S) == 0
    daemons.world.until(lambda: daemons.held_by() == dict.fromkeys(BOXES, second), "the rest handed over")


def test_two_that_decide_by_different_configurations_are_told_of(daemons: Daemons) -> None:
    """A file saved on one machine alone: what becomes of a mail would depend on who takes it."""
    world, here = daemons.world, daemons.world.config
    alarmed = here.read_text(encoding="utf-8") + '\n[alerts]\nafter = "1s"\n'
    world.save(alarmed)
    daemons.start()
    world.config = world.folder / "there.toml"
    world.save(alarmed, "there.toml")
    daemons.start()
    assert "same configuration" not in world.acuse("doctor").stdout
    world.save(alarmed.replace('"n1"', '"n2"', 1), "there.toml")
    told = world.wait("admin_alert", ANA)
    assert "no usan la misma configuración" in told.part("plain")
    found = world.acuse("doctor", check=False)
    assert (found.returncode, "do not decide by the same configuration" in " ".join(found.stdout.split())) == (1, True)
    world.save(alarmed.replace('"n1"', '"n2"', 1))
    world.until(lambda: world.acuse("doctor", check=False).returncode == 0, "agreement")


def test_the_figures_are_the_desks_whichever_daemon_writes_them(daemons: Daemons) -> None:
    """Both write the same file: it counts each mail once, under one verdict, also after one of them has died."""
    world, file = daemons.world, daemons.world.folder / "acuse.prom"
    world.save(world.config.read_text(encoding="utf-8") + '\n[metrics]\ntextfile = "acuse.prom"\n')

    def mails() -> dict[str, int]:
        figures = file.read_text(encoding="utf-8") if file.exists() else ""
        holders = set(re.findall(r'acuse_lease\{mailbox="\w+",owner="\w+@[^":]+:(\d+)"\} 1', figures))
        holding = {str(pid) for pid in daemons.held_by().values()}
        found = re.findall(r'acuse_mails_total\{verdict="(\w+)"\} (\d+)', figures) if holders == holding else ()
        return {verdict: int(n) for verdict, n in found}

    first, second = daemons.start(), daemons.start()
    world.until(lambda: set(daemons.held_by().values()) == {first, second}, "shares")
    inject(world, 20)
    world.until(lambda: mails() == {"opened": 20}, "figures of both")
    daemons.running[daemons.held_by()["apertura"]].kill()
    inject(world, 5)
    world.until(lambda: mails() == {"opened": 25}, "what the dead one did and the other does")
    assert world.query("SELECT verdict, COUNT(*) FROM mails GROUP BY verdict") == [("opened", 25)], "as the books"


def test_f36_a_killed_daemon_is_followed_within_seconds_and_its_letters_too(daemons: Daemons) -> None:
    """It dies with letters claimed; the other treats what comes, and sends what the dead one had claimed."""
    first = daemons.start("env", "ACUSE_KILL=after_dot:1")
    second = daemons.start()
    inject(daemons.world, 20)
    assert daemons.running[first].wait(PATIENCE_S) == -signal.SIGKILL
    assert daemons.settled(20, doubled=IN_DOUBT) == [], "nobody waits for the ten minutes of a claim"
    daemons.world.until(lambda: daemons.held_by() == dict.fromkeys(BOXES, second), "all of them taken over")


def test_killed_at_one_point_after_the_other(daemons: Daemons) -> None:
    """Each life ends with mails in hand; the books balance in the end."""
    points = ("after_fetch:1", "before_commit:9", "after_commit:9", "after_move:1")
    with nothing_sent(daemons.world):
        for point in points:
            inject(daemons.world, 5)
            assert daemons.world.start(ACUSE_KILL=point).wait(PATIENCE_S) == -signal.SIGKILL, point
    run_until_rest(daemons.world, 5 * len(points))
    assert violations(daemons.world, 5 * len(points), 5 * len(points)) == []


def test_f37_a_stopped_daemon_wakes_up_and_harms_nothing(daemons: Daemons) -> None:
    first, second = daemons.start(), daemons.start()
    daemons.world.until(lambda: set(daemons.held_by().values()) == {first, second}, "shares")
    inject(daemons.world, 40)
    daemons.world.until(lambda: daemons.world.query("SELECT 1 FROM mails"), "work")
    holder = daemons.held_by()["apertura"]
    os.kill(holder, signal.SIGSTOP)
    daemons.world.until(lambda: daemons.held_by().get("apertura", holder) != holder, "takeover")
    time.sleep(2 * LEASE.total_seconds())
    os.kill(holder, signal.SIGCONT)
    assert daemons.settled(40, doubled=IN_DOUBT) == [], "only what it had sent and not recorded may come twice"
    daemons.world.until(lambda: set(daemons.held_by().values()) == {first, second}, "its share again")


def test_a_daemon_cut_off_from_postgresql_loses_its_mailboxes_and_comes_back(
    daemons: Daemons, postgres: Server
) -> None:
    direct = daemons.world.settings().database.url
    port = urlsplit(direct).port or 0
    with FaultProxy(port) as proxy:
        cut_off = daemons.start(url=direct.replace(f":{port}/", f":{proxy.port}/"))
        other = daemons.start(url=direct)
        daemons.world.until(lambda: set(daemons.held_by().values()) == {cut_off, other}, "shares")
        inject(daemons.world, 20)
        proxy.set(blackhole=True)
        daemons.world.until(lambda: daemons.held_by() == dict.fromkeys(BOXES, other), "takeover")
        proxy.set()
        daemons.world.until(lambda: set(daemons.held_by().values()) == {cut_off, other}, "its share again")
        assert daemons.settled(20, doubled=IN_DOUBT) == []


def test_f36_five_hundred_mails_and_two_daemons(daemons: Daemons) -> None:
    daemons.start(), daemons.start()
    inject(daemons.world, 500)
    assert daemons.settled(500) == []


def test_the_command_line_on_postgresql(daemons: Daemons, tmp_path: Path) -> None:
    world, raw = daemons.world, tmp_path / "mail.eml"
    raw.write_bytes(write(MARTA, OPENINGS, SUBJECT, GOOD).as_bytes())
    assert "0003_daemons" in world.acuse("migrate").stdout
    assert "up to date" in world.acuse("migrate").stdout
    assert "opened" in world.acuse("explain", "--mailbox", "apertura", str(raw)).stdout
    world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
    world.acuse("run", "--once")
    (ticket,) = world.tickets()
    assert [event["name"] for event in world.show(ticket["number"])["journal"]] == ["opened"]
    assert [letter.letter for letter in world.letters()] == ["confirmation", "assignment"]
    assert world.balanced()


def test_f36_a_second_daemon_on_sqlite_is_refused(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        first = world.started()
        refused = world.acuse("run", check=False)
        assert refused.returncode == 1
        assert f"process {first.pid}" in refused.stderr
        assert "several daemons need PostgreSQL" in refused.stderr
        world.edit("acuse.db", "other.db")
        refused = world.acuse("run", check=False)
        assert refused.returncode == 1
        assert f"another desk works with {tmp_path}/files" in refused.stderr
        assert world.stop() == 0
