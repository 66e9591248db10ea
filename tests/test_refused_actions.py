"""What a technician can get wrong: one letter that names what is wrong and what to do, and nothing changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.demo.correspondent import Received, click, write
from tests.rules.desks import (
    ANA,
    COORD,
    DESK,
    EVA,
    GOOD,
    LUIS,
    MARTA,
    NOW,
    OPENING,
    OPENINGS,
    SERVICE,
    TECHNICIANS,
    make_desk,
)
from tests.serverless import ServerlessDesk


class Scene:
    """A desk with one ticket, as its group was told of it."""

    def __init__(self, desk: ServerlessDesk) -> None:
        self.desk = desk
        self.assignment = self.opened()

    def opened(self, body: str = GOOD) -> Received:
        """Another ticket; its assignment."""
        assert self.desk.receive(write(MARTA, OPENINGS, OPENING, body)) == "opened"
        return self.desk.letter("assignment")

    def does(self, action: str, who: str = ANA, on: Received | None = None, **fields: str) -> EmailMessage:
        """The mail of a link, its form filled in."""
        return click(who, (on or self.assignment).links[action], fields)

    def done(self, *mails: EmailMessage) -> None:
        """What happened before."""
        assert self.desk.receive_all(mails) == ["desk"] * len(mails)
        self.desk.letters()


Wrong = Callable[[Scene], EmailMessage]
"""Brings about what is needed, and gives the mail that is wrong."""


def on_a_closed_ticket(scene: Scene) -> EmailMessage:
    scene.done(scene.does("Rechazar", Motivo="No es nuestro."))
    scene.desk.clock.turn(hours=1)
    return scene.does("Resolver", Solución="Reiniciado.")


def with_an_unknown_number(scene: Scene) -> EmailMessage:
    return scene.does("Unir", Con="I171009_000999")


def with_itself(scene: Scene) -> EmailMessage:
    return scene.does("Unir", Con=scene.assignment["X-Acuse-Number"])


def with_a_closed_one(scene: Scene) -> EmailMessage:
    other = scene.opened(GOOD + " Otra vez.")
    scene.done(scene.does("Rechazar", on=other, Motivo="No es nuestro."))
    return scene.does("Unir", Con=other["X-Acuse-Number"])


def on_what_goes_on_elsewhere(scene: Scene) -> EmailMessage:
    scene.done(scene.does("Unir", Con=scene.opened(GOOD + " Otra vez.")["X-Acuse-Number"]))
    return scene.does("Resolver", Solución="Reiniciado.")


def with_one_that_was_joined_to_another(scene: Scene) -> EmailMessage:
    first, second = scene.opened(GOOD + " Otra vez."), scene.opened(GOOD + " Y otra.")
    scene.done(scene.does("Unir", on=second, Con=first["X-Acuse-Number"]))
    return scene.does("Unir", Con=second["X-Acuse-Number"])


def with_another_groups(scene: Scene) -> EmailMessage:
    other = scene.opened(GOOD.replace("Error Funcional", "Pérdida de Servicio"))
    return scene.does("Unir", Con=other["X-Acuse-Number"])


def of_another_group(scene: Scene) -> EmailMessage:
    scene.done(scene.does("Escalar", Caso="Otra causa", Motivo="No lo vemos."))
    return scene.does("Resolver", Solución="Reiniciado.")


def without_a_field(scene: Scene) -> EmailMessage:
    return scene.does("Resolver")


def by_no_member(scene: Scene) -> EmailMessage:
    return scene.does("Resolver", who=EVA, Solución="Reiniciado.")


def after_another_technician(scene: Scene) -> EmailMessage:
    scene.done(scene.does("Resolver", who=LUIS, Solución="Reiniciado."))
    return scene.does("Pedir información", Texto="¿Sigue fallando?")


def taking_what_another_took(scene: Scene) -> EmailMessage:
    scene.done(scene.does("Asignarme", who=LUIS))
    return scene.does("Asignarme")


def with_a_reason_of_another_state(scene: Scene) -> EmailMessage:
    return scene.does("Resolver", Motivo="Detenido por el cliente", Solución="Reiniciado.")


def until_a_day_that_is_over(scene: Scene) -> EmailMessage:
    return scene.does("Pendiente", Motivo="Detenido por el cliente", Hasta="01/10/2017")


def with_no_action_at_all(scene: Scene) -> EmailMessage:
    return write(ANA, TECHNICIANS, "Consulta", "Acción: Bailar")


def explaining_an_unknown_number(scene: Scene) -> EmailMessage:
    return write(ANA, TECHNICIANS, "Consulta", "Acción: Explicar\nNúmero: I171009_000999")


def explaining_another_groups(scene: Scene) -> EmailMessage:
    return write(EVA, TECHNICIANS, "Consulta", f"Acción: Explicar\nNúmero: {scene.assignment['X-Acuse-Number']}")


def with_the_subject_of_before(scene: Scene) -> EmailMessage:
    scene.desk.receive(scene.does("Escalar", Caso="Otra causa", Motivo="No lo vemos."))
    away = scene.desk.letter("assignment", "coordinacion@cau.test")
    scene.done(scene.does("Devolver", who=COORD, on=away, Motivo="Sí es vuestro."))
    return scene.does("Resolver", Solución="Reiniciado.")


def with_an_altered_subject(scene: Scene) -> EmailMessage:
    mail = scene.does("Resolver", Solución="Reiniciado.")
    mail.replace_header("Subject", re.sub(r"\[\w+\]", "[" + "A" * 26 + "]", str(mail["Subject"])))
    return mail


def under_a_requesters_subject(scene: Scene) -> EmailMessage:
    return write(
        ANA, SERVICE, "RE: Confirmación de la incidencia " + scene.assignment["X-Acuse-Number"], "Estamos en ello."
    )


def as_a_note_on_another_groups(scene: Scene) -> EmailMessage:
    """A colleague passed the letter on, whose ticket has always been theirs."""
    return write(EVA, TECHNICIANS, "RV: " + scene.assignment["Subject"], "Yo creo que es la red.")


def as_a_note_on_what_was_escalated(scene: Scene) -> EmailMessage:
    scene.done(scene.does("Escalar", Caso="Otra causa", Motivo="No lo vemos."))
    return write(ANA, TECHNICIANS, "RE: " + scene.assignment["Subject"], "Yo creo que es la red.")


def by_no_member_after_it_moved(scene: Scene) -> EmailMessage:
    scene.done(scene.does("Escalar", Caso="Otra causa", Motivo="No lo vemos."))
    return scene.does("Resolver", who=EVA, Solución="Reiniciado.")


def with_free_text_where_only_templates_are_sent(scene: Scene) -> EmailMessage:
    theirs = scene.opened(GOOD.replace("Error Funcional", "Pérdida de Servicio"))
    return scene.does("Responder", who=EVA, on=theirs, Texto="Mire en el manual.")


AGAIN = "Corrija lo que sigue. Lo que estaba bien"
REFUSED: dict[Wrong, tuple[str, tuple[str, ...]]] = {
    # what was done: the subject of the letter, what it says
    on_a_closed_ticket: (
        "«Resolver» no se ha hecho: ya se había cerrado",
        ("Solo admite notas y relaciones. Para seguir hace falta una nueva.", "Estado: Cerrado", "Nota: Solo se ve"),
    ),
    with_an_unknown_number: (
        "«Unir» no se ha hecho: revise los datos",
        (AGAIN, "1. Con: no hay ninguna petición con ese número", "que encontrará con la acción «Buscar»"),
    ),
    with_itself: (
        "«Unir» no se ha hecho: revise los datos",
        (AGAIN, "1. Con: es el número de esta misma petición", "Hace falta: el número de la otra petición"),
    ),
    with_a_closed_one: (
        "«Unir» no se ha hecho: revise los datos",
        (AGAIN, "1. Con: esa petición está cerrada", "una petición abierta, o la acción «Relacionar»"),
    ),
    on_what_goes_on_elsewhere: (
        "«Resolver» no se ha hecho: sigue con otro número",
        ("«Resolver» sobre I171009_000002 no ha cambiado nada. Use los enlaces", "Su enlace era de: I171009_000001",
         "Estado: Asignado", "Resolver: Envía la solución"),
    ),
    with_one_that_was_joined_to_another: (
        "«Unir» no se ha hecho: revise los datos",
        ("1. Con: esa petición está cerrada Usted escribió: «I171009_000003»", "¿Quiso decir I171009_000002?"),
    ),
    with_another_groups: (
        "«Unir» no se ha hecho: revise los datos",
        (AGAIN, "1. Con: esa petición es de otro grupo", "una petición de su grupo, o la acción «Relacionar»"),
    ),
    of_another_group: (
        "No se ha hecho nada: ahora es de otro grupo",
        ("Los enlaces que tenía ya no sirven. Pida el cambio a ese grupo.", "Número: I171009_000001"),
    ),
    without_a_field: (
        "«Resolver» no se ha hecho: revise los datos",
        (AGAIN, "1. Solución: falta", "una línea que empiece por «Solución:»"),
    ),
    by_no_member: (
        "No se ha hecho nada: usted no es de su grupo",
        ("Solo actúan las personas del grupo y su coordinación, desde su propia dirección.",),
    ),
    after_another_technician: (
        "«Pedir información» no se ha hecho: alguien se adelantó",
        ("Mire cómo ha quedado y elija otra vez", f"{LUIS} llegó antes, el 09/10/2017", "Vuelve a «Asignado»"),
    ),
    taking_what_another_took: (
        "«Asignarme» no se ha hecho: alguien se adelantó",
        (f"{LUIS} llegó antes, el 09/10/2017", "«Asignada»", f"Técnico: {LUIS}", "Asignarme: La incidencia pasa a su"),
    ),
    with_a_reason_of_another_state: (
        "«Resolver» no se ha hecho: revise los datos",
        (AGAIN, "1. Motivo: ese valor no está en la lista", "Usted escribió: «Detenido por el cliente»",
         "Puede escribir: Acción adicional innecesaria o Resolución autom.notificada"),
    ),
    until_a_day_that_is_over: (
        "«Pendiente» no se ha hecho: revise los datos",
        (AGAIN, "1. Hasta: no se admite", "Usted escribió: «01/10/2017»", "Escriba un día que esté por llegar."),
    ),
    with_no_action_at_all: (
        "No se ha hecho nada: falta una acción conocida",
        (
            "1. Acción: ese valor no está en la lista",
            "Usted escribió: «Bailar»",
            "Puede escribir: Abrir, Buscar, Turno o Explicar",
            "Explicar: Le cuenta por qué una petición está donde está.",
        ),
    ),
    explaining_an_unknown_number: (
        "«Explicar» no se ha hecho: ese número no existe",
        ("Compruebe el número, o busque la petición", "Buscar: Le envía una lista", "Usted escribió: I171009_000999"),
    ),
    explaining_another_groups: (  # as if it did not exist
        "«Explicar» no se ha hecho: ese número no existe",
        ("Compruebe el número, o busque la petición", "Buscar: Le envía una lista", "Usted escribió: I171009_000001"),
    ),
    with_the_subject_of_before: (
        "No se ha hecho nada: ha cambiado de grupo desde entonces",
        ("Los enlaces que tenía ya no sirven. Use los que siguen.", "Motivo: Devuelta", "Resolver: Envía la solución"),
    ),
    with_an_altered_subject: (
        "No se ha hecho nada: el asunto no es el de un enlace",
        ("no ha llegado a nadie. Use uno de los enlaces que siguen", "Usted escribió: Gestión de la incidencia",
         "Estado: Asignado", "Resolver: Envía la solución"),
    ),
    under_a_requesters_subject: (
        "No se ha hecho nada: el asunto no es el de un enlace",
        ("no ha llegado a nadie. Use uno de los enlaces que siguen", "Usted escribió: RE: Confirmación",
         "Responder: Escribe a la persona solicitante"),
    ),
    as_a_note_on_another_groups: (
        "No se ha hecho nada: usted no es de su grupo", ("Solo actúan las personas del grupo y su coordinación",),
    ),
    as_a_note_on_what_was_escalated: (
        "No se ha hecho nada: ahora es de otro grupo", ("Pida el cambio a ese grupo.",),
    ),
    by_no_member_after_it_moved: (
        "No se ha hecho nada: usted no es de su grupo", ("Solo actúan las personas del grupo y su coordinación",),
    ),
    with_free_text_where_only_templates_are_sent: (
        "«Responder» no se ha hecho: revise los datos",
        ("1. Texto: no se admite", "Usted escribió: «Mire en el manual.»", "Su grupo contesta solo con plantillas."),
    ),
}  # fmt: skip


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    n2 = replace(DESK.groups["n2"], free_text=False)
    with ServerlessDesk(tmp_path, make_desk(groups={**DESK.groups, "n2": n2}), now=NOW) as desk:
        yield Scene(desk)


def books(desk: ServerlessDesk) -> tuple[object, ...]:
    """All that a mail could have changed."""
    return desk.query("SELECT COUNT(*) FROM events"), desk.query("SELECT * FROM tickets ORDER BY number")


@pytest.mark.parametrize("wrong", REFUSED, ids=[wrong.__name__ for wrong in REFUSED])
def test_one_letter_says_what_is_wrong_and_what_to_do_and_nothing_changes(scene: Scene, wrong: Wrong) -> None:
    mail = wrong(scene)
    before = books(scene.desk)
    assert scene.desk.receive(mail) == "desk"
    (sent,) = scene.desk.letters()
    assert books(scene.desk) == before
    assert (sent.letter, sent.to) == ("desk_refusal", mail["From"])
    subject, told = REFUSED[wrong]
    assert sent.read["Subject"] == subject
    text = " ".join(sent.read.part("plain").split())
    assert [said for said in told if said not in text] == []
