"""`mailto:` links (RFC 6068) that every client opens as they were meant: only subject and body, all percent-encoded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote, unquote

MAX_LENGTH = 1900
"""Encoded characters. Over 2,048 browsers on Windows open nothing, without a word."""

_LINE_END = re.compile(r"\r\n?|\n")
_LABEL = re.compile(r"(?!\[)[^\n:]{1,80}: ?")


def mailto(to: str, subject: str, body: str = "") -> str:
    """The link that opens a mail to ``to``; a body too long for it is shortened as :func:`fitting_body` does.

    Raises ValueError where even without a body the link would be longer than MAX_LENGTH.
    """
    whole = _link(to, subject, body)
    if len(whole) <= MAX_LENGTH:
        return whole
    if len(_link(to, subject, "")) > MAX_LENGTH:
        raise ValueError(f"a mailto: link of over {MAX_LENGTH} characters without its body: {subject[:60]!r}")
    return _link(to, subject, fitting_body(to, subject, _LINE_END.split(body))[0])


def fitting_body(to: str, subject: str, lines: Sequence[str], notes: Sequence[str] = ()) -> tuple[str, bool]:
    """The body that ``lines`` (each a field, or a line of one) make, short enough for a link, with ``notes`` below.

    Where it is too long, the notes go first, the longest before the others; the last, which says how it is sent, stays.
    Then the longest values are left out whole, and their labels stay; a line that belongs to no label goes altogether.
    The second value tells whether anything but a note was left out.
    """
    told = list(notes)
    while len(told) > 1 and len(_link(to, subject, "\n".join([*lines, *told]))) > MAX_LENGTH:
        told.remove(max(told[:-1], key=len))
    kept = _fields([*lines, *told])
    shortened = False
    while kept and len(_link(to, subject, "\n".join(kept))) > MAX_LENGTH:
        longest = max(range(len(kept)), key=lambda i: len(quote(kept[i])))
        label = _LABEL.match(kept[longest])
        bare = label[0] if label else ""
        kept[longest : longest + 1] = [bare] if bare and bare != kept[longest] else []
        shortened = True
    return "\n".join(kept), shortened


def read_mailto(url: str) -> tuple[str, str, str]:
    """Address, subject and body of a link that :func:`mailto` wrote; the body with LF line ends."""
    address, _, query = url.removeprefix("mailto:").partition("?")
    parts = dict(part.partition("=")[::2] for part in query.split("&"))
    subject, body = (unquote(parts.get(key, "")) for key in ("subject", "body"))
    return unquote(address), subject, body.replace("\r\n", "\n")


def _link(to: str, subject: str, body: str) -> str:
    """A space at a line's end is left off: Thunderbird's plain text takes it for a soft break and joins the next line
    to it (RFC 3676), which made one line of an empty form."""
    link = f"mailto:{_encoded(to, '@')}?subject={_encoded(subject)}"
    if not body:
        return link
    crlf = "\r\n".join(line.rstrip(" ") for line in _LINE_END.split(body))
    return f"{link}&body={_encoded(crlf)}"


def _encoded(text: str, safe: str = "") -> str:
    """Percent-encoded; short texts are kept, because the forms of actions are the same in every letter."""
    return _kept(text, safe) if len(text) <= MAX_LENGTH else _quoted(text, safe)


def _quoted(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="replace")


_kept = lru_cache(maxsize=1024)(_quoted)


def _fields(lines: Sequence[str]) -> list[str]:
    """``lines`` with each value in one piece: what follows a label belongs to it, instructions in brackets do not."""
    fields: list[str] = []
    for line in lines:
        if fields and _LABEL.match(fields[-1]) and not _LABEL.match(line) and not line.startswith("["):
            fields[-1] += "\n" + line
        else:
            fields.append(line)
    return fields
