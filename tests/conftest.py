"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.certificates import Certificates, make
from tests.dovecot import Dovecot
from tests.postgres import Server, server
from tests.sink import Sink

if TYPE_CHECKING:
    from tests.serverless import ServerlessDesk

# Hypothesis' own: no example is late, and all runs try the same ones, so that a change is judged by what it changes.
# `pytest --hypothesis-profile default` looks for new ones, as `make fuzz` does.
settings.load_profile("ci")


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A private Dovecot, started; everybody's password is «secret»."""
    with Dovecot() as server:
        yield server


@pytest.fixture
def sink() -> Iterator[Sink]:
    """An SMTP server that keeps what it gets and misbehaves as told."""
    with Sink() as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A server certificate for 127.0.0.1 and the authority that signed it."""
    return make(tmp_path_factory.mktemp("tls"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--accept` takes the letters as they are now for their goldens."""
    parser.addoption("--accept", action="store_true", help="write the letters' golden files anew")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of our own, shared; a test takes a database of its own."""
    with server() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServerlessDesk]:
    """A whole desk without mail servers."""
    from tests.serverless import ServerlessDesk  # and the whole daemon, which tests of the parsers do without

    with ServerlessDesk(tmp_path) as running:
        yield running
