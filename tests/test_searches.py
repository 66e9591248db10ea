"""A technician's search, from the mail that asks to the table of results: every criterion over the same few tickets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from daemon.demo.correspondent import Received, click, write
from rules.tables import FieldTable, Rates
from tests.rules.desks import ANA, FIELDS, GOOD, NOW, OPENING, OPENINGS, ORDER, SERVICE, TECHNICIANS
from tests.rules.technicians import STAFF
from tests.serverless import ServerlessDesk

MARTA, PEPE = "Marta Gil Prado <marta@cliente.test>", "Pepe Paz <pepe@cliente.test>"
SCREEN, LOST, ACCESS, PLACE = "I171009_000001", "I171010_000001", "I171011_000001", "W171012_000001"
WITH_CIF = replace(STAFF.kinds["work_order"], fields=(FieldTable("CIF", "cif"), FIELDS[2]))
DESK = replace(STAFF, kinds={**STAFF.kinds, "work_order": WITH_CIF})


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerlessDesk]:
    """Four tickets, one a day: a screen that fails, a lost service that was solved, an access, and an order."""
    with ServerlessDesk(tmp_path_factory.mktemp("searched"), DESK, now=NOW) as desk:
        desk.receive(write(MARTA, OPENINGS, OPENING, GOOD))
        desk.clock.turn(days=1)
        desk.receive(write(PEPE, OPENINGS, OPENING, GOOD.replace("Error Funcional", "Pérdida de Servicio")))
        lost = desk.letter("assignment", "n2@cau.test")
        desk.receive(click("eva@cau.test", lost.links["Resolver"], {"Solución": "Se reinstala el equipo."}))
        desk.clock.turn(days=1)
        access = "Servicio/Aplicación: CONDUCTORES\nTipo: Error Acceso\nDescripción: No puedo entrar desde casa."
        desk.receive(write(PEPE, OPENINGS, OPENING, access))
        desk.receive(click(ANA, desk.letter("assignment").links["Categoría"], {"Categoría": "Accesos"}))
        desk.clock.turn(days=1)
        desk.receive(write(MARTA, OPENINGS, ORDER, "CIF: B1234567\nDescripción: Vincular la provincia de Lugo."))
        desk.letters()
        yield desk


def asked(desk: ServerlessDesk, form: str) -> Received:
    """The answer to «Buscar»."""
    desk.clock.turn(minutes=1)
    assert desk.receive(write(ANA, TECHNICIANS, "Consulta", f"Acción: Buscar\n{form}")) == "desk"
    return desk.letter("search_results", ANA)


def results(letter: Received) -> dict[str, str]:
    """Numbers with what stands beside each."""
    return dict(re.findall(r"(?m)^([IW]\d{6}_\d{6}): (.+?)\r?$", letter.part("plain")))


SEARCHES = {
    # the form: the numbers that are found
    f"Número: {ACCESS.lower()}": {ACCESS},
    "Nombre: gil": {PLACE, SCREEN},
    "Nombre: Marta Prado": {PLACE, SCREEN},
    "Correo: pepe@cliente.test": {ACCESS, LOST},
    "CIF: b1234567": {PLACE},
    "Texto: pantalla guardar": {LOST, SCREEN},
    "Texto: reinstala": {LOST},
    "Texto: impresora": set(),
    "Estado: Asignado": {PLACE, ACCESS, SCREEN},
    "Estado: Resuelto": {LOST},
    "Grupo: Nivel 2": {LOST},
    "Desde: 11/10/2017": {PLACE, ACCESS},
    "Hasta: 10/10/2017": {LOST, SCREEN},
    "Desde: 10/10/2017\nHasta: 11/10/2017": {ACCESS, LOST},
    "Servicio/Aplicación: conduc": {ACCESS},
    "Tipo: funcional": {SCREEN},
    "Nombre: Paz\nTexto: pantalla\nEstado: Resuelto": {LOST},
}


MANY = 201
"""One more than a search tells."""


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerlessDesk]:
    """So many open tickets of one person, a minute between the first and the others."""
    rates, guards = Rates(per_sender=MANY, total=MANY), replace(STAFF.guards, letters=2 * MANY)
    busy = replace(STAFF, senders=replace(STAFF.senders, rates=rates), guards=guards)
    with ServerlessDesk(tmp_path_factory.mktemp("crowded"), busy, now=NOW) as desk:
        for n in range(MANY):
            desk.receive(write(MARTA, OPENINGS, OPENING, f"{GOOD} Es el puesto {n}."))
            desk.clock.turn(minutes=n == 0)
        desk.letters()
        yield desk


def test_the_worklist_counts_all_that_is_open_and_the_oldest_promise_comes_first(crowded: ServerlessDesk) -> None:
    crowded.receive(write(ANA, TECHNICIANS, "Consulta", "Acción: Turno"))
    letter = crowded.letter("worklist", ANA)
    assert letter["Subject"] == f"Turno: {MANY} abiertas"
    assert next(iter(results(letter))) == SCREEN


def test_a_requesters_own_tickets_are_all_counted(crowded: ServerlessDesk) -> None:
    crowded.receive(write(MARTA, SERVICE, "Mis incidencias", ""))
    assert crowded.letter("status", "marta@cliente.test")["Subject"] == f"Sus peticiones: {MANY}"


def test_a_search_that_finds_too_much_says_which_it_tells(crowded: ServerlessDesk) -> None:
    letter = asked(crowded, "Texto: pantalla")
    assert letter["Subject"] == "Más de 200 resultados de su búsqueda"
    assert "Son los 200 más recientes." in letter.part("plain")


@pytest.mark.parametrize("form", SEARCHES)
def test_what_each_criterion_finds(desk: ServerlessDesk, form: str) -> None:
    assert results(asked(desk, form)).keys() == SEARCHES[form]


def test_results_show_the_summary_and_link_what_the_technician_may_act_on(desk: ServerlessDesk) -> None:
    letter = asked(desk, "Desde: 09/10/2017")
    assert letter["Subject"] == "4 resultados de su búsqueda"
    assert results(letter) == {
        PLACE: "B1234567: Vincular la provincia de Lugo",
        ACCESS: "Accesos",
        LOST: "AREN: Pérdida de Servicio",
        SCREEN: "AREN: Error Funcional",
    }
    assert letter.links.keys() == {f"Gestionar {number}" for number in (PLACE, ACCESS, SCREEN)}
    assert desk.receive(click(ANA, letter.links[f"Gestionar {SCREEN}"], {"Acción": "Asignarme"})) == "desk"
    assert "Se la asigna" in desk.letter("update").part("plain")


@pytest.mark.parametrize(("letter", "form"), [("worklist", "Acción: Turno"), ("search_results", "Acción: Buscar")])
def test_every_action_that_a_list_names_is_done_behind_its_link_or_answered_with_its_form(
    desk: ServerlessDesk, letter: str, form: str
) -> None:
    desk.clock.turn(minutes=1)
    assert desk.receive(write(ANA, TECHNICIANS, "Consulta", form)) == "desk"
    sent = desk.letter(letter, ANA)
    (named,) = re.findall(r"escriba una que su estado admita: (.+?)\.", " ".join(sent.part("plain").split()))
    assert named.count(",") > 12
    for action in named.split(", "):
        desk.clock.turn(minutes=1)
        desk.receive(click(ANA, sent.links[f"Gestionar {ACCESS}"], {"Acción": action}))
        _, end = desk.ledger()[-1]
        links = [label for answer in desk.letters("desk_refusal", ANA) for label in answer.read.links]
        done = end in ("take", "contact", "explain") and not links
        assert done or (end == "refused_faults" and links == [action]) or (end == "refused_state" and links), action
