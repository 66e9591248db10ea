"""Mails that are encrypted, and mails that are only signed (S/MIME, RFC 8551; OpenPGP, RFC 3156)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal

from parsers.attachments import decoded, file_name
from parsers.headers import Budget, Raw, read_headers
from parsers.skeleton import Part, read_parts

_PKCS7 = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
_ARMOUR = re.compile(r"\s*-----BEGIN PGP MESSAGE-----")
_LIMIT = 48 * 1024 * 1024
_PIECES = 100_000


def encryption(root: Part, text: str) -> Literal["", "smime", "pgp"]:
    """How the mail is locked, or "". An encrypted file beside a readable text does not count."""
    if root.media_type == "multipart/encrypted" or _ARMOUR.match(text):
        return "pgp"
    if text.strip():
        return ""
    leaves = list(root.leaves())
    if any(_is_enveloped(part) for part in leaves):
        return "smime"
    return "pgp" if any(part.media_type == "application/pgp-encrypted" for part in leaves) else ""


def _is_enveloped(part: Part) -> bool:
    if part.media_type in _PKCS7:
        return part.parameters.get("smime-type", "").lower() not in ("signed-data", "certs-only")
    return part.media_type == "application/octet-stream" and file_name(part).lower() == "smime.p7m"


def file_leaves(root: Part) -> Iterator[Part]:
    """The leaves that may be files: all but the signatures of signed mail."""
    if not root.children and root.media_type not in _SIGNATURES:
        yield root
    for child in root.children:
        yield from file_leaves(child)


def open_signed(raw: Raw, root: Part, budget: Budget) -> tuple[bytes, Part] | None:
    """The mail inside an opaque signature (S/MIME signed-data), as its octets and parts; None for any other mail.

    What it holds decides, not the type that it names: servers call it a mere file, and lists put it above their footer.
    The signature is not proven: nobody here relies on it.
    """
    part = next(iter(root.leaves()))
    wraps = file_name(part).lower() == "smime.p7m" or (part is root and part.media_type in _PKCS7)
    if not wraps or part.end - part.start > _LIMIT:
        return None
    content = _signed_content(b"".join(decoded(raw, part.start, part.end, part.encoding)))
    if content is None:
        return None
    headers, body = read_headers(content, 0, len(content), budget)
    return content, read_parts(content, headers, body, budget)


_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_DATA = bytes.fromhex("06092a864886f70d010701")


def _signed_content(octets: bytes) -> bytes | None:
    """The octets that a CMS SignedData wraps (RFC 5652, 5): those in the OCTET STRING after the OID of plain data."""
    if _SIGNED_DATA not in octets[:64]:
        return None
    at = octets.find(_DATA)
    if at < 0:
        return None
    at += len(_DATA)
    tag, start, _ = _element(octets, at)
    if tag != 0xA0:
        return None
    return b"".join(islice(_strings(octets, start), _PIECES)) or None


def _strings(octets: bytes, at: int) -> Iterator[bytes]:
    """A primitive OCTET STRING, or the pieces of a constructed one."""
    tag, start, end = _element(octets, at)
    if tag == 0x04:
        yield octets[start:end]
    while tag == 0x24 and start < min(end, len(octets)):
        inner, begin, stop = _element(octets, start)
        if inner != 0x04:
            return
        yield octets[begin:stop]
        start = stop


def _element(octets: bytes, at: int) -> tuple[int, int, int]:
    """Tag, begin and end of the content of the BER element at ``at``; one of indefinite length ends with the octets."""
    if at + 2 > len(octets):
        return 0, len(octets), len(octets)
    tag, size = octets[at], octets[at + 1]
    start = at + 2
    if size == 0x80:
        return tag, start, len(octets)
    if size > 0x80:
        count = size & 0x7F
        size, start = int.from_bytes(octets[start : start + count], "big"), start + count
    return tag, start, min(start + size, len(octets))


_CLEAR_SIGNED = re.compile(r"\s*-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]+: .*\n)*\n?")
_DASH_ESCAPE = re.compile(r"^- ", re.MULTILINE)


def without_clear_signature(text: str) -> str:
    """``text`` freed of the armour of a clear-signed OpenPGP message (RFC 9580, 7), which every line may be under."""
    head = _CLEAR_SIGNED.match(text)
    if head is None:
        return text
    inside, _, after = text[head.end() :].partition("\n-----BEGIN PGP SIGNATURE-----")
    rest = after.partition("-----END PGP SIGNATURE-----")[2]
    return _DASH_ESCAPE.sub("", inside) + rest
