"""Reads a letter as its receivers do: what the HTML shows, which links it holds, how far its colours stand apart."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape

import lxml.html

BLOCKS = frozenset(
    ["body", "div", "h1", "h2", "h3", "head", "li", "ol", "p", "table", "tbody", "td", "th", "title", "tr", "ul"]
)
HIDDEN = frozenset({"head", "style", "title"})


def mail_of(raw: bytes) -> EmailMessage:
    """The bytes read by the standard library."""
    read = message_from_bytes(raw, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def parts(raw: bytes) -> tuple[str, str]:
    """The text part and the HTML part."""
    mail = mail_of(raw)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text and html
    return text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def shown(html: str) -> str:
    """The words of the HTML that a reader meets, white space collapsed, alternative texts of pictures included."""
    return collapsed("".join(_ends(lxml.html.document_fromstring(html))))


def _ends(element: lxml.html.HtmlElement) -> list[str]:
    """Text in the order of reading, a space at the edge of each block."""
    if not isinstance(element.tag, str):
        return [element.tail or ""]
    edge = " " if element.tag in BLOCKS or element.tag == "br" else ""
    inside = [] if element.tag in HIDDEN else [element.get("alt", ""), element.text or ""]
    if element.tag != "head":
        inside += [text for child in element for text in _ends(child)]
    return [edge, *inside, edge, element.tail or ""]


def collapsed(text: str) -> str:
    """Any white space as one space."""
    return " ".join(text.split())


def links(html: str) -> list[tuple[str, str]]:
    """(label, address) of every link."""
    return [
        (collapsed(unescape(re.sub(r"<[^>]+>", " ", label))), unescape(href))
        for href, label in re.findall(r'<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>', html, re.S)
    ]


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """How far two colours stand apart, 1 to 21 (WCAG 2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
