"""Attacks on what lies around a mail: IMAP commands, regular expressions, databases, secrets, TLS."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from daemon.config.settings import ConfigErrors, load
from daemon.demo.correspondent import click, write
from daemon.mail.filing import find
from daemon.mail.imap import Imap
from daemon.mail.imap_faults import ImapError
from daemon.mail.smtp import Session, SmtpError
from daemon.mail.wire import Endpoint
from rules import conditions
from rules.facts import Search
from tests import configs, deskworld
from tests.certificates import Certificates, make
from tests.deskworld import ANA, GOOD, GROUP, MARTA, OPENINGS, SUBJECT, DeskWorld
from tests.dovecot import Dovecot
from tests.faultproxy import FaultProxy
from tests.parsers.mails import raw_mail
from tests.postgres import Server
from tests.rules.desks import OPENING
from tests.scripted_imap import Line, ScriptedImap
from tests.serverless import ServerlessDesk
from tests.sink import Sink

ROOT = Path(__file__).parents[1]


# -- IMAP

INJECTION = 'x"\r\na1 DELETE INBOX\r\na2 LOGOUT {3}\r\n'


def test_a34_what_a_sender_wrote_never_becomes_part_of_a_command() -> None:
    commands: list[str] = []

    def script(line: Line) -> None:
        line.greet()
        while command := line.read():
            commands.append(command)
            line.ok('1 FETCH (UID 7 BODY[HEADER.FIELDS (MESSAGE-ID)] "Message-ID: <x>")')

    with ScriptedImap(script) as scripted, Imap(scripted.endpoint) as imap:
        imap.select("INBOX")
        assert find(imap, [7], {INJECTION, "x"}) == {"x": 7}
    assert [command for command in commands if not command.startswith(("UID FETCH", "LOGOUT"))] == []
    assert "DELETE" not in "".join(commands)


def test_a34_nothing_is_searched_for_but_uids() -> None:
    """The daemon's own search; the benchmark's asks for everything."""
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "daemon").rglob("*.py"))
    asked = re.findall(r"client\.(?:search|sort|thread|gmail_search)\((.*?)\)", sources)
    assert set(asked) - {""} == {'["UID", uids]'}


# -- regular expressions


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_a35_a_rule_of_any_shape_is_linear(pattern: str) -> None:
    """Two thousand times the text that stops a backtracking engine for ever."""
    compiled = conditions.re2.compile(pattern)
    began = time.process_time()
    compiled.search("a" * 60_000 + "!")
    assert time.process_time() - began < 20


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)a", "(?<!a)b"])
def test_a35_what_cannot_be_linear_is_refused_at_load(pattern: str, tmp_path: Path) -> None:
    rule = f'\n[[rules]]\nname = "lenta"\nwhen = {{ regex = \'{pattern}\' }}\nthen = {{ group = "n1" }}\n'
    with pytest.raises(ConfigErrors, match="linear time"):
        load(configs.write(tmp_path, configs.BASE + rule))


# -- databases

ODD = [
    "' OR 1=1 --", "%", "_", "*", "[a-z]", "?", "\\", '"', "a' UNION SELECT password FROM people --",
    "; DROP TABLE tickets", "\udc80", "x" * 300, "ñ" * 300, "NULL", "{}", "$1", ":a", "%s",
]  # fmt: skip


def test_a36_odd_characters_mean_the_same_on_both_databases(tmp_path: Path, postgres: Server) -> None:
    answers = []
    for name, url in (("sqlite", ""), ("postgresql", postgres.database("a36"))):
        with ServerlessDesk(tmp_path / name, url=url) as desk:
            for n, odd in enumerate(ODD):
                title = OPENING if n % 2 else f"{OPENING} {odd}".encode("utf-8", "replace").decode()
                raw = raw_mail(b"%s%s" % (deskworld.GOOD.encode(), odd.encode("utf-8", "surrogatepass")), title=title)
                desk.receive(raw.replace(b"<1@", b"<%d@" % n), "apertura")
            found = [
                tuple(sorted(ticket.number for ticket in desk.store.search(search)))
                for odd in ODD
                for search in (Search(text=odd), Search(name=odd), Search(fields=(("description", odd),)))
            ]
            answers.append((desk.ledger(), found, desk.query("SELECT number, body FROM tickets ORDER BY number")))
            assert desk.store.audit(desk.desk) == []
    assert answers[0] == answers[1]


# -- secrets

PASSWORD = "Canario-7f3a9c51"
TOLD = "Tr3s-tristes-t1gres"


def test_a37_no_secret_reaches_a_log_an_argument_or_a_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deskworld, "PASSWORD", PASSWORD)
    said = [""]
    with DeskWorld(tmp_path, "embedded", '[log]\nlevel = "debug"\nformat = "json"\n') as world:
        daemon = world.start()
        world.send(write(MARTA, OPENINGS, SUBJECT, f"{GOOD}Mi contraseña: {TOLD}\n"))
        assignment = world.wait("assignment", GROUP)
        world.send(click(ANA, assignment.links["Resolver"], {"Solución": "Se reinicia el servicio."}))
        validation = world.wait("validation", MARTA)
        world.send(click(MARTA, validation.links["Validar Petición"]))
        world.wait("closure", MARTA)
        said += arguments_of(daemon.pid)
        for verb in (("list", "--json"), ("audit",), ("check",), ("doctor",)):
            done = world.acuse(*verb, check=False)
            said += [done.stdout, done.stderr]
        world.stop()
        log = world.log()
        letters = [raw.decode() for _, raw in world.servers.letters()]
        tokens = {token for letter in world.letters() for link in letter.links.values() for token in tokens_in(link)}
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("acuse.db*"))
    assert len(tokens) == 8, "of the group, of the two verdicts, of the five marks"
    assert PASSWORD not in "".join([*said, log, *letters])
    assert PASSWORD.encode() not in stored
    assert [token for token in tokens if token in "".join([*said, log])] == []
    assert "error 500" not in log
    assert TOLD not in "".join(
        [log, *said, *(letter.part("plain") + letter.part("html") for letter in world.letters())]
    )


def tokens_in(link: str) -> list[str]:
    return re.findall(r"%5B([A-Z2-7]{26})%5D", link)


def arguments_of(pid: int) -> Iterator[str]:
    """What `ps` shows of a process and its children."""
    yield Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from arguments_of(int(child))


def test_a37_the_libraries_keep_quiet_about_logins(capfd: pytest.CaptureFixture[str]) -> None:
    def script(line: Line) -> None:
        line.say(b"* OK scripted\r\n")
        line.read()
        line.no("[AUTHENTICATIONFAILED] no")

    with ScriptedImap(script) as scripted, pytest.raises(ImapError) as error:
        Imap(scripted.endpoint)
    out = capfd.readouterr()
    assert "secret" not in out.out + out.err + str(error.value)


# -- TLS


@pytest.mark.parametrize("stripped", [False, True], ids=["untouched", "stripped"])
def test_a38_a_starttls_stripped_on_the_way_fails_closed_on_both_sides(tmp_path: Path, stripped: bool) -> None:
    """Both servers offer it; who stands between takes the word out of what they say, and learns nothing by it."""
    tls = make(tmp_path)
    with ExitStack() as stack:
        dovecot = stack.enter_context(Dovecot(tls=(tls.certificate, tls.key)))
        sink = stack.enter_context(Sink(tls=tls.serve(), passwords={"ana": "secret"}))
        imap, smtp = (stack.enter_context(FaultProxy(server.port)) for server in (dovecot, sink))
        for proxy in (imap, smtp):
            proxy.set(hide=b"STARTTLS" if stripped else b"")
        assert _connects(Imap, imap, tls) is _connects(Session, smtp, tls) is not stripped
        assert not re.search(rb"LOGIN|AUTH|MAIL|secret", imap.said + smtp.said), "not a word in clear"


def _connects(client: type[Imap] | type[Session], proxy: FaultProxy, tls: Certificates) -> bool:
    """Whether the daemon's own client logs in."""
    endpoint = Endpoint("127.0.0.1", proxy.port, "starttls", "ana", lambda: "secret", ca_file=str(tls.authority))
    try:
        client(endpoint).close()
    except (ImapError, SmtpError):
        return False
    return True


def test_a38_certificates_are_verified_and_none_is_for_loopback_alone(tmp_path: Path) -> None:
    context = ssl.create_default_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "daemon").rglob("*.py"))
    assert not re.search(r"CERT_NONE|check_hostname\s*=\s*False|_create_unverified_context|PROTOCOL_", sources)
    with pytest.raises(ConfigErrors, match="loopback only"):
        load(configs.write(tmp_path, configs.BASE.replace('host = "127.0.0.1"', 'host = "imap.cau.example"', 1)))
