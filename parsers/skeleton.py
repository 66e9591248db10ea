"""The MIME skeleton: where every part of a mail lies, found without copying or decoding a body.

One pass over the octets looks for the boundaries that are open. The bodies of the leaves are cut out and a number left
in their place; that skeleton, a few hundred octets whatever the mail's size, is what mail-parser reads into a tree
(the standard library where mail-parser raises). An attached mail is a leaf: nobody looks for text in it.
"""

from __future__ import annotations

import email
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import Message
from functools import lru_cache

from parsers import encoded_words
from parsers.headers import Budget, Headers, OverBudget, Raw, read_headers

logging.getLogger("mailparser").setLevel(logging.CRITICAL)  # it complains of every part that is no text

_FALSE_BOUNDARIES = 10_000
"""Lines that only begin like a boundary: more of them are an attack on the search."""


@dataclass(frozen=True)
class Part:
    """One leaf or container: its headers, and where its encoded body lies (``start``, ``end``) in the raw mail.

    ``media_type`` is in lower case, ``text/plain`` where nothing sensible is declared; ``encoding`` is ``base64``,
    ``quoted-printable``, ``uuencode`` or "".
    """

    headers: Headers
    media_type: str
    parameters: dict[str, str]
    start: int = 0
    end: int = 0
    children: tuple[Part, ...] = field(default=(), repr=False)

    @property
    def encoding(self) -> str:
        """The transfer encoding that has to be undone, or ""."""
        word = _WORD.search(self.headers.get("content-transfer-encoding"))
        return _ENCODINGS.get(word[0].lower().translate(_LINES_WITHIN), "") if word else ""

    def leaves(self) -> Iterator[Part]:
        """Every part that holds content, in the order of the mail."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


_WORD = re.compile(r"[\w-]+")
_LINES_WITHIN = str.maketrans("", "", "-_")
_ENCODINGS = {
    "base64": "base64",
    "b64": "base64",
    "quotedprintable": "quoted-printable",
    "xuuencode": "uuencode",
    "uuencode": "uuencode",
    "xuue": "uuencode",
    "uue": "uuencode",
}
"""Compared without the lines within a word, which some programs forget or turn into others («quoted_printable»)."""


def read_parts(raw: Raw, headers: Headers, body: int, budget: Budget) -> Part:
    """The tree of parts of a mail whose own ``headers`` end where ``body`` begins. Raises OverBudget."""
    media_type, parameters = media_type_of(headers)
    if not (media_type.startswith("multipart/") and parameters.get("boundary")):
        check_nesting(raw, media_type, body, budget)
        return Part(headers, media_type, parameters, body, len(raw))
    cutter = _Cutter(raw, budget)
    cutter.cut(headers, body)
    return _tree(_read(b"".join(cutter.skeleton)), cutter.leaves, headers)


_HALF_TYPES = {"text": "text/plain", "multipart": "multipart/mixed"}
"""What is meant by a type that forgets its second half."""


def media_type_of(headers: Headers) -> tuple[str, dict[str, str]]:
    """Media type and parameters of a part; what cannot be one counts as plain text (RFC 2045, 5.2)."""
    media_type, parameters = encoded_words.read_value(headers.get("content-type"))
    if media_type.count("/") != 1 or " " in media_type:
        media_type = _HALF_TYPES.get(media_type, "text/plain")
    return media_type, parameters


def check_nesting(raw: Raw, media_type: str, body: int, budget: Budget) -> None:
    """A mail in a mail in a mail …: more than ``budget.depth`` of them raises OverBudget."""
    for _ in range(budget.depth):
        if media_type != "message/rfc822":
            return
        headers, body = read_headers(raw, body, len(raw), budget)
        media_type, _ = media_type_of(headers)
    raise OverBudget(f"nested deeper than {budget.depth}")


class _Cutter:
    """Walks the boundaries of one mail from top to bottom and writes its skeleton."""

    def __init__(self, raw: Raw, budget: Budget) -> None:
        self.raw, self.budget = raw, budget
        self.skeleton: list[bytes] = []
        self.leaves: list[Part] = []
        self.open: list[tuple[bytes, int]] = []
        """The open boundaries, outermost first, and the number that each has in the skeleton."""
        self.next: dict[bytes, int] = {}
        """Where each boundary's next line was found, so that each is looked for but once."""
        self.count = self.false = 0

    def cut(self, headers: Headers, body: int) -> None:
        position = self._part(headers, body)
        while self.open:
            _, level, closing, after = self._boundary(position)
            if level < 0:
                return
            del self.open[level + 1 :]
            mark = b"\n--%d" % self.open[level][1]
            if closing:
                self.skeleton.append(mark + b"--\n")
                del self.open[level:]
                position = after
                continue
            self.skeleton.append(mark + b"\n")
            headers, body = read_headers(self.raw, after, self._limit(after), self.budget)
            position = self._part(headers, body)

    def _limit(self, start: int) -> int:
        """Headers never run over the next boundary."""
        found, level, _, _ = self._boundary(start)
        return found if level >= 0 else len(self.raw)

    def _part(self, headers: Headers, body: int) -> int:
        """Write one part's headers and, for a leaf, its number. Returns where to look for the next boundary."""
        self.count += 1
        if self.count > self.budget.parts:
            raise OverBudget(f"more than {self.budget.parts} parts")
        media_type, parameters = media_type_of(headers)
        boundary = parameters.get("boundary", "").rstrip().encode("utf-8", "ignore")
        if media_type.startswith("multipart/") and boundary:
            if len(self.open) >= self.budget.depth:
                raise OverBudget(f"nested deeper than {self.budget.depth}")
            self.open.append((boundary, self.count))
            if self._opens(body):
                self._write(f'{media_type}; boundary="{self.count}"', headers)
                return body
            self.open.pop()
        found, level, _, _ = self._boundary(body)
        end = found if level >= 0 else len(self.raw)
        check_nesting(self.raw, media_type, body, self.budget)
        self._write(media_type, headers)
        self.skeleton.append(b"%d" % len(self.leaves))
        self.leaves.append(Part(headers, media_type, parameters, body, max(body, end)))
        return end

    def _opens(self, body: int) -> bool:
        """Whether the innermost boundary really comes before any outer one."""
        _, level, closing, _ = self._boundary(body)
        return level == len(self.open) - 1 and not closing

    def _write(self, content_type: str, headers: Headers) -> None:
        disposition = encoded_words.read_value(headers.get("content-disposition"))[0]
        if content_type.startswith("multipart/") or "content-type" in headers:
            self.skeleton.append(f"Content-Type: {content_type}\n".encode("ascii", "replace"))
        if disposition in ("attachment", "inline"):
            self.skeleton.append(f"Content-Disposition: {disposition}\n".encode("ascii"))
        self.skeleton.append(b"\n")

    def _boundary(self, position: int) -> tuple[int, int, bool, int]:
        """The next line that is an open boundary: where the body before it ends, its level (-1: none), whether it
        closes, and where the next line begins."""
        best, best_level = len(self.raw), -1
        for level in range(len(self.open) - 1, -1, -1):
            at = self._find(self.open[level][0], position)
            if at >= 0 and (at < best or best_level < 0):
                best, best_level = at, level
        if best_level < 0:
            return len(self.raw), -1, False, len(self.raw)
        line_start = best + 1 if self.raw[best : best + 1] == b"\n" else best
        tail = _TAIL.match(self.raw, line_start + 2 + len(self.open[best_level][0]))
        assert tail is not None
        end = best - 1 if best > 0 and self.raw[best - 1 : best] == b"\r" else best
        return end, best_level, bool(tail[1]), tail.end()

    def _find(self, boundary: bytes, position: int) -> int:
        """Where the next line of ``boundary`` begins (with the line end before it) at or after ``position``, or -1."""
        known = self.next.get(boundary, -2)
        if known == -1 or known >= position - 1:
            return known
        at = max(position - 1, 0)
        needle = b"\n--" + boundary
        while (at := self.raw.find(needle, at)) >= 0:
            if _TAIL.match(self.raw, at + len(needle)):
                break
            self.false += 1
            if self.false > _FALSE_BOUNDARIES:
                raise OverBudget("lines that only look like boundaries")
            at += 1
        self.next[boundary] = at
        return at


