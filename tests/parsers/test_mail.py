# ruff: noqa: E501 - the rows of these tables are mails
"""What a mail says, whatever client wrote it: encodings, charsets, the shape of its parts, hostile ones too."""

from __future__ import annotations

import base64
import hashlib
import mmap
import struct
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.mail import Budget, Mail, OverBudget, attachment_chunks, parse
from tests.parsers.mails import BODY, SUBJECT, mail_of, multipart, nested, octets, part, raw_mail

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
HTML = (
    "<html><head><title>no</title></head><body><p>Servicio/Aplicación: AREN</p>"
    "<p>Tipo: Error Funcional</p></body></html>"
)
HTML_TEXT = "Servicio/Aplicación: AREN\n\nTipo: Error Funcional"


def text_of(raw: bytes) -> str:
    return parse(raw).body.strip()


def plain(charset: str, encoding: str = "", codec: str = "") -> bytes:
    """BODY as one text part, in the octets of ``codec`` under the name ``charset``."""
    written = BODY.encode(codec or charset)
    content_type = f"text/plain; charset={charset}" if charset else "text/plain"
    head, _, body = part(content_type, written, encoding).partition(b"\n\n")
    return b"From: a@b.example\n" + head + b"\n\n" + body


# -- encodings and charsets of a plain text

TEXTS = {
    "utf-8, 8bit": plain("utf-8"),
    "utf-8, quoted-printable": plain("utf-8", "quoted-printable"),
    "utf-8, base64": plain("utf-8", "base64"),
    "quoted name": plain('"UTF-8"', codec="utf-8"),
    "windows-1252": plain("windows-1252", codec="cp1252"),
    "iso-8859-1, quoted-printable": plain("iso-8859-1", "quoted-printable"),
    "iso-8859-15, base64": plain("iso-8859-15", "base64"),
    "latin1 by another name": plain("ISO_8859-1:1987", codec="latin-1"),
    "mac": plain("macintosh", codec="mac-roman"),
    "a vendor's prefix": plain("x-mac-roman", codec="mac-roman"),
    "a name of the registry": plain("csISOLatin9", codec="iso-8859-15"),
    "a line between words": plain("latin-9", codec="iso-8859-15"),
    "a number with a line before it": plain("cp-850", codec="cp850"),
    "a number among names": plain("iso-8859-15-windows-latin-9", codec="iso-8859-15"),
    "a number of windows": plain("win-1252", codec="cp1252"),
    "utf-16 with its mark": plain("utf-16", "base64"),
    "utf-16le": plain("utf-16le", "base64", codec="utf-16-le"),
    "utf-16be": plain("utf-16be", "base64", codec="utf-16-be"),
    "utf-16, undeclared": plain("", "base64", codec="utf-16-le"),
    "utf-16 that is utf-8": plain("utf-16", "base64", codec="utf-8"),
    "utf-7": plain("utf-7"),
    "utf-8 with its mark": plain("utf-8", codec="utf-8-sig"),
    "undeclared utf-8": plain("", codec="utf-8"),
    "undeclared cp1252": plain("", codec="cp1252"),
    "us-ascii that is utf-8": plain("us-ascii", codec="utf-8"),
    "us-ascii that is cp1252": plain("us-ascii", codec="cp1252"),
    "utf-8 that is cp1252": plain("utf-8", codec="cp1252"),
    "iso-8859-1 that is utf-8": plain("iso-8859-1", codec="utf-8"),
    "unknown": plain("x-klingon", codec="utf-8"),
    "unknown-8bit": plain("unknown-8bit", codec="cp1252"),
    "forbidden": plain("punycode", codec="utf-8"),
    "no transfer encoding of that name": plain("utf-8", "8-bits"),
    "an encoding in quotes": plain("utf-8", "base64").replace(b": base64", b': "base64"'),
    "an encoding with a comment": plain("utf-8", "base64").replace(b": base64", b": base64 (of the phone);"),
    "an encoding misspelt": plain("utf-8", "quoted-printable").replace(b"quoted-p", b"quoted_p"),
    "base64 that is text": plain("utf-8", "base64").partition(b"\n\n")[0] + b"\n\n" + BODY.encode(),
    "base64 with foreign octets": b"\n*".join(plain("utf-8", "base64").rsplit(b"\n", 3)),
}


@pytest.mark.parametrize("form", TEXTS)
def test_a_text_in_any_encoding(form: str) -> None:
    mail = parse(TEXTS[form])
    assert mail.body.strip() == BODY.strip()


def test_a_lists_footer_below_base64_is_read_as_it_stands() -> None:
    footer = b"\n____\nsedes mailing list"
    assert parse(TEXTS["iso-8859-15, base64"] + footer).body.split("\n")[-2:] == ["____", "sedes mailing list"]


def test_a_text_of_two_encodings_is_read_octet_by_octet() -> None:
    body = "Descripción: €\n".encode() + "Pie añadido por el servidor: «más»".encode("cp1252")
    mail = parse(b"From: a@b.example\nContent-Type: text/plain; charset=utf-8\n\n" + body)
    assert mail.body == "Descripción: €\nPie añadido por el servidor: «más»"


