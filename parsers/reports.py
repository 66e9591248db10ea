"""Reports about a mail: delivery status notifications (RFC 3464), complaints (RFC 5965), and bounces without a form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from parsers import senders
from parsers.attachments import decoded
from parsers.headers import Budget, Headers, OverBudget, Raw, read_headers
from parsers.phrases import (
    COMPLAINT_SUBJECT,
    COMPLAINT_TEXT,
    DELAY,
    FAILURE_SUBJECT,
    FAILURE_TEXT,
    MACHINE_SENDER,
    MASTER_SENDER,
    NOBODY_SENDER,
    one_of,
)
from parsers.skeleton import Part

_READ = 64 * 1024
"""Octets of a report's part that are looked at."""
_ANY = Budget(header_block=_READ, header=_READ, headers=5000)


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


def read_report(raw: Raw, headers: Headers, root: Part, text: str) -> Report | None:
    """What the mail reports, or None where it is no report.

    ``text`` is the whole readable text of the mail.
    """
    if _is_list_post(headers, root):
        return None
    leaves = list(root.leaves())
    for media_type, reader in _FORMS:
        for part in leaves:
            if part.media_type == media_type and (root.media_type == "multipart/report" or sender_weight(headers)):
                return reader(raw, part, leaves, text)
    if _is_complaint(raw, headers, leaves, text):
        hidden = [value for block in (headers, *_copies(raw, leaves)) for value in block.all(_HOTMAIL)]
        return Report("complaint", _addresses(hidden), _originals(raw, leaves, text))
    if notice := _cloud_notice(text):
        return notice
    if not _is_bounce(raw, headers, root, leaves, text):
        return None
    return _unformed(raw, headers, leaves, text)


def _status(raw: Raw, part: Part, leaves: list[Part], text: str) -> Report:
    """A DSN: the worst that befell any recipient is its action."""
    blocks = list(_blocks(_content(raw, part)))
    actions = [block.get("action").split(" ")[0].split(";")[0].strip().lower() for block in blocks if "action" in block]
    action = next((action for action in _WORST_FIRST if action in actions), "")
    recipients = [
        block.get("original-recipient") or block.get("final-recipient")
        for block in blocks
        if block.get("action").lower().startswith(action or "")
        and ("final-recipient" in block or "original-recipient" in block)
    ]
    status = next((found[0] for block in blocks if (found := _STATUS.search(block.get("status")))), "")
    diagnostic = next((block.get("diagnostic-code") for block in blocks if "diagnostic-code" in block), "")
    return Report(
        action or _action_of(text, status),
        _addresses(recipients),
        _originals(raw, leaves, text, blocks),
        status,
        diagnostic.partition(";")[2].strip()[:500] or diagnostic[:500],
    )


_WORST_FIRST = ("failed", "delayed", "expanded", "relayed", "delivered")


def _complaint(raw: Raw, part: Part, leaves: list[Part], text: str) -> Report:
    blocks = list(_blocks(_content(raw, part)))
    recipients = [value for block in blocks for value in block.all("original-rcpt-to") + block.all("removal-recipient")]
    kind = next((block.get("feedback-type") for block in blocks if "feedback-type" in block), "")
    return Report("complaint", _addresses(recipients), _originals(raw, leaves, text, blocks), "", kind)


_FORMS = (
    ("message/feedback-report", _complaint),
    ("message/delivery-status", _status),
    ("message/global-delivery-status", _status),
)


def _content(raw: Raw, part: Part) -> bytes:
    end = min(part.end, part.start + 2 * _READ)
    return b"".join(decoded(raw, part.start, end, part.encoding))[:_READ]


def _blocks(content: bytes) -> Iterator[Headers]:
    """The groups of fields that empty lines part, in a status or feedback part."""
    for block in re.split(rb"\r?\n[ \t]*\r?\n", content.strip())[:500]:
        if (headers := _fields(block)) is not None:
            yield headers


def _fields(block: bytes) -> Headers | None:
    try:
        return read_headers(block, 0, len(block), _ANY)[0]
    except OverBudget:
        return None


def _originals(raw: Raw, leaves: Iterable[Part], text: str, blocks: Iterable[Headers] = ()) -> tuple[str, ...]:
    """Message-IDs of the mail that came back: of the copy of it, of the report's fields, of lines in the text."""
    found = [name for copy in _copies(raw, leaves) for name in _IDS.findall(copy.get("message-id"))]
    for block in blocks:
        for name in ("original-message-id", "x-original-message-id", "original-envelope-id"):
            found += _IDS.findall(block.get(name))
    found += _ID_LINE.findall(text[:_READ])
    return tuple(dict.fromkeys(found))


_COPIES = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)


