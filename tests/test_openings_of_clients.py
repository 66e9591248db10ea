"""Openings as clients, phones, gateways and people really write them: raw bytes in, fields or faults out.

Each row is one raw mail of our own making, read by the parsers and decided by the rules as the daemon does.
"""

from __future__ import annotations

import base64
import quopri
from typing import NamedTuple

import pytest

from daemon.commands.explain import read_mail
from rules.decision import Decision
from rules.facts import Facts
from rules.intake import decide
from rules.reading import Arrival, read
from tests.parsers.mails import SUBJECT, mail_of, nested, part, raw_mail
from tests.parsers.test_mail import mapi, tnef_attribute
from tests.rules.desks import DESK, NOW, NUMBER

S, T, D = "Servicio/Aplicación", "Tipo", "Descripción"
TEXT = "La pantalla de altas no guarda el año."
FORM = f"{S}: AREN\n{T}: Error Funcional\n{D}: {TEXT}\n"
GOOD = {"service": "AREN", "type": "Error Funcional", "description": TEXT}
PLAIN = "text/plain; charset=utf-8"


class Row(NamedTuple):
    """A raw mail, and the fields or the (field, code) faults that it must give."""

    raw: bytes
    fields: dict[str, str] | None = GOOD
    faults: tuple[tuple[str, str], ...] = ()


def decided(raw: bytes) -> Decision:
    """The decision on an opening that arrives with these bytes."""
    mail, poisoned = read_mail(raw, DESK)
    reading = read(Arrival("apertura", mail, NOW, poisoned), DESK)
    return decide(reading, Facts(next_number=NUMBER), DESK, NOW)


def described(text: str) -> dict[str, str]:
    """The good fields with another description."""
    return {**GOOD, "description": text}


def text(body: str) -> Row:
    """A plain mail that gives the good fields."""
    return Row(raw_mail(body, content_type=PLAIN))


def page(html: str) -> bytes:
    """An HTML part."""
    return part("text/html; charset=utf-8", html, "quoted-printable")


# -- what charset and encoding the text is in


def encoded(codec: str, label: str = "", encoding: str = "8bit") -> bytes:
    """The form in ``codec``, labelled ``label``."""
    raw = FORM.encode(codec)
    body = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, lambda octets: octets)(
        raw
    )
    kind = f"text/plain; charset={label or codec}" if label != "-" else "text/plain"
    return raw_mail(body, f"Content-Transfer-Encoding: {encoding}", content_type=kind)


CHARSETS = {
    f"{codec} in {encoding}": Row(encoded(codec, encoding=encoding))
    for codec in ("utf-8", "iso-8859-1", "iso-8859-15", "windows-1252")
    for encoding in ("8bit", "quoted-printable", "base64")
} | {
    "utf-16 in base64": Row(encoded("utf-16", "utf-16", "base64")),
    "utf-16le with a mark": Row(raw_mail(base64.encodebytes(b"\xff\xfe" + FORM.encode("utf-16-le")),
        "Content-Transfer-Encoding: base64", content_type="text/plain; charset=utf-16le")),
    "utf-8 undeclared": Row(encoded("utf-8", "-")),
    "cp1252 undeclared": Row(encoded("cp1252", "-")),
    "utf-8 called us-ascii": Row(encoded("utf-8", "us-ascii")),
    "utf-8 called latin-1": Row(encoded("utf-8", "iso-8859-1")),
    "cp1252 called utf-8": Row(encoded("cp1252", "utf-8")),
    "an unknown charset": Row(encoded("utf-8", "x-unknown")),
    "a charset with quotes and case": Row(encoded("utf-8", '"UTF8"')),
    "an unknown transfer encoding": Row(raw_mail(FORM, "Content-Transfer-Encoding: 8-bit", content_type=PLAIN)),
    "utf-8 with a byte order mark": Row(raw_mail("\ufeff" + FORM, content_type=PLAIN)),
    "no MIME at all": Row(f"From: m@cliente.test\r\nSubject: {SUBJECT}\r\n\r\n{FORM}".encode()),
    "lone LF line ends": Row(f"From: m@cliente.test\nSubject: {SUBJECT}\nContent-Type: {PLAIN}\n\n{FORM}".encode()),
}  # fmt: skip

# -- how the subject is written


def titled(raw: str | bytes) -> Row:
    """The good form under a subject written as ``raw``."""
    title = raw if isinstance(raw, bytes) else raw.encode()
    head = b"From: m@cliente.test\r\nSubject: " + title + f"\r\nContent-Type: {PLAIN}\r\n\r\n".encode()
    return Row(head + FORM.encode())


