"""The text of a winmail.dat that Outlook wrote as compressed RTF alone, often a page wrapped in it (MS-OXRTFEX).

A reader of our own: the libraries for it follow a sender's patterns and numbers without a bound. Here every octet is
looked at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from parsers import charsets
from parsers.lzfu import decompress

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,9})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\",
    re.DOTALL,
)
_WORDS = {"par": "\n", "line": "\n", "row": "\n", "sect": "\n", "page": "\n", "tab": "\t", "cell": "\t"} | {
    "bullet": "•", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
}  # fmt: skip
_SIGNS = {"~": "\xa0", "_": "-", "\n": "\n", "\r": "\n", "\\": "\\", "{": "{", "}": "}"}
_NO_TEXT = frozenset({
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "filetbl", "listtable", "revtbl",
    "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf",
})  # fmt: skip
_FONT_CHARSETS = {
    128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258",
    177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds until the brace closes. ``skipped``: octets that stand in for a character, after it."""

    shown: bool = True
    rendering: bool = False
    font: int = -1
    skipped: int = 1


def read(compressed: bytes) -> tuple[str, str]:
    """The text, or else the HTML, that a PidTagRtfCompressed holds; both empty where it is none, or over the limit."""
    try:
        reader = _Reader(decompress(compressed))
    except ValueError:
        return "", ""
    return ("", reader.text()) if reader.page else (reader.text(), "")


class _Reader:
    """Reads RTF once from the beginning to the end. ``page``: it wraps HTML, which is what is read of it then."""

    def __init__(self, rtf: bytes) -> None:
        self.page = re.search(rb"\\fromhtml1?\b", rtf[:2000]) is not None
        self._rtf = rtf
        self._group, self._outer = _Group(), list[_Group]()
        self._code_page, self._fonts = "cp1252", dict[int, str]()
        self._standing_in, self._starred = 0, False
        self._found, self._octets = list[str](), bytearray()

    def text(self) -> str:
        """Of the RTF, or the source of the page that it wraps."""
        at = 0
        while token := _TOKEN.match(self._rtf, at):
            at = token.end() + self._read(*token.groups())
        self._flush()
        whole = "".join(self._found).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return charsets.tidy(whole)

    def _read(self, word: bytes, number: bytes, code: bytes, sign: bytes, brace: bytes, run: bytes) -> int:
        """One token; how many octets behind it are no RTF."""
        if run or code:
            self._add_octets(run or bytes.fromhex(code.decode()))
        elif brace:
            self._brace(brace)
        elif sign == b"*":
            self._starred = True
        elif sign:
            self._add(_SIGNS.get(sign.decode("latin-1"), ""))
        elif word == b"bin":
            return max(0, int(number or 0))
        elif word:
            self._word(word.decode(), int(number) if number else None)
        return 0

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self._standing_in, self._starred = 0, False
        if brace == b"{":
            self._outer.append(self._group)
        elif self._outer:
            self._group = self._outer.pop()

    def _word(self, word: str, number: int | None) -> None:
        starred, self._starred, self._standing_in = self._starred, False, 0
        if word in _NO_TEXT or (starred and not (self.page and word == "htmltag")):
            self._become(shown=False)
        elif word == "htmlrtf":
            self._become(rendering=self.page and number != 0)
        elif word == "ansicpg" and number:
            self._code_page = f"cp{number}"
        elif word == "f" and number is not None:
            self._become(font=number)
        elif word == "fcharset" and number in _FONT_CHARSETS:
            self._fonts[self._group.font] = _FONT_CHARSETS[number]
        elif word == "uc":
            self._become(skipped=max(0, number or 0))
        elif word == "u" and number is not None:
            self._add(chr(number & 0xFFFF))
            self._standing_in = self._group.skipped
        else:
            self._add(_WORDS.get(word, ""))

    def _become(self, **changed: bool | int) -> None:
        self._flush()
        self._group = replace(self._group, **changed)  # type: ignore[arg-type]

    def _add(self, text: str) -> None:
        self._flush()
        if self._is_read():
            self._found.append(text)

    def _add_octets(self, octets: bytes) -> None:
        behind = octets[self._standing_in :]
        self._standing_in = max(0, self._standing_in - len(octets))
        if self._is_read():
            self._octets += behind

    def _is_read(self) -> bool:
        return self._group.shown and not self._group.rendering

    def _flush(self) -> None:
        """Octets become text together: a character may be two of them."""
        if self._octets:
            charset = self._fonts.get(self._group.font, self._code_page)
            self._found.append(charsets.decode(bytes(self._octets), charset)[0])
            self._octets.clear()
