"""Bytes become text: an allow-list of charsets, and repair of what is declared wrongly.

Every text that leaves here has LF line ends and is NFC, without NUL, lone surrogates or endless accents.
"""

from __future__ import annotations

import re
import unicodedata
from encodings.aliases import aliases
from functools import lru_cache

from parsers.spelling import is_printed

_ODD_NAMES = {
    "": "ascii",
    "unknown_8bit": "ascii",
    "x_unknown": "ascii",
    "default": "ascii",
    "8bit": "ascii",
    "utf_8_sig": "utf_8",
    "utf8mb4": "utf_8",
    "cp65001": "utf_8",
    "unicode": "utf_16",
    "ansi": "cp1252",
    "windows_31j": "cp932",
}
"""Names that mail uses and the standard library's alias table does not know."""
_VENDOR = re.compile(r"^(?:x_|cs(?:iso)?)")
"""What vendors and the registry put before a name: «x-mac-roman», «csISOLatin9»."""
_NUMBERED = re.compile(r"(?:^|_)(?:iso_?)?(?:(8859)_?|(?:windows|win|cp|ibm|dos)_?)(\d{1,5})(?:_|$)")
"""A charset with a number, whatever stands about it: «8859_15», «win-1252», «iso-8859-8-i»."""

_WIDER = {"latin_1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949"}
"""Charsets whose name clients write when they mean the superset."""

_ALLOWED = frozenset([
    "ascii", "utf_8", "utf_7", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "cp1252",
    "latin_1", "iso8859_2", "iso8859_3", "iso8859_4", "iso8859_5", "iso8859_6", "iso8859_7", "iso8859_8",
    "iso8859_9", "iso8859_10", "iso8859_11", "iso8859_13", "iso8859_14", "iso8859_15", "iso8859_16", "cp1250",
    "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp437", "cp850", "cp852", "cp855",
    "cp857", "cp858", "cp860", "cp862", "cp865", "cp866", "cp874", "koi8_r", "koi8_u", "koi8_t", "mac_roman",
    "mac_latin2", "mac_cyrillic", "mac_greek", "mac_turkish", "tis_620", "gb2312", "gbk", "gb18030", "hz", "big5",
    "big5hkscs", "cp950", "shift_jis", "cp932", "euc_jp", "euc_jis_2004", "iso2022_jp", "iso2022_jp_1",
    "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_ext", "euc_kr", "cp949", "johab", "iso2022_kr",
])  # fmt: skip
"""Codecs that a sender may name: linear ones for text. Never punycode, idna, escapes or compressions."""

_LATIN = frozenset({"cp1252", "iso8859_15"})
_LIKE_ASCII = _LATIN | {"utf_8"}
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_LINE_ENDS = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")
_UNWANTED = re.compile("[\x00\ufeff\ud800-\udfff]")
_MARKS = re.compile(r"[\u0300-\U0010ffff](?<![\w\s])[^\w\s\x00-\u02ff]{30,}")
"""Runs of over 30 that may be accents upon accents: NFC sorts those in quadratic time."""
_ACCENTS = 30


@lru_cache(maxsize=256)
def codec_of(name: str) -> str | None:
    """The codec for a charset ``name`` as a mail writes it, "ascii" for none; None where it is not an allowed one."""
    key = _NOT_WORD.sub("_", name[:40].strip().lower()).strip("_")
    found = _NUMBERED.search(key)
    numbered = f"{'iso8859_' if found[1] else 'cp'}{found[2]}" if found else key
    plain = _VENDOR.sub("", key)
    return next(filter(None, map(_allowed, (key, numbered, plain, plain.replace("_", "")))), None)


def _allowed(key: str) -> str | None:
    key = _ODD_NAMES.get(key, key)
    codec = aliases.get(key, key)
    codec = _WIDER.get(codec, codec)
    return codec if codec in _ALLOWED else None


def decode(raw: bytes, charset: str = "") -> tuple[str, str]:
    """``raw`` in ``charset`` as text, and a remark "" or «charset:…» where the declared one did not hold.

    Never raises: a charset that is unknown, forbidden or plainly wrong gives way to UTF-8, else UTF-16 by its look,
    else cp1252. Line ends are left as they are.
    """
    codec = codec_of(charset)
    if codec in (None, "ascii") or (codec in _LIKE_ASCII and raw.isascii()):
        return _guess(raw), f"charset:{charset[:40]}" if codec is None else ""
    if codec in _LATIN and (text := _strict(raw, "utf_8")) is not None:
        return text, f"charset:{charset[:40]}"
    text = _strict(raw, codec)
    if text is not None and not (codec.startswith("utf_16") and _looks_narrow(raw)):
        return text, ""
    return _mended(raw, codec), f"charset:{charset[:40]}"


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _looks_narrow(raw: bytes) -> bool:
    """It says UTF-16 and is not: hardly a NUL in it, and good UTF-8."""
    return (
        raw.count(0) * 10 < len(raw) and raw[:2] not in (b"\xff\xfe", b"\xfe\xff") and _strict(raw, "utf_8") is not None
    )


def _utf16_or(text: str, raw: bytes) -> str:
    """UTF-16 without a declaration shows by its NULs: every second octet of Western text."""
    nuls = raw[:2000].count(0)
    if nuls * 3 < min(len(raw), 2000):
        return text
    codec = "utf_16_be" if raw[0:2000:2].count(0) > nuls // 2 else "utf_16_le"
    return raw.decode(codec, "replace")


def _guess(raw: bytes) -> str:
    """Undeclared octets: a byte order mark, UTF-8, UTF-16 by its NULs, else cp1252."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf_16", "replace")
    return _utf16_or(raw.decode("ascii") if raw.isascii() else _mended(raw, "utf_8"), raw)


def _mended(raw: bytes, codec: str) -> str:
    """What ``codec`` gives where it mostly fits; else UTF-8 as far as it is that, every other octet as cp1252: servers
    put footers of one encoding below texts of another."""
    text = raw.decode(codec, "replace") if codec not in _LIKE_ASCII and _strict(raw, "utf_8") is None else ""
    if text and text.count("\ufffd") * 4 <= sum(character > "\x7f" for character in text):
        return text
    return raw.decode("utf_8", "surrogateescape").translate(_STRAY)


_STRAY = {0xDC00 + octet: bytes([octet]).decode("cp1252", "ignore") or chr(octet) for octet in range(0x80, 0x100)}
"""The surrogates that stand for octets which are no UTF-8 (PEP 383), as cp1252, with Latin-1 in its holes."""


def tidy(text: str) -> str:
    """``text`` with LF line ends, in NFC, without NUL, byte order marks, lone surrogates and endless accents."""
    text = text.replace("\r\n", "\n")
    if not is_printed(text):
        text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))
    return text if text.isascii() else unicodedata.normalize("NFC", _MARKS.sub(_calmed, text))


def _calmed(run: re.Match[str]) -> str:
    """At most 30 accents on one character: nobody writes more."""
    kept: list[str] = []
    height = 0
    for character in run[0]:
        height = height + 1 if unicodedata.combining(character) else 0
        if height <= _ACCENTS:
            kept.append(character)
    return "".join(kept)