def _copies(raw: Raw, leaves: Iterable[Part]) -> Iterator[Headers]:
    """The headers of every mail that comes along, whole or in its headers alone."""
    for part in leaves:
        if part.media_type in _COPIES and (inner := _fields(_content(raw, part).lstrip())):
            yield inner


_IDS = re.compile(r"<\s*([^<>\s]{1,900})\s*>")
_ID_LINE = re.compile(
    r"^[>|\s]{0,20}(?:x-)?(?:original-)?message[- ]?id\s*[:=]\s*<\s*([^<>\s]{1,900})\s*>", re.IGNORECASE | re.MULTILINE
)
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'`]{1,200}@[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,60}){0,8}")


def _addresses(values: Iterable[str]) -> tuple[str, ...]:
    found = (senders.bare(address) for value in values for address in _ADDRESS.findall(value[:2000]))
    return tuple(dict.fromkeys(filter(None, found)))


# --- reports without a form -------------------------------------------------------------------------------------------

_CODE = one_of(r"""
    \b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b
    \b[45]\.\d\.\d{1,2}\b
    \b(?:4[25]\d|5[05]\d)[ -]\S
    \bstatus: ?[45]\.
""")
_ORIGINAL = re.compile(
    r"^[>|\s]{0,20}(?:message-id|received|return-path|from|to|subject|date|x-mailer):\s", re.IGNORECASE | re.MULTILINE
)
_STATUS_FIELDS = re.compile(r">(?<=^>)[>|\s]{0,20}final-recipient:\s", re.IGNORECASE | re.MULTILINE)
_UNQUOTED = re.compile(r"^(?!>)[^\n]*\S[^\n]*$", re.MULTILINE)


_BOUNCE_HEADERS = ("x-failed-recipients", "x-ms-exchange-message-is-ndr")


def _is_bounce(raw: Raw, headers: Headers, root: Part, leaves: list[Part], text: str) -> bool:
    """Marks are weighed, since one alone is nothing: people redirect mail with a null sender, and postmasters write."""
    if any(name in headers for name in _BOUNCE_HEADERS) or root.parameters.get("report-type") == "delivery-status":
        return True
    text = text[:_READ]
    if _STATUS_FIELDS.search(text) and len(_UNQUOTED.findall(text)) <= 1:
        return True  # a status notification that somebody forwarded without a word
    sender = sender_weight(headers)
    if not sender:
        return False
    returned = _returns_original(leaves, text)
    if sender == 1 and not returned:
        return False  # newsletters, too, come from nobody and tell of bounces
    weight = sender + 2 * bool(FAILURE_SUBJECT.search(headers.text("subject"))) + 2 * bool(FAILURE_TEXT.search(text))
    weight += returned + (_is_systems(headers) and bool(_CODE.search(text)))
    return weight >= 5 or (weight >= 2 and _is_systems(headers) and _known_to_library(raw))


def sender_weight(headers: Headers) -> int:
    """How far the mail comes from a mail system, by its From and by a null return path: 3 or more is a machine."""
    null = "return-path" in headers and bool(_NULL_PATH.match(headers.get("return-path")))
    return _from_weight(headers) + 2 * null


def _from_weight(headers: Headers) -> int:
    return _weight(" ".join(headers.all("from"))) if "from" in headers else 0


@lru_cache(maxsize=16)
def _weight(sender: str) -> int:
    if MACHINE_SENDER.search(sender) or sender.strip() in ("", "<>"):
        return 3
    if MASTER_SENDER.search(sender):
        return 2
    return 1 if NOBODY_SENDER.search(sender) else 0


def _is_systems(headers: Headers) -> bool:
    """By its From: what a person writes about a bounce, and a rule redirects with a null sender, is none."""
    return _from_weight(headers) > 0


_NULL_PATH = re.compile(r"\s*<?\s*(?:mailer-daemon|double-bounce)?\s*(?:[@>]|$)", re.IGNORECASE)
LIST_HEADERS = (
    "list-id",
    "list-post",
    "mailing-list",
    "x-mailing-list",
    "x-beenthere",
    "x-mlserver",
    "x-ml-name",
    "x-mailman-version",
)


def _is_list_post(headers: Headers, root: Part) -> bool:
    """What a mailing list passes on: people there talk of bounces and quote them. A mail server that sends the
    original along does so through a list, too."""
    through_list = any(name in headers for name in (*LIST_HEADERS, "list-unsubscribe", "list-help"))
    if (
        not (through_list or headers.get("precedence").lower() in ("list", "bulk"))
        or root.media_type == "multipart/report"
    ):
        return False
    weight = _from_weight(headers)  # a newsletter that somebody redirects has a null path, too
    return weight < 2 or (weight == 2 and not any(part.media_type in _COPIES for part in root.leaves()))


