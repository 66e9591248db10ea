"""No row of the fault matrix is without a test, and the document says what is there."""

from __future__ import annotations

import pytest

from tests import matrix


@pytest.mark.parametrize("row", [f"F{n}" for n in range(1, 46)])
def test_every_row_has_its_test(row: str) -> None:
    assert matrix.found()[row] or matrix.CANNOT_HOLD[row]


def test_the_document_is_the_matrix() -> None:
    assert matrix.DOCUMENT.read_text(encoding="utf-8") == matrix.document(), "python -m tests.matrix --write"
