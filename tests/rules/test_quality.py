"""How a request is written: one table a check, with honest texts beside those that are meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.fields import Fault, Form
from parsers.mail import Attachment, Mail
from rules.desk import Desk
from rules.quality import CHECKS, Finding, Written, check, netiquette, refusals, similar, warnings
from rules.secret import MASK, is_card, mask, masked_fields, secrets_in
from rules.tables import DeskTable, FieldTable, Group, Kind, Quality, Service
from rules.ticket import Ticket

FIELDS = (
    FieldTable("Servicio", "service", "choice", from_="services"),
    FieldTable("Resumen", "summary"),
    FieldTable("Descripción", "description", lines="many"),
)
DESK = Desk(
    DeskTable("Soporte", "cau.example"),
    mailboxes=(),
    kinds={"incident": Kind("Incidencia", "I", "Apertura", "n1", fields=FIELDS)},
    groups={"n1": Group("N1", "n1@cau.example")},
    services=(Service("AREN"), Service("LIBRA")),
)
FILE = Attachment("a.png", "image/png", 3, "d1")
TEXT = "La pantalla de altas devuelve un error 500 al guardar desde esta mañana."


def asking(**modes: str) -> Desk:
    """A desk on which only these checks are on."""
    return replace(DESK, quality=Quality(**{name: modes.get(name, "off") for name in CHECKS}))


FOUND = [
    ("too_short", "No funciona.", True),
    ("too_short", "No puedo entrar en AREN", False),
    ("too_short", "", False),
    ("all_capitals", "NO PUEDO ENTRAR EN EL SISTEMA DESDE AYER", True),
    ("all_capitals", "NO PUEDO ENTRAR EN EL SISTEMA DESDE AYER y ya está", True),
    ("all_capitals", "ERROR 500 en AREN y en LIBRA desde ayer por la mañana", False),
    ("all_capitals", "AREN NO VA", False),
    ("all_capitals", "NO PUEDO ENTRAR EN AREN", False),
    ("all_capitals", "NO PUEDO ENTRAR EN ARENA", True),
    ("shouting", "¡¡¡No funciona nada!!!", True),
    ("shouting", "¿Para cuándo?????", True),
    ("shouting", "¿Para cuándo? ¡Gracias!", False),
    ("shouting", "¿De verdad?!", False),
    ("call_me", "Llámenme en cuanto puedan, por favor.", True),
    ("call_me", "¿Me pueden llamar al 600 000 000?", True),
    ("call_me", "Necesito que me llamen.", True),
    ("call_me", "Ruego me llamen para explicarlo.", True),
    ("call_me", "Please call me back.", True),
    ("call_me", TEXT + " Si hace falta más, me pueden llamar al 600 000 000.", False),
    ("call_me", "No puedo llamar desde el teléfono de la oficina.", False),
    ("missing_attachment", "Adjunto la captura de pantalla.", True),
    ("missing_attachment", "Les envío una captura del error.", True),
    ("missing_attachment", "See the attachment for details.", True),
    ("missing_attachment", "No adjunto nada porque no se ve.", False),
    ("missing_attachment", "Sale un error al adjuntar archivos.", False),
    ("missing_attachment", TEXT, False),
    ("secret", "Mi contraseña es Perro123.", True),
    ("secret", TEXT, False),
]


@pytest.mark.parametrize(("name", "text", "found"), FOUND)
def test_checks(name, text, found):
    findings = check(Mail(), "incident", Form((("description", text),)), (), asking(**{name: "warn"}))
    assert [finding.name for finding in findings] == ([name] if found else [])


def test_a_file_that_came_is_not_missed():
    desk = asking(missing_attachment="refuse")
    form = Form((("description", "Adjunto la captura."),))
    assert check(Mail(attachments=(FILE,)), "incident", form, (), desk) == ()


def test_only_what_is_written_freely_is_judged():
    form = Form((("service", "AREN"), ("summary", "NO VA EL PROGRAMA DE ALTAS!!!"), ("description", TEXT)))
    assert check(Mail(), "incident", form, (), asking(all_capitals="warn", shouting="warn", too_short="warn")) == ()


def test_secrets_are_looked_for_in_every_field():
    form = Form((("summary", "clave: x1y2z3"), ("description", TEXT)))
    assert check(Mail(), "incident", form, (), DESK) == (Finding("secret", "warn", "password"),)


def test_of_an_encrypted_mail_nothing_else_is_said():
    findings = check(Mail(encrypted="smime"), "incident", Form((("description", "no va!!!"),)), (), DESK)
    assert findings == (Finding("encrypted", "refuse", "smime"),)
    assert refusals(findings) == (Fault("", "encrypted"),)


def test_what_follows_from_findings():
    findings = (
        Finding("too_short", "refuse", "No va"),
        Finding("secret", "warn", "password"),
        Finding("similar", "warn", "I1"),
    )
    assert refusals(findings) == (Fault("", "refused", detail="too_short"),)
    assert warnings(findings) == ("secret",)
    assert similar(findings) == "I1"
    assert similar(()) == ""


def earlier(text: str, **more) -> tuple[Ticket, ...]:
    values = {"kind": "incident", "fields": (("service", "AREN"), ("description", text)), **more}
    return (Ticket("I171009_000001", **values),)


ALIKE = [
    ("the same again", earlier(TEXT), True),
    ("in other words", earlier("Sigue el error 500 al guardar en la pantalla de altas."), True),
    ("another matter", earlier("Necesito un usuario nuevo para una compañera que llega el lunes."), False),
    ("closed", earlier(TEXT, state="closed"), False),
    ("another service", earlier(TEXT, fields=(("service", "LIBRA"), ("description", TEXT))), False),
    ("another kind", earlier(TEXT, kind="work_order"), False),
    ("none", (), False),
]


@pytest.mark.parametrize(("before", "found"), [row[1:] for row in ALIKE], ids=[row[0] for row in ALIKE])
def test_similar(before, found):
    form = Form((("service", "AREN"), ("description", TEXT)))
    assert similar(check(Mail(), "incident", form, before, DESK)) == ("I171009_000001" if found else "")


def test_a_refused_similar_ticket_is_a_fault():
    form = Form((("service", "AREN"), ("description", TEXT)))
    findings = check(Mail(), "incident", form, earlier(TEXT), asking(similar="refuse"))
    assert refusals(findings) == (Fault("", "refused", detail="similar"),)
    assert similar(findings) == ""


def test_technicians_are_warned_where_requesters_are_refused():
    desk = asking(shouting="refuse", too_short="refuse")
    assert netiquette("¡¡¡Ya está!!!", 0, desk) == (Finding("shouting", "warn", "¡¡¡"),)
    assert netiquette("¡¡¡Ya está!!!", 0, asking()) == ()


# -- secrets

MASKED = [
    ("Mi contraseña es Perro123 y entro igual", f"Mi contraseña es {MASK} y entro igual"),
    ("Contraseña: caballo", f"Contraseña: {MASK}"),
    ("contrasena nueva = x9!", f"contrasena nueva = {MASK}"),
    ("El PIN: 1234", f"El PIN: {MASK}"),
    ("password:hunter2 gracias", f"password:{MASK} gracias"),
    ("Usuario: ana\nClave de acceso: Abc.123\nGracias", f"Usuario: ana\nClave de acceso: {MASK}\nGracias"),
    ("api_key=abcd1234", f"api_key={MASK}"),
    ("Authorization: Bearer abcdefghijklmnop123456", f"Authorization: Bearer {MASK}"),
    ("https://ana:secreta@host.example/x", f"https://ana:{MASK}@host.example/x"),
    ("con AKIAABCDEFGHIJKLMNOP en la nube", f"con {MASK} en la nube"),
    ("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4", MASK),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\nfin", f"{MASK}\nfin"),
    ("-----BEGIN PRIVATE KEY-----\nMIIB sin final", MASK),
    ("La tarjeta 4111 1111 1111 1111 caduca", f"La tarjeta {MASK} caduca"),
    ("4111 1111 1111 1111 12/25, o 4111111111111111 123", f"{MASK} 12/25, o {MASK} 123"),
    ("La 3782 822463 10005 12/25", f"La {MASK} 12/25"),
    (f"Asunto: Gestión de la incidencia I1 [{'AB2C' * 6}XY]", f"Asunto: Gestión de la incidencia I1 [{MASK}]"),
    (f"<mailto:t@cau.example?subject=N%20%5B{'ab2c' * 6}xy%5D>", f"<mailto:t@cau.example?subject=N%20%5B{MASK}%5D>"),
    ("clave: uno1 y clave: dos2", f"clave: {MASK} y clave: {MASK}"),
]
HONEST = [
    TEXT,
    "La contraseña es incorrecta",
    "Contraseña: caducada desde ayer",
    "La contraseña no funciona",
    "La clave es reiniciar el equipo",
    "Error: clave duplicada en la tabla 33",
    "Contraseña:\nUsuario:",
    "Teléfono 600 000 000, expediente I171009_000049",
    "Pedido 4111 1111 1111 1112",
    "Llamé el 09/10/2017 a las 10:23:58 (UTC + 2)",
    "La IP es 192.168.100.100 y la MAC 00:11:22:33:44:55",
    "https://cau.example:8080/ruta",
    "",
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_secrets_are_masked(text, masked):
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize("text", HONEST)
def test_honest_texts_stay(text):
    assert mask(text) == text


@pytest.mark.parametrize(
    ("digits", "card"),
    [
        ("4111111111111111", True),
        ("5500-0000-0000-0004", True),
        ("340000000000009", True),
        ("4111111111111112", False),
        ("1111111111111117", False),
        ("411111111111", False),
    ],
)
def test_card_numbers(digits, card):
    assert is_card(digits) is card


@pytest.mark.parametrize(
    "text", ["[ABCDEFGHIJKLMNOPQRSTUVWXY]", "[EXTERNO]", "[ABCDEFGHIJKLMNOPQRSTUVWXYZ2]", "abc2" * 7]
)
def test_what_is_no_token_stays(text):
    assert mask(text) == text


def test_masked_fields():
    assert masked_fields([("service", "AREN"), ("description", "clave: x1y2")]) == (
        ("service", "AREN"),
        ("description", f"clave: {MASK}"),
    )


FRAGMENTS = [
    "clave",
    "contraseña",
    " es ",
    ": ",
    "=",
    "x1y2z3",
    "Perro123",
    "caducada",
    "\n",
    " ",
    MASK,
    "4111 1111 1111 1111",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_masking_leaves_nothing_to_find(text):
    assert bool(list(secrets_in(text))) == (mask(text) != text)
    assert mask(mask(text)) == mask(text)


def test_long_texts_take_no_longer_than_they_are_long():
    found = {name: test(Written("clave: es " * 2_000, ("clave: " * 100_000,))) for name, test in CHECKS.items()}
    assert found["secret"] == ""
    assert mask("contraseña" * 100_000) == "contraseña" * 100_000