@pytest.mark.parametrize(
    ("form", "remark"),
    [
        ("unknown", ("charset:x-klingon",)),
        ("forbidden", ("charset:punycode",)),
        ("utf-8 that is cp1252", ("charset:utf-8",)),
        ("utf-8, 8bit", ()),
        ("undeclared utf-8", ()),
    ],
)
def test_a_wrong_charset_is_noted(form: str, remark: tuple[str, ...]) -> None:
    assert parse(TEXTS[form]).remarks == remark


def test_texts_are_nfc_with_lf_and_without_nul() -> None:
    body = "cafe\u0301\r\nuno\rdos\u2028tres\x00\ufeff"
    assert text_of(b"From: a@b.example\r\n\r\n" + body.encode()) == "café\nuno\ndos\ntres"


def test_other_scripts() -> None:
    for charset, text in (
        ("gb2312", "你好世界"),
        ("shift_jis", "こんにちは"),
        ("koi8-r", "привет"),
        ("euc-kr", "안녕"),
    ):
        raw = part(f"text/plain; charset={charset}", text.encode(charset), "base64")
        assert text_of(raw) == text


def test_flowed_lines_are_joined() -> None:
    content_type = "text/plain; charset=utf-8; format=flowed"
    body = "Descripción: una línea \nque sigue.\n>> citada \n>> y larga\n> otra\n-- \nAna\n"
    assert text_of(raw_mail(body, content_type=content_type)) == (
        "Descripción: una línea que sigue.\n>> citada y larga\n> otra\n-- \nAna"
    )


def test_flowed_with_delsp() -> None:
    raw = raw_mail("pala \nbra\n", content_type="text/plain; format=flowed; delsp=yes")
    assert text_of(raw) == "palabra"


# -- headers

SUBJECTS = {
    "q": "=?utf-8?q?Apertura_de_Incidencia_Autom=C3=A1tica_Aplicaci=C3=B3n_/_Desarrollo=2E?=",
    "b": f"=?UTF-8?B?{base64.b64encode(SUBJECT.encode()).decode()}?=",
    "latin-1": "Apertura de Incidencia =?iso-8859-1?Q?Autom=E1tica_Aplicaci=F3n?= / Desarrollo.",
    "two words": "=?utf-8?q?Apertura_de_Incidencia_Autom=C3=A1tica?=\r\n =?utf-8?q?_Aplicaci=C3=B3n_/_Desarrollo=2E?=",
    "split inside a letter": "=?utf-8?q?Apertura_de_Incidencia_Autom=C3?= =?utf-8?q?=A1tica_Aplicaci=C3=B3n_/_Desarrollo=2E?=",
    "with a language": "=?utf-8*es?q?Apertura_de_Incidencia_Autom=C3=A1tica_Aplicaci=C3=B3n_/_Desarrollo=2E?=",
    "blanks in the word": "=?utf-8?q?Apertura de Incidencia Autom=C3=A1tica Aplicaci=C3=B3n / Desarrollo.?=",
    "raw utf-8": SUBJECT,
    "raw cp1252": SUBJECT.encode("cp1252"),
    "folded": "Apertura de Incidencia\r\n\tAutomática\r\n  Aplicación / Desarrollo.",
    "decomposed": "Apertura de Incidencia Automa\u0301tica Aplicacio\u0301n / Desarrollo.",
    "broken twice over": SUBJECT.encode().decode("cp1252", "replace"),
    "hidden marks": "Apertura\u200b de\u00a0Incidencia Automática\u2060 Aplicación / Desarrollo.",
}


@pytest.mark.parametrize("form", SUBJECTS)
def test_a_subject_in_any_form(form: str) -> None:
    raw = b"From: a@b.example\r\nSubject: " + octets(SUBJECTS[form]) + b"\r\n\r\n" + b"hola"
    assert parse(raw).subject == SUBJECT


def test_a_line_of_blanks_parts_headers_and_text_only_where_no_headers_follow() -> None:
    folded = parse(b" \t\r\n\r\nSubject: hola\r\n    \r\nFrom: a@b.example\r\n\r\ntexto")
    assert (folded.subject, folded.sender, folded.body) == ("hola", "a@b.example", "texto")
    parted = parse(b"From: a@b.example\r\nSubject: hola\r\n \r\nTipo: Error")
    assert (parted.subject, parted.body) == ("hola", "Tipo: Error")


def test_the_other_headers() -> None:
    mail = parse(
        raw_mail(
            "hola",
            "Return-Path: <maria@cliente.example>",
            "X-Original-To: Soporte-A@CAU.example",
            "Delivered-To: soportecau@cau.example",
            "To: CAU <soportecau@cau.example>",
            "Cc: jefe@cliente.example, =?utf-8?q?=C3=81lvaro?= <al@cliente.example>",
            "X-Acuse-Number: I171009_000049",
        )
    )
    assert mail.message_id == "1@cliente.example"
    assert (mail.sender, mail.sender_name) == ("maria@cliente.example", "María Gil")
    assert [box.address for box in mail.to] == ["soportecau@cau.example"]
    assert [(box.address, box.name) for box in mail.cc] == [
        ("jefe@cliente.example", ""),
        ("al@cliente.example", "Álvaro"),
    ]
    assert mail.delivered_to == ("Soporte-A@cau.example", "soportecau@cau.example")
    assert mail.automatic == "own"


