"""The command line as an admin meets it: what it prints, what it says against a mistake, and its exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.cli import main
from daemon.cli.arguments import parser
from daemon.demo.correspondent import write
from tests.deskworld import GOOD, GROUP, MARTA, OPENINGS, SERVICE, SUBJECT, TECHNICIANS, DeskWorld

TOO_LONG = "x" * 70_000
"""More than all headers of a mail may take: quarantined."""
STRANGER = "Luis Mora <luis@cliente.example>"
ONE_AN_HOUR = "\n[senders.rates]\nper_sender = 1\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskWorld]:
    """A desk with two tickets, a mail that is held and one in quarantine."""
    with DeskWorld(tmp_path_factory.mktemp("desk"), "embedded", extra=ONE_AN_HOUR) as world:
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD, files={"captura.png": b"\x89PNG"}))
        for _ in range(2):
            world.send(write(STRANGER, OPENINGS, SUBJECT, GOOD))
        world.send(write(STRANGER, OPENINGS, "Oferta", GOOD, headers={"X-Long": TOO_LONG}))
        world.acuse("run", "--once")
        yield world


@pytest.fixture
def acuse(world: DeskWorld, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a verb on that desk: exit code, standard output, standard error."""

    def run(*arguments: str, config: Path = world.config) -> tuple[int, str, str]:
        try:
            code = main(["--config", str(config), *arguments])
        except SystemExit as usage:
            code = int(str(usage.code))
        return (code, *capsys.readouterr())

    return run


def opened(world: DeskWorld, sender: str) -> str:
    return next(str(ticket["number"]) for ticket in world.tickets() if ticket["requester"] in sender)


# -- mistakes


def test_help_explains_every_argument() -> None:
    verbs = next(action for action in parser()._actions if isinstance(action.choices, dict)).choices
    unexplained = [f"{verb} {a.dest}" for verb, own in verbs.items() for a in own._actions if not a.help]
    assert len(verbs) > 15
    assert unexplained == []


MISTAKES: list[tuple[list[str], int, str]] = [
    (["lisst"], 2, "invalid choice: 'lisst'"),
    (["show"], 2, "the following arguments are required: NUMBER"),
    (["list", "--since", "yesterday"], 2, '"yesterday" is no day; write it like 2026-03-31'),
    (["retry", "nine"], 2, '"nine" is no number of a mail; without any, those that wait are listed'),
    (["list", "--state", "open"], 1, 'there is no state "open"; there are: assigned, pending, resolved, closed'),
    (["list", "--group", "n3"], 1, 'there is no group "n3"; there are: n1, n2'),
    (["list", "--state", "open", "--group", "n3"], 1, 'closed\nthere is no group "n3"; there are: n1, n2'),
    (["retry", "I170101_000001"], 2, '"I170101_000001" is no number of a mail'),
    (["show", "I170101_000001"], 1, "there is no ticket I170101_000001"),
    (["export", "I170101_000001", "--to", "there"], 1, "there is no ticket I170101_000001"),
    (["explain", "one.eml", "two.eml"], 1, "there is no file one.eml, two.eml"),
    (["explain", "--mailbox", "buzon", "one.eml"], 1, 'there is no mailbox "buzon"; there are: apertura, servicio'),
    (["retry", "1", "99"], 1, "not quarantined: 1, 99; `acuse retry` lists those that are. Nothing was changed"),
    (["release", "1"], 1, "not held or quarantined: 1; `acuse release` lists those that are. Nothing was changed"),
    (["bench", "--only", "latancy"], 1, 'there is no scenario "latancy"; there are: backlog, large_file'),
    (["bench", "--tickets", "many"], 2, '"many" is no list of numbers; write it like 0,20000'),
    (["erase", "nadie@cliente.example"], 1, "nothing is known of nadie@cliente.example"),
    (["erase", "s@cliente.example"], 1, "nothing is known of s@cliente.example"),  # the end of luis@cliente.example
    (["erase", "", "--yes"], 1, '"" is no mail address; write one bare address'),
    (["erase", "luis", "--yes"], 1, '"luis" is no mail address; write one bare address'),
    (["erase", OPENINGS, "--yes"], 1, f"{OPENINGS} is a mailbox of the desk"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES])
def test_a_mistake_is_told_with_the_way_out(acuse: Any, arguments: list[str], code: int, message: str) -> None:
    ended, out, told = acuse(*arguments)
    assert (ended, out) == (code, "")
    assert message in told
    assert "Traceback" not in told


