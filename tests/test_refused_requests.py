"""What a requester can get wrong: one letter that says what and how to mend it, no number spent, nothing changed; and
what is only remarked on, which opens all the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from html import unescape
from pathlib import Path

import pytest

from daemon.demo.correspondent import Received, click, reply, write
from rules.desk import Desk
from rules.durations import Duration
from rules.tables import FieldTable, PersonTable, Priority, Quality, Requesters, Rule, Service
from tests.rules.desks import ANA, DESK, GOOD, MARTA, NOW, OPENING, OPENINGS, ORDER, SERVICE, make_desk
from tests.serverless import ServerlessDesk

FIRST = "I171009_000001"
HEAD = "Servicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: "
OWN_FIELDS = (
    FieldTable("Código de error", "code"),
    FieldTable("Pasos", "steps", lines="many"),
    FieldTable("Equipos afectados", "devices", "number", required=False),
    FieldTable("Impacto", "priority", "choice", from_="priorities"),
)


def fussy_desk() -> Desk:
    """Registered people only, orders with fields of their own, a rule that refuses, and checks that warn or refuse."""
    meant = {
        "Alta": Priority(Duration(hours=2), Duration(hours=8), description="Nadie puede trabajar."),
        "Baja": Priority(Duration(hours=8), Duration(hours=48), description="Molesta, pero se puede seguir"),
    }
    return make_desk(
        requesters=Requesters("registered"),
        people=(PersonTable("Marta Gil", (MARTA,)),),
        kinds={**DESK.kinds, "work_order": replace(DESK.kinds["work_order"], fields=OWN_FIELDS)},
        priorities={**DESK.priorities, **meant},
        rules=(Rule("aparte", {"service": "CONDUCTORES"}, {"refuse": "CONDUCTORES se atiende en otro buzón."}),),
        quality=Quality("warn", "warn", shouting="refuse", call_me="warn", missing_attachment="warn"),
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServerlessDesk]:
    """With one ticket of Marta's."""
    with ServerlessDesk(tmp_path, fussy_desk(), now=NOW) as desk:
        assert desk.receive(write(MARTA, OPENINGS, OPENING, GOOD)) == "opened"
        desk.clock.turn(hours=1)
        yield desk


Wrong = Callable[[ServerlessDesk], EmailMessage]
"""Brings about what is needed, and gives the mail that is wrong."""


def opening(body: str, sender: str = MARTA, subject: str = OPENING) -> EmailMessage:
    return write(sender, OPENINGS, subject, body)


def with_wrong_values(desk: ServerlessDesk) -> EmailMessage:
    return opening("Servicio/Aplicación: ARENN\nTipo: Error Acceso / Error Funcional\nDescripción: Nada")


def without_two_fields(desk: ServerlessDesk) -> EmailMessage:
    return opening("Tipo: Error Acceso\n")


def without_the_fields_of_its_kind(desk: ServerlessDesk) -> EmailMessage:
    return opening("Equipos afectados: muchos\nImpacto: mucho\n", subject=ORDER)


def encrypted(desk: ServerlessDesk) -> EmailMessage:
    mail = opening("")
    mail.replace_header("Content-Type", "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m")
    return mail


def from_a_shared_address(desk: ServerlessDesk) -> EmailMessage:
    return opening(GOOD, sender="info@cliente.test")


def that_shouts(desk: ServerlessDesk) -> EmailMessage:
    return opening(HEAD + "¡¡¡No puedo entrar desde ayer por la tarde!!!")


def that_a_rule_refuses(desk: ServerlessDesk) -> EmailMessage:
    return opening(GOOD.replace("AREN", "CONDUCTORES"))


def with_nearly_the_subject(desk: ServerlessDesk) -> EmailMessage:
    return opening(GOOD, subject="Apertura de incidencia automatica aplicación/desarrollo")


def to_the_address_of_all_letters(desk: ServerlessDesk) -> EmailMessage:
    return write(MARTA, SERVICE, OPENING, GOOD)


