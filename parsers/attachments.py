"""The files of a mail: found by the skeleton, measured and handed out in chunks; a large one is never held whole."""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from parsers import charsets, encoded_words
from parsers.headers import OverBudget, Raw
from parsers.skeleton import Part
from parsers.spelling import without_format

_CHUNK = 256 * 1024
_HELD = 1024 * 1024
"""Octets of a file, still encoded, that is decoded but once and held for whoever asks for its content."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail.

    ``name`` is for people, cleaned of controls and path parts, never a path; ``size`` in bytes and ``digest`` (SHA-256,
    hex) are those of the decoded content. Where the content lies: ``span`` is (start, end, transfer encoding) in
    the raw mail, so that a large file is never held in memory; ``content`` holds a small one, and what has no such
    place (unpacked from winmail.dat).
    """

    name: str
    media_type: str
    size: int
    digest: str
    inline: bool = False
    span: tuple[int, int, str] | None = field(default=None, compare=False)
    content: bytes | None = field(default=None, compare=False, repr=False)


def attachment_chunks(raw: Raw, attachment: Attachment) -> Iterator[bytes]:
    """The decoded octets of ``attachment`` of the mail ``raw``, piece by piece."""
    if attachment.content is not None:
        yield attachment.content
    elif attachment.span is not None:
        yield from decoded(raw, *attachment.span)


def from_part(raw: Raw, part: Part, number: int) -> Attachment:
    """The leaf ``part`` as a file; ``number`` makes a name where it has none."""
    span = (part.start, part.end, part.encoding)
    content = b"".join(decoded(raw, *span)) if part.end - part.start <= _HELD else None
    size, digest = measure(decoded(raw, *span) if content is None else [content])
    name = clean_name(file_name(part)) or default_name(part.media_type, number)
    return Attachment(name, part.media_type, size, digest, is_inline(part), span, content)


def from_content(name: str, media_type: str, content: bytes, number: int) -> Attachment:
    """A file that was unpacked from another one."""
    size, digest = measure([content])
    return Attachment(clean_name(name) or default_name(media_type, number), media_type, size, digest, content=content)


def file_name(part: Part) -> str:
    """The raw file name that a part declares, or ""."""
    _, disposition = encoded_words.read_value(part.headers.get("content-disposition"))
    return disposition.get("filename", "") or part.parameters.get("name", "")


def disposition_of(part: Part) -> str:
    """``attachment``, ``inline`` or ""; a disposition nobody knows counts as ``attachment`` (RFC 2183, 2.8)."""
    word, _ = encoded_words.read_value(part.headers.get("content-disposition"))
    return word if word in ("", "inline") else "attachment"


def is_inline(part: Part) -> bool:
    """Shown within the text: it says so, or it is an image that the HTML can point to."""
    disposition = disposition_of(part)
    return disposition == "inline" or (not disposition and "content-id" in part.headers)


def measure(chunks: Iterable[bytes]) -> tuple[int, str]:
    """Size and SHA-256 (hex) of the octets in ``chunks``."""
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        digest.update(chunk)
    return size, digest.hexdigest()


_PATH = re.compile(r"^.*[/\\]", re.DOTALL)
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
}
_NAME_LENGTH = 120


def clean_name(name: str) -> str:
    """A file name for people: no path, no control or direction mark, at most 120 characters with its extension kept."""
    name = charsets.tidy(without_format(_PATH.sub("", name))).strip().lstrip(".").strip()
    name = " ".join(name.split())
    if len(name) > _NAME_LENGTH:
        stem, dot, extension = name.rpartition(".")
        tail = dot + extension if stem and len(extension) <= 10 else ""
        name = (stem if tail else name)[: _NAME_LENGTH - len(tail)] + tail
    return name


def default_name(media_type: str, number: int) -> str:
    """A name for a file that came without one."""
    kind = {"message": "message", "text": "text", "image": "image"}.get(media_type.partition("/")[0], "file")
    return f"{kind}-{number}{_EXTENSIONS.get(media_type, '')}"


def decoded(raw: Raw, start: int, end: int, encoding: str) -> Iterator[bytes]:
    """The octets between ``start`` and ``end`` with their transfer encoding undone: what is broken is read as far
    as it goes. Raises OverBudget for base64 in more than 10,000 pieces."""
    chunks = (raw[at : min(at + _CHUNK, end)] for at in range(start, end, _CHUNK))
    return _DECODERS[encoding](chunks)


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FOREIGN = bytes(set(range(256)) - set(_ALPHABET) - {ord("=")})


_SEGMENTS = 10_000
"""Some clients write several padded pieces one after the other; more of them are an attack on the decoder."""


def _base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest, segments = b"", 0
    for chunk in chunks:
        *ended, rest = (rest + chunk.translate(None, _FOREIGN)).split(b"=")
        segments += len(ended)
        if segments > _SEGMENTS:
            raise OverBudget(f"base64 in more than {_SEGMENTS} pieces")
        for piece in filter(None, ended):
            yield encoded_words.from_base64(piece)
        whole = len(rest) // 4 * 4
        yield binascii.a2b_base64(rest[:whole])
        rest = rest[whole:]
    if rest:
        yield encoded_words.from_base64(rest)


def _quoted_printable(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        chunk = rest + chunk
        cut = chunk.rfind(b"\n") + 1 or max(chunk.rfind(b"="), 0) or len(chunk)
        yield binascii.a2b_qp(chunk[:cut])
        rest = chunk[cut:]
    yield binascii.a2b_qp(rest)


def _uuencoded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    begun = False
    for line in _lines(chunks):
        if not begun:
            begun = line.startswith(b"begin ")
        elif line.strip() in (b"end", b"`"):
            return
        else:
            yield _uu_line(line)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > _CHUNK:
            rest = b""  # no line of any encoding is so long
    yield rest


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line.rstrip(b"\r"))
    except binascii.Error:
        # some encoders add a checksum, others count wrongly: read as many octets as the count says
        wanted = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
        try:
            return binascii.a2b_uu(line[:wanted])
        except binascii.Error:
            return b""


_DECODERS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "": iter,
    "base64": _base64,
    "quoted-printable": _quoted_printable,
    "uuencode": _uuencoded,
}