def test_a06_results_below_a_foreign_received_do_not_count() -> None:
    raw = raw_mail(
        "hola",
        "Received: from mx.cau.example by imap.cau.example; Mon, 09 Oct 2017 10:23:58 +0200",
        "Authentication-Results: mx.cau.example; spf=pass;\r\n dkim=pass",
        "Received: from out.cliente.example by mx.cau.example; Mon, 09 Oct 2017 10:23:57 +0200",
        "Received: from pc by out.cliente.example; Mon, 09 Oct 2017 10:23:56 +0200",
        "Authentication-Results: mx.cau.example; dmarc=pass",
    )
    assert parse(raw).auth_results == ("mx.cau.example; spf=pass; dkim=pass",)


# -- what is new in a reply of HTML alone

OWN, HISTORY = "Sigue sin cargar.", "<p>Hemos tomado nota.</p>"
BLOCK = f'<blockquote type="cite">{HISTORY}</blockquote>'
REPLIES = {
    "apple phone": f'<body dir="auto">{OWN}<br id="lineBreakAtBeginningOfSignature"><div>Enviado desde mi iPhone</div>'
    f'<blockquote type="cite">El 4 feb 2026, a las 14:03, Mesa &lt;m@cau.example&gt; escribió:</blockquote>{BLOCK}</body>',
    "tutanota": f"<div>{OWN}</div><div>4 feb 2026, 14:03 por m@cau.example:<br></div>"
    f'<blockquote class="tutanota_quote">{HISTORY}</blockquote>',
    "em client": f'<div>{OWN}</div><div>------ Mensaje original ------</div>'
    f"<div>De: Mesa &lt;m@cau.example&gt;</div><div>Para: Eva</div><div>Asunto: X</div>{BLOCK}",
    "below a header block": "<div>De: Mesa &lt;m@cau.example&gt;</div><div>Para: Eva</div><div>Asunto: X</div>"
    f"{BLOCK}<div>{OWN}</div>",
    "a quote without any mark": f"<div>{OWN}</div><blockquote><div>On 4 Feb 2026, Mesa &lt;m@cau.example&gt; wrote:</div>"
    f"{HISTORY}</blockquote>",
    "gmail's signature": f'<div>{OWN}</div><div class="gmail_signature">Eva Gil<br>Lugo</div>',
    "gmail's signature, delimited": f'<div>{OWN}</div><span class="gmail_signature_prefix">-- </span><br>'
    '<div class="gmail_signature">Eva Gil<br>Lugo</div>',
    "gmail's signature, old delimiter": f'<div>{OWN}</div>-- <br><div class="gmail_signature">Eva Gil<br>Lugo</div>',
    "outlook's signature": f'<div>{OWN}</div><div id="Signature">Eva Gil<br>Lugo</div>',
    "proton": f'<div>{OWN}</div><div class="protonmail_signature_block">Enviado con Proton Mail</div>{BLOCK}',
    "thunderbird, below": f'<div class="moz-cite-prefix">El 4/2/26, Mesa escribió:</div>{BLOCK}<p>{OWN}</p>'
    '<div class="moz-signature">-- <br>Eva Gil</div>',
}  # fmt: skip


@pytest.mark.parametrize("client", REPLIES)
def test_the_new_text_of_a_reply_in_html(client: str) -> None:
    mail = parse(raw_mail(REPLIES[client], content_type="text/html; charset=utf-8"))
    assert mail.visible == OWN


def test_an_answer_announced_above_the_quote_stays() -> None:
    page = f"<p>Contesto abajo:</p>{BLOCK}<p>{OWN}</p>"
    mail = parse(raw_mail(page, content_type="text/html; charset=utf-8"))
    assert mail.visible.split() == ["Contesto", "abajo:", *OWN.split()]


INSIDE = "<p>¿Con qué navegador?</p><p style='color:blue'>Con Firefox.</p>"


@pytest.mark.parametrize(
    "page",
    [
        f"<p>Le respondo abajo en azul.</p><blockquote type=cite>{INSIDE}</blockquote>",
        f"<p>Le respondo abajo en azul.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>De:</b> Mesa<br>"
        f"<b>Enviado el:</b> martes, 3 de marzo de 2026 8:05<br><b>Para:</b> Eva<br><b>Asunto:</b> X</p></div>{INSIDE}",
    ],
    ids=["a quoted block", "Outlook"],
)
def test_a_reply_whose_answers_stand_in_the_history_says_all_of_it(page: str) -> None:
    mail = parse(raw_mail(page, content_type="text/html; charset=utf-8"))
    assert (mail.visible, mail.answered_inside) == ("Le respondo abajo en azul.", True)
    assert "¿Con qué navegador?\n\nCon Firefox." in mail.said
    beside = parse(raw_mail(page + "<p>Con Firefox.</p>", content_type="text/html; charset=utf-8"))
    assert "border" in page or not beside.answered_inside


# -- which part is the text

