"""Every word of the catalogue for what rules and parsers give by a key is given by them, and the other way round."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import get_args

import pytest

from parsers.fields import FaultCode
from rules.alarms import AT_ONCE, BACK
from rules.clocks import Why
from rules.quarantine import VERBS
from rules.schedule import JobName
from tests.lettering import letters_desk

ROOT = Path(__file__).parent.parent
ALARMS = (
    "rules/alarms.py", "rules/deliveries.py", "rules/guessing.py", "rules/quarantine.py", "daemon/operations/alarms.py",
    "daemon/operations/route_watch.py", "daemon/operations/troubles.py", "daemon/operations/upkeep.py",
    "daemon/service.py", "daemon/store/posting.py",
)  # fmt: skip
RULES = tuple(str(path.relative_to(ROOT)) for name in ("rules", "parsers") for path in (ROOT / name).glob("*.py"))
OF_QUARANTINE = {f"quarantine_{verb}" for verb in VERBS}

GIVEN_BY = {
    "faults": RULES,
    "fault_details": RULES,
    "quality": RULES,
    "quality_of_others": ("rules/quality.py",),
    "netiquette": ("rules/quality.py",),
    "assignment": RULES,
    "events": (*RULES, "daemon/store/dropping.py"),
    "reasons": RULES,
    "desk_refusals": RULES,
    "verdict_cases": ("rules/holding.py", "rules/queries.py", "rules/solutions.py"),
    "alerts": ALARMS,
    "alert_details": ALARMS,
    "quarantine": ("rules/quarantine.py",),
    "quarantine_verbs": ("rules/quarantine.py",),
}
"""Section of the catalogue → the modules in which its keys stand as values."""


@pytest.mark.parametrize("section", GIVEN_BY)
def test_every_key_with_words_is_given(section: str) -> None:
    given = {*chain.from_iterable(values(ROOT / path) for path in GIVEN_BY[section]), *OF_QUARANTINE, "other"}
    assert [key for key in letters_desk().catalogue["es"][section] if key not in given] == []


def test_every_piece_of_news_has_words_and_every_word_is_news() -> None:
    """Of a field or category that is changed, the action's own key is the news."""
    told = {key for path in RULES for key in first_arguments(ROOT / path, {"News", "news", "clicked"})}
    assert told | {"category", "service", "other"} == set(letters_desk().catalogue["es"]["updates"])


HAVE_WORDS: dict[str, Iterable[str]] = {
    "faults": get_args(FaultCode),
    "alerts": {*BACK, *filter(None, BACK.values()), *AT_ONCE, *OF_QUARANTINE},
    "alert_advice": BACK,
    "clock": get_args(Why),
    "jobs": get_args(JobName),
}
"""Section of the catalogue → keys that the code declares."""


@pytest.mark.parametrize("section", HAVE_WORDS)
def test_every_declared_key_has_words(section: str) -> None:
    assert set(HAVE_WORDS[section]) - set(letters_desk().catalogue["es"][section]) == set()


def values(path: Path) -> Iterator[str]:
    """The strings of a module that stand for something that is given: no declared types, nothing compared with."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = {id(each) for node in ast.walk(tree) if gives_nothing(node) for each in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.value


def first_arguments(path: Path, names: set[str]) -> Iterator[str]:
    """The strings that may be the first argument where something of these names is called."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names:
            for each in ast.walk(node.args[0]):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value


def gives_nothing(node: ast.AST) -> bool:
    declared = isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal"
    return declared or isinstance(node, ast.Compare)
