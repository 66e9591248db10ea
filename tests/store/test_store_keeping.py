"""What is kept, copied, handed out, and what is dropped when it may be."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.files import Files
from daemon.store import Cause, Outcome, Store
from daemon.store.backup import backup
from daemon.store.dialect import BUSY_MS
from daemon.store.errors import StoreError
from daemon.store.raws import IN_ROW
from rules.decision import Decision
from rules.facts import Person, Search
from rules.letters import Letter
from rules.ticket import Event
from tests.store.desk import ANA, DESK, LUIS, NOW, Clock, attachment, change, compose, fetched, mail, open_ticket, take

PICTURE, SECRET = b"a picture" * 50, "mi secreto"


def busy(store: Store) -> str:
    """Ana's ticket, with a file, a letter that was sent and one that waits; Luis takes part; a note by the desk."""
    number = open_ticket(
        store, 1, letters=lambda ticket: (Letter("confirmation", (ANA,), ticket),), requester_name="Ana Pérez",
        participants=(LUIS,), fields=(("description", SECRET),),
    )  # fmt: skip
    store.files.keep(PICTURE)
    seen = take(store, 2, raw=b"r" * (IN_ROW + 1))
    event = Event(number, "replied", NOW, ANA, SECRET, True, attachments=(attachment(PICTURE, "../../etc/passwd"),))
    decision = Decision("threaded", events=(event,), people=(ANA_PERSON,))
    with store.write() as tx:
        tx.apply(Cause(seen.id, mail(2)), decision, compose, DESK, NOW)
    claimed = store.claim("a", NOW, timedelta(minutes=1), 5)
    store.record([Outcome(letter.id, letter.lease, "sent") for letter in claimed], NOW)
    with store.write() as tx:
        tx.apply(Cause(), Decision(letters=(Letter("reply", (ANA,)),)), compose, DESK, NOW)
    change(store, number, "closed", state="closed", closed_at=NOW, running=((NOW, NOW),))
    return number


ANA_PERSON = Person("Ana Pérez", (ANA,), tax_id="B1")


# -- files


