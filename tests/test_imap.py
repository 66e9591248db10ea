"""The IMAP client: against a real Dovecot, and against servers that do what no real one does on command."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture

from daemon.config.accounts import SecretError
from daemon.mail.fetching import BATCH_MAILS, BATCH_OCTETS, STREAM_OVER, Announced, announce, batches, fetched
from daemon.mail.filing import Folders, find
from daemon.mail.imap import SEARCH_WINDOW, Deadlines, Imap, Selected, read_uid_set, uid_set
from daemon.mail.imap_faults import ImapError
from daemon.mail.wire import Endpoint
from daemon.store import Fetched
from tests.certificates import Certificates, make
from tests.dovecot import Dovecot, raw_mail
from tests.faultproxy import FaultProxy, Mode
from tests.patience import PATIENCE_S
from tests.scripted_imap import Line, ScriptedImap

LARGEST = 40 * 1024 * 1024
NEVER = threading.Event()


def through(proxy: FaultProxy, timeout_s: float = PATIENCE_S) -> Endpoint:
    return Endpoint("127.0.0.1", proxy.port, "none", "ana", lambda: "secret", read_timeout_s=timeout_s)


def all_mails(imap: Imap, spool: Path) -> list[Fetched]:
    """What lies in the folder, the octets of files too: these are gone again."""
    with fetched(imap, announce(imap, imap.uids(imap.select("INBOX"))), spool, LARGEST) as mails:
        return [replace(mail, octets=octets_of(mail)) for mail in mails]


def octets_of(mail: Fetched) -> bytes:
    return mail.octets.read_bytes() if isinstance(mail.octets, Path) else mail.octets


# -- logging in


@pytest.mark.parametrize("password", ["secret", 'con espacio "y" \\ñ', "contraseña"])
def test_login(tmp_path: Path, password: str) -> None:
    with Dovecot(password=password) as server:
        endpoint = Endpoint("127.0.0.1", server.port, "none", "ana", lambda: password)
        with Imap(endpoint) as imap:
            assert imap.has("IDLE")
        with pytest.raises(ImapError) as refused:
            Imap(Endpoint("127.0.0.1", server.port, "none", "ana", lambda: "wrong"))
        assert (refused.value.kind, refused.value.code) == ("auth", "AUTHENTICATIONFAILED")


def test_a_secret_that_cannot_be_read_is_told() -> None:
    def missing() -> str:
        raise SecretError("cannot read the secret in /etc/none")

    with ScriptedImap(lambda line: line.say(b"* OK hello\r\n") or line.read()) as server:
        endpoint = Endpoint(server.endpoint.host, server.endpoint.port, "none", "ana", missing)
        with pytest.raises(ImapError, match="/etc/none") as error:
            Imap(endpoint)
    assert error.value.kind == "permanent"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("[UNAVAILABLE] come back later", "transient"),
        ("[INUSE] too many", "transient"),
        ("[AUTHENTICATIONFAILED] who?", "auth"),
        ("[EXPIRED] change it", "auth"),
        ("no", "auth"),
        ("[PRIVACYREQUIRED] use TLS", "permanent"),
        (None, "transient"),
    ],
)
def test_f27_what_a_refused_login_means(answer: str | None, kind: str) -> None:
    def script(line: Line) -> None:
        line.say(b"* OK hello\r\n")
        line.read()
        if answer is not None:
            line.no(answer)

    with ScriptedImap(script) as server, pytest.raises(ImapError) as error:
        Imap(server.endpoint)
    assert error.value.kind == kind


def test_login_by_token_and_its_refusal() -> None:
    def script(line: Line) -> None:
        line.say(b"* OK hello\r\n")
        line.capabilities = "IMAP4rev1 AUTH=XOAUTH2"
        line.read()
        tag = line.tag
        line.say(b"+ \r\n")
        if line.read() == "dXNlcj1hbmEBYXV0aD1CZWFyZXIgZ29vZAEB":
            line.say(f"{tag} OK in\r\n".encode())
            line.read()
            return
        line.say(b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n")
        line.read()
        line.say(f"{tag} NO [AUTHENTICATIONFAILED] token\r\n".encode())

    with ScriptedImap(script) as server:
        host, port = server.endpoint.host, server.endpoint.port
        Imap(Endpoint(host, port, "none", "ana", token=lambda: "good")).close()
        with pytest.raises(ImapError) as error:
            Imap(Endpoint(host, port, "none", "ana", token=lambda: "bad"))
    assert error.value.kind == "auth"


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a38_tls_is_verified(tmp_path: Path, certificates: Certificates, security: str) -> None:
    with Dovecot(tls=(certificates.certificate, certificates.key)) as server:
        with Imap(server.endpoint("ana", security, str(certificates.authority))) as imap:
            assert imap.select("INBOX").exists == 0
        with pytest.raises(ImapError, match="certificate") as error:
            Imap(server.endpoint("ana", security))
        assert error.value.kind == "permanent"


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a38_another_host_s_certificate_is_refused(tmp_path: Path, security: str) -> None:
    other = make(tmp_path / "tls", "DNS:other.test")
    with Dovecot(tls=(other.certificate, other.key)) as server, pytest.raises(ImapError) as error:
        Imap(server.endpoint("ana", security, str(other.authority)))
    assert error.value.kind == "permanent"


def test_a38_a_stripped_starttls_fails_closed(dovecot: Dovecot) -> None:
    with pytest.raises(ImapError) as error:
        Imap(dovecot.endpoint("ana", "starttls"))
    assert error.value.kind == "permanent"


# -- looking


def test_f24_only_new_uids_are_new(dovecot: Dovecot) -> None:
    dovecot.deliver("ana", raw_mail("uno"), raw_mail("dos"))
    with Imap(dovecot.endpoint("ana")) as imap:
        selected = imap.select("INBOX")
        assert imap.uids(selected) == [1, 2]
        windowed = replace(selected, exists=SEARCH_WINDOW + 1)
        assert imap.uids(windowed) == [1, 2], "«3:*» names the last old mail once more; it counts once"
        dovecot.deliver("ana", raw_mail("tres"))
        imap.noop()
        assert imap.uids(windowed) == [1, 2, 3]


def test_f28_a_huge_folder_is_asked_in_windows() -> None:
    asked: list[str] = []

    def script(line: Line) -> None:
        line.greet()
        while command := line.read():
            asked.append(command)
            low, _, high = command.split(" ")[-1].partition(":")
            last = 200_000 if high == "*" else int(high)
            line.ok("SEARCH " + " ".join(map(str, range(int(low), last + 1))) if int(low) <= last else "SEARCH")

    with ScriptedImap(script) as server, Imap(server.endpoint) as imap:
        imap.select("INBOX")
        found = imap.uids(Selected(7, 200_001, 200_000))
    assert found == list(range(1, 200_001))
    assert [command.split(" ")[-1] for command in asked if "SEARCH" in command] == [
        "1:50000", "50001:100000", "100001:150000", "150001:200000", "200001:*",
    ]  # fmt: skip


def test_f22_uidvalidity_changes_with_the_mailbox(dovecot: Dovecot) -> None:
    dovecot.deliver("ana", raw_mail("uno"))
    with Imap(dovecot.endpoint("ana")) as imap:
        before = imap.select("INBOX").uidvalidity
    dovecot.stop()
    dovecot.change_uidvalidity("ana")
    time.sleep(1.1)  # Dovecot takes the time in seconds for the new one
    dovecot.start()
    with Imap(dovecot.endpoint("ana")) as imap:
        assert imap.select("INBOX").uidvalidity != before


def test_a_read_only_folder_is_a_permanent_fault() -> None:
    def script(line: Line) -> None:
        line.say(b"* OK hello\r\n")
        while command := line.read():
            if command.startswith("SELECT"):
                line.say(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n" + f"{line.tag} OK [READ-ONLY] ok\r\n".encode())
            else:
                line.ok()

    with ScriptedImap(script) as server, Imap(server.endpoint) as imap, pytest.raises(ImapError) as error:
        imap.select("INBOX")
    assert error.value.kind == "permanent"


# -- fetching


def test_mails_come_as_they_are(dovecot: Dovecot, tmp_path: Path) -> None:
    mails = [raw_mail("Petición", "ñ" * 100), raw_mail("vacío", ""), b"Subject: 8bit caf\xe9\r\n\r\n\x00\xff\r\n"]
    dovecot.deliver("ana", *mails[:2])
    with Imap(dovecot.endpoint("ana")) as imap:
        found = all_mails(imap, tmp_path)
    assert [mail.octets for mail in found] == mails[:2]
    assert [mail.size for mail in found] == [len(raw) for raw in mails[:2]]
    assert all(mail.internaldate.tzinfo is not None for mail in found)


def test_a38_the_library_s_own_log_holds_no_mail_and_no_password(
    dovecot: Dovecot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dovecot.deliver("ana", raw_mail("Petición", "confidencial"))
    with caplog.at_level(logging.DEBUG, "imapclient"), Imap(dovecot.endpoint("ana")) as imap:
        assert b"confidencial" in octets_of(all_mails(imap, tmp_path)[0])
    assert "SEARCH" in caplog.text
    assert "confidencial" not in caplog.text
    assert dovecot.password not in caplog.text


def test_a26_large_mails_are_streamed_and_larger_ones_are_not_fetched(dovecot: Dovecot, tmp_path: Path) -> None:
    small, large, huge = (raw_mail(name, ("x" * 70 + "\r\n") * lines) for name, lines in
                          [("pequeño", 10), ("grande", 20_000), ("enorme", 40_000)])  # fmt: skip
    dovecot.deliver("ana", small, large, huge)
    with Imap(dovecot.endpoint("ana")) as imap:
        announced = announce(imap, imap.uids(imap.select("INBOX")))
        with fetched(imap, announced, tmp_path, len(large)) as mails:
            assert [isinstance(mail.octets, Path) for mail in mails] == [False, True, False]
            found = [octets_of(mail) for mail in mails]
    assert list(tmp_path.iterdir()) == []
    assert found == [small, large, huge[: huge.index(b"\r\n\r\n") + 4]], "of the largest its headers only"
    assert (mails[2].too_large, mails[2].size) == (True, len(huge))


@pytest.mark.parametrize("mails", [[100] * 130, [STREAM_OVER] * 40, [30 * 1024 * 1024] * 5, [5], []])
def test_batches_are_bounded(mails: list[int]) -> None:
    announced = [Announced(uid, size, datetime(2026, 11, 22, tzinfo=UTC)) for uid, size in enumerate(mails, 1)]
    found = list(batches(announced))
    assert [mail for batch in found for mail in batch] == announced
    assert all(len(batch) <= BATCH_MAILS for batch in found)
    assert all(sum(m.size for m in batch if m.size <= STREAM_OVER) <= BATCH_OCTETS for batch in found)


def test_f25_a_mail_that_has_gone_is_no_mail(dovecot: Dovecot, tmp_path: Path) -> None:
    dovecot.deliver("ana", raw_mail("uno"), raw_mail("dos"), raw_mail("tres"))
    with Imap(dovecot.endpoint("ana")) as imap:
        selected = imap.select("INBOX")
        announced = announce(imap, imap.uids(selected))
        with dovecot.client("ana") as other:
            other.select_folder("INBOX")
            other.delete_messages([2])
            other.expunge()
        with fetched(imap, announced, tmp_path, LARGEST) as mails:
            assert [mail.uid for mail in mails] == [1, 3]


@pytest.mark.parametrize(
    "answer",
    ["1 FETCH (UID 1 BODY[] NIL)", '1 FETCH (UID 1 BODY[] "")', "1 FETCH (FLAGS (\\Deleted) UID 1)", ""],
)
@pytest.mark.parametrize("gone", [True, False])
def test_f25_whatever_a_server_says_of_a_mail_that_has_gone(answer: str, gone: bool) -> None:
    """Of one that is there it must not say so: the mail would lie there for ever, and nobody hear of it."""

    def script(line: Line) -> None:
        line.greet("1 EXISTS")
        there = True
        while command := line.read():
            if "RFC822.SIZE" in command:
                line.ok('1 FETCH (UID 1 RFC822.SIZE 10 INTERNALDATE "22-Nov-2026 10:00:00 +0100")')
            elif "BODY" in command:
                line.ok(*filter(None, [answer]))
                there = not gone
            elif command != "NOOP":
                line.ok("SEARCH 1" if there else "SEARCH")
            else:
                line.ok()

    with ScriptedImap(script) as server, Imap(server.endpoint) as imap:
        if gone:
            assert all_mails(imap, Path("/nowhere")) == []
            return
        with pytest.raises(ImapError, match="UID 1: the server has this mail, and gives nothing of it"):
            all_mails(imap, Path("/nowhere"))


def test_a26_no_room_is_made_for_what_nobody_asked_for() -> None:
    def script(line: Line) -> None:
        line.greet("1 EXISTS")
        line.read()
        line.say(b"* 1 FETCH (UID 1 BODY[] {3000000000}\r\nSubject: x\r\n")
        line.read()

    with ScriptedImap(script) as server, Imap(server.endpoint) as imap:
        imap.select("INBOX")
        with pytest.raises(ImapError, match="announces 3000000000 octets") as error:
            imap.noop()
    assert (error.value.kind, error.value.alive) == ("transient", False)


def lying(sizes: list[int], body: bytes) -> ScriptedImap:
    """A server with one mail, whose body has another length at each FETCH than it announced."""
    given = list(sizes)

    def script(line: Line) -> None:
        line.greet()
        while command := line.read():
            if "RFC822.SIZE" in command:
                line.ok('1 FETCH (UID 1 RFC822.SIZE 10 INTERNALDATE "22-Nov-2026 10:00:00 +0100")')
            elif "BODY.PEEK[]" in command:
                part = (body * 10)[: given.pop(0) if given else 0]
                line.say(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b)\r\n" % (len(part), part))
                line.ok()
            else:
                line.ok("SEARCH 1")

    return ScriptedImap(script)


@pytest.mark.parametrize(
    ("sizes", "taken", "told"),
    [([12, 10, 10], [10], []), ([12, 12, 12], [12], [(10, 12)]), ([10], [10], [])],
    ids=["right at last", "the server estimates", "right at once"],
)
def test_another_length_than_announced(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int], taken: list[int], told: list[tuple[int, int]]
) -> None:
    """The same octets twice are accepted, and noted in the log."""
    logged = LogCapture()
    every_level = structlog.make_filtering_bound_logger(0)
    log = structlog.wrap_logger(None, processors=[logged], wrapper_class=every_level)
    monkeypatch.setattr("daemon.mail.fetching.log", log)
    with lying(sizes, b"0123456789abcdef") as server, Imap(server.endpoint) as imap:
        found = all_mails(imap, Path("/nowhere"))
    assert [len(octets_of(mail)) for mail in found] == taken
    assert [(line["announced"], line["octets"]) for line in logged.entries] == told


def test_different_octets_each_time_are_not_accepted() -> None:
    with lying([12, 12, 13], b"0123456789abcdef") as server, Imap(server.endpoint) as imap:
        with pytest.raises(ImapError) as error:
            all_mails(imap, Path("/nowhere"))
        assert error.value.kind == "transient"


@pytest.mark.parametrize("after", [2_000_000, 10_000_000])
def test_f16_a_server_killed_within_a_mail(dovecot: Dovecot, tmp_path: Path, after: int) -> None:
    """Within the first, and within the second, when the first has come whole."""
    large = [raw_mail(name, ("x" * 70 + "\r\n") * 100_000) for name in ("grande", "mayor")]
    dovecot.deliver("ana", *large)
    with FaultProxy(dovecot.port, Mode(cut_to_client=after)) as proxy:
        with Imap(through(proxy)) as imap, pytest.raises(ImapError) as error:
            all_mails(imap, tmp_path)
        assert (error.value.kind, error.value.alive) == ("transient", False)
        assert not list(tmp_path.iterdir()), "what has come of them leaves nothing behind"
        proxy.set()
        with Imap(through(proxy)) as imap:
            assert [mail.octets for mail in all_mails(imap, tmp_path)] == large


# -- nothing waits without an end


def test_f17_a_dripping_server_is_given_up(dovecot: Dovecot, tmp_path: Path) -> None:
    dovecot.deliver("ana", raw_mail("uno", "x" * 2000))
    with FaultProxy(dovecot.port) as proxy, Imap(through(proxy)) as imap:
        selected = imap.select("INBOX")
        mails = announce(imap, imap.uids(selected))
        imap.deadlines = Deadlines(operation=0.5, rate=1e9)
        proxy.set(drip=20.0)
        with pytest.raises(ImapError) as error, fetched(imap, mails, tmp_path, LARGEST):
            pass
        assert error.value.kind == "transient"


@pytest.mark.parametrize("mode", [Mode(drip=4.0), Mode(blackhole=True), Mode(refuse=True)])
def test_f17_a_greeting_that_does_not_come(dovecot: Dovecot, mode: Mode) -> None:
    with FaultProxy(dovecot.port, mode) as proxy, pytest.raises(ImapError) as error:
        Imap(through(proxy), Deadlines(login=0.5))
    assert error.value.kind == "transient"


@pytest.mark.parametrize("after_s", [0.0, 0.5])
def test_f18_a_black_hole_while_idle(dovecot: Dovecot, after_s: float) -> None:
    """The beginning of IDLE is not answered, or its end."""
    with FaultProxy(dovecot.port) as proxy, Imap(through(proxy)) as imap:
        imap.select("INBOX")
        imap.deadlines = Deadlines(operation=0.5)
        threading.Timer(after_s, lambda: proxy.set(blackhole=True)).start()
        with pytest.raises(ImapError) as error:
            imap.idle(after_s + 0.5, NEVER)
        assert error.value.kind == "transient"


def test_f19_the_end_of_the_connection_while_idle(dovecot: Dovecot) -> None:
    with FaultProxy(dovecot.port) as proxy, Imap(through(proxy)) as imap:
        imap.select("INBOX")
        threading.Timer(0.2, proxy.drop).start()
        used = time.process_time()
        with pytest.raises(ImapError) as error:
            imap.idle(30, NEVER)
        assert error.value.kind == "transient"
        assert time.process_time() - used < 0.5, "it does not spin"


def idle_answer(octets_after: bytes) -> ScriptedImap:
    """A server that answers IDLE with «+ idling» and this in the same segment, and then with nothing more."""

    def script(line: Line) -> None:
        line.greet()
        assert line.read() == "IDLE"
        tag = line.tag
        line.say(b"+ idling\r\n" + octets_after)
        while (command := line.read()) and command != "DONE":
            pass
        line.say(f"{tag} OK idled\r\n".encode())
        line.read()

    return ScriptedImap(script)


def test_f20_news_in_the_segment_of_the_answer_to_idle() -> None:
    with idle_answer(b"* 1 EXISTS\r\n") as server, Imap(server.endpoint) as imap:
        imap.select("INBOX")
        assert imap.idle(30, NEVER), "seen at once, not at the next poll"


ARRIVAL = "2 EXISTS"
TOLD_WITH = {
    "the answer to SEARCH": {"UID SEARCH": ["SEARCH 1", ARRIVAL]},
    "the answer to NOOP": {"NOOP": [ARRIVAL]},
    "the answer to MOVE, which leaves as many as before": {"UID MOVE": ["1 EXPUNGE", "1 EXISTS"]},
    "the way into IDLE, ahead of its «+»": {"IDLE": [ARRIVAL]},
}
NO_ARRIVAL = {
    "the number repeated": {"NOOP": ["1 EXISTS"], "IDLE": ["1 EXISTS"]},
    "fewer": {"NOOP": ["1 EXPUNGE", "0 EXISTS"]},
    "told before all were asked for": {"SELECT": [ARRIVAL]},
}


def telling(told: Mapping[str, Sequence[str]]) -> ScriptedImap:
    """A server with one mail, which tells more with the answers to these commands; IDLE itself is silent."""

    def script(line: Line) -> None:
        line.greet("1 EXISTS", *told.get("SELECT", ()))
        while command := line.read():
            verb = next((each for each in (*told, "UID SEARCH") if command.startswith(each)), command)
            more = told.get(verb, ["SEARCH 1"] if verb == "UID SEARCH" else [])
            if command == "IDLE":
                line.say("".join(f"* {each}\r\n" for each in more).encode() + b"+ idling\r\n")
                tag = line.tag
                assert line.read() == "DONE"
                line.say(f"{tag} OK idled\r\n".encode())
            else:
                line.ok(*more)

    return ScriptedImap(script)


def idled(server: ScriptedImap, seconds: float) -> bool:
    """Look, do the other things that a visit does, then wait."""
    with server, Imap(server.endpoint) as imap:
        imap.uids(imap.select("INBOX"))
        imap.noop()
        Folders(imap).file_away([1], "Acuse")
        return imap.idle(seconds, NEVER)


@pytest.mark.parametrize("told", TOLD_WITH.values(), ids=TOLD_WITH)
def test_f20_an_arrival_told_before_idle_is_not_waited_for(told: Mapping[str, Sequence[str]]) -> None:
    assert idled(telling(told), 30), "seen at once, not at the next poll"


@pytest.mark.parametrize("told", NO_ARRIVAL.values(), ids=NO_ARRIVAL)
def test_f20_nothing_new_is_waited_for(told: Mapping[str, Sequence[str]]) -> None:
    assert not idled(telling(told), 0.2), "otherwise it would look again and again"


def test_a_refused_idle_is_a_fault() -> None:
    def script(line: Line) -> None:
        line.greet()
        line.read()
        line.no("not now")

    with ScriptedImap(script) as server, Imap(server.endpoint) as imap:
        imap.select("INBOX")
        with pytest.raises(ImapError, match="IDLE was refused"):
            imap.idle(30, NEVER)


def test_f21_a_line_cut_in_two_segments() -> None:
    """Its second half comes when the first has been read already; here, never."""
    with idle_answer(b"* 1 EX") as server, Imap(server.endpoint) as imap:
        imap.select("INBOX")
        with pytest.raises(ImapError) as error:
            imap.idle(30, NEVER)
        assert (error.value.kind, error.value.alive) == ("transient", False)


def test_a_farewell_while_idle() -> None:
    with idle_answer(b"* BYE going down\r\n") as server, Imap(server.endpoint) as imap:
        imap.select("INBOX")
        with pytest.raises(ImapError, match="BYE"):
            imap.idle(30, NEVER)


def test_idle_wakes_for_mail_and_ends_when_told(dovecot: Dovecot) -> None:
    with Imap(dovecot.endpoint("ana")) as imap:
        selected = imap.select("INBOX")
        threading.Timer(0.2, dovecot.deliver, ("ana", raw_mail("uno"))).start()
        assert imap.idle(30, NEVER)
        assert imap.uids(selected) == [1]
        assert not imap.idle(0.2, NEVER)
        stop = threading.Event()
        threading.Timer(0.2, stop.set).start()
        assert not imap.idle(200, stop)


def test_idle_is_renewed_however_long_it_is_to_wait(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.mail.imap.IDLE_LIMIT_S", 0.2)
    with Imap(dovecot.endpoint("ana")) as imap:
        imap.select("INBOX")
        threading.Timer(PATIENCE_S / 2, imap.cut).start()
        assert not imap.idle(2 * PATIENCE_S, NEVER)


def test_a_mail_of_the_hour_that_comes_twice_keeps_its_moment(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half past two in the night in which the clocks are put back, by its second coming; whatever zone we run in."""
    monkeypatch.setenv("TZ", "Europe/Madrid")
    time.tzset()
    moment = datetime(2017, 10, 29, 1, 30, tzinfo=UTC)
    try:
        with dovecot.client("ana") as client:
            client.append("INBOX", raw_mail("uno"), msg_time=moment)
        with Imap(dovecot.endpoint("ana")) as imap:
            imap.select("INBOX")
            assert [mail.internaldate for mail in announce(imap, [1])] == [moment]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_cut_ends_what_is_going_on() -> None:
    def script(line: Line) -> None:
        line.greet()
        while line.read():
            pass

    with ScriptedImap(script) as server, Imap(server.endpoint) as imap:
        imap.select("INBOX")
        threading.Timer(0.2, imap.cut).start()
        with pytest.raises(ImapError):
            imap.noop()


