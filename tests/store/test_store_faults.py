"""Kills, crashes, locks and full disks: whole or not at all, and never twice."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from daemon.store import Cause, Store, Transaction, queues, set_aside, word_index
from daemon.store.errors import Conflict, Damaged, InUse, NotADatabase, StoreError, Unavailable
from rules.decision import Decision
from rules.facts import Needs, Search
from rules.letters import Letter
from tests.faultproxy import FaultProxy
from tests.patience import PATIENCE_S, until
from tests.postgres import Server
from tests.store.desk import (
    ANA,
    DESK,
    EVA,
    NOW,
    ZONE,
    Clock,
    change,
    compose,
    fetched,
    mail,
    open_ticket,
    opening,
    take,
)

ROOT = Path(__file__).absolute().parents[2]
MINUTE = timedelta(minutes=1)


def opened_by_us(path: Path) -> int:
    """How many descriptors of this process are of this file, or of those beside it."""
    return sum(os.path.realpath(each).startswith(str(path)) for each in Path("/proc/self/fd").iterdir())


def test_whoever_closes_a_sqlite_database_closes_the_readers_of_all_threads(tmp_path: Path) -> None:
    path = tmp_path / "closed.db"
    store = Store.open(f"sqlite:///{path}", tmp_path / "files")
    reading, closed, ended = threading.Barrier(4), threading.Event(), threading.Event()
    found: list[int] = []

    def read(on: threading.Event) -> None:
        with store.read() as books:
            reading.wait()
            on.wait(PATIENCE_S)
            found.append(len(books.session.all("SELECT name FROM meta")))
        ended.wait(PATIENCE_S)

    now = threading.Event()
    threads = [threading.Thread(target=read, args=(on,)) for on in (now, now, closed)]
    for thread in threads:
        thread.start()
    reading.wait()
    now.set()
    until(lambda: len(found) == 2)
    store.close()
    assert opened_by_us(path), "one reads on"
    closed.set()
    until(lambda: len(found) == 3 and opened_by_us(path) == 0, "end of its connections, although the threads live")
    ended.set()
    for thread in threads:
        thread.join()
    with pytest.raises(StoreError, match="closed"), store.read():
        pass


def start(url: str, files: Path, first: int, count: int, kill: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.killed", url, str(files), str(first), str(count)]
    environment = {**os.environ, "ACUSE_KILL": kill, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT)


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
@pytest.mark.parametrize("passage", [1, 2, 5, 6])
def test_f02_f03_killed_around_commit_a_mail_opens_one_ticket(
    url: str, tmp_path: Path, opened: Callable[..., Store], point: str, passage: int
) -> None:
    """Every opening passes each point twice: when the mail is taken, and when it is decided."""
    killed = start(url, tmp_path / "files", 1, 5, f"{point}:{passage}")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    again = start(url, tmp_path / "files", 1, 5)
    numbers = again.communicate()[0].split()
    assert again.returncode == 0
    assert [number[-6:] for number in numbers] == [f"{n:06d}" for n in range(1, 6)]
    store = opened()
    assert store.audit(DESK) == []
    assert store.tally() == {"opened": 5, "all": 5}


def test_p4_processes_at_once_on_postgresql_leave_no_hole(postgres: Server, tmp_path: Path, clock: Clock) -> None:
    url = postgres.database("several")
    running = [start(url, tmp_path / "files", first, 20) for first in (100, 200)]
    numbers = [number for each in running for number in each.communicate()[0].split()]
    assert [each.returncode for each in running] == [0, 0]
    assert sorted(numbers) == [f"I171009_{n:06d}" for n in range(1, 41)]
    store = Store.open(url, tmp_path / "files", clock=clock)
    assert store.audit(DESK) == []
    store.close()


def test_f36_a_second_daemon_on_one_sqlite_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/acuse.db"
    first = Store.open(url, tmp_path / "files")
    with pytest.raises(InUse, match=rf"process {os.getpid()}.*PostgreSQL"):
        Store.open(url, tmp_path / "files")
    reading = Store.open(url, tmp_path / "files", readonly=True)
    with pytest.raises(StoreError, match="read only"), reading.write():
        pass
    first.close()
    Store.open(url, tmp_path / "files").close()


def test_f31_a_lock_of_another_process_is_waited_for(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files")
    other = sqlite3.connect(tmp_path / "acuse.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.execute, ("ROLLBACK",))
    release.start()
    assert open_ticket(store, 1) == "I171009_000001"
    release.join()
    store.close()
    other.close()


def test_f31_a_lock_that_outlasts_sqlites_own_wait_has_the_transaction_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files")
    with store.write() as tx:
        tx.session.run("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(tmp_path / "acuse.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with monkeypatch.context() as pause:
            pause.setattr("daemon.store.retrying.time.sleep", lambda _: other.execute("ROLLBACK"))
            assert open_ticket(store, 1) == "I171009_000001"
    store.close()


def test_f29_a_full_disk_changes_nothing_and_passes(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files")
    with store.write() as tx:
        (pages,) = tx.session.one("PRAGMA page_count") or (0,)
        tx.session.one(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(Unavailable, match="full"):
        store.take("a", 1, [fetched(uid, b"x" * 9000) for uid in range(20)])
    with store.write() as tx:
        tx.session.one("PRAGMA max_page_count = 1000000")
    assert store.tally() == {"all": 0}
    assert len(store.take("a", 1, [fetched(uid, b"x" * 9000) for uid in range(20)])) == 20
    store.close()


def test_f29_a_log_that_finds_no_room_in_the_database_fails_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction is committed, and says so; the log is brought back when there is room."""
    monkeypatch.setattr("daemon.store.connections.CHECKPOINT_BYTES", 100_000)
    store, path = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files"), tmp_path / "acuse.db"
    log = Path(f"{path}-wal")
    for uid in (1, 2):
        take(store, uid, raw=os.urandom(200_000))
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 8192, unlimited[1]))
    try:
        assert take(store, 3, raw=os.urandom(200_000)).attempts == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert log.stat().st_size > 200_000
    take(store, 4, raw=os.urandom(200_000))
    assert log.stat().st_size == 0
    assert store.tally() == {"seen": 4, "all": 4}
    store.close()


