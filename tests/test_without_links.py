"""What the README and the letters say of mails that need no link is so: each is sent, and gets what is promised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.demo.correspondent import click, reply, write
from tests.deskworld import ANA, GOOD, GROUP, MARTA, OPENINGS, SERVICE, SUBJECT, TECHNICIANS, DeskWorld

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
NUMBER = "I171009_000049"
"""The ticket's number in the README; the test's own stands in for it."""

PROMISED = {
    # what the README says that one gets: verdict, letter, a text in it that only this answer has
    "a table of one's own tickets": ("query", "status", "Tiene 1 petición"),
    "the same; so does any kind's name, as `Mis órdenes de trabajo`": ("query", "status", "Tiene 1 petición"),
    "its state and times": ("query", "status", "Primera respuesta"),
    "a link that withdraws it": ("query", "withdrawal", "Confirmar la retirada"),
    "the open tickets of one's groups": ("desk", "worklist", "Gestionar"),
    "what was found, with a link each": ("desk", "search_results", "Gestionar"),
    "a ticket for somebody who telephoned": ("desk", "confirmation", "Ana Ruiz"),
    "why it is where it is, and how its clock was counted": ("desk", "explanation", "Cuenta"),
}
CALLER = "pepe@cliente.example"
FILLED = {"Nombre": "Marta Gil", "Texto": "pantalla", "Clase": "Incidencia", "Solicitante": CALLER}
"""What is written in the place of «…»; else the ticket's number."""
WRITERS = {
    "a requester, to the address of all letters": (MARTA, SERVICE),
    "a technician, to the desk's address": (ANA, TECHNICIANS),
}
"""Who writes to whom."""


def mails(number: str) -> dict[str, EmailMessage]:
    """The mails of the README's table about ticket ``number``, by what it says they get."""
    table = README.split("A few mails need none, only their subject:")[1].split("## ")[0].replace(NUMBER, number)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "|" in line][2:]
    found, who, subject = {}, "", ""
    for role, written, body, gets in rows:
        who, subject = role or who, written.strip("`") or subject
        found[gets] = write(*WRITERS[who], subject, filled(body, number))
    return found


def filled(body: str, number: str) -> str:
    """The lines that a cell names, each «…» in them replaced; and the form, where it speaks of it."""
    lines = [line.replace("…", FILLED.get(line.partition(":")[0], number)) for line in re.findall("`([^`]+)`", body)]
    return "\n".join([*lines, GOOD if "the form" in body else ""])


@dataclass(frozen=True)
class Answered:
    """A desk with one ticket, to which every mail of the table was sent."""

    world: DeskWorld
    mails: dict[str, EmailMessage]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answered]:
    with DeskWorld(tmp_path_factory.mktemp("desk"), "embedded") as world:
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        world.acuse("run", "--once")
        sent = mails(world.tickets()[0]["number"])
        world.send(*sent.values())
        world.acuse("run", "--once")
        yield Answered(world, sent)


def test_the_table_promises_what_is_tested() -> None:
    assert mails(NUMBER).keys() == PROMISED.keys()


@pytest.mark.parametrize("gets", PROMISED)
def test_a_mail_of_the_table_gets_what_is_promised(answered: Answered, gets: str) -> None:
    verdict, letter, text = PROMISED[gets]
    asked, to = answered.mails[gets]["Message-ID"].strip("<>"), str(answered.mails[gets]["From"])
    assert answered.world.query(f"SELECT verdict FROM mails WHERE message_id = '{asked}'") == [(verdict,)]
    letters = answered.world.letters(CALLER if letter == "confirmation" else to, letter)
    assert any(text in received.part("plain") for received in letters)


def test_an_answer_to_the_reopening_arrives_where_the_notice_says(tmp_path: Path) -> None:
    """Rejected, then validated after all: the notice names the letter to answer, and the answer is threaded."""
    with DeskWorld(tmp_path, "embedded") as world:
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        world.acuse("run", "--once")
        assignment = world.wait("assignment", GROUP)
        world.send(click(ANA, assignment.links["Resolver"], {"Solución": "Reiniciado el servidor."}))
        world.acuse("run", "--once")
        solution = world.wait("validation", MARTA)
        world.send(click(MARTA, solution.links["Rechazar Petición"], {"Motivo": "Sigue igual."}))
        world.acuse("run", "--once")
        reopening = world.wait("reopening", MARTA)
        world.send(click(MARTA, solution.links["Validar Petición"]))
        world.acuse("run", "--once")
        notice = world.wait("verdict_notice", MARTA)
        assert f"«{reopening['Subject']}»" in " ".join(notice.part("plain").split())
        world.send(reply(MARTA, reopening, "Ya funciona, gracias a todos por la ayuda."))
        world.acuse("run", "--once")
        assert world.query("SELECT verdict FROM mails ORDER BY id DESC LIMIT 1") == [("threaded",)]
        assert "Ya funciona" in world.letters(GROUP, "update")[-1].part("plain")
