"""No row of the attack matrix is without a test, SECURITY.md says what is there, what the fuzzer found is tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import attacks, fuzzing


@pytest.mark.parametrize("row", [f"A{n}" for n in range(1, 39)])
def test_every_attack_has_its_test(row: str) -> None:
    assert attacks.found()[row] or attacks.CANNOT_HOLD[row]


def test_the_table_of_security_md_is_the_matrix() -> None:
    assert attacks.DOCUMENT.read_text(encoding="utf-8") == attacks.written(), "python -m tests.attacks --write"


def test_every_test_and_file_that_security_md_names_exists() -> None:
    text = attacks.DOCUMENT.read_text(encoding="utf-8")
    for file, _, name in re.findall(r"`((?:tests|daemon|parsers|rules|docs)/[\w/.]+)(::(\w+))?`", text):
        assert (attacks.ROOT / file).exists(), file
        assert not name or f"def {name}(" in (attacks.ROOT / file).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("fixture", sorted(fuzzing.FIXTURES.iterdir()), ids=lambda path: path.name)
def test_what_the_fuzzer_began_with_or_found_is_read(fixture: Path) -> None:
    fuzzing.try_out(fixture.read_bytes())
