"""Addresses of a mail: who sent it, without doubt or not at all, and whom it names (RFC 5322, 3.4)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from parsers import charsets, encoded_words
from parsers.spelling import without_format


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address header: a bare addr-spec (domain in lower case) and the decoded display name."""

    address: str
    name: str = ""


_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"?)|(?P<special>[(),:;<>])|(?P<space>\s+)|(?P<atom>[^\s"(),:;<>]+)""", re.DOTALL
)
_ATOM = r"""[^\s"(),:;<>@\\\[\].\x00-\x20\x7f]+"""
_LOCAL = rf"(?=[^@]{{1,64}}@)(?!.*=\?){_ATOM}(?:\.{_ATOM})*"
_DOMAIN = r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*"
_ADDRESS = re.compile(f"{_LOCAL}@(?=.{{1,190}}$){_DOMAIN}")


def only_sender(values: list[str]) -> Address | None:
    """The one mailbox of the one From header; None where there are two, none, or anything is odd about it.

    Whoever reads a doubtful From one way can be cheated by whoever reads it another way: no guess is made.
    """
    if len(values) != 1:
        return None
    try:
        found = list(_mailboxes(values[0], strict=True))
    except _DefectError:
        return None
    return found[0] if len(found) == 1 else None


def addresses(values: list[str]) -> tuple[Address, ...]:
    """Every address that can be read in address headers, once each; what is odd is left out."""
    found: dict[str, Address] = {}
    for value in values:
        for box in _mailboxes(value, strict=False):
            found.setdefault(box.address.lower(), box)
    return tuple(found.values())


def bare(text: str) -> str:
    """``text`` as a bare address with its domain in lower case, or "" where it is none that we would write to.

    A quoted local part is none, nor a machine by its number, nor what reads like another address: invisible characters,
    compatibility forms (the Kelvin sign becomes a «k» in lower case), an encoded word (readers of To decode it).
    """
    text = text.strip().strip("<>").strip()
    if not (text.isprintable() and unicodedata.is_normalized("NFKC", text) and _ADDRESS.fullmatch(text)):
        return ""
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


class _DefectError(ValueError):
    """This header is not what RFC 5322 allows."""


def _mailboxes(value: str, strict: bool) -> Iterator[Address]:
    for tokens in _elements(value, strict):
        box = _mailbox(tokens, strict)
        if box is not None:
            yield box


Token = tuple[str, str]


def _elements(value: str, strict: bool) -> Iterator[list[Token]]:
    """The list split at its commas; comments stay as one token, groups are opened (and a defect of a From)."""
    element: list[Token] = []
    in_angle = False
    for kind, text in _tokens(value, strict):
        if text == "<":
            in_angle = True
        elif text == ">":
            in_angle = False
        if kind != "special" or text in "<>" or (in_angle and text == ":"):
            element.append((kind, text))
        elif strict and text in ":;":
            raise _DefectError
        else:
            if text != ":":
                yield element
            element = []
            in_angle = False
    yield element


def _tokens(value: str, strict: bool) -> Iterator[Token]:
    position = 0
    while position < len(value):
        match = _TOKEN.match(value, position)
        if match is None:
            raise AssertionError("every character is of some token")
        text = match[0]
        if text == "(":
            text, closed = _comment(value, position)
            if strict and not closed:
                raise _DefectError
            yield "comment", text
        elif text == ")" and strict:
            raise _DefectError
        elif text != ")":
            if strict and match.lastgroup == "quoted" and (len(text) < 2 or text[-1] != '"'):
                raise _DefectError
            yield match.lastgroup or "", text
        position += len(text)


_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)


def _comment(value: str, start: int) -> tuple[str, bool]:
    """The comment that opens at ``start``, with comments in it, and whether it closes."""
    depth = 0
    for match in _IN_COMMENT.finditer(value, start):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return value[start : match.end()], True
    return value[start:], False


def _mailbox(tokens: list[Token], strict: bool) -> Address | None:
    angle = [place for place, (kind, text) in enumerate(tokens) if kind == "special"]
    comments = [text[1:-1] for kind, text in tokens if kind == "comment"]
    meaning = [kind for kind, _ in tokens if kind not in ("space", "comment")]
    if not meaning:
        return None
    if not angle:
        address = bare(_joined(tokens))
        name = _name(comments[-1]) if comments else ""
    else:
        address = _in_angle(tokens, angle, strict)
        name = _name(_phrase(tokens[: angle[0]])) or (_name(comments[-1]) if comments else "")
        if strict and _misleading(tokens[: angle[0]], address):
            raise _DefectError
    if address:
        return Address(address, name)
    if strict:
        raise _DefectError
    return None


def _in_angle(tokens: list[Token], angle: list[int], strict: bool) -> str:
    """The address between the one pair of angle brackets, with nothing but comments behind it."""
    marks = [tokens[place][1] for place in angle]
    well_formed = marks == ["<", ">"] and all(kind in ("space", "comment") for kind, _ in tokens[angle[1] + 1 :])
    if strict and not well_formed:
        raise _DefectError
    if marks[:2] != ["<", ">"]:
        return ""
    return bare(_joined(tokens[angle[0] + 1 : angle[1]]))


def _misleading(phrase: list[Token], address: str) -> bool:
    """An address as a name is fine in quotes; without them only where it is the very same one."""
    loose = "".join(text for kind, text in phrase if kind == "atom")
    return "@" in loose and loose.lower() != address.lower()


def _joined(tokens: list[Token]) -> str:
    """Tokens of an addr-spec; a blank inside it stays, and makes it no address."""
    return "".join(text for kind, text in tokens if kind != "comment").strip()


def _phrase(tokens: list[Token]) -> str:
    parts = [_unquoted(text) if kind == "quoted" else text for kind, text in tokens if kind != "comment"]
    return "".join(parts)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text.strip('"'), flags=re.DOTALL)


def _name(text: str) -> str:
    """A display name for people: decoded, without controls and direction marks, blanks collapsed."""
    return " ".join(charsets.tidy(without_format(encoded_words.decode_words(text))).split())[:200]
