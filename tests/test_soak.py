"""The soak in its short form: `make soak` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.soak import soaking

MEMORY_MIB = 200
OPEN_FILES = 100


def test_a_storm_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with soaking(tmp_path, mails=250, kills=4, seed=7) as soak:
        assert soak.run() == [], soak.told()
        assert soak.done["kill"] == 4
        assert soak.memory_kib < MEMORY_MIB * 1024
        assert soak.descriptors < OPEN_FILES
