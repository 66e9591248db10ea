"""`mailto:` links (RFC 6068) that every client opens as they were meant: only subject and body, all percent-encoded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

MAX_LENGTH = 1900
"""Encoded characters. Over 2,048 browsers on Windows open nothing, without a word."""

_LABEL = re.compile(r"[^\n:]{1,80}: ?")


def mailto(to: str, subject: str, body: str = "") -> str:
    """The link that opens a mail to ``to``; a body too long for it is shortened as :func:`fitting_body` does.

    Raises ValueError where even without a body the link would be longer than MAX_LENGTH.
    """
    if len(_link(to, subject, "")) > MAX_LENGTH:
        raise ValueError(f"a mailto: link of over {MAX_LENGTH} characters without its body: {subject[:60]!r}")
    whole = _link(to, subject, body)
    return whole if len(whole) <= MAX_LENGTH else _link(to, subject, fitting_body(to, subject, _blocks(body))[0])


def fitting_body(to: str, subject: str, lines: Sequence[str]) -> tuple[str, bool]:
    """The body that ``lines`` (each one field, its value of one line or more) make, short enough for a link.

    Where it is too long, the longest values are left out, the longest first, and their labels stay; a line without a
    label goes altogether. The second value tells whether anything was left out.
    """
    kept: list[str] = list(lines)
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
    link = f"mailto:{quote(to, safe='@')}?subject={quote(subject, safe='')}"
    if not body:
        return link
    crlf = "\r\n".join(re.split(r"\r\n?|\n", body))
    return f"{link}&body={quote(crlf, safe='')}"


def _blocks(body: str) -> list[str]:
    """``body`` as fields: a line without a label belongs to the one above it, an instruction in brackets to none."""
    blocks: list[str] = []
    for line in re.split(r"\r\n?|\n", body):
        if blocks and line and not _LABEL.match(line) and not line.startswith("["):
            blocks[-1] += "\n" + line
        else:
            blocks.append(line)
    return blocks
