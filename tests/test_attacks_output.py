"""Attacks on what we send: no value of a sender makes a header, a recipient, a link, markup or a template."""

from __future__ import annotations

import base64
import email
import html
import re
from collections.abc import Callable
from dataclasses import replace
from email import policy
from email.message import Message
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from daemon.demo.correspondent import Received
from daemon.writing import mime, pages
from daemon.writing.language import Language
from daemon.writing.letters import Letters
from daemon.writing.page_forms import PlainPages
from daemon.writing.quoted import quoted_printable
from parsers.form import form_lines
from parsers.links import MAX_LENGTH, mailto, read_mailto
from parsers.mail import Address, Mail, parse
from rules.facts import Facts
from rules.letters import Letter
from rules.ticket import evolve
from tests.lettering import composed_samples, token_source
from tests.parsers.mails import raw_mail
from tests.postgres import Server
from tests.rules.desks import ANA, DESK, GOOD, MARTA, NOW, NUMBER, OPENING, facts_of, letters, mail, opened, verdict
from tests.serverless import ServerlessDesk

HOSTILE = [
    "=?utf-8?q?a=0D=0ABcc:_evil@x.test?=",
    "a\r\nBcc: evil@x.test\r\n\r\n<script>alert(1)</script>",
    "a\rBcc: evil@x.test",
    "uno\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\x00dos",
    "{{7*7}} {% include 'base.html.j2' %} {{ ''.__class__.__mro__ }} ${7*7} #{7*7}",
    '"><img src=x onerror=alert(1)><a href="https://evil.test">pulse</a>',
    "mailto:x?cc=evil@x.test&bcc=evil@x.test&attach=/etc/passwd",
    "&lt;b&gt; &amp; &#60;",
    "\n.\r\n\r\nMAIL FROM:<a@b>\r\n",
    "\r.\r",
    ".",
    "\u202eotxet\u202c \u200b\ufeff",
    "evil@x.test, ceo@cau.test",
    "%0D%0ABcc: x &body=y ?subject=z",
    "lone \udc80 surrogate",
]
"""What a sender may write into any field, name, subject or token."""

values = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=60),
    st.lists(st.sampled_from([*HOSTILE, *"<>&\"'{}%\r\n\0.,;:@=?[] ", "a", "ñ"]), max_size=5).map("".join),
)
quick = settings(max_examples=25)


def hostile(property_: Callable[[str], None]) -> Callable[[], None]:
    """The property for every value of :data:`HOSTILE`, and for some that nobody thought of."""
    for value in HOSTILE:
        property_ = example(value)(property_)
    return quick(given(values)(property_))


OWN_HEADERS = {
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-MS-Reactions", "X-Acuse-Number", "X-Acuse-Letter", "MIME-Version", "Content-Type",
}  # fmt: skip


class Writer:
    """Writes letters as the daemon does."""

    def __init__(self) -> None:
        self._letters, self._token = Letters.load(DESK), token_source()

    def all(self, decided: tuple[Letter, ...]) -> list[bytes]:
        """Every copy of every letter."""
        return [self.one(letter, to) for letter in decided for to in letter.to]

    def one(self, letter: Letter, to: str) -> bytes:
        composed = self._letters.compose(letter, to, NOW, self._token)
        return b"".join(mime.render(composed, lambda digest: BytesIO(digest.encode())))


WRITER = Writer()


def word(value: str) -> str:
    """``value`` as an encoded word, whatever is in it (RFC 2047)."""
    return "=?utf-8?b?" + base64.b64encode(value.encode("utf-8", "surrogatepass")).decode() + "?="


def written(subject: str, body: str, name: str, message_id: str = "m1@cliente.test") -> Mail:
    """A mail with these values, through the parser."""
    content = base64.b64encode(body.encode("utf-8", "surrogatepass"))
    raw = raw_mail(
        content,
        "Content-Transfer-Encoding: base64",
        content_type="text/plain; charset=utf-8",
        sender=f"{word(name)} <{MARTA}>",
        title=word(subject),
    )
    return replace(parse(raw), message_id=message_id)


@cache
def answers(value: str, name: str = "") -> tuple[bytes, ...]:
    """Everything that goes out because somebody put ``value`` into every place that a sender fills."""
    body, name = GOOD.replace("un error 500", f"un error {value}"), name or value
    tried = [
        verdict("apertura", written(OPENING, body, name, value)),
        verdict("apertura", written(OPENING, f"Servicio/Aplicación: {value}\nTipo: {value}\n", name, value)),
        verdict("apertura", written(f"{OPENING} {value}"[:63], body, name)),
        verdict("servicio", written("RE: x", f"Sigue igual {value}", name), facts_of(opened())),
        verdict("servicio", written(f"{value} {NUMBER}", value, name), facts_of(opened(), registered=None)),
    ]
    return tuple(WRITER.all(tuple(letter for decision in tried for letter in decision.letters)))


def parsed(raw: bytes) -> list[Message]:
    """As two readers of the standard library have it."""
    return [email.message_from_bytes(raw, policy=each) for each in (policy.compat32, policy.default)]


# -- headers