@pytest.mark.parametrize("answer", [["SEARCH 1", "SEARCH 2"], ["SEARCH one"], ["SEARCH )"]])
def test_nonsense_is_a_transient_fault(answer: list[str]) -> None:
    def script(line: Line) -> None:
        line.greet()
        line.read()
        line.ok(*answer)
        line.read()

    with ScriptedImap(script) as server, Imap(server.endpoint) as imap:
        imap.select("INBOX")
        with pytest.raises(ImapError) as error:
            imap.uids(Selected(7, 1, 0))
    assert error.value.kind == "transient"


# -- filing away

NO_MOVE = '"IMAP4rev1 UIDPLUS IDLE NAMESPACE"'
NO_UIDPLUS = '"IMAP4rev1 IDLE NAMESPACE"'


@pytest.mark.parametrize("capability", ["", NO_MOVE])
def test_f26_filed_away_with_and_without_move(tmp_path: Path, capability: str) -> None:
    with Dovecot(capability=capability) as server:
        server.deliver("ana", *(raw_mail(f"n{n}") for n in range(5)))
        with Imap(server.endpoint("ana")) as imap:
            folders = Folders(imap)
            selected = imap.select("INBOX")
            filed = folders.file_away([1, 2, 4], "Acuse/Automáticos")
            assert filed.moved == {1, 2, 4}
            assert filed.refused == ""
            assert {uid: place[1] for uid, place in filed.places.items()} == {1: 1, 2: 2, 4: 3}
            assert imap.uids(selected) == [3, 5]
            assert {place[0] for place in filed.places.values()} == {
                imap.select(folders.name("Acuse/Automáticos")).uidvalidity
            }
        assert server.counts("ana") == {"INBOX": 2, "Acuse/Automáticos": 3}


