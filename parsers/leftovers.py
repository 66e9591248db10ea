"""What gateways leave of an encoding in a text that they decoded too seldom, and the text without it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from parsers.spelling import is_broken, repair

# An expression that begins with a plain character is found several times as fast as a repeated group.
_SOFT_BREAK = re.compile(r"=[ \t]*\n")
_QUOTED = re.compile(r"=[0-9A-F]{2}(?:=[0-9A-F]{2})*")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*")
_TAG = re.compile(r"</?(?:b|i|u|p|br|div|em|font|h[1-6]|li|ol|span|strong|t[dr]|ul)\b[^<>@\n]{0,200}>", re.IGNORECASE)
_CODE = re.compile(r"\[/?(?:b|i|u|color|size|font|list|\*)(?:=[^\[\]\n]{0,40})?\]", re.IGNORECASE)


def _misread(text: str) -> str:
    """UTF-8 that was read as windows-1252, line by line, since not every line shows the signs."""
    return "\n".join(repair(line, known_broken=True) for line in text.split("\n")) if is_broken(text) else text


def _quoted_printable(text: str) -> str:
    return _QUOTED.sub(_octets, _SOFT_BREAK.sub("", text)) if _QUOTED.search(text) else text


def _percent(text: str) -> str:
    return _PERCENT.sub(_octets, text)


def _octets(run: re.Match[str]) -> str:
    octets = bytes.fromhex(run[0].replace(run[0][0], "")).replace(b"\r\n", b"\n")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def _entities(text: str) -> str:
    return html.unescape(text.replace("&amp;", "&")) if "&" in text else text


def _tags(text: str) -> str:
    return _CODE.sub("", _TAG.sub("", text))


UNDOINGS: tuple[Callable[[str], str], ...] = (_misread, _quoted_printable, _percent, _entities, _tags)
"""Each gives the text without what one encoding left in it, the same text where it finds none. What an author wrote
about encodings looks just like it: whoever uses them has to see that the text gains."""
