"""The journal of a ticket (T's diary): when, who, by which mail, from which state to which, and what was written."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from daemon.demo.correspondent import click, write
from tests.rules.desks import ANA, GOOD, LUIS, MARTA, NOW, OPENING, OPENINGS
from tests.serverless import ServerlessDesk

DIARY = [
    # hour, name, who, their how manieth mail, state, text
    ("10:23", "opened", MARTA, 1, "assigned", ""),
    ("11:23", "take", ANA, 2, "assigned", ""),
    ("12:23", "note", ANA, 3, "assigned", "Llamo mañana."),
    ("13:23", "ask", ANA, 4, "pending", "¿Qué navegador?"),
    ("14:23", "assign", ANA, 5, "pending", ""),
    ("15:23", "resolve", LUIS, 6, "resolved", "Reiniciado."),
    ("16:23", "reject", MARTA, 7, "assigned", "Sigue igual."),
]


def test_every_change_is_kept_with_when_who_by_which_mail_and_what(tmp_path: Path) -> None:
    with ServerlessDesk(tmp_path, now=NOW) as desk:
        desk.receive(write(MARTA, OPENINGS, OPENING, GOOD))
        links = desk.letter("assignment").links
        for who, action, fields in (
            (ANA, "Asignarme", {}),
            (ANA, "Nota", {"Texto": "Llamo mañana."}),
            (ANA, "Pedir información", {"Texto": "¿Qué navegador?"}),
            (ANA, "Asignar", {"Técnico": "luis"}),
            (LUIS, "Resolver", {"Solución": "Reiniciado."}),
        ):
            desk.clock.turn(hours=1)
            desk.receive(click(who, links[action], fields))
        desk.clock.turn(hours=1)
        validation = desk.letter("validation")
        desk.receive(click(MARTA, validation.links["Rechazar Petición"], {"Motivo": "Sigue igual."}))

        shown = desk.store.show(validation["X-Acuse-Number"], ZoneInfo("Europe/Madrid"))
        mails = desk.query("SELECT seq, mail_id FROM events ORDER BY seq")
    assert shown
    state, kept = "assigned", []
    for event, (_, mail) in zip(shown["journal"], mails, strict=True):
        state = event["changes"].get("state", state)
        kept.append((event["at"][11:16], event["name"], event["actor"], mail, state, event["text"]))
    assert kept == DIARY
