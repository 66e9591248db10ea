"""What a mail says: raw bytes become one frozen :class:`Mail`.

Nothing here decides anything; nothing here reads a file or a socket.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address header: a bare addr-spec (domain in lower case) and the decoded display name."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail.

    ``name`` is for people, cleaned of controls and path parts, never a path; ``size`` in bytes and ``digest`` (SHA-256,
    hex) are those of the decoded content. Where the content lies: ``span`` is (start, end, transfer encoding) in
    the raw mail, so that a large file is never held in memory; ``content`` holds it where there is no such place
    (unpacked from winmail.dat).
    """

    name: str
    media_type: str
    size: int
    digest: str
    inline: bool = False
    span: tuple[int, int, str] | None = field(default=None, compare=False)
    content: bytes | None = field(default=None, compare=False, repr=False)


AutomaticCause = Literal[
    "auto_submitted", "list", "precedence", "report", "receipt", "calendar", "vendor", "own", "weak_marks"
]


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


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as read.

    Texts have LF line ends, are NFC and free of NUL and lone surrogates. Addresses are bare. ``subject`` is the
    cleaned one of spec 1.3 with its prefixes kept. ``body`` is what the author's text part (or, where that is missing,
    empty or a stub, the HTML) says, whole: quoted history and signature stand in it. ``visible`` is the new text alone.
    ``digest`` covers From, Date, Subject and body without trace headers: copies of one mail share it.
    """

    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sender: str = ""
    """The bare address of the one From mailbox; "" where From is not exactly one address without defects."""
    sender_name: str = ""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    delivered_to: tuple[str, ...] = ()
    """Delivered-To and X-Original-To, in this order."""
    return_path: str | None = None
    """None: no such header; "": the null sender."""
    subject: str = ""
    date: datetime | None = None
    body: str = ""
    visible: str = ""
    body_source: Literal["text", "html", "none"] = "none"
    attachments: tuple[Attachment, ...] = ()
    automatic: AutomaticCause | None = None
    out_of_office: bool = False
    report: Report | None = None
    encrypted: Literal["", "smime", "pgp"] = ""
    auth_results: tuple[str, ...] = ()
    """Authentication-Results above the first foreign Received, topmost first, unfolded."""
    own_marks: bool = False
    """It carries X-Acuse-* headers: a letter of ours, or a copy of one."""
    digest: str = ""
    size: int = 0
    """Octets of the raw mail."""
    remarks: tuple[str, ...] = ()
    """What was odd and mended, as short codes for the ledger: ``charset:unknown-8``, ``headers:bare-cr`` …"""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits checked before and while parsing (spec 4, A22 to A26). Sizes in bytes."""

    header_block: int = 64 * 1024
    header: int = 8 * 1024
    headers: int = 500
    depth: int = 20
    parts: int = 200
    text: int = 2 * 1024 * 1024
    """Decoded text of one part that is read; the rest stays in the raw mail alone."""


class OverBudget(ValueError):
    """The mail goes over a parsing budget; the text says which. Its verdict is ``quarantined``."""
