"""The whole desk as a process, and what its surroundings do to it: servers that die, disks that fill up, files that are
damaged or half written, logs that nobody reads, an operator who ends it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_kills import MAILS, inject

from daemon.bench.servers import free_port
from daemon.demo.correspondent import Received, write
from daemon.service import RELOAD_EVERY_S
from daemon.store.dialect import BUSY_MS
from tests.deskworld import ANA, GOOD, GROUP, OPENINGS, SUBJECT, DeskWorld, Real
from tests.dovecot import Dovecot
from tests.faultproxy import FaultProxy
from tests.invariants import at_rest, letter_violations, run_until_rest, violations
from tests.patience import PATIENCE_S


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    with DeskWorld(tmp_path) as desk:
        yield desk


def real(world: DeskWorld) -> Real:
    assert isinstance(world.servers, Real)
    return world.servers


def opening(who: str, octets: int) -> bytes:
    """An opening with a file of so many octets, none of which can be compressed."""
    return write(who, OPENINGS, SUBJECT, GOOD, files={"captura.bin": os.urandom(octets)}).as_bytes()


def inbox(world: DeskWorld) -> int:
    return world.servers.counts("apertura").get("INBOX", 0)


# -- the IMAP server


def test_f16_the_server_dies_while_it_sends_30_megabytes(tmp_path: Path) -> None:
    """Through a network that is slow until then: half a mail is there for long enough to be seen."""
    servers = Real()
    with FaultProxy(servers.imap_port) as network:
        servers.imap_port = network.port
        with DeskWorld(tmp_path, servers) as world:
            servers.deliver("apertura", opening("marta@cliente.example", 22 * 1024 * 1024))
            network.set(delay_s=0.1)
            world.start()
            for _ in range(2):
                half = world.until(lambda: half_a_mail(tmp_path / "files" / "spool"), "half a mail")
                servers.dovecot.kill_sessions()
                world.until(lambda half=half: not half.exists(), "half a mail thrown away")
            network.set()
            run_until_rest(world, 1)
            assert violations(world, 1, 1) == []


def test_a_folder_of_files_that_somebody_removes_is_made_again(world: DeskWorld) -> None:
    """With the place in it for large mails, while they are treated."""
    world.started()
    shutil.rmtree(world.folder / "files")
    world.servers.deliver("apertura", opening("marta@cliente.example", 3 * 1024 * 1024))
    run_until_rest(world, 1)
    assert violations(world, 1, 1) == []


def half_a_mail(spool: Path) -> Path | None:
    """What has come of one so far, once that is a lot; its name is never used again."""
    with contextlib.suppress(FileNotFoundError):
        return next((part for part in spool.glob("*.part") if part.stat().st_size > 1_000_000), None)
    return None


def test_f22_f23_uidvalidity_changes_and_every_mail_is_known_again(world: DeskWorld) -> None:
    """First between two sessions, with mails that were decided and not yet moved; then while a session is open."""
    dovecot = real(world).dovecot
    inject(world, MAILS)
    assert world.start(ACUSE_KILL="before_move").wait(PATIENCE_S) == -signal.SIGKILL
    dovecot.stop()
    dovecot.change_uidvalidity("apertura")
    time.sleep(1.1)  # Dovecot takes the time in seconds for the new one
    dovecot.start()
    world.start()
    world.until(lambda: inbox(world) == 0 and at_rest(world), "rest")
    assert world.query("SELECT COUNT(*) FROM mails WHERE verdict = 'duplicate'") == [(MAILS,)]
    dovecot.change_uidvalidity("apertura")
    inject(world, 5)
    run_until_rest(world, 2 * MAILS + 5)
    assert "uidvalidity changed" in world.log()
    assert violations(world, MAILS + 5, MAILS + 5, copies=MAILS) == []


def test_f22_a_mail_server_put_back_from_a_backup_gives_uids_again(world: DeskWorld) -> None:
    """The same UIDVALIDITY, and a UID that the ledger knows for a mail which has gone."""
    dovecot = real(world).dovecot
    own, backup = dovecot.mail / "apertura", dovecot.folder / "backup"
    for counter, mail in enumerate((opening(ANA, 100), opening(GROUP, 200), opening(ANA, 3000)), 1):
        world.servers.deliver("apertura", mail)
        run_until_rest(world, counter)
        dovecot.stop()
        if counter == 1:
            subprocess.run(["cp", "-a", own, backup], check=True)
        elif counter == 2:
            shutil.rmtree(own)
            backup.rename(own)
        dovecot.start()
    assert world.query("SELECT uid, verdict FROM mails ORDER BY id") == [(1, "opened"), (2, "opened"), (2, "opened")]
    assert letter_violations(world) == []


def test_f22_a_mail_under_the_uid_of_one_that_waits_to_be_moved_is_treated(world: DeskWorld) -> None:
    """Put back from a backup after a crash between COMMIT and MOVE."""
    dovecot = real(world).dovecot
    own, backup = dovecot.mail / "apertura", dovecot.folder / "backup"
    world.servers.deliver("apertura", opening(ANA, 100))
    run_until_rest(world, 1)
    dovecot.stop()
    subprocess.run(["cp", "-a", own, backup], check=True)
    dovecot.start()
    world.servers.deliver("apertura", opening(GROUP, 200))
    assert world.start(ACUSE_KILL="before_move").wait(PATIENCE_S) == -signal.SIGKILL
    dovecot.stop()
    shutil.rmtree(own)
    backup.rename(own)
    dovecot.start()
    time.sleep(1.1)  # arrivals are told in seconds
    world.servers.deliver("apertura", opening(ANA, 3000))
    run_until_rest(world, 3)
    assert world.query("SELECT uid, verdict FROM mails ORDER BY id") == [(1, "opened"), (2, "opened"), (2, "opened")]
    assert letter_violations(world) == []


def test_f26_without_uidplus_what_is_filed_is_not_filed_again(world: DeskWorld) -> None:
    """Each mail stays in the watched folder, marked as deleted, and is seen there by every connection."""
    dovecot = real(world).dovecot
    dovecot.stop()
    dovecot.capability = '"IMAP4rev1 IDLE NAMESPACE"'
    dovecot.start()
    inject(world, 3)
    for _ in range(3):
        world.acuse("run", "--once")
        assert world.servers.counts("apertura") == {"INBOX": 3, "Acuse/Tratados": 3}
    assert letter_violations(world) == []


# -- disks


def test_f29_a_mail_that_finds_no_room_keeps_no_smaller_one_waiting(world: DeskWorld) -> None:
    """Whichever of the two comes first, the folder or the database, that has no room for a file of its size."""
    world.servers.deliver("apertura", opening("marta@cliente.example", 6_000_000))
    for n in range(5):
        world.servers.deliver("apertura", opening(f"p{n}@cliente.example", 1_000))
    daemon = world.start("prlimit", "--fsize=4000000")
    world.until(lambda: inbox(world) == 1, "the small ones")
    assert daemon.poll() is None
    world.stop()
    run_until_rest(world, 6)
    assert violations(world, 6, 6) == []


SMALL_DISK = 'mount -t tmpfs -o size="$0" small "$1" && shift && exec "$@"'


def test_f29_f30_a_disk_of_4_megabytes_fills_up_and_grows(world: DeskWorld) -> None:
    """Database, files and spool lie on it: what does not fit waits in the mailbox, nothing is half done."""
    small, mails = world.folder / "small", 30
    small.mkdir()
    text = world.config.read_text(encoding="utf-8")
    for name in ("acuse.db", "files"):
        text = text.replace(f"{world.folder}/{name}", f"{small}/{name}")
    world.save(text)
    for n in range(mails):
        world.servers.deliver("apertura", opening(f"p{n}@cliente.example", 400_000 if n % 3 == 0 else 100_000))
    daemon = world.start("unshare", "-rm", "sh", "-c", SMALL_DISK, "4m", str(small))
    world.until(lambda: "full" in world.log() or "No space left" in world.log(), "full disk")
    assert inbox(world) > 0
    assert daemon.poll() is None
    inside = ("nsenter", "-t", str(daemon.pid), "-U", "-m", "--preserve-credentials")
    subprocess.run([*inside, "mount", "-t", "tmpfs", "-o", "remount,size=200m", "small", str(small)], check=True)
    world.until(lambda: inbox(world) == 0, "rest")
    world.until(lambda: len(world.letters(letter="confirmation")) == mails, "confirmations")
    world.until(lambda: len(world.letters(letter="assignment")) == mails, "assignments")
    with outliving(daemon.pid, small) as disk:
        assert world.stop() == 0
        shutil.copytree(disk, small, dirs_exist_ok=True)
    assert violations(world, mails, mails) == []


@contextlib.contextmanager
def outliving(pid: int, folder: Path) -> Iterator[Path]:
    """A disk that only that process sees, kept until it has ended and nothing on it changes any more."""
    kept = os.open(f"/proc/{pid}/root{folder}", os.O_RDONLY)
    yield Path(f"/proc/self/fd/{kept}")
    os.close(kept)


def test_f30_a_full_disk_under_the_log_stops_nothing(world: DeskWorld) -> None:
    inject(world)
    world.start(log="/dev/full")
    run_until_rest(world, MAILS)
    assert violations(world, MAILS, MAILS) == []


def test_f44_closed_standard_streams_are_nobodys_fault(world: DeskWorld) -> None:
    """Least of all that of the mails, whose parser finds them as the daemon does."""
    inject(world, 3)
    world.start("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
    run_until_rest(world, 3)
    assert violations(world, 3, 3) == []


def test_f44_a_log_that_nobody_reads_stops_nothing(world: DeskWorld) -> None:
    pipe = world.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    inject(world, 60)
    world.start(log=str(pipe))
    run_until_rest(world, 60)
    os.close(reader)
    assert violations(world, 60, 60) == []


def test_f44_a_reader_of_figures_that_never_reads_stops_nothing(tmp_path: Path) -> None:
    port = free_port()
    with DeskWorld(tmp_path, extra=f'[metrics]\nlisten = "127.0.0.1:{port}"\n') as world:
        world.started()
        silent = [socket.create_connection(("127.0.0.1", port), PATIENCE_S) for _ in range(50)]
        for each in silent[::2]:
            each.sendall(b"GET /metrics HTTP/1.1\r\n\r\n" * 1000)
        inject(world, 10)
        world.until(lambda: at_rest(world) and len(world.query("SELECT 1 FROM mails")) == 10, "rest")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
            assert b"acuse_mails_total" in answer.read()
        assert world.stop() == 0
        for each in silent:
            each.close()
        assert violations(world, 10, 10) == []


def test_f44_a_disk_that_hangs_under_the_figures_stops_nothing(tmp_path: Path) -> None:
    """Whoever opens a pipe that nobody reads waits for ever, as on a file system whose server has gone."""
    with DeskWorld(tmp_path, extra='[metrics]\ntextfile = "acuse.prom"\n') as world:
        world.started("sh", "-c", f'mkfifo "{tmp_path}/acuse.prom.$$.part" && exec "$@"', "sh")
        for turn, group in enumerate(("n2", "n1"), 1):  # the figures are written between two turns of the pump
            text = world.config.read_text(encoding="utf-8")
            world.save(re.sub('default_group = ".."', f'default_group = "{group}"', text))
            world.until(lambda turn=turn: world.log().count("configuration reloaded") == turn, "the pump's turn")
        inject(world, 1)
        run_until_rest(world, 1)
        assert violations(world, 1, 1) == []


# -- the database file


def test_f31_another_process_that_holds_the_database_is_waited_for(world: DeskWorld) -> None:
    """For longer than SQLite itself waits: the daemon tries the whole transaction again, and no mail moves before."""
    inject(world, 5)
    run_until_rest(world, 5)
    world.started()
    with contextlib.closing(sqlite3.connect(world.folder / "acuse.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        inject(world, MAILS)
        time.sleep(BUSY_MS / 1000 + 2)
        assert inbox(world) == MAILS
        assert world.query("SELECT COUNT(*) FROM mails") == [(5,)]
        assert world.runs
        other.execute("ROLLBACK")
    world.until(lambda: world.query("SELECT COUNT(*) FROM mails") == [(MAILS + 5,)] and at_rest(world), "rest")
    world.stop()
    assert violations(world, MAILS + 5, MAILS + 5) == []


@pytest.mark.parametrize("replaced", [True, False], ids=["replaced", "removed"])
def test_f32_a_database_that_is_taken_away_under_the_daemon_judges_no_mail(world: DeskWorld, replaced: bool) -> None:
    """What it wrote to a file that no name leads to would be gone with it, while the mails were filed as treated."""
    inject(world, 5)
    run_until_rest(world, 5)
    own, aside = world.folder / "acuse.db", world.folder / "aside.db"
    shutil.copy(own, world.folder / "copy.db")
    world.started()
    own.rename(aside)
    if replaced:
        shutil.copy(world.folder / "copy.db", own)
    inject(world, MAILS)
    world.until(lambda: "is not the file that was opened" in world.log(), "word of it")
    assert inbox(world) == MAILS
    aside.replace(own)
    world.until(lambda: world.query("SELECT COUNT(*) FROM mails") == [(MAILS + 5,)] and at_rest(world), "rest")
    world.stop()
    assert violations(world, MAILS + 5, MAILS + 5) == []


def test_f32_a_damaged_database_is_refused_and_a_backup_put_back(world: DeskWorld) -> None:
    inject(world, MAILS)
    run_until_rest(world, MAILS)
    world.acuse("backup", str(world.folder / "backup.db"))
    spoil(world.folder / "acuse.db")
    inject(world, 5)
    assert world.start().wait(PATIENCE_S) == 1
    assert "Restore a backup" in world.log()
    assert inbox(world) == 5, "the mailbox was not touched"
    restore(world)
    run_until_rest(world, MAILS + 5)
    assert violations(world, MAILS + 5, MAILS + 5) == []


def spoil(database: Path) -> None:
    """Overwrite the middle of a database, all of which lies in its file."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    octets = database.read_bytes()
    database.write_bytes(octets[:16384] + b"\xff" * (len(octets) // 2) + octets[16384 + len(octets) // 2 :])


def restore(world: DeskWorld) -> None:
    """Put backup.db and its files in the place of the database and the files."""
    for path in world.folder.glob("acuse.db*"):
        path.unlink()
    shutil.copy(world.folder / "backup.db", world.folder / "acuse.db")
    shutil.rmtree(world.folder / "files")
    if (world.folder / "backup.db.files").exists():  # no mail had a file otherwise
        shutil.copytree(world.folder / "backup.db.files", world.folder / "files")


def test_f45_a_backup_taken_under_load_is_a_whole_desk(world: DeskWorld) -> None:
    """The daemon dies right after its backup. Mails that the backup does not know are put back into the mailbox; of the
    letters, those of the dead daemon may come again, with the same bytes."""
    mails = 120
    inject(world, mails)
    world.start()
    world.until(lambda: (world.query("SELECT COUNT(*) FROM tickets") or [(0,)])[0][0] > 10, "load")
    world.acuse("backup", str(world.folder / "backup.db"))
    world.kill()
    world.until(real(world).dovecot.left_alone, "end of what the daemon had asked for")
    restore(world)
    put_back(real(world).dovecot, {str(row[0]) for row in world.query("SELECT message_id FROM mails")})
    run_until_rest(world, mails)
    of_the_dead = [each for each in letter_violations(world) if "never queued" in each or "more than once" in each]
    assert set(violations(world, mails, mails)) == set(of_the_dead)
    assert letter_violations(world, doubled=2 * mails) == [each for each in of_the_dead if "never queued" in each]


def put_back(dovecot: Dovecot, known: set[str]) -> None:
    """Move those of the treated mails back into the mailbox that the ledger does not know."""
    with dovecot.client("apertura") as client:
        client.select_folder("Acuse/Tratados")
        filed = client.search("ALL")
        found = client.fetch(filed, ["BODY.PEEK[]"]) if filed else {}
        ids = {uid: Received.of(each[b"BODY[]"])["Message-ID"].strip("<>") for uid, each in found.items()}
        if lost := [uid for uid, message_id in ids.items() if message_id not in known]:
            client.move(lost, "INBOX")


# -- the configuration


def test_f41_a_half_written_configuration_changes_nothing_and_is_told_once(world: DeskWorld) -> None:
    whole = world.config.read_text(encoding="utf-8")
    changed = whole.replace('default_group = "n1"', 'default_group = "n2"')
    world.started()
    inject(world, 5)
    world.save(changed[: len(changed) // 2])
    world.until(lambda: "configuration refused" in world.log(), "word of the refusal")
    inject(world, 5)
    world.until(lambda: len(world.letters(GROUP, "assignment")) == 10, "tickets under the old rules")
    time.sleep(2 * RELOAD_EVERY_S + 1)  # it has been looked at again
    world.save(changed)
    world.until(lambda: "configuration reloaded" in world.log(), "new configuration")
    inject(world, 5)
    world.until(lambda: len(world.letters("n2@cau.example", "assignment")) == 5, "tickets under the new rules")
    run_until_rest(world, 15)
    assert violations(world, 15, 15) == []
    assert len([1 for each in world.letters(ANA, "admin_alert") if "no se ha aplicado" in each["Subject"]]) == 1


# -- the operator


def test_f43_sigterm_in_the_middle_of_the_work_loses_and_doubles_nothing(world: DeskWorld) -> None:
    mails = 120
    inject(world, mails)
    for least in (0, 40):
        daemon = world.started()
        world.until(lambda least=least: (world.query("SELECT COUNT(*) FROM tickets") or [(0,)])[0][0] > least, "work")
        began = time.monotonic()
        daemon.terminate()
        daemon.terminate()
        assert daemon.wait(PATIENCE_S) == 0
        ended = time.monotonic()
        assert ended - began < 5, f"{ended - began:.1f} s after the signal"
    run_until_rest(world, mails)
    assert violations(world, mails, mails) == []
