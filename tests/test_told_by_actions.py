"""What each action of a technician does and tells: the ticket afterwards, its journal, each letter as it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from daemon.demo.correspondent import Received, click, write
from tests.rules.desks import GOOD, LUIS, MARTA, NOW, OPENING, OPENINGS, SERVICE
from tests.rules.technicians import STAFF
from tests.serverless import ServerlessDesk

ANA = "Ana Ruiz <ana@cau.test>"
N1, N2, COORDINATION = "n1@cau.test", "n2@cau.test", "coordinacion@cau.test"
Form = tuple[str, dict[str, str]]
ASK: Form = ("Pedir información", {"Texto": "¿Qué navegador usa?"})
SOLVE: Form = ("Resolver", {"Solución": "Se reinicia el servicio."})


class Done(NamedTuple):
    """What an action comes to."""

    ticket: dict[str, str]
    """What the ticket is afterwards."""
    kept: str
    """What its journal keeps in words."""
    letters: dict[tuple[str, str], tuple[str, ...]]
    """Name and addressee: the subject, and what the letter says."""
    shown: bool = False
    """Whether a requester who asks is shown it."""


OURS = "Actualización de la incidencia"
ACTIONS: dict[str, tuple[list[Form], Done]] = {
    # what: the forms that are sent, and what the last of them comes to
    "taken": ([("Asignarme", {})], Done(
        {"state": "assigned", "assignee": "ana@cau.test"}, "",
        {("update", N1): (OURS, "Se la asigna Ana Ruiz", "Estado: Asignado",
         "Técnico: ana@cau.test Primera respuesta: ")},
    )),
    "given to a colleague": ([("Asignar", {"Técnico": "luis"})], Done(
        {"state": "assigned", "assignee": LUIS}, "",
        {("update", LUIS): (OURS, f"Ana Ruiz la asigna a {LUIS}", "Resolver: Envía la solución"),
         ("update", N1): (OURS, f"Ana Ruiz la asigna a {LUIS}")},
    )),
    "noted": ([("Nota", {"Texto": "Llamo mañana."})], Done({"state": "assigned"}, "Llamo mañana.", {})),
    "asked": ([ASK], Done(
        {"state": "pending", "reason": "info_requested"}, "¿Qué navegador usa?",
        {("info_request", MARTA): ("Solicitud de información de la incidencia", "¿Qué navegador usa? Lo pregunta "
         "Ana Ruiz, Nivel 1.", "Conteste a este mensaje y no cambie el asunto.", "el plazo está en pausa")},
        shown=True,
    )),
    "held for the client": ([("Pendiente", {"Motivo": "Detenido por el cliente"})], Done(
        {"state": "pending", "reason": "client_hold"}, "", {},
    )),
    "held, and said so": ([("Pendiente", {"Motivo": "Requiere acción del cliente", "Texto": "Cambie la clave."})], Done(
        {"state": "pending", "reason": "client_action"}, "Cambie la clave.",
        {("info_request", MARTA): ("Solicitud de información de la incidencia", "Cambie la clave.")}, shown=True,
    )),
    "called in vain": ([("Intento de contacto", {"Texto": "No contesta."})], Done(
        {"state": "assigned"}, "No contesta.", {},
    )),
    "answered": ([("Responder", {"Texto": "Lo estamos mirando."})], Done(
        {"state": "assigned", "reason": "new"}, "Lo estamos mirando.",
        {("reply", MARTA): ("Respuesta sobre la incidencia {n} - Soporte CAU",
         "Lo estamos mirando. Ana Ruiz, Nivel 1")}, shown=True,
    )),
    "solved": ([SOLVE], Done(
        {"state": "resolved", "reason": "no_further_action", "solution": "Se reinicia el servicio."},
        "Se reinicia el servicio.",
        {("validation", MARTA): ("Validación solución de la incidencia", "Solución: --------- Se reinicia el servicio.",
         "Validar Petición: La solución le sirve.", "Rechazar Petición:")}, shown=True,
    )),
    "solved while they were asked": ([ASK, SOLVE], Done(
        {"state": "resolved"}, "Se reinicia el servicio.", {("validation", MARTA): ("Validación solución de",)},
        shown=True,
    )),
    "solved by a canned reply": ([("Resolver", {"Plantilla": "Solicitud documentación"})], Done(
        {"state": "resolved", "reason": "auto_notified"}, "Envíenos la documentación.",
        {("validation", MARTA): ("Validación solución de la incidencia", "Envíenos la documentación.")}, shown=True,
    )),
    "rejected": ([("Rechazar", {"Motivo": "No es de aquí", "Texto": "Pídalo en su delegación."})], Done(
        {"state": "closed", "reason": "desk_rejected"}, "No es de aquí\n\nPídalo en su delegación.",
        {("desk_rejection", MARTA): ("Rechazo de la incidencia", "se ha cerrado sin solución. Motivo: «No es de aquí».",
         "Pídalo en su delegación. Ana Ruiz, Nivel 1", "Abrir otra relacionada:", "Texto: Con: {n} ")}, shown=True,
    )),
    "taken back": ([SOLVE, ("Nota", {"Acción": "Reabrir", "Texto": "Era otro servicio."})], Done(
        {"state": "assigned", "reason": "reopened"}, "Era otro servicio.",
        {("reopening", MARTA): ("Reapertura de la incidencia",
         "Su incidencia vuelve a estar abierta", "vuelve a Nivel 1. No tiene que hacer nada.")},
    )),
    "escalated": ([("Escalar", {"Caso": "Otra causa", "Motivo": "No es de red."})], Done(
        {"state": "assigned", "reason": "escalated", "group": "coordinacion"},
        "Caso: Otra causa\nNo es de red.",
        {("assignment", COORDINATION): ("Asignación de la incidencia", "La ha escalado Ana Ruiz.",
         "No es de red. Caso: Otra causa", "Devolver:")},
    )),
    "categorised": ([("Categoría", {"Categoría": "Accesos"})], Done(
        {"category": "Accesos", "group": "n1"}, "Accesos",
        {("update", N1): (OURS, "Ana Ruiz fija la categoría: Accesos")},
    )),
    "categorised for another group": ([("Categoría", {"Categoría": "Datos"})], Done(
        {"category": "Datos", "group": "n2", "assignee": ""}, "Datos",
        {("assignment", N2): ("Asignación de la incidencia", "Datos ===== Soporte CAU", "Es para Nivel 2")},
    )),
    "put first": ([("Prioridad", {"Prioridad": "Urgente"})], Done(
        {"priority": "Urgente"}, "",
        {("update", N1): (
            OURS, "Ana Ruiz fija la prioridad: Urgente", "Los plazos que valen desde ahora están más abajo.",
            "(plazo: 1 h) Resolución:",
        )},
    )),
    "of another service": ([("Servicio", {"Servicio": "conductores"})], Done(
        {"state": "assigned"}, "CONDUCTORES", {("update", N1): (OURS, "Ana Ruiz fija el servicio: CONDUCTORES")},
    )),
}  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerlessDesk]:
    with ServerlessDesk(tmp_path_factory.mktemp("told"), STAFF, now=NOW) as desk:
        yield desk


@pytest.mark.parametrize(
    ("text", "files", "told"),
    [
        ("", {}, ("el plazo corre de nuevo. Ha contestado Marta Gil", "El mensaje llegó sin texto.")),
        ("", {"registro.bin": b"x"}, ("Ha contestado Marta Gil", "Archivos nuevos --------------- - registro.bin")),
        ("Firefox.", {}, ("Firefox. Ha contestado Marta Gil", "Firefox. Marta Gil, ")),
    ],
)  # fmt: skip
def test_an_answer_to_a_question_reaches_the_group_be_it_without_text(
    desk: ServerlessDesk, text: str, files: dict[str, bytes], told: tuple[str, ...]
) -> None:
    marta = f"Marta Gil <{MARTA}>"
    desk.clock.turn(hours=2)
    desk.receive(write(marta, OPENINGS, OPENING, GOOD))
    desk.receive(click(ANA, desk.letter("assignment").links["Pedir información"], {"Texto": "¿Qué navegador usa?"}))
    asked = desk.letter("info_request")
    assert desk.receive(write(marta, SERVICE, f"RE: {asked['Subject']}", text, files=files)) == "threaded"
    update = said(desk.letter("update", N1))
    assert [saying for saying in told if saying not in update] == []
    assert ("sin texto" in update) is not bool(text or files)


def said(letter: Received) -> str:
    return " ".join(f"{letter['Subject']} {letter.part('plain')}".split())


@pytest.mark.parametrize("what", ACTIONS)
def test_what_an_action_does_and_tells(desk: ServerlessDesk, what: str) -> None:
    forms, done = ACTIONS[what]
    desk.clock.turn(hours=2)
    assert desk.receive(write(MARTA, OPENINGS, OPENING, GOOD)) == "opened"
    assignment = desk.letter("assignment")
    number = assignment["X-Acuse-Number"]
    for action, fields in forms:
        desk.letters()
        desk.receive(click(ANA, assignment.links[action], fields))
    sent = desk.letters()
    letters = {(each.letter, each.to): said(each.read) for each in sent}
    shown = desk.store.show(number, STAFF.zone)
    assert shown
    assert {name: shown[name] for name in done.ticket} == done.ticket
    assert (shown["journal"][-1]["text"], shown["journal"][-1]["visible"]) == (done.kept, done.shown)
    assert [(each.letter, each.to) for each in sent] == list(done.letters)
    missing = [
        (letter, saying)
        for letter, sayings in done.letters.items()
        for saying in sayings
        if saying.replace("{n}", number) not in letters[letter]
    ]
    assert missing == []
    if done.kept and not done.shown:
        assert not any(done.kept in text for (_, to), text in letters.items() if to == MARTA)