_TAIL = re.compile(rb"(--)?[ \t]*\r?(?:\n|\Z)")


@lru_cache(maxsize=64)
def _read(skeleton: bytes) -> Message:
    """The tree as mail-parser reads it; it raises on some nested multiparts, the standard library does not. Mails of
    one client have the same skeletons: their trees are kept."""
    from mailparser import MailParser  # only the process that parses pays for it

    try:
        message = MailParser.from_bytes(skeleton).message
    except Exception:  # noqa: BLE001 - whatever it raises, the fallback reads the same octets
        message = None
    return message if isinstance(message, Message) else email.message_from_bytes(skeleton)


def _tree(message: Message, leaves: list[Part], headers: Headers) -> Part:
    """The parts again as a tree: a leaf's payload in the skeleton is its number."""
    payload = message.get_payload()
    media_type = message.get_content_type()
    if message.get_content_maintype() == "multipart" and isinstance(payload, list):
        children = tuple([_tree(child, leaves, Headers()) for child in payload if isinstance(child, Message)])
        return Part(headers, media_type, media_type_of(headers)[1], children=children)
    number = _number(payload)
    if number >= len(leaves):
        return Part(headers, media_type, {})
    leaf = leaves[number]
    return leaf if leaf.media_type == media_type else replace(leaf, media_type=media_type)


def _number(payload: object) -> int:
    while isinstance(payload, list) and payload:
        payload = payload[0].get_payload()
    text = str(payload).strip()
    return int(text) if text.isdigit() else sys.maxsize