def with_a_subject_of_its_own(desk: ServerlessDesk) -> EmailMessage:
    return write(MARTA, SERVICE, f"Sobre mi incidencia {FIRST}", "Uso Firefox.")


def to_a_closed_ticket(desk: ServerlessDesk) -> EmailMessage:
    letters = {sent.letter: sent.read for sent in desk.letters()}
    desk.receive(click(ANA, letters["assignment"].links["Rechazar"], {"Motivo": "No es de aquí."}))
    return reply(MARTA, letters["confirmation"], "Vuelve a fallar.")


def with_a_link_used_before(desk: ServerlessDesk) -> EmailMessage:
    assignment = next(sent.read for sent in desk.letters("assignment"))
    desk.receive(click(ANA, assignment.links["Resolver"], {"Solución": "Reiniciado."}))
    validation = desk.letter("validation")
    assert desk.receive(click(MARTA, validation.links["Validar Petición"])) == "validated"
    return click(MARTA, validation.links["Rechazar Petición"], {"Motivo": "Me equivoqué."})


def with_a_link_of_the_number_before(desk: ServerlessDesk) -> EmailMessage:
    assignment = next(sent.read for sent in desk.letters("assignment"))
    desk.receive(click(ANA, assignment.links["Resolver"], {"Solución": "Reiniciado."}))
    solved = desk.letter("validation")
    manage = click(ANA, assignment.links["Nota"], {"Acción": "Reabrir", "Texto": "No era eso."})
    form = {
        "Acción": "Reclasificar",
        "Clase": "Orden de trabajo",
        "Código de error": "500",
        "Pasos": "Abrir",
        "Impacto": "Alta",
    }
    desk.receive_all([manage, click(ANA, assignment.links["Nota"], form)])
    return click(MARTA, solved.links["Validar Petición"])


