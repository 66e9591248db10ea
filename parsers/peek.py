"""A look at a mail that cannot be parsed: what an admin is shown of it. Never more than its first octets, no decoding
of parts, nothing that could run long.
"""

from __future__ import annotations

import re

from parsers.encoded_words import decode_words

LOOKED_AT = 8 * 1024
"""Octets from the beginning."""
SHOWN = 300
"""Characters of each value."""

_HEADER = re.compile(r"^(from|subject):[ \t]*([^\n]{0,1000})", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r"[^\s<>@\",;:()\[\]]{1,64}@[^\s<>@\",;:()\[\]]{1,255}")


def peek(raw: bytes) -> tuple[str, str, str]:
    """Sender, subject and the beginning of the text, as far as they can be seen at once; each may be ""."""
    head, _, body = raw[:LOOKED_AT].decode("utf-8", "replace").replace("\r\n", "\n").partition("\n\n")
    found: dict[str, str] = {}
    for name, value in _HEADER.findall(head):
        found.setdefault(name.lower(), value)
    sender = _ADDRESS.search(found.get("from", ""))
    return sender[0].lower() if sender else "", _harmless(decode_words(found.get("subject", ""))), _harmless(body)


def _harmless(text: str) -> str:
    """One line of letters that can be shown, without what is invisible or turns the direction of writing."""
    visible = "".join(each if each.isprintable() else " " for each in text[: SHOWN * 4])
    return " ".join(visible.split())[:SHOWN]