def test_f26_a_folder_that_somebody_deleted_is_made_again(dovecot: Dovecot) -> None:
    dovecot.deliver("ana", raw_mail("uno"))
    with Imap(dovecot.endpoint("ana")) as imap:
        folders = Folders(imap)
        imap.select("INBOX")
        folders.make("Acuse/Tratados")
        with dovecot.client("ana") as other:
            other.delete_folder("Acuse/Tratados")
        assert folders.file_away([1], "Acuse/Tratados").moved == {1}
    assert dovecot.counts("ana") == {"Acuse/Tratados": 1}


def test_f26_without_uidplus_nobody_else_s_deleted_mail_is_expunged(tmp_path: Path) -> None:
    with Dovecot(capability=NO_UIDPLUS) as server:
        server.deliver("ana", raw_mail("ours"), raw_mail("theirs"))
        with server.client("ana") as other:
            other.select_folder("INBOX")
            other.add_flags([2], [b"\\Deleted"])
        with Imap(server.endpoint("ana")) as imap:
            folders = Folders(imap)
            imap.select("INBOX")
            assert folders.file_away([1], "Acuse/Tratados").moved == {1}
        assert server.counts("ana") == {"INBOX": 2, "Acuse/Tratados": 1}


def test_f04_a_uid_that_has_gone_is_filed(dovecot: Dovecot) -> None:
    dovecot.deliver("ana", raw_mail("uno"))
    with Imap(dovecot.endpoint("ana")) as imap:
        folders = Folders(imap)
        imap.select("INBOX")
        folders.make("Acuse/Tratados")
        assert folders.file_away([1], "Acuse/Tratados").moved == {1}
        again = folders.file_away([1], "Acuse/Tratados")
        assert (again.moved, again.places, again.refused) == ({1}, {}, "")


