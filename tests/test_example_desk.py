"""The desk of config.example.toml, live on a real Dovecot: escalation there and back, canned replies, triage.

Every mail goes through the daemon as a process; what people get is read where it arrives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.demo.correspondent import Received, click, reply, write
from parsers.links import read_mailto
from tests.deskworld import ANA, GOOD, MARTA, OPENINGS, SUBJECT, DeskWorld
from tests.example import change, live_example

N1, COORDINATION, N2 = "n1@cau.example", "coordinacion@cau.example", "n2@cau.example"
COORD, EVA = "Concha Coordina <coord@cau.example>", "Eva Mas <eva@cau.example>"
LUIS, PEPE = "Luis Paz <luis@cau.example>", "Pepe Paz <pepe@cliente.example>"
ORDER = "Apertura de Orden de Trabajo."
ORDERED = "Servicio/Aplicación: CONDUCTORES\nDescripción: El pago {0} no figura en FLEI.\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskWorld]:
    with live_example(tmp_path_factory.mktemp("desk"), "dovecot") as world:
        world.start()
        yield world
        assert world.stop() == 0
        assert world.balanced()


def opened(world: DeskWorld, subject: str = SUBJECT, body: str = GOOD) -> Received:
    """A new ticket; its assignment to the first level."""
    world.send(write(MARTA, OPENINGS, subject, body))
    world.wait("confirmation", MARTA)
    return world.wait("assignment", N1)


def number_of(letter: Received) -> str:
    return letter["X-Acuse-Number"]


def said(letter: Received) -> str:
    return " ".join(letter.part("plain").split())


def standing(world: DeskWorld, letter: Received) -> tuple[str, str, str]:
    ticket = world.show(number_of(letter))
    return ticket["group"], ticket["state"], ticket["reason"]


CASES = {
    # the case: what its form asks for, and the files
    "Error 23": (
        {
            "Tipo Error": "Error 23 al firmar",
            "Cod_cliente": "B12345678 / 0042",
            "Tramite WEB": "Depósito de cuentas, paso 3",
            "Registro Mercantil afectado": "Madrid",
            "Teléfono y persona de contacto": "600 123 456, Marta Gil",
        },
        [],
    ),
    "Error sin resolver": (
        {"IP": "10.0.0.14", "Hora": "10:23", "Comprobaciones": "Otro navegador, sin caché."},
        ["pantallazo del error"],
    ),
    "Vinculación o desvinculación": ({}, ["LOPD firmada", "cuadro de vinculación"]),
    "Incongruencia en FLEI": ({"Comprobante del pago": "03/11/2026, 42,10 €"}, []),
    "Otra causa": ({"Motivo": "Lo pide la dirección."}, []),
}


@pytest.mark.parametrize("case", CASES)
def test_a_case_goes_to_the_coordination_once_all_that_it_demands_is_there(world: DeskWorld, case: str) -> None:
    fields, files = CASES[case]
    order = case == "Incongruencia en FLEI"
    assignment = opened(world, ORDER, ORDERED.format(case)) if order else opened(world)

    world.send(click(ANA, assignment.links["Escalar"], {"Caso": case}))
    refused = world.wait("desk_refusal", ANA)
    told = re.findall(r"(?m)^\d+\. (.+): (?:falta|está sin rellenar)", refused.part("plain"))
    assert told == [*fields, *["Su mensaje"] * len(files)]
    assert [name for name in files if f"Hace falta: {name}" not in said(refused)] == []
    assert standing(world, assignment) == ("n1", "assigned", "new")

    sent = {f"{name}.pdf": name.encode() for name in files}
    world.send(click(ANA, refused.links["Escalar"], fields, files=sent))
    escalated = world.wait("assignment", COORDINATION)
    assert number_of(escalated) == number_of(assignment)
    assert [line for line in (f"Caso: {case}", *map(": ".join, fields.items())) if line not in said(escalated)] == []
    assert escalated.files == sent
    assert standing(world, assignment) == ("coordinacion", "assigned", "escalated")


def test_there_and_back_by_the_coordination_while_the_requester_hears_nothing(world: DeskWorld) -> None:
    assignment = opened(world)
    before = len(world.letters(MARTA))
    world.send(click(ANA, assignment.links["Escalar"], {"Caso": "Otra causa", "Motivo": "No lo vemos."}))
    coordination = world.wait("assignment", COORDINATION)
    world.send(click(COORD, coordination.links["Escalar"], {"Grupo": "Especialistas", "Motivo": "Es del motor."}))
    specialists = world.wait("assignment", N2)
    assert "Es del motor." in said(specialists)
    world.send(click(EVA, specialists.links["Devolver"], {"Motivo": "Es de red."}))
    back = world.wait("assignment", COORDINATION)
    assert "Es de red." in said(back)
    world.send(click(COORD, back.links["Devolver"], {"Motivo": "Que lo vea redes."}))
    again = world.wait("assignment", N1)
    assert "Que lo vea redes." in said(again)
    assert standing(world, assignment) == ("n1", "assigned", "returned")
    assert len(world.letters(MARTA)) == before

    world.send(click(ANA, assignment.links["Resolver"], {"Solución": "Reiniciado."}))
    stale = world.wait("desk_refusal", ANA)
    assert "Los enlaces que tenía ya no sirven" in said(stale)


def test_a_canned_reply_goes_with_its_text_and_its_files(world: DeskWorld) -> None:
    title = "Vinculación - Envío cuadro de vinculación"
    assignment = opened(world)
    world.send(click(ANA, assignment.links["Responder"], {"Plantilla": title}))
    reply = world.wait("reply", MARTA)
    shipped = Path(__file__).parents[1] / "outbox_templates" / "es" / "canned"
    assert reply.files == {
        name: (shipped / name).read_bytes() for name in ("cuadro-vinculacion.csv", "autorizacion-lopd.txt")
    }
    first_line = (shipped / "cuadro-vinculacion.txt").read_text(encoding="utf-8").split("\n")[0]
    assert first_line in reply.part("plain").replace("\n", " ")


def test_a_canned_reply_of_the_coordination_is_not_the_first_levels(world: DeskWorld) -> None:
    assignment = opened(world)
    form = {"Plantilla": "Vinculación - Vinculado"}
    world.send(click(ANA, assignment.links["Resolver"], form))
    assert "Plantilla: ese valor no está en la lista" in said(world.wait("desk_refusal", ANA))
    world.send(click(ANA, assignment.links["Escalar"], {"Caso": "Otra causa", "Motivo": "Para vincular."}))
    world.send(click(COORD, world.wait("assignment", COORDINATION).links["Resolver"], form))
    assert "La vinculación que nos pidió ya está hecha." in said(world.wait("validation", MARTA))
    assert standing(world, assignment) == ("coordinacion", "resolved", "auto_notified")


def test_a_duplicate_is_joined_with_its_people_and_files_and_both_requesters_are_told(world: DeskWorld) -> None:
    kept = number_of(opened(world))
    world.send(write(PEPE, OPENINGS, SUBJECT, GOOD, files={"captura.png": b"\x89PNG"}))
    confirmation, assignment = world.wait("confirmation", PEPE), world.wait("assignment", N1)
    duplicate = number_of(assignment)

    world.send(click(ANA, assignment.links["Unir"], {"Con": kept}))
    assert f"trata de lo mismo que {kept}. Se ha cerrado y todo sigue en {kept}" in said(world.wait("merged", PEPE))
    assert f"Sus archivos y quienes participaban están ahora en {kept}." in said(world.wait("merged", MARTA))
    assert f"Se le ha unido {duplicate}" in said(world.wait("update", N1))
    closed, joined = world.show(duplicate), world.show(kept)
    assert (closed["state"], closed["reason"], closed["points_to"]) == ("closed", "merged", kept)
    assert (joined["state"], joined["relations"]) == ("assigned", [duplicate])
    assert joined["participants"] == ["pepe@cliente.example"]
    assert [file["name"] for file in joined["attachments"]] == ["captura.png"]

    world.send(reply(PEPE, confirmation, "En Lugo también."))
    heard = world.wait("update", N1)
    assert (number_of(heard), "En Lugo también." in said(heard)) == (kept, True)
    world.send(click(LUIS, assignment.links["Resolver"], {"Solución": "Reiniciado."}))
    late = world.wait("desk_refusal", LUIS)
    assert late["Subject"] == "«Resolver» no se ha hecho: sigue con otro número"
    assert f"«Resolver» sobre {kept} no ha cambiado nada" in said(late)
    assert "ana@cau.example llegó antes" in said(late)
    assert "«Unida a otra»" in said(late)
    solved = [number_of(each) for who in (MARTA, PEPE) for each in world.letters(who, "validation")]
    assert not {kept, duplicate} & set(solved)


def test_what_was_opened_as_the_wrong_kind_goes_on_under_another_number(world: DeskWorld) -> None:
    world.send(write(PEPE, OPENINGS, SUBJECT, GOOD))
    confirmation, assignment = world.wait("confirmation", PEPE), world.wait("assignment", N1)
    old = number_of(assignment)
    world.send(click(ANA, assignment.links["Reclasificar"], {"Clase": "Incidencia"}))
    refused = world.wait("desk_refusal", ANA)
    assert "Usted escribió: «Incidencia» Puede escribir: Orden de trabajo" in said(refused)

    world.send(click(ANA, refused.links["Reclasificar"], {"Clase": "Orden de trabajo"}))
    told, again = world.wait("reclassified", PEPE), world.wait("confirmation", PEPE)
    number = number_of(again)
    assert number.startswith("W")
    assert told["Subject"] == f"{old} es ahora {number}"
    assert "La hemos pasado a la clase «Orden de trabajo»" in said(told)
    assert again["Subject"] == f"Confirmación de la orden de trabajo {number}"
    assert "La pantalla de altas da un error 500." in said(again)
    assert number_of(world.wait("assignment", N1)) == number
    closed, new = world.show(old), world.show(number)
    assert (closed["state"], closed["reason"], closed["points_to"]) == ("closed", "reclassified", number)
    assert (new["kind"], new["state"], new["relations"]) == ("work_order", "assigned", [old])
    assert new["received_at"] == closed["received_at"]

    world.send(reply(PEPE, confirmation, "En Lugo también."))
    heard = world.wait("update", N1)
    assert (number_of(heard), "En Lugo también." in said(heard)) == (number, True)


def test_of_two_technicians_at_once_the_second_learns_what_changed_and_may_choose_again(world: DeskWorld) -> None:
    assignment = opened(world)
    for technician in (ANA, LUIS):
        world.send(click(technician, assignment.links["Asignarme"]))
    assert "Se la asigna Ana Ruiz" in said(world.wait("update", N1))
    second = world.wait("desk_refusal", LUIS)
    assert second["Subject"] == "«Asignarme» no se ha hecho: alguien se adelantó"
    assert re.search(r"ana@cau\.example llegó antes, el .*: «Asignada»\. .* Técnico: ana@cau\.example", said(second))

    told = len(world.letters(MARTA))
    world.send(click(ANA, assignment.links["Resolver"], {"Solución": "Reiniciado."}))
    world.send(click(LUIS, second.links["Pedir información"], {"Texto": "¿Sigue fallando?"}))
    world.wait("validation", MARTA)
    late = world.wait("desk_refusal", LUIS)
    assert late["Subject"] == "«Pedir información» no se ha hecho: alguien se adelantó"
    assert re.search(r"ana@cau\.example llegó antes, el .*: «Solución enviada»\. .* Estado: Resuelto", said(late))
    assert len(world.letters(MARTA)) == told + 1
    assert standing(world, assignment) == ("n1", "resolved", "no_further_action")

    world.send(click(LUIS, late.links["Reabrir"], {"Texto": "Aún no."}))
    world.wait("reopening", MARTA)
    assert standing(world, assignment) == ("n1", "assigned", "reopened")


TRIAGED = {'triage = ""': 'triage = "coordinator"', "free_text = true": "free_text = false"}


def test_where_the_coordinator_says_who_does_it_and_answers_are_canned_only(tmp_path: Path) -> None:
    with live_example(tmp_path, "dovecot") as world:
        world.started()
        change(world, TRIAGED)
        world.until(lambda: "configuration reloaded" in world.log(), "new configuration")
        assignment = opened(world)

        triage = world.wait("assignment", COORD)
        world.send(click(COORD, triage.links["Asignar"], {"Técnico": "luis@cau.example"}))
        world.until(lambda: world.show(number_of(triage))["assignee"] == "luis@cau.example", "assignee")

        form = read_mailto(assignment.links["Responder"])[2]
        assert ("Plantilla:" in form, "Texto:" in form) == (True, False)
        world.send(click(ANA, assignment.links["Responder"], {"Texto": "Mire en el manual."}))
        refused = world.wait("desk_refusal", ANA)
        assert "Su grupo contesta solo con plantillas." in said(refused)
        assert world.letters(MARTA, "reply") == []
        world.send(click(ANA, assignment.links["Responder"], {"Plantilla": "Falta de pago"}))
        world.wait("reply", MARTA)
        assert world.stop() == 0
        assert world.balanced()
