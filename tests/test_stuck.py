"""What is due and cannot be done: it is tried again after longer and longer, stops no other, and is told of once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from test_alarms_told import Told

from daemon.causes import fire_due
from daemon.config.accounts import Alerts
from daemon.config.live import Loaded
from daemon.demo.correspondent import write
from daemon.operations.troubles import stuck_trouble
from daemon.store import stuck
from daemon.writing.letters import Letters
from rules.letters import Letter
from tests.postgres import server
from tests.rules.desks import DESK, GOOD, OPENING, OPENINGS
from tests.serverless import ServerlessDesk

MARTA = "Marta Gil <marta@cliente.test>"


class Breaking(Letters):
    """Letters of which none can be written about the tickets ``broken``; ``tried`` counts how often."""

    broken: set[str]
    tried: Counter[str]

    def compose(self, letter: Letter, to: str, **more: Any) -> Any:
        number = letter.ticket.number if letter.ticket else ""
        if number in self.broken:
            self.tried[number] += 1
            raise LookupError("a template asks for what is not there")
        return super().compose(letter, to, **more)


class Timers(ServerlessDesk):
    """A desk whose warnings are due, and cannot be written about ``self.letters_of.broken``."""

    def __init__(self, folder: Path, url: str, tickets: int) -> None:
        super().__init__(folder, DESK, url)
        people = (f"p{n}@cliente.test" for n in range(tickets))
        self.receive_all([write(sender, OPENINGS, OPENING, f"{GOOD} {sender}") for sender in people], "apertura")
        self.numbers = [number for (number,) in self.query("SELECT number FROM tickets ORDER BY due_at, number")]
        self.writer = Breaking.load(DESK)
        self.writer.broken, self.writer.tried = set(), Counter()
        self.clock.turn(days=3)

    def turn(self) -> None:
        """As the daemon does every second."""
        while fire_due(self.store, Loaded(self.live.current.settings, self.writer, "1")):
            pass

    def warned(self) -> set[str]:
        """The tickets of which a warning stands in the journal."""
        return {number for (number,) in self.query("SELECT number FROM events WHERE name IN ('warning', 'breach')")}

    def stuck(self) -> list[stuck.Stuck]:
        with self.store.read() as reading:
            return stuck.stuck(reading.session)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Hundreds of tracebacks, drawn for a terminal, take minutes."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[Any]:
    with server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return ""
    return str(request.getfixturevalue("postgres_server").database(request.node.originalname[:40]))


def test_more_than_are_looked_at_together_stop_no_other(tmp_path: Path, url: str) -> None:
    with Timers(tmp_path, url, 105) as desk:
        desk.writer.broken = set(desk.numbers[:103])
        desk.turn()
        assert desk.warned() == set(desk.numbers[103:])
        assert desk.writer.tried == dict.fromkeys(desk.numbers[:103], 1)
        assert {each.number for each in desk.stuck()} == desk.writer.broken


def test_it_is_tried_again_after_longer_and_longer_until_it_can_be_done(tmp_path: Path, url: str) -> None:
    with Timers(tmp_path, url, 1) as desk:
        (number,) = desk.numbers
        desk.writer.broken = {number}
        tries = []
        for _ in range(24 * 60):
            desk.turn()
            tries.append(desk.writer.tried[number])
            desk.clock.turn(seconds=5)
        at = [5 * turn for turn, (before, after) in enumerate(zip([0, *tries], tries, strict=False)) if after > before]
        assert at[:8] == [0, 5, 10, 20, 40, 80, 160, 320]
        assert {later - earlier for earlier, later in itertools.pairwise(at[9:])} == {600}
        desk.writer.broken = set()
        for _ in range(10):
            desk.clock.turn(minutes=1)
            desk.turn()
        assert desk.warned() == {number}
        assert desk.stuck() == []
        assert desk.store.audit(DESK) == []


def test_a_start_or_another_configuration_tries_at_once(tmp_path: Path, url: str) -> None:
    with Timers(tmp_path, url, 2) as desk:
        desk.writer.broken = set(desk.numbers)
        for _ in range(20):
            desk.turn()
            desk.clock.turn(minutes=10)
        desk.turn()
        desk.writer.broken = set(desk.numbers[:1])
        desk.turn()
        assert desk.warned() == set()
        desk.store.run(lambda tx: stuck.try_again(tx.session, desk.clock()))
        desk.turn()
        assert desk.warned() == set(desk.numbers[1:])


def test_what_is_not_due_any_more_is_not_stuck(tmp_path: Path, url: str) -> None:
    with Timers(tmp_path, url, 1) as desk:
        desk.writer.broken = set(desk.numbers)
        desk.turn()
        assert len(desk.stuck()) == 1
        desk.store.run(lambda tx: tx.session.run("UPDATE tickets SET due_at = NULL, due_name = ''"))
        assert desk.stuck() == []
        desk.store.run(lambda tx: stuck.try_again(tx.session, desk.clock()))
        assert desk.query("SELECT name FROM meta WHERE name LIKE 'stuck %'") == []


def test_it_is_told_once_and_once_more_when_all_is_done(tmp_path: Path) -> None:
    with Timers(tmp_path, "", 7) as desk:
        told = Told(desk, Alerts())
        desk.letters()

        def look() -> list[Any]:
            found = desk.stuck()
            told.alarms.look(tuple(stuck_trouble(found)), frozenset() if found else frozenset({"due_failed:"}))
            return [sent.read for sent in desk.letters("admin_alert")]

        desk.writer.broken = set(desk.numbers)
        desk.turn()
        assert look() == []
        desk.clock.turn(minutes=16)
        desk.turn()
        (letter,) = look()
        assert letter["Subject"] == "No se puede hacer lo que toca en un plazo"
        assert f"Cuántos: {len(desk.numbers)}" in letter.part("plain")
        assert desk.numbers[0] in letter.part("plain")
        assert look() == []
        desk.writer.broken = set()
        desk.clock.turn(minutes=10)
        desk.turn()
        assert [each["Subject"] for each in look()] == ["Se ha hecho lo que tocaba en los plazos"]
