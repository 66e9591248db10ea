"""What the fuzzer began with or found is tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import fuzzing


@pytest.mark.parametrize("fixture", sorted(fuzzing.FIXTURES.iterdir()), ids=lambda path: path.name)
def test_what_the_fuzzer_began_with_or_found_is_read(fixture: Path) -> None:
    assert fuzzing.try_out(fixture.read_bytes()) in ("read", "over budget")
