"""A winmail.dat whose text is compressed RTF alone: the text that its author wrote, within bounds whatever it holds."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers import lzfu, rtf
from parsers.lzfu import decompress
from parsers.mail import Mail, parse
from tests.parsers.mails import raw_mail
from tests.parsers.test_mail import mapi, tnef_attribute

HELLO = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232"
    "0af32068656c090020627705b06c647d0a800fa0"
)  # fmt: skip
CROSSING = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
"""The examples of MS-OXRTFCP 3.1.1 and 3.1.2: the second refers to octets that it is just writing."""


def stored(source: bytes) -> bytes:
    """RTF as it may stand uncompressed in the property."""
    return struct.pack("<II4sI", len(source) + 12, len(source), b"MELA", 0) + source


def mail_with(compressed: bytes, *others: tuple[int, int, bytes]) -> Mail:
    octets = b"\x78\x9f\x3e\x22\x01\x00" + tnef_attribute(1, 0x9003, mapi((0x102, 0x1009, compressed), *others))
    head = "Content-Transfer-Encoding: base64"
    return parse(raw_mail(base64.encodebytes(octets), head, content_type="application/ms-tnef; name=winmail.dat"))


@pytest.mark.parametrize(
    ("compressed", "source"),
    [(HELLO, b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"), (CROSSING, b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}")],
)
def test_the_published_examples(compressed: bytes, source: bytes) -> None:
    assert decompress(compressed) == source


TEXTS = {
    "plain": (rb"{\rtf1\ansi Hola\par No abre AREN.\line Gracias}", "Hola\nNo abre AREN.\nGracias"),
    "octets of its code page": (rb"{\rtf1\ansi\ansicpg1252 Petici\'f3n ma\'f1ana}", "Petición mañana"),
    "two octets, one character": (rb"{\rtf1\ansi\ansicpg932 \'93\'fa}", "日"),
    "octets of a font": (rb"{\rtf1{\fonttbl{\f3\fcharset204 Arial;}}{\f3 \'e4\'e0} no}", "да no"),
    "numbered characters": (rb"{\rtf1 Petici\u243\'f3n \u8364?5 \u-10179?\u-8704?}", "Petición €5 😀"),
    "several octets stand in": (rb"{\rtf1\uc2 a\u241 ??o}", "año"),
    "a word ends the standing in": (rb"{\rtf1 a\u241\b o}", "año"),
    "signs": (rb"{\rtf1 C:\\a \{b\}\~c\_d\tab e \lquote f\rquote}", "C:\\a {b}\xa0c-d\te ‘f’"),
    "nobody reads tables and pictures": (
        rb"{\rtf1{\fonttbl{\f0 Arial;}}{\colortbl;}{\*\generator Riched}{\pict 89504e47}{\pict\bin4 }}}}}a}", "a"),
    "a link": (rb'{\rtf1{\field{\*\fldinst{HYPERLINK "http://a.example"}}{\fldrslt{aqu\'ed}}}}', "aquí"),
    "cut off": (rb"{\rtf1{\b No abre\pa", "No abre"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "text"), TEXTS.values(), ids=TEXTS)
def test_what_rtf_says(source: bytes, text: str) -> None:
    mail = mail_with(stored(source))
    assert mail.body.strip() == text


WRAPPED = rb"""{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag2 <html><body>}\htmlrtf {\htmlrtf0
{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Petici\'f3n de Ana {\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0 urgente
{\*\htmltag84 &gt;}\htmlrtf >\htmlrtf0 \htmlrtf\par}\htmlrtf0{\*\htmltag72 </p>}
{\*\htmltag64 <p style="display:none">}oculto{\*\htmltag72 </p>}{\*\mhtmltag64 <p>otra}
{\*\htmltag64 <p>}Gracias{\*\htmltag72 </p>}{\*\htmltag2 </body></html>}\htmlrtf }\htmlrtf0 }"""


def test_wrapped_html_is_read_as_html() -> None:
    """Hidden text does not count in it either (MS-OXRTFEX)."""
    mail = mail_with(stored(WRAPPED))
    assert mail.body.split() == ["Petición", "de", "Ana", "<urgente>", "Gracias"]


def test_the_text_beside_the_rtf_is_what_counts() -> None:
    assert mail_with(HELLO, (0x1F, 0x1000, "Hola".encode("utf-16-le"))).body == "Hola"
    assert mail_with(HELLO).body.strip() == "hello world"


BROKEN = {
    "nothing": b"",
    "no head": HELLO[:15],
    "another kind": HELLO.replace(b"LZFu", b"ZLIB"),
    "more than the limit": struct.pack("<II4sI", 100, lzfu.LIMIT + 1, b"LZFu", 0) + HELLO[16:],
    "refers to what is not there": struct.pack("<II4sI", 100, 4000, b"LZFu", 0) + b"\xff\x80\x00",
}


@pytest.mark.parametrize("compressed", BROKEN.values(), ids=BROKEN)
def test_what_is_no_rtf_gives_no_text(compressed: bytes) -> None:
    assert rtf.read(compressed) == ("", "")


def test_no_more_comes_out_than_is_announced() -> None:
    endless = struct.pack("<II4sI", 0, 1000, b"LZFu", 0) + b"\xfe" + b"a" + b"\x0c\xff" * 7 + b"\xff\x0c\xff" * 100_000
    assert len(decompress(endless)) <= 1000


HEAVY = {
    "braces": b"{",
    "closing braces": b"}",
    "words": rb"\b",
    "fonts": rb"\f1",
    "groups with an octet": rb"{\'e9",
    "numbered characters": rb"\u1",
    "hidden groups": rb"{\*\a",
    "backslashes": b"\\\\",
    "beginnings of links": rb"{\field{\*\fldinst HYPERLINK ",
    "long numbers": rb"\u" + b"9" * 40,
    "skips": rb"\bin-9",
}


@pytest.mark.parametrize("repeated", HEAVY.values(), ids=HEAVY)
def test_heavy_rtf_is_read_once(repeated: bytes) -> None:
    source = rb"{\rtf1 hola " + repeated * (200_000 // len(repeated)) + rb"}"
    assert rtf.read(stored(source))[0].startswith("hola")


tokens = st.sampled_from(
    [b"{", b"}", b"\\", b"\\*", rb"\u-1", rb"\u9 ", rb"\'e", rb"\'ff", rb"\bin3", b"\\ansicpg7", b"\\ansicpg65000",
     b"a", b"\\uc-5", b"\\htmlrtf", b"\\fromhtml1", b"{\\*\\htmltag<p>", b"\x00\xff", b"\\f1", b"\\fcharset134", b"\n"]
)  # fmt: skip


@given(st.lists(tokens, max_size=40).map(b"".join))
def test_whatever_rtf_comes_is_read(source: bytes) -> None:
    text, page = rtf.read(stored(source))
    assert (text + page).encode() is not None and "\x00" not in text + page


@example(b"\x03\x00\x00", 1)
@given(st.binary(max_size=200), st.integers(0, 5000))
def test_whatever_is_compressed_comes_out_within_what_it_announces(octets: bytes, size: int) -> None:
    assert len(decompress(struct.pack("<II4sI", 0, size, b"LZFu", 0) + octets)) <= size
