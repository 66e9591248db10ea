"""The tags of HTML, in one pass: no tree, since only they and their places matter to whoever cuts text out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TAG_CHARACTERS = 4000  # a tag longer than this is text
_TAG_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)")
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,40})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_RAW = frozenset({"style", "script", "title", "textarea"})


@dataclass(frozen=True, slots=True)
class Tag:
    """A start or end tag from ``start`` up to ``end``; ``attributes`` as they stand in it."""

    start: int
    end: int
    name: str
    closing: bool
    attributes: str

    def values(self) -> dict[str, str]:
        """The attributes, names and values in lower case."""
        return {m[1].lower(): (m[2] or m[3] or m[4] or "").lower() for m in _ATTRIBUTE.finditer(self.attributes)}


def tags_in(html: str) -> Iterator[Tag]:
    """The tags in order; comments and what browsers do not show are passed over."""
    at, gone = 0, set[str]()
    while (start := html.find("<", at)) >= 0:
        if html.startswith("<!--", start):
            at = _after(html, "-->", start + 4, gone) or start + 4
            continue
        match = _TAG_NAME.match(html, start)
        end = _tag_end(html, match.end()) if match else -1
        if not match or end < 0:
            at = start + 1
            continue
        name, closing = match[2].lower(), bool(match[1])
        yield Tag(start, end, name, closing, "" if closing else html[match.end() : end - 1])
        at = end
        if name in _RAW and not closing:
            at = _after(html, f"</{name}", end, gone) or end


def _after(html: str, mark: str, at: int, gone: set[str]) -> int:
    """The place of ``mark`` from ``at`` on, 0 where there is none; looked for in vain only once."""
    if mark in gone:
        return 0
    found = re.compile(re.escape(mark), re.IGNORECASE).search(html, at)
    if not found:
        gone.add(mark)
    return found.start() if found else 0


def _tag_end(html: str, at: int) -> int:
    """The place after the «>» that ends a tag, quoted values passed over; -1 where it has none within reach."""
    limit = min(len(html), at + _TAG_CHARACTERS)
    while at < limit:
        close = html.find(">", at, limit)
        if close < 0:
            return -1
        quote = min((place for mark in "\"'" if (place := html.find(mark, at, close)) >= 0), default=-1)
        if quote < 0:
            return close + 1
        matching = html.find(html[quote], quote + 1, limit)
        if matching < 0:
            return close + 1
        at = matching + 1
    return -1
