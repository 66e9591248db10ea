"""docs/features.md: every behaviour of the seeds names a test that exists, or a reason why it has none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROWS = [
    tuple(cell.strip() for cell in line.strip("|\n ").split("|"))
    for line in (TESTS.parent / "docs" / "features.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [DTLJM]\d\d ", line)
]


@pytest.mark.parametrize(("key", "behaviour", "shown"), ROWS, ids=[row[0] for row in ROWS])
def test_a_behaviour_has_its_test_or_its_reason(key: str, behaviour: str, shown: str) -> None:
    assert behaviour
    if shown.startswith("left out:"):
        assert len(shown.split()) >= 6
        return
    named = re.fullmatch(r"`([\w/]+\.py)::(test_\w+)`", shown)
    assert named, shown
    tree = ast.parse((TESTS / named[1]).read_text(encoding="utf-8"))
    assert named[2] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, shown


def test_the_five_seeds_are_told_whole() -> None:
    letters = [row[0][0] for row in ROWS]
    assert {letter: letters.count(letter) >= 30 for letter in "DTLJM"} == dict.fromkeys("DTLJM", True)
    assert len({row[0] for row in ROWS}) == len(ROWS)
    assert sum(row[2].startswith("left out:") for row in ROWS) <= len(ROWS) // 10
