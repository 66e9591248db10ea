"""The README is true: its table of states is the code's, its tests and files exist, its commands are there; and so is
the architecture's page: what it names stands where it says."""

from __future__ import annotations

import ast
import re
from operator import attrgetter
from pathlib import Path

import pytest

from daemon.commands.checking import check
from rules.facts import Facts
from rules.intake import decide
from rules.lifecycle import TRANSITIONS
from tests.rules.desks import DESK, GOOD, NOW, NUMBER, OPENING, mail, reading

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_states_is_the_one_in_the_code() -> None:
    section = README.split("## States")[1].split("## ")[0]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in section.splitlines() if "|" in line]
    told = {event: (tuple(sources.split(", ")), target, reason) for event, sources, target, reason in rows[2:]}
    assert told == {name: (t.sources, t.target, t.reason) for name, t in TRANSITIONS.items()}


def test_the_configuration_runs_as_it_stands(tmp_path: Path) -> None:
    section = README.split("## A whole configuration")[1].split("## ")[0]
    config = tmp_path / "config.toml"
    config.write_text("".join(re.findall(r"```toml\n(.*?)```", section, re.S)), encoding="utf-8")
    (tmp_path / "password").write_text("secret\n", encoding="utf-8")
    (tmp_path / "password").chmod(0o600)
    assert check(config) == ()


@pytest.mark.parametrize("promise", [f"P{n}" for n in range(1, 10)])
def test_each_promise_names_tests_that_exist(promise: str) -> None:
    (row,) = [line for line in README.splitlines() if line.startswith(f"| {promise} |")]
    named = re.findall(r"`(tests/[^`]+)`", row)
    assert named
    for test in named:
        file, _, function = test.partition("::")
        assert (ROOT / file).is_file(), test
        assert not function or f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_every_file_that_is_linked_or_named_exists() -> None:
    linked = re.findall(r"\]\(([^)]+)\)", README)
    named = re.findall(r"`((?:rules|parsers|daemon|outbox_templates)/[\w/.]*)`", README)
    missing = [name for name in (*linked, *named) if not (ROOT / name).exists()]
    assert missing == []


def defined(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """What a module or a class defines, by name."""
    named: dict[str, ast.stmt] = {each.name: each for each in body if isinstance(each, ast.FunctionDef | ast.ClassDef)}
    return named | {ast.unparse(each.target): each for each in body if isinstance(each, ast.AnnAssign)}


def test_every_hop_of_the_architecture_is_in_the_code() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    hops = re.findall(r"`([\w/]+\.py)(?:::([\w.]+))?`", page)
    assert len(hops) > 50
    for file, name in hops:
        body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
        for part in filter(None, name.split(".")):
            assert part in defined(body), f"{file}::{name}"
            body = getattr(defined(body)[part], "body", [])


def test_the_worked_example_is_what_the_rules_make_of_it() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    at = dict(re.findall(r"^\| `(Reading|Needs|Facts|Decision)` \| (.*) \|$", page, re.M))
    read = reading("apertura", mail(OPENING, GOOD))
    facts = Facts(next_number=NUMBER)
    values = {"Reading": read, "Needs": read.needs(DESK), "Facts": facts, "Decision": decide(read, facts, DESK, NOW)}
    for name, told in at.items():
        for path, value in re.findall(r"`([a-z_.]+)=(.*?)`", told):
            found = str(attrgetter(path)(values[name]) if path != "form.values" else short(read.form.values))
            assert found == value.strip("'") or found == value, path
    assert len(at) == 4
    assert [f"`{each.name}`" for each in (*values["Decision"].events, *values["Decision"].letters)] == re.findall(
        r"`[a-z]+`", at["Decision"]
    )


def short(values: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The fields of a form as the page shows them: of a long text it only says that there is one."""
    return tuple((name, value if len(value) < 30 else "…") for name, value in values)


def test_the_make_targets_exist() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"(?:`|    )make (\w+)", README)) <= targets


def test_it_can_be_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 250