def _returns_original(leaves: list[Part], text: str) -> int:
    attached = any(part.media_type in ("message/rfc822", "text/rfc822-headers") for part in leaves)
    return int(attached or len(_ORIGINAL.findall(text)) >= 3)


_NOTICE = re.compile(r'^\s*\{\s*"notificationType"\s*:\s*"(Bounce|Complaint|Delivery)"')
_NOTICE_ADDRESS = re.compile(r'"emailAddress"\s*:\s*"([^"]{3,320})"|"destination"\s*:\s*\["([^"]{3,320})"')
_NOTICE_ID = re.compile(r'"name"\s*:\s*"Message-ID"\s*,\s*"value"\s*:\s*"<([^">]{3,900})>"', re.IGNORECASE)


def _cloud_notice(text: str) -> Report | None:
    """Amazon's queue tells the fate of a mail as JSON (SES notifications)."""
    found = _NOTICE.match(text)
    if found is None:
        return None
    text = text[:_READ]
    action = {"Bounce": "failed", "Complaint": "complaint", "Delivery": "delivered"}[found[1]]
    status = _STATUS.search(text) if action == "failed" else None
    recipients = _addresses(first or second for first, second in _NOTICE_ADDRESS.findall(text))
    return Report(action, recipients, tuple(_NOTICE_ID.findall(text)), status[0] if status else "")


def _is_complaint(raw: Raw, headers: Headers, leaves: list[Part], text: str) -> bool:
    """Complaints without RFC 5965: Hotmail's mark of its recipient, Apple's unsubscribing robot, prose."""
    if _HOTMAIL in headers or "x-apple-unsubscribe" in headers:
        return True
    if any(_HOTMAIL in inner for inner in _copies(raw, leaves)):
        return True
    told = bool(COMPLAINT_SUBJECT.search(headers.text("subject")) or "abuse" in headers.get("from").lower())
    comes_along = any(True for _ in _copies(raw, leaves))
    if not told and not comes_along:
        return False
    return (told and comes_along) or bool(COMPLAINT_TEXT.search(text[:4000]))


_HOTMAIL = "x-hmxmroriginalrecipient"


def _known_to_library(raw: Raw) -> bool:
    """flufl.bounce knows odd forms of its own; it raises on many mails."""
    import email

    from flufl.bounce import scan_message  # few mails come so far

    try:
        return bool(scan_message(email.message_from_bytes(raw[:_READ])))
    except Exception:  # noqa: BLE001 - whatever it raises, the mail is none that it knows
        return False


def _unformed(raw: Raw, headers: Headers, leaves: list[Part], text: str) -> Report:
    recipients = _addresses(headers.all("x-failed-recipients")) or _unreached(headers, text[:_READ])
    status = _STATUS.search(text[:_READ])
    code = _CODE.search(text[:_READ])
    line = text[text.rfind("\n", 0, code.start()) + 1 :].partition("\n")[0] if code else ""
    originals = _originals(raw, leaves, text)
    thread = _IDS.findall(headers.get("in-reply-to")) + _IDS.findall(headers.get("references"))
    action = _action_of(headers.text("subject") + "\n" + text[:4000], status[0] if status else "")
    return Report(
        action, recipients, tuple(dict.fromkeys((*originals, *thread))), status[0] if status else "", line.strip()[:500]
    )


_MAILBOX = r"([^\s<>()\[\],;:\"']{1,200}@[A-Za-z0-9.-]{1,200})"
_NAMED = re.compile(
    rf"^[ \t>]*<?{_MAILBOX}>?[ \t]*(?::|\.\.\.|$)"
    r"|(?:rcpt to|final-recipient|original-recipient|to|recipient|user)\s*:?\s*(?:rfc822;)?\s*<?" + _MAILBOX,
    re.IGNORECASE | re.MULTILINE,
)


_COPY = re.compile(r"^[>|\s]{0,20}(?:received|return-path|message-id):\s", re.IGNORECASE | re.MULTILINE)


def _unreached(headers: Headers, text: str) -> tuple[str, ...]:
    """The addresses that the text above the copy of the mail complains of: those that stand where servers name them,
    else all but those of whom this mail is from and to."""
    head = _COPY.split(text, maxsplit=1)[0]
    named = _addresses(first or second for first, second in _NAMED.findall(head)[:_MOST_NAMED])
    if named:
        return named
    own = {box.address for box in senders.addresses([*headers.all("from"), *headers.all("to")])}
    return tuple(address for address in _addresses([head]) if address not in own)[:_MOST_NAMED]


_MOST_NAMED = 50


def _action_of(text: str, status: str) -> str:
    if status.startswith("5"):
        return "failed"
    return "delayed" if status.startswith("4") or DELAY.search(text) else "failed"
