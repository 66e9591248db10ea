"""The whole flow of an incident (D), on the embedded servers and on a real Dovecot, through the daemon as a process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from daemon.demo.correspondent import click, reply, write
from tests.deskworld import ANA, BOXES, GOOD, GROUP, MARTA, ONE_BOX, OPENINGS, SERVICE, SUBJECT, DeskWorld

STRANGER = "Mallory <mallory@otro.example>"


@pytest.mark.parametrize("kind", ["embedded", "dovecot", "one account", "postgresql"])
def test_an_incident_from_its_opening_to_its_survey(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres").database("flow") if kind == "postgresql" else ""
    boxes = ONE_BOX if kind == "one account" else BOXES
    servers = "dovecot" if kind == "dovecot" else "embedded"
    with DeskWorld(tmp_path, servers, database=url, boxes=boxes) as world:
        world.start()
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD, files={"captura ñ.png": b"\x89PNG"}))
        confirmation = world.wait("confirmation", MARTA)
        number = re.search(r"I\d{6}_\d{6}", confirmation["Subject"])[0]
        assert confirmation["Subject"] == f"Confirmación de la incidencia {number}"
        assert number.endswith("_000001")
        assignment = world.wait("assignment", GROUP)
        assert assignment.files["captura ñ.png"] == b"\x89PNG"

        world.send(click(ANA, assignment.links["Pedir información"], {"Texto": "¿Qué navegador usa?"}))
        question = world.wait("info_request", MARTA)
        assert world.show(number)["state"] == "pending"
        world.send(reply(MARTA, question, "Uso Firefox 115."))
        update = world.wait("update", GROUP)
        assert "Firefox 115" in update.part("plain")
        assert "escribió" not in update.part("plain")

        world.send(reply(STRANGER, confirmation, "Ciérrenla."))
        world.send(click(ANA, assignment.links["Resolver"], {"Solución": "Se reinicia el servicio."}))
        first = world.wait("validation", MARTA)
        world.send(click(STRANGER, first.links["Validar Petición"]))
        world.send(click(MARTA, first.links["Rechazar Petición"], {"Motivo": "Sigue fallando."}))
        world.wait("reopening", MARTA)
        assert "Sigue fallando." in world.wait("update", GROUP).part("plain")
        assert world.show(number)["state"] == "assigned"

        world.send(click(ANA, assignment.links["Resolver"], {"Solución": "Se instala la versión 4.2."}))
        second = world.wait("validation", MARTA)
        world.send(click(MARTA, first.links["Validar Petición"]))
        assert "anterior" in world.wait("verdict_notice", MARTA).part("plain")
        world.send(click(MARTA, second.links["Validar Petición"]))
        closure = world.wait("closure", MARTA)
        world.send(click(MARTA, closure.links["5 Muy bien"], {"Comentario": "Rápidos."}))
        world.wait("survey_thanks", MARTA)

        ticket = world.show(number)
        assert (ticket["state"], ticket["reason"]) == ("closed", "validated")
        assert [event["name"] for event in ticket["journal"]] == [
            "opened", "ask", "reply", "resolve", "reject", "resolve", "validate", "survey",
        ]  # fmt: skip
        assert world.letters(to=STRANGER) == []
        assert world.stop() == 0
        assert world.balanced()
        assert {world.servers.counts(box).get("INBOX", 0) for box in boxes} == {0}


def test_a_refused_form_opens_once_it_is_mended(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        world.start()
        world.send(write(MARTA, OPENINGS, SUBJECT, "Servicio/Aplicación: ARENN\nTipo: Error Acceso\n"))
        refusal = world.wait("refusal", MARTA)
        assert world.tickets() == []
        world.send(click(MARTA, refusal.links["Corregir y enviar"], {"Descripción": "No puedo entrar desde las 9:40."}))
        world.wait("confirmation", MARTA)
        (ticket,) = world.tickets()
        assert ticket["number"].endswith("_000001")


def test_what_is_no_form_is_filed_and_not_answered(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        world.start()
        world.send(write(STRANGER, OPENINGS, "Oferta de tóner", "Compre."))
        world.send(write(STRANGER, SERVICE, "¿Hay alguien?", "Hola."))
        world.until(lambda: world.servers.counts("servicio").get("Acuse/No tratados") == 1, "filed mail")
        world.until(lambda: world.servers.counts("apertura").get("Acuse/No tratados") == 1, "filed mail")
        assert world.letters() == world.query("SELECT * FROM outbox") == world.tickets() == []


def test_a_configuration_with_faults_is_told_to_the_admins_line_by_line(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        world.started()
        text = world.config.read_text(encoding="utf-8")
        world.save(text.replace("timezone", "timezoen").replace("min_length", "min_lenght"))
        told = world.wait("admin_alert", ANA).part("plain")
        misspelt = re.compile("timezone|.*min_length")
        at = [number for number, line in enumerate(text.splitlines(), 1) if misspelt.match(line)]
        assert told.count(f"Archivo: {world.config}") == 2
        assert [f"Línea: {number}" in told for number in at] == [True, True]
        assert 'did you mean "timezone"' in " ".join(told.split())
        assert 'did you mean "min_length"' in " ".join(told.split())


def test_run_once_treats_what_waits_and_ends(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        for _ in range(3):
            world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        world.acuse("run", "--once")
        assert [t["number"][-6:] for t in world.tickets()] == ["000003", "000002", "000001"]
        assert [letter.letter for letter in world.letters()] == ["confirmation", "assignment"] * 3
        assert world.balanced()
