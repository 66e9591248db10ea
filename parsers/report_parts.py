"""What a report carries of the mail that it speaks of: fields, copies, Message-IDs, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from parsers import senders
from parsers.attachments import decoded
from parsers.headers import Budget, Headers, OverBudget, Raw, read_headers
from parsers.skeleton import Part

READ = 64 * 1024
"""Octets of a report's part, and characters of its text, that are looked at."""

COPIES = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)
"""The media types of a mail that comes along, whole or in its headers alone."""

_ANY = Budget(header_block=READ, header=READ, headers=5000)


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery status notification, a complaint or a non-delivery mail (RFC 3464, RFC 5965, and those without form).

    ``original_ids``: Message-IDs (without <>) of the mail it speaks of, in the order they were found; ``recipients``:
    the addresses that were not reached; ``action`` as in RFC 3464 (``failed``, ``delayed``, ``delivered`` …) or
    ``complaint``; ``status`` the enhanced code («5.1.1») or "".
    """

    action: str
    recipients: tuple[str, ...] = ()
    original_ids: tuple[str, ...] = ()
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True)
class Suspect:
    """A mail that may be a report; ``text`` is the beginning of all that can be read in it."""

    raw: Raw
    headers: Headers
    root: Part
    text: str

    @cached_property
    def leaves(self) -> tuple[Part, ...]:
        """Every part that holds content."""
        return tuple(self.root.leaves())

    @cached_property
    def copies(self) -> tuple[Headers, ...]:
        """The headers of every mail that comes along."""
        found = (self._fields(part) for part in self.leaves if part.media_type in COPIES)
        return tuple(headers for headers in found if headers)

    def _fields(self, part: Part) -> Headers | None:
        return _fields(self._content(part).lstrip())

    def blocks(self, part: Part) -> list[Headers]:
        """The groups of fields that empty lines part, in a status or feedback part."""
        blocks = re.split(rb"\r?\n[ \t]*\r?\n", self._content(part).strip())[:500]
        return [headers for headers in map(_fields, blocks) if headers is not None]

    def _content(self, part: Part) -> bytes:
        end = min(part.end, part.start + 2 * READ)
        return b"".join(decoded(self.raw, part.start, end, part.encoding))[:READ]

    def originals(self, blocks: Iterable[Headers] = ()) -> tuple[str, ...]:
        """Message-IDs of the mail that came back: of its copies, of the report's ``blocks``, of lines in the text."""
        return tuple(dict.fromkeys(self._originals(blocks)))

    def _originals(self, blocks: Iterable[Headers]) -> Iterator[str]:
        for copy in self.copies:
            yield from ids_in(copy.get("message-id"))
        for block in blocks:
            for name in ("original-message-id", "x-original-message-id", "original-envelope-id"):
                yield from ids_in(block.get(name))
        yield from _ID_LINE.findall(self.text)


def _fields(block: bytes) -> Headers | None:
    try:
        return read_headers(block, 0, len(block), _ANY)[0]
    except OverBudget:
        return None


_IDS = re.compile(r"<\s*([^<>\s]{1,900})\s*>")
_ID_LINE = re.compile(
    r"^[>|\s]{0,20}(?:x-)?(?:original-)?message[- ]?id\s*[:=]\s*<\s*([^<>\s]{1,900})\s*>", re.IGNORECASE | re.MULTILINE
)
_STATUS = re.compile(r"(?<![\w.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\w)")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'`]{1,200}@[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,60}){0,8}")


def ids_in(text: str) -> list[str]:
    """Every Message-ID in angle brackets, without them."""
    return _IDS.findall(text)


def status_in(text: str) -> str:
    """The first enhanced status code (RFC 3463), «5.1.1», which is no part of an IP address; "" for none."""
    found = _STATUS.search(text)
    return found[0] if found else ""


def addresses_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Every bare address in ``texts``, each once."""
    found = (senders.bare(address) for text in texts for address in _ADDRESS.findall(text[:2000]))
    return tuple(dict.fromkeys(filter(None, found)))