def words(charset: str, *pieces: str) -> str:
    """``pieces`` as encoded words, folded one a line."""
    coded = [f"=?{charset}?B?{base64.b64encode(piece.encode(charset)).decode()}?=" for piece in pieces]
    return "\r\n ".join(coded)


SUBJECTS = {
    "one encoded word": titled(words("utf-8", SUBJECT)),
    "words split in the middle": titled(words("utf-8", SUBJECT[:20], SUBJECT[20:41], SUBJECT[41:])),
    "latin-1 words": titled(words("iso-8859-1", SUBJECT[:30], SUBJECT[30:])),
    "a word split inside a letter": titled(
        "=?utf-8?Q?Apertura_de_Incidencia_Autom=C3?=\r\n =?utf-8?Q?=A1tica_Aplicaci=C3=B3n_/_Desarrollo=2E?="),
    "quoted-printable words and plain text": titled(
        "Apertura de Incidencia =?utf-8?Q?Autom=C3=A1tica?= =?utf-8?Q?_Aplicaci=C3=B3n?= / Desarrollo."),
    "raw utf-8": titled(SUBJECT),
    "raw cp1252": titled(SUBJECT.encode("cp1252")),
    "folded": titled(SUBJECT.replace(" / ", " /\r\n ")),
    "twice broken (Ã¡)": titled(words("utf-8", SUBJECT.encode().decode("cp1252"))),
    "decomposed accents": titled(SUBJECT.replace("á", "a\u0301").replace("ó", "o\u0301")),
    "no-break spaces": titled(SUBJECT.replace(" ", "\u00a0")),
    "zero-width marks": titled(SUBJECT.replace("de ", "de\u200b \ufeff")),
    "a gateway's tag before it": titled(f"[EXTERNO] {SUBJECT}"),
    "two spaces": titled(SUBJECT.replace(" ", "  ")),
}  # fmt: skip

# -- what people and clients make of the body

BODIES = {
    "as in the manual": text(FORM),
    "another order": text(f"{D}: {TEXT}\n{T}: Error Funcional\n{S}: AREN\n"),
    "labels without accents": text(f"Servicio/Aplicacion: AREN\nTipo: Error Funcional\nDescripcion: {TEXT}\n"),
    "labels in capitals": text(f"{S.upper()}: AREN\n{T.upper()}: Error Funcional\n{D.upper()}: {TEXT}\n"),
    "values without case or accents": text(f"{S}: aren\n{T}: error funcional\n{D}: {TEXT}\n"),
    "an alias of the service": text(FORM.replace("AREN", "Arena")),
    "spaces around the slash and the colon": text(f"Servicio / Aplicación : AREN\nTipo : Error Funcional\n{D} : {TEXT}\n"),
    "bold by asterisks": text(f"*{S}:* AREN\n*{T}:* Error Funcional\n*{D}:* {TEXT}\n"),
    "bold around the label alone": text(f"**{S}**: AREN\n**{T}**: Error Funcional\n**{D}**: {TEXT}\n"),
    "underlined labels": text(f"_{S}_: AREN\n_{T}_: Error Funcional\n_{D}_: {TEXT}\n"),
    "bullets": text(f"- {S}: AREN\n• {T}: Error Funcional\n* {D}: {TEXT}\n"),
    "a numbered list": text(f"1. {S}: AREN\n2. {T}: Error Funcional\n3. {D}: {TEXT}\n"),
    "a full-width colon": text(FORM.replace(":", "\uff1a")),
    "values on the next line": text(f"{S}:\nAREN\n{T}:\nError Funcional\n{D}:\n{TEXT}\n"),
    "values after an empty line": text(f"{S}:\n\nAREN\n\n{T}:\n\nError Funcional\n\n{D}:\n\n{TEXT}\n"),
    "a greeting before it": text(f"Buenos días:\n\nLes escribo por una incidencia.\n\n{FORM}"),
    "tabs behind the labels": text(FORM.replace(": ", ":\t")),
    "indented": text("".join(f"    {line}\n" for line in FORM.splitlines())),
    "an empty line between fields": text(FORM.replace("\n", "\n\n")),
    "decomposed accents": text(FORM.replace("ó", "o\u0301")),
    "no-break spaces": text(FORM.replace(": ", ":\u00a0")),
    "zero-width marks in the labels": text(FORM.replace("Tipo", "Ti\u200bpo")),
    "<br> as text": text(FORM.replace("\n", "<br>")),
    "<BR /> as text": text(FORM.replace("\n", "<BR />\n")),
    "all on one line": text(FORM.replace("\n", " ")),
    "an unknown label is ignored": text(f"Teléfono: 600 000 000\n{FORM}"),
    "a signature below": text(f"{FORM}\n-- \nMarta Gil\nTel. 600 000 000\n"),
    "a phone's footer": text(f"{FORM}\nEnviado desde mi iPhone\n"),
    "a firm's disclaimer": text(f"{FORM}\nEste mensaje y sus adjuntos son confidenciales y se dirigen exclusivamente a su destinatario.\n"
        "Si lo ha recibido por error, bórrelo y avise al remitente.\n"),
    "a disclaimer in two languages": text(f"{FORM}\n____________________\nAVISO LEGAL: Este mensaje es confidencial.\n"
        "This e-mail is confidential and may be privileged.\n"),
    "an Android footer": text(f"{FORM}\nEnviado desde Outlook para Android\n"),
    "the same line twice": text(f"{S}: AREN\n{FORM}"),
    "many lines": Row(raw_mail(FORM + "Pasa desde ayer.\n\nSolo en Lugo.\n", content_type=PLAIN),
        described(f"{TEXT}\nPasa desde ayer.\n\nSolo en Lugo.")),
    "a label inside the description": Row(raw_mail(f"{FORM}Error: 500\nTipo: no sé\n", content_type=PLAIN),
        described(f"{TEXT}\nError: 500\nTipo: no sé")),
    "quoted history stays": Row(raw_mail(f"{FORM}> lo de ayer\n", content_type=PLAIN), described(f"{TEXT}\n> lo de ayer")),
    "dashes in the description": Row(raw_mail(f"{FORM}- uno\n- dos\n", content_type=PLAIN), described(f"{TEXT}\n- uno\n- dos")),
    "format=flowed": Row(raw_mail(f"{S}: AREN\n{T}: Error Funcional\n{D}: La pantalla de altas \nno guarda el año.\n",
        content_type=f"{PLAIN}; format=flowed")),
}  # fmt: skip

