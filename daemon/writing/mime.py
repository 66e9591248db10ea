"""Our own mails as bytes: headers that nobody can break out of, parts that never hold a bare CR or LF.

The standard library's writer let a crafted value make a header of its own (CVE-2024-6923, CVE-2026-1299), and takes a
millisecond for what is a handful of joins. So values are cleaned and encoded here (RFC 2047, RFC 2231), and the
finished header block is read again and compared with what was meant: a difference is refused.

What is kept of a letter (daemon/composed.py) is everything but its attachments' bytes; :func:`render` joins those while
sending, always the same bytes for the same letter.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import a2b_qp
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import BinaryIO
from urllib.parse import quote

from daemon.composed import AttachmentPart, Content
from daemon.writing.quoted import LINE
from parsers.mail import Attachment
from rules.letters import File

Header = tuple[str, str]


def render(letter: Content, open_file: Callable[[str], BinaryIO]) -> Iterator[bytes]:
    """The letter as it is sent: CRLF line ends, not dot-stuffed. ``open_file`` opens an attachment by its digest."""
    yield letter.head
    for part_header, digest in letter.attachments:
        yield part_header
        with open_file(digest) as content:
            yield from _base64_lines(content)
    yield letter.tail


_LINES_AT_ONCE = 1024


def _base64_lines(content: BinaryIO) -> Iterator[bytes]:
    """Base64 in lines of 76, some 58 kB of the file at a time."""
    while block := content.read(57 * _LINES_AT_ONCE):
        yield _base64(block)


def _base64(content: bytes) -> bytes:
    encoded = b64encode(content)
    return b"".join(encoded[at : at + LINE] + b"\r\n" for at in range(0, len(encoded), LINE))


# -- headers

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u2069]+")
_SPACES = re.compile(r" {2,}")
_ADDRESS = re.compile(r'(?!.*=\?)[^\s<>()\[\]\\,;:@"\x00-\x1f\x7f]{1,64}@[^\s<>()\[\]\\,;:@"\x00-\x1f\x7f]{1,190}')
_ID = re.compile(r"[!-;=?-~]{3,240}")


def clean(value: str) -> str:
    """A value on one line: controls and format characters become a space, `=?` cannot begin an encoded word."""
    if not value.isprintable():
        value = _CONTROLS.sub(" ", value)
    return _SPACES.sub(" ", value.replace("=?", "= ?")).strip()


def address(value: str) -> str:
    """``value`` if it is one bare addr-spec that needs no quoting and reads as itself; else ValueError."""
    if not _ADDRESS.fullmatch(value):
        raise ValueError(f"not a bare address: {value!r}")
    return value


def message_ids(values: Iterable[str]) -> str:
    """Message-IDs in angle brackets, each once; what could break a header is left out."""
    bare = (value.strip().strip("<>") for value in values)
    return " ".join(dict.fromkeys(f"<{value}>" for value in bare if _ID.fullmatch(value)))


@lru_cache(maxsize=16)
def mailbox(name: str, bare: str) -> str:
    """`name <address>` as the value of From, the name encoded where it must be."""
    name = clean(name)
    if not name:
        return address(bare)
    safe = re.fullmatch(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+", name)
    return f"{name if safe else _encoded(name, LINE - 6)} <{address(bare)}>"


def header_block(headers: Sequence[Header], verbatim: frozenset[str] = frozenset()) -> bytes:
    """The headers as bytes, without the blank line. Values of names in ``verbatim`` are encoded already (addresses,
    ids). The block is read again: ValueError if it does not say exactly ``headers``.
    """
    block = "".join(f"{name}: {_value(name, value, name in verbatim)}\r\n" for name, value in headers).encode()
    if _read_again(block, verbatim) != list(headers):
        raise ValueError(f"headers do not survive being written: {[name for name, _ in headers]}")
    return block


def _value(name: str, value: str, verbatim: bool) -> str:
    room = LINE - len(name) - 2
    plain = value.isascii() and value.isprintable()
    if len(value) <= room and (verbatim or plain):
        return value
    if verbatim or (plain and max(map(len, value.split(" "))) <= room):
        return _folded(value, room)
    return _encoded(value, room)


def _folded(value: str, room: int) -> str:
    """``value`` broken at single spaces into lines of at most 76."""
    lines, line = [], ""
    for word in value.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, LINE - 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q = tuple(chr(b) if b in _Q_SAFE else "_" if b == 32 else f"={b:02X}" for b in range(256))


def _encoded(value: str, room: int) -> str:
    """``value`` as Q-encoded words of UTF-8 (RFC 2047), none longer than 75 and no character split."""
    room = min(room, 75) - 12
    whole = _pieces(value)
    if len(whole) <= room:
        return f"=?utf-8?q?{whole}?="
    words, word = [], ""
    for piece in map(_pieces, value):
        if len(word) + len(piece) > room:
            words.append(word)
            word, room = "", 75 - 13
        word += piece
    return "\r\n ".join(f"=?utf-8?q?{w}?=" for w in [*words, word])


def _pieces(value: str) -> str:
    return "".join([_Q[octet] for octet in value.encode()])


_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*): ([^\r\n\x00]*(?:\r\n [^\r\n\x00]*)*)\r\n|(?s:.+)")
_WORD = re.compile(r"=\?utf-8\?q\?([!->@-~]*)\?=(?: (?==\?))?")


def _read_again(block: bytes, verbatim: frozenset[str]) -> list[Header]:
    """What a reader finds in ``block``: fields unfolded, encoded words decoded. Anything left over is a field too."""
    fields = ((name, value.replace("\r\n ", " ")) for name, value in _FIELD.findall(block.decode()))
    return [
        (name, _WORD.sub(_decoded, value) if "=?" in value and name not in verbatim else value)
        for name, value in fields
    ]  # fmt: skip


def _decoded(word: re.Match[str]) -> str:
    return a2b_qp(word[1].replace("_", " ")).decode()


@lru_cache(maxsize=16)
def date(now: datetime) -> str:
    """The Date header of an aware ``now``."""
    return format_datetime(now)


# -- bodies and parts

MIXED, ALTERNATIVE, RELATED = "=_acuse-mixed", "=_acuse-alternative", "=_acuse-related"
"""Boundaries: «=_» stands in no quoted-printable and no base64 line, so no content can hold them (RFC 2045, 6.7)."""


def _text_part(subtype: bytes, encoded: bytes) -> bytes:
    head = b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head % subtype + encoded


def file_header(name: str, media_type: str, cid: str = "", charset: str = "") -> bytes:
    """The header of a file's part, blank line included. A mail or multipart goes as plain bytes, since it is base64."""
    kind = media_type.lower()
    if not re.fullmatch(r"[a-z0-9]+/[a-z0-9.+-]+", kind) or kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    kind += f"; charset={charset}" if charset else ""
    place = f"inline{_parameter(name)}" if cid else f"attachment{_parameter(name)}"
    identity = f"Content-ID: <{cid}>\r\n" if cid else ""
    lines = f"Content-Type: {kind}\r\nContent-Disposition: {place}\r\n{identity}"
    return f"{lines}Content-Transfer-Encoding: base64\r\n\r\n".encode()