@hostile
def test_a01_no_value_makes_a_header(value: str) -> None:
    for raw in answers(value):
        head = raw.partition(b"\r\n\r\n")[0]
        for message in parsed(raw):
            assert set(message.keys()) <= OWN_HEADERS
            assert len(set(message.keys())) == len(message.keys())
        assert b"evil" not in b"\n".join(line for line in head.lower().split(b"\r\n") if line.startswith(b"to:"))


def test_a01_a_header_that_would_not_read_back_equal_is_refused() -> None:
    for value in ("a\r\nBcc: x@y.test", "a\nb", "=?utf-8?q?a?=", "a\rb", "a\0b"):
        with pytest.raises(ValueError, match="do not survive"):
            mime.header_block([("Subject", value)], frozenset({"Subject"}) if "=?" not in value else frozenset())


@quick
@given(values)
def test_a01_a_subject_reads_back_as_it_was_written(value: str) -> None:
    written = mime.clean(f"Su incidencia {value}")
    (_, message) = parsed(mime.header_block([("Subject", written)]) + b"\r\n\r\n")
    assert str(message["Subject"]) == written
    assert all(len(line) <= 76 for line in mime.header_block([("Subject", written)]).split(b"\r\n"))


CONTROLS = ["\r\n", "\r", "\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x00"]


def test_a02_line_ends_and_nul_in_a_field_become_spaces_on_both_databases(tmp_path: Path, postgres: Server) -> None:
    odd = "".join(f"a{control}b" for control in CONTROLS)
    head = f"Content-Type: text/plain; charset=utf-8\r\nFrom: Marta <{MARTA}>\r\nSubject: {OPENING}\r\n\r\n"
    raw = (head + (GOOD + odd).replace("Error Funcional", "Error\x0bFuncional\x00")).encode()
    found = []
    for name, url in (("sqlite", ""), ("postgresql", postgres.database("a02"))):
        with ServerlessDesk(tmp_path / name, url=url) as desk:
            assert desk.receive(raw, "apertura") == "opened"
            found.append(desk.query("SELECT body FROM tickets") + desk.query("SELECT changes FROM events"))
            subjects = [sent.read["Subject"] for sent in desk.letters()]
            assert all(subject.isprintable() for subject in subjects)
    assert found[0] == found[1]
    assert not re.search(r"[\x00\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\\u00(?:0|1|85)", str(found))


# -- recipients

NAMES = [
    "Gil, Marta <evil@x.test>",
    "=?utf-8?q?=2C_evil=40x.test=2C?=",
    "marta@cliente.test, evil@x.test",
    '"; evil@x.test',
]


@pytest.mark.parametrize("name", NAMES)
def test_a03_a_letter_goes_to_a_bare_address_of_the_envelope_alone(name: str) -> None:
    for raw in answers("x", name):
        for message in parsed(raw):
            to = str(message["To"])
            assert to in {MARTA, "n1@cau.test"}
            assert message["Cc"] is None and message["Bcc"] is None


def test_a03_recipients_come_from_the_verified_sender_or_the_configuration() -> None:
    odd = mail(OPENING, GOOD, sender_name="evil@x.test", to=(Address("evil@x.test"),), cc=(Address("otro@x.test"),))
    assert [to for _, to in letters(verdict("apertura", odd))] == [(MARTA,), ("n1@cau.test",)]
    for address in ("a@x.test, evil@x.test", "a@x.test\r\nBcc: b", "Marta <a@x.test>", "", "a@x.test>", '"a b"@x.test'):
        with pytest.raises(ValueError, match="not a bare address"):
            mime.address(address)


# -- links