# -- HTML of the clients

PAGES = {
    "Outlook (Word)": '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0}</style></head>'
        f'<body lang=ES><div class=WordSection1><p class=MsoNormal>{S}: AREN<o:p></o:p></p><p class=MsoNormal>{T}: '
        f'Error Funcional<o:p></o:p></p><p class=MsoNormal>{D}: {TEXT}<o:p></o:p></p></div></body></html>',
    "Outlook with bold labels": f"<body><p class=MsoNormal><b>{S}:</b> AREN</p><p class=MsoNormal><b>{T}:</b> Error Funcional"
        f"</p><p class=MsoNormal><b>{D}:</b> {TEXT}</p></body>",
    "new Outlook": f'<div class="elementToProof" style="font-family: Aptos">{S}: AREN</div><div class="elementToProof">{T}: Error '
        f'Funcional</div><div class="elementToProof">{D}: {TEXT}</div>',
    "Outlook on the web": f'<div dir="ltr"><div>{S}: AREN<br></div><div>{T}: Error Funcional<br></div><div>{D}: {TEXT}</div></div>',
    "Gmail": f'<div dir="ltr">{S}: AREN<div>{T}: Error Funcional</div><div>{D}: {TEXT}<br></div></div>',
    "Gmail's app": f'<div dir="auto">{S}: AREN<div dir="auto">{T}: Error Funcional</div><div dir="auto">{D}: {TEXT}</div></div>',
    "Apple Mail": f'<html><body style="overflow-wrap: break-word;"><div>{S}: AREN</div><div>{T}: Error Funcional</div><div>{D}:'
        f'&nbsp;{TEXT}</div></body></html>',
    "iPhone": f'<html><body dir="auto">{S}: AREN<div>{T}: Error Funcional</div><div>{D}: {TEXT}<br><br>'
        '<div dir="ltr">Enviado desde mi iPhone</div></div></body></html>',
    "Thunderbird": f"<html><body><p>{S}: AREN<br>{T}: Error Funcional<br>{D}: {TEXT}</p></body></html>",
    "Thunderbird, preformatted": f'<pre class="moz-quote-pre" wrap="">{FORM}</pre>',
    "Yahoo": f'<div class="yahoo-style-wrap"><div dir="ltr">{S}: AREN</div><div dir="ltr">{T}: Error Funcional</div>'
        f'<div dir="ltr">{D}: {TEXT}</div></div>',
    "Zimbra": f'<div style="font-family: arial"><div>{S}: AREN</div><div>{T}: Error Funcional</div><div>{D}: {TEXT}</div></div>',
    "Samsung": f'<html><body><div dir="auto">{S}: AREN</div><div dir="auto">{T}: Error Funcional</div><div dir="auto">{D}: {TEXT}</div>'
        '<div id="composer_signature" dir="auto">Enviado desde mi Galaxy</div></body></html>',
    "Lotus Notes": f'<font size=2 face="sans-serif">{S}: AREN</font><br><font size=2>{T}: Error Funcional</font><br><font>{D}: {TEXT}</font>',
    "a table": f"<table><tr><td>{S}:</td><td>AREN</td></tr><tr><td>{T}:</td><td>Error Funcional</td></tr><tr><td>{D}:</td>"
        f"<td>{TEXT}</td></tr></table>",
    "a list": f"<ul><li>{S}: AREN</li><li>{T}: Error Funcional</li><li>{D}: {TEXT}</li></ul>",
    "spans in the middle of words": f"<p>Ser<span>vicio/Apli</span>cación: AR<b>EN</b></p><p>{T}: Error Funcional</p><p>{D}: {TEXT}</p>",
    "entities": "<p>Servicio/Aplicaci&oacute;n: AREN</p><p>Tipo:&nbsp;Error&nbsp;Funcional</p>"
        "<p>Descripci&#243;n: La pantalla de altas no guarda el a&ntilde;o.</p>",
    "hidden text": f'<div style="display:none">{S}: OTRO</div><p>{S}: AREN</p><p>{T}: Error Funcional</p><p>{D}: {TEXT}</p>',
    "a preheader": f'<span style="display:none;font-size:0">Tipo: OTRO</span><p>{S}: AREN</p><p>{T}: Error Funcional</p><p>{D}: {TEXT}</p>',
    "comments and style": f"<!-- {S}: OTRO --><style>p{{color:red}}</style><p>{S}: AREN</p><p>{T}: Error Funcional</p><p>{D}: {TEXT}</p>",
    "conditional comments": f"<!--[if mso]><p>{S}: OTRO</p><![endif]--><p>{S}: AREN</p><p>{T}: Error Funcional</p><p>{D}: {TEXT}</p>",
}  # fmt: skip
HTML = (
    {f"{name}, HTML only": Row(raw_mail(html, content_type="text/html; charset=utf-8")) for name, html in PAGES.items()}
    | {f"{name}, empty text": Row(mail_of("alternative", [part(PLAIN, " \n"), page(html)]))
       for name, html in list(PAGES.items())[:6]}
    | {f"{name}, stub text": Row(mail_of("alternative", [part(PLAIN, "Para ver este mensaje active la vista HTML."), page(html)]))
       for name, html in list(PAGES.items())[:6]}
)  # fmt: skip

