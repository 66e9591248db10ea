"""The JSON Schema says what the loader says: the same names, and the example and the smallest file fit it."""

from __future__ import annotations

import json
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from daemon.commands.starting import write_config
from daemon.config.schema import schema
from daemon.config.settings import load
from tests.configs import BASE, changed

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
SCHEMA = schema()
TYPES: dict[str, type | tuple[type, ...]] = {
    "any": object, "object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
    "boolean": bool,
}  # fmt: skip


def misfits(value: Any, rule: dict[str, Any], path: str = "") -> list[str]:
    """What does not fit, by the keywords that our schema uses; any other keyword is a defect of the schema."""
    known = {"type", "properties", "required", "items", "additionalProperties", "enum", "pattern", "anyOf", "$ref",
        "description", "default", "title"}  # fmt: skip
    assert set(rule) <= known | {"$schema", "$defs"}, rule
    if "$ref" in rule:
        return misfits(value, SCHEMA["$defs"][rule["$ref"].rpartition("/")[2]], path)
    if "anyOf" in rule:
        return [] if any(not misfits(value, branch) for branch in rule["anyOf"]) else [f"{path}: no branch"]
    if not isinstance(value, TYPES[rule.get("type", "any")]):
        return [f"{path}: not {rule['type']}"]
    found = [f"{path}: not in the list"] if value not in rule.get("enum", [value]) else []
    if isinstance(value, str) and not re.search(rule.get("pattern", ""), value):
        found.append(f"{path}: pattern")
    if isinstance(value, list):
        found += [m for n, item in enumerate(value) for m in misfits(item, rule.get("items", {}), f"{path}[{n}]")]
    if isinstance(value, dict):
        found += [f"{path}.{key}: missing" for key in rule.get("required", []) if key not in value]
        for key, inner in value.items():
            further = rule.get("properties", {}).get(key, rule.get("additionalProperties", True))
            if further is False:
                found.append(f"{path}.{key}: unknown")
            elif isinstance(further, dict):
                found += misfits(inner, further, f"{path}.{key}")
    return found


@pytest.mark.parametrize("text", [BASE, EXAMPLE.read_text(encoding="utf-8")], ids=["smallest", "example"])
def test_a_good_file_fits(text: str) -> None:
    assert misfits(tomllib.loads(text), SCHEMA) == []


@pytest.mark.parametrize(
    ("old", "new", "misfit"),
    [
        ('prefix = "I"', 'prefixx = "I"\nprefix = "I"', ".kinds.incident.prefixx: unknown"),
        ('prefix = "I"', "", ".kinds.incident.prefix: missing"),
        ('from = "services"', 'from_ = "services"', ".kinds.incident.fields[0].from_: unknown"),
        ("port = 1143", 'port = "1143"', ".mailboxes[0].port: not integer"),
        ('security = "none"\nuser', 'security = "ssl"\nuser', ".mailboxes[0].security: not in the list"),
        ('poll = "1s"', 'poll = "1 s"', ".mailboxes[0].poll: pattern"),
        ('name = "averías de AREN"', 'name = "averías de AREN"\ncontinue = 1', ".rules[0].continue: not boolean"),
        ("", "[catalogue]\n", ".catalogue: unknown"),
    ],
)
def test_a_mistake_does_not_fit(old: str, new: str, misfit: str) -> None:
    assert misfits(tomllib.loads(changed(old, new)), SCHEMA) == [misfit]


def test_every_table_and_many_keys_are_described() -> None:
    assert [name for name, table in SCHEMA["$defs"].items() if not table.get("description")] == []
    assert "Safety net" in SCHEMA["$defs"]["Account"]["properties"]["poll"]["description"]


def test_the_words_of_the_schema_are_those_of_the_file() -> None:
    text = json.dumps(SCHEMA)
    assert {"name", "when", "then", "continue", "tests"} == set(SCHEMA["$defs"]["Rule"]["properties"])
    assert '"null"' not in text
    assert "continue_" not in text
    assert SCHEMA["$defs"]["Account"]["properties"]["poll"]["default"] == "1m"


def test_the_example_shows_every_table_and_key() -> None:
    """A key that the example does not name, in a comment at least, is one that nobody finds."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for name in SCHEMA["properties"]:
        assert re.search(rf"(?m)^#? ?\[?\[?{name}\b", text), name
    for name, table in SCHEMA["$defs"].items():
        missing = [key for key in table.get("properties", {}) if not re.search(rf"(?<![a-z_]){key}(?![a-z_])", text)]
        assert missing == [], name


def test_init_writes_a_file_for_its_owner_alone_that_loads(tmp_path: Path) -> None:
    path = write_config(tmp_path / "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path).desk.desk.name == "Soporte CAU"
    assert json.loads((path.parent / "config.schema.json").read_text(encoding="utf-8")) == SCHEMA


def test_init_leaves_a_file_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match="exists already"):
        write_config(tmp_path)
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == "mine"
