"""Who sent a mail: one mailbox without doubt, or nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.mail import parse
from parsers.senders import Address, addresses, bare, only_sender

ONE = {
    "ana@cau.example": ("ana@cau.example", ""),
    "<ana@cau.example>": ("ana@cau.example", ""),
    "Ana Gil <ana@CAU.Example>": ("ana@cau.example", "Ana Gil"),
    '"Gil, Ana" <ana@cau.example>': ("ana@cau.example", "Gil, Ana"),
    '"ceo@banco.example" <e@evil.example>': ("e@evil.example", "ceo@banco.example"),
    "ana@cau.example <ana@cau.example>": ("ana@cau.example", "ana@cau.example"),
    "ana@cau.example (Ana Gil)": ("ana@cau.example", "Ana Gil"),
    "Ana (la de redes) <ana@cau.example>": ("ana@cau.example", "Ana"),
    "=?utf-8?q?Mar=C3=ADa=2C_Jefa?= <m@cau.example>": ("m@cau.example", "María, Jefa"),
    '"=?iso-8859-1?q?Jos=E9?=" <j@cau.example>': ("j@cau.example", "José"),
    "J. R. Peña <j@cau.example>": ("j@cau.example", "J. R. Peña"),
    "josé@ñandú.example": ("josé@ñandú.example", ""),
    "ana@cau.example,": ("ana@cau.example", ""),
    '"Ana \\"la\\" Gil" <ana@cau.example>': ("ana@cau.example", 'Ana "la" Gil'),
    "Ana\u202egpj.exe <ana@cau.example>": ("ana@cau.example", "Anagpj.exe"),
    "Ana@CAU.example <ana@cau.example>": ("ana@cau.example", "Ana@CAU.example"),
}

NOBODY = [
    "",
    "<>",
    "Ana",
    "a@x.example)b@y.example",
    "<a@x.example><b@y.example>",
    "a@x.example, b@y.example",
    "grupo: a@x.example;",
    "<@evil.example:ceo@x.example>",
    "ceo@banco.example <e@evil.example>",
    "Ana <a@x.example> <b@y.example>",
    "Ana <a@x.example> y más",
    'Ana "sin cerrar <a@x.example>',
    "Ana (sin cerrar <a@x.example>",
    "a b@x.example",
    '"a b"@x.example',
    "a@x .example",
    "a@@x.example",
    "a@x..example",
    ".a@x.example",
    "a@x.example\u200b",
    "<a@x.example",
    "a@x.example>",
    "Gil, Ana <a@x.example>",
    "=?utf-8?q?Ana_=3Ca=40x=2Eexample=3E?=",
    "=?utf-8?q?ana?=@x.example",
    "ana@[192.0.2.1]",
]


@pytest.mark.parametrize("value", ONE)
def test_one_mailbox(value: str) -> None:
    address, name = ONE[value]
    assert only_sender([value]) == Address(address, name)


@pytest.mark.parametrize("value", NOBODY)
def test_a04_a_doubtful_from_is_nobody(value: str) -> None:
    assert only_sender([value]) is None


def test_a04_two_from_headers_are_nobody() -> None:
    assert parse(b"From: a@x.example\r\nFrom: b@y.example\r\n\r\nhola").sender == ""


@pytest.mark.parametrize(
    ("head", "remark"),
    [
        (b"From: a@x.example\r\nSubject: a\rBcc: b@y.example\r\n\r\n", "headers:bare-cr"),
        (b"From: a@x.example\r\nSubject: a\x00b\r\n\r\n", "headers:nul"),
        (b"From: a@x.example\r\nSubject: a\nTo: b@y.example\r\n\r\n", "headers:mixed"),
    ],
)
def test_a05_smuggled_headers_are_nobodys(head: bytes, remark: str) -> None:
    mail = parse(head + b"hola")
    assert (mail.sender, remark in mail.remarks) == ("", True)


@pytest.mark.parametrize("feed", [b"\n", b"\r", b"\r\n"])
def test_a05_uniform_line_ends_are_fine(feed: bytes) -> None:
    mail = parse(feed.join([b"From: a@x.example", b"Subject: uno", b" dos", b"", b"hola", b"adi\xc3\xb3s"]))
    assert (mail.sender, mail.subject, mail.body) == ("a@x.example", "uno dos", "hola\nadiós")


def test_every_address_of_a_list_once() -> None:
    values = ['Ana <a@x.example>, grupo: "Gil, B" <b@x.example>, C <c@X.example>;', "roto <, A@x.example, d@y.example"]
    found = [box.address for box in addresses(values)]
    assert found == ["a@x.example", "b@x.example", "c@x.example", "d@y.example"]


@pytest.mark.parametrize(
    ("text", "address"), [("<Ana@X.example>", "Ana@x.example"), ("ana", ""), ("a@b c", ""), ("a@" + "b" * 400, "")]
)
def test_bare(text: str, address: str) -> None:
    assert bare(text) == address


@given(st.text(alphabet=st.sampled_from('ab@.<>(),:;"\\ \t\u00f1=?'), max_size=60))
def test_never_raises_and_never_guesses(value: str) -> None:
    sender = only_sender([value])
    addresses([value])
    assert sender is None or bare(sender.address) == sender.address
