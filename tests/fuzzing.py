"""What the fuzzer tries on the parsers (tests/fuzz.py), and the mails that it begins with, finds of earlier runs among
them."""

from __future__ import annotations

import struct
from pathlib import Path
from zoneinfo import ZoneInfo

from parsers import charsets, rtf
from parsers.form import parse_form
from parsers.html import to_text
from parsers.mail import OverBudget, attachment_chunks, parse
from parsers.numbers import find_number
from parsers.quoted_html import cut_quote
from parsers.reply import strip_signature, visible_text
from parsers.senders import addresses, only_sender
from parsers.subject import clean, find_token, slips, thread_key, without_token
from tests.rules.desks import DESK, OPENING

FIXTURES = Path(__file__).parent / "fixtures" / "fuzz"
MADRID = ZoneInfo("Europe/Madrid")


def try_out(raw: bytes) -> str:
    """Everything that is done with a mail before anything is decided, and the same octets as every kind of text: it is
    «read» or «over budget», and nothing else comes out of it."""
    try:
        try_mail(raw)
        return "read"
    except OverBudget:
        return "over budget"
    finally:
        try_text(charsets.tidy(raw.decode("utf-8", "replace")))
        try_rtf(raw)


def try_mail(raw: bytes) -> None:
    """As a mail: what is read of it keeps the promises of :class:`parsers.mail.Mail`."""
    mail = parse(raw)
    for file in mail.attachments:
        for _ in attachment_chunks(raw, file):
            pass
    names = "".join(file.name for file in mail.attachments)
    written = mail.subject + mail.body + mail.visible + mail.sender_name + names
    assert "\0" not in written
    written.encode("utf-8")  # no lone surrogate
    assert not set("\r\n") & set(mail.subject + mail.sender + mail.sender_name)
    parse_form(strip_signature(mail.body), DESK.fields_of("incident"), MADRID)


def try_rtf(raw: bytes) -> None:
    """As what a winmail.dat holds: compressed RTF, and RTF as it stands."""
    for compressed in (raw, struct.pack("<II4sI", len(raw) + 12, len(raw), b"MELA", 0) + raw):
        text, page = rtf.read(compressed)
        assert "\0" not in text + page
        (text + page).encode("utf-8")


def try_text(text: str) -> None:
    """As a subject, a form, a reply, a page and an address header."""
    subject = clean(text)
    assert clean(subject) == subject
    thread_key(without_token(subject))
    find_token(subject)
    find_number(subject)
    slips(subject, OPENING)
    parse_form(text, DESK.fields_of("incident"), MADRID)
    visible_text(text)
    to_text(cut_quote(text))
    only_sender([text])
    addresses([text])
