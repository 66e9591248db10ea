"""Attacks by the shape of a mail: From, headers, subjects, sizes, parts, names. Rows of SECURITY.md, one test each."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.demo.correspondent import click, write
from daemon.mail.pipe import Poisoned
from daemon.mail.reader import Reader
from parsers.mail import Mail, parse
from rules.letters import Grant
from rules.tables import Rates, Requesters, Senders
from tests.parsers.mails import mail_of, nested, part, raw_mail
from tests.rules.desks import (
    GOOD,
    MARTA,
    NUMBER,
    OPENING,
    OPENINGS,
    TOKEN,
    facts_of,
    granted,
    make_desk,
    opened,
    reading,
    resolved,
    verdict,
)
from tests.serverless import ServerlessDesk

EVIL = "evil@otro.test"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The parser process as the daemon runs it: what goes over its limits of time and memory dies there."""
    with Reader(tmp_path_factory.mktemp("files")) as running:
        yield running


# -- who wrote it

DOUBTFUL = [
    "a@x.test)b@y.test",
    "<a@x.test><b@y.test>",
    "a@x.test, b@y.test",
    "a@x.test\r\nFrom: b@y.test",
    "Grupo: a@x.test, b@y.test;",
    "<@evil.test:ceo@x.test>",
    "marta@cliente.test <evil@otro.test>",
    "undisclosed-recipients:;",
    "a@b@c.test",
]


def test_a04_a_doubtful_from_is_filed_unanswered(desk: ServerlessDesk) -> None:
    verdicts = desk.receive_all([raw_mail(GOOD, sender=sender, title=OPENING) for sender in DOUBTFUL], "apertura")
    assert verdicts == ["untreated"] * len(DOUBTFUL)
    assert desk.letters() == []


def test_a04_a_quoted_address_as_name_is_no_sender(desk: ServerlessDesk) -> None:
    assert desk.receive(raw_mail(GOOD, sender=f'"{MARTA}" <{EVIL}>', title=OPENING), "apertura") == "opened"
    assert {sent.to for sent in desk.letters("confirmation")} == {EVIL}


UNWRITABLE = {
    "quoted": '"ana ruiz"@cau.test',
    "quoted for nothing": f'"marta"@{MARTA.partition("@")[2]}',
    "a local part too long": f"{'x' * 65}@cau.test",
    "a domain too long": f"x@{'b.' * 100}test",
    "IPv6": "x@[IPv6:2001:db8::1]",
    "IPv4": "x@[192.0.2.1]",
    "an encoded word": "=?utf-8?q?ana?=@cau.test",
    "encoded words that name two": "=?utf-8?q?ana=40cau.test=2C?==?utf-8?q?x?=@otro.test",
    "Kelvin for K": "\u212aiko@cau.test",
    "full width": "\uff41na@cau.test",
    "invisible": "ana\u200b@cau.test",
    "turned round": "ana\u202etset.uac@cau.test",
}


@pytest.mark.parametrize("address", UNWRITABLE.values(), ids=UNWRITABLE)
def test_a04_an_address_that_reads_as_another_or_cannot_be_written_to_is_nobodys(
    desk: ServerlessDesk, address: str
) -> None:
    assert desk.receive(raw_mail(GOOD, sender=address, title=OPENING), "apertura") == "untreated"
    assert desk.letters() == []


def test_a04_such_an_address_in_copy_stops_no_letter_of_its_ticket(tmp_path: Path) -> None:
    copied = ", ".join([*UNWRITABLE.values(), EVIL])
    with ServerlessDesk(tmp_path, make_desk(requesters=Requesters(participants="any"))) as desk:
        mail = raw_mail(GOOD, f"Cc: {copied}", sender=MARTA, title=OPENING)
        assert desk.receive(mail, "apertura") == "opened"
        assert {sent.to for sent in desk.letters("confirmation")} == {MARTA, EVIL}


SMUGGLED = [
    b"Subject: %b\rBcc: victima@otro.test\r\nFrom: a@x.test\r\n\r\n",
    b"Subject: %b\x00\r\nFrom: a@x.test\r\n\r\n",
    b"Subject: %b\r\nFrom: a@x.test\nTo: b@y.test\r\n\r\n",
]


