"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.store import Store
from tests.store.desk import NOW, Clock

_numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/acuse.db"
    return request.getfixturevalue("postgres").database(f"acuse{next(_numbers)}")


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def opened(url: str, tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Store]]:
    """Opens the database of this test, as often as wanted."""
    stores: list[Store] = []

    def open_store(**options: bool) -> Store:
        stores.append(Store.open(url, tmp_path / "files", clock=clock, **options))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[..., Store]) -> Store:
    return opened()
