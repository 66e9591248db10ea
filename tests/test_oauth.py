"""OAuth2 against a token endpoint of our own: both grants, renewal, refusals; and no secret in any message."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from daemon.commands import doctor
from daemon.config.accounts import Account, Alerts, OAuth2, SecretError, Smtp
from daemon.config.live import Loaded
from daemon.mail.oauth import EARLY_S, Tokens
from daemon.mail.wire import Endpoint, xoauth2
from daemon.operations import second_route
from daemon.operations.alarms import Alarms
from daemon.operations.proving import look_into_folders
from daemon.operations.route_watch import RouteWatch
from daemon.store.audit import NO_FOLDER
from daemon.writing.letters import Letters
from tests.patience import PATIENCE_S
from tests.scripted_imap import Line, ScriptedImap
from tests.serverless import ServerlessDesk
from tests.sink import Sink


class Provider(HTTPServer):
    """Gives the answers of ``script`` in turn, then tokens t1, t2 … that live ``lives_s``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.forms: list[dict[str, str]] = []
        self.script: list[tuple[int, bytes]] = []
        self.lives_s = 3600.0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/token"


class _Answers(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.forms.append(dict(parse_qsl(body.decode())))
        token = {"access_token": f"t{len(self.server.forms)}", "expires_in": self.server.lives_s}
        status, answer = self.server.script.pop(0) if self.server.script else (200, json.dumps(token).encode())
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    yield server
    server.shutdown()
    server.server_close()


def account(provider: Provider, folder: Path, **oauth2: str) -> Account:
    secret = folder / "client-secret"
    secret.write_text("hush-hush\n")
    table = OAuth2(
        provider="other", client_id="acuse", client_secret_file=str(secret), token_url=provider.url, **oauth2
    )
    return Account(
        name="b", roles=("service",), address="s@cau.test", host="127.0.0.1", username="s@cau.test", oauth2=table
    )


def test_a_client_secret_asks_as_the_application_itself(provider: Provider, tmp_path: Path) -> None:
    assert Tokens()(account(provider, tmp_path, scope="mail")) == "t1"
    assert provider.forms == [
        {"client_id": "acuse", "scope": "mail", "client_secret": "hush-hush", "grant_type": "client_credentials"}
    ]


def test_a_refresh_token_asks_for_the_account_that_gave_its_consent(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "refresh").write_text("r3fresh")
    Tokens()(account(provider, tmp_path, refresh_token_file=str(tmp_path / "refresh")))
    assert (provider.forms[0]["grant_type"], provider.forms[0]["refresh_token"]) == ("refresh_token", "r3fresh")


def test_a_token_is_kept_until_shortly_before_its_end(provider: Provider, tmp_path: Path) -> None:
    tokens, box = Tokens(), account(provider, tmp_path)
    assert [tokens(box), tokens(box)] == ["t1", "t1"]
    provider.lives_s = EARLY_S - 1
    other = Tokens()
    assert [other(box), other(box)] == ["t2", "t3"]


@pytest.mark.parametrize(
    ("status", "answer", "told"),
    [
        (400, b'{"error": "invalid_client"}', "invalid_client"),
        (500, b"oops", "HTTP 500"),
        (200, b"not json", "no access token"),
        (200, b'["a"]', "no access token"),
    ],
)
def test_a_refusal_says_why_and_shows_no_secret(
    provider: Provider, tmp_path: Path, status: int, answer: bytes, told: str
) -> None:
    provider.script.append((status, answer))
    with pytest.raises(SecretError) as fault:
        Tokens()(account(provider, tmp_path))
    assert told in str(fault.value)
    assert "hush" not in str(fault.value)


def test_a_provider_that_is_away_is_told_as_such(provider: Provider, tmp_path: Path) -> None:
    box = account(provider, tmp_path)
    provider.shutdown()
    provider.server_close()
    with pytest.raises(SecretError, match="cannot be asked"):
        Tokens()(box)


def test_the_proof_looks_into_the_folders_of_an_account_that_logs_in_by_token(
    provider: Provider, tmp_path: Path
) -> None:
    def script(line: Line) -> None:
        line.capabilities = "IMAP4rev1 AUTH=XOAUTH2"
        line.say(b"* OK hello\r\n")
        line.read()
        tag = line.tag
        line.say(b"+ \r\n")
        line.say(f"{tag} OK in\r\n".encode() if line.read() == GIVEN else b"* BYE\r\n")
        while verb := line.read().split(" ")[0]:
            line.no("there is none") if verb == "STATUS" else line.ok('LIST () "/" ""')

    with ScriptedImap(script) as server:
        box = replace(account(provider, tmp_path), port=server.endpoint.port, security="none")
        contents, unseen = look_into_folders((box,), Tokens())
    assert (set(contents["b"].values()), unseen) == ({NO_FOLDER}, ())


GIVEN = base64.b64encode(xoauth2("s@cau.test", "t1").encode()).decode()


def test_the_second_route_logs_in_by_token(provider: Provider, tmp_path: Path) -> None:
    with Sink(token="t1") as sink:
        smtp = Smtp(host="127.0.0.1", port=sink.port, security="none", sender="alarma@otra.test", username="alarma")
        smtp = replace(smtp, oauth2=account(provider, tmp_path).oauth2)
        second_route.send(Alerts(smtp=smtp), ("admin@cau.test",), "Soporte: algo falla", "").join(PATIENCE_S)
        assert [mail.recipients for mail in sink.mails] == [("admin@cau.test",)]


def test_a_second_route_that_gets_no_token_is_told_of_by_letter_once_it_lasts_and_tried_seldom(
    provider: Provider, tmp_path: Path
) -> None:
    provider.script += [(400, b'{"error": "invalid_client"}')] * 4
    with Sink(token="t6") as sink, ServerlessDesk(tmp_path / "desk") as world:
        smtp = Smtp(host="127.0.0.1", port=sink.port, security="none", sender="alarma@otra.test", username="alarma")
        smtp = replace(smtp, oauth2=account(provider, tmp_path).oauth2)
        settings: Any = SimpleNamespace(desk=world.desk, alerts=Alerts(smtp=smtp))
        loaded = Loaded(settings, Letters.load(world.desk), "1")
        alarms = Alarms(world.store, lambda: loaded, route=lambda *alarm: None)
        daemons = [RouteWatch(world.store, lambda: smtp) for _ in range(2)]

        def looks() -> list[tuple[str, str, bool]]:
            for watch in daemons * 2:
                if thread := watch.tend():
                    thread.join(PATIENCE_S)
                alarms.look(tuple(watch.troubles()), frozenset(watch.wells()))
            return [
                (sent.to, sent.read["Subject"], "invalid_client" in sent.read.part("plain"))
                for sent in world.letters("admin_alert")
            ]

        assert looks() == []
        told = []
        for _ in range(4):
            world.clock.turn(minutes=6)
            told += looks()
        assert told == [("admin@cau.test", "La segunda vía de los avisos no funciona", True)]
        assert (len(provider.forms), sink.connections) == (5, 5), "one look for all daemons, and again after a while"
        world.clock.turn(minutes=6)
        assert looks() == []
        assert (list(daemons[1].troubles()), sink.mails) == ([], [])
        world.clock.turn(minutes=59)
        assert (looks(), len(provider.forms)) == ([], 6), "one that works is looked at once an hour"


def test_doctor_says_of_the_second_route_what_the_daemon_does(provider: Provider, tmp_path: Path) -> None:
    with Sink(token="t2") as sink:
        smtp = Smtp(host="127.0.0.1", port=sink.port, security="none", sender="alarma@otra.test", username="alarma")
        route = replace(smtp, oauth2=account(provider, tmp_path).oauth2)
        settings: Any = SimpleNamespace(smtp=replace(smtp, username=""), alerts=Alerts(smtp=route))
        for expected in (["bad"], ["ok", "ok"]):
            found = [each for each in doctor.smtp(settings) if each.what == "alerts.smtp"]
            assert [each.state for each in found] == expected


def test_a_dripping_provider_is_given_up(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An octet now and then: no single read waits for long, and the answer never ends."""
    monkeypatch.setattr("daemon.mail.oauth.ANSWER_S", 0.5)
    ended = threading.Event()

    def drip(answers: _Answers) -> None:
        answers.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
        while not ended.wait(0.02):
            answers.wfile.write(b"x")

    monkeypatch.setattr(_Answers, "do_POST", drip)
    with pytest.raises(SecretError, match="has not answered"):
        Tokens()(account(provider, tmp_path))
    ended.set()


def test_the_smtp_login_uses_the_token(provider: Provider, tmp_path: Path) -> None:
    from daemon.mail.smtp import Session

    box = account(provider, tmp_path)
    tokens = Tokens()
    with Sink(token="t1") as sink:
        endpoint = Endpoint("127.0.0.1", sink.port, "none", box.username, token=lambda: tokens(box))
        Session(endpoint).close()
        assert any(command.startswith("AUTH XOAUTH2") for command in sink.commands)
