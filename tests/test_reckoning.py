"""Hours, promises or reminders change while tickets run: what is due comes when the new configuration says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.causes import fire_due, reckon_anew
from daemon.demo.correspondent import click, write
from daemon.store import queues
from daemon.writing.letters import Letters
from rules.desk import Desk
from rules.durations import Duration
from rules.tables import Calendar, Priority, Validation
from tests.deskworld import GOOD as ANY_GOOD
from tests.deskworld import GROUP, MARTA, OPENINGS, SUBJECT, DeskWorld
from tests.rules.desks import ANA, DESK, GOOD, NOW, OPENING, make_desk
from tests.rules.desks import MARTA as REQUESTER
from tests.rules.desks import OPENINGS as BOX
from tests.serverless import ServerlessDesk

HERE = DESK.zone


def with_media(response: int, resolution: int) -> Desk:
    return make_desk(
        priorities={**DESK.priorities, "Media": Priority(Duration(hours=response), Duration(hours=resolution))}
    )


def at_noon() -> Desk:
    noon = Calendar(hours=("12:00-14:00",))
    return make_desk(
        calendars={"mediodía": noon}, groups={**DESK.groups, "n1": replace(DESK.groups["n1"], calendar="mediodía")}
    )


def without_media() -> Desk:
    return make_desk(priorities={name: each for name, each in DESK.priorities.items() if name != "Media"})


AS_IT_WAS = ["09 13:23 warning", "09 14:23 breach", "10 04:23 warning", "10 10:23 breach"]
CHANGES: dict[str, tuple[Desk, list[str]]] = {
    # a ticket came on Monday 09/10 at 10:23:58 and has 4 and 24 hours, ten minutes later this: what is told, and when
    "nothing": (make_desk(), AS_IT_WAS),
    "shorter promises": (
        with_media(1, 3),
        ["09 11:08 warning", "09 11:23 breach", "09 12:38 warning", "09 13:23 breach"],
    ),
    "longer promises": (
        with_media(8, 48),
        ["09 16:23 warning", "09 18:23 breach", "10 22:23 warning", "11 10:23 breach"],
    ),
    "fewer hours": (at_noon(), ["10 13:00 warning", "10 14:00 breach"]),
    "no promise": (without_media(), []),
}


class Changing(ServerlessDesk):
    """A desk whose configuration changes while it runs."""

    def change(self, desk: Desk) -> None:
        self.desk = desk
        self.loaded: Any = SimpleNamespace(
            settings=SimpleNamespace(desk=desk), letters=Letters.load(desk), desk_digest=repr(desk)
        )
        reckon_anew(self.store, self.loaded)

    def told(self, days: int) -> list[str]:
        """What becomes due within these days, each when it does."""
        told, end = [], self.clock() + timedelta(days=days)
        while (at := self._next()) and at <= end:
            self.clock.now = max(at, self.clock())
            fire_due(self.store, self.loaded)
            told += [f"{self.clock().astimezone(HERE):%d %H:%M} {sent.letter}" for sent in self.letters()]
        return told

    def _next(self) -> Any:
        with self.store.read() as reading:
            return queues.next_due(reading.session)


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    with Changing(tmp_path, DESK, now=NOW) as desk:
        desk.change(DESK)
        assert desk.receive(write(REQUESTER, BOX, OPENING, GOOD)) == "opened"
        yield desk


@pytest.mark.parametrize("what", CHANGES)
def test_times_run_out_when_the_configuration_in_force_says(desk: Changing, what: str) -> None:
    desk.letters()
    desk.clock.turn(minutes=10)
    changed, expected = CHANGES[what]
    desk.change(changed)
    assert desk.told(days=3) == expected


def test_who_is_waited_for_is_reminded_as_the_configuration_in_force_says(desk: Changing) -> None:
    (assignment,) = desk.letters("assignment")
    desk.receive(click(ANA, assignment.read.links["Resolver"], {"Solución": "Reiniciado."}))
    desk.letters()
    desk.change(make_desk(validation=Validation(reminders=(3,), close_after=4)))
    assert desk.told(days=10) == ["12 10:23 reminder", "13 10:23 closure"]


@pytest.mark.parametrize("unreckoned", [with_media(8, 48), without_media()], ids=["later", "never"])
def test_what_is_due_by_the_row_alone_is_not_told(desk: Changing, unreckoned: Desk) -> None:
    """The daemon that fires it has the new configuration, the rows follow from the old one still."""
    desk.letters()
    desk.loaded.settings.desk = unreckoned
    assert [told for told in desk.told(days=3) if told in AS_IT_WAS] == []


def test_the_most_urgent_first_as_the_configuration_in_force_says(desk: Changing) -> None:
    (before,) = desk.query("SELECT rank FROM tickets")
    desk.change(make_desk(priorities={"Media": DESK.priorities["Media"]}))
    assert (before, desk.query("SELECT rank FROM tickets")) == ((2,), [(0,)])


def test_a_running_desk_tells_of_what_a_saved_promise_makes_late(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        world.started()
        world.send(write(MARTA, OPENINGS, SUBJECT, ANY_GOOD))
        world.wait("assignment", GROUP)
        promise = '\n[priorities.Media]\nresponse = "1s"\nresolution = "1s"\n'
        world.save(world.config.read_text(encoding="utf-8") + promise)
        assert "Media" in world.wait("breach", GROUP).part("plain")
        assert world.stop() == 0
        assert world.balanced()
