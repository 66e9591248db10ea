"""The embedded servers behave as the real ones do for everything that Acuse asks of them."""

from __future__ import annotations

import imaplib
import smtplib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.demo.embedded import EmbeddedServers, SentMail
from daemon.mail.fetching import announce, fetched
from daemon.mail.filing import Folders
from daemon.mail.imap import Imap
from daemon.mail.imap_faults import ImapError
from daemon.mail.smtp import Envelope, Session
from daemon.mail.wire import Endpoint

USERS = {"apertura": ["soporte@desk.test"], "ana": ["ana@cliente.test", "a.ruiz@cliente.test"]}
RAW = b"From: ana@cliente.test\r\nSubject: hola\r\n\r\n.punto\r\nfin\r\n"


@pytest.fixture
def servers() -> Iterator[EmbeddedServers]:
    with EmbeddedServers(USERS) as started:
        yield started


def imap_of(servers: EmbeddedServers, user: str, password: str = "secret") -> Imap:
    return Imap(Endpoint("127.0.0.1", servers.imap_port, "none", user, lambda: password))


def send(servers: EmbeddedServers, *recipients: str, raw: bytes = RAW) -> list[str]:
    session = Session(Endpoint("127.0.0.1", servers.smtp_port, "none"))
    results = session.deliver(
        Envelope(key, "soporte@desk.test", to, lambda: [raw]) for key, to in enumerate(recipients)
    )
    found = [result.status for _, result in results]
    session.close()
    return found


def test_a_delivered_mail_is_fetched_as_it_is(servers: EmbeddedServers) -> None:
    servers.deliver("apertura", RAW)
    with imap_of(servers, "apertura") as imap:
        announced = announce(imap, imap.uids(imap.select("INBOX")))
        with fetched(imap, announced, Path("/nowhere"), 10**6) as mails:
            (mail,) = mails
    assert mail.octets == RAW
    assert mail.size == len(RAW)


def test_a_mail_to_a_user_lands_in_the_mailbox(servers: EmbeddedServers) -> None:
    assert send(servers, "A.Ruiz@cliente.test", "fuera@otro.test") == ["sent", "sent"]
    assert [(sent.sender, sent.recipients, sent.raw) for sent in servers.mails()] == [
        ("soporte@desk.test", (to,), RAW) for to in ("A.Ruiz@cliente.test", "fuera@otro.test")
    ]
    (delivered,) = servers.folders("ana")["INBOX"]
    assert delivered == b"Return-Path: <soporte@desk.test>\r\nDelivered-To: A.Ruiz@cliente.test\r\n" + RAW
    assert servers.folders("apertura")["INBOX"] == []


def test_mails_are_filed_away(servers: EmbeddedServers) -> None:
    for _ in range(120):
        servers.deliver("apertura", RAW)
    with imap_of(servers, "apertura") as imap:
        folders, selected = Folders(imap), imap.select("INBOX")
        uids = imap.uids(selected)
        filed = folders.file_away(uids, "Acuse/Automáticos")
        assert filed.moved == set(uids)
        assert len(filed.places) == 120
        assert imap.uids(selected) == []
    assert len(servers.folders("apertura")["Acuse/Automáticos"]) == 120


def test_idle_wakes_at_once(servers: EmbeddedServers) -> None:
    with imap_of(servers, "apertura") as imap:
        selected = imap.select("INBOX")
        threading.Timer(0.2, servers.deliver, ("apertura", RAW)).start()
        assert imap.idle(60, threading.Event())
        assert len(imap.uids(selected)) == 1


def test_many_connections_live_side_by_side(servers: EmbeddedServers) -> None:
    opened = [imap_of(servers, "apertura") for _ in range(20)]
    servers.deliver("apertura", RAW)
    for imap in opened:
        assert len(imap.uids(imap.select("INBOX"))) == 1
        imap.close()


def test_a_wrong_password_is_refused(servers: EmbeddedServers) -> None:
    with pytest.raises(ImapError) as error:
        imap_of(servers, "apertura", "wrong")
    assert error.value.kind == "auth"


def test_standard_clients_can_use_them(servers: EmbeddedServers) -> None:
    with smtplib.SMTP("127.0.0.1", servers.smtp_port) as client:
        client.sendmail("soporte@desk.test", ["ana@cliente.test"], RAW)
    plain = imaplib.IMAP4("127.0.0.1", servers.imap_port)
    plain.login("ana", servers.password)
    assert plain.select()[1] == [b"1"]
    plain.logout()


def test_who_listens_hears_every_mail_as_it_is_sent() -> None:
    heard: list[SentMail] = []
    with EmbeddedServers(USERS, on_mail=heard.append) as servers:
        send(servers, "ana@cliente.test")
        assert heard == servers.mails()


def test_stopped_they_are_gone_and_their_mails_still_readable() -> None:
    with EmbeddedServers(USERS) as servers:
        send(servers, "fuera@otro.test")
        kept = imap_of(servers, "apertura")
    with pytest.raises(ImapError):
        kept.noop()
    kept.close()
    with pytest.raises(ImapError):
        imap_of(servers, "apertura")
    assert len(servers.mails()) == 1