UNOPENED = "Su incidencia no se ha abierto: corrija "
REFUSED: dict[Wrong, tuple[str, str, str, tuple[str, ...]]] = {
    # what was done: verdict, letter, its subject, what it says
    with_wrong_values: ("refused", "refusal", f"{UNOPENED}3 datos", (
        "1. Servicio/Aplicación: ese valor no está en la lista Usted escribió: «ARENN»",
        "Puede escribir: AREN o CONDUCTORES ¿Quiso decir AREN? Así está en el mensaje preparado.",
        "2. Tipo: hay varios valores y hace falta uno", "3. Descripción: es un texto demasiado corto",
        "Texto: Servicio/Aplicación: AREN Tipo: Descripción: Nada", "La incidencia tendrá número cuando se abra.",
    )),
    without_two_fields: ("refused", "refusal", f"{UNOPENED}2 datos", (
        "1. Servicio/Aplicación: falta Hace falta: una línea que empiece por «Servicio/Aplicación:»",
        "2. Descripción: falta", "Los demás son correctos", "Texto: Servicio/Aplicación: Tipo: Error Acceso",
    )),
    without_the_fields_of_its_kind: ("refused", "refusal", "Su orden de trabajo no se ha abierto: corrija 4 datos", (
        "1. Código de error: falta", "2. Pasos: falta", "3. Equipos afectados: ",
        "4. Impacto: ese valor no está en la lista Usted escribió: «mucho»",
        "Alta (Nadie puede trabajar)", "Baja (Molesta, pero se puede seguir)",
    )),
    encrypted: ("refused", "refusal", "Su incidencia no se ha abierto: mensaje cifrado", (
        "1. Su mensaje: está cifrado y no podemos leerlo Hace falta: el mismo mensaje sin cifrar",
        "Se abre un mensaje nuevo con el formulario.",
        "1. Complete los datos. 2. Envíelo sin cifrar y adjunte otra vez sus archivos, si los había. 3. Pulse Enviar",
    )),
    from_a_shared_address: ("refused", "refusal", "Su incidencia no se ha abierto: use su dirección", (
        "Su mensaje viene de una dirección compartida. Envíelo desde la suya, para que sepamos quién",
        "Envíela desde su propia dirección: el mensaje ya está preparado.",
        "Elija su propia dirección en «De:».", "Texto: Servicio/Aplicación: AREN",
    )),
    that_shouts: ("refused", "refusal", f"{UNOPENED}1 punto", (
        "1. Su mensaje: no se admite El texto lleva muchos signos seguidos. Con uno basta.",
    )),
    that_a_rule_refuses: ("refused", "refusal", "Su incidencia no se ha abierto: lea el motivo", (
        "CONDUCTORES se atiende en otro buzón. No la envíe otra vez igual: tampoco se admitiría.",
    )),
    with_nearly_the_subject: ("untreated", "near_miss", "Su incidencia no se ha abierto: corrija el asunto", (
        "Usted escribió: Apertura de incidencia automatica aplicación/desarrollo", f"El correcto es: {OPENING}",
        f"Para: {OPENINGS} Asunto: {OPENING}", "Le avisamos una vez por hora como mucho.",
        "Texto: Servicio/Aplicación: AREN Tipo: Error Funcional Descripción: La pantalla",
    )),
    to_the_address_of_all_letters: ("untreated", "near_miss", "Su incidencia no se ha abierto: corrija la dirección", (
        f"Usted escribió a: {SERVICE} La correcta es: {OPENINGS}", f"Para: {OPENINGS} Asunto: {OPENING}",
        "Texto: Servicio/Aplicación: AREN Tipo: Error Funcional Descripción: La pantalla",
    )),
    with_a_subject_of_its_own: ("untreated", "wrong_subject", "Su mensaje no se ha añadido: corrija el asunto", (
        f"Usted escribió: Sobre mi incidencia {FIRST} El correcto es: Confirmación de la incidencia {FIRST}",
        f"Para: {SERVICE} Asunto: Confirmación de la incidencia {FIRST}",
    )),
    to_a_closed_ticket: ("untreated", "closed_notice", "Su incidencia ya estaba cerrada: abra otra", (
        f"La incidencia {FIRST} se cerró el 09/10/2017", "Lo que acaba de enviar no llega al equipo.",
        f"Texto: Con: {FIRST} Servicio/Aplicación: AREN",
    )),
    with_a_link_used_before: ("untreated", "verdict_notice", "Ya había dado otra respuesta: no se ha hecho nada", (
        "Usted ya validó la solución el 09/10/2017", "y vale la primera respuesta.",
    )),
    with_a_link_of_the_number_before: (
        "untreated", "verdict_notice", "Su petición sigue con otro número: no se ha hecho nada",
        (f"{FIRST} sigue ahora como W171009_000001, y ese enlace ya no sirve.", "Recibirá otro mensaje cuando haya"),
    ),
}  # fmt: skip