def an_older_one(folder: Path) -> str:
    """The URL of a whole database to which the last script is still to be applied."""
    Store.open(f"sqlite:///{folder}/acuse.db", folder / "files").close()
    with closing(sqlite3.connect(folder / "acuse.db", isolation_level=None)) as books:
        books.executescript("DROP INDEX mails_number; DROP INDEX tokens_number")
        books.execute("DELETE FROM schema_migration WHERE name = (SELECT MAX(name) FROM schema_migration)")
    return f"sqlite:///{folder}/acuse.db"


def test_f31_whoever_opens_a_locked_database_is_not_told_to_restore_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.dialect.BUSY_MS", 10)
    url = an_older_one(tmp_path)
    with closing(sqlite3.connect(tmp_path / "acuse.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match=r"acuse\.db cannot be used now: database is locked"):
            Store.open(url, tmp_path / "files")
    Store.open(url, tmp_path / "files").close()


def test_f29_whoever_opens_a_database_on_a_full_disk_is_not_told_to_restore_a_backup(tmp_path: Path) -> None:
    url = an_older_one(tmp_path)
    full = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    program = (
        f"{full}; from pathlib import Path; from daemon.store import Store; Store.open(sys.argv[1], Path('files'))"
    )
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, cwd=ROOT, check=False)
    assert "Unavailable" in done.stderr.splitlines()[-1]
    Store.open(url, tmp_path / "files").close()


@pytest.mark.parametrize("damage", ["not a database", "pages overwritten"])
def test_f32_a_damaged_database_is_refused(tmp_path: Path, damage: str) -> None:
    path, url = tmp_path / "acuse.db", f"sqlite:///{tmp_path}/acuse.db"
    store = Store.open(url, tmp_path / "files")
    for uid in range(30):
        open_ticket(store, uid)
    store.close()
    before = path.read_bytes()
    middle = len(before) // 2
    spoiled = (
        b"x" * 4096 * 4 if damage == "not a database" else before[:middle] + b"\xff" * 8192 + before[middle + 8192 :]
    )
    path.write_bytes(spoiled)
    os.utime(path, ns=(1, 1))  # in any case at another time than the last daemon, whose tick of the clock this may be
    with pytest.raises(NotADatabase, match=r"acuse\.db"):
        Store.open(url, tmp_path / "files")
    assert path.read_bytes() == spoiled, "nothing was written"


def test_f32_only_a_file_that_lies_as_a_daemon_left_it_is_not_looked_through(tmp_path: Path) -> None:
    path, url = tmp_path / "acuse.db", f"sqlite:///{tmp_path}/acuse.db"
    store = Store.open(url, tmp_path / "files")
    for uid in range(30):
        open_ticket(store, uid)
    store.close()
    left, before = path.stat(), path.read_bytes()
    middle = len(before) // 2
    path.write_bytes(before[:middle] + b"\xff" * 8192 + before[middle + 8192 :])
    os.utime(path, ns=(left.st_atime_ns, left.st_mtime_ns))
    Store.open(url, tmp_path / "files").close()
    Path(f"{path}.lock").write_text("1234\n", encoding="ascii")  # as one that was killed leaves it
    with pytest.raises(NotADatabase, match=r"acuse\.db"):
        Store.open(url, tmp_path / "files")


def test_f32_a_database_without_its_log_lacks_ten_minutes_at_the_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that somebody copies by itself, or whose log goes after a crash."""
    monkeypatch.setattr("daemon.store.connections.CHECKPOINT_EVERY_S", 0.0)
    store, copy = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files"), tmp_path / "copy.db"
    number = open_ticket(store, 1)
    shutil.copyfile(tmp_path / "acuse.db", copy)
    store.close()
    alone = Store.open(f"sqlite:///{copy}", tmp_path / "files", readonly=True)
    assert alone.show(number)
    alone.close()


def test_f32_a_database_that_has_lost_a_table_is_refused(store: Store, opened: Callable[..., Store]) -> None:
    """By whoever opens it; in a daemon that has it open, mails wait for a backup."""
    with store.write() as tx:
        tx.session.run("DROP TABLE windows")
        tx.session.run("DROP TABLE unindexed")
    for sql in ("SELECT n FROM windows", "SELECT lost FROM mails"):
        with pytest.raises(Unavailable, match=r"nothing can be read: .*(windows|lost)"):
            store.look(lambda session, sql=sql: session.all(sql))
    with pytest.raises(Unavailable, match=r"nothing can be written: .*windows"), store.write() as tx:
        tx.session.run("DELETE FROM windows")
    store.close()
    for readonly in (True, False):
        with pytest.raises(NotADatabase, match="has lost what stood in unindexed, windows: restore"):
            opened(readonly=readonly)


def test_a_ticket_whose_row_is_damaged_is_the_one_of_its_journal(store: Store, opened: Callable[..., Store]) -> None:
    """Its next event writes the row anew."""
    damaged, sound = open_ticket(store, 1), open_ticket(store, 2)
    with store.write() as tx:
        tx.session.run("UPDATE tickets SET body = '{' WHERE number = ?", damaged)
    reader = opened(readonly=True)
    assert [found.number for found in reader.search(Search())] == [sound, damaged]
    assert reader.show(damaged) == {**reader.show(sound), "number": damaged, "journal": reader.show(damaged)["journal"]}
    assert {(found.check, found.subject) for found in reader.audit(DESK)} == {("journals", damaged)}
    change(store, damaged, "assigned", assignee="tec@cau.example")
    assert reader.audit(DESK) == []


def test_a_ticket_that_nobody_can_read_is_named_and_keeps_no_other_waiting(store: Store) -> None:
    damaged, sound = open_ticket(store, 1), open_ticket(store, 2)
    for spoilt in ("'{'", "'[1]'", "'{\"opened_at\": 9223372036854775807}'"):
        with store.write() as tx:
            tx.session.run(f"UPDATE events SET changes = {spoilt} WHERE number = ?", damaged)
        with pytest.raises(Damaged, match=f"the journal of {damaged} cannot be read: .*; `acuse audit` tells"):
            store.show(damaged)
    assert store.show(sound)


def test_a_reader_sees_nothing_of_a_transaction_that_runs(store: Store) -> None:
    number = open_ticket(store, 1)
    with store.write() as tx:
        tx.session.run("UPDATE tickets SET category = 'x'")
        assert _in_thread(lambda: store.look(lambda s: s.one("SELECT category FROM tickets"))) == ("",)
    assert store.show(number)


def _in_thread(work: Callable[[], object]) -> object:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def test_the_whole_work_is_done_again_when_somebody_was_faster(store: Store) -> None:
    tries: list[str] = []

    def work(tx: Transaction) -> str:
        number = tx.load(Needs(prefix="I"), NOW, ZONE).next_number
        tx.apply(Cause(), Decision(events=(opening(number),)), compose, DESK, NOW)
        tries.append(number)
        if len(tries) < 3:
            raise Conflict("faster")
        return number

    assert store.run(work) == "I171009_000001"
    assert tries == ["I171009_000001"] * 3
    assert store.audit(DESK) == []


def test_what_was_rolled_back_is_not_remembered(postgres: Server, tmp_path: Path, clock: Clock) -> None:
    """Two daemons: the second gives the number, and the version, that a transaction of the first had already seen."""
    url = postgres.database("forgotten")
    with closing(Store.open(url, tmp_path / "files", clock=clock)) as first:
        with pytest.raises(Conflict), first.write() as tx:
            number = tx.load(Needs(prefix="I"), NOW, ZONE).next_number
            tx.apply(Cause(), Decision(events=(opening(number, ANA),)), compose, DESK, NOW)
            assert [ticket.number for ticket in tx.load(Needs(writer=frozenset({ANA})), NOW, ZONE).earlier]
            raise Conflict("the next mail of the batch")
        with closing(Store.open(url, tmp_path / "files", clock=clock)) as second:
            assert open_ticket(second, 1, sender=EVA) == number
        assert [ticket.requester for ticket in first.search(Search(number=number))] == [EVA]


def test_what_a_batch_needs_is_locked_before_any_of_it_is_looked_at(
    postgres: Server, tmp_path: Path, clock: Clock
) -> None:
    """In one sorted step, so that two batches never wait for each other in a ring."""
    store = Store.open(postgres.database("locks"), tmp_path / "files", clock=clock)
    first, second, third = (open_ticket(store, uid) for uid in (1, 2, 3))
    with store.write([Needs(numbers=(third,)), Needs(numbers=(first,))]):
        free = "SELECT number FROM tickets FOR UPDATE SKIP LOCKED"
        assert _in_thread(lambda: store.run(lambda tx: tx.session.all(free))) == [(second,)]
    store.close()


# -- PostgreSQL goes away


def test_f33_postgresql_crashes_in_a_transaction_and_it_is_done_again(
    postgres: Server, tmp_path: Path, clock: Clock
) -> None:
    store = Store.open(postgres.database("crash"), tmp_path / "files", clock=clock)
    seen = take(store, 1)
    crashes: list[bool] = []

    def work(tx: Transaction) -> str:
        number = tx.load(Needs(prefix="I"), NOW, ZONE).next_number
        tx.apply(Cause(seen.id, mail(1)), Decision("opened", events=(opening(number),)), compose, DESK, NOW)
        if not crashes:
            crashes.append(True)
            postgres.stop("immediate")
            postgres.start()
        return number

    assert store.run(work) == "I171009_000001"
    assert store.audit(DESK) == []
    assert store.tally() == {"opened": 1, "all": 1}
    store.close()


def test_f34_a_commit_whose_answer_was_lost_is_not_done_twice(
    postgres: Server, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    store = Store.open(postgres.database("lost"), tmp_path / "files", clock=clock)
    seen = take(store, 1)
    lost: list[bool] = []

    def lose_the_answer(name: str) -> None:
        if name == "after_commit" and not lost:
            lost.append(True)
            raise psycopg.OperationalError("the connection was lost")

    def work(tx: Transaction) -> str:
        number = tx.load(Needs(prefix="I"), NOW, ZONE).next_number
        tx.apply(Cause(seen.id, mail(1)), Decision("opened", events=(opening(number),)), compose, DESK, NOW)
        return number

    monkeypatch.setattr("daemon.store.retrying.kill_point", lose_the_answer)
    assert store.run(work) is None
    assert lost
    assert store.audit(DESK) == []
    assert store.tally() == {"opened": 1, "all": 1}
    with store.write() as tx:
        tx.apply(Cause(), Decision(letters=(Letter("refusal", (ANA,)),)), compose, DESK, NOW)
    for done in (
        lambda: take(store, 2).attempts == 1,
        lambda: store.take_alone("apertura", seen).attempts_alone == 1,
        lambda: [each.to for each in store.claim("a", NOW, MINUTE, 9)] == [ANA],
    ):
        lost.clear()
        assert done()
        assert lost
    store.close()


def test_f35_postgresql_is_down_at_start(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="PostgreSQL does not answer"):
        Store.open("postgresql://acuse@127.0.0.1:1/none", tmp_path / "files")


def test_f35_postgresql_is_down_for_a_while(postgres: Server, tmp_path: Path, clock: Clock) -> None:
    store = Store.open(postgres.database("down"), tmp_path / "files", clock=clock)
    postgres.stop("immediate")
    try:
        with pytest.raises(Unavailable), store.read():
            pass
        with ThreadPoolExecutor(1) as thread, pytest.raises(Unavailable):
            thread.submit(take, store, 1).result()
    finally:
        postgres.start()
    with store.read() as reading:
        assert reading.session.one("SELECT 1")
    assert take(store, 1).attempts == 1
    store.close()


READ_ONLY = "ALTER SYSTEM SET default_transaction_read_only = {}", "SELECT pg_reload_conf()"
END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
)


def test_f35_a_standby_that_takes_no_writes_yet_is_waited_for(postgres: Server, tmp_path: Path, clock: Clock) -> None:
    """Another server has taken the address over, and is not promoted."""
    store = Store.open(postgres.database("standby"), tmp_path / "files", clock=clock)
    new = postgres.database("unmigrated")
    with psycopg.connect(postgres.database("admin"), autocommit=True) as admin:

        def turn(read_only: str) -> None:
            for sql in ("SET default_transaction_read_only = off", *READ_ONLY, "RESET ALL"):
                admin.execute(sql.format(read_only))
            until(lambda: admin.execute("SHOW default_transaction_read_only").fetchone() == (read_only,))
            admin.execute(END_OTHERS)

        turn("on")
        try:
            with pytest.raises(Unavailable, match="read-only"):
                take(store, 1)
            with pytest.raises(Unavailable, match="read-only"):
                Store.open(new, tmp_path / "files", clock=clock)
        finally:
            turn("off")
    assert take(store, 1).attempts == 1
    store.close()


def test_what_is_too_large_for_postgresql_is_no_outage(postgres: Server, tmp_path: Path, clock: Clock) -> None:
    """Else the mail that brings it would be offered for ever, and its mailbox stand still."""
    store = Store.open(postgres.database("large"), tmp_path / "files", clock=clock)
    words_of_a_mib, tries = " ".join(map(str, range(200_000))), []

    def work(tx: Transaction) -> None:
        tries.append(tx)
        tx.session.run("SELECT to_tsvector('simple', ?)", words_of_a_mib)

    with pytest.raises(psycopg.errors.ProgramLimitExceeded):
        store.run(work)
    assert len(tries) == 1
    assert take(store, 1).attempts == 1
    store.close()


def test_daemons_at_once_each_index_other_words_and_claim_other_letters(
    postgres: Server, tmp_path: Path, clock: Clock
) -> None:
    url = postgres.database("words")
    first, other = (Store.open(url, tmp_path / "files", clock=clock) for _ in range(2))
    for uid in range(10):
        open_ticket(first, uid, letters=lambda ticket: (Letter("reply", (ANA,), ticket),))
    with first.write() as tx:
        assert word_index.index(tx.session, 6) == 6
        assert _in_thread(lambda: other.index_words()) == 4
        assert len(queues.claim(tx.session, "a", NOW, MINUTE, 6)) == 6
        assert _in_thread(lambda: len(other.claim("b", NOW, MINUTE, 9))) == 4
    assert first.index_words() == 0
    first.close()
    other.close()


def test_a_mail_that_two_release_at_once_is_released_once(postgres: Server, tmp_path: Path, clock: Clock) -> None:
    """Else the second would take back the verdict that it had got by then."""
    url = postgres.database("release")
    first, other = (Store.open(url, tmp_path / "files", clock=clock) for _ in range(2))
    seen = take(first, 1)
    with first.write() as tx:
        tx.apply(Cause(seen.id, mail(1)), Decision("quarantined"), compose, DESK, NOW)
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with psycopg.connect(url, autocommit=True) as watching, ThreadPoolExecutor(1) as thread:
        with first.write() as tx:
            assert set_aside.set_back(tx.session, [seen.id], ("quarantined",), NOW) == [seen.id]
            releasing = thread.submit(other.release, [seen.id])
            until(lambda: watching.execute(waits).fetchone())
        assert releasing.result() == []
    first.close()
    other.close()


def test_f35_postgresql_that_says_nothing_is_given_up_in_time(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection stays open, its packets are acknowledged, and no answer ever comes."""
    url = postgres.database("silent")
    with FaultProxy(postgres.port) as proxy:
        store = Store.open(url.replace(f":{postgres.port}/", f":{proxy.port}/"), tmp_path / "files")
        open_ticket(store, 1)
        monkeypatch.setattr("daemon.store.postgres.ANSWER_S", 0.5)
        proxy.set(blackhole=True)
        with pytest.raises(psycopg.OperationalError, match="not answered in time"), store.write() as tx:
            tx.session.one("SELECT 1")
        monkeypatch.undo()
        proxy.set()
        open_ticket(store, 2)
        assert store.tally()["opened"] == 2
        store.close()
