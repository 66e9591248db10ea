"""winmail.dat opened (MS-OXTNEF): the files in it, and its text where the mail has no other.

A reader of our own: the libraries for this format trust the counts in the file, and a few hundred octets keep them
busy for hours. Here every step moves forward in the octets that are there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from parsers import charsets, rtf
from parsers.attachments import Attachment, decoded, file_name, from_content
from parsers.body import Body
from parsers.headers import Raw
from parsers.html import to_text
from parsers.skeleton import Part

_SIGNATURE = b"\x78\x9f\x3e\x22"
_TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
_LIMIT = 48 * 1024 * 1024
_FILES = 200
_ATTRIBUTES = 20_000

_ATTACHMENT_BEGINS, _TITLE, _CONTENT, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_MESSAGE_PROPERTIES, _BODY, _CODE_PAGE = 0x9003, 0x800C, 0x9007
_LONG_NAME, _SHORT_NAME, _OBJECT, _MIME_TYPE = 0x3707, 0x3704, 0x3701, 0x370E
_TEXT, _HTML, _RTF, _INTERNET_CODE_PAGE = 0x1000, 0x1013, 0x1009, 0x3FDE
_EMBEDDED = 0x0D
"""The type of an object: octets that name its interface, then the object itself."""
_INTERFACE = 16


@dataclass
class _File:
    name: str = ""
    media_type: str = "application/octet-stream"
    content: bytes = b""


@dataclass
class _Opened:
    files: list[_File]
    text: str = ""
    html: str = ""
    rtf: bytes = b""

    def body(self) -> Body | None:
        """What its author wrote; the RTF, which says the same as the others, only where they say nothing."""
        text, page = self.text, self.html
        if not text.strip() and not page.strip():
            text, page = rtf.read(self.rtf)
        if text.strip():
            return Body(text, "text")
        written = to_text(page)
        return Body(written, "html", (page,)) if written.strip() else None


def is_tnef(part: Part) -> bool:
    """Whether the part is Outlook's container."""
    return part.media_type in _TYPES or file_name(part).lower() == "winmail.dat"


def unpack(raw: Raw, part: Part, number: int) -> tuple[Attachment, ...] | None:
    """The files in a winmail.dat, named from ``number`` on where they have no name; None where it is none, or broken:
    then it stays a file as it came."""
    opened = _open(raw, part) if is_tnef(part) else None
    if opened is None:
        return None
    files = [file for file in opened.files if file.content]
    return tuple(
        from_content(file.name, file.media_type, file.content, number + place) for place, file in enumerate(files)
    )


def body_of(raw: Raw, root: Part) -> Body | None:
    """The text of a mail that has it in its winmail.dat alone; None where there is none."""
    for part in root.leaves():
        opened = _open(raw, part) if is_tnef(part) else None
        if opened and (opened.text.strip() or opened.html.strip() or opened.rtf):
            return opened.body()
    return None


def _open(raw: Raw, part: Part) -> _Opened | None:
    if part.end - part.start > _LIMIT:
        return None
    octets = b"".join(decoded(raw, part.start, part.end, part.encoding))
    if not octets.startswith(_SIGNATURE):
        return None
    try:
        return _read(octets)
    except (struct.error, ValueError):
        return None


def _read(octets: bytes) -> _Opened:
    opened, code_page = _Opened([]), "cp1252"
    for name, value in _attributes(octets):
        if name == _CODE_PAGE:
            code_page = f"cp{_number(value)}"
        elif name == _BODY:
            opened.text = opened.text or _text(value, code_page)
        elif name == _MESSAGE_PROPERTIES:
            _read_message(value, opened, code_page)
        elif name == _ATTACHMENT_BEGINS and len(opened.files) < _FILES:
            opened.files.append(_File())
        elif opened.files:
            _read_file(name, value, opened.files[-1], code_page)
    return opened


def _read_message(value: bytes, opened: _Opened, code_page: str) -> None:
    properties = dict(_properties(value))
    if found := properties.get(_INTERNET_CODE_PAGE):
        number = _number(found[1])
        code_page = {65001: "utf-8", 28591: "cp1252", 28605: "iso-8859-15", 20127: "cp1252"}.get(number, f"cp{number}")
    if found := properties.get(_TEXT):
        opened.text = _property_text(*found, code_page)
    if found := properties.get(_HTML):
        opened.html = _property_text(*found, code_page)
    if found := properties.get(_RTF):
        opened.rtf = found[1]


def _read_file(name: int, value: bytes, file: _File, code_page: str) -> None:
    if name == _TITLE:
        file.name = file.name or _text(value, code_page)
    elif name == _CONTENT:
        file.content = value
    elif name == _FILE_PROPERTIES:
        properties = dict(_properties(value))
        for wanted in (_LONG_NAME, _SHORT_NAME):
            if found := properties.get(wanted):
                file.name = _property_text(*found, code_page)
                break
        if found := properties.get(_MIME_TYPE):
            file.media_type = _property_text(*found, code_page).lower()
        if (found := properties.get(_OBJECT)) and not file.content:
            kind, value = found
            file.content = value[_INTERFACE:] if kind == _EMBEDDED else value


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """(attribute, value) of the stream, as far as it is whole."""
    at = 6
    for _ in range(_ATTRIBUTES):
        if at + 9 > len(octets):
            return
        _, name, _, size = struct.unpack_from("<BHHI", octets, at)
        at += 9
        yield name, octets[at : at + size]
        at += size + 2


_FIXED = {2: 4, 3: 4, 4: 4, 0x0A: 4, 0x0B: 4, 5: 8, 6: 8, 7: 8, 0x14: 8, 0x40: 8, 0x48: 16}
_VARIABLE = frozenset({0x1E, 0x1F, 0x0D, 0x102})
_MULTIPLE = 0x1000


def _properties(octets: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """(property, (type, first value)) of a block; ends at what it does not understand."""
    at = 4
    while at + 4 <= len(octets):
        kind, name = struct.unpack_from("<HH", octets, at)
        at = _after_name(octets, at + 4) if name >= 0x8000 else at + 4
        base = kind & ~_MULTIPLE
        count = 1
        if kind & _MULTIPLE or base in _VARIABLE:
            count, at = _number(octets[at : at + 4]), at + 4
        if base in _FIXED:
            size = 2 if base == 2 and count > 1 else _FIXED[base]
            value = octets[at : at + size]
            at += (size * count + 3) // 4 * 4
        elif base in _VARIABLE:
            value, at = _values(octets, at, count)
        else:
            return
        yield name, (base, value)


def _after_name(octets: bytes, at: int) -> int:
    """Behind the long name of a property: a GUID, then a number or a string."""
    kind, size = struct.unpack_from("<II", octets, at + 16)
    return at + 24 + ((size + 3) // 4 * 4 if kind else 0)


def _values(octets: bytes, at: int, count: int) -> tuple[bytes, int]:
    """The first of ``count`` values with a length each, and where they end."""
    first = b""
    for place in range(min(count, len(octets) // 4)):
        if at + 4 > len(octets):
            break
        size = _number(octets[at : at + 4])
        if place == 0:
            first = octets[at + 4 : at + 4 + size]
        at += 4 + (size + 3) // 4 * 4
    return first, at


def _number(octets: bytes) -> int:
    return int.from_bytes(octets[:4], "little")


def _property_text(kind: int, value: bytes, code_page: str) -> str:
    return _text(value, "utf-16-le" if kind == 0x1F else code_page)


def _text(value: bytes, charset: str) -> str:
    return charsets.tidy(charsets.decode(value, charset)[0]).rstrip("\x00")