# -- what must not mix in

OTHER = f"{S}: OTRO\n{T}: Error Acceso\n{D}: Esto no es de este mensaje.\n"
PNG = part("image/png; name=foto.png", b"\x89PNG", "base64", 'Content-Disposition: attachment; filename="foto.png"')


def winmail(body: str) -> bytes:
    """What Exchange wraps a mail in (MS-OXTNEF), with this text."""
    return b"\x78\x9f\x3e\x22\x01\x00" + tnef_attribute(1, 0x9003, mapi((0x1F, 0x1000, body.encode("utf-16-le"))))


SHAPES = {
    "text beside HTML that says otherwise": Row(mail_of("alternative", [part(PLAIN, FORM), page(f"<p>{OTHER}</p>")])),
    "an attached mail": Row(mail_of("mixed", [part(PLAIN, FORM), part("message/rfc822", raw_mail(OTHER))])),
    "an attached text": Row(mail_of("mixed", [part(PLAIN, FORM),
        part(PLAIN, OTHER, "", 'Content-Disposition: attachment; filename="notas.txt"')])),
    "an inline text with a name": Row(mail_of("mixed", [part(PLAIN, FORM),
        part(PLAIN, OTHER, "", 'Content-Disposition: inline; filename="notas.txt"')])),
    "an image": Row(mail_of("mixed", [part(PLAIN, FORM), PNG])),
    "an image inside the page": Row(mail_of("related", [nested("alternative", [part(PLAIN, FORM), page("<p>x</p>")], "b2"), PNG])),
    "signed": Row(mail_of("signed", [part(PLAIN, FORM), part("application/pkcs7-signature", b"x", "base64")], protocol='"application/pkcs7-signature"')),
    "signed by PGP": Row(mail_of("signed", [part(PLAIN, FORM), part("application/pgp-signature", "x")], protocol='"application/pgp-signature"')),
    "alternative within mixed within related": Row(mail_of("mixed", [nested("related", [nested("alternative",
        [part(PLAIN, FORM), page("<p>x</p>")], "b3"), PNG], "b2")])),
    "winmail.dat alone": Row(raw_mail(base64.encodebytes(winmail(FORM)), "Content-Transfer-Encoding: base64",
        content_type="application/ms-tnef; name=winmail.dat")),
    "winmail.dat beside it": Row(mail_of("mixed", [part(PLAIN, FORM),
        part("application/ms-tnef; name=winmail.dat", winmail(OTHER), "base64")])),
    "a calendar beside it": Row(mail_of("mixed", [part(PLAIN, FORM), part('application/ics; name="cita.ics"', "x", "base64")])),
}  # fmt: skip