def test_f26_over_quota_the_mail_stays(tmp_path: Path) -> None:
    with Dovecot(capability=NO_MOVE, quota="60K") as server:
        server.deliver("ana", raw_mail("uno", "x" * 40_000))
        with Imap(server.endpoint("ana")) as imap:
            folders = Folders(imap)
            selected = imap.select("INBOX")
            filed = folders.file_away([1], "Acuse/Tratados")
            assert "OVERQUOTA" in filed.refused
            assert filed.moved == set()
            assert imap.uids(selected) == [1]


@pytest.mark.parametrize(("separator", "prefix"), [("/", ""), (".", ""), (".", "INBOX.")])
def test_folders_follow_the_server_s_names(tmp_path: Path, separator: str, prefix: str) -> None:
    with Dovecot(separator=separator, prefix=prefix) as server:
        server.deliver("ana", raw_mail("uno"))
        with Imap(server.endpoint("ana")) as imap:
            folders = Folders(imap)
            imap.select("INBOX")
            folders.make("Acuse/No tratados")
            folders.make("Acuse/No tratados")
            assert folders.file_away([1], "Acuse/No tratados").moved == {1}
        assert server.counts("ana") == {f"{prefix}Acuse{separator}No tratados": 1}
        with server.client("ana") as other:
            assert f"{prefix}Acuse{separator}No tratados" in [name for _, _, name in other.list_sub_folders()]