def test_a_file_is_kept_under_its_digest_once(tmp_path: Path) -> None:
    files = Files(tmp_path)
    digest = attachment(PICTURE).digest
    assert files.keep(PICTURE) == files.keep(iter([PICTURE[:7], PICTURE[7:]])) == digest
    assert list(files.digests()) == [digest]
    assert files.matches(digest)
    assert files.open(digest).read() == PICTURE
    assert not list((tmp_path / "new").iterdir())


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, settled = Files(tmp_path), []
    digest = attachment(PICTURE).digest

    def fsync(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        settled.append((path.parent if path.is_file() else path, files.has(digest)))

    monkeypatch.setattr("daemon.files.os.fsync", fsync)
    files.keep(PICTURE)
    assert settled == [(tmp_path / "new", False), (tmp_path, False), (tmp_path / digest[:2], True)]


def test_what_a_process_left_half_written_goes_once_it_is_old(tmp_path: Path) -> None:
    files = Files(tmp_path)
    for folder in ("spool", "new"):
        (tmp_path / folder).mkdir()
        for name, age_s in (("old", 7200), ("young", 1800)):
            left = tmp_path / folder / name
            left.touch()
            os.utime(left, (time.time() - age_s,) * 2)
    files.sweep(3600)
    assert {path.name for path in tmp_path.glob("*/*")} == {"young"}
    files.sweep(0)
    assert list(tmp_path.glob("*/*")) == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_a28_nothing_but_a_digest_is_a_path(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        Files(tmp_path).path(digest)


def test_what_could_not_be_written_whole_is_not_there(tmp_path: Path) -> None:
    def broken() -> object:
        yield b"half"
        raise OSError("the source went away")

    with pytest.raises(OSError, match="went away"):
        Files(tmp_path).keep(broken())
    assert list(Files(tmp_path).digests()) == list((tmp_path / "new").iterdir()) == []


# -- export and backup


def test_export_writes_mails_attachments_and_journal(store: Store, tmp_path: Path) -> None:
    number = busy(store)
    written = store.export(number, tmp_path / "out")
    assert sorted(str(path.relative_to(tmp_path / "out")) for path in written) == [
        "attachments/01-passwd", "mails/1.eml", "mails/2.eml", "ticket.json",
    ]  # fmt: skip
    assert json.loads((tmp_path / "out/ticket.json").read_text())["number"] == number
    assert (tmp_path / "out/attachments/01-passwd").read_bytes() == PICTURE
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0, "whoever may look into the folder reads mails"
    with pytest.raises(KeyError):
        store.export("I171009_999999", tmp_path / "none")


def test_an_export_tells_which_bytes_are_lost_and_writes_the_others(store: Store, tmp_path: Path) -> None:
    number = busy(store)
    for digest in list(store.files.digests()):
        store.files.drop(digest)
    with pytest.raises(StoreError, match=r"written without .*attachments/01-passwd, whose bytes are lost"):
        store.export(number, tmp_path / "out")
    assert (tmp_path / "out/ticket.json").exists()


def test_f45_a_backup_taken_while_running_opens_and_balances(store: Store, tmp_path: Path, clock: Clock) -> None:
    number = busy(store)
    if not store.one_daemon:
        backup(store.url, store.files, tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes().startswith(b"PGDMP")
        return
    with store.write() as tx:
        tx.session.run("UPDATE tickets SET category = 'not yet committed'")
        written = backup(store.url, store.files, tmp_path / "copy.db")
    assert len(written) == 1 + len(list(store.files.digests()))
    assert not [path for path in tmp_path.glob("copy*") if path.stat().st_mode & 0o077]
    with pytest.raises(StoreError, match="exists already"):
        backup(store.url, store.files, tmp_path / "copy.db")
    restored = Store.open(f"sqlite:///{tmp_path}/copy.db", tmp_path / "copy.db.files", clock=clock)
    assert restored.audit(DESK) == []
    assert restored.show(number)
    restored.close()


def test_files_dropped_during_a_backup_are_missed_by_nobody(tmp_path: Path, clock: Clock) -> None:
    """One as soon as it is listed, which no row names; the others when they are copied, and the database is not yet."""

    class Dropping(Files):
        def digests(self) -> Iterator[str]:
            found = list(super().digests())
            self.drop(unnamed)
            return iter(found)

    def drop_all(done: int, of: int) -> None:
        if done == of:
            for digest in list(store.files.digests()):
                store.files.drop(digest)

    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files", clock=clock)
    busy(store)
    unnamed = store.files.keep(b"nobody's")
    backup(store.url, Dropping(tmp_path / "files"), tmp_path / "copy.db", drop_all)
    store.close()
    restored = Store.open(f"sqlite:///{tmp_path}/copy.db", tmp_path / "copy.db.files", clock=clock)
    assert restored.audit(DESK) == []
    restored.close()


def test_f45_a_file_that_comes_during_a_backup_is_in_it(tmp_path: Path, clock: Clock) -> None:
    """Once the files are copied, and before the database is."""
    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files", clock=clock)
    busy(store)
    large, came = bytes(IN_ROW + 1), []

    def come(done: int, of: int) -> None:
        if done == of and not came:
            came.extend(store.take("b", 1, [fetched(99, large)]))

    backup(store.url, store.files, tmp_path / "copy.db", come)
    store.close()
    restored = Store.open(f"sqlite:///{tmp_path}/copy.db", tmp_path / "copy.db.files", clock=clock)
    assert restored.raw_mail(came[0].id) == large
    restored.close()


def test_f45_a_backup_is_one_picture_however_long_it_takes(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.backup.PAGES", 1)
    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files", clock=clock)
    number, uids = open_ticket(store, 1), iter(range(2, 6))

    def write(done: int, of: int) -> None:
        if (uid := next(uids, 0)) and done < of:
            open_ticket(store, uid)

    backup(store.url, store.files, tmp_path / "copy.db", write)
    store.close()
    restored = Store.open(f"sqlite:///{tmp_path}/copy.db", tmp_path / "copy.db.files", clock=clock)
    assert [ticket.number for ticket in restored.search(Search())] == [number]
    restored.close()


def test_f32_a_damaged_database_is_not_taken_for_a_backup(tmp_path: Path) -> None:
    store, path = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files"), tmp_path / "acuse.db"
    busy(store)
    store.close()
    octets = path.read_bytes()
    middle = len(octets) // 2
    path.write_bytes(octets[:middle] + b"\xff" * 8192 + octets[middle + 8192 :])
    with pytest.raises(StoreError, match="damaged"):
        backup(store.url, store.files, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files")
    open_ticket(store, 1)
    modes = {path.name: oct(path.stat().st_mode & 0o077) for path in tmp_path.glob("acuse.db*")}
    assert set(modes.values()) == {"0o0"}
    store.close()


def test_a_large_log_is_brought_back_into_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.connections.CHECKPOINT_BYTES", 50_000)
    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files")
    for uid in range(30):
        open_ticket(store, uid)
    assert (tmp_path / "acuse.db-wal").stat().st_size < 200_000
    with store.write() as tx:
        assert tx.session.one("PRAGMA busy_timeout") == (BUSY_MS,), "only for the log nobody is waited for"
    (mode,) = sqlite3.connect(tmp_path / "acuse.db").execute("PRAGMA journal_mode").fetchone()
    assert mode == "wal"
    store.close()


def test_a_closed_store_leaves_no_log_although_others_read(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files")
    open_ticket(store, 1)
    other = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files", readonly=True)
    assert other.tally() == {"opened": 1, "all": 1}
    store.close()
    assert (tmp_path / "acuse.db-wal").stat().st_size == 0
    assert other.tally() == {"opened": 1, "all": 1}
    other.close()
