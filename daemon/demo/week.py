"""`acuse demo --week`: a week of a desk with three groups, its clock turned on from one moment to the next.

The daemon is the real one, run once whenever somebody writes or something becomes due; the scripted month
of the tests goes on from here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from daemon.config.loopback import SUBJECT
from daemon.demo.correspondent import Received, click, reply, write
from daemon.demo.desks import LARGER, OPENINGS, SERVICE, TECHNICIANS
from daemon.demo.stage import Stage
from daemon.store.queues import next_due

ZONE = ZoneInfo("Europe/Madrid")
MARTA, JOHN = "Marta Gil <marta@cliente.example>", "John Reed <john@cliente.example>"
SARA, INFO, PEPE = "Sara Pons <sara@nueva.example>", "info@cliente.example", "Pepe Sanz <pepe@cliente.example>"
ANA, LUIS = "Ana Ruiz <ana@cau.example>", "Luis Paz <luis@cau.example>"
EVA, COORD = "Eva Mar <eva@cau.example>", "Carmen Gil <coord@cau.example>"
N1, N2, COORDINATION = "n1@cau.example", "n2@cau.example", "coordinacion@cau.example"
INCIDENT = """Servicio/Aplicación: {service}
Tipo: {type}
Descripción: {text}
"""


class TimedStage(Stage):
    """Servers and daemon on a clock that the story turns on, from the first of December of ``year``; nothing happens
    between its moments."""

    desk = LARGER
    rest = ""

    def __init__(self, folder: Path, console: Console, year: int = 2026) -> None:
        super().__init__(folder, console, lambda: self.now)
        self._year = year
        self.now = self._local("12-01 08:55")

    @property
    def when(self) -> str:  # type: ignore[override]
        """The moment of the story, as its people read it."""
        return f"{self.now.astimezone(ZONE):, %A %-d %B, %H:%M}"

    def begin(self) -> None:
        """The daemon is run now, and by :meth:`run` from then on."""
        self.run()

    def run(self) -> None:
        """Everything that is to be done at this moment."""
        assert self.service is not None
        while self.service.once():
            pass

    def until(self, moment_local: str) -> None:
        """Let time pass until «12-01 09:05» in Madrid; what becomes due on the way happens at its own time."""
        target, done = self._local(moment_local), self.now - timedelta(seconds=1)
        while (due := self._next_due()) is not None and due <= target and due > done:
            done, self.now = due, max(self.now, due)
            self.run()
        self.now = target
        self.run()

    def post(self, message: EmailMessage) -> None:
        """Somebody's mail, treated within the second."""
        self.send(message)
        self.run()

    def last(self, letter: str, to: str) -> Received:
        """The last letter of that name to that address."""
        return next(
            received for address, received in reversed(self._letters) if received.letter == letter and address in to
        )

    @property
    def letters(self) -> list[tuple[str, Received]]:
        """Every letter so far with its address, oldest first."""
        return list(self._letters)

    def _local(self, moment_local: str) -> datetime:
        return datetime.fromisoformat(f"{self._year}-{moment_local}").replace(tzinfo=ZONE).astimezone(UTC)

    def _next_due(self) -> datetime | None:
        assert self.service is not None
        return self.service.store.look(next_due)


def opening(sender: str, text: str, service: str = "AREN", kind: str = "Error Funcional", **more: str) -> EmailMessage:
    """An incident, as its opening asks for it."""
    body = "".join(f"{label}: {value}\n" for label, value in more.items())
    return write(sender, OPENINGS, SUBJECT, body + INCIDENT.format(service=service, type=kind, text=text))


def show_week(folder: Path, console: Console) -> None:
    """The week on the screen, its books in ``folder``."""
    stage = TimedStage(folder, console)
    try:
        stage.open()
        week(stage)
    finally:
        stage.close()


def week(stage: TimedStage) -> None:
    """Monday to Sunday: five kinds of people open tickets; escalation there and back, a breach, a holiday."""
    known_people_open(stage)
    somebody_new_registers(stage)
    a_caller_is_helped(stage)
    escalation_there_and_back(stage)
    somebody_is_away(stage)
    a_solution_is_validated(stage)