# -- what is wrong with it

FAULTS = {
    "a service that is not there": Row(text(FORM.replace("AREN", "ARENN")).raw, None, (("service", "not_in_list"),)),
    "a type that is not there": Row(text(FORM.replace("Error Funcional", "Se ha roto")).raw, None, (("type", "not_in_list"),)),
    "no type": Row(text(f"{S}: AREN\n{D}: {TEXT}\n").raw, None, (("type", "missing"),)),
    "an empty type": Row(text(f"{S}: AREN\n{T}:\n{D}: {TEXT}\n").raw, None, (("type", "empty"),)),
    "the template as it was": Row(text(f"{S}: AREN\n{T}: Pérdida de Servicio / Error Acceso / Error Funcional\n{D}: {TEXT}\n").raw,
        None, (("type", "several_values"),)),
    "two services": Row(text(f"{S}: AREN\n{S}: CONDUCTORES\n{T}: Error Acceso\n{D}: {TEXT}\n").raw, None, (("service", "given_twice"),)),
    "too short": Row(text(f"{S}: AREN\n{T}: Error Acceso\n{D}: No va\n").raw, None, (("description", "too_short"),)),
    "everything at once": Row(text(f"{S}: ARENN\n{T}: nada\n").raw, None,
        (("service", "not_in_list"), ("type", "not_in_list"), ("description", "missing"))),
    "no label at all": Row(text("Buenos días, no me funciona el programa.\n").raw, None,
        (("service", "missing"), ("type", "missing"), ("description", "missing"))),
    "labels without their colon": Row(text(FORM.replace(":", "")).raw, None,
        (("service", "missing"), ("type", "missing"), ("description", "missing"))),
}  # fmt: skip
ROWS = {
    f"{group}: {name}": row
    for group, rows in (
        ("charset", CHARSETS), ("subject", SUBJECTS), ("body", BODIES), ("page", HTML), ("shape", SHAPES), ("fault", FAULTS),
    )
    for name, row in rows.items()
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_an_opening_is_read_as_it_was_meant(row: Row) -> None:
    decision = decided(row.raw)
    if row.fields is None:
        assert (decision.verdict, tuple((f.field, f.code) for f in decision.faults)) == ("refused", row.faults)
    else:
        assert (decision.verdict, dict(decision.fields)) == ("opened", row.fields)


def test_there_are_enough_of_them() -> None:
    assert len(ROWS) >= 100


@pytest.mark.parametrize(
    ("what", "raw"),
    [
        ("S/MIME", part("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", b"x", "base64")),
        ("PGP inline", part(PLAIN, "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n")),
    ],
)
def test_an_encrypted_opening_is_refused_with_its_reason(what: str, raw: bytes) -> None:
    head = f"From: m@cliente.test\r\nSubject: {SUBJECT}\r\nMIME-Version: 1.0\r\n".encode()
    decision = decided(head + raw.replace(b"\n", b"\r\n"))
    assert decision.verdict == "refused"
    assert "encrypted" in {fault.code for fault in decision.faults}


@pytest.mark.parametrize(
    "raw",
    [
        mail_of("mixed", [PNG]),
        mail_of("mixed", [part(PLAIN, " \n\n")]),
        mail_of("mixed", [part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR\nEND:VCALENDAR\n")]),
        mail_of("mixed", [part('application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"', b"x", "base64")]),
    ],
    ids=["only images", "only blanks", "only an appointment", "a signature that cannot be opened"],
)
def test_where_there_is_no_text_that_is_told_first(raw: bytes) -> None:
    decision = decided(raw)
    assert decision.verdict == "refused"
    assert [fault.code for fault in decision.faults] == ["no_text", "missing", "missing", "missing"]
