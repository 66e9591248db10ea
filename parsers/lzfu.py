"""The compression of RTF in a winmail.dat (MS-OXRTFCP): as far as the octets are there, and never more than a limit."""

from __future__ import annotations

import struct

LIMIT = 256 * 1024
"""Octets of RTF that are read: at worst they take under a second."""

_WINDOW = 4096
_KNOWN = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What the octets of every compressed RTF may refer back to from the beginning (MS-OXRTFCP 2.1.2.1)."""


def decompress(octets: bytes) -> bytes:
    """The RTF in a PidTagRtfCompressed, as far as it is whole; ValueError where it is none, or over the limit."""
    if len(octets) < 16:
        raise ValueError("no head")
    _, size, kind, _ = struct.unpack_from("<II4sI", octets)
    if kind not in (b"LZFu", b"MELA") or size > LIMIT:
        raise ValueError("no RTF, or too much")
    return octets[16 : 16 + size] if kind == b"MELA" else _expanded(octets, 16, size)


def _expanded(octets: bytes, at: int, size: int) -> bytes:
    """``size`` octets from the runs that begin ``at``: a control octet, then for each of its bits, the lowest first,
    an octet (0) or a place and a length (1) in what came out before."""
    out = bytearray(_KNOWN)
    while at < len(octets) and len(out) < len(_KNOWN) + size:
        control, at = octets[at], at + 1
        for bit in range(8):
            if not control >> bit & 1:
                out += octets[at : at + 1]
                at += 1
            elif not _repeat(out, octets[at : at + 2]):
                return bytes(out[len(_KNOWN) :][:size])
            else:
                at += 2
    return bytes(out[len(_KNOWN) :][:size])


def _repeat(out: bytearray, reference: bytes) -> bool:
    """Whether the reference led to octets that are there; they are added once more."""
    place, length = divmod(int.from_bytes(reference, "big"), 16)
    start = len(out) - (len(out) - place) % _WINDOW
    if len(reference) < 2 or not 0 <= start < len(out):
        return False
    for source in range(start, start + length + 2):
        out.append(out[source])
    return True