PLAIN = part("text/plain; charset=utf-8", BODY, "quoted-printable")
PAGE = part("text/html; charset=utf-8", HTML, "base64")
IMAGE = part("image/png; name=foto.png", PNG, "base64", "Content-ID: <foto>")
PDF = part("application/pdf", b"%PDF", "base64", 'Content-Disposition: attachment; filename="informe.pdf"')
INNER = part("message/rfc822", raw_mail("Servicio/Aplicación: OTRO", title="dentro"))
NOTES = part("text/plain; charset=utf-8", "Tipo: OTRO", "", 'Content-Disposition: attachment; filename="notas.txt"')
INLINE_FILE = part(
    "text/plain; name=registro.log", "Tipo: OTRO", "", "Content-Disposition: inline; filename=registro.log"
)
EMPTY = part("text/plain; charset=utf-8", " \n\n")
MORE = part("text/plain; charset=utf-8", "Y otra cosa.")
STUB = part("text/plain; charset=utf-8", "Para ver este mensaje active la vista HTML.")

SHAPES = {
    "plain": (raw_mail(BODY, content_type="text/plain; charset=utf-8"), BODY, 0),
    "no type at all": (raw_mail(BODY), BODY, 0),
    "a type nobody can read": (raw_mail(BODY, content_type="text"), BODY, 0),
    "html alone": (raw_mail(HTML, content_type="text/html; charset=utf-8"), HTML_TEXT, 0),
    "html that says it is plain": (raw_mail(HTML, content_type="text/plain; charset=utf-8"), HTML_TEXT, 0),
    "alternative": (mail_of("alternative", [PLAIN, PAGE]), BODY, 0),
    "alternative, html first": (mail_of("alternative", [PAGE, PLAIN]), BODY, 0),
    "alternative with an empty text": (mail_of("alternative", [EMPTY, PAGE]), HTML_TEXT, 0),
    "alternative with a stub": (mail_of("alternative", [STUB, PAGE]), HTML_TEXT, 0),
    "a stub and no html": (mail_of("mixed", [STUB]), "Para ver este mensaje active la vista HTML.", 0),
    "empty text, then html, mixed": (mail_of("mixed", [EMPTY, PAGE]), HTML_TEXT, 0),
    "mixed with files": (mail_of("mixed", [PLAIN, PDF, IMAGE]), BODY, 2),
    "file first": (mail_of("mixed", [PDF, PLAIN]), BODY, 1),
    "text file before the text": (mail_of("mixed", [NOTES, PLAIN]), BODY, 1),
    "inline text file": (mail_of("mixed", [PLAIN, INLINE_FILE]), BODY, 1),
    "only an inline text file": (mail_of("mixed", [INLINE_FILE, EMPTY]), "", 1),
    "attached mail": (mail_of("mixed", [PLAIN, INNER]), BODY, 1),
    "attached mail first": (mail_of("mixed", [INNER, PLAIN]), BODY, 1),
    "attached mail only": (mail_of("mixed", [INNER]), "", 1),
    "related in alternative": (
        mail_of("alternative", [EMPTY, nested("related", [PAGE, IMAGE], "b2")]), HTML_TEXT, 1),
    "outlook": (
        mail_of("mixed", [nested("related", [nested("alternative", [PLAIN, PAGE], "b3"), IMAGE], "b2"), PDF]),
        BODY, 2),
    "apple mail: text, picture, text": (
        mail_of("mixed", [PLAIN, IMAGE, MORE]), f"{BODY.strip()}\n\nY otra cosa.", 1),
    "apple mail: html, picture, html": (
        mail_of("mixed", [PAGE, IMAGE, part("text/html", "<p>Y otra cosa.</p>")]),
        f"{HTML_TEXT}\n\nY otra cosa.", 1),
    "apple mail: text, or html with a file in it": (
        mail_of("alternative", [PLAIN, nested("mixed", [PAGE, PDF, PAGE], "b2")]), BODY, 1),
    "a list's footer below a file": (mail_of("mixed", [PLAIN, PDF, MORE]), BODY, 2),
    "a list's footer below the text": (mail_of("mixed", [PLAIN, MORE]), BODY, 1),
    "a gateway's plain footer below a picture": (mail_of("mixed", [PAGE, IMAGE, MORE]), HTML_TEXT, 2),
    "alternative with a text of nothing visible": (
        mail_of("alternative", [part("text/plain; charset=utf-8", "\u200b\n"), PAGE]), HTML_TEXT, 0),
    "html with a gateway's plain footer": (
        mail_of("mixed", [PAGE, part("text/plain", "Aviso legal")]), HTML_TEXT, 1),
    "signed by pgp": (
        mail_of("signed", [PLAIN, part("application/pgp-signature; name=signature.asc", "x")]), BODY, 0),
    "signed by s/mime, with a file": (
        mail_of("signed", [nested("mixed", [PLAIN, PDF], "b2"), part("application/pkcs7-signature", "x", "base64")]),
        BODY, 1),
    "clear-signed": (
        raw_mail(
            f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{BODY}- -- \nAna\n"
            "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"),
        f"{BODY}-- \nAna", 0),
    "images only": (mail_of("mixed", [IMAGE, IMAGE]), "", 2),
    "an image only": (raw_mail(base64.encodebytes(PNG), "Content-Transfer-Encoding: base64",
                               content_type="image/png; name=a.png"), "", 1),
    "nothing": (raw_mail(""), "", 0),
    "a container without its boundary": (raw_mail(BODY, content_type='multipart/mixed; boundary="no"'), BODY, 0),
    "a container that names none": (raw_mail(BODY, content_type="multipart/mixed"), BODY, 0),
    "a container without its second half": (
        mail_of("mixed", [PLAIN, PDF]).replace(b"multipart/mixed", b"multipart"), BODY, 1),
    "attached parts of a type that mail-parser does not write": (
        mail_of("mixed", [PLAIN, nested("mixed", [nested("x\x1c':'", [PDF], "b3")], "b2")]).replace(
            b"\r\n\r\n--b2", b"\r\nContent-Disposition: attachment\r\n\r\n--b2", 1), BODY, 1),
    "boundary never closed": (
        raw_mail(b"--b\nContent-Type: text/plain; charset=utf-8\n\n" + BODY.encode(),
                 content_type="multipart/mixed; boundary=b"), BODY, 0),
    "inner boundary never closed": (
        raw_mail(b"--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n" + PLAIN + b"\n--b\n" + PDF + b"\n--b--",
                 content_type="multipart/mixed; boundary=b"), BODY, 1),
    "preamble and epilogue": (
        raw_mail(b"No se lea esto.\n" + multipart("mixed", [PLAIN])[1] + b"\nNi esto.\n",
                 content_type="multipart/mixed; boundary=b1"), BODY, 0),
    "a digest": (mail_of("digest", [b"\n" + raw_mail("dentro"), b"\n" + raw_mail("dos")]), "", 2),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_the_text_of_any_shape(shape: str) -> None:
    raw, text, files = SHAPES[shape]
    mail = parse(raw)
    assert (mail.body.strip(), len(mail.attachments)) == (text.strip(), files)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_with_lf_and_from_a_mapped_file(shape: str) -> None:
    raw = SHAPES[shape][0].replace(b"\r\n", b"\n")
    with tempfile.TemporaryFile() as file:
        file.write(raw)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            mail = parse(mapped)
            assert mail.attachments == parse(raw).attachments
            for each in mail.attachments:
                assert hashlib.sha256(b"".join(attachment_chunks(mapped, each))).hexdigest() == each.digest
    assert mail.body.strip() == SHAPES[shape][1].strip()


def test_visible_is_the_new_text_alone() -> None:
    quoted = "Sigue igual.\n\nEl lun, 9 oct 2017 a las 10:23, CAU <c@cau.example> escribió:\n> ¿Qué navegador usa?\n"
    mail = parse(raw_mail(quoted, content_type="text/plain; charset=utf-8"))
    assert (mail.visible.strip(), "navegador" in mail.body) == ("Sigue igual.", True)


def test_a_quote_is_cut_from_html_before_it_loses_its_marks() -> None:
    page = '<div>Sigue igual.</div><div class="gmail_quote"><blockquote>¿Qué navegador usa?</blockquote></div>'
    mail = parse(raw_mail(page, content_type="text/html; charset=utf-8"))
    assert (mail.visible.strip(), "navegador" in mail.body) == ("Sigue igual.", True)


# -- encrypted mail

LOCKED = {
    "smime": raw_mail(b"MIAGCSqGSIb3DQEHA6CA", "Content-Transfer-Encoding: base64",
                      content_type="application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"),
    "smime by its name": raw_mail(b"MIAGCSqGSIb3DQEHA6CA", "Content-Transfer-Encoding: base64",
                                  content_type="application/octet-stream; name=smime.p7m"),
    "pgp": mail_of("encrypted", [part("application/pgp-encrypted", "Version: 1"),
                                 part("application/octet-stream; name=encrypted.asc", "x")]),
    "pgp in the text": raw_mail("-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n"),
}  # fmt: skip


@pytest.mark.parametrize("form", LOCKED)
def test_encrypted_mail(form: str) -> None:
    assert parse(LOCKED[form]).encrypted == form.split()[0]


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + content


def opaque(pieces: int = 1) -> str:
    """A mail with a file, wrapped in a CMS SignedData (RFC 5652), in base64."""
    content_type, body = multipart("mixed", [PLAIN, PDF])
    inner = f"Content-Type: {content_type}\r\n\r\n".encode() + body.replace(b"\n", b"\r\n")
    step = len(inner) // pieces + 1
    strings = b"".join(der(4, inner[at : at + step]) for at in range(0, len(inner), step))
    octet_string = strings if pieces == 1 else der(0x24, strings)
    data = bytes.fromhex("06092a864886f70d010701") + der(0xA0, octet_string)
    signed = der(
        0x30, bytes.fromhex("06092a864886f70d010702") + der(0xA0, der(0x30, b"\x02\x01\x01" + der(0x30, data)))
    )
    return base64.encodebytes(signed).decode()


def wrapped(content_type: str, pieces: int = 1) -> bytes:
    return raw_mail(opaque(pieces), "Content-Transfer-Encoding: base64", content_type=content_type)


SIGNED_PART = b"Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"
OPAQUE = {
    "in one piece": wrapped("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"),
    "in pieces": wrapped("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", 3),
    "without its kind": wrapped("application/x-pkcs7-mime"),
    "as a mere file": wrapped("application/octet-stream; name=smime.p7m"),
    "above a list's footer": mail_of("mixed", [SIGNED_PART + opaque().encode(), MORE]),
}


@pytest.mark.parametrize("raw", OPAQUE.values(), ids=OPAQUE)
def test_an_opaque_signature_is_opened(raw: bytes) -> None:
    mail = parse(raw)
    assert (mail.body.strip(), mail.encrypted, mail.attachments[0].content) == (BODY.strip(), "", b"%PDF")


def test_a_signed_file_above_the_text_stays_a_file() -> None:
    contract = SIGNED_PART.replace(b"smime", b"contrato") + opaque().encode()
    mail = parse(mail_of("mixed", [contract, PLAIN]))
    assert (mail.body.strip(), [file.name for file in mail.attachments]) == (BODY.strip(), ["contrato.p7m"])


# -- files

NAMES = {
    'Content-Disposition: attachment; filename="captura ñ.png"': "captura ñ.png",
    "Content-Disposition: attachment; filename*=utf-8''captura%20%C3%B1.png": "captura ñ.png",
    "Content-Disposition: attachment; filename*0*=utf-8''captura%20; filename*1*=%C3%B1; filename*2=.png": "captura ñ.png",
    'Content-Disposition: attachment; filename="=?utf-8?q?captura_=C3=B1.png?="': "captura ñ.png",
    "Content-Disposition: attachment; filename*=iso-8859-1'es'captura%20%F1.png": "captura ñ.png",
    'Content-Disposition: attachment; filename="../../etc/passwd"': "passwd",
    'Content-Disposition: attachment; filename="C:\\\\fotos\\\\a.png"': "a.png",
    'Content-Disposition: attachment; filename="C:\\Users\\eva\\captura ñ.png"': "captura ñ.png",
    'Content-Disposition: attachment; filename="la \\"b\\" ñ.png"': 'la "b" ñ.png',
    'Content-Disposition: attachment; filename*0="=?utf-8?B?Y2FwdHVyYSDD"; filename*1="sS5wbmc=?="': "captura ñ.png",
    'Content-Disposition: attachment; filename="a\u202egpj.exe"': "agpj.exe",
    'Content-Disposition: attachment; filename="..."': "image-1.png",
    f'Content-Disposition: attachment; filename="{"x" * 300}.png"': "x" * 116 + ".png",
    "Content-Disposition: attachment": "image-1.png",
    "Content-Disposition: attachment; filename=sin comillas.png": "sin comillas.png",
}


@pytest.mark.parametrize("header", NAMES)
def test_a28_a_file_name_is_for_people(header: str) -> None:
    mail = parse(mail_of("mixed", [part("image/png", PNG, "base64", header)]))
    assert mail.attachments[0].name == NAMES[header]


def uuencoded(content: bytes) -> bytes:
    import binascii

    lines = [binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45)]
    return b"begin 644 foto.png\n" + b"".join(lines) + b"`\nend\n"


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("base64", base64.encodebytes(PNG)),
        ("base64", base64.b64encode(PNG)),
        ("base64", base64.encodebytes(PNG[:1000]) + base64.encodebytes(PNG[1000:])),
        ("BASE64 ", base64.encodebytes(PNG).replace(b"\n", b"\n ")),
        ("x-uuencode", uuencoded(PNG)),
    ],
)
def test_a_file_in_any_encoding(encoding: str, written: bytes) -> None:
    head = f"Content-Type: image/png; name=foto.png\nContent-Transfer-Encoding: {encoding}\n\n".encode()
    raw = mail_of("mixed", [PLAIN, head + written])
    found = parse(raw).attachments[0]
    assert (found.name, found.size, found.digest) == ("foto.png", len(PNG), hashlib.sha256(PNG).hexdigest())
    assert b"".join(attachment_chunks(raw, found)) == PNG