class Elements(HTMLParser):
    """The elements and attributes of a page, as a reader of HTML has them."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(Received.of(raw).part("html"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    @property
    def links(self) -> list[str]:
        """Everything that points somewhere."""
        return [value for name, value in self.attributes if name in ("href", "src", "action", "background", "cite")]


def test_a18_no_letter_holds_anything_but_mailto_links() -> None:
    for language, name, raw in composed_samples():
        for link in Elements(raw).links:
            assert link.startswith(("mailto:", "cid:")), (language, name, link)
        assert not re.search(r"https?://|url\(", Received.of(raw).part("html")), (language, name)


@hostile
def test_a19_a_value_stays_a_value_within_a_link(value: str) -> None:
    for raw in answers(value):
        for link in Elements(raw).links:
            assert re.fullmatch(r"mailto:[\w.@%-]+\?subject=[\w.~%-]*(?:&body=[\w.~%-]*)?", link), link
            assert len(link) <= MAX_LENGTH
            assert two_readers_agree(link)


def two_readers_agree(link: str) -> bool:
    """Ours, and the one of urllib as a mail client would use it (RFC 6068: «+» is no blank)."""
    parts = urlsplit(link)
    query = dict(parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=True))
    body = query.get("body", "").replace("\r\n", "\n")
    return (unquote(parts.path), query["subject"], body) == read_mailto(link) and set(query) <= {"subject", "body"}


@quick
@given(values, values)
def test_a19_a_form_in_a_link_is_read_back_equal(value: str, subject: str) -> None:
    form = "\n".join(form_lines(DESK.fields_of("incident"), {"description": value}))
    body = form.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    link = mailto("soporte@cau.test", subject.encode("utf-8", "replace").decode(), body)
    assert two_readers_agree(link)
    read, written = read_mailto(link)[2], "\n".join(line.rstrip(" ") for line in body.split("\n"))
    assert read in (written, written[: len(read)])


# -- markup and templates


@hostile
def test_a30_a_value_is_never_markup(value: str) -> None:
    for raw in answers(value):
        page = Elements(raw)
        assert page.tags <= OWN_TAGS
        assert not page.tags & {"script", "img", "iframe", "form", "object", "svg"}
        assert not [name for name, _ in page.attributes if name.startswith("on")]


OWN_TAGS = set().union(*(Elements(raw).tags for raw in answers("x"))) | {"br"}


TEMPLATES = ["{{7*7}}<b>", "{% raw %}", "{{ config }}", "${7*7}", "{0.__class__}", "{number}", "%(x)s"]


@pytest.mark.parametrize("value", TEMPLATES)
def test_a31_a_value_is_never_a_template(value: str) -> None:
    ticket = evolve(None, verdict("apertura", mail(OPENING, GOOD + value)).events[0])
    assert ticket.value("description").endswith(value)
    for raw in answers(value):
        read = Received.of(raw)
        for shown in (read.part("plain"), html.unescape(read.part("html"))):
            assert value in shown or "49" not in shown.replace(NUMBER, "")
    assert any(value in Received.of(raw).part("plain") for raw in answers(value))


def test_a31_templates_run_in_a_sandbox_and_come_from_disk_alone() -> None:
    page = Language.load("es", DESK, PlainPages).page
    for environment in (page._text, page._html):
        assert isinstance(environment, ImmutableSandboxedEnvironment)
        assert environment.undefined is StrictUndefined
        with pytest.raises((SecurityError, UndefinedError)):
            environment.from_string("{{ ''.__class__.__mro__[1].__subclasses__() }}").render()
        for flood in ("{{ 'a' * 10**9 }}", "{{ 10 ** 10 ** 10 }}", "{{ 10**9 * [1] }}", "{{ range(10**9) | list }}"):
            with pytest.raises((SecurityError, OverflowError)):
                environment.from_string(flood).render()
    assert page._html.autoescape is True
    sources = "".join(file.read_text(encoding="utf-8") for file in Path(pages.__file__).parent.rglob("*.py"))
    assert "from_string" not in sources
    assert "Template(" not in sources


# -- octets


@hostile
def test_a32_nothing_in_a_letter_ends_it_early(value: str) -> None:
    for raw in answers(value):
        assert re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw) is None
        assert raw.isascii()
        assert b"\r\n.\r\n" not in raw
        assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("length", range(60, 90))
def test_a32_no_soft_break_leaves_a_dot_alone(length: int) -> None:
    for text in ("a" * length + ".", "ñ" * length + ".", "a" * length + ".\n.\n. \nb", "." * length):
        assert b"\r\n.\r\n" not in b"\r\n" + quoted_printable(text)


@quick
@given(st.text(max_size=200))
def test_a32_a_body_reads_back_as_it_was_written(text: str) -> None:
    encoded = quoted_printable(text)
    raw = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + encoded
    plain = re.sub(r"\r\n?", "\n", text.encode("utf-8", "replace").decode())
    wanted = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", plain).removesuffix("\n")
    got = email.message_from_bytes(raw).get_payload(decode=True)
    assert isinstance(got, bytes)
    assert got.decode().replace("\r\n", "\n").removesuffix("\n") == wanted
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))


@quick
@given(st.text(max_size=150), st.sampled_from(["text/plain", "x/y\r\nBcc: z", "message/rfc822", "../..", ""]))
def test_a32_a_file_name_makes_no_header(name: str, media_type: str) -> None:
    (_, message) = parsed(mime.file_header(name, media_type) + b"eA==\r\n")
    assert set(message.keys()) == {"Content-Type", "Content-Disposition", "Content-Transfer-Encoding"}
    assert message.get_content_type() not in ("message/rfc822", "text/html")


@quick
@given(values, values)
def test_no_value_of_a_sender_adds_a_letter_or_a_recipient(value: str, boundary: str) -> None:
    raw = (
        f"From: Marta <{MARTA}>\r\nTo: {value}\r\nCc: {value}\r\nReply-To: {value}\r\nSubject: {OPENING}\r\n"
        f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n--{boundary}\r\n\r\n{GOOD}{value}\r\n'
    ).encode("utf-8", "replace")
    read = parse(raw)
    decision = verdict("apertura", replace(read, sender=MARTA, subject=OPENING), Facts(next_number=NUMBER))
    assert {to for letter in decision.letters for to in letter.to} <= {MARTA, "n1@cau.test", ANA}


def test_what_the_properties_look_at_is_every_kind_of_answer() -> None:
    names = [Received.of(raw).letter for raw in answers("x")]
    assert names == ["confirmation", "assignment", "refusal", "near_miss", "update", "wrong_subject"]
