"""Encoded words (RFC 2047) and parameters (RFC 2045, 2231) of header values."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from urllib.parse import unquote_to_bytes

from parsers import charsets

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?(.*?)\?=", re.DOTALL)
_ANY_WORD = r"=\?[^?\s]{1,60}\?[bBqQ]\?.*?\?="
_RUN = re.compile(rf"{_ANY_WORD}(?:\s*{_ANY_WORD})*", re.DOTALL)
"""Words with nothing but blanks between them, which are no part of the text (RFC 2047, 6.2)."""


def decode_words(value: str) -> str:
    """``value`` with its encoded words decoded: also words split inside a character, and those glued to other text."""
    end = value.rfind("?=") + 2
    if end < 2 or "=?" not in value:
        return value
    # beyond the last «?=» nothing can match: cut it off, or each «=?» would look for its end in vain
    return _RUN.sub(_decode_run, value[:end]) + value[end:]


def _decode_run(run: re.Match[str]) -> str:
    """Neighbours of one charset and encoding are decoded as one: a character may be cut between them."""
    words = [(word[1].partition("*")[0].lower(), word[2].lower(), word[3]) for word in _WORD.finditer(run[0])]
    return "".join(
        charsets.decode(_DECODERS[encoding]([text for _, _, text in alike]), charset)[0]
        for (charset, encoding), alike in groupby(words, key=itemgetter(0, 1))
    )


def _base64_run(texts: list[str]) -> bytes:
    """Some clients cut the base64 itself anywhere: only then the pieces are decoded as one."""
    if any(len(text) % 4 and "=" not in text for text in texts[:-1]):
        return from_base64("".join(texts).encode("ascii", "ignore"))
    return b"".join(from_base64(text.encode("ascii", "ignore")) for text in texts)


def _quoted_run(texts: list[str]) -> bytes:
    octets = "".join(texts).replace("\n", "").encode("utf-8", "ignore")
    return binascii.a2b_qp(octets, header=True)


_DECODERS = {"b": _base64_run, "q": _quoted_run}


_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def from_base64(text: bytes) -> bytes:
    """What can be read of a piece of base64; padding and foreign octets do not count."""
    clean = _NOT_BASE64.sub(b"", text.partition(b"=")[0] if b"=" in text else text)
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return base64.b64decode(clean + b"=" * (-len(clean) % 4))


_PARAMETER = re.compile(
    r""";\s*([^\s=;"*]{1,60})((?:\*\d{1,3})?\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^;"]*))""", re.DOTALL
)
_ESCAPED = re.compile(r'\\(["\\])')  # other characters are seldom escaped: «C:\Datos\nota.txt» is a path
_VALUE = re.compile(r"\s*([^;]*)")


def read_value(value: str) -> tuple[str, dict[str, str]]:
    """The first word of a structured header in lower case, and its parameters by name in lower case.

    Continuations and charsets of RFC 2231 are put together; encoded words in a parameter are decoded, since half the
    world writes file names so. Of two equal parameters the first counts.
    """
    first = _VALUE.match(value)
    word = first[1].strip().lower() if first else ""
    if ";" not in value:
        return word, {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for name, marks, quoted, bare in _PARAMETER.findall(value):
        text = _ESCAPED.sub(r"\1", quoted) if quoted else bare.strip()
        section = marks.strip("*")
        key = name.lower() + ("*" if marks else "")
        pieces.setdefault(key, []).append((int(section or 0), marks.endswith("*"), text))
    plain = {key: decode_words(found[0][2]) for key, found in pieces.items() if not key.endswith("*")}
    return word, plain | {key[:-1]: _join(found) for key, found in pieces.items() if key.endswith("*")}


def _join(pieces: Iterable[tuple[int, bool, str]]) -> str:
    """The sections of one RFC 2231 parameter, in their order; of equal sections the first."""
    charset, raw = "", b""
    sections: dict[int, tuple[bool, str]] = {}
    for number, extended, text in pieces:
        sections.setdefault(number, (extended, text))
    for place, number in enumerate(sorted(sections)):
        extended, text = sections[number]
        if place == 0 and extended and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        raw += unquote_to_bytes(text) if extended else text.encode("utf-8", "ignore")
    return decode_words(charsets.decode(raw, charset or "utf-8")[0])
