"""`mailto:` links: what is put in comes out, in any client; and a form comes back equal whatever a client did to it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parsers.form import Choice, Field, form_lines, parse_form
from parsers.links import MAX_LENGTH, fitting_body, mailto, read_mailto
from parsers.subject import clean, find_token, thread_key

MADRID = ZoneInfo("Europe/Madrid")
ADDRESS = "soportecau@cau.example"
SUBJECT = "Apertura de Incidencia Automática Aplicación / Desarrollo."
TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWX27"

# -- the link


def test_a_link_as_it_is_written() -> None:
    assert mailto("desk@cau.example", "Sí & no", "a+b\nc: d") == (
        "mailto:desk@cau.example?subject=S%C3%AD%20%26%20no&body=a%2Bb%0D%0Ac%3A%20d"
    )


def test_a_link_without_body_has_none() -> None:
    assert mailto("desk@cau.example", "Turno") == "mailto:desk@cau.example?subject=Turno"


@pytest.mark.parametrize(
    "text",
    [
        "&cc=evil@x.example",
        "?subject=x",
        "\r\nBcc: evil@x.example",
        "%0D%0ABcc: x",
        "a&body=b",
        "#x",
        "a;b,c",
        "<b>",
        "+",
        "'\"`",
    ],
)
def test_nothing_that_a_person_wrote_adds_to_a_link(text: str) -> None:
    link = mailto("desk@cau.example", text, text)
    assert re.fullmatch(r"mailto:desk@cau\.example\?subject=[A-Za-z0-9._~%-]+&body=[A-Za-z0-9._~%-]+", link)
    assert read_mailto(link)[1] == text


def test_an_address_cannot_add_anything_either() -> None:
    assert mailto("a@x.example?cc=b@y.example", "x").startswith("mailto:a@x.example%3Fcc%3Db@y.example?subject=")


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)
lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\r"), max_size=80).map(
    lambda text: re.sub(" +(?=\n|\\Z)", "", text)
)


@given(words, lines)
def test_two_readers_give_back_what_was_written(subject: str, body: str) -> None:
    link = mailto(ADDRESS, subject, body)
    parts = urlsplit(link)
    other = dict(parse_qsl(parts.query, keep_blank_values=True))
    assert read_mailto(link) == (ADDRESS, subject, body)
    assert (unquote(parts.path), other["subject"], other.get("body", "").replace("\r\n", "\n")) == (
        ADDRESS,
        subject,
        body,
    )
    assert link.isascii() and " " not in link and "+" not in link


# -- long values


def test_the_longest_value_is_left_out_and_its_label_stays() -> None:
    lines = ["Servicio: AREN", "Tipo: Error Acceso", "Descripción: " + "No abre.\n" * 300, "[Envíe este mensaje.]"]
    body, left_out = fitting_body(ADDRESS, SUBJECT, lines)
    assert (body, left_out) == ("Servicio: AREN\nTipo: Error Acceso\nDescripción: \n[Envíe este mensaje.]", True)


def test_a_value_of_several_lines_is_never_left_out_in_part() -> None:
    lines = ["Tipo: Error Acceso", "Descripción: uno", "", "x" * 900, "y" * 900, "[Envíe este mensaje.]"]
    assert fitting_body(ADDRESS, SUBJECT, lines) == ("Tipo: Error Acceso\nDescripción: \n[Envíe este mensaje.]", True)


def test_a_body_that_fits_stays_whole() -> None:
    assert fitting_body(ADDRESS, SUBJECT, ["Servicio: AREN", "Tipo: "]) == ("Servicio: AREN\nTipo: ", False)


def test_lines_without_a_label_go_altogether() -> None:
    assert fitting_body(ADDRESS, SUBJECT, ["x" * 3000, "y" * 20]) == ("y" * 20, True)
    assert fitting_body(ADDRESS, SUBJECT, ["Tipo: ", "[En Tipo: " + "x" * 3000 + "]"]) == ("Tipo: ", True)


def test_notes_give_way_to_what_a_person_wrote_but_for_the_last() -> None:
    lines, last = ["Tipo: ", "Descripción: " + "x" * 1600], "[Envíe este mensaje.]"
    long, short = "[Valores de Tipo: " + "y" * 200 + "]", "[Puede dejar vacío: Tipo]"
    assert fitting_body(ADDRESS, SUBJECT, lines, [short, long, last]) == ("\n".join([*lines, short, last]), False)
    whole = ["Tipo: ", "Descripción: " + "x" * 3000]
    assert fitting_body(ADDRESS, SUBJECT, whole, [short, last]) == (f"Tipo: \nDescripción: \n{last}", True)


def test_a_link_shortens_a_body_that_is_too_long() -> None:
    link = mailto(ADDRESS, SUBJECT, "Tipo: Error Acceso\nDescripción: uno\n" + "ñ" * 2000 + "\n[Envíe este mensaje.]")
    assert read_mailto(link)[2] == "Tipo: Error Acceso\nDescripción:\n[Envíe este mensaje.]"


def test_a_body_that_just_fits_is_left_whole() -> None:
    body = "x" * (MAX_LENGTH - len(mailto(ADDRESS, SUBJECT, "x")) + 1)
    assert fitting_body(ADDRESS, SUBJECT, [body]) == (body, False)
    assert fitting_body(ADDRESS, SUBJECT, [body + "x"]) == ("", True)


def test_a_subject_too_long_for_any_link_is_a_defect() -> None:
    with pytest.raises(ValueError, match="1900"):
        mailto(ADDRESS, "ñ" * 400)


@given(st.lists(st.text(max_size=900), max_size=6))
def test_no_link_is_longer_than_every_browser_opens(lines: list[str]) -> None:
    body, left_out = fitting_body(ADDRESS, SUBJECT, lines)
    assert len(mailto(ADDRESS, SUBJECT, body)) <= MAX_LENGTH
    assert left_out or body == "\n".join(lines)


# -- a form through a link and a client's damage


FIELDS = (
    Field("service", "Servicio/Aplicación", "choice", choices=(Choice("AREN"), Choice("Año Cívico"))),
    Field("type", "Tipo", "choice", choices=(Choice("Pérdida de Servicio"), Choice("Error Acceso"))),
    Field("name", "Nombre y apellidos", required=False),
    Field("moment", "Fecha y Hora", "datetime", required=False),
    Field("description", "Descripción", many_lines=True),
)
LABELS = [field.label for field in FIELDS]
HINT = "[Complete los datos y envíe este mensaje sin cambiar el asunto.]"


def in_labels(change: Callable[[str], str]) -> Callable[[str], str]:
    pattern = "^(" + "|".join(map(re.escape, LABELS)) + "):"
    return lambda body: re.sub(pattern, lambda m: change(m[1] + ":"), body, flags=re.MULTILINE)


def without_accents(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def misread(text: str) -> str:
    """UTF-8 read as windows-1252, its undefined octets as they are."""
    return "".join(bytes([o]).decode("cp1252", "ignore") or chr(o) for o in text.encode())


DAMAGE: dict[str, Callable[[str], str]] = {
    "none": str,
    "CRLF": lambda body: body.replace("\n", "\r\n"),
    "line breaks become spaces": lambda body: body.replace("\n", " "),
    "line breaks become <BR>": lambda body: body.replace("\n", "<BR>"),
    "line breaks become <br /> and a line break": lambda body: body.replace("\n", "<br />\n"),
    "lines doubled, as paragraphs": lambda body: body.replace("\n", "\n\n"),
    "trailing spaces": lambda body: body.replace("\n", "  \n"),
    "Thunderbird's plain text: a space at a line's end is a soft break": lambda body: body.replace(" \n", " "),
    "spaces become +": lambda body: body.replace(" ", "+"),
    "spaces become NBSP": lambda body: body.replace(" ", "\xa0"),
    "accents of labels lost": in_labels(without_accents),
    "accents of labels become ?": in_labels(lambda label: label.encode("ascii", "replace").decode()),
    "labels in capitals": in_labels(str.upper),
    "labels in bold": in_labels(lambda label: f"*{label}*"),
    "full-width colons": in_labels(lambda label: label.replace(":", "：")),
    "decomposed": lambda body: unicodedata.normalize("NFD", body),
    "UTF-8 read as windows-1252": misread,
    "the cursor before our text": lambda body: "Buenos días, les escribo por esto.\n\n" + body,
    "a bullet before each line": in_labels(lambda label: "  - " + label),
    "zero-width spaces": lambda body: "\ufeff" + body.replace(": ", ":\u200b "),
}

LETTERS = "abcdeñzAÑ áéíóúü ÁÉ 0123 .,;¿?¡!()/«»-'\"&%#@=€_"
one_line = st.text(LETTERS, max_size=30).map(lambda text: " ".join(text.split()))
many_lines = st.lists(st.text(LETTERS + ":", max_size=25), min_size=1, max_size=4).map("\n".join)
values = st.fixed_dictionaries(
    {
        "service": st.sampled_from([c.value for c in FIELDS[0].choices]),
        "type": st.sampled_from([c.value for c in FIELDS[1].choices]),
        "name": one_line,
        "moment": st.sampled_from(["", "2017-10-09T10:23:00+02:00", "2018-01-31T23:59:58+01:00"]),
        "description": many_lines,
    }
)


def as_compared(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@given(written=values)
def test_a_form_in_a_link_is_read_back_equal_after_any_client(
    damage: Callable[[str], str], written: dict[str, str]
) -> None:
    assume(written["description"].strip())
    body = "\n".join(form_lines(FIELDS, written)) + "\n\n" + HINT
    _, _, opened = read_mailto(mailto(ADDRESS, SUBJECT, body))
    form = parse_form(damage(opened), FIELDS, MADRID, own=[HINT])
    expected = {name: as_compared(text) for name, text in written.items() if text.strip()}
    assert form.faults == ()
    assert {name: as_compared(text) for name, text in form.values} == expected


@given(written=values)
def test_lines_of_a_text_stay_lines(written: dict[str, str]) -> None:
    assume(written["description"].strip())
    form = parse_form("\n".join(form_lines(FIELDS, written)), FIELDS, MADRID)
    lines = [" ".join(line.split()) for line in written["description"].strip().split("\n")]
    assert [" ".join(line.split()) for line in form.get("description").split("\n")] == lines


# -- a subject through a link and the way back


SUBJECT_DAMAGE: dict[str, Callable[[str], str]] = {
    "none": str,
    "Re:": lambda subject: "Re: " + subject,
    "RV: RE:": lambda subject: "RV: RE: " + subject,
    "RE : of French Outlook": lambda subject: "RE : " + subject,
    "a gateway's tag": lambda subject: "[EXTERNO] " + subject,
    "tags and prefixes mixed": lambda subject: "RE: [EXT] Fwd: ***SPAM*** " + subject,
    "folded": lambda subject: subject.replace(" ", "\r\n ", 3),
    "folded with tabs": lambda subject: subject.replace(" ", "\r\n\t"),
    "decomposed": lambda subject: unicodedata.normalize("NFD", subject),
    "NBSP": lambda subject: subject.replace(" ", "\xa0"),
    "UTF-8 read as windows-1252": misread,
    "zero-width and bidi marks": lambda subject: "\u200e" + "\u200b".join(subject),
    "spaces at both ends": lambda subject: f"  {subject} \t",
}

desk_names = st.text("abcABC ñáéÉ.&-·0123", min_size=1, max_size=30)
our_subjects = st.builds(
    "{} {} {}{:06d}_{:06d}{}".format,
    st.sampled_from(
        ["Confirmación de la", "Validación solución de la", "Solicitud de información de la", "Aviso de plazo de la"]
    ),
    st.sampled_from(["incidencia", "orden de trabajo", "petición"]),
    st.sampled_from(["I", "W", "P"]),
    st.integers(0, 999_999),
    st.integers(0, 999_999),
    desk_names.map(lambda name: " - " + name),
)


@pytest.mark.parametrize("damage", SUBJECT_DAMAGE.values(), ids=SUBJECT_DAMAGE)
@given(subject=our_subjects)
def test_a_subject_of_ours_is_read_back_equal(damage: Callable[[str], str], subject: str) -> None:
    _, arrived, _ = read_mailto(mailto(ADDRESS, subject))
    assert thread_key(clean(damage(arrived))) == thread_key(subject)


@pytest.mark.parametrize("damage", SUBJECT_DAMAGE.values(), ids=SUBJECT_DAMAGE)
def test_a_token_survives_what_a_subject_survives(damage: Callable[[str], str]) -> None:
    _, arrived, _ = read_mailto(mailto(ADDRESS, f"Validar Petición I171009_000049 [{TOKEN}]"))
    assert find_token(clean(damage(arrived))) == TOKEN
