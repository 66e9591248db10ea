"""Watching a mailbox on a real Dovecot: every mail treated once, moved only afterwards, whatever breaks in between."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.config.accounts import Account
from daemon.mail.imap import Imap, read_uid_set
from daemon.mail.imap_faults import ImapError
from daemon.mail.mailbox import MailboxWatcher, run_once
from daemon.mail.visit import Visit
from daemon.mail.wire import Backoff, Endpoint
from daemon.store import Fetched, Filed, Unfiled
from daemon.store.errors import Unavailable
from rules.durations import Duration
from tests.dovecot import Dovecot, raw_mail
from tests.faultproxy import FaultProxy, Mode
from tests.patience import PATIENCE_S, until
from tests.scripted_imap import Line, ScriptedImap


class Notebook:
    """The desk behind the mailbox: notes what it is given, in the order in which it happens.

    ``fails``: how many of the next batches it fails to treat; ``folder``: where it wants the mails; ``page``: how many
    of those that are to be moved it names at once; ``waiting``: how many batches wait in its ledger.
    """

    def __init__(self, spool: Path, folder: str = "done", largest_mail: int = 1_000_000) -> None:
        self.spool = spool
        self.largest_mail = largest_mail
        self.folder = folder
        self.fails = 0
        self.page = 1000
        self.waiting = 0
        self.treated: list[tuple[int, bytes]] = []
        self.decided: dict[int, Unfiled] = {}
        self.noted: dict[int, Filed] = {}
        self.suspected = ""
        self.uidvalidities: list[int] = []
        self.batches: list[int] = []
        self.looked = threading.Event()

    def treat(self, account: Account, uidvalidity: int, mails: Sequence[Fetched]) -> list[Unfiled]:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the database is away")
        self.batches.append(len(mails))
        return [self._decide(uidvalidity, mail) for mail in mails]

    def _decide(self, uidvalidity: int, mail: Fetched) -> Unfiled:
        known = [
            each
            for each in self.decided.values()
            if (each.uidvalidity, each.uid) == (uidvalidity, mail.uid)
            and not each.is_other(mail.size, mail.internaldate)
        ]
        if known:
            return known[0]
        raw = mail.octets.read_bytes() if isinstance(mail.octets, Path) else mail.octets
        self.treated.append((mail.uid, raw))
        id_ = len(self.treated)
        self.decided[id_] = Unfiled(id_, self.folder, "", uidvalidity, mail.uid, "")
        return self.decided[id_]

    def treat_waiting(self, account: Account) -> Iterator[int]:
        for _ in range(self.waiting):
            self.waiting -= 1
            yield 1
        self.looked.set()

    @property
    def store(self) -> Any:
        """Its own ledger."""
        return self

    def unfiled(self, mailbox: str, uidvalidity: int, after: int) -> list[Unfiled]:
        return [mail for id_, mail in self.decided.items() if id_ > after and id_ not in self.noted][: self.page]

    def filed(self, mailbox: str, moved: Sequence[Filed]) -> None:
        self.noted.update({mail.id: mail for mail in moved})

    def forget_places(self, mailbox: str, uidvalidity: int) -> None:
        self.uidvalidities.append(uidvalidity)

    def suspects(self, mailbox: str) -> str:
        return self.suspected

    def suspect(self, mailbox: str, suspects: str) -> None:
        self.suspected = suspects

    @property
    def subjects(self) -> list[str]:
        """Subjects of what was treated, in order."""
        return [raw.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for _, raw in self.treated]


def account(port: int, **more: object) -> Account:
    settings = {
        "poll": Duration(seconds=1),
        "command_timeout": Duration(seconds=PATIENCE_S),
        "password_env": "ACUSE_TEST",
    } | more
    return Account(
        name="apertura", roles=("opening",), address="soporte@desk.test", host="127.0.0.1", port=port,
        security="none", username="ana", **settings,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACUSE_TEST", "secret")


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path)


@pytest.fixture
def watch() -> Iterator[Callable[..., MailboxWatcher]]:
    """Start watchers, which try again at once or after ``first_s``; all are stopped at the end."""
    started: list[MailboxWatcher] = []

    def start(box: Account, notebook: Notebook, first_s: float = 0.05) -> MailboxWatcher:
        started.append(MailboxWatcher(box, notebook, backoff=Backoff(first_s, max(first_s, 0.2))))
        started[-1].start()
        return started[-1]

    yield start
    for watcher in started:
        watcher.stop()
    for watcher in started:
        watcher.join(5)
        assert not watcher.is_alive()


Watch = Callable[[Account, Notebook], MailboxWatcher]


# -- once


def test_everything_is_treated_and_filed_away(dovecot: Dovecot, notebook: Notebook) -> None:
    dovecot.deliver("ana", *(raw_mail(f"n{n}") for n in range(120)))
    seen: list[tuple[int, int]] = []
    assert run_once(account(dovecot.port), notebook, progress=lambda *at: seen.append(at)) == 120
    assert notebook.subjects == [f"n{n}" for n in range(120)]
    assert notebook.batches == [50, 50, 20]
    assert seen == [(50, 120), (100, 120), (120, 120)]
    assert dovecot.counts("ana") == {"Acuse/Tratados": 120}
    assert {mail.uid for mail in notebook.noted.values()} == set(range(1, 121)), "the server told their new place"
    assert run_once(account(dovecot.port), notebook) == 0


def test_flags_and_keywords_are_no_state(dovecot: Dovecot, notebook: Notebook) -> None:
    """Whatever another client has read or marked is treated, and stays as it was marked; treating marks nothing."""
    flags = [set(each.split()) for each in (b"", b"\\Seen", b"\\Flagged $Junk", b"\\Seen \\Answered Treated")]
    dovecot.deliver("ana", *(raw_mail(f"n{n}") for n in range(len(flags))))
    with dovecot.client("ana") as client:
        client.select_folder("INBOX")
        for uid, some in enumerate(flags, 1):
            client.add_flags(uid, list(some))
    assert run_once(account(dovecot.port), notebook) == len(flags)
    with dovecot.client("ana") as client:
        client.select_folder("Acuse/Tratados")
        left = client.get_flags(range(1, len(flags) + 1))
    assert [set(left[uid]) - {b"\\Recent"} for uid in sorted(left)] == flags


def test_every_folder_is_made_before_it_is_needed(dovecot: Dovecot, notebook: Notebook) -> None:
    run_once(account(dovecot.port), notebook)
    with dovecot.client("ana") as client:
        names = {name for _, _, name in client.list_folders()}
    assert names >= {"Acuse/Tratados", "Acuse/No tratados", "Acuse/Automáticos", "Acuse/Cuarentena", "Acuse/Retenidos"}


def test_large_mails_pass_through_a_file_that_is_removed(dovecot: Dovecot, notebook: Notebook) -> None:
    large = raw_mail("grande", ("x" * 70 + "\r\n") * 10_000)
    dovecot.deliver("ana", large)
    run_once(account(dovecot.port), notebook)
    assert notebook.treated == [(1, large)]
    assert not list(notebook.spool.glob("mail-*"))


BREAKS = Mode(cut_on=b"VENENO")
"""The connection breaks wherever a mail with this word passes."""


def test_a_mail_that_breaks_every_connection_keeps_no_other_waiting(dovecot: Dovecot, notebook: Notebook) -> None:
    dovecot.deliver("ana", *(raw_mail("VENENO" if n in (7, 30) else f"n{n}") for n in range(120)))
    with FaultProxy(dovecot.port, BREAKS) as proxy:
        with pytest.raises(ImapError, match=r"fetch UID (8|31)"):
            run_once(account(proxy.port), notebook)
        assert sorted(notebook.subjects) == sorted(f"n{n}" for n in range(120) if n not in (7, 30))
        assert dovecot.counts("ana") == {"Acuse/Tratados": 118, "INBOX": 2}
        proxy.mode = Mode()
        assert run_once(account(proxy.port), notebook) == 2
    assert dovecot.counts("ana") == {"Acuse/Tratados": 120}


def loop(mail: Path) -> None:
    mail.unlink()
    mail.symlink_to(mail)


def shorten(mail: Path) -> None:
    mail.write_bytes(mail.read_bytes()[:20])


@pytest.mark.parametrize("damage", [loop, shorten])
def test_a_mail_whose_file_is_damaged_on_its_server_keeps_no_other_waiting(
    notebook: Notebook, damage: Callable[[Path], None]
) -> None:
    """Dovecot ends the connection at each FETCH of it."""
    with Dovecot() as server:
        server.deliver("ana", *(raw_mail(f"n{n}") for n in range(8)))
        with server.client("ana") as client:
            client.select_folder("INBOX")
            client.fetch(range(1, 9), ["RFC822.SIZE"])  # noted, so that it is told although the file is another
        (file,) = (path for path in server.mail.rglob("cur/*") if b"Subject: n3" in path.read_bytes())
        damage(file)
        with pytest.raises(ImapError, match="fetch UID 4"):
            run_once(account(server.port), notebook)
        assert server.counts("ana") == {"Acuse/Tratados": 7, "INBOX": 1}


def test_what_a_failed_treatment_leaves_is_treated_next_time(dovecot: Dovecot, notebook: Notebook) -> None:
    dovecot.deliver("ana", raw_mail("uno"))
    notebook.fails = 1
    with pytest.raises(RuntimeError):
        run_once(account(dovecot.port), notebook)
    assert dovecot.counts("ana") == {"INBOX": 1}, "nothing is moved that was not treated"
    run_once(account(dovecot.port), notebook)
    assert dovecot.counts("ana") == {"Acuse/Tratados": 1}


def test_f03_decided_but_not_moved_is_only_moved(dovecot: Dovecot, notebook: Notebook) -> None:
    dovecot.deliver("ana", raw_mail("uno"), raw_mail("dos"))
    run_once(account(dovecot.port), notebook)
    with dovecot.client("ana") as client:  # as after a crash between COMMIT and MOVE
        client.select_folder("Acuse/Tratados")
        client.move([1, 2], "INBOX")
    notebook.decided = {
        id_: Unfiled(id_, "done", "", mail.uidvalidity, id_ + 2, "") for id_, mail in notebook.decided.items()
    }
    notebook.noted = {}
    assert run_once(account(dovecot.port), notebook) == 0
    assert len(notebook.treated) == 2
    assert dovecot.counts("ana") == {"Acuse/Tratados": 2}


@pytest.mark.parametrize(
    ("size", "hours", "treated"), [(10, 1, 1), (0, 1, 0), (10, 0, 0)], ids=["another", "its arrival", "its size"]
)
def test_f22_a_uid_of_another_mail_by_now_is_not_moved_for_the_decided_one(
    dovecot: Dovecot, notebook: Notebook, size: int, hours: int, treated: int
) -> None:
    """A server was restored, or another account stands behind the mailbox, after a crash between COMMIT and MOVE."""
    dovecot.deliver("ana", raw_mail("uno"))
    with dovecot.client("ana") as client:
        chosen = client.select_folder("INBOX")
        (about,) = client.fetch([1], ["RFC822.SIZE", "INTERNALDATE"]).values()
    arrived = about[b"INTERNALDATE"].astimezone(UTC) + timedelta(hours=hours)
    was = {"size": about[b"RFC822.SIZE"] + size, "arrived": arrived}
    notebook.decided[1] = Unfiled(1, "done", "", chosen[b"UIDVALIDITY"], 1, "", **was)
    notebook.treated.append((1, b""))  # the row of its own
    assert run_once(account(dovecot.port), notebook) == treated
    assert dovecot.counts("ana") == {"Acuse/Tratados": 1}
    assert (1 in notebook.noted) == (not treated)


def test_f04_moved_but_not_noted_is_noted(dovecot: Dovecot, notebook: Notebook) -> None:
    dovecot.deliver("ana", raw_mail("uno"))
    run_once(account(dovecot.port), notebook)
    notebook.noted = {}
    run_once(account(dovecot.port), notebook)
    assert set(notebook.noted) == {1}
    assert dovecot.counts("ana") == {"Acuse/Tratados": 1}


@pytest.mark.parametrize("place", ["noted", "not told"])
def test_a_released_mail_is_moved_from_where_it_lies(dovecot: Dovecot, notebook: Notebook, place: str) -> None:
    dovecot.deliver("ana", raw_mail("otra", Message_ID="<otra@x.test>"), raw_mail("uno", Message_ID="<uno@x.test>"))
    notebook.folder = "held"
    run_once(account(dovecot.port), notebook)
    lies = notebook.noted.pop(2)
    told = (lies.uidvalidity, lies.uid) if place == "noted" else (None, None)
    notebook.decided[2] = Unfiled(2, "done", "held", *told, "uno@x.test")
    run_once(account(dovecot.port), notebook)
    assert dovecot.counts("ana") == {"Acuse/Retenidos": 1, "Acuse/Tratados": 1}
    assert b"uno@x.test" in dovecot.mails("ana", "Acuse/Tratados")[0]
    assert 2 in notebook.noted


def test_a_released_mail_that_never_left_the_watched_folder_is_moved_from_there(
    dovecot: Dovecot, notebook: Notebook
) -> None:
    dovecot.deliver("ana", raw_mail("uno", Message_ID="<uno@x.test>"))
    notebook.decided[1] = Unfiled(1, "done", "held", None, None, "uno@x.test", watched_uid=1)
    assert run_once(account(dovecot.port), notebook) == 0
    assert dovecot.counts("ana") == {"Acuse/Tratados": 1}
    assert notebook.noted[1].folder == "done"


def test_a_released_mail_that_somebody_took_away_is_not_waited_for(dovecot: Dovecot, notebook: Notebook) -> None:
    notebook.decided[1] = Unfiled(1, "done", "held", 1, 7, "gone@x.test")
    run_once(account(dovecot.port), notebook)
    assert notebook.noted == {1: Filed(1, "")}


def test_f26_over_quota_mails_stay_and_are_treated_once(tmp_path: Path, notebook: Notebook) -> None:
    with Dovecot(capability="IMAP4rev1 UIDPLUS NAMESPACE", quota="60K") as server:
        server.deliver("ana", raw_mail("uno", "x" * 40_000))
        box = account(server.port)
        run_once(box, notebook)
        run_once(box, notebook)
        assert server.counts("ana") == {"INBOX": 1}
        assert notebook.subjects == ["uno"]
        server.stop()
        server.quota = ""
        server.start()
        run_once(box, notebook)
        assert server.counts("ana") == {"Acuse/Tratados": 1}
        assert notebook.subjects == ["uno"]


COPIES = "IMAP4rev1 UIDPLUS NAMESPACE"
LARGE = "x" * 40_000
"""Its copy does not fit into a quota of 60K."""


def test_f26_a_mail_that_the_server_refuses_to_move_holds_no_other_back(notebook: Notebook) -> None:
    with Dovecot(capability=COPIES, quota="60K") as server:
        server.deliver("ana", *(raw_mail(f"n{n}", LARGE if n == 7 else "x") for n in range(20)))
        box = account(server.port)
        for _ in range(2):  # and is refused again, alone, at the next look
            run_once(box, notebook)
            assert server.counts("ana") == {"INBOX": 1, "Acuse/Tratados": 19}
        server.stop()
        server.quota = ""
        server.start()
        assert run_once(box, notebook) == 0
        assert server.counts("ana") == {"Acuse/Tratados": 20}
    assert notebook.subjects == [f"n{n}" for n in range(20)]
    assert sorted(mail.uid or 0 for mail in notebook.noted.values()) == list(range(1, 21)), "each one's place is known"


class Refusing:
    """A folder of which mails have their verdict and are to be moved; the server refuses every MOVE that holds one of
    ``refused``, or ``breaks`` the connection at it. ``midway``: what it says before the first refusal."""

    def __init__(self, count: int, refused: Iterable[int], midway: bytes = b"", breaks: bool = False) -> None:
        self.decided = {id_: Unfiled(id_, "done", "", 7, id_, "") for id_ in range(1, count + 1)}
        self.refused = set(refused)
        self.moves: list[str] = []
        self.looks = 0
        self.server = ScriptedImap(self._script)
        self._midway, self._breaks = midway, breaks

    def _script(self, line: Line) -> None:
        line.greet("40 EXISTS")
        while command := line.read():
            if command.startswith("UID MOVE"):
                self._move(line, command.split(" ")[2])
            elif command.startswith("STATUS"):
                line.ok(f"{command.rpartition(' (')[0]} (MESSAGES 0)")
            else:
                self.looks += command.startswith("UID SEARCH")
                line.ok(*["SEARCH"] * command.startswith("UID SEARCH"))

    def _move(self, line: Line, uids: str) -> None:
        self.moves.append(uids)
        if self.refused.isdisjoint(read_uid_set(uids)):
            line.ok()
        elif self._breaks:
            raise ConnectionResetError
        else:
            line.say(self._midway)
            self._midway = b""
            line.no("[SERVERBUG] one is damaged")


def test_f26_many_refused_mails_are_passed_by(notebook: Notebook, watch: Watch) -> None:
    """More than are tried at one look, and more than the books name at once."""
    desk = Refusing(60, range(2, 42))
    notebook.decided, notebook.page = desk.decided, 25
    with desk.server as server:
        watcher = watch(account(server.endpoint.port, poll=Duration(seconds=0.1), idle=False), notebook)
        until(lambda: set(notebook.noted) == {1, *range(42, 61)})
        until(lambda: "SERVERBUG" in watcher.state.refused)
        assert watcher.state.refused_since is not None
        desk.refused.clear()
        until(lambda: set(notebook.noted) == set(range(1, 61)))
        until(lambda: not watcher.state.refused and watcher.state.refused_since is None)


def test_a_server_that_refuses_every_move_is_asked_a_few_times_a_run(notebook: Notebook) -> None:
    desk = Refusing(400, range(1, 401))
    notebook.decided = desk.decided
    with desk.server as server:
        run_once(account(server.endpoint.port), notebook)
    assert desk.looks == 1
    assert 10 < len(desk.moves) < 40
    assert notebook.noted == {}


FRONT = range(1, 16)
"""More than are refused in a row, and more than connections are tried in vain."""


@pytest.mark.parametrize("breaks", [False, True], ids=["refused", "breaking"])
def test_what_cannot_be_moved_at_the_front_is_passed_by_in_the_next_run(notebook: Notebook, breaks: bool) -> None:
    desk = Refusing(60, FRONT, breaks=breaks)
    notebook.decided = desk.decided
    with desk.server as server:
        for _ in range(2):
            with pytest.raises(ImapError) if breaks else nullcontext():
                run_once(account(server.endpoint.port), notebook)
    assert set(range(1, 61)) - set(notebook.noted) == set(FRONT)


def test_a_run_begins_with_what_stood_in_nobodys_way_in_the_last(dovecot: Dovecot, notebook: Notebook) -> None:
    """Mails at the front of the folder, more than connections are tried in vain, at which each one breaks."""
    dovecot.deliver("ana", *(raw_mail(f"VENENO{n}" if n + 1 in FRONT else f"n{n}") for n in range(40)))
    with FaultProxy(dovecot.port, BREAKS) as proxy:
        for _ in range(2):
            with pytest.raises(ImapError, match="fetch UID"):
                run_once(account(proxy.port), notebook)
        assert notebook.subjects == [f"n{n}" for n in range(15, 40)]
        dovecot.deliver("ana", raw_mail("new"))
        connections = proxy.connections
        with pytest.raises(ImapError, match="fetch UID"):
            run_once(account(proxy.port), notebook)
        assert notebook.subjects[-1] == "new"
        assert proxy.connections - connections <= 2, "what is known to break is asked for once more, not each again"
    assert dovecot.counts("ana") == {"Acuse/Tratados": 26, "INBOX": 15}
    assert run_once(account(dovecot.port), notebook) == 15
    assert notebook.suspected == ""


def test_what_a_move_that_is_refused_midway_has_moved_is_moved(notebook: Notebook) -> None:
    """As RFC 6851 (4.3) allows."""
    desk = Refusing(3, [3], midway=b"* OK [COPYUID 9 1:2 101:102] moved\r\n")
    notebook.decided = desk.decided
    with desk.server as server:
        run_once(account(server.endpoint.port), notebook)
    assert desk.moves == ["1:3", "3"]
    assert notebook.noted == {1: Filed(1, "done", 9, 101), 2: Filed(2, "done", 9, 102)}


def test_a_mail_that_breaks_every_connection_when_it_is_moved_keeps_no_other_waiting(notebook: Notebook) -> None:
    desk = Refusing(60, [7, 30], breaks=True)
    notebook.decided = desk.decided
    with desk.server as server, pytest.raises(ImapError, match="file into"):
        run_once(account(server.endpoint.port), notebook)
    assert set(range(1, 61)) - set(notebook.noted) == {7, 30}


def test_a_wrong_password_is_told_and_touches_nothing(
    dovecot: Dovecot, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACUSE_TEST", "wrong")
    with pytest.raises(ImapError) as error:
        run_once(account(dovecot.port), notebook)
    assert error.value.kind == "auth"


# -- watching


@pytest.mark.parametrize("idle", [True, False])
def test_mails_are_treated_as_they_come(dovecot: Dovecot, notebook: Notebook, watch: Watch, idle: bool) -> None:
    poll = Duration(seconds=120) if idle else Duration(seconds=0.1)
    watcher = watch(account(dovecot.port, idle=idle, poll=poll), notebook)
    until(lambda: watcher.state.phase == "waiting")
    for name in ("uno", "dos"):
        dovecot.deliver("ana", raw_mail(name))
        until(lambda name=name: name in notebook.subjects)
    until(lambda: dovecot.counts("ana") == {"Acuse/Tratados": 2})
    until(lambda: watcher.state.phase == "waiting")
    assert len(notebook.treated) == 2
    assert watcher.state.last_good_poll is not None
    assert watcher.state.failing_since is None


def test_a_wake_looks_at_once(dovecot: Dovecot, notebook: Notebook, watch: Watch) -> None:
    watcher = watch(account(dovecot.port, poll=Duration(seconds=120)), notebook)
    until(lambda: watcher.state.phase == "waiting")
    notebook.looked.clear()
    watcher.wake()
    assert notebook.looked.wait(PATIENCE_S)


@pytest.mark.parametrize("fault", [Unavailable("database is locked"), OSError(errno.ENOSPC, "No space left on device")])
def test_what_fails_on_this_machine_is_not_told_as_the_servers(
    dovecot: Dovecot, notebook: Notebook, watch: Watch, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def full(*_: object) -> list[Unfiled]:
        raise fault

    dovecot.deliver("ana", raw_mail("uno"))
    with monkeypatch.context() as patch:
        patch.setattr(notebook, "treat", full)
        watcher = watch(account(dovecot.port), notebook)
        until(lambda: watcher.state.fault)
        assert watcher.state.fault_is_here
    until(lambda: watcher.state.failing_since is None and not watcher.state.fault_is_here)
    dovecot.stop()
    until(lambda: watcher.state.fault)
    assert not watcher.state.fault_is_here


def test_f16_a_restarted_server_is_found_again(dovecot: Dovecot, notebook: Notebook, watch: Watch) -> None:
    watcher = watch(account(dovecot.port), notebook)
    until(lambda: watcher.state.phase == "waiting")
    dovecot.stop()
    until(lambda: watcher.state.failing_since is not None and watcher.state.fault)
    dovecot.start()
    dovecot.deliver("ana", raw_mail("uno"))
    until(lambda: dovecot.counts("ana") == {"Acuse/Tratados": 1})
    until(lambda: watcher.state.failing_since is None and not watcher.state.fault)
    assert notebook.subjects == ["uno"]


def test_f22_f23_a_new_uidvalidity_means_looking_at_everything(
    dovecot: Dovecot, notebook: Notebook, watch: Watch
) -> None:
    watcher = watch(account(dovecot.port), notebook)
    until(lambda: watcher.state.phase == "waiting")
    dovecot.stop()
    dovecot.change_uidvalidity("ana")
    time.sleep(1.1)  # Dovecot takes the time in seconds for the new one
    dovecot.start()
    dovecot.deliver("ana", raw_mail("uno"))
    until(lambda: dovecot.counts("ana") == {"Acuse/Tratados": 1})
    assert len(set(notebook.uidvalidities)) == 2


def test_a_desk_that_fails_is_asked_again(dovecot: Dovecot, notebook: Notebook, watch: Watch) -> None:
    notebook.fails = 3
    dovecot.deliver("ana", raw_mail("uno"))
    watch(account(dovecot.port), notebook)
    until(lambda: dovecot.counts("ana") == {"Acuse/Tratados": 1})
    assert notebook.subjects == ["uno"]


def test_f27_refused_logins_are_counted(
    dovecot: Dovecot, notebook: Notebook, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACUSE_TEST", "wrong")
    watcher = watch(account(dovecot.port), notebook)
    until(lambda: watcher.state.auth_failures >= 3)
    monkeypatch.setenv("ACUSE_TEST", "secret")
    until(lambda: watcher.state.phase == "waiting")
    assert watcher.state.auth_failures == 0


def test_f19_a_connection_that_ends_in_every_idle_is_made_again_no_faster_than_the_waits(
    dovecot: Dovecot, notebook: Notebook, watch: Watch
) -> None:
    with FaultProxy(dovecot.port, Mode(cut_on=rb"\+ idling")) as proxy:
        watcher = watch(account(proxy.port, poll=Duration(seconds=120)), notebook, 0.8)
        until(lambda: proxy.cuts >= 2)
        connections, used, began = proxy.connections, time.process_time(), time.monotonic()
        until(lambda: proxy.connections >= connections + 5)
        took = time.monotonic() - began
        assert took >= 4 * 0.4, "half of the first wait is the shortest, on and on"
        assert time.process_time() - used < took / 2
        proxy.set()
        dovecot.deliver("ana", raw_mail("uno"))
        until(lambda: notebook.subjects == ["uno"])
        assert watcher.is_alive()


def test_what_comes_after_a_mail_that_breaks_every_connection_is_treated(
    dovecot: Dovecot, notebook: Notebook, watch: Watch
) -> None:
    dovecot.deliver("ana", raw_mail("uno"), raw_mail("VENENO"), raw_mail("dos"))
    with FaultProxy(dovecot.port, BREAKS) as proxy:
        watcher = watch(account(proxy.port), notebook)
        until(lambda: notebook.subjects == ["uno", "dos"])
        dovecot.deliver("ana", raw_mail("tres"))
        until(lambda: dovecot.counts("ana") == {"Acuse/Tratados": 3, "INBOX": 1})
        until(lambda: "fetch UID 2" in watcher.state.fault)
        proxy.mode = Mode()
        until(lambda: watcher.state.phase == "waiting" and dovecot.counts("ana") == {"Acuse/Tratados": 4})


@pytest.mark.parametrize("break_by", ["drop", "reset", "cut", "refuse"])
def test_a_flapping_network_loses_and_doubles_nothing(
    dovecot: Dovecot, notebook: Notebook, watch: Watch, break_by: str
) -> None:
    breaks = {"drop": {}, "reset": {"reset": True}, "cut": {"cut_to_client": 3_000}, "refuse": {"refuse": True}}
    with FaultProxy(dovecot.port) as proxy:
        watch(account(proxy.port), notebook)
        for n in range(8):
            proxy.set(**breaks[break_by])
            proxy.drop()
            dovecot.deliver("ana", raw_mail(f"n{n}", "x" * 2000))
            time.sleep(0.1)
            proxy.set()
        until(lambda: dovecot.counts("ana") == {"Acuse/Tratados": 8})
    assert sorted(notebook.subjects) == [f"n{n}" for n in range(8)]


# -- stopping


def stops_within(watcher: MailboxWatcher, seconds: float) -> bool:
    watcher.stop()
    watcher.join(seconds)
    return not watcher.is_alive() and watcher.state.phase == "stopped"


def test_f43_it_stops_while_idle(dovecot: Dovecot, notebook: Notebook, watch: Watch) -> None:
    watcher = watch(account(dovecot.port, poll=Duration(seconds=120)), notebook)
    until(lambda: watcher.state.phase == "waiting")
    assert stops_within(watcher, 5)


def test_f43_it_stops_while_the_server_says_nothing(notebook: Notebook, watch: Watch) -> None:
    reached = threading.Event()

    def script(line: Line) -> None:
        line.greet()
        line.read()
        reached.set()
        line.read()

    with ScriptedImap(script) as server:
        watcher = watch(account(server.endpoint.port, command_timeout=Duration(seconds=60)), notebook)
        assert reached.wait(PATIENCE_S)
        assert stops_within(watcher, 5)


def test_f43_it_stops_between_two_batches_of_what_waits_in_the_ledger(dovecot: Dovecot, notebook: Notebook) -> None:
    notebook.waiting, stop, box = 3, threading.Event(), account(dovecot.port)
    stop.set()
    with Imap(Endpoint.of_account(box, None)) as imap:
        assert Visit(imap, box, notebook, stop).look() == 1
    assert notebook.waiting == 2


def test_f43_it_stops_while_waiting_to_try_again(notebook: Notebook) -> None:
    with FaultProxy(1, Mode(refuse=True)) as proxy:
        watcher = MailboxWatcher(account(proxy.port), notebook, backoff=Backoff(100, 100))
        watcher.start()
        until(lambda: watcher.state.phase == "failing")
        assert stops_within(watcher, 5)


def test_waits_grow_to_a_cap_and_start_again_after_success() -> None:
    backoff = Backoff(first_s=1.0, cap_s=60.0)
    waits = [backoff.failed() for _ in range(60)]
    assert all(0.5 * min(60, 2**n) <= wait <= min(60, 2**n) for n, wait in enumerate(waits))
    backoff.succeeded()
    assert backoff.failed() <= 1.0
    assert timedelta(seconds=max(waits)) <= timedelta(minutes=1)
