"""A month of a desk with three groups and a coordinator, on the embedded servers and a clock that the story turns on.

Every letter of a scene stands in its golden file; `--accept` writes them anew, to be read before they are
accepted.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from daemon.demo import week
from daemon.demo.correspondent import Received, click, reply, write
from daemon.demo.desks import SERVICE, TECHNICIANS
from daemon.demo.embedded import SentMail
from daemon.demo.week import ANA, EVA, JOHN, LUIS, MARTA, N1, PEPE, SARA, TimedStage, opening
from rules.ticket import Ticket

GOLDENS = Path(__file__).parent / "month"
Scene = Callable[[TimedStage], None]


# -- the story, from where daemon/demo/week.py leaves it


def a_second_group_takes_johns(stage: TimedStage) -> None:
    """John's is looked at late; Eva cannot find it, Ana can, and answers him in English."""
    stage.until("12-11 10:00")
    stage.post(
        write(EVA, TECHNICIANS, "Consulta", "Acción: Buscar\nTexto: cannot sign in\nServicio/Aplicación: conductores")
    )
    stage.post(write(ANA, TECHNICIANS, "Consulta", "Acción: Turno"))
    manage = next(url for label, url in stage.last("worklist", ANA).links.items() if "I261201_000002" in label)
    stage.post(click(ANA, manage, {"Acción": "Pedir información", "Texto": "Which user name do you use?"}))
    stage.post(reply(JOHN, stage.last("info_request", JOHN), "jreed, as always.\n\nSent from my iPhone"))


def saras_is_reclassified(stage: TimedStage) -> None:
    """Sara's incident is a request; what she answers under its old subject belongs to the new number."""
    stage.until("12-11 11:00")
    confirmation = stage.last("confirmation", SARA)
    link = _link(stage, N1, "I261202_000001", "Reclasificar")
    stage.post(click(LUIS, link, {"Clase": "Orden de trabajo"}))
    stage.post(reply(SARA, confirmation, "Es la provincia de Lugo, por si ayuda."))


def a_duplicate_is_merged(stage: TimedStage) -> None:
    """John writes the same twice; Luis joins the second to the first."""
    stage.until("12-14 09:15")
    stage.post(opening(JOHN, "I still cannot sign in since that morning.", "CONDUCTORES", "Error Acceso"))
    link = _link(stage, N1, "I261214_000001", "Unir")
    stage.post(click(LUIS, link, {"Con": "I261201_000009"}))
    repaired = stage.last("desk_refusal", LUIS).links["Unir"]
    stage.post(click(LUIS, repaired, {"Con": "I261201_000002"}))


def pepe_withdraws(stage: TimedStage) -> None:
    """Pepe does not need it any more: he asks, confirms, and asks again."""
    stage.until("12-14 12:00")
    stage.post(write(PEPE, SERVICE, "Retirar la orden de trabajo W261202_000001", ""))
    confirm = stage.last("withdrawal", PEPE).links["Confirmar la retirada"]
    stage.post(click(PEPE, confirm))
    stage.post(click(PEPE, confirm))


def two_technicians_at_once(stage: TimedStage) -> None:
    """Ana solves what Luis is asking about: he learns who was faster."""
    stage.until("12-15 10:00")
    solve = _link(stage, N1, "I261201_000002", "Resolver")
    ask = _link(stage, N1, "I261201_000002", "Pedir información")
    stage.post(click(ANA, solve, {"Solución": "Your password was reset."}))
    stage.post(click(LUIS, ask, {"Texto": "Which browser?"}))


def john_rejects_and_falls_silent(stage: TimedStage) -> None:
    """A rejection, a second solution, two reminders, closed by itself; Christmas is no business day."""
    stage.until("12-15 16:00")
    reject = stage.last("validation", JOHN).links["Reject Solution"]
    stage.post(click(JOHN, reject, {"Motivo": "sigue sin funcionar"}))
    stage.until("12-16 10:00")
    solve = _link(stage, N1, "I261201_000002", "Resolver")
    stage.post(click(ANA, solve, {"Solución": "The account was locked; now it is not."}))
    stage.until("12-29 18:00")


def marta_comes_back(stage: TimedStage) -> None:
    """Thanks get no answer; a complaint to the closed ticket gets a form that relates the new one to it."""
    stage.until("12-30 09:30")
    closure = stage.last("closure", MARTA)
    stage.post(reply(MARTA, closure, "Muchas gracias."))
    stage.post(reply(MARTA, closure, "Ha vuelto a fallar."))
    stage.post(reply(MARTA, closure, "¿Hay alguien?"))
    form = next(iter(stage.last("closed_notice", MARTA).links.values()))
    fill = {"Tipo": "Pérdida de Servicio", "Descripción": "Vuelve el error 500 al guardar, contraseña: hunter22x"}
    stage.post(click(MARTA, form, fill))
    stage.post(write(MARTA, SERVICE, "Mis incidencias", ""))
    stage.post(write(ANA, TECHNICIANS, "Consulta", "Acción: Explicar\nNúmero: I261201_000001"))


