"""PostgreSQL crashes, goes silent, is away, and several daemons share it: one ticket a mail all the same (F33 to F37).

One desk lives through all of these tests, one fault after the other; its books are proved after each.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from test_kills import IN_DOUBT, inject

from tests.deskworld import DeskWorld
from tests.faultproxy import FaultProxy
from tests.invariants import at_rest, violations
from tests.patience import PATIENCE_S
from tests.postgres import Server


class Shared:
    """A desk whose database lies behind a proxy; ``mails`` were injected so far."""

    def __init__(self, world: DeskWorld, proxy: FaultProxy, server: Server) -> None:
        self.world, self.proxy, self.server = world, proxy, server
        self.mails = 0

    def inject(self, mails: int) -> None:
        """So many openings more."""
        inject(self.world, mails)
        self.mails += mails

    def treated(self) -> int:
        """Mails that have their verdict."""
        return int((self.world.query("SELECT COUNT(*) FROM mails WHERE verdict <> ''") or [(0,)])[0][0])

    def settled(self, doubled: int = 0) -> list[str]:
        """Wait for rest; everything that does not hold then. ``doubled`` letters may have come twice so far."""
        self.world.until(lambda: self.treated() == self.mails and at_rest(self.world), "rest")
        return violations(self.world, self.mails, self.mails, doubled)


@pytest.fixture(scope="module")
def desk(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("desk")  # another one each time: a worker may come back to these tests
    url = postgres.database(folder.name)
    with FaultProxy(urlsplit(url).port or 0) as proxy:
        through = url.replace(f":{urlsplit(url).port}/", f":{proxy.port}/")
        with DeskWorld(folder, database=through) as world:
            yield Shared(world, proxy, postgres)


@pytest.fixture(autouse=True)
def _running(desk: Shared) -> None:
    """Each test begins with a daemon that runs, whatever became of it in the one before."""
    if not desk.world.runs:
        desk.world.started()


def test_f33_postgresql_is_restarted_as_by_a_crash_again_and_again(desk: Shared) -> None:
    for _ in range(3):
        desk.inject(15)
        desk.server.stop("immediate")
        desk.server.start()
    assert desk.settled() == []
    assert desk.world.runs, "the daemon lived through it"


def test_f34_answers_to_commit_are_lost_and_nothing_is_done_twice(desk: Shared) -> None:
    for _ in range(4):
        before = desk.proxy.cuts
        desk.proxy.set(cut_on=rb"COMMIT\x00")
        desk.inject(5)
        desk.world.until(lambda before=before: desk.proxy.cuts > before, "lost answer")
        desk.proxy.set()
    assert desk.settled() == []


def test_f35_while_postgresql_is_away_no_mail_is_moved(desk: Shared) -> None:
    treated, filed = desk.treated(), desk.world.servers.counts("apertura")
    before = len(desk.world.log())
    desk.server.stop("fast")
    desk.inject(10)
    for fault in ("turn failed ", "mailbox failed .*mailbox=apertura"):
        desk.world.until(lambda fault=fault: re.search(fault, desk.world.log()[before:]), fault)
    assert desk.world.servers.counts("apertura") == {**filed, "INBOX": 10}
    assert desk.world.runs
    desk.server.start()
    assert desk.settled() == []
    assert desk.treated() == treated + 10
    assert "Traceback" not in desk.world.log()[before:], "what may last for hours is told in a line each time"


def test_f35_a_daemon_that_starts_before_postgresql_waits_for_it(desk: Shared) -> None:
    assert desk.world.stop() == 0
    filed = desk.world.servers.counts("apertura")
    desk.server.stop("fast")
    told = desk.world.log().count("tried again in")
    desk.inject(5)
    desk.world.start()
    desk.world.until(lambda: desk.world.log().count("tried again in") > told, "word of the wait")
    assert desk.world.servers.counts("apertura") == {**filed, "INBOX": 5}
    desk.server.start()
    assert desk.settled() == []


def test_f35_a_daemon_whose_postgresql_says_nothing_ends_when_asked(desk: Shared) -> None:
    """The connection is open and silent: whatever waits for an answer holds the end up no longer than any other."""
    treated = desk.treated()
    desk.proxy.set(blackhole=True)
    desk.inject(5)
    time.sleep(3)
    assert desk.world.stop() == 0
    desk.proxy.set()
    assert desk.treated() == treated, "nothing came through"
    desk.world.start()
    assert desk.settled(doubled=IN_DOUBT) == []


def second(desk: Shared) -> subprocess.Popen[bytes]:
    """One more daemon on the same desk; the first is given back to the desk's own care."""
    first = desk.world.daemon
    other = desk.world.started()
    desk.world.daemon = first
    return other


@pytest.fixture
def other(desk: Shared) -> Iterator[subprocess.Popen[bytes]]:
    """A second daemon, ended afterwards."""
    started = second(desk)
    yield started
    started.terminate()
    started.wait(PATIENCE_S)


def test_f36_two_daemons_on_one_mailbox_open_each_mail_once(desk: Shared, other: subprocess.Popen[bytes]) -> None:
    desk.inject(100)
    assert desk.settled() == []
    assert other.poll() is None


def holder(desk: Shared) -> int:
    """Process id of the daemon whose mailbox the openings' is."""
    ((owner,),) = desk.world.query("SELECT owner FROM leases WHERE mailbox = 'apertura'")
    return int(owner.rpartition(":")[2])


def test_f37_a_daemon_that_slept_through_its_lease_writes_nothing_more(
    desk: Shared, other: subprocess.Popen[bytes]
) -> None:
    """Whichever of the two holds the mailbox is stopped in the middle of its work for longer than its lease.

    Letters that it had sent and not yet recorded are sent again by the other, as after a kill (F6).
    """
    before = desk.treated()
    desk.inject(60)
    desk.world.until(lambda: desk.treated() > before, "work")
    stopped = holder(desk)
    os.kill(stopped, signal.SIGSTOP)
    try:
        desk.world.until(lambda: holder(desk) != stopped, "takeover")
        desk.inject(20)
        desk.world.until(lambda: desk.world.servers.counts("apertura").get("INBOX", 0) == 0, "the other's work")
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert desk.settled(doubled=IN_DOUBT) == []
