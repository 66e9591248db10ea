"""A desk with all that technicians may use, and their mails: shared by the tests of actions and consultations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parsers.mail import Address
from rules.assignment import action_grant
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Facts, HeldGrant
from rules.letters import File, Grant
from rules.reading import token_digest
from rules.tables import Canned, Category, Escalation, FieldTable, Group
from rules.ticket import Event, Ticket, evolve
from tests.rules.desks import ANA, COORD, EVA, LUIS, NOW, NUMBER, TOKEN, mail, make_desk, opened, verdict

SUBJECT = f"Gestión de la incidencia {NUMBER} [{TOKEN}]"
FORM = File("formulario.pdf", "application/pdf", b"%PDF-1.4")


def _groups(**changes: Any) -> dict[str, Group]:
    n1 = Group("Nivel 1", "n1@cau.test", (ANA, LUIS), COORD, escalates_to="coordinacion")
    return {
        "n1": replace(n1, **changes),
        "n2": Group("Nivel 2", "n2@cau.test", (EVA,), COORD, escalates_to="coordinacion"),
        "coordinacion": Group("Coordinación", "coordinacion@cau.test", (COORD,), COORD),
    }


def desk(group: dict[str, Any] | None = None, **changes: Any) -> Desk:
    """The desk of tests/rules/desks.py with cases, canned replies and categories; ``group`` changes «n1»."""
    given: dict[str, Any] = {
        "groups": _groups(**(group or {})),
        "escalations": (
            Escalation("ERROR 23", "incident", (FieldTable("Cod_cliente", "client"), FieldTable("IP", "ip"))),
            Escalation("Vinculación", files=("LOPD", "cuadro")),
            Escalation("Incongruencia en FLEI", "work_order"),
            Escalation("Otra causa"),
        ),
        "canned": (
            Canned("Solicitud documentación", "Envíenos la documentación.", attachments=("formulario.pdf",)),
            Canned("Vinculado", "Ya está vinculado.", groups=("coordinacion",)),
        ),
        "files": {"formulario.pdf": FORM},
        "categories": (Category("Accesos"), Category("Datos", group="n2")),
    }
    return make_desk(**{**given, **changes})


STAFF = desk()


def facts_for(ticket: Ticket, *others: Ticket, grant: Grant | None = None, **more: Any) -> Facts:
    """Facts of a technician's mail with the token of ``ticket``."""
    held = HeldGrant(grant or action_grant(ticket), token_digest(TOKEN))
    return Facts(**{"tickets": {t.number: t for t in (ticket, *others)}, "grant": held, **more})


def act(body: str, ticket: Ticket | None = None, *others: Ticket, sender: str = ANA, at: Desk = STAFF,
        files: Any = (), cc: tuple[str, ...] = (), **more: Any) -> Decision:  # fmt: skip
    """What follows when ``sender`` writes ``body`` into an action's form of ``ticket``, a copy to ``cc``."""
    ticket = ticket or opened(at)
    copied = tuple(map(Address, cc))
    message = mail(SUBJECT, body, sender=sender, sender_name="Ana Ruiz", attachments=files, cc=copied)
    return verdict("tecnicos", message, facts_for(ticket, *others, **more), desk=at)


def ask_desk(body: str, sender: str = ANA, at: Desk = STAFF, subject: str = "Consulta", **facts: Any) -> Decision:
    """What follows when ``sender`` writes to the desk without a token."""
    message = mail(subject, body, sender=sender, to=(Address("tecnicos@cau.test"),))
    return verdict("tecnicos", message, Facts(**facts), desk=at)


def after(decision: Decision, ticket: Ticket | None = None) -> Ticket:
    """``ticket`` after its events of the decision."""
    done = ticket or opened(STAFF)
    for event in decision.events:
        done = evolve(done, event) if event.number == done.number else done
    return done


def moved(name: str, actor: str, **changes: Any) -> Event:
    """A row of a journal in which somebody else changed something."""
    return Event(NUMBER, name, NOW, actor, changes=changes)
