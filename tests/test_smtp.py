"""What becomes of each letter, whatever the server does and whenever it does it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.smtp import ContentError, Envelope, Result, Session, stuffed
from daemon.mail.smtp_wire import SmtpError
from daemon.mail.wire import Endpoint
from tests.certificates import Certificates, make
from tests.faultproxy import FaultProxy, Mode
from tests.patience import PATIENCE_S
from tests.sink import DROP, ENDLESS, GARBAGE, HANG, RESET, Sink

BODY = b"Subject: hola\r\n\r\n.punto\r\nfin\r\n"
NO_PIPELINING = ("8BITMIME",)


def envelope(key: int = 1, to: str = "ana@cliente.test", body: bytes = BODY) -> Envelope:
    return Envelope(key, "soporte@desk.test", to, lambda: [body])


def send(sink: Sink, *envelopes: Envelope, timeout_s: float = PATIENCE_S) -> list[Result]:
    session = Session(sink.endpoint(timeout_s=timeout_s))
    try:
        return [result for _, result in session.deliver(envelopes or (envelope(),))]
    finally:
        session.close()


@pytest.fixture(params=["pipelining", "one by one"])
def server(request: pytest.FixtureRequest) -> Iterator[Sink]:
    """Servers of both kinds."""
    with Sink() if request.param == "pipelining" else Sink(NO_PIPELINING) as sink:
        yield sink


def test_a_letter_arrives_as_it_is(server: Sink) -> None:
    (result,) = send(server)
    assert (result.status, result.phase, result.code, result.uncertain) == ("sent", "dot", 250, False)
    (kept,) = server.mails
    assert (kept.sender, kept.recipients, kept.raw) == ("soporte@desk.test", ("ana@cliente.test",), BODY)


def test_many_letters_share_a_connection(server: Sink) -> None:
    letters = [envelope(n, f"a{n}@cliente.test", b"Subject: %d\r\n\r\nx\r\n" % n) for n in range(40)]
    assert [result.status for result in send(server, *letters)] == ["sent"] * 40
    assert [kept.recipients[0] for kept in server.mails] == [f"a{n}@cliente.test" for n in range(40)]
    assert [kept.raw for kept in server.mails] == [letter.content()[0] for letter in letters]
    assert server.connections == 1


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize(
    ("reply", "outcome"),
    [("451 4.3.0 later", "deferred"), ("550 5.1.1 never", "failed"), ("421 4.3.2 closing", "deferred")],
)
def test_f09_f10_f11_a_refusal_in_any_phase(server: Sink, phase: str, reply: str, outcome: str) -> None:
    server.script[phase] = [reply]
    results = send(server, envelope(1), envelope(2))
    assert [results[0].status, results[0].phase, results[0].code] == [outcome, phase.lower(), int(reply[:3])]
    if reply.startswith("421"):
        assert len(results) == 1, "the session is over: the second letter was not begun"
    else:
        assert results[1].status == "sent", "the next letter does not suffer"
        assert len(server.mails) == 1


@pytest.mark.parametrize("phase", ["CONNECT", "EHLO"])
@pytest.mark.parametrize(("reply", "permanent"), [("451 later", False), ("421 busy", False), ("554 never", True)])
def test_f09_f10_f11_a_refused_session(server: Sink, phase: str, reply: str, permanent: bool) -> None:
    server.script[phase] = [reply]
    server.script["HELO"] = [reply]  # what is tried after a refused EHLO
    with pytest.raises(SmtpError) as refused:
        Session(server.endpoint())
    assert (refused.value.phase, refused.value.code) == (phase.lower(), int(reply[:3]))
    assert refused.value.permanent == permanent


def test_a_server_without_ehlo_is_greeted_with_helo(server: Sink) -> None:
    server.script["EHLO"] = ["502 what?"]
    assert send(server)[0].status == "sent"


def test_f12_each_letter_has_a_result_of_its_own(server: Sink) -> None:
    server.script["RCPT"] = ["550 no such user", "250 ok", "452 full"]
    to = ("nadie@cliente.test", "ana@cliente.test", "llena@cliente.test")
    results = send(server, *(envelope(key, each) for key, each in enumerate(to)))
    found = [(result.status, result.phase) for result in results]
    assert found == [("failed", "rcpt"), ("sent", "dot"), ("deferred", "rcpt")]
    assert [kept.recipients for kept in server.mails] == [(to[1],)]


def test_content_asked_for_after_a_refusal_is_empty(sink: Sink) -> None:
    sink.script["RCPT"] = ["550 no such user"]
    sink.script["DATA"] = ["354 go on"]
    first, second = send(sink, envelope(1, "nadie@cliente.test"), envelope(2))
    assert (first.status, first.phase, second.status) == ("failed", "rcpt", "sent")
    assert [(kept.recipients, kept.raw) for kept in sink.mails if kept.recipients] == [(("ana@cliente.test",), BODY)]


def test_yes_before_the_content_is_not_sent(server: Sink) -> None:
    server.script["DATA"] = ["250 ok"]
    (result,) = send(server)
    assert (result.status, result.phase) == ("deferred", "data")


def patience_with(act: str) -> float:
    """A deadline for a server that hangs; whatever else it does comes in its own time."""
    return 1.0 if act == HANG else PATIENCE_S


@pytest.mark.parametrize("act", [DROP, RESET, HANG, GARBAGE, ENDLESS])
@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "DOT"])
def test_f07_f08_f14_no_reply_is_never_a_refusal(server: Sink, phase: str, act: str) -> None:
    server.script[phase] = [act]
    (result,) = send(server, timeout_s=patience_with(act))
    reached = ["mail", "rcpt", "data", "dot"].index(phase.lower())
    assert result.status == "deferred"
    assert ["mail", "rcpt", "data", "dot"].index(result.phase) <= reached, "a reset takes unread answers with it"
    assert act == RESET or result.phase == phase.lower()
    assert result.uncertain == (phase == "DOT"), "only a letter handed over whole may have arrived"


@pytest.mark.parametrize("act", [DROP, RESET, HANG, GARBAGE, ENDLESS])
@pytest.mark.parametrize("phase", ["CONNECT", "EHLO"])
def test_f08_f14_a_session_that_never_begins(sink: Sink, phase: str, act: str) -> None:
    sink.script[phase] = [act]
    with pytest.raises(SmtpError) as error:
        Session(sink.endpoint(timeout_s=patience_with(act)))
    assert not error.value.permanent


def test_f13_a_reset_at_quit_changes_nothing(server: Sink) -> None:
    server.script["QUIT"] = [RESET]
    assert send(server)[0].status == "sent"


def test_a_refused_server_is_told_by_phase() -> None:
    with Sink() as sink:
        endpoint = sink.endpoint()
    with pytest.raises(SmtpError) as error:
        Session(endpoint)
    assert error.value.phase == "connect"


@pytest.mark.parametrize("mode", [Mode(blackhole=True), Mode(drip=20.0)])
def test_f17_a_reply_that_trickles_is_bounded(sink: Sink, mode: Mode) -> None:
    with FaultProxy(sink.port, mode) as proxy:
        with pytest.raises(SmtpError) as error:
            Session(Endpoint("127.0.0.1", proxy.port, "none", read_timeout_s=0.4))
        assert "timed out" in str(error.value)


@pytest.mark.parametrize("cut_after", [200, 5_000, 100_000])
def test_a_connection_cut_within_the_content_is_not_ambiguous(sink: Sink, cut_after: int) -> None:
    body = b"Subject: grande\r\n\r\n" + b"x" * 70 + b"\r\n"
    long = Envelope(1, "soporte@desk.test", "ana@cliente.test", lambda: [body] + [b"y" * 70 + b"\r\n"] * 50_000)
    with FaultProxy(sink.port, Mode(cut_to_server=cut_after)) as proxy:
        session = Session(Endpoint("127.0.0.1", proxy.port, "none", read_timeout_s=PATIENCE_S))
        ((_, result),) = session.deliver([long])
    assert result.status == "deferred"
    assert not sink.mails


ADDRESSES = ["a@b.test>\r\nRCPT TO:<evil@x.test", "sin arroba", "a b@c.test", "<a@b.test>", "a@b@c.test", "a@b.test\n"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_no_address_never_reaches_the_wire(server: Sink, address: str) -> None:
    refused, sent = send(server, envelope(1, address), envelope(2))
    assert (refused.status, refused.code, sent.status) == ("failed", 553, "sent")
    assert [kept.recipients for kept in server.mails] == [("ana@cliente.test",)]


def test_an_address_in_unicode_needs_a_server_that_takes_it() -> None:
    letter = envelope(1, "josé@cliente.test")
    with Sink() as plain, Sink(("PIPELINING", "SMTPUTF8")) as able:
        assert send(plain, letter)[0].status == "failed"
        assert send(able, letter)[0].status == "sent"
        assert not plain.mails
        assert able.mails[0].recipients == ("josé@cliente.test",)


# -- TLS and login


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_letters_go_over_tls(certificates: Certificates, security: str) -> None:
    with Sink(tls=certificates.serve(), implicit_tls=security == "tls") as sink:
        session = Session(sink.endpoint(security, ca_file=str(certificates.authority)))
        assert next(session.deliver([envelope()]))[1].status == "sent"
        session.close()


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("flaw", ["unknown authority", "other name"])
def test_a38_a_wrong_certificate_fails_closed(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory, security: str, flaw: str
) -> None:
    other = make(tmp_path_factory.mktemp("other"), "DNS:other.test")
    shown = other if flaw == "other name" else certificates
    trusted = str(other.authority) if flaw == "other name" else ""
    with Sink(tls=shown.serve(), implicit_tls=security == "tls", passwords={"ana": "clave"}) as sink:
        with pytest.raises(SmtpError, match="certificate") as error:
            Session(sink.endpoint(security, username="ana", password=lambda: "clave", ca_file=trusted))
        assert not error.value.permanent
        assert not any(command.startswith(("AUTH", "MAIL")) for command in sink.commands)


def test_a38_starttls_that_is_not_offered_fails_closed() -> None:
    with Sink(passwords={"ana": "clave"}) as sink:
        with pytest.raises(SmtpError, match="STARTTLS"):
            Session(sink.endpoint("starttls", username="ana", password=lambda: "clave"))
        assert not any(command.startswith(("AUTH", "MAIL")) for command in sink.commands)


def test_a38_what_was_said_before_tls_began_is_not_heard_within_it(certificates: Certificates) -> None:
    """Somebody in between may say in clear what the server is to have said (CVE-2011-0411 and its kin)."""
    with Sink(tls=certificates.serve()) as sink:
        sink.script["STARTTLS"] = ["220 go\r\n250 injected"]
        with pytest.raises(SmtpError, match="before TLS"):
            Session(sink.endpoint("starttls", ca_file=str(certificates.authority)))


@pytest.mark.parametrize("ways", ["AUTH PLAIN LOGIN", "AUTH LOGIN"])
def test_login(ways: str) -> None:
    class Server(Sink):
        def extensions(self, secured: bool) -> list[str]:
            return ["PIPELINING", ways]

    with Server(passwords={"ana": "contraseña"}) as sink:
        Session(sink.endpoint(username="ana", password=lambda: "contraseña")).close()
        with pytest.raises(SmtpError) as error:
            Session(sink.endpoint(username="ana", password=lambda: "otra"))
        assert (error.value.phase, error.value.code, error.value.permanent) == ("auth", 535, False)


def test_login_by_token() -> None:
    with Sink(token="abc") as sink:
        Session(sink.endpoint(username="ana", token=lambda: "abc")).close()
        with pytest.raises(SmtpError) as error:
            Session(sink.endpoint(username="ana", token=lambda: "expired"))
        assert (error.value.phase, error.value.code) == ("auth", 535)


# -- content


def pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    marks = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    return [raw[a:b] for a, b in pairwise(marks)]


@given(
    lines=st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a", b"a.b", b"a."])), cuts=st.lists(st.integers(0, 99))
)
def test_dots_are_stuffed_wherever_the_pieces_end(lines: list[bytes], cuts: list[int]) -> None:
    raw = b"".join(line + b"\r\n" for line in lines)
    wire = b"".join(stuffed(pieces(raw, cuts)))
    assert wire.endswith(b".\r\n")
    received = [line[1:] if line.startswith(b".") else line for line in wire.split(b"\r\n")[:-2]]
    assert received == lines


@pytest.mark.parametrize("raw", [b"a\nb\r\n", b"a\rb\r\n", b"a\n.\r\n", b"a\r\n.\rb", b"fin\r"])
@pytest.mark.parametrize("cuts", [[], [1], [2], [1, 2, 3, 4]])
def test_a32_a_bare_line_end_is_refused(raw: bytes, cuts: list[int]) -> None:
    with pytest.raises(ContentError):
        list(stuffed(pieces(raw, cuts)))


def test_a32_a_letter_with_a_bare_line_end_is_not_sent(sink: Sink) -> None:
    (result,) = send(sink, envelope(body=b"Subject: x\r\n\r\na\n.\nMAIL FROM:<evil@x.test>\r\n"))
    assert result.status == "failed"
    assert not sink.mails


def test_bytes_that_cannot_be_read_leave_the_letter_waiting(sink: Sink) -> None:
    def gone() -> list[bytes]:
        raise FileNotFoundError("an attachment")

    broken = Envelope(1, "soporte@desk.test", "ana@cliente.test", gone)
    (result,) = send(sink, broken)
    assert (result.status, result.uncertain) == ("deferred", False)
    assert not sink.mails