def _parameter(name: str) -> str:
    """`; filename="…"`, in RFC 2231's form and its continuations where it is long or not ASCII. Each holds whole
    characters, since clients decode one after the other."""
    name = clean(name) or "-"
    if len(name) <= 60 and re.fullmatch(r"[A-Za-z0-9 ._()+-]+", name):
        return f';\r\n filename="{name}"'
    pieces = ["utf-8''"]
    for coded in (quote(character, safe="") for character in name):
        if len(pieces[-1]) + len(coded) > _PIECE:
            pieces.append("")
        pieces[-1] += coded
    if len(pieces) == 1:
        return f";\r\n filename*={pieces[0]}"
    return "".join(f";\r\n filename*{n}*={piece}" for n, piece in enumerate(pieces))


_PIECE = 54
"""Characters of a parameter in one line."""


def _multipart(boundary: str, subtype: str, parts: Sequence[bytes], closed: bool = True) -> bytes:
    opening = f"--{boundary}\r\n".encode()
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    return head + b"".join(opening + part for part in parts) + (f"--{boundary}--\r\n".encode() if closed else b"")


def _own_file(file: File) -> bytes:
    charset = "utf-8" if file.media_type.startswith("text/") else ""
    return file_header(file.name, file.media_type, file.cid, charset) + _base64(file.content)


def body(
    text: bytes, html: bytes, files: Sequence[File] = (), attachments: Sequence[Attachment] = ()
) -> tuple[bytes, tuple[AttachmentPart, ...], bytes]:
    """Head (without the letter's own headers: it begins with Content-Type), attachment parts and tail of a letter;
    ``text`` and ``html`` are quoted-printable."""
    inline = [file for file in files if file.cid]
    enclosed = [file for file in files if not file.cid]
    page = _text_part(b"html", html)
    if inline:
        page = _multipart(RELATED, "related", [page, *map(_own_file, inline)])
    both = _multipart(ALTERNATIVE, "alternative", [_text_part(b"plain", text), page])
    if not enclosed and not attachments:
        return both, (), b""
    head = _multipart(MIXED, "mixed", [both, *map(_own_file, enclosed)], closed=False)
    opening = f"--{MIXED}\r\n".encode()
    parts = tuple((opening + file_header(a.name, a.media_type), a.digest) for a in attachments)
    return head, parts, f"--{MIXED}--\r\n".encode()
