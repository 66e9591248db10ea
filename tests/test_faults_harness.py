"""The harness itself: each fault of the proxy, and each way a scripted server can misbehave, is really seen."""

from __future__ import annotations

import smtplib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from tests.faultproxy import FaultProxy
from tests.patience import PATIENCE_S
from tests.scripted_imap import Line, ScriptedImap
from tests.sink import DROP, ENDLESS, GARBAGE, HANG, RESET, Sink

MAIL = b"Subject: prueba\r\n\r\nHola\r\n..punto\r\n"


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while octets := self.request.recv(65536):
                self.request.sendall(octets)
        except OSError:
            return


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@pytest.fixture
def proxy(echo: int) -> Iterator[FaultProxy]:
    with FaultProxy(echo) as proxy:
        yield proxy


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def _read(sock: socket.socket, count: int) -> bytes:
    """At most ``count`` octets, fewer where the other side ends it."""
    found = b""
    while len(found) < count and (piece := sock.recv(count - len(found))):
        found += piece
    return found


def test_a_network_that_works_changes_nothing(proxy: FaultProxy) -> None:
    octets = bytes(range(256)) * 2_000
    with _connect(proxy.port) as sock:
        threading.Thread(target=sock.sendall, args=(octets,)).start()
        assert _read(sock, len(octets)) == octets


def test_a_refused_connection_ends_at_once(proxy: FaultProxy) -> None:
    proxy.set(refuse=True)
    with pytest.raises(ConnectionResetError), _connect(proxy.port) as sock:  # or while it is still being made
        assert sock.recv(1) or pytest.fail("closed politely")
    proxy.set()
    with _connect(proxy.port) as sock:
        sock.sendall(b"a")
        assert _read(sock, 1) == b"a"


def test_a_black_hole_neither_answers_nor_ends_and_gives_back_what_it_held(proxy: FaultProxy) -> None:
    proxy.set(blackhole=True)
    with _connect(proxy.port) as sock:
        sock.sendall(b"hola")
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(PATIENCE_S)
        proxy.set()
        assert _read(sock, 4) == b"hola"


@pytest.mark.parametrize("slow", [{"delay_s": 0.2}, {"drip": 10.0}])
def test_a_slow_network_brings_everything_late(proxy: FaultProxy, slow: dict[str, float]) -> None:
    proxy.set(**slow)
    began = time.monotonic()
    with _connect(proxy.port) as sock:
        sock.sendall(b"hola")
        assert _read(sock, 4) == b"hola"
    assert time.monotonic() - began >= 0.3


def test_a_cut_towards_the_client_lets_so_many_octets_through(proxy: FaultProxy) -> None:
    proxy.set(cut_to_client=5)
    with _connect(proxy.port) as sock:
        sock.sendall(b"0123456789")
        assert _read(sock, 10) == b"01234"


def test_a_cut_towards_the_server_ends_the_connection(proxy: FaultProxy) -> None:
    proxy.set(cut_to_server=5)
    with _connect(proxy.port) as sock:
        sock.sendall(b"0123456789")
        assert len(_read(sock, 10)) <= 5


def test_a_cut_on_what_the_server_says_withholds_it(proxy: FaultProxy) -> None:
    proxy.set(cut_on=b"COMM[IU]T")
    with _connect(proxy.port) as sock:
        sock.sendall(b"BEGIN")
        assert _read(sock, 5) == b"BEGIN"
        sock.sendall(b"COMMIT")
        assert _read(sock, 6) == b""


# -- SMTP --------------------------------------------------------------------------------------------------------------


def _send(port: int, *recipients: str, timeout_s: float = PATIENCE_S) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port, timeout=timeout_s) as client:
        return client.sendmail("a@cau.example", recipients or ["b@uni.example"], MAIL)


def test_the_sink_keeps_what_it_takes_without_the_dots_of_the_wire() -> None:
    with Sink() as sink:
        assert _send(sink.port) == {}
        assert [(mail.sender, mail.recipients, mail.raw) for mail in sink.mails] == [
            ("a@cau.example", ("b@uni.example",), MAIL)
        ]


@pytest.mark.parametrize("phase", ["CONNECT", "MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("reply", ["451 4.3.0 later", "550 5.1.1 never", "421 4.3.2 closing"])
def test_the_sink_refuses_in_any_phase_and_keeps_nothing(phase: str, reply: str) -> None:
    with Sink() as sink:
        sink.script[phase].append(reply)
        with pytest.raises((smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)) as raised:
            _send(sink.port)
        assert reply[:3] in str(raised.value)
        assert sink.mails == []


@pytest.mark.parametrize("act", [DROP, RESET, HANG])
def test_a_reply_to_the_dot_that_never_comes_leaves_a_mail_that_was_taken(act: str) -> None:
    with Sink() as sink:
        sink.script["DOT"].append(act)
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
            _send(sink.port, timeout_s=1.0 if act == HANG else PATIENCE_S)
        assert len(sink.mails) == 1


@pytest.mark.parametrize("act", [GARBAGE, ENDLESS])
def test_a_reply_that_is_none(act: str) -> None:
    with Sink() as sink:
        sink.script["MAIL"].append(act)
        with pytest.raises(smtplib.SMTPException):
            _send(sink.port)


def test_one_recipient_of_two_is_refused_and_then_all_is_well() -> None:
    with Sink() as sink:
        sink.script["RCPT"] += ["", "550 5.1.1 unknown"]
        assert _send(sink.port, "b@uni.example", "c@uni.example") == {"c@uni.example": (550, b"5.1.1 unknown")}
        assert [mail.recipients for mail in sink.mails] == [("b@uni.example",)]
        assert _send(sink.port, "c@uni.example") == {}


# -- IMAP --------------------------------------------------------------------------------------------------------------


def _imap(script: Callable[[Line], None], use: Callable[[IMAPClient], None]) -> None:
    with ScriptedImap(script) as server:
        client = IMAPClient("127.0.0.1", int(server.server_address[1]), ssl=False, timeout=PATIENCE_S)
        try:
            use(client)
        finally:
            client.shutdown()


def test_a_script_gets_the_client_into_an_empty_inbox() -> None:
    def use(client: IMAPClient) -> None:
        client.login("ana", "secret")
        assert client.select_folder("INBOX")[b"UIDVALIDITY"] == 7

    _imap(lambda line: line.greet(), use)


def test_a_login_refused_for_the_time_being() -> None:
    def script(line: Line) -> None:
        line.say(b"* OK scripted\r\n")
        while not line.read().startswith("LOGIN"):
            line.ok("CAPABILITY IMAP4rev1")
        line.no("[UNAVAILABLE] later")

    def use(client: IMAPClient) -> None:
        with pytest.raises(LoginError, match="UNAVAILABLE"):
            client.login("ana", "secret")

    _imap(script, use)


def test_octets_arrive_in_the_segments_that_the_script_makes() -> None:
    first_read = threading.Event()

    def script(line: Line) -> None:
        line.say(b"* OK ")
        first_read.wait(PATIENCE_S)
        line.say(b"hola\r\n")

    with ScriptedImap(script) as server, _connect(int(server.server_address[1])) as sock:
        assert sock.recv(100) == b"* OK "
        first_read.set()
        assert sock.recv(100) == b"hola\r\n"
