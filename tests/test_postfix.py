"""A real MTA in front and behind: Postfix takes the mails in and carries the letters away, Dovecot holds the mailboxes.

Letters are handed over with STARTTLS and a login. A letter to nobody comes back as Postfix's own bounce.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.demo.correspondent import click, write
from tests.certificates import Certificates
from tests.deskworld import ANA, GOOD, GROUP, MARTA, OPENINGS, PASSWORD, SERVICE, SUBJECT, TECHNICIANS, DeskWorld
from tests.dovecot import Dovecot
from tests.postfix import Postfix

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 and "CI" not in os.environ,
    reason="Postfix runs each of its parts as another user: only root can start one",
)
BOXES = {
    OPENINGS: "apertura", SERVICE: "servicio", TECHNICIANS: "tecnicos",
    "marta@cliente.example": "marta", GROUP: "grupo", "n2@cau.example": "grupo", "ana@cau.example": "ana",
}  # fmt: skip
READERS = {"marta@cliente.example": "marta", GROUP: "grupo", "ana@cau.example": "ana"}
NOBODY = "Nadie <nadie@cliente.example>"


@dataclass
class Real:
    """Postfix and Dovecot, as a desk uses them."""

    dovecot: Dovecot
    postfix: Postfix

    def __post_init__(self) -> None:
        self.imap_port, self.smtp_port = self.dovecot.port, self.postfix.submission
        self._user_address = {user: address for address, user in BOXES.items()}

    def deliver(self, user: str, *mails: bytes) -> None:
        for raw in mails:
            sender = re.search(rb"(?m)^From: .*?([\w.]+@[\w.]+)", raw)
            assert sender
            self.postfix.send(sender[1].decode(), self._user_address[user], raw)

    def counts(self, user: str) -> dict[str, int]:
        return self.dovecot.counts(user)

    def letters(self) -> list[tuple[str, bytes]]:
        return [(address, raw) for address, user in READERS.items() for raw in self.dovecot.mails(user)]

    def stop(self) -> None:
        """Whoever made them ends them."""


@pytest.fixture
def world(dovecot: Dovecot, certificates: Certificates, tmp_path: Path) -> Iterator[DeskWorld]:
    with (
        Postfix(dovecot, BOXES, certificates) as postfix,
        DeskWorld(tmp_path, Real(dovecot, postfix)) as desk,
    ):
        login = f'security = "starttls"\nca_file = "{certificates.authority}"\nusername = "desk"\npassword_file = '
        text = desk.config.read_text(encoding="utf-8")
        smtp = text.index("[smtp]")
        secured = text[smtp:].replace('security = "none"', f'{login}"{desk.folder}/password"', 1)
        desk.save(text[:smtp] + secured)
        desk.started()
        yield desk


def test_from_opening_to_validation_through_postfix(world: DeskWorld) -> None:
    world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
    confirmation = world.wait("confirmation", MARTA)
    assert "with ESMTPSA" in str(confirmation.message["Received"]), "handed over in secret and logged in"
    assignment = world.wait("assignment", GROUP)
    world.send(click(ANA, assignment.links["Resolver"], {"Solución": "Se reinicia el servicio AREN."}))
    validation = world.wait("validation", MARTA)
    world.send(click(MARTA, validation.links["Validar Petición"]))
    world.wait("closure", MARTA)


def test_an_alias_of_the_opening_address_fixes_the_priority(world: DeskWorld) -> None:
    text = world.config.read_text(encoding="utf-8")
    own = f'address = "{OPENINGS}"\n'
    fixes = 'addresses = { "soporte-a@cau.example" = { priority = "Alta" } }\n'
    world.save(text.replace(own, own + fixes))
    world.until(lambda: "configuration reloaded" in world.log(), "new configuration")
    named_elsewhere = write(MARTA, "lista@cliente.example", SUBJECT, GOOD)
    world.servers.postfix.send("marta@cliente.example", "soporte-a@cau.example", named_elsewhere.as_bytes())
    world.wait("confirmation", MARTA)
    assert [ticket["priority"] for ticket in world.tickets()] == ["Alta"]


def test_a_real_bounce_is_matched_to_its_ticket(world: DeskWorld) -> None:
    world.send(write(NOBODY, OPENINGS, SUBJECT, GOOD))
    number = re.search(r"I\d{6}_\d{6}", world.wait("assignment", GROUP)["Subject"])[0]
    told = world.wait("delivery_failure", GROUP)
    assert "nadie@cliente.example" in told.part("plain")
    assert world.query("SELECT verdict, number FROM mails WHERE mailbox = 'servicio'") == [("bounce", number)]
    assert "undelivered" in {event["name"] for event in world.show(number)["journal"]}
    world.until(lambda: world.servers.counts("servicio") == {"Acuse/Automáticos": 1}, "bounce filed away")
    assert world.balanced()


def test_a_wrong_login_leaves_the_letters_waiting(world: DeskWorld) -> None:
    (world.folder / "smtp-password").write_text("wrong", encoding="utf-8")
    text = world.config.read_text(encoding="utf-8")
    smtp = text.index("[smtp]")
    wrong = text[smtp:].replace(f"{world.folder}/password", f"{world.folder}/smtp-password", 1)
    assert world.stop() == 0
    world.save(text[:smtp] + wrong)
    world.start()
    world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
    world.until(lambda: "smtp unreachable" in world.log(), "refused login")
    assert world.letters() == []
    (world.folder / "smtp-password").write_text(PASSWORD, encoding="utf-8")
    world.wait("confirmation", MARTA)
