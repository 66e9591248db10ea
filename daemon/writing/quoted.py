"""Quoted-printable (RFC 2045, 6.7) for our own texts: UTF-8, CRLF line ends, raw lines of at most 76.

Whole texts are treated at once by what Python does fast; only a line that is too long is looked at by itself. The
standard library's `b2a_qp` weighs every octet, and took a quarter of the time that a letter costs.
"""

from __future__ import annotations

import re

LINE = 76
"""The longest raw line that we write, without its CRLF."""
_BLANKS = frozenset({b" ", b"\t"})
_ENDS = _BLANKS | {b"."}
"""What a line may not end in as it is: servers cut blanks off, and may take a dot alone for the end of the mail."""

_BARE = re.compile(r"\r\n?|\n")
_PLAIN = bytes({*b"\t\n", *range(32, 127)})


def quoted_printable(text: str) -> bytes:
    """``text`` encoded, with one line end at its end: no control character goes out, no blank at the end of a line, and
    no line of a single dot."""
    if "\r" in text:
        text = _BARE.sub("\n", text)
    octets = text.encode("utf-8", "replace").replace(b"=", b"=3D")
    for octet in set(octets.translate(None, _PLAIN)):
        octets = octets.replace(bytes([octet]), b"=%02X" % octet if octet > 127 else b"")
    lines = octets.removesuffix(b"\n").split(b"\n")
    mended = [line if len(line) <= LINE and line[-1:] not in _ENDS else _mended(line) for line in lines]
    return b"\r\n".join([*mended, b""])


_CHUNK = re.compile(rb"(?=.{77}).{73,75}(?<!=)(?<!=.)|.+")
"""What comes before a soft line break, which tears no `=XX`; or the rest of a line."""


def softly_ended(octets: bytes) -> bytes:
    """What :func:`quoted_printable` gave, without its line end, to be gone on with on the next line: it ends in a soft
    line break, for which its last line may need another."""
    before, end, last = octets.rpartition(b"\r\n")
    return before + end + b"=\r\n".join(_CHUNK.findall(last + b"="))


def _mended(line: bytes) -> bytes:
    """An encoded line with soft line breaks where it is too long; a blank at its end and a dot alone are escaped."""
    if line[-1:] in _BLANKS:
        line = line[:-1] + b"=%02X" % line[-1]
    *chunks, last = _CHUNK.findall(line)
    return b"=\r\n".join([*chunks, b"=2E" if last == b"." else last])
