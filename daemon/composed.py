"""A letter as octets: what daemon/writing makes of it, daemon/store keeps and daemon/mail sends."""

from __future__ import annotations

from dataclasses import dataclass

from rules.letters import Grant
from rules.ticket import Side

AttachmentPart = tuple[bytes, str]
"""A part's header, and the digest of the file that is its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Its exact bytes: ``head``, each attachment behind its part header, ``tail``."""

    head: bytes = b""
    attachments: tuple[AttachmentPart, ...] = ()
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class Composed(Content):
    """A letter ready for the outbox.

    ``message_id`` stands without angle brackets. ``subject_key`` is what a reply's subject is looked up by, "" where
    nothing threads. ``grants`` pairs the digest (SHA-256 of the upper-case token) with what its bearer may do.
    """

    subject: str
    message_id: str
    subject_key: str = ""
    side: Side | str = ""
    number: str = ""
    grants: tuple[tuple[bytes, Grant], ...] = ()
