"""The command line as scripts call it: every verb of the contract, its exit code, the keys of its JSON, its signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.cli import main
from daemon.demo.correspondent import write
from tests.deskworld import GOOD, MARTA, OPENINGS, SUBJECT, DeskWorld
from tests.patience import PATIENCE_S

Acuse = Callable[..., tuple[int, str, str]]

VERBS = [
    # verb with its arguments, exit code, what it prints (an expression)
    ("init {new}", 0, r"config\.toml"),
    ("check", 0, ""),
    ("doctor", 0, r"all is well"),
    ("explain {mail}", 0, r"opened"),
    ("explain --mailbox apertura --json {mail}", 0, r'"verdict": "opened"'),
    ("list", 0, r"(?m)^I\d{6}_000001 "),
    ("list --json --state assigned --group n1 --since 2020-01-01", 0, r'"number": "I\d{6}_000001"'),
    ("show {number}", 0, r"incident, assigned"),
    ("show {number} --json", 0, r'"state": "assigned"'),
    ("export {number} --to {new}/export", 0, r"\d files"),
    ("audit", 0, r""),
    ("audit --json", 0, r"^\{"),
    ("retry", 0, r"no mail is quarantined"),
    ("release", 0, r"no mail is held"),
    ("backup {new}/backup.db", 0, r"backup\.db: the database, and there are no files yet"),
    ("migrate", 0, r""),
    ("erase marta@cliente.example", 0, r"--yes"),
    ("schema", 0, r'"\$schema"'),
]
EXPLAINED = {
    "file", "verdict", "mailbox", "kind", "fields", "errors", "subject", "from", "visible_text", "attachments", "rule",
    "group", "priority", "letters",
}  # fmt: skip
SHOWN = {
    "number", "kind", "state", "reason", "priority", "category", "group", "assignee", "requester", "participants",
    "fields", "received_at", "opened_at", "closed_at", "journal", "letters", "attachments", "relations",
}  # fmt: skip
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskWorld]:
    """A desk with one ticket, and a mail that would open another as a file."""
    with DeskWorld(tmp_path_factory.mktemp("desk"), "embedded") as world:
        (world.folder / "good.eml").write_bytes(write(MARTA, OPENINGS, SUBJECT, GOOD).as_bytes())
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        assert world.acuse("run", "--once").returncode == 0
        yield world


@pytest.fixture
def acuse(world: DeskWorld, capsys: pytest.CaptureFixture[str]) -> Acuse:
    """Runs a verb: exit code, standard output, standard error."""

    def run(*arguments: str, config: Path = world.config) -> tuple[int, str, str]:
        return (main(["--config", str(config), *arguments]), *capsys.readouterr())

    return run


@pytest.fixture
def number(acuse: Acuse) -> str:
    """The ticket's."""
    return str(json.loads(acuse("list", "--json")[1])[0]["number"])


@pytest.mark.parametrize(("verb", "code", "printed"), VERBS, ids=[verb for verb, _, _ in VERBS])
def test_a_verb_ends_as_the_contract_says(
    world: DeskWorld, acuse: Acuse, number: str, verb: str, code: int, printed: str, tmp_path: Path
) -> None:
    names = {"new": tmp_path, "mail": world.folder / "good.eml", "number": number}
    ended, out, told = acuse(*verb.format(**names).split())
    assert (ended, told) == (code, "")
    assert re.search(printed, out), out


def test_an_explained_mail_has_its_keys(world: DeskWorld, acuse: Acuse) -> None:
    (explained,) = map(json.loads, acuse("explain", "--json", str(world.folder / "good.eml"))[1].splitlines())
    assert set(explained) >= EXPLAINED
    assert (explained["from"], explained["errors"], explained["letters"]) == (
        "marta@cliente.example", [], ["confirmation", "assignment"],
    )  # fmt: skip


def test_a_shown_ticket_has_its_keys(acuse: Acuse, number: str) -> None:
    shown = json.loads(acuse("show", number, "--json")[1])
    assert set(shown) >= SHOWN
    assert {"letter", "to", "subject", "message_id", "status"} <= set(shown["letters"][0])
    assert re.fullmatch(MOMENT, shown["opened_at"])


def test_check_tells_every_problem_at_its_place_and_ends_with_one(
    world: DeskWorld, acuse: Acuse, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.toml"
    text = world.config.read_text(encoding="utf-8").replace("timezone =", "timezoen =")
    bad.write_text(text.replace('default_group = "n1"', 'default_group = "n9"'), encoding="utf-8")
    code, out, told = acuse("check", config=bad)
    assert (code, told) == (1, "")
    assert [line.split(": ", 2)[:2] for line in out.splitlines()] == [
        [f"{bad}:5:1", 'unknown key "timezoen"; did you mean "timezone"? Allowed'],
        [f"{bad}:23:17", 'there is no group "n9"; known'],
    ]


def test_check_tells_of_secrets_that_cannot_be_read(world: DeskWorld, acuse: Acuse, tmp_path: Path) -> None:
    config, there = tmp_path / "config.toml", f'"{world.folder}/password"'
    text = world.config.read_text(encoding="utf-8").replace(there, '"missing"', 1).replace(there, '"empty"', 1)
    config.write_text(text + '[alerts.smtp]\nhost = "127.0.0.1"\nsender = "a@x.es"\nca_file = "."\n', encoding="utf-8")
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    code, out, _ = acuse("check", config=config)
    line, missing, empty, folder = map(
        re.escape, (str(config), f"{tmp_path}/missing", f"{tmp_path}/empty", str(tmp_path))
    )
    assert code == 1
    assert re.fullmatch(
        rf"{line}:\d+:17: cannot read {missing}: No such file or directory; write it there, or correct its name here\n"
        rf"{line}:\d+:17: {empty} is empty\n{line}:\d+:11: cannot read {folder}: Is a directory; name a file\n",
        out,
    )


def test_the_configuration_is_named_before_the_verb_or_after_it(
    world: DeskWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACUSE_CONFIG", "/nowhere")
    named = ["--config", str(world.config)]
    told = [(main([*named, "check"]), capsys.readouterr()), (main(["check", *named]), capsys.readouterr())]
    assert told[0] == told[1] == (0, (f"{world.config}: no problems\n", ""))


@pytest.mark.parametrize(("given", "found"), [({"ACUSE_CONFIG": "named.toml"}, "named.toml"), ({}, "config.toml")])
def test_the_configuration_is_named_by_the_environment_or_lies_here(
    world: DeskWorld, tmp_path: Path, given: dict[str, str], found: str
) -> None:
    (tmp_path / found).write_text("[desk", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **given}
    command = [sys.executable, "-m", "daemon", "check"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 1
    assert f"{found}:1:6: this is not valid TOML" in done.stdout


def test_sighup_reloads_at_once_and_sigterm_ends_well(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        daemon = world.started()
        world.save(world.config.read_text(encoding="utf-8").replace("Soporte CAU", "Otro nombre"))
        daemon.send_signal(signal.SIGHUP)
        world.until(lambda: "configuration reloaded" in world.log(), "new configuration")
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        assert world.wait("confirmation", MARTA)["From"].startswith("Otro nombre ")
        assert world.stop() == 0
        daemon = world.started()
        daemon.send_signal(signal.SIGINT)
        assert daemon.wait(PATIENCE_S) == 0