@pytest.mark.parametrize("verb", [["init"], ["backup"], ["export", "--to"]])
def test_a_place_that_cannot_be_written_is_named(acuse: Any, world: DeskWorld, tmp_path: Path, verb: list[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    number = [opened(world, MARTA)] if verb[0] == "export" else []
    code, out, told = acuse(verb[0], *number, *verb[1:], str(tmp_path / "file" / "x"))
    assert (code, out) == (1, "")
    assert re.fullmatch(rf"acuse: {tmp_path}/file(/x)?: (Not a directory|File exists)\n", told)


def test_the_version_is_told_that_a_report_of_a_fault_asks_for(acuse: Any) -> None:
    project = tomllib.loads(Path(__file__).parent.with_name("pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert acuse("--version") == (0, f"acuse {project['version']}\n", "")


def test_init_says_that_it_leaves_a_file_as_it_is(acuse: Any, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("mine", encoding="utf-8")
    assert acuse("init", str(tmp_path)) == (
        1, "", f"acuse: {tmp_path}/config.toml: it exists already and is left as it is\n",
    )  # fmt: skip


def test_without_any_configuration_the_way_to_one_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACUSE_CONFIG", raising=False)
    monkeypatch.setattr("daemon.cli.configured.SYSTEM_CONFIG", tmp_path / "etc" / "config.toml")
    assert main(["list"]) == 1
    told = capsys.readouterr().err
    assert f"there is no configuration at {tmp_path}/config.toml or {tmp_path}/etc/config.toml" in told
    assert "`acuse init` writes one" in told


@pytest.mark.parametrize("verb", ["list", "show X", "audit", "export X --to x", "retry", "retry 1", "release 1"])
def test_where_there_are_no_books_yet_none_are_made(acuse: Any, world: DeskWorld, tmp_path: Path, verb: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(world.config.read_text(encoding="utf-8").replace(f"{world.folder}/acuse.db", f"{tmp_path}/a.db"))
    code, out, told = acuse(*verb.split(), config=config)
    assert (code, out, told) == (1, "", f"acuse: there is no database at {tmp_path}/a.db yet; `acuse run` makes it\n")
    assert list(tmp_path.iterdir()) == [config]


# -- while the configuration is being changed


FAULTY = {"no such group": ('default_group = "n1"', 'default_group = "n9"'), "key misspelt": ("[smtp]", "[smpt]")}
UNUSABLE = {
    "no TOML": ("[desk]", "[desk"),
    "no database": ("[database]", "[databasse]"),
    "no zone": ("Madrid", "Madird"),
}


def edited(world: DeskWorld, folder: Path, old: str, new: str) -> Path:
    """The desk's configuration in the middle of a bad edit."""
    config = folder / "config.toml"
    config.write_text(world.config.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    return config


@pytest.mark.parametrize("fault", FAULTY)
@pytest.mark.parametrize("verb", ["list", "show NUMBER", "export NUMBER --to NEW"])
def test_the_books_are_shown_though_the_configuration_has_faults(
    acuse: Any, world: DeskWorld, tmp_path: Path, verb: str, fault: str
) -> None:
    arguments = verb.replace("NUMBER", opened(world, MARTA)).replace("NEW", str(tmp_path / "new")).split()
    code, out, told = acuse(*arguments, config=edited(world, tmp_path, *FAULTY[fault]))
    assert code == 0
    assert out == acuse(*arguments)[1]
    assert re.fullmatch(r"acuse: the configuration has faults, \d in all: `acuse check` tells them\n", told)


@pytest.mark.parametrize(
    ("verb", "fault"),
    [*((verb, FAULTY["no such group"]) for verb in ("explain x.eml", "audit", "doctor", "run --once", "retry")),
     *(("list", fault) for fault in UNUSABLE.values())],
)  # fmt: skip
def test_a_verb_that_needs_more_of_the_configuration_says_so(
    acuse: Any, world: DeskWorld, tmp_path: Path, verb: str, fault: tuple[str, str]
) -> None:
    code, out, told = acuse(*verb.split(), config=edited(world, tmp_path, *fault))
    assert (code, out) == (1, "")
    assert told.endswith(f"acuse: `{verb.split()[0]}` needs this mended first\n")
    assert f"{tmp_path}/config.toml:" in told.splitlines()[0]


# -- looking


def test_a_list_has_a_line_for_each_ticket(acuse: Any) -> None:
    code, out, _ = acuse("list", "--state", "assigned", "--group", "n1", "--since", "2020-01-01")
    heads, *lines = out.splitlines()
    assert code == 0
    assert heads.split() == ["number", "opened", "state", "priority", "group", "requester", "assignee"]
    assert [re.split(r" {2,}", line)[5] for line in lines] == ["luis@cliente.example", "marta@cliente.example"]
    assert all(re.match(r"I\d{6}_\d{6}  \d{4}-\d\d-\d\d \d\d:\d\d  assigned", line) for line in lines)
    assert acuse("list", "--state", "closed")[1].splitlines() == [
        "number  opened  state  priority  group  requester  assignee"
    ]


def test_a_ticket_is_shown_with_all_that_there_is_of_it(acuse: Any, world: DeskWorld) -> None:
    number = opened(world, MARTA)
    code, out, _ = acuse("show", number.lower())
    assert code == 0
    assert out.startswith(f"{number}  incident, assigned (new)\n")
    for line in ("requester     Marta Gil, marta@cliente.example", "type          Error Funcional",
                 "files         captura.png (4 bytes)"):  # fmt: skip
        assert f"  {line}\n" in out
    assert re.search(rf"confirmation  marta@cliente\.example  sent\n.*assignment  {GROUP}  sent", out)
    assert max(map(len, out.splitlines())) <= 80


def test_an_export_needs_no_acuse_to_be_read(acuse: Any, world: DeskWorld, tmp_path: Path) -> None:
    code, out, _ = acuse("export", opened(world, MARTA), "--to", str(tmp_path / "out"))
    assert (code, out) == (0, f"{tmp_path}/out: 3 files\n")
    [file] = (tmp_path / "out" / "attachments").iterdir()
    assert (file.name.endswith("captura.png"), file.read_bytes()) == (True, b"\x89PNG")
    assert json.loads((tmp_path / "out" / "ticket.json").read_text(encoding="utf-8"))["requester"] in MARTA
    told = f"acuse: {tmp_path}/out holds ticket {opened(world, MARTA)} already: name another folder\n"
    assert acuse("export", opened(world, STRANGER), "--to", str(tmp_path / "out")) == (1, "", told)
    assert acuse("export", opened(world, MARTA), "--to", str(tmp_path / "out"))[0] == 0


def test_a_terminal_gets_lines_that_fit(world: DeskWorld) -> None:
    shown = on_a_terminal(world, "list", columns=60)
    assert "luis@cliente.example" not in shown
    assert all(len(line) <= 60 for line in shown.splitlines())
    assert shown.splitlines()[0].endswith("…")


# -- explaining


def explained(acuse: Any, world: DeskWorld, *mails: Path) -> tuple[list[dict[str, Any]], str]:
    code, out, told = acuse("explain", "--json", *map(str, mails))
    assert code == 0
    return [json.loads(line) for line in out.splitlines()], told


def test_what_refuses_a_mail_is_said_as_its_sender_reads_it(acuse: Any, world: DeskWorld, tmp_path: Path) -> None:
    config, mail = tmp_path / "config.toml", tmp_path / "refused.eml"
    rule = '[[rules]]\nname = "altas"\nwhen = { words = "altas" }\nthen = { refuse = "Pídalo en su delegación." }\n'
    config.write_text(world.config.read_text(encoding="utf-8") + rule, encoding="utf-8")
    mail.write_bytes(write("pepe@cliente.example", OPENINGS, SUBJECT, GOOD).as_bytes())
    assert "\n  fault: mail refused (Pídalo en su delegación.)\n" in acuse("explain", str(mail), config=config)[1]


def test_the_faults_of_an_opening_and_what_rules_read_in_it_are_said_in_words(acuse: Any, tmp_path: Path) -> None:
    mail = tmp_path / "faulty.eml"
    mail.write_bytes(write("pepe@cliente.example", OPENINGS, SUBJECT, "Tipo: Error\nDescripción: corta\n").as_bytes())
    out = acuse("explain", str(mail))[1]
    assert re.findall("\n  ((?:fault|rule).*)", out) == [
        "fault: service missing, allowed: AREN, CONDUCTORES",
        "fault: type not in list, read «Error», allowed: Pérdida de Servicio, Error Acceso, Error Funcional, "
        "nearest: Error Acceso",
        "fault: description too short, read «corta», at least 10 characters",
        "rule caída de AREN: no (service: nothing)",
    ]


def test_several_mails_are_explained_an_object_each(acuse: Any, world: DeskWorld, tmp_path: Path) -> None:
    faulty, token = tmp_path / "faulty.eml", tmp_path / "token.eml"
    faulty.write_bytes(write("pepe@cliente.example", OPENINGS, SUBJECT, GOOD.replace("AREN", "ARENN")).as_bytes())
    answer = write(MARTA, "soporteservicios@cau.example", f"Validar Petición {opened(world, MARTA)} [{'A' * 26}]", "")
    token.write_bytes(answer.as_bytes())
    before = world.query("SELECT COUNT(*) FROM mails")
    (refused, stale), told = explained(acuse, world, faulty, token)
    assert (refused["verdict"], refused["errors"][0]["nearest"], refused["letters"]) == ("refused", "AREN", ["refusal"])
    assert (stale["verdict"], stale["mailbox"], stale["letters"]) == ("untreated", "servicio", ["verdict_notice"])
    assert told == ""
    assert world.query("SELECT COUNT(*) FROM mails") == before
    code, out, told = acuse("explain", "none.eml", str(faulty))
    assert (code, out.startswith(f"{faulty}: refused"), told) == (1, True, "acuse: there is no file none.eml\n")


def test_a_mail_over_the_limit_is_explained_as_it_is_treated(acuse: Any, world: DeskWorld, tmp_path: Path) -> None:
    text = world.config.read_text(encoding="utf-8") + "\n[limits]\nmail = 2000\n"
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    mail = write(MARTA, OPENINGS, SUBJECT, GOOD, files={"captura.png": b"\x89PNG" * 1000})
    (tmp_path / "large.eml").write_bytes(bytes(mail))
    code, out, _ = acuse("explain", "--json", str(tmp_path / "large.eml"), config=tmp_path / "config.toml")
    explained = json.loads(out)
    assert (code, explained["verdict"], explained["letters"], explained["group"]) == (0, "too_large", ["refusal"], "")
    assert [(fault["code"], fault["allowed"]) for fault in explained["errors"]] == [("mail_too_large", ["2000"])]


def test_a_mail_that_cannot_be_read_is_explained_by_its_sender(acuse: Any, tmp_path: Path) -> None:
    mail = write(MARTA, OPENINGS, "Oferta", GOOD, headers={"X-Long": TOO_LONG})
    (tmp_path / "odd.eml").write_bytes(bytes(mail))
    _, out, _ = acuse("explain", "--json", str(tmp_path / "odd.eml"))
    explained = json.loads(out)
    assert (explained["verdict"], explained["subject"]) == ("quarantined", "Oferta")
    assert explained["from"] in MARTA


@pytest.mark.parametrize(
    ("to", "subject", "mailbox"),
    [
        (OPENINGS, "Algo falla", "apertura"),
        (SERVICE, f"Re: {SUBJECT}", "servicio"),
        ("otra@cau.example", "Algo falla", "apertura (guessed: it names none of the desk's addresses)"),
    ],
)
def test_of_a_mail_that_is_nothing_it_is_told_what_opens_and_where(
    acuse: Any, tmp_path: Path, to: str, subject: str, mailbox: str
) -> None:
    mail = tmp_path / "loose.eml"
    mail.write_bytes(write("pepe@cliente.example", to, subject, GOOD).as_bytes())
    out = acuse("explain", str(mail))[1]
    assert out.startswith(f"{mail}: untreated (no_match), mailbox {mailbox}\n")
    assert f"\n  opens at {OPENINGS}: subject «{SUBJECT}»\n" in out


@pytest.mark.parametrize(
    ("to", "subject", "why", "near", "told"),
    [
        (OPENINGS, f"Re: {SUBJECT}", "near_miss", "incident",
         f"nearly opens incident, but for the subject; the right one is «{SUBJECT}»"),
        (SERVICE, SUBJECT, "near_miss", "incident",
         f"nearly opens incident, but for the address; the right one is {OPENINGS}"),
        (OPENINGS, "Mis incidencias", "no_match", "",
         f"this subject asks the desk, and is answered at {SERVICE} alone"),
        (TECHNICIANS, "Consulta", "no_match", "",
         "this subject asks the desk, and is nothing that its sender may ask for"),
    ],
)  # fmt: skip
def test_of_a_mail_that_is_nearly_something_it_is_told_what_is_wrong_with_it(
    acuse: Any, world: DeskWorld, tmp_path: Path, to: str, subject: str, why: str, near: str, told: str
) -> None:
    mail = tmp_path / "nearly.eml"
    mail.write_bytes(write("pepe@cliente.example", to, subject, GOOD).as_bytes())
    out = acuse("explain", str(mail))[1]
    assert (f": untreated ({why}), " in out, f"\n  {told}\n" in out, "opens at" in out) == (True, True, False), out
    assert explained(acuse, world, mail)[0][0]["near"] == near


@pytest.mark.parametrize("database", [None, "minutes of a meeting\n" * 400])
def test_without_books_a_mail_is_explained_as_a_new_desk_would(
    acuse: Any, world: DeskWorld, tmp_path: Path, database: str | None
) -> None:
    config, mail = tmp_path / "config.toml", tmp_path / "good.eml"
    config.write_text(world.config.read_text(encoding="utf-8").replace(f"{world.folder}/acuse.db", f"{tmp_path}/a.db"))
    mail.write_bytes(write(MARTA, OPENINGS, SUBJECT, GOOD).as_bytes())
    if database:
        (tmp_path / "a.db").write_text(database, encoding="utf-8")
    code, out, told = acuse("explain", str(mail), config=config)
    assert code == 0
    assert f"{mail}: opened (opening), mailbox apertura" in out
    assert (
        f"acuse: explained as a new desk would: {'there is no database at ' if not database else ''}{tmp_path}" in told
    )


def test_without_the_password_of_the_books_a_mail_is_explained_too(
    acuse: Any, world: DeskWorld, tmp_path: Path
) -> None:
    config, mail = tmp_path / "config.toml", tmp_path / "good.eml"
    elsewhere = 'url = "postgresql://u@127.0.0.1/x"\npassword_env = "ACUSE_NOT_SET"'
    config.write_text(re.sub(r'url = "[^"]*"', elsewhere, world.config.read_text(encoding="utf-8"), count=1))
    mail.write_bytes(write(MARTA, OPENINGS, SUBJECT, GOOD).as_bytes())
    code, out, told = acuse("explain", str(mail), config=config)
    assert (code, f"{mail}: opened (opening), mailbox apertura" in out) == (0, True)
    assert told == "acuse: explained as a new desk would: the environment variable ACUSE_NOT_SET is not set\n"


# -- what waits for an admin


def test_what_is_held_or_in_quarantine_is_listed_and_set_back(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded", extra=ONE_AN_HOUR) as world:
        first, second = (write(STRANGER, OPENINGS, SUBJECT, GOOD) for _ in range(2))
        for mail in (first, second, second):  # a copy of what is held takes nothing away from it
            world.send(mail)
        world.send(write(STRANGER, OPENINGS, "Oferta", GOOD, headers={"X-Long": TOO_LONG}))
        world.acuse("run", "--once")
        quarantined, held = r"(?m)^4 .* quarantined +luis@cliente\.example .* header block over", r"(?m)^2 .* held "
        assert re.search(quarantined, world.acuse("retry").stdout)
        assert re.search(held, world.acuse("release").stdout)
        assert world.acuse("retry", "4").stdout == "retry: mail 4; treated at the next run of the daemon\n"
        assert world.acuse("retry").stdout == "no mail is quarantined\n"
        world.start()
        world.until(lambda: re.search(quarantined, world.acuse("retry").stdout), "the mail back in quarantine")
        assert world.acuse("release", "2").stdout == "release: done by the running daemon\n"
        world.until(lambda: len(world.tickets()) == 2, "second ticket")
        assert world.stop() == 0
        assert world.balanced()


# -- a terminal


def test_a_backlog_shows_how_far_it_is(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        for _ in range(60):
            world.send(write(MARTA, OPENINGS, "Oferta", GOOD))
        shown = on_a_terminal(world, "run", "--once")
    assert re.search(r"apertura .*\d0/60", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown))
    assert "mails treated: 60" in shown
    assert "verdict=" not in shown, "a line for each mail would tear the bar apart"


def on_a_terminal(world: DeskWorld, *arguments: str, columns: int = 80) -> str:
    """What a verb shows on a terminal that is so wide."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "daemon", "--config", str(world.config), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "COLUMNS": str(columns), "TERM": "xterm"}
    process = subprocess.Popen(command, stdout=its, stderr=its, env=environment)
    os.close(its)
    shown = b""
    while octets := _read(ours):
        shown += octets
    assert process.wait() == 0
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # what Linux says once nobody has the other end any more
        return b""


# -- where the output goes


def ends(
    world: DeskWorld, command: str, before: str = "", pass_fds: tuple[int, ...] = (), **environment: str
) -> tuple[int, str, str]:
    """A verb in a shell that sets its output up; Python's own buffer is on, as everywhere but in containers."""
    shell = f"{before}{shlex.join([sys.executable, '-m', 'daemon', '--config', str(world.config)])} {command}"
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    settings = {**plain, "PYTHONPATH": str(Path(__file__).parents[1]), **environment}
    done = subprocess.run(
        ["bash", "-c", shell], env=settings, pass_fds=pass_fds, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


FULL = (1, "", "acuse: No space left on device\n")
OUTPUTS: list[tuple[str, tuple[int, str, str]]] = [
    ("list >&-", (0, "", "")),
    ("show {number} >&- 2>&-", (0, "", "")),
    ("list </dev/null >/dev/null", (0, "", "")),
    ("list >/dev/full", FULL),
    ("show {number} --json >/dev/full", FULL),
    ("schema >/dev/full", FULL),
    ("show I170101_000001 2>&-", (1, "", "")),
]


@pytest.mark.parametrize(
    ("verb", "missing", "extra"),
    [("demo", "aiosmtpd", "demo"), ("migrate --to postgresql://u@127.0.0.1/x", "psycopg", "postgresql")],
)
def test_what_a_plain_install_leaves_out_is_told_with_its_extra(
    world: DeskWorld, tmp_path: Path, verb: str, missing: str, extra: str
) -> None:
    (tmp_path / f"{missing}.py").write_text(f"raise ModuleNotFoundError(name={missing!r})", encoding="utf-8")
    told = f'acuse: {missing} is not installed; in the folder of the program: pip install ".[{extra}]"\n'
    assert ends(world, verb, PYTHONPATH=f"{tmp_path}:{Path(__file__).parents[1]}") == (1, "", told)


@pytest.mark.parametrize(("command", "expected"), OUTPUTS, ids=[command for command, _ in OUTPUTS])
def test_output_that_goes_nowhere_ends_without_a_trace(
    world: DeskWorld, command: str, expected: tuple[int, str, str]
) -> None:
    assert ends(world, command.format(number=opened(world, MARTA))) == expected


def test_a_reader_that_has_heard_enough_is_told_no_more(world: DeskWorld) -> None:
    its, ours = os.pipe()
    os.close(its)
    with os.fdopen(ours, "wb") as cut_off:
        assert ends(world, f"list >&{cut_off.fileno()}", pass_fds=(cut_off.fileno(),)) == (1, "", "")


def test_a_copy_that_does_not_fit_is_none(world: DeskWorld, tmp_path: Path) -> None:
    code, out, told = ends(world, f"backup {tmp_path}/copy", before="ulimit -f 8; ")
    assert (code, out) == (1, "")
    assert told.startswith(f"acuse: no copy could be made at {tmp_path}: ")
    assert ends(world, f"init {tmp_path}/new", before="ulimit -f 8; ") == (1, "", "acuse: File too large\n")
    assert not list(tmp_path.glob("copy*"))
    assert ends(world, f"init {tmp_path}/new")[0] == 0


def test_another_encoding_of_the_terminal_is_served_too(world: DeskWorld) -> None:
    ascii_ = {"PYTHONIOENCODING": "ascii"}
    number = opened(world, MARTA)
    code, out, told = ends(world, f"show {number}", **ascii_)
    assert (code, told) == (0, "")
    assert r"Apertura de Incidencia Autom\xe1tica" in out
    code, out, told = ends(world, f"show {number} --json", **ascii_)
    assert json.loads(out) == world.show(number)


def test_a_mail_is_explained_from_wherever_it_can_be_read(world: DeskWorld) -> None:
    mail = f"From: {MARTA}\nTo: {OPENINGS}\nSubject: Oferta\n\nHola"
    code, out, told = ends(world, f"explain --json /dev/stdin <<'.'\n{mail}\n.")
    assert (code, json.loads(out)["subject"], told) == (0, "Oferta", "")
    assert ends(world, f"explain {world.folder}") == (1, "", f"acuse: {world.folder}: Is a directory\n")
