"""Somebody with two addresses goes through a whole incident from the one that its letters do not go to."""

from __future__ import annotations

from pathlib import Path

from daemon.demo.correspondent import click, write
from rules.tables import PersonTable
from tests.rules.desks import ANA, GOOD, MARTA, NOW, OPENING, OPENINGS, SERVICE, make_desk
from tests.serverless import ServerlessDesk

MARTA_AT_HOME, ANA_AT_HOME, N1 = "marta@casa.test", "ana@casa.test", "n1@cau.test"
PEOPLE = (PersonTable("Marta Gil", (MARTA, MARTA_AT_HOME)), PersonTable("Ana Ruiz", (ANA, ANA_AT_HOME)))


def test_an_incident_goes_on_from_the_other_address(tmp_path: Path) -> None:
    with ServerlessDesk(tmp_path, make_desk(people=PEOPLE), now=NOW) as desk:
        desk.receive(write(MARTA, OPENINGS, OPENING, GOOD))
        confirmation, assignment = desk.letters()
        desk.receive(
            write(MARTA_AT_HOME, SERVICE, f"Re: {confirmation.read['Subject']}", "Hoy ocurre también en bajas.")
        )
        desk.receive(click(ANA_AT_HOME, assignment.read.links["Asignarme"]))
        desk.receive(click(ANA_AT_HOME, assignment.read.links["Resolver"], {"Solución": "Se ha reiniciado."}))
        told = [(letter.letter, letter.to) for letter in desk.letters()]
        assert told == [("update", N1), ("update", N1), ("validation", MARTA)]
        desk.receive(click(MARTA_AT_HOME, desk.sent[-1].read.links["Validar Petición"]))
        desk.receive(write(MARTA_AT_HOME, SERVICE, "Mis incidencias", ""))
        closure, status = desk.letters()
        assert [(closure.letter, closure.to), (status.letter, status.to)] == [
            ("closure", MARTA),
            ("status", MARTA_AT_HOME),
        ]
        assert "cerrad" in status.read.part("plain").lower()