@pytest.mark.parametrize(
    ("configured", "there"),
    [
        ("INBOX", "INBOX"),
        ("inbox", "inbox"),
        ("Soporte & Cía", "INBOX.Soporte & Cía"),
        ("INBOX/Soporte & Cía", "INBOX.Soporte & Cía"),
        ("INBOX.Soporte", "INBOX.Soporte"),
        ("Inbox/Soporte", "Inbox.Soporte"),
        ("Equipo/Soporte", "Equipo.Soporte"),
        ("Otros/ana/INBOX", "Otros.ana.INBOX"),
        ("Equipos", "INBOX.Equipos"),
    ],
)
def test_a_name_may_be_below_a_namespace_or_begin_with_one(configured: str, there: str) -> None:
    def script(line: Line) -> None:
        line.capabilities += " NAMESPACE"
        line.greet()
        line.read()
        line.ok('NAMESPACE (("INBOX." ".")) (("Otros." ".")) (("Equipo." "."))')
        line.read()

    with ScriptedImap(script) as server, Imap(server.endpoint) as imap:
        imap.select("INBOX")
        assert Folders(imap).name(configured) == there


def test_a_folder_below_another_namespace_s_delimiter_is_watched(tmp_path: Path) -> None:
    with Dovecot(separator=".", prefix="INBOX.") as server:
        with server.client("ana") as other:
            other.create_folder("INBOX.Soporte & Cía")
        server.deliver("ana", raw_mail("uno"), folder="INBOX.Soporte & Cía")
        with Imap(server.endpoint("ana")) as imap:
            assert Folders(imap).select("Soporte & Cía").exists == 1