def test_a05_a_smuggled_header_block_is_filed_unanswered(desk: ServerlessDesk) -> None:
    heads = [head % OPENING.encode() for head in SMUGGLED]
    assert desk.receive_all([head + b"%d\n" % n + GOOD.encode() for n, head in enumerate(heads)], "apertura") == [
        "untreated"
    ] * len(SMUGGLED)
    assert desk.letters() == []
    assert all(parse(head + b"x").delivered_to == () for head in heads)


# -- subjects, tokens, numbers

CLICK = f"Validar Petición {NUMBER} [{TOKEN}]"
MUAS = {
    "as sent": CLICK,
    "small letters": CLICK.replace(TOKEN, TOKEN.lower()),
    "reply": f"Re: {CLICK}",
    "French forward of a German reply": f"TR: AW: {CLICK}",
    "gateway tag": f"[EXTERNO] RV: {CLICK}",
    "folded before the token": CLICK.replace(" [", "\r\n ["),
    "folded within the token": CLICK.replace(TOKEN, f"{TOKEN[:9]}\r\n {TOKEN[9:]}"),
    "encoded word": "=?utf-8?b?" + base64.b64encode(CLICK.encode()).decode() + "?=",
    "two encoded words": "=?utf-8?q?Validar_Petici=C3=B3n_?=\r\n =?utf-8?q?" + f"{NUMBER}_=5B{TOKEN}=5D?=",
    "double spaces": CLICK.replace(" ", "  "),
    "decomposed letters": CLICK.replace("ó", "o\u0301"),
    "broken once": CLICK.replace("ó", "Ã³"),
}


@pytest.mark.parametrize("client", MUAS)
def test_a20_a_token_survives_what_clients_do(client: str) -> None:
    mail = parse(raw_mail("Valido la solución.", sender=f"Marta <{MARTA}>", title=MUAS[client]))
    assert reading("servicio", mail).token == TOKEN
    ticket = resolved()
    grant = Grant("verdict", "validate", NUMBER, MARTA, round=1)
    assert verdict("servicio", mail, granted(ticket, grant)).verdict == "validated"


LOOKALIKES = {
    "full-width digits": NUMBER.replace("0", "０"),
    "Arabic digits": NUMBER.replace("1", "١"),
    "Cyrillic prefix": NUMBER.replace("I", "І"),
    "a digit more": NUMBER + "1",
}


@pytest.mark.parametrize("trick", LOOKALIKES)
def test_a21_lookalikes_are_refused_not_mapped(trick: str) -> None:
    title = f"Confirmación de la incidencia {LOOKALIKES[trick]}"
    found = reading("servicio", parse(raw_mail("Ciérrenla.", sender=MARTA, title=title)))
    assert found.number == ""
    assert found.key != f"Confirmación de la incidencia {NUMBER}"