SCENES: dict[str, Scene] = {
    "01-known-people": week.known_people_open,
    "02-registration": week.somebody_new_registers,
    "03-caller": week.a_caller_is_helped,
    "04-escalation": week.escalation_there_and_back,
    "05-away": week.somebody_is_away,
    "06-validated": week.a_solution_is_validated,
    "07-worklist": a_second_group_takes_johns,
    "08-reclassified": saras_is_reclassified,
    "09-merged": a_duplicate_is_merged,
    "10-withdrawn": pepe_withdraws,
    "11-two-at-once": two_technicians_at_once,
    "12-silence": john_rejects_and_falls_silent,
    "13-related": marta_comes_back,
}


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TimedStage, dict[str, str]]]:
    """The stage after the month, and the letters of each scene."""
    stage = TimedStage(tmp_path_factory.mktemp("month"), Console(file=io.StringIO()))
    told: dict[str, str] = {}
    try:
        stage.open()
        for name, scene in SCENES.items():
            before = len(stage.servers.mails())
            scene(stage)
            told[name] = "\n".join(map(as_golden, stage.servers.mails()[before:]))
        yield stage, told
    finally:
        stage.close()


@pytest.mark.parametrize("scene", SCENES)
def test_every_letter_of_the_month(
    month: tuple[TimedStage, dict[str, str]], scene: str, request: pytest.FixtureRequest
) -> None:
    golden = GOLDENS / f"{scene}.txt"
    if request.config.getoption("--accept"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(month[1][scene], encoding="utf-8")
    assert month[1][scene] == golden.read_text(encoding="utf-8")


STATES = {
    # number: kind, state, reason, group, assignee
    "I261201_000001": ("incident", "closed", "validated", "n1", "ana@cau.example"),
    "I261201_000002": ("incident", "closed", "no_answer", "n1", ""),
    "I261202_000001": ("incident", "closed", "reclassified", "n1", ""),
    "W261202_000001": ("work_order", "closed", "withdrawn", "n1", ""),
    "W261211_000001": ("work_order", "assigned", "new", "n1", ""),
    "I261214_000001": ("incident", "closed", "merged", "n1", ""),
    "I261230_000001": ("incident", "assigned", "new", "n1", ""),
}


@pytest.mark.parametrize("number", STATES)
def test_how_each_ticket_ends(month: tuple[TimedStage, dict[str, str]], number: str) -> None:
    t = _ticket(month[0], number)
    assert (t.kind, t.state, t.reason, t.group) == STATES[number][:4]


def test_what_points_to_what(month: tuple[TimedStage, dict[str, str]]) -> None:
    stage = month[0]
    assert _ticket(stage, "I261202_000001").points_to == "W261211_000001"
    assert _ticket(stage, "I261214_000001").points_to == "I261201_000002"
    assert _ticket(stage, "I261230_000001").relations == ("I261201_000001",)
    assert _ticket(stage, "I261201_000001").relations == ("I261230_000001",)
    assert _ticket(stage, "I261201_000001").mark == 5


def test_the_books_balance_at_the_end(month: tuple[TimedStage, dict[str, str]]) -> None:
    service = month[0].service
    assert service is not None
    assert service.store.audit(service.live.current.settings.desk) == []


def test_no_letter_of_the_month_shows_the_password(month: tuple[TimedStage, dict[str, str]]) -> None:
    shown = month[1]["13-related"]
    assert "contraseña: ••••••" in shown
    assert not any("hunter22x" in text for text in month[1].values())


# -- reading


def _ticket(stage: TimedStage, number: str) -> Ticket:
    assert stage.service is not None
    with stage.service.store.read() as books:
        found = books.tickets.get(number)
    assert found is not None
    return found


def _link(stage: TimedStage, to: str, number: str, label: str) -> str:
    """The link of an action in the last letter about a ticket that has it."""
    letters = [
        received for address, received in stage.letters if address == to and received["X-Acuse-Number"] == number
    ]
    return next(received.links[label] for received in reversed(letters) if label in received.links)


_TOKEN = re.compile(r"\[[A-Z2-7]{26}\]")
_MAILTO = re.compile(r"<mailto:[^>]*>")


def as_golden(mail: SentMail) -> str:
    """A letter as the golden file has it: who gets it, its subject, its text without what is random in it."""
    received = Received.of(mail.raw)
    files = "".join(f"[{name}]\n" for name in received.files)
    text = _MAILTO.sub("<mailto>", _TOKEN.sub("[token]", received.part("plain")))
    head = f"==== {received.letter} → {received['To']}\nDate: {received['Date']}\nSubject: {received['Subject']}\n"
    return f"{head}\n{text.rstrip()}\n{files}".replace("\r\n", "\n")
