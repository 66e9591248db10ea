"""A technician who stands in `[[people]]` is called by name in letters; anybody else by their address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.demo.correspondent import Received, click, write
from rules.tables import PersonTable
from tests.rules.desks import ANA, GOOD, LUIS, MARTA, NOW, OPENING, OPENINGS, make_desk
from tests.serverless import ServerlessDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServerlessDesk]:
    with ServerlessDesk(tmp_path, make_desk(people=(PersonTable("Luis Paz", (LUIS,)),)), now=NOW) as desk:
        yield desk


def said(letter: Received) -> str:
    """The text without its links."""
    return " ".join(re.sub(r"<mailto:[^>]+>", "", letter.part("plain")).split())


def test_the_assignee_is_named_where_they_are_told_of(desk: ServerlessDesk) -> None:
    desk.receive(write(MARTA, OPENINGS, OPENING, GOOD))
    links = desk.letter("assignment").links
    desk.receive(click(ANA, links["Asignar"], {"Técnico": "luis"}))
    told = [letter.read for letter in desk.letters("update")]
    assert told
    assert [letter for letter in told if "Luis Paz" not in said(letter) or LUIS in said(letter)] == []

    desk.receive(click(ANA, links["Explicar"]))
    explained = said(desk.letter("explanation"))
    assert "Técnico: Luis Paz" in explained
    assert f"Asignada, {ANA}" in explained, "nobody knows Ana's name"


def test_who_was_first_is_named(desk: ServerlessDesk) -> None:
    desk.receive(write(MARTA, OPENINGS, OPENING, GOOD))
    links = desk.letter("assignment").links
    desk.receive(click(LUIS, links["Resolver"], {"Solución": "Reiniciado."}))
    desk.letters()
    desk.receive(click(ANA, links["Resolver"], {"Solución": "Reiniciado."}))
    assert "Luis Paz llegó antes, el 09/10/2017" in said(desk.letter("desk_refusal"))