@pytest.mark.parametrize("mark", ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u0007"])
def test_a21_invisible_characters_are_gone_before_comparing_and_showing(mark: str) -> None:
    title = f"Confirmación de la {mark}incidencia {NUMBER[:4]}{mark}{NUMBER[4:]}"
    mail = parse(raw_mail("Hola.", sender=f"Ma{mark}rta <{MARTA}>", title=title))
    assert verdict("servicio", mail, facts_of(opened())).verdict == "threaded"
    assert mark not in mail.subject + mail.sender_name


def test_a21_mixed_scripts_are_flagged() -> None:
    mail = parse(raw_mail("x", sender=MARTA, title="\u0410pertura de Incidencia"))
    assert "mixed_scripts" in verdict("apertura", mail).remarks


# -- what costs time or memory: over the budget, or read within the limits of the parser process


def over(reader: Reader, raw: bytes) -> str:
    """The budget that stopped it before it cost anything; an answer of the parser, not its death."""
    (answer,) = reader.parse([(1, raw)])
    assert isinstance(answer, Poisoned) and answer.final, answer
    return answer.why


def read(reader: Reader, raw: bytes) -> Mail:
    """The mail, read within the limits."""
    (answer,) = reader.parse([(1, raw)])
    assert isinstance(answer, Mail), answer
    return answer


WORD = "=?utf-8?q?" + "a" * 50 + "?="


def test_a22_a_subject_of_encoded_words_is_capped_before_it_is_parsed(reader: Reader) -> None:
    assert "header block" in over(reader, raw_mail(GOOD, title="\r\n ".join([WORD] * 16_000)))
    assert "a header over" in over(reader, raw_mail(GOOD, title="\r\n ".join([WORD] * 300)))
    assert read(reader, raw_mail(GOOD, title="\r\n ".join([WORD] * 100))).subject == "a" * 5000


def test_a23_only_listed_charsets_decode(reader: Reader) -> None:
    body = base64.b64encode(b"a" * 100_000 + b"-" + b"9" * 200_000)
    for charset in ("punycode", "idna", "unicode_escape", "zlib", "rot13", "../../etc/passwd"):
        title = f"=?{charset}?q?" + "a" * 4000 + "-999999?="
        kind = f'text/plain; charset="{charset}"'
        mail = read(reader, raw_mail(body, "Content-Transfer-Encoding: base64", content_type=kind, title=title))
        assert mail.body.startswith("aaa")
        assert any(remark.startswith("charset:") for remark in mail.remarks)


@pytest.mark.parametrize(
    "parameters",
    [
        ';a="' * 200_000,
        "".join(f"; name*{n}*=utf-8''a" for n in range(50_000)),
        "; a=b" * 200_000,
        '; "' + "\\" * 300_000,
    ],
    ids=["quotes", "RFC 2231 sections", "many", "backslashes"],
)
@pytest.mark.parametrize("where", ["mail", "part"])
def test_a24_endless_parameters_are_capped_in_mails_and_parts(reader: Reader, parameters: str, where: str) -> None:
    if where == "mail":
        raw = raw_mail(GOOD, content_type="text/plain" + parameters)
    else:
        raw = mail_of("mixed", [part("text/plain", GOOD), part("text/plain" + parameters, "x")])
    assert "header" in over(reader, raw)


def test_a24_parameters_within_the_cap_are_read(reader: Reader) -> None:
    for parameters in (';a="' * 1900, "".join(f"; name*{n}*=a" for n in range(500)), "; a=b" * 1500):
        assert "AREN" in read(reader, raw_mail(GOOD, content_type="text/plain" + parameters)).body


def deep(levels: int) -> bytes:
    """A multipart in a multipart in a multipart …"""
    opening = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(levels)
    )
    return b"From: a@x.test\r\nMIME-Version: 1.0\r\n" + opening + b"\r\nhola\r\n"


