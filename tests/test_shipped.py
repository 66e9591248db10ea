"""What a new desk has without writing it: L's priorities, T's five cases and six canned replies, M's form."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import outbox_templates
from daemon.config.defaults import shipped
from daemon.config.settings import load
from parsers.form import parse_form
from rules.action_forms import parse_action
from rules.desk import Desk
from rules.durations import Duration
from rules.routing import default_priority
from rules.tables import Escalation, FieldTable, Priority
from tests.rules.desks import make_desk, opened

ROOT = Path(__file__).parents[1]
EXAMPLE = tomllib.loads((ROOT / "config.example.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "response", "resolution"), [("Urgente", 1, 4), ("Alta", 2, 8), ("Media", 4, 24), ("Baja", 8, 48)]
)
def test_the_priorities_promise_what_the_help_desk_promised(name: str, response: int, resolution: int) -> None:
    table = shipped()["priorities"][name]
    assert Duration.parse(table["response"]) == timedelta(hours=response)
    assert Duration.parse(table["resolution"]) == timedelta(hours=resolution)
    assert len(table["description"]) > 20


def test_the_usual_one_is_media() -> None:
    promised = {
        name: Priority(Duration.parse(table["response"]), Duration.parse(table["resolution"]))
        for name, table in shipped()["priorities"].items()
    }
    usual = default_priority(make_desk(priorities=promised))
    assert (usual, promised[usual]) == ("Media", Priority(Duration(hours=4), Duration(hours=24)))


def example_desk() -> Desk:
    """A desk with the cases of the example."""
    cases = tuple(
        Escalation(
            case["name"],
            case.get("kind", ""),
            tuple(FieldTable(**field) for field in case.get("fields", ())),
            tuple(case.get("files", ())),
        )
        for case in EXAMPLE["escalations"]
    )
    return make_desk(escalations=cases)


CASES = [
    ("Error 23", "incident", ["Tipo Error", "Cod_cliente", "Tramite WEB", "Registro Mercantil afectado",
                              "Teléfono y persona de contacto"], 0),
    ("Error sin resolver", "incident", ["IP", "Hora", "Comprobaciones"], 1),
    ("Vinculación o desvinculación", "", [], 2),
    ("Incongruencia en FLEI", "work_order", ["Comprobante del pago"], 0),
    ("Otra causa", "", ["Motivo"], 0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "labels", "files"), CASES, ids=[row[0] for row in CASES])
def test_the_cases_of_an_escalation_demand_what_the_manual_demanded(
    name: str, kind: str, labels: list[str], files: int
) -> None:
    case = next(case for case in example_desk().escalations if case.name == name)
    assert (case.kind, [field.label for field in case.fields], len(case.files)) == (kind, labels, files)


@pytest.mark.parametrize("row", CASES, ids=[row[0] for row in CASES])
def test_each_case_can_be_filled_in_and_misses_nothing_then(row: tuple) -> None:
    desk = example_desk()
    name, kind, labels, _ = row
    lines = "".join(f"{label}: 10.0.0.14\n" for label in labels)
    key, form = parse_action(f"Acción: Escalar\nCaso: {name}\n{lines}", opened(desk, kind=kind or "incident"), desk)
    assert (key, form.faults) == ("escalate", ())
    _, empty = parse_action(f"Acción: Escalar\nCaso: {name}\n", opened(desk, kind=kind or "incident"), desk)
    assert [fault.label for fault in empty.faults] == labels


TITLES = {
    # the manual's title: how many files go with it
    "Modificación\\Recuperación\\Baja de datos": 1,
    "Solicitud documentación": 0,
    "Vinculación - Envío cuadro de vinculación": 2,
    "Vinculación - Desvinculado": 0,
    "Vinculación - Vinculado": 0,
    "Falta de pago": 0,
}


def test_the_six_canned_replies_of_the_manual_are_there_with_their_files() -> None:
    folder = Path(outbox_templates.__file__).parent / "es"
    assert {reply["title"]: len(reply.get("attachments", ())) for reply in EXAMPLE["canned"]} == TITLES
    for reply in EXAMPLE["canned"]:
        assert reply.get("text") or (folder / reply["file"]).read_text(encoding="utf-8").strip()
        assert all((folder / name).is_file() for name in reply.get("attachments", ()))
    coordination = [reply["title"] for reply in EXAMPLE["canned"] if reply.get("groups") == ["coordinacion"]]
    assert coordination == ["Vinculación - Desvinculado", "Vinculación - Vinculado"]


FORMS = {
    # the kind: what it is for, the mail that opens it
    "incident": ("El fallo está en nuestros sistemas.", "Apertura de Incidencia Automática Aplicación / Desarrollo.",
                 ["Servicio/Aplicación", "Tipo", "Descripción"]),
    "work_order": ("Una consulta o una petición, o algo del equipo propio.", "Apertura de Orden de Trabajo.",
                   ["Servicio/Aplicación", "Descripción"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMS)
def test_a_kind_says_what_it_is_for_and_is_opened_by_the_documents_mail(kind: str) -> None:
    description, subject, labels = FORMS[kind]
    table = EXAMPLE["kinds"][kind]
    assert (table["description"], table["subject"]) == (description, subject)
    assert [field["label"] for field in table["fields"] if "required_when" not in field] == labels


def test_an_incidents_type_is_one_of_three() -> None:
    fields = {field["name"]: field for field in EXAMPLE["kinds"]["incident"]["fields"]}
    assert fields["type"]["values"] == ["Pérdida de Servicio", "Error Acceso", "Error Funcional"]


def test_the_third_kind_is_a_help_desks_form_once_its_marks_are_taken_off(tmp_path: Path) -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    start, end = text.index("# [kinds.request]"), text.index("# The catalogue behind")
    config = tmp_path / "config.toml"
    third = re.sub(r"(?m)^# ", "", text[start:end])
    config.write_text(text[:start] + third + text[end:], encoding="utf-8")
    desk = load(config).desk
    form = parse_form(FILLED, desk.fields_of("request"), ZoneInfo("Europe/Madrid"))
    assert (form.faults, len(form.values)) == ((), 6)
    assert form.get("happened_at") == "2017-10-09T10:30:00+02:00"
    assert (form.get("service"), form.get("priority")) == ("AREN", "Alta")


FILLED = """Nombre: Marta Gil
Correo: marta@cliente.example
Fecha y Hora: 09/10/2017 10:30
Módulo: Arena
Prioridad: alta
Descripción: La pantalla de altas
da un error 500.
"""
