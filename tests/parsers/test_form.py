"""The form grammar as tables: a body, and the values or faults that it must give."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.form import Choice, Fault, Field, check_files, form_lines, parse_form
from parsers.mail import Attachment
from parsers.spelling import fold_label, nearest
from parsers.typed import typed_text

MADRID = ZoneInfo("Europe/Madrid")
HINT = "[Complete los datos y envíe este mensaje sin cambiar el asunto.]"

INCIDENT = (
    Field(
        "service",
        "Servicio/Aplicación",
        "choice",
        choices=(Choice("AREN", ("Arena", "Arenas 2")), Choice("CONDUCTORES")),
    ),
    Field(
        "type",
        "Tipo",
        "choice",
        choices=(Choice("Pérdida de Servicio"), Choice("Error Acceso"), Choice("Error Funcional")),
    ),
    Field("description", "Descripción", many_lines=True, min_length=10, max_length=200),
)
CALL = (
    Field("name", "Nombre", min_length=3, max_length=20),
    Field("address", "Correo", "email", aliases=("E-mail",)),
    Field("moment", "Fecha y Hora", "datetime", required=False),
    Field("until", "Hasta", "date", required=False),
    Field("phone", "Teléfono", "phone", required=False),
    Field("seats", "Puestos afectados", "number", required=False),
    Field("plate", "Matrícula", required=False, pattern="[0-9]{4} [A-Z]{3}"),
    Field("priority", "Prioridad", "choice", required=False, choices=(Choice("Alta"), Choice("Media"), Choice("Baja"))),
    Field("reason", "Motivo de la urgencia", required=False, required_when=(("priority", ("Alta",)),)),
)
RIGHT = {"service": "AREN", "type": "Error Acceso", "description": "No abre altas."}


def read(body: str, fields: tuple[Field, ...] = INCIDENT) -> tuple[dict[str, str], list[str]]:
    form = parse_form(body, fields, MADRID, own=[HINT])
    return dict(form.values), [f"{fault.field}: {fault.code}" for fault in form.faults]


ONE_FORM = {
    "as in the example": "Servicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
    "another order": "Tipo: Error Acceso\nServicio/Aplicación: AREN\nDescripción: No abre altas.",
    "the text first": "Descripción: No abre altas.\nTipo: Error Acceso\nServicio/Aplicación: AREN",
    "CRLF": "Servicio/Aplicación: AREN\r\nTipo: Error Acceso\r\nDescripción: No abre altas.\r\n",
    "lone CR": "Servicio/Aplicación: AREN\rTipo: Error Acceso\rDescripción: No abre altas.",
    "vertical tabs of Word": "Servicio/Aplicación: AREN\vTipo: Error Acceso\vDescripción: No abre altas.",
    "line separators": "Servicio/Aplicación: AREN\u2028Tipo: Error Acceso\u2028Descripción: No abre altas.",
    "trailing spaces": "Servicio/Aplicación: AREN  \nTipo: Error Acceso \t\nDescripción: No abre altas.   \n\n",
    "indented": "   Servicio/Aplicación: AREN\n\tTipo: Error Acceso\n   Descripción: No abre altas.",
    "blank lines between": "Servicio/Aplicación: AREN\n\n\nTipo: Error Acceso\n\nDescripción: No abre altas.",
    "no space after the colon": "Servicio/Aplicación:AREN\nTipo:Error Acceso\nDescripción:No abre altas.",
    "space before the colon": "Servicio/Aplicación : AREN\nTipo : Error Acceso\nDescripción : No abre altas.",
    "full-width colons": "Servicio/Aplicación：AREN\nTipo：Error Acceso\nDescripción： No abre altas.",
    "full-width letters in a label": "Servicio/Aplicación: AREN\nＴｉｐｏ: Error Acceso\nDescripción: No abre altas.",
    "spaces round the slash": "Servicio / Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
    "capitals": "SERVICIO/APLICACIÓN: AREN\nTIPO: ERROR ACCESO\nDESCRIPCIÓN: No abre altas.",
    "small letters": "servicio/aplicación: aren\ntipo: error acceso\ndescripción: No abre altas.",
    "no accents": "Servicio/Aplicacion: AREN\nTipo: Error Acceso\nDescripcion: No abre altas.",
    "a wrong accent": "Servicio/Aplicaciòn: AREN\nTípo: Error Accesó\nDescripciön: No abre altas.",
    "decomposed letters": unicodedata.normalize(
        "NFD", "Servicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas."
    ),
    "NBSP for spaces": "Servicio/Aplicación:\xa0AREN\nTipo:\xa0Error\xa0Acceso\nDescripción:\xa0No abre\xa0altas.",
    "zero-width spaces":
        "\ufeffServicio/\u200bAplicación: AREN\u200b\nTi\u00adpo: Error Acceso\u200e\nDescripción: No abre altas.",
    "tabs for spaces": "Servicio/Aplicación:\tAREN\nTipo:\tError\tAcceso\nDescripción:\tNo abre altas.",
    "two spaces in a choice": "Servicio/Aplicación: AREN\nTipo: Error  Acceso\nDescripción: No abre altas.",
    "Gmail's bold": "*Servicio/Aplicación:* AREN\n*Tipo:* Error Acceso\n*Descripción:* No abre altas.",
    "bold without its colon": "*Servicio/Aplicación*: AREN\n**Tipo**: Error Acceso\n__Descripción__: No abre altas.",
    "Markdown's bold": "**Servicio/Aplicación:** AREN\n**Tipo:** Error Acceso\n**Descripción:** No abre altas.",
    "whole lines in bold": "*Servicio/Aplicación: AREN*\n*Tipo: Error Acceso*\n*Descripción: No abre altas.*",
    "bold values": "Servicio/Aplicación: *AREN*\nTipo: **Error Acceso**\nDescripción: No abre altas.",
    "italics": "_Servicio/Aplicación_: AREN\n_Tipo:_ Error Acceso\n_Descripción_: No abre altas.",
    "bold with its space": "*Servicio/Aplicación: *AREN\n*Tipo: *Error Acceso\n*Descripción: *No abre altas.",
    "dashes": "- Servicio/Aplicación: AREN\n- Tipo: Error Acceso\n- Descripción: No abre altas.",
    "asterisks as bullets": "* Servicio/Aplicación: AREN\n* Tipo: Error Acceso\n* Descripción: No abre altas.",
    "Outlook's bullets": "•\tServicio/Aplicación: AREN\no\tTipo: Error Acceso\n\uf0b7 Descripción: No abre altas.",
    "pictures as bullets": "🔹 Servicio/Aplicación: AREN\n👉Tipo: Error Acceso\n☑ Descripción: No abre altas.",
    "numbers with a dash": "1.- Servicio/Aplicación: AREN\n2.- Tipo: Error Acceso\n3º Descripción: No abre altas.",
    "signs escaped": "Servicio\\/Aplicación: AREN\nTipo\\: Error Acceso\nDescripción: No abre altas.",
    "another sign for the slash": "Servicio∕Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
    "bullets and bold": "  • *Servicio/Aplicación:* AREN\n  • *Tipo:* Error Acceso\n  • *Descripción:* No abre altas.",
    "numbered": "1. Servicio/Aplicación: AREN\n2) Tipo: Error Acceso\n(3) Descripción: No abre altas.",
    "lettered": "a) Servicio/Aplicación: AREN\nb) Tipo: Error Acceso\nc) Descripción: No abre altas.",
    "a table of Markdown":
        "| **Servicio/Aplicación:** | AREN |\n| **Tipo:** | Error Acceso |\n| Descripción: | No abre altas. |",
    "two cells in a row": "Servicio/Aplicación: AREN    Tipo: Error Acceso\nDescripción: No abre altas.",
    "cells parted by tabs": "Servicio/Aplicación:\tAREN\tTipo:\tError Acceso\nDescripción: No abre altas.",
    "values on the next line": "Servicio/Aplicación:\nAREN\nTipo:\nError Acceso\nDescripción:\nNo abre altas.",
    "values after blank lines":
        "Servicio/Aplicación:\n\nAREN\n\nTipo:\n\n\nError Acceso\n\nDescripción:\n\nNo abre altas.\n",
    "values indented below":
        "Servicio/Aplicación:\n    AREN\nTipo:\n    - Error Acceso\nDescripción:\n    No abre altas.",
    "a choice on two lines": "Servicio/Aplicación: AREN\nTipo: Error\nAcceso\nDescripción: No abre altas.",
    "a greeting": "Buenos días:\n\nServicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
    "a greeting that names a label":
        "Hola, les mando el tipo y lo demás.\nServicio/Aplicación: AREN\nTipo: Error Acceso\n"
    "Descripción: No abre altas.",
    "an unknown label in between":
        "Servicio/Aplicación: AREN\nExtensión: 4411\nTipo: Error Acceso\nDescripción: No abre altas.",
    "an unknown label before":
        "Departamento: Tráfico\nServicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
    "a loose line in between": "Servicio/Aplicación: AREN\nes urgente\nTipo: Error Acceso\nDescripción: No abre altas.",
    "a full stop after a choice": "Servicio/Aplicación: AREN.\nTipo: Error Acceso.\nDescripción: No abre altas.",
    "quoted choices": "Servicio/Aplicación: «AREN»\nTipo: \"Error Acceso\"\nDescripción: No abre altas.",
    "choices in brackets": "Servicio/Aplicación: [AREN]\nTipo: [Error Acceso]\nDescripción: No abre altas.",
    "an alias": "Servicio/Aplicación: arena\nTipo: Error Acceso\nDescripción: No abre altas.",
    "an alias with a digit": "Servicio/Aplicación: Arenas 2\nTipo: Error Acceso\nDescripción: No abre altas.",
    "one line": "Servicio/Aplicación: AREN Tipo: Error Acceso Descripción: No abre altas.",
    "one line, text in the middle": "Tipo: Error Acceso Descripción: No abre altas. Servicio/Aplicación: AREN",
    "one line, spaced slash": "Servicio / Aplicación: AREN Tipo : Error Acceso Descripcion: No abre altas.",
    "one line in bold": "*Servicio/Aplicación:* AREN *Tipo:* Error Acceso *Descripción:* No abre altas.",
    "one line and our hint": f"Servicio/Aplicación: AREN Tipo: Error Acceso Descripción: No abre altas. {HINT}",
    "one line below a greeting": "Hola:\n\nServicio/Aplicación: AREN Tipo: Error Acceso Descripción: No abre altas.",
    "literal <br>": "Servicio/Aplicación: AREN<br>Tipo: Error Acceso<br>Descripción: No abre altas.<br>",
    "literal <BR />": "Servicio/Aplicación: AREN<BR />Tipo: Error Acceso<BR/>Descripción: No abre altas.",
    "<br> and line breaks": "Servicio/Aplicación: AREN<br>\nTipo: Error Acceso<br>\nDescripción: No abre altas.<br>\n",
    "plus for spaces": "Servicio/Aplicación:+AREN\nTipo:+Error+Acceso\nDescripción:+No+abre+altas.",
    "broken accents": "Servicio/AplicaciÃ³n: AREN\nTipo: Error Acceso\nDescripciÃ³n: No abre altas.",
    "question marks for accents": "Servicio/Aplicaci?n: AREN\nTipo: Error Acceso\nDescripci?n: No abre altas.",
    "replacement characters":
        "Servicio/Aplicaci\ufffdn: AREN\nTipo: Error Acceso\nDescripci\ufffd\ufffdn: No abre altas.",
    "another sign for each accent": "Servicio/Aplicaci¢n: AREN\nTipo: Error Acceso\nDescripci—n: No abre altas.",
    "accents left out": "Servicio/Aplicacin: AREN\nTipo: Error Acceso\nDescripcin: No abre altas.",
    "left of quoted-printable":
        "Servicio/Aplicaci=C3=B3n: AREN=20\nTipo: Error =\nAcceso\nDescripci=C3=B3n: No abre =\naltas.",
    "left of quoted-printable, latin-1":
        "Servicio/Aplicaci=F3n: AREN\nTipo: Error Acceso\nDescripci=F3n: No abre altas.",
    "left of quoted-printable, its line ends":
        "Servicio/Aplicaci=C3=B3n: AREN=0D=0ATipo: Error Acceso=0D=0ADescripci=C3=B3n: No abre altas.",
    "left of a link":
        "Servicio%2FAplicaci%C3%B3n%3A%20AREN%0D%0ATipo%3A%20Error%20Acceso%0D%0A"
    "Descripci%C3%B3n%3A%20No%20abre%20altas.",
    "entities": "Servicio/Aplicaci&oacute;n:&nbsp;AREN\nTipo&#58; Error&nbsp;Acceso\nDescripci&#xF3;n: No abre altas.",
    "entities twice":
        "Servicio/Aplicaci&amp;oacute;n: AREN\nTipo: Error Acceso\nDescripci&amp;oacute;n: No abre altas.",
    "tags": "<b>Servicio/Aplicación:</b> AREN\n<b>Tipo:</b> Error Acceso\n<b>Descripción:</b> No abre altas.",
    "a forum's codes": "[b]Servicio/Aplicación:[/b] AREN\n[b]Tipo:[/b] Error Acceso\nDescripción: No abre altas.",
    "a label on two lines": "Servicio/\nAplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
    "a label hyphenated": "Servicio/Apli-\ncación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
    "colons on the next line": "Servicio/Aplicación\n: AREN\nTipo\n: Error Acceso\nDescripción\n: No abre altas.",
    "two colons": "Servicio/Aplicación:: AREN\nTipo: : Error Acceso\nDescripción:: No abre altas.",
    "two labels on a line": "Servicio/Aplicación: AREN Tipo: Error Acceso\nDescripción: No abre altas.",
    "two labels and a comma": "Servicio/Aplicación: AREN, Tipo: Error Acceso\nDescripción: No abre altas.",
    "two labels and a slash": "Servicio/Aplicación: AREN / Tipo: Error Acceso\nDescripción: No abre altas.",
    "the same form twice": 2 * "Servicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.\n\n",
    "the empty form above":
        "Servicio/Aplicación:\nTipo:\nDescripción:\n\n"
    "Servicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
    "the empty form below":
        "Servicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.\n\n"
    "Servicio/Aplicación:\nTipo:\nDescripción:\n",
    "our hint at the end": f"Servicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.\n\n{HINT}",
    "our hint wrapped": "Servicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.\n"
    "[Complete los datos y envíe este\nmensaje sin cambiar el asunto.]",
    "our hint without its accent": "Servicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.\n"
    "[Complete los datos y envie este mensaje sin cambiar el asunto.]",
    "the cursor before our text": "\n\nServicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
    "the same value twice":
        "Servicio/Aplicación: AREN\nTipo: Error Acceso\nTipo: error acceso\nDescripción: No abre altas.",
    "an alias and its literal":
        "Servicio/Aplicación: AREN\nServicio/Aplicación: Arena\nTipo: Error Acceso\nDescripción: No abre altas.",
    "first empty, then filled":
        "Servicio/Aplicación:\nTipo:\nServicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
    "a label quoted": "«Servicio/Aplicación»: AREN\n\"Tipo\": Error Acceso\nDescripción: No abre altas.",
    "a quoted form above": "> Servicio/Aplicación: CONDUCTORES\n> Tipo: Error Funcional\n"
    "Servicio/Aplicación: AREN\nTipo: Error Acceso\nDescripción: No abre altas.",
}  # fmt: skip


@pytest.mark.parametrize("body", ONE_FORM.values(), ids=ONE_FORM)
def test_one_form_however_it_was_written(body: str) -> None:
    assert read(body) == (RIGHT, [])


HEAD = "Servicio/Aplicación: AREN\nTipo: Error Acceso\n"
TEXTS = {
    "several lines": ("Descripción: Uno dos tres.\nCuatro cinco.", "Uno dos tres.\nCuatro cinco."),
    "paragraphs": ("Descripción: Uno dos tres.\n\nCuatro cinco.\n", "Uno dos tres.\n\nCuatro cinco."),
    "indentation of a pasted log": (
        "Descripción:\nFalla así:\n  at línea 3\n    at línea 4",
        "Falla así:\n  at línea 3\n    at línea 4",
    ),
    "an unknown label": (
        "Descripción: Al guardar sale\nCódigo: 500\nNota: siempre",
        "Al guardar sale\nCódigo: 500\nNota: siempre",
    ),
    "a label seen already": (
        "Descripción: Elijo esto\nTipo: Error Funcional\ny falla",
        "Elijo esto\nTipo: Error Funcional\ny falla",
    ),
    "the first label again, with the same value": (
        "Descripción: Elijo esto\nServicio/Aplicación: AREN\ny falla",
        "Elijo esto\nServicio/Aplicación: AREN\ny falla",
    ),
    "another form": (
        f"Descripción: Mi cliente escribe:\n{HEAD.replace('AREN', 'CONDUCTORES')}Descripción: No imprime.",
        f"Mi cliente escribe:\n{HEAD.replace('AREN', 'CONDUCTORES')}Descripción: No imprime.",
    ),
    "its own label": ("Descripción: En el campo\nDescripción: no cabe nada", "En el campo\nDescripción: no cabe nada"),
    "labels in the middle of its lines": ("Descripción: Si cambio Tipo: nada ocurre", "Si cambio Tipo: nada ocurre"),
    "bold text": ("Descripción: *Muy* importante: *no* abre", "*Muy* importante: *no* abre"),
    "quoted history": (
        "Descripción: Mire lo de abajo.\n\nEl lun, 9 oct 2017, Ana escribió:\n> Servicio/Aplicación: AREN\n> Gracias",
        "Mire lo de abajo.\n\nEl lun, 9 oct 2017, Ana escribió:\n> Servicio/Aplicación: AREN\n> Gracias",
    ),
    "a line of times": (
        "Descripción: Ocurre a las\n10:30 y 11:15\nhttp://aren.example/x",
        "Ocurre a las\n10:30 y 11:15\nhttp://aren.example/x",
    ),
    "an honest plus": ("Descripción: El C++ y el 1+1 no van", "El C++ y el 1+1 no van"),
    "an honest bracket at the end": (
        "Descripción: No abre nunca.\n[fin del registro]",
        "No abre nunca.\n[fin del registro]",
    ),
    "a line end in what is mended": ("DescripciÃ³n: Error 500â€¨al guardar", "Error 500 al guardar"),
    "encodings that are meant": (
        "Descripción: En pantalla sale &oacute;, =C3=B3 y\n%C3%B3 en vez de ó",
        "En pantalla sale &oacute;, =C3=B3 y\n%C3%B3 en vez de ó",
    ),
    "mojibake that is meant": ("Descripción: En pantalla sale PeticiÃ³n", "En pantalla sale PeticiÃ³n"),
    "markup as text": ("Descripción: <b>No</b> abre & {{7*7}}", "<b>No</b> abre & {{7*7}}"),
    "controls and bidi marks": ("Descripción: No\x00 abre\u202e nunca\x07 más", "No abre nunca más"),
    "emoji and other scripts": ("Descripción: No abre 😀 ни разу 漢字", "No abre 😀 ни разу 漢字"),
}


@pytest.mark.parametrize(("body", "text"), TEXTS.values(), ids=TEXTS)
def test_many_lines_hold_what_was_written(body: str, text: str) -> None:
    assert read(HEAD + body) == ({**RIGHT, "description": text}, [])


def test_a_text_goes_on_to_the_next_label_not_yet_seen() -> None:
    body = "Descripción: No abre\nTampoco Tipo: sin más\nTipo: Error Acceso\nServicio/Aplicación: AREN"
    assert read(body)[0]["description"] == "No abre\nTampoco Tipo: sin más"


HEADS = {
    "Outlook": "De: Ana Gil <ana@cliente.example>\nEnviado: lunes, 9 de octubre de 2017 10:23\nPara: CAU\nAsunto: Alta",
    "Outlook in English": "From: Ana <ana@x.example>\nSent: Monday, October 9, 2017 10:23 AM\nTo: CAU\nSubject: New",
    "Outlook in French": "De : Ana <ana@cliente.example>\nEnvoyé : lundi 9 octobre 2017 10:23\nÀ : CAU\nObjet : Panne",
    "Outlook in German": "Von: Ana <ana@x.example>\nGesendet: Montag, 9. Oktober 2017 10:23\nAn: CAU\nBetreff: Neu",
    "a rule of Outlook": "-----Mensaje original-----\nDe: Ana\nEnviado el: 9 de octubre de 2017 10:23\nAsunto: Alta",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_no_field_is_read_below_the_head_of_quoted_history(head: str) -> None:
    body = f"Nombre: Marta\nDetalle: Vean lo de abajo.\n\n{head}\n\nNombre: Ana\nCorreo: ana@cliente.example\n"
    fields = (CALL[0], Field("detail", "Detalle", many_lines=True), CALL[1])
    form = parse_form(body, fields, MADRID)
    assert [f.field for f in form.faults] == ["address"]
    assert form.get("detail").endswith("Nombre: Ana\nCorreo: ana@cliente.example")
    assert form.warnings == ()


def test_a_text_given_in_two_places_is_kept_whole() -> None:
    body = "Descripción: No abre nunca.\nTipo: Error Acceso\nDescripción: Y tarda.\nServicio/Aplicación: AREN"
    assert read(body)[0]["description"] == "No abre nunca.\nY tarda."


FAULTS = {
    "an empty body": ("", ["service: missing", "type: missing", "description: missing"]),
    "prose without labels": (
        "No me abre AREN, ¿pueden mirarlo?",
        ["service: missing", "type: missing", "description: missing"],
    ),
    "labels without colons": (
        "Servicio/Aplicación AREN\nTipo Error Acceso\nDescripción no abre AREN",
        ["service: missing", "type: missing", "description: missing"],
    ),
    "one line that begins with something else": (
        "Hola, Servicio/Aplicación: AREN Tipo: Error Acceso Descripción: no abre AREN",
        ["service: missing", "type: missing", "description: missing"],
    ),
    "only quoted": (
        "> Servicio/Aplicación: AREN\n> Tipo: Error Acceso\n> Descripción: no abre AREN",
        ["service: missing", "type: missing", "description: missing"],
    ),
    "a field left out": ("Servicio/Aplicación: AREN\nDescripción: No abre AREN.", ["type: missing"]),
    "all left empty": (
        "Servicio/Aplicación:\nTipo: \nDescripción:\n\n",
        ["service: empty", "type: empty", "description: empty"],
    ),
    "only our hint in the text": (HEAD + f"Descripción: \n{HINT}", ["description: empty"]),
    "only bold marks": (
        "*Servicio/Aplicación:*\n*Tipo:* Error Acceso\n*Descripción:* No abre AREN.",
        ["service: empty"],
    ),
    "not in the list": (
        "Servicio/Aplicación: ARENN\nTipo: Se ha roto\nDescripción: No abre AREN.",
        ["service: not_in_list", "type: not_in_list"],
    ),
    "our template sent back": (
        "Servicio/Aplicación: AREN\nTipo: Pérdida de Servicio / Error Acceso / Error Funcional\n"
        "Descripción: No abre AREN.",
        ["type: several_values"],
    ),
    "the document's template sent back": (
        "Servicio/Aplicación: AREN\nTipo: Escoger uno de los siguientes literales: [Pérdida de Servicio / "
        "Error Acceso / Error Funcional]\nDescripción: Descripción detallada de la incidencia.",
        ["type: several_values"],
    ),
    "several by comma": (
        "Servicio/Aplicación: AREN, CONDUCTORES\nTipo: Error Acceso\nDescripción: No abre AREN.",
        ["service: several_values"],
    ),
    "several by «y»": (
        "Servicio/Aplicación: AREN y conductores\nTipo: Error Acceso\nDescripción: No abre AREN.",
        ["service: several_values"],
    ),
    "several as a list": (
        "Servicio/Aplicación: AREN\nTipo:\n- Pérdida de Servicio\n- Error Acceso\nDescripción: No abre AREN.",
        ["type: several_values"],
    ),
    "several on one line, nothing else": (
        "Tipo: Error Acceso Error Funcional",
        ["service: missing", "type: several_values", "description: missing"],
    ),
    "given twice with two values": (
        "Servicio/Aplicación: AREN\nServicio/Aplicación: CONDUCTORES\nTipo: Error Acceso\nDescripción: No abre AREN.",
        ["service: given_twice"],
    ),
    "too short": (HEAD + "Descripción: No abre", ["description: too_short"]),
    "too long": (HEAD + "Descripción: " + "No abre. " * 40, ["description: too_long"]),
    "everything at once": (
        "Servicio/Aplicación: Otra cosa\nTipo:\nDescripción: Nada",
        ["service: not_in_list", "type: empty", "description: too_short"],
    ),
    "homoglyphs are other letters": (
        "Servicio/Aplicación: АREN\nTipo: Error Acceso\nDescripción: No abre AREN.",
        ["service: not_in_list"],
    ),
}


@pytest.mark.parametrize(("body", "faults"), FAULTS.values(), ids=FAULTS)
def test_every_fault_at_once(body: str, faults: list[str]) -> None:
    assert read(body)[1] == faults


WHO = "Nombre: Marta Ruiz\nCorreo: marta@cliente.example\n"


def beside_who(line: str) -> str:
    """A body with ``line`` and what is required besides."""
    label = line.partition(":")[0]
    return "\n".join([*(known for known in WHO.splitlines() if not known.startswith(f"{label}:")), line])


TYPED = {
    "a name": ("", "name", "Marta Ruiz"),
    "an address in angle brackets": ("Correo: Marta <marta@CLIENTE.example>", "address", "marta@cliente.example"),
    "an address that Outlook linked":
        ("E-mail: marta@cliente.example<mailto:marta@cliente.example>", "address", "marta@cliente.example"),
    "a date and time": ("Fecha y Hora: 09/10/2017 10:23", "moment", "2017-10-09T10:23:00+02:00"),
    "with seconds": ("Fecha y Hora: 09/10/2017 10:23:58", "moment", "2017-10-09T10:23:58+02:00"),
    "in winter": ("Fecha y hora: 9-1-2018 8.05", "moment", "2018-01-09T08:05:00+01:00"),
    "in words": ("Fecha y hora: 09/10/2017 a las 10:23 h", "moment", "2017-10-09T10:23:00+02:00"),
    "ISO": ("Fecha y hora: 2017-10-09 10:23", "moment", "2017-10-09T10:23:00+02:00"),
    "ISO with T": ("Fecha y hora: 2017-10-09T10:23:58", "moment", "2017-10-09T10:23:58+02:00"),
    "ISO in UTC": ("Fecha y hora: 2017-10-09T08:23:00Z", "moment", "2017-10-09T10:23:00+02:00"),
    "ISO with an offset": ("Fecha y hora: 2017-10-09T03:23:00-05:00", "moment", "2017-10-09T10:23:00+02:00"),
    "the day first": ("Hasta: 10/09/2017", "until", "2017-09-10"),
    "points": ("Hasta: 09.10.2017", "until", "2017-10-09"),
    "spaces": ("Hasta: 9 / 10 / 2017", "until", "2017-10-09"),
    "the year first": ("Hasta: 2017/10/09", "until", "2017-10-09"),
    "ISO, short": ("Hasta: 2017-10-9", "until", "2017-10-09"),
    "as our English letters write it": ("Hasta: 09 Oct 2017", "until", "2017-10-09"),
    "the month in letters": ("Hasta: 9 de octubre de 2017", "until", "2017-10-09"),
    "the month short": ("Hasta: 9-oct-2017", "until", "2017-10-09"),
    "the month short, with its point": ("Hasta: 9 sept. 2017", "until", "2017-09-09"),
    "the year with its article": ("Hasta: 1 de enero del 2018", "until", "2018-01-01"),
    "a sentence's date": ("Hasta: el lunes, 9 de octubre de 2017", "until", "2017-10-09"),
    "a full stop behind": ("Hasta: 20/10/2017.", "until", "2017-10-20"),
    "in Catalan": ("Hasta: 9 d'octubre de 2017", "until", "2017-10-09"),
    "in Galician": ("Hasta: luns 9 de outubro de 2017", "until", "2017-10-09"),
    "in English": ("Hasta: October 9, 2017", "until", "2017-10-09"),
    "in English, ordinal": ("Hasta: Monday, October 9th, 2017", "until", "2017-10-09"),
    "in English, of": ("Hasta: 9th of October 2017", "until", "2017-10-09"),
    "as English letters write the minute": ("Fecha y Hora: 09 Oct 2017 10:23", "moment", "2017-10-09T10:23:00+02:00"),
    "as our letters write it": ("Fecha y Hora: 09/10/2017 10:23:58 (UTC + 2)", "moment", "2017-10-09T10:23:58+02:00"),
    "in another zone": ("Fecha y Hora: 9 Oct 2017 10:23:58 (UTC + 5:30)", "moment", "2017-10-09T06:53:58+02:00"),
    "west of Greenwich": ("Fecha y Hora: 2017-10-09 03:23:58 UTC-5", "moment", "2017-10-09T10:23:58+02:00"),
    "half a day": ("Fecha y Hora: Oct 9, 2017 2:05 pm", "moment", "2017-10-09T14:05:00+02:00"),
    "half a day in Spanish": ("Fecha y Hora: 9/10/2017 a las 10:23 a. m.", "moment", "2017-10-09T10:23:00+02:00"),
    "an hour of half a day": ("Fecha y Hora: 9 October 2017 at 3pm", "moment", "2017-10-09T15:00:00+02:00"),
    "midnight": ("Fecha y Hora: 9/10/2017 12:30 AM", "moment", "2017-10-09T00:30:00+02:00"),
    "noon": ("Fecha y Hora: 9/10/2017 12:30 PM", "moment", "2017-10-09T12:30:00+02:00"),
    "at, in letters": ("Fecha y Hora: 9 de octubre de 2017 a las 8.05 h", "moment", "2017-10-09T08:05:00+02:00"),
    "an hour that spring skips": ("Fecha y hora: 26/03/2017 02:30", "moment", "2017-03-26T03:30:00+02:00"),
    "an hour that autumn repeats": ("Fecha y hora: 29/10/2017 02:30", "moment", "2017-10-29T02:30:00+02:00"),
    "a leap day": ("Hasta: 29/02/2020", "until", "2020-02-29"),
    "an ISO date": ("Hasta: 2017-10-20", "until", "2017-10-20"),
    "an address at the end of a sentence": ("Correo: <a@x.example>.", "address", "a@x.example"),
    "a phone": ("Teléfono: +34 600 11 22 33", "phone", "+34 600 11 22 33"),
    "a short phone": ("Teléfono: 600112", "phone", "600112"),
    "a phone alone with its plus": ("Teléfono:+34600112233", "phone", "+34600112233"),
    "an extension": ("Teléfono: 91 301 85 00 ext. 4411", "phone", "91 301 85 00 ext. 4411"),
    "a number": ("Puestos afectados: 1.250", "seats", "1.250"),
    "a name of twenty letters": ("Nombre: Marta Dolores Ruiz G", "name", "Marta Dolores Ruiz G"),
    "a name that is a bullet": ("Nombre: ✓✓✓", "name", "✓✓✓"),
    "a pattern": ("Matrícula: 1234 BCD", "plate", "1234 BCD"),
    "a text that a client wrapped": (
        "Motivo de la urgencia: mañana vence el plazo de las matrículas que no\nse han dado de alta en la aplicación, y"
        " el martes tenemos la auditoría\nanual.",
        "reason",
        "mañana vence el plazo de las matrículas que no se han dado de alta en la aplicación, y el martes tenemos la "
        "auditoría anual.",
    ),
    "what is typed below a line that had room": (
        "Motivo de la urgencia: mañana vence el plazo\nGracias.",
        "reason",
        "mañana vence el plazo",
    ),
    "a label that is nobody's below a full line": (
        "Motivo de la urgencia: mañana vence el plazo de las matrículas nuevas\nEmpresa: Renfe",
        "reason",
        "mañana vence el plazo de las matrículas nuevas",
    ),
    "text after a one-line value": ("Matrícula: 1234 BCD\nes la del coche nuevo", "plate", "1234 BCD"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "name", "value"), TYPED.values(), ids=TYPED)
def test_each_type_stores_one_form(line: str, name: str, value: str) -> None:
    who = {"name": "Marta Ruiz", "address": "marta@cliente.example"}
    assert read(beside_who(line), CALL) == ({**who, name: value}, [])


MISTYPED = {
    "no address": ("Correo: marta en cliente.example", "address: bad_format"),
    "an address that reads as another (full width)": ("Correo: \uff4biko@cliente.example", "address: bad_format"),
    "two addresses": ("Correo: a@x.example; b@y.example", "address: several_values"),
    "the end of a longer word": (f"Correo: {'x' * 100}@x.example", "address: bad_format"),
    "the end of two": ("Correo: a@b@x.example", "address: bad_format"),
    "the beginning of a link": ("Correo: a@x.example?bcc=b@y.example", "address: bad_format"),
    "cut off by a limit": (f"Correo: {'x ' * 494} a@xyzw.example", "address: bad_format"),
    "a name too short": ("Nombre: M", "name: too_short"),
    "a name too long by a letter": ("Nombre: Marta Dolores Ruiz G.", "name: too_long"),
    "a date without time": ("Fecha y Hora: 09/10/2017", "moment: bad_date"),
    "an ISO date without time": ("Fecha y Hora: 2017-10-09", "moment: bad_date"),
    "a month too many": ("Fecha y Hora: 09/13/2017 10:23", "moment: bad_date"),
    "an hour too many": ("Fecha y Hora: 09/10/2017 25:00", "moment: bad_date"),
    "full-width digits": ("Fecha y Hora: ０９/１０/２０１７ 10:23", "moment: bad_date"),
    "no such month": ("Hasta: 9 de oktubre de 2017", "until: bad_date"),
    "a month that may be two": ("Hasta: 9 ju 2017", "until: bad_date"),
    "another day of the week": ("Hasta: martes 9 de octubre de 2017", "until: bad_date"),
    "a year of two figures": ("Hasta: 09/10/17", "until: bad_date"),
    "no year": ("Hasta: 9 de octubre", "until: bad_date"),
    "an hour of half a day too many": ("Fecha y Hora: 9/10/2017 14:30 PM", "moment: bad_date"),
    "no such zone": ("Fecha y Hora: 09/10/2017 10:23:58 (UTC + 24)", "moment: bad_date"),
    "a date and much more": ("Hasta: 09/10/2017 " + "x" * 5000, "until: bad_date"),
    "words": ("Fecha y Hora: ayer por la tarde", "moment: bad_date"),
    "no such day": ("Hasta: 31/02/2020", "until: no_such_day"),
    "no such month of a day": ("Hasta: 13/13/2017", "until: no_such_day"),
    "no such day, in words": ("Hasta: 31 de febrero de 2020", "until: no_such_day"),
    "no such day, with a time": ("Fecha y Hora: 2020-02-31 10:23", "moment: no_such_day"),
    "a time where a date is wanted": ("Hasta: 20/10/2017 10:00", "until: bad_date"),
    "before the calendar": ("Fecha y Hora: 0001-01-01T00:00:00+14:00", "moment: bad_date"),
    "a phone in words": ("Teléfono: llámeme", "phone: bad_format"),
    "too few digits": ("Teléfono: 60011", "phone: bad_format"),
    "a number in words": ("Puestos afectados: todos", "seats: bad_format"),
    "a number and its opposite": ("Puestos afectados: 5\nPuestos afectados: -5", "seats: given_twice"),
    "not the pattern": ("Matrícula: 1234 bcd", "plate: bad_format"),
}


@pytest.mark.parametrize(("line", "wanted"), MISTYPED.values(), ids=MISTYPED)
def test_each_type_has_its_fault(line: str, wanted: str) -> None:
    assert read(beside_who(line), CALL)[1] == [wanted]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("Hasta: 09/10/17", "2017-10-09"), ("Hasta: 10/23/2017", "2017-10-23"), ("Hasta: 10/23/17", "2017-10-23"),
        ("Fecha y Hora: 10/23/2017 10:23", "2017-10-23T10:23:00+02:00"),
        ("Fecha y Hora: 9.10.17 10:23", "2017-10-09T10:23:00+02:00"),
        ("Hasta: ayer", ""),
    ],
)  # fmt: skip
def test_a_date_that_may_have_been_meant_is_asked_back(line: str, meant: str) -> None:
    [fault] = parse_form(WHO + line, CALL, MADRID).faults
    assert (fault.code, fault.nearest) == ("bad_date", meant)


def test_what_another_value_requires() -> None:
    urgent = WHO + "Prioridad: alta\n"
    assert read(urgent, CALL)[1] == ["reason: missing"]
    assert read(urgent + "Motivo de la urgencia:", CALL)[1] == ["reason: empty"]
    assert read(urgent + "Motivo de la urgencia: Mañana hay examen", CALL)[1] == []


BOTH = (("priority", ("Alta",)), ("seats", ("1", "2")))


@pytest.mark.parametrize(
    ("written", "faults"),
    [("Prioridad: Alta\nPuestos: 2", ["why: missing"]), ("Prioridad: Alta\nPuestos: 9", []), ("Puestos: 2", [])],
)
def test_a_field_may_be_required_when_two_others_say_so(written: str, faults: list[str]) -> None:
    asked = (CALL[-2], Field("seats", "Puestos", required=False), Field("why", "Motivo", required_when=BOTH))
    assert read(written, asked)[1] == faults
    assert read(WHO + "Prioridad: Baja", CALL)[1] == []


def test_a_fault_says_how_to_mend_it() -> None:
    fields = (*INCIDENT[:2], replace(INCIDENT[2], hint="Qué ocurre"))
    form = parse_form("Servicio/Aplicación: ARENN\nTipo: perdida\nDescripción: Nada", fields, MADRID)
    assert form.faults == (
        Fault("service", "not_in_list", "ARENN", ("AREN", "CONDUCTORES"), "AREN", "Servicio/Aplicación"),
        Fault("type", "not_in_list", "perdida", ("Pérdida de Servicio", "Error Acceso", "Error Funcional"),
              "Pérdida de Servicio", "Tipo"),
        Fault("description", "too_short", "Nada", ("10",), "", "Descripción", "4", "Qué ocurre"),
    )  # fmt: skip


def test_a_long_text_is_shown_in_part() -> None:
    [fault] = parse_form(HEAD + "Descripción: " + "x" * 5000, INCIDENT, MADRID).faults
    assert (fault.read, fault.allowed, fault.detail) == ("x" * 300 + "…", ("200",), "5000")


def test_unknown_labels_outside_a_text_are_told() -> None:
    form = parse_form(
        "Hola:\nTipo: Error Acceso\nExtensión: 4411\n*Sede:* Madrid\nDescripción: No abre\nNota: x", INCIDENT, MADRID
    )
    assert form.warnings == ("Extensión", "Sede")


def test_recognised_tells_a_form_from_prose() -> None:
    assert parse_form("Tipo:", INCIDENT, MADRID).recognised
    assert not parse_form("No me abre AREN.", INCIDENT, MADRID).recognised


def test_values_come_in_the_fields_order() -> None:
    form = parse_form("Descripción: No abre AREN.\nTipo: Error Acceso\nServicio/Aplicación: AREN", INCIDENT, MADRID)
    assert [name for name, _ in form.values] == ["service", "type", "description"]


def test_the_hint_of_a_field_is_no_value() -> None:
    fields = (replace(INCIDENT[2], hint="Qué ocurre y desde cuándo"),)
    assert read("Descripción: [Qué ocurre y desde cuándo]", fields)[1] == ["description: empty"]


def test_a_label_may_hold_a_colon_and_be_another_s_beginning() -> None:
    fields = (Field("hour", "Hora"), Field("end", "Hora (HH:MM) fin"), Field("application", "Aplicación"), INCIDENT[0])
    body = "Hora (HH:MM) fin: 10:30\nHora: 9:15\nAplicación: X\nServicio/Aplicación: AREN"
    assert read(body, fields)[0] == {"hour": "9:15", "end": "10:30", "application": "X", "service": "AREN"}


def test_an_action_is_read_before_its_fields_are_known() -> None:
    action = Field(
        "action", "Acción", "choice", choices=(Choice("Pedir información"), Choice("Pendiente"), Choice("Nota"))
    )
    assert read("Acción: Pedir información Motivo: Falta un dato Texto: ¿Qué Nota sale?", (action,))[0] == {
        "action": "Pedir información"
    }
    assert read("Acción: Pendiente / Nota: elijan", (action,))[1] == ["action: several_values"]


def test_lost_letters_that_two_values_share_choose_neither() -> None:
    field = Field("place", "Sede", "choice", choices=(Choice("Peña"), Choice("Peúa"), Choice("Cádiz")))
    assert read("Sede: Pe?a", (field,))[1] == ["place: not_in_list"]
    assert read("Sede: C?diz", (field,))[0] == {"place": "Cádiz"}


# -- a label that nearly stands there: no value is read, but it is told what was found and what was meant

FIRST, TEXT = "Servicio/Aplicación: AREN\n", "Descripción: No abre altas."
NEARLY = {
    # what stands for «Tipo: Error Acceso»: the line that is told, the value that may have been meant
    "an equals sign": ("Tipo = Error Acceso", "Error Acceso"),
    "a hyphen": ("Tipo - Error Acceso", "Error Acceso"),
    "a dash": ("Tipo – Error Acceso", "Error Acceso"),
    "a long dash": ("Tipo—Error Acceso", "Error Acceso"),
    "an arrow": ("Tipo → Error Acceso", "Error Acceso"),
    "an arrow of two signs": ("Tipo => Error Acceso", "Error Acceso"),
    "a tab": ("Tipo\tError Acceso", "Error Acceso"),
    "a full stop": ("Tipo. Error Acceso", "Error Acceso"),
    "a semicolon": ("Tipo; Error Acceso", "Error Acceso"),
    "a comma": ("Tipo, error acceso", "Error Acceso"),
    "a bar": ("| Tipo | Error Acceso |", "Error Acceso"),
    "nothing": ("Tipo Error Acceso", "Error Acceso"),
    "in bold": ("**Tipo** - Error Acceso", "Error Acceso"),
    "the value below": ("Tipo\nError Acceso", "Error Acceso"),
    "letters in the wrong order": ("Tpio: Error Acceso", "Error Acceso"),
    "a letter too many": ("Tippo: Error Acceso", "Error Acceso"),
    "misspelt, and its value too": ("Tippo: Eror Aceso", "Error Acceso"),
    "misspelt, with a value of no list": ("Tippo: se rompe", ""),
    "misspelt, and another sign": ("Tippo = Error Acceso", "Error Acceso"),
    "more words": ("Tipo de incidéncia: Error Acceso", "Error Acceso"),
    "more words before": ("Indique el tipo: Error Acceso", "Error Acceso"),
}


@pytest.mark.parametrize(("line", "meant"), NEARLY.values(), ids=NEARLY)
def test_what_nearly_is_a_label_is_told_and_not_read(line: str, meant: str) -> None:
    form = parse_form(FIRST + line + "\n" + TEXT, INCIDENT, MADRID)
    assert form.get("type") == ""
    [fault] = form.faults
    assert (fault.field, fault.code, fault.read, fault.nearest) == ("type", "missing", line.partition("\n")[0], meant)


NEARLY_TEXTS = {
    # what stands for «Descripción: …»: the text that was meant
    "misspelt": ("Descrpicion: No abre altas.\nNi bajas.", "No abre altas.\nNi bajas."),
    "more words": ("Descripción del problema: No abre altas.", "No abre altas."),
    "a dash": ("Descripción – No abre altas.", "No abre altas."),
    "alone on its line": ("Descripción\n\nNo abre altas.\nNi bajas.", "No abre altas.\nNi bajas."),
}


@pytest.mark.parametrize(("body", "meant"), NEARLY_TEXTS.values(), ids=NEARLY_TEXTS)
def test_a_text_below_what_nearly_is_its_label_is_told(body: str, meant: str) -> None:
    [fault] = parse_form(HEAD + body, INCIDENT, MADRID).faults
    assert (fault.field, fault.code, fault.nearest) == ("description", "missing", meant)


def test_a_text_behind_a_label_without_a_sign_is_told_beside_others_alone() -> None:
    without = f"{FIRST}Tipo: Error Acceso\n{TEXT}".replace(":", "")
    assert [f.nearest for f in parse_form(without, INCIDENT, MADRID).faults] == [
        "AREN",
        "Error Acceso",
        "No abre altas.",
    ]
    assert [f.nearest for f in parse_form("Descripción no tengo", INCIDENT, MADRID).faults] == ["", "", ""]


def test_a_label_of_two_words_is_known_by_one_of_them() -> None:
    for line in ("Servico/Aplicación: AREN", "Aplicación: Arena", "Servicio: AREN", "Servicio o aplicación: AREN"):
        [fault] = parse_form(f"Tipo: Error Acceso\n{line}\n{TEXT}", INCIDENT, MADRID).faults
        assert (fault.field, fault.read, fault.nearest) == ("service", line, "AREN")


NOT_MEANT = {
    "a sentence that begins with a label": "Tipo - ya lo probé\nServicio; nada",
    "a sentence about a label": "El tipo de error: no lo sé",
    "other words with a colon": "Equipo: PC-7\nTipografía: Error Acceso\nTiempo: dos horas",
    "a text's label in a sentence": "Descripción no tengo",
    "quoted": "> Tipo = Error Acceso",
    "an unlike label": "Fallo: Error Acceso",
}


@pytest.mark.parametrize("text", NOT_MEANT.values(), ids=NOT_MEANT)
def test_a_line_that_may_be_anything_is_not_said_to_be_meant(text: str) -> None:
    form = parse_form(text, INCIDENT, MADRID)
    assert [(fault.code, fault.read, fault.nearest) for fault in form.faults] == [("missing", "", "")] * 3


def test_a_short_label_beside_others_takes_no_other_field_s_words() -> None:
    body = "Nombre del equipo: PC-7\nCorreo electrónico: marta@cliente.example\nFecha y hora: 09/10/2017 10:23"
    faults = parse_form(body, CALL, MADRID).faults
    assert [(fault.field, fault.nearest) for fault in faults] == [("name", ""), ("address", "marta@cliente.example")]


def test_what_nearly_is_a_label_in_a_text_stays_in_it() -> None:
    text = "Elegí Error Acceso y\nTipo - ya lo probé\nTippo: x\nServico/Aplicación: otra"
    assert read(f"{HEAD}Descripción: {text}") == ({**RIGHT, "description": text}, [])
    form = parse_form(f"{FIRST}Descripción: No abre altas.\nTippo: Error Acceso", INCIDENT, MADRID)
    assert form.get("description") == "No abre altas.\nTippo: Error Acceso"
    assert form.faults[0].nearest == "Error Acceso"


def test_two_lines_that_may_be_meant_name_no_value() -> None:
    form = parse_form(f"{FIRST}Tippo: Error Acceso\nTipo = Error Funcional\n{TEXT}", INCIDENT, MADRID)
    assert [(fault.read, fault.nearest) for fault in form.faults] == [("Tippo: Error Acceso", "")]


# -- forms that we write


def test_a_rendered_form_keeps_what_was_valid() -> None:
    body = "Tipo: arreglar\nServicio/Aplicación: arena\nDescripción: Nada"
    form = parse_form(body, INCIDENT, MADRID)
    written = form_lines(INCIDENT, dict(form.values), form.faults)
    assert written == ["Servicio/Aplicación: AREN", "Tipo: ", "Descripción: Nada"]


def test_a_rendered_form_puts_texts_last_and_dates_as_people_write_them() -> None:
    fields = (INCIDENT[2], INCIDENT[1], CALL[2], CALL[3])
    values = {"description": "Uno\ndos", "moment": "2017-10-09T10:23:00+02:00", "until": "2017-10-20"}
    assert form_lines(fields, values) == [
        "Tipo: ",
        "Fecha y Hora: 09/10/2017 10:23",
        "Hasta: 20/10/2017",
        "Descripción: Uno\ndos",
    ]


MOTIVE, ASK = "Motivo: ", "[Escriba qué sigue fallando después de «Motivo:». Envíe este mensaje sin cambiar el asunto.]"
TYPED_TEXTS = {
    "untouched": (f"{MOTIVE}\n\n{ASK}", ""),
    "behind the label": (f"Motivo: Sigue igual\n\n{ASK}", "Sigue igual"),
    "below the label": (f"Motivo: \nSigue igual\nde mal\n\n{ASK}", "Sigue igual\nde mal"),
    "above our text, as Thunderbird puts the cursor": (f"Sigue igual\n\n{MOTIVE}\n\n{ASK}", "Sigue igual"),
    "below our text": (f"{MOTIVE}\n\n{ASK}\n\nSigue igual", "Sigue igual"),
    "above and below": (f"No.\nMotivo: Sigue igual\n{ASK}\nGracias", "No.\nSigue igual\n\nGracias"),
    "line breaks swallowed": (f"Motivo: Sigue igual  {ASK}", "Sigue igual"),
    "line breaks swallowed, text before": (f"Sigue igual Motivo:  {ASK}", "Sigue igual"),
    "literal <BR>": (f"Motivo: Sigue igual<BR><BR>{ASK}", "Sigue igual"),
    "CRLF and bold": (f"*Motivo:* Sigue igual\r\n\r\n{ASK}\r\n", "Sigue igual"),
    "broken accents": (f"Motivo: Sigue igual\n\n{ASK}".encode().decode("cp1252", "replace"), "Sigue igual"),
    "accents lost": (
        unicodedata.normalize("NFD", f"Motivo: Sigue igual\n\n{ASK}").encode("ascii", "ignore").decode(),
        "Sigue igual",
    ),
    "our label erased": (f"Sigue igual\n\n{ASK}", "Sigue igual"),
    "all of ours erased": ("Sigue igual", "Sigue igual"),
    "ours quoted": (f"> Motivo:\n>\n> {ASK}\nSigue igual\n| {ASK}", "Sigue igual"),
    "the word in a sentence": (f"Motivo: No sé el motivo: será la red\n{ASK}", "No sé el motivo: será la red"),
    "hint wrapped": (
        "Motivo: Sigue igual\n" + ASK.replace("de «", "de\n«").replace("mensaje ", "mensaje\n"),
        "Sigue igual",
    ),
}


@pytest.mark.parametrize(("body", "text"), TYPED_TEXTS.values(), ids=TYPED_TEXTS)
def test_a_typed_reason_is_all_that_is_not_ours(body: str, text: str) -> None:
    assert typed_text(body, [MOTIVE, ASK]) == text


def test_files_over_a_limit_are_named() -> None:
    files = [
        Attachment("a.png", "image/png", 300, "0"),
        Attachment("b.zip", "application/zip", 3 * 2**20, "1"),
        Attachment("c.txt", "text/plain", 1, "2"),
    ]
    assert check_files(files, 3, 3 * 2**20) == (), "at both limits"
    assert [fault.read for fault in check_files(files, 3, 3 * 2**20 - 1)] == ["b.zip"]
    assert check_files(files, 1, 2**20) == (
        Fault("", "too_many_attachments", "3", ("1",), detail="b.zip, c.txt"),
        Fault("", "attachment_too_large", "b.zip", (str(1 << 20),), detail=str(3 << 20)),
    )


@pytest.mark.parametrize(
    ("read", "wanted"),
    [("ARENN", "AREN"), ("conductor", "CONDUCTORES"), ("Arenas", "AREN"), ("perdida servicio", "Pérdida de Servicio"),
     ("acceso", "Error Acceso"), ("Funcional", "Error Funcional"), ("error de acceso", "Error Acceso"),
     ("err", ""), ("impresora", ""), ("se ha roto", ""), ("x", ""), ("", ""), ("x" * 100_000, "")],
)  # fmt: skip
def test_the_nearest_value(read: str, wanted: str) -> None:
    assert nearest(read, (*INCIDENT[0].choices, *INCIDENT[1].choices)) == wanted


COLLEAGUES = ("ana@ayuntamiento.example", "luis@ayuntamiento.example")


@pytest.mark.parametrize(
    ("read", "wanted"), [("eva@ayuntamiento.example", ""), ("anna@ayuntamiento.example", COLLEAGUES[0]),
                         ("luis@ayuntamineto.example", COLLEAGUES[1]), ("Luis", COLLEAGUES[1])],
)  # fmt: skip
def test_the_nearest_address_is_not_any_colleagues(read: str, wanted: str) -> None:
    assert nearest(read, COLLEAGUES) == wanted


def test_a_part_of_a_short_word_is_not_near() -> None:
    assert nearest("pending", ("Open", "Close")) == ""
    assert nearest("opn", ("Open", "Close")) == "Open"


def test_labels_compare_by_what_they_say() -> None:
    same = [
        "Servicio/Aplicación",
        "SERVICIO / APLICACION:",
        " - *Servicio /Aplicación* ",
        "1. servicio/aplicación",
        "«Servicio/Aplicación»",
    ]
    assert {fold_label(label) for label in same} == {"servicio/aplicacion"}
    assert fold_label("Servicio Aplicación") != fold_label("Servicio/Aplicación")


LABELS = ["Tipo:", "tipo :", "*Servicio / Aplicación:*", "Descripción:", "Correo:", "Fecha y Hora:"]
REST = [
    "Error Acceso",
    "AREN",
    " ",
    "\n",
    "\r\n",
    "<br>",
    "> ",
    "- ",
    "+",
    "Ã³",
    "\u200b",
    "?",
    "]",
    HINT,
    HEADS["Outlook"],
]


@given(st.lists(st.sampled_from(LABELS + REST) | st.text(max_size=8), max_size=25).map("".join))
def test_any_body_gives_each_field_a_value_or_a_fault_or_neither(body: str) -> None:
    fields = (*INCIDENT, *CALL)
    form = parse_form(body, fields, MADRID, own=[HINT])
    given_values, faulty = [name for name, _ in form.values], [fault.field for fault in form.faults]
    names = [field.name for field in fields]
    assert given_values == [name for name in names if name in given_values]
    assert faulty == [name for name in names if name in faulty]
    assert not set(given_values) & set(faulty)
    assert {field.name for field in fields if field.required} <= {*given_values, *faulty}
    assert all(value == value.strip() != "" for _, value in form.values)


# -- hostile bodies: 200 kB each


HOSTILE = {
    "one label 25,000 times": "Tipo: x\n" * 25_000,
    "a text of labels": "Descripción: Tipo: x\n" * 10_000,
    "25,000 unknown labels": "Prueba: x\n" * 20_000,
    "50,000 labels in one line": "a: b " * 40_000,
    "known labels in one line": "Tipo: " + "Servicio/Aplicación: " * 9_500,
    "beginnings of labels": "Tipo: " + "x/Aplicación: " * 14_000,
    "colons": ":" * 200_000,
    "one word": "x" * 200_000,
    "spaces": "Tipo:" + " " * 200_000 + "x",
    "line breaks": "Tipo:" + "\n" * 200_000,
    "our hint begun": "[Complete los datos " * 10_000,
    "our hint with values begun": ("[Valores de " + "x, " * 200) * 300,
    "values in a list": "Tipo:\n" + "Error Acceso\n" * 15_000,
    "bullets": "- • * " * 33_000 + "Tipo: x",
    "bold marks": "*" * 200_000 + "Tipo:" + "*" * 1_000,
    "broken letters": "Ã³" * 100_000,
    "pluses": "Tipo:+" + "+" * 200_000,
    "<br>": "<br>" * 50_000,
    "heads of history before a label": "Descripción:\n" + "De: a\nPara: b\n" * 14_000 + "Tipo: x",
    "cells": "Tipo:  " + "x  Aplicación:  " * 12_000,
    "left of quoted-printable": "Descripci=C3=B3n: " + "=C3=B3" * 33_000,
    "entities": "Descripci&oacute;n: " + "&amp;" * 40_000,
    "left of a link": "Descripci%C3%B3n: " + "%C3" * 60_000,
    "tags begun": "<b>Tipo:</b> " + "<b " * 60_000,
    "halves of labels": "Servicio/\nAplicación: x\n" * 8_000,
    "labels with another sign": "Tipo = x\n" * 20_000,
    "labels misspelt": "".join(f"Descrpicion {n}: x\n" for n in range(8_000)),
    "signs in one line": "Tipo " + "= - → " * 30_000,
    "a form 4,000 times": "Servicio/Aplicación: AREN\nTipo: x\nDescripción: y\n" * 4_000,
}


CYRILLIC = "[Отправьте это сообщение, ничего не меняя.]"


def test_a_sentence_of_ours_in_other_letters_goes_whole_or_damaged() -> None:
    damaged = "".join(letter if letter.isascii() else "?" for letter in CYRILLIC)
    for sentence in (CYRILLIC, damaged, CYRILLIC.replace(" ", "\n")):
        assert typed_text(f"Нет.\n{sentence}\nhttps://cau.example/{'x' * 60}", [CYRILLIC]).startswith("Нет.\n\nhttps")


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bodies_cost_time_in_line_with_their_length(body: str) -> None:
    started = time.process_time()
    parse_form(body, (*INCIDENT, *CALL), MADRID, own=[HINT, "[Valores de {label}: {values}]"])
    typed_text(body, [MOTIVE, ASK, HINT, CYRILLIC, "[Valores de {label}: {values}]"])
    assert time.process_time() - started < 10  # a second at most where nothing else runs; quadratic would be minutes
