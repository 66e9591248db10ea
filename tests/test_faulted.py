"""A fault as its reader sees it: what is wrong, what they wrote, what is needed, what helps; no word of code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from daemon.demo.correspondent import write
from rules.tables import FieldTable, Limits
from tests.rules.desks import DESK, FIELDS, GOOD, MARTA, OPENING, OPENINGS, make_desk
from tests.serverless import ServerlessDesk

HINT = "Mire en su tarjeta"
SAYS = {
    # type of the field, what was written: what is told of it
    ("email", "no tengo"): "Correo: no tiene la forma esperada Usted escribió: «no tengo» "
    "Hace falta: una dirección de correo, como ana@empresa.example",
    ("phone", "el de siempre"): "Correo: no tiene la forma esperada Usted escribió: «el de siempre» "
    "Hace falta: un número de teléfono, como 600 123 456",
    ("number", "muchos"): "Correo: no tiene la forma esperada Usted escribió: «muchos» "
    "Hace falta: un número, como 12 o 3,5",
    ("date", "ayer"): "Correo: no es una fecha Usted escribió: «ayer» Hace falta: una fecha, como 31/12/2017",
    ("date", "31/02/2027"): "Correo: ese día no existe Usted escribió: «31/02/2027» "
    "Hace falta: una fecha, como 31/12/2017",
    ("datetime", "ayer"): "Correo: no es una fecha Usted escribió: «ayer» "
    "Hace falta: fecha y hora, como 31/12/2017 10:30",
    ("text", "x"): "Correo: es un texto demasiado corto Usted escribió: «x» (1 carácter) "
    "Hacen falta: 3 caracteres o más",
    ("text", "x" * 400): f"Correo: es un texto demasiado largo Usted escribió: «{'x' * 300}…» (400 caracteres) "
    "Puede escribir: 350 caracteres como mucho",
    ("text", "MARTA"): "Correo: no tiene la forma esperada Usted escribió: «MARTA»",
    ("text", ""): "Correo: está sin rellenar Hace falta: el valor, detrás de los dos puntos",
}


def refused(folder: Path, field: FieldTable, written: str) -> str:
    """The plain text of the refusal of an opening whose further ``field`` holds ``written``."""
    kind = replace(DESK.kinds["incident"], fields=(*FIELDS, field))
    with ServerlessDesk(folder, make_desk(kinds={"incident": kind})) as desk:
        assert desk.receive(write(MARTA, OPENINGS, OPENING, f"{GOOD}{field.label}: {written}\n")) == "refused"
        return " ".join(desk.letter("refusal").part("plain").split())


@pytest.mark.parametrize(("kind", "written"), SAYS, ids=[f"{kind} {text[:8]}" for kind, text in SAYS])
def test_a_fault_says_what_is_needed_and_what_helps(tmp_path: Path, kind: str, written: str) -> None:
    limits = {"min_length": 3, "max_length": 350, "pattern": "[a-z]+"} if kind == "text" else {}
    field = FieldTable("Correo", "mail", kind, hint=HINT, **limits)
    assert f"1. {SAYS[kind, written]} Qué escribir: {HINT} Cómo" in refused(tmp_path, field, written)


def test_files_that_are_too_many_or_too_large_are_named(tmp_path: Path) -> None:
    limits = Limits(attachments=2, attachment=2000)
    with ServerlessDesk(tmp_path, make_desk(limits=limits)) as desk:
        files = {"plano.pdf": b"x" * 3000, "a.png": b"a", "b.png": b"b"}
        assert desk.receive(write(MARTA, OPENINGS, OPENING, GOOD, files=files)) == "refused"
        told = " ".join(desk.letter("refusal").part("plain").split())
    assert "Puede enviar: 2 archivos como mucho. Sobran: b.png" in told
    assert "Usted envió: «plano.pdf» (3 KB) Puede enviar: archivos de 2 KB como mucho" in told