def test_a_quoted_printable_file_longer_than_a_chunk() -> None:
    content = "línea con ñ y =\n".encode() * 60_000
    raw = mail_of("mixed", [PLAIN, part("text/csv; name=a.csv", content, "quoted-printable")])
    found = parse(raw).attachments[0]
    assert b"".join(attachment_chunks(raw, found)).replace(b"\r\n", b"\n").rstrip() == content.rstrip()


def test_inline_images_are_files_too() -> None:
    mail = parse(SHAPES["outlook"][0])
    assert [(each.name, each.inline) for each in mail.attachments] == [("foto.png", True), ("informe.pdf", False)]


# -- winmail.dat


def tnef_attribute(level: int, name: int, value: bytes) -> bytes:
    return struct.pack("<BHHI", level, name, 0, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def mapi(*properties: tuple[int, int, bytes]) -> bytes:
    """A block of properties of variable length."""
    found = struct.pack("<I", len(properties))
    for kind, name, value in properties:
        found += struct.pack("<HHII", kind, name, 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return found


TNEF = b"".join(
    [
        b"\x78\x9f\x3e\x22\x01\x00",
        tnef_attribute(1, 0x9007, struct.pack("<II", 1252, 0)),
        tnef_attribute(1, 0x9003, mapi((0x1F, 0x1000, BODY.encode("utf-16-le")))),
        tnef_attribute(2, 0x9002, b"\x01\x00"),
        tnef_attribute(2, 0x8010, b"CAPTUR~1.PNG\0"),
        tnef_attribute(2, 0x800F, PNG),
        tnef_attribute(2, 0x9005, mapi((0x1F, 0x3707, "captura ñ.png".encode("utf-16-le")))),
    ]
)


def test_winmail_dat_is_opened() -> None:
    winmail = part("application/ms-tnef; name=winmail.dat", TNEF, "base64")
    mail = parse(mail_of("mixed", [part("text/plain; charset=utf-8", "Véase el adjunto."), winmail]))
    assert [(each.name, each.content) for each in mail.attachments] == [("captura ñ.png", PNG)]
    assert (mail.body, mail.remarks) == ("Véase el adjunto.", ("tnef:opened",))


def of_type(kind: int, name: int, value: bytes, long_name: bytes = b"") -> bytes:
    """One property; a long name is a GUID with a number or a string."""
    counted = struct.pack("<II", 1, len(value)) if kind in (0x1E, 0x1F, 0x0D, 0x102) else b""
    return struct.pack("<HH", kind, name) + long_name + counted + value + b"\0" * (-len(value) % 4)


def properties_of(*found: bytes) -> bytes:
    return struct.pack("<I", len(found)) + b"".join(found)


NUMBERED = bytes(16) + struct.pack("<II", 0, 0x8501)
WORDED = bytes(16) + struct.pack("<II", 1, 10) + "Clave".encode("utf-16-le") + b"\0\0"
TWO_TEXTS = struct.pack("<HH", 0x101F, 0x8010) + WORDED + struct.pack("<I", 2) + b"\2\0\0\0a\0\0\0" + b"\4\0\0\0b\0c\0"
STORED = [
    of_type(0x102, 0x3701, b"%PDF"),
    of_type(0x0D, 0x3701, bytes(16) + b"%PDF"),
    of_type(0x0B, 0x0029, b"\1\0") + of_type(3, 0x8005, b"\1\0\0\0", NUMBERED) + of_type(0x102, 0x3701, b"%PDF"),
    TWO_TEXTS + of_type(0x40, 0x0039, bytes(8)) + of_type(2, 0x1234, b"\1\0") + of_type(0x102, 0x3701, b"%PDF"),
]


@pytest.mark.parametrize("stored", STORED, ids=["octets", "an object", "behind a number", "behind a list"])
def test_a_file_of_winmail_dat_among_the_properties(stored: bytes) -> None:
    """As Exchange stores them (MS-OXTNEF, attAttachment)."""
    name = of_type(0x1E, 0x3707, "año.pdf\0".encode("cp1252"))
    stream = [b"\x78\x9f\x3e\x22\x01\x00", tnef_attribute(1, 0x9007, struct.pack("<II", 1252, 0)),
              tnef_attribute(2, 0x9002, bytes(14)), tnef_attribute(2, 0x9005, properties_of(stored, name))]  # fmt: skip
    raw = mail_of("mixed", [PLAIN, part("application/ms-tnef; name=winmail.dat", b"".join(stream), "base64")])
    assert [(each.name, each.content) for each in parse(raw).attachments] == [("año.pdf", b"%PDF")]


def test_the_text_of_winmail_dat_where_there_is_no_other() -> None:
    mail = parse(
        raw_mail(base64.encodebytes(TNEF), "Content-Transfer-Encoding: base64", content_type="application/ms-tnef")
    )
    assert mail.body == BODY


@pytest.mark.parametrize("cut", range(0, len(TNEF), 97))
def test_a_broken_winmail_dat_gives_what_can_be_read_of_it(cut: int) -> None:
    mail = parse(
        raw_mail(
            base64.encodebytes(TNEF[:cut]), "Content-Transfer-Encoding: base64", content_type="application/ms-tnef"
        )
    )
    assert BODY.startswith(mail.body)
    assert mail.body or mail.attachments, "what cannot be read stays a file"


def test_what_only_bears_the_name_stays_a_file() -> None:
    mail = parse(mail_of("mixed", [PLAIN, part("application/ms-tnef; name=winmail.dat", b"no", "base64")]))
    assert [each.name for each in mail.attachments] == ["winmail.dat"]


# -- copies of one mail


def test_copies_share_a_digest_whatever_the_way_they_came() -> None:
    first = parse(raw_mail(BODY, "Received: from a by b", content_type="text/plain; charset=utf-8"))
    again = parse(mail_of("mixed", [PLAIN], "Received: from c by d", "X-Spam: no"))
    assert first.digest == again.digest


@pytest.mark.parametrize(
    "other",
    [
        raw_mail(BODY + "más", content_type="text/plain; charset=utf-8"),
        raw_mail(BODY, content_type="text/plain; charset=utf-8", title="Otra cosa"),
        raw_mail(BODY, content_type="text/plain; charset=utf-8", sender="otra@cliente.example"),
        mail_of("mixed", [PLAIN, PDF]),
    ],
)
def test_a33_other_content_has_another_digest(other: bytes) -> None:
    assert parse(raw_mail(BODY, content_type="text/plain; charset=utf-8")).digest != parse(other).digest


# -- hostile shapes


def deep(levels: int) -> bytes:
    raw = part("text/plain", "hola")
    for level in range(levels):
        raw = nested("mixed", [raw], f"b{level}")
    return b"From: a@b.example\r\n" + raw


BOMBS = {
    "a22 header block": b"From: a@b.example\r\n" + b"X-A: 1\r\n" * 10_000 + b"\r\n",
    "a22 one header": b"From: a@b.example\r\nSubject: " + b"=?utf-8?q?a?= " * 800 + b"\r\n\r\n",
    "a22 folded header": b"From: a@b.example\r\nSubject: a" + b"\r\n =?utf-8?q?a?=" * 800 + b"\r\n\r\n",
    "a25 headers": b"From: a@b.example\r\n" + b"A: 1\r\n" * 501 + b"\r\n",
    "a24 part headers": mail_of("mixed", [b'Content-Type: text/plain; a="' + b';a="' * 5000 + b"\n\nhola"]),
    "a25 depth": deep(3000),
    "a25 mails in mails": b"From: a@b.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "a25 parts": mail_of("mixed", [b"\nhola"] * 100_000),
    "lines like boundaries": mail_of("mixed", [b"\nhola" + b"\n--b1x" * 100_000]),
    "base64 in crumbs": mail_of("mixed", [part("image/png", b"", "base64") + b"QQ==" * 100_000]),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_over_budget(bomb: str) -> None:
    with pytest.raises(OverBudget):
        parse(BOMBS[bomb])


@pytest.mark.parametrize(("levels", "over"), [(20, False), (21, True)])
def test_a25_the_budget_counts_levels(levels: int, over: bool) -> None:
    try:
        assert parse(deep(levels)).body == "hola"
        assert not over
    except OverBudget:
        assert over


def test_the_text_has_a_budget() -> None:
    mail = parse(raw_mail("hola " * 1000), Budget(text=100))
    assert (len(mail.body), mail.remarks) == (100, ("text:truncated",))


HEAVY = {
    "a24 parameters": raw_mail("x", 'Content-Disposition: attachment; a="' + ';a="' * 1900),
    "a24 sections": raw_mail("x", "Content-Disposition: attachment" + "".join(f"; f*{n}=a" for n in range(900))),
    "a23 punycode": raw_mail(base64.encodebytes(b"a" * 300_000), "Content-Transfer-Encoding: base64",
                             content_type="text/plain; charset=punycode"),
    "accents upon accents": raw_mail("a" + "\u0301\u0316" * 200_000),
    "comments": raw_mail("x", "To: " + "(" * 8000),
    "quotes": raw_mail("x", "To: " + '"\\' * 4000),
    "angles": raw_mail("x", "References: " + "<a" * 4000),
    "open tags": raw_mail("<div>" * 100_000, content_type="text/html"),
    "open comments": raw_mail("<!--" * 100_000, content_type="text/html"),
    "tables in tables": raw_mail("<table><tr><td>" * 30_000, content_type="text/html"),
    "a daemon's stutter": raw_mail("error a b c deliver " * 20_000, sender="MAILER-DAEMON@x.example"),
    "uu without an end": mail_of("mixed", [part("image/png; name=a", b"begin 644 a\n" + b"x" * 3_000_000, "x-uuencode")]),
    "a stream of attributes": raw_mail(
        base64.encodebytes(TNEF[:6] + tnef_attribute(1, 0x9003, b"\xff" * 12) * 100_000),
        "Content-Transfer-Encoding: base64", content_type="application/ms-tnef"),
}  # fmt: skip


@pytest.mark.parametrize("load", HEAVY)
def test_heavy_mails_are_read(load: str) -> None:
    assert parse(HEAVY[load]).sender


# -- whatever comes

pieces = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"\x00", b":", b" ", b"--b1", b"--b1--", b"From: a@b.example", b"Subject: =?utf-8?q?=C3?=",
     b'Content-Type: multipart/mixed; boundary="b1"', b"Content-Type: text/html", b"Content-Type: message/rfc822",
     b"Content-Type: application/ms-tnef", b"Content-Type: message/delivery-status", b"Content-Transfer-Encoding: base64",
     b"Content-Type: multipart/report; boundary=b1", b"Content-Transfer-Encoding: quoted-printable", b"=\n=3D=", b"QUJD",
     b"<p style='display:none'>a</p>", b"> a", b"\xff\xfe", b"\xc3\xa9", b"Final-Recipient: rfc822; a@b", b"Date: x",
     b"Content-Type: text/plain; charset=utf-16; format=flowed", b"begin 644 a", b"Return-Path: <>", b"METHOD:REPLY",
     b"Content-Type: text/calendar", b"Content-Disposition: attachment; filename*0*=utf-8''a%", b"x" * 70]
)  # fmt: skip


def is_sound(mail: Mail, raw: bytes) -> bool:
    texts = (mail.subject, mail.body, mail.visible, mail.sender_name, *(each.name for each in mail.attachments))
    clean = all("\x00" not in text and "\r" not in text and text.encode() is not None for text in texts)
    whole = all(sum(map(len, attachment_chunks(raw, each))) == each.size for each in mail.attachments)
    return clean and whole


@given(st.lists(pieces, max_size=30).map(b"".join))
def test_whatever_comes_is_read_or_over_a_budget(raw: bytes) -> None:
    assert is_sound(parse(raw), raw)


@given(st.binary(max_size=300))
def test_any_octets_are_read(raw: bytes) -> None:
    assert is_sound(parse(raw), raw)


@given(st.text(max_size=200), st.sampled_from(["", "base64", "quoted-printable"]))
def test_a_text_comes_back_as_it_was_written(text: str, encoding: str) -> None:
    written = " ".join(text.encode("utf-8", "ignore").decode().split())
    read = parse(b"From: a@b.example\n" + part("text/plain; charset=utf-8", f"x{written}x", encoding)).body
    expected = parse(raw_mail(f"x{written}x")).body
    assert read.strip() == expected.strip()