def known_people_open(stage: TimedStage) -> None:
    """Marta in office hours, John in English and out of hours; nobody looks at his until its time is over."""
    stage.scene("Tuesday 1 December: Marta and John open; John's comes out of hours")
    stage.until("12-01 09:05")
    stage.post(opening(MARTA, "La pantalla de altas da un error 500 al guardar."))
    stage.post(click(ANA, stage.last("assignment", N1).links["Asignarme"]))
    stage.until("12-01 20:00")
    stage.post(opening(JOHN, "I cannot sign in since this morning.", "CONDUCTORES", "Error Acceso"))


def somebody_new_registers(stage: TimedStage) -> None:
    """Sara is unknown: held, registered, treated. A shared address is refused."""
    stage.scene("Wednesday 2 December: Sara registers; a shared address is refused")
    stage.until("12-02 09:30")
    stage.post(opening(SARA, "No aparece el cuadro de vinculación de la provincia de Lugo."))
    form = stage.last("registration", SARA).links["Completar el alta"]
    stage.post(click(SARA, form, {"Nombre": "Sara Pons", "CIF/NIF": "B12345674", "Tipo de cliente": "Abonado"}))
    stage.post(opening(INFO, "Desde la oficina no podemos entrar."))


def a_caller_is_helped(stage: TimedStage) -> None:
    """Pepe telephones: Luis opens for him, answers with a canned reply and its file."""
    stage.scene("Wednesday 2 December: Pepe telephones, Luis opens for him")
    stage.until("12-02 11:00")
    fields = "Solicitante: pepe@cliente.example\nDescripción: Pide el formulario para darse de baja.\n"
    stage.post(write(LUIS, TECHNICIANS, "Consulta", f"Acción: Abrir\nClase: Orden de trabajo\n{fields}"))
    link = stage.last("assignment", N1).links["Responder"]
    stage.post(click(LUIS, link, {"Plantilla": "Baja de datos"}))


def escalation_there_and_back(stage: TimedStage) -> None:
    """Marta's goes to the coordination group, to specialists, and comes back by the same way."""
    stage.scene("Thursday 3 December: an escalation there and back")
    stage.until("12-03 10:00")
    first = stage.last("update", N1).links["Escalar"]
    stage.post(click(ANA, first, {"Caso": "ERROR 23"}))
    repaired = stage.last("desk_refusal", ANA).links["Escalar"]
    stage.post(click(ANA, repaired, {"Cod_cliente": "B12345674"}))
    to_specialists = stage.last("assignment", COORDINATION).links["Escalar"]
    stage.post(click(COORD, to_specialists, {"Grupo": "Especialistas", "Motivo": "Parece de la base de datos."}))
    stage.post(click(EVA, stage.last("assignment", N2).links["Devolver"], {"Motivo": "El servidor responde bien."}))
    back = stage.last("assignment", COORDINATION).links["Devolver"]
    stage.post(click(COORD, back, {"Motivo": "Que se lo pidan a la clienta."}))


def somebody_is_away(stage: TimedStage) -> None:
    """Ana asks on Friday; Marta's autoresponder changes nothing; the reminder waits for the holiday to be over."""
    stage.scene("Friday 4 December: a question, an out-of-office, a holiday")
    stage.until("12-04 12:00")
    ask = stage.last("assignment", N1).links["Pedir información"]
    stage.post(click(ANA, ask, {"Texto": "¿Qué navegador usa?"}))
    question = stage.last("info_request", MARTA)
    away = write(MARTA, SERVICE, f"Respuesta automática: {question['Subject']}", "Vuelvo el jueves 10.",
                 headers={"Auto-Submitted": "auto-replied"})  # fmt: skip
    stage.post(away)
    stage.until("12-10 12:30")
    stage.scene("Thursday 10 December: Marta is back and answers the reminder")
    stage.post(reply(MARTA, stage.last("reminder", MARTA), "Uso Firefox 115."))


def a_solution_is_validated(stage: TimedStage) -> None:
    """Resolved, validated, valued."""
    stage.scene("Thursday 10 December: solved, validated, valued")
    stage.until("12-10 15:00")
    resolve = stage.last("update", N1).links["Resolver"]
    stage.post(click(ANA, resolve, {"Solución": "Se instala la versión 4.2, que corrige el fallo."}))
    stage.until("12-11 09:40")
    stage.post(click(MARTA, stage.last("validation", MARTA).links["Validar Petición"]))
    stage.post(click(MARTA, stage.last("closure", MARTA).links["5 Muy bien"], {"Comentario": "Muy amables."}))