SHAPES = {
    "nested 3,000 deep": (deep(3000), "nested deeper"),
    "a mail in a mail, 20,000 times": (
        b"From: a@x.test\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 20_000 + b"x",
        "nested deeper",
    ),
    "100,000 parts": (
        raw_mail(b"--b\r\n\r\nx\r\n" * 100_000 + b"--b--\r\n", content_type='multipart/mixed; boundary="b"'),
        "parts",
    ),
    "100,000 headers": (b"From: a@x.test\r\n" + b"X: y\r\n" * 100_000 + b"\r\nx", "headers"),
    "one endless header": (b"From: a@x.test\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\nx", "header block"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a25_endless_shapes_go_over_a_budget(reader: Reader, shape: str) -> None:
    raw, budget = SHAPES[shape]
    assert budget in over(reader, raw)


def test_a25_what_goes_over_a_budget_is_quarantined_unanswered_and_the_next_goes_on(desk: ServerlessDesk) -> None:
    good = write(f"Marta <{MARTA}>", OPENINGS, OPENING, GOOD)
    assert desk.receive_all([deep(3000), good], "apertura") == ["quarantined", "opened"]
    assert {sent.to for sent in desk.letters()} == {MARTA, "n1@cau.test"}


# -- size and content of files


def test_a26_a_mail_over_the_limit_is_known_by_its_headers_alone(desk: ServerlessDesk) -> None:
    head = f"From: {MARTA}\r\nTo: {OPENINGS}\r\nX-Long: {'x ' * 2560}\r\nSubject: ".encode()
    assert desk.receive(head + b"Fotos\r\n\r\n", "apertura", too_large=True) == "too_large"
    assert desk.letters() == []
    assert desk.receive(head + OPENING.encode() + b"\r\n\r\n", "apertura", too_large=True) == "too_large"
    told = " ".join(desk.letter("refusal").part("plain").split())
    assert f"1. Su mensaje: pesa demasiado Usted envió: «{OPENING}» (5 KB)" in told
    assert "Puede enviar: mensajes de 40 MB como mucho, con sus archivos" in told


def test_a26_a_flood_of_one_sender_is_held_and_others_go_on(tmp_path: Path) -> None:
    quota = make_desk(senders=Senders(rates=Rates(per_sender=5, total=1000)))
    with ServerlessDesk(tmp_path, quota) as desk:
        flood = [write(EVIL, OPENINGS, OPENING, GOOD) for _ in range(40)]
        verdicts = desk.receive_all([*flood, write(MARTA, OPENINGS, OPENING, GOOD)])
        assert verdicts == ["opened"] * 5 + ["held"] * 35 + ["opened"]


def test_a26_what_was_held_is_opened_as_the_window_frees(tmp_path: Path) -> None:
    quota = make_desk(senders=Senders(rates=Rates(per_sender=5, total=8)))
    with ServerlessDesk(tmp_path, quota) as desk:
        desk.receive_all([write(EVIL, OPENINGS, OPENING, GOOD) for _ in range(12)])
        desk.receive_all([write(MARTA, OPENINGS, OPENING, GOOD) for _ in range(4)])
        opened = []
        for _ in range(3):
            opened.append(desk.ledger().count(("opened", "opening")))
            desk.clock.turn(minutes=30)
            desk.store.release_due(desk.clock(), quota.senders.rates)
            desk.treat_waiting("apertura")
        assert opened == [8, 8, 14]
        assert desk.ledger() == [("opened", "opening")] * 10 + [("held", "rate")] * 2 + [("opened", "opening")] * 4


def test_a26_a_flood_of_somebody_unknown_is_bounded_once_they_register(tmp_path: Path) -> None:
    few = make_desk(senders=Senders(rates=Rates(per_sender=2, total=1000)), requesters=Requesters("registered"))
    with ServerlessDesk(tmp_path, few) as desk:
        flood = [write(MARTA, OPENINGS, OPENING, f"{GOOD}{n}") for n in range(5)]
        assert set(desk.receive_all(flood)) == {"held"}
        form = next(iter(desk.letters("registration")[0].read.links.values()))
        assert desk.receive(click(MARTA, form)) == "registered"
        desk.treat_waiting("apertura")
        assert desk.ledger()[:5] == [("opened", "opening")] * 2 + [("held", "rate")] * 3


def bombs() -> dict[str, bytes]:
    """Files that grow a thousandfold where somebody unpacks them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ceros", bytes(20_000_000))
    return {"bomba.zip": packed.getvalue(), "bomba.gz": gzip.compress(bytes(20_000_000)), "macro.docm": b"PK\x03\x04x"}


def test_a27_files_are_never_opened_only_passed_on(desk: ServerlessDesk) -> None:
    files = bombs()
    mail = write(MARTA, OPENINGS, OPENING, GOOD, files={**files, "p.html": b"<script>alert(1)</script>"})
    assert desk.receive(mail) == "opened"
    (assignment,) = desk.letters("assignment")
    assert {name: assignment.read.files[name] for name in files} == files
    assert b"<script>" not in assignment.raw
    assert sum(file.stat().st_size for file in desk.store.files.root.rglob("*") if file.is_file()) < 200_000


NAMES = {
    "../../etc/passwd": "passwd",
    "C:\\x\\datos.txt": "datos.txt",
    "/abs/olute.png": "olute.png",
    "..": "file-1",
    "a\x00b.png": "ab.png",
    "x" * 300 + ".png": "x" * 116 + ".png",
    "factura\u202egnp.exe": "facturagnp.exe",
    "correo.msg": "correo.msg",
    ".bashrc": "bashrc",
    'a"; filename="b.exe': 'a"; filename="b.exe',
}


def test_a28_a_file_name_is_for_people_and_never_a_path(desk: ServerlessDesk, tmp_path: Path) -> None:
    for name, shown in NAMES.items():
        coded = "".join(f"%{octet:02X}" for octet in name.encode())
        header = f"Content-Disposition: attachment; filename*=utf-8''{coded}"
        raw = mail_of("mixed", [part("text/plain", GOOD), part("application/octet-stream", b"datos", "base64", header)])
        (file,) = parse(raw).attachments
        assert file.name == shown
        assert desk.receive(raw.replace(b"<1@", b"<%d@" % abs(hash(name))), "apertura") == "opened"
    kept = {
        file.relative_to(tmp_path / "files").as_posix() for file in (tmp_path / "files").rglob("*") if file.is_file()
    }
    assert kept == {file.digest[:2] + "/" + file.digest[2:]}


# -- which text counts

FORM = part("text/plain", GOOD)
ATTACHED = part("message/rfc822", b"Subject: x\n\n" + GOOD.encode())
HELLO = part("text/plain", "Hola.")
MERGING = {
    "an attached mail": (
        "mixed",
        [HELLO, ATTACHED],
    ),
    "a text file": (
        "mixed",
        [HELLO, part("text/plain", GOOD, "", "Content-Disposition: attachment; filename=a.txt")],
    ),
    "an inline text": (
        "mixed",
        [HELLO, part("text/plain", GOOD, "", "Content-Disposition: inline; filename=a.txt")],
    ),
    "a mail in a nested part": (
        "mixed",
        [
            part("text/plain", "Hola."),
            nested("mixed", [ATTACHED], "b2"),
        ],
    ),
}


@pytest.mark.parametrize("place", MERGING)
def test_a29_a_form_elsewhere_than_in_the_first_text_is_not_read(place: str) -> None:
    kind, parts = MERGING[place]
    mail = parse(mail_of(kind, parts))
    assert "AREN" not in mail.body + mail.visible
    decision = verdict("apertura", replace(mail, subject=OPENING))
    assert (decision.verdict, {fault.code for fault in decision.faults}) == ("refused", {"missing"})


def test_a30_text_and_html_that_differ_are_never_both_read() -> None:
    page = "<p>Servicio/Aplicación: CONDUCTORES</p><img src='https://evil.test/x.png'><a href='https://evil.test'>z</a>"
    mail = parse(mail_of("alternative", [FORM, part("text/html; charset=utf-8", page)]))
    assert "AREN" in mail.body
    assert "CONDUCTORES" not in mail.body and "evil.test" not in mail.body


def test_a30_nothing_of_a_senders_html_is_sent_on(desk: ServerlessDesk) -> None:
    page = f'<pre>{GOOD}</pre><img src="https://evil.test/pixel.png"><style>@import url(https://evil.test/s)</style>'
    raw = raw_mail(page, content_type="text/html; charset=utf-8", sender=MARTA, title=OPENING)
    assert desk.receive(raw, "apertura") == "opened"
    for sent in desk.letters():
        assert "<img" not in sent.read.part("html")
        assert "evil.test" not in sent.read.part("html") + sent.read.part("plain")


# -- copies


def test_a33_a_reused_message_id_suppresses_nobody(desk: ServerlessDesk) -> None:
    def mail(sender: str, body: str) -> EmailMessage:
        message = write(sender, OPENINGS, OPENING, body)
        message.replace_header("Message-ID", "<uno@cliente.test>")
        message.replace_header("Date", "Mon, 09 Oct 2017 10:23:58 +0200")
        return message

    first, second = mail(EVIL, GOOD), mail(MARTA, GOOD.replace("500", "404"))
    assert desk.receive_all([first, second, first]) == ["opened", "opened", "duplicate"]
    details = [row[0] for row in desk.query("SELECT detail FROM mails ORDER BY id")]
    assert ["message_id_reused" in detail for detail in details] == [False, True, False]