def books(desk: ServerlessDesk) -> tuple[object, ...]:
    """All that a mail could have changed; the journals, the tickets, the numbers."""
    return tuple(desk.query(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("events", "tickets", "counters"))


def said(letter: Received) -> str:
    return " ".join(letter.part("plain").split())


@pytest.mark.parametrize("wrong", REFUSED, ids=[wrong.__name__ for wrong in REFUSED])
def test_one_letter_says_what_is_wrong_and_how_to_mend_it_and_nothing_changes(
    desk: ServerlessDesk, wrong: Wrong
) -> None:
    mail = wrong(desk)
    desk.letters()
    before = books(desk)
    verdict, name, subject, told = REFUSED[wrong]
    assert desk.receive(mail) == verdict
    (sent,) = desk.letters()
    assert books(desk) == before
    assert (sent.letter, sent.to, sent.read["Subject"]) == (name, mail["From"], subject)
    assert [saying for saying in told if saying not in said(sent.read)] == []


NEARLY = (
    "Servico/Aplicación = arena\nTipo – error acceso\nDescrpicion: La pantalla de altas da un error 500.\nSiempre.\n"
)
ASKED_BACK = {
    "es": (
        "1. Servicio/Aplicación: falta Usted escribió: «Servico/Aplicación = arena»",
        "2. Tipo: falta Usted escribió: «Tipo – error acceso» Hace falta: una línea que empiece por «Tipo:»",
        "¿Quiso decir «Tipo: Error Acceso»? Así está en el mensaje preparado.",
        "¿Quiso decir «Descripción: La pantalla de altas da un error 500. Siempre.»? Así está en el mensaje preparado.",
        "1. Compruebe los datos.",
    ),
    "en": (
        "2. Tipo: it is missing You wrote: “Tipo – error acceso” Needed: a line that begins with “Tipo:”",
        "Did you mean “Tipo: Error Acceso”? The prepared message already says so.",
        "1. Check the details.",
    ),
}


@pytest.mark.parametrize("language", ASKED_BACK)
def test_labels_that_nearly_stand_there_are_asked_back_and_the_prepared_message_opens(
    tmp_path: Path, language: str
) -> None:
    asks = make_desk(people=(PersonTable("Marta Gil", (MARTA,), language=language),))
    with ServerlessDesk(tmp_path, asks, now=NOW) as desk:
        assert desk.receive(opening(NEARLY)) == "refused"
        letter = desk.letter("refusal")
        for kind in ("plain", "html"):
            text = " ".join(re.sub("<[^>]+>", " ", unescape(letter.part(kind))).split())
            assert [saying for saying in ASKED_BACK[language] if kind == "plain" and saying not in text] == []
            assert ASKED_BACK[language][-2].partition("?")[0] in text
        (link,) = letter.links.values()
        assert desk.receive(click(MARTA, link)) == "opened"
        assert desk.letters("confirmation")[0].read.part("plain").count("Siempre.") == 1


REMARKED = {
    # the description, and what the confirmation says of it
    "No va nada.": "La descripción es muy corta. Con más detalle tardaremos menos.",
    "NO PUEDO ENTRAR EN EL SISTEMA DESDE AYER": "El texto está en mayúsculas. En minúsculas se lee mejor.",
    "No puedo entrar. Ruego me llamen.": "Pide que le llamemos. Cuéntenos qué ocurre por escrito: así empezamos antes.",
    "No puedo entrar: adjunto la captura de pantalla.":
        "Habla de un archivo adjunto, pero no ha llegado ninguno. Adjúntelo contestando a este mensaje.",
    "No puedo entrar con mi contraseña: hunter22x":
        "El texto parecía llevar una contraseña. La hemos tapado: cámbiela y no la envíe nunca por correo.",
    "La pantalla de altas da un error 500 al guardar.": 
        f"Se parece a {FIRST}, que usted tiene abierta: el texto es casi el mismo. Si es lo mismo, conteste a "
        "los mensajes de aquella y retire esta.",
}  # fmt: skip


@pytest.mark.parametrize("description", REMARKED)
def test_what_is_remarked_on_opens_all_the_same_and_is_told(desk: ServerlessDesk, description: str) -> None:
    desk.letters()
    assert desk.receive(opening(HEAD + description)) == "opened"
    told = {sent.letter: said(sent.read) for sent in desk.letters()}
    assert REMARKED[description] in told["confirmation"]
    assert not any("hunter22x" in text for text in told.values())


def test_the_group_reads_the_fields_of_the_kind(desk: ServerlessDesk) -> None:
    desk.letters()
    body = "Código de error: ORA-00942\nImpacto: alta\nEquipos afectados: 12\nPasos: Abrir altas.\nGuardar.\n"
    assert desk.receive(opening(body, subject=ORDER)) == "opened"
    assignment = desk.letters("assignment")[0].read
    assert "Código de error: ORA-00942 Pasos: Abrir altas. Guardar. Equipos afectados: 12" in said(assignment)
    assert "Prioridad Alta." in said(assignment)


def test_of_a_long_list_the_first_values_are_told_and_how_many_there_are_more(tmp_path: Path) -> None:
    services = tuple(Service(f"S{n:02}") for n in range(1, 31))
    with ServerlessDesk(tmp_path, make_desk(services=services, rules=()), now=NOW) as desk:
        desk.receive(write(MARTA, OPENINGS, OPENING, GOOD))
        assert "S24, S25 y 5 más" in said(desk.letter("refusal"))
