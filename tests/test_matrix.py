"""No row of the matrices of faults and attacks is without a test, and the documents say what is there."""

from __future__ import annotations

import re

import pytest

from tests import attacks, faults
from tests.matrix import ROOT, Matrix

both = pytest.mark.parametrize("matrix", [faults.MATRIX, attacks.MATRIX], ids=["faults", "attacks"])


@pytest.mark.parametrize("row", [f"F{n}" for n in range(1, 46)])
def test_every_fault_has_its_test(row: str) -> None:
    assert faults.MATRIX.found()[row]


@pytest.mark.parametrize("row", [f"A{n}" for n in range(1, 39)])
def test_every_attack_has_its_test(row: str) -> None:
    assert attacks.MATRIX.found()[row]


@both
def test_the_document_is_the_matrix(matrix: Matrix) -> None:
    assert matrix.document.read_text(encoding="utf-8") == matrix.written(), "python -m tests.faults --write, attacks"


@both
def test_every_test_and_file_that_a_document_names_exists(matrix: Matrix) -> None:
    named = r"`((?:tests|daemon|parsers|rules|docs)/[\w/.]+)(::(\w+))?`"
    for file, _, name in re.findall(named, matrix.document.read_text(encoding="utf-8")):
        assert (ROOT / file).exists(), file
        assert not name or f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name
