"""Further addresses of a mailbox, each with what it fixes: priority, kinds, group, language; on a running desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daemon.demo.correspondent import write
from parsers.links import read_mailto
from tests.deskworld import GOOD, MARTA, OPENINGS, SUBJECT, DeskWorld

ADDRESSES = """
[mailboxes.addresses."soporte-a@cau.example"]
priority = "Alta"
[mailboxes.addresses."soporte-c@cau.example"]
priority = "Baja"
[mailboxes.addresses."soporte-w@cau.example"]
kinds = ["work_order"]
[mailboxes.addresses."soporte-2@cau.example"]
group = "n2"
[mailboxes.addresses."support@cau.example"]
language = "en"
"""
ORDERS = """
[kinds.work_order]
label = "Orden de trabajo"
prefix = "W"
subject = "Apertura de Orden de Trabajo."
default_group = "n1"
[[kinds.work_order.fields]]
label = "Descripción"
name = "description"
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskWorld]:
    with DeskWorld(tmp_path_factory.mktemp("desk"), "dovecot", extra=ORDERS) as world:
        text = world.config.read_text(encoding="utf-8")
        second = text.index("[[mailboxes]]", text.index("[[mailboxes]]") + 1)
        world.save(text[:second] + ADDRESSES + text[second:])
        world.start()
        yield world
        assert world.stop() == 0
        assert world.balanced()


def sent_to(world: DeskWorld, address: str, subject: str = SUBJECT, body: str = GOOD) -> None:
    """A mail of Marta's to one address of the opening mailbox."""
    world.servers.deliver("apertura", write(MARTA, address, subject, body).as_bytes())


FIXED = {
    # the address: priority, group and the confirmation's subject
    OPENINGS: ("Media", "n1", "Confirmación de la incidencia"),
    "soporte-a@cau.example": ("Alta", "n1", "Confirmación de la incidencia"),
    "Soporte-A@CAU.example": ("Alta", "n1", "Confirmación de la incidencia"),
    "soporte-c@cau.example": ("Baja", "n1", "Confirmación de la incidencia"),
    "soporte-2@cau.example": ("Media", "n2", "Confirmación de la incidencia"),
    "support@cau.example": ("Media", "n1", "Confirmation of"),
}


@pytest.mark.parametrize("address", FIXED)
def test_an_address_fixes_priority_group_or_language(world: DeskWorld, address: str) -> None:
    priority, group, subject = FIXED[address]
    sent_to(world, address)
    confirmation = world.wait("confirmation", MARTA)
    assert confirmation["Subject"].startswith(subject)
    ticket = world.show(confirmation["X-Acuse-Number"])
    assert (ticket["priority"], ticket["group"]) == (priority, group)


def test_a_rule_comes_before_the_address(world: DeskWorld) -> None:
    sent_to(world, "soporte-a@cau.example", body=GOOD.replace("Error Funcional", "Pérdida de Servicio"))
    ticket = world.show(world.wait("confirmation", MARTA)["X-Acuse-Number"])
    assert (ticket["priority"], ticket["group"]) == ("Urgente", "n2")


def test_at_an_address_for_orders_an_incident_opens_nothing_and_is_told_where_it_does(world: DeskWorld) -> None:
    before = len(world.tickets())
    sent_to(world, "soporte-w@cau.example")
    refusal = world.wait("refusal", MARTA)
    page = refusal.part("plain").replace("\r\n", "\n")
    assert "Su mensaje: no es para esta dirección" in page
    assert f"Usted escribió a: soporte-w@cau.example\nHace falta: enviarlo a {OPENINGS}" in page
    (link,) = refusal.links.values()
    to, subject, form = read_mailto(link)
    assert (to, subject) == (OPENINGS, SUBJECT) and "Servicio/Aplicación: AREN" in form
    assert len(world.tickets()) == before
    sent_to(world, "soporte-w@cau.example", "Apertura de Orden de Trabajo.", "Descripción: Un ratón nuevo.\n")
    assert world.wait("confirmation", MARTA)["X-Acuse-Number"].startswith("W")