def test_f26_a_name_that_holds_no_mails_is_made_a_folder(dovecot: Dovecot) -> None:
    dovecot.deliver("ana", raw_mail("uno"))
    with dovecot.client("ana") as other:
        other.create_folder("Acuse/Tratados/2025")
        other.create_folder("Acuse/Tratados")
        other.delete_folder("Acuse/Tratados")
    with Imap(dovecot.endpoint("ana")) as imap:
        folders = Folders(imap)
        assert folders.count("Acuse/Tratados") is None
        imap.select("INBOX")
        assert folders.file_away([1], "Acuse/Tratados").moved == {1}
        assert folders.count("Acuse/Tratados") == 1


def test_a_folder_that_cannot_be_made_is_a_permanent_fault(dovecot: Dovecot) -> None:
    with Imap(dovecot.endpoint("ana")) as imap, pytest.raises(ImapError) as error:
        Folders(imap).make("../fuera")
    assert error.value.kind == "permanent"


def test_a_mail_is_found_by_its_message_id(dovecot: Dovecot) -> None:
    ids = ["uno@x.test", "dos@x.test", 'a" OR ALL "@x.test']
    dovecot.deliver("ana", *(raw_mail("hola", Message_ID=f"<{own}>") for own in ids), raw_mail("sin"))
    with Imap(dovecot.endpoint("ana")) as imap:
        selected = imap.select("INBOX")
        assert find(imap, imap.uids(selected), {ids[1], ids[2], "otro@x.test"}) == {ids[1]: 2, ids[2]: 3}


@pytest.mark.parametrize(
    ("uids", "text"), [([1], "1"), ([1, 2, 3], "1:3"), ([5, 1, 2], "1:2,5"), ([1, 3, 4, 9], "1,3:4,9")]
)
def test_uid_sets(uids: list[int], text: str) -> None:
    assert uid_set(uids) == text
    assert read_uid_set(text) == sorted(uids)
