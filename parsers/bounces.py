"""Reports without a form: complaints in prose, Amazon's notices, non-delivery mails known by their marks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers import senders
from parsers.headers import Headers, Raw
from parsers.mail_systems import is_systems, sender_weight
from parsers.phrases import COMPLAINT_SUBJECT, COMPLAINT_TEXT, DELAY, FAILURE_SUBJECT, FAILURE_TEXT, one_of
from parsers.report_parts import COPIES, READ, Report, Suspect, addresses_in, ids_in, status_in


def read_formless(mail: Suspect) -> Report | None:
    """What the mail reports without a part made for it; None where it is no report."""
    return _complaint(mail) or _cloud_notice(mail.text) or _bounce(mail)


def action_of(text: str, status: str) -> str:
    """What befell the mail, by an enhanced status code, else by what a text says."""
    if status.startswith("5"):
        return "failed"
    return "delayed" if status.startswith("4") or DELAY.search(text) else "failed"


# -- complaints

_HOTMAIL = "x-hmxmroriginalrecipient"
_MARKS = (_HOTMAIL, "x-apple-unsubscribe", "x-xarf", "x-spamcop-sourceip")
"""Headers of complaints: Hotmail's of its recipient, Apple's unsubscribing robot, abuse reports between providers."""
_FIELD_LINE = re.compile(rf"^(?:feedback-type|{_HOTMAIL}):\s", re.IGNORECASE | re.MULTILINE)


def complaint_of(mail: Suspect, blocks: Sequence[Headers]) -> Report:
    """The complaint whose fields (RFC 5965) stand in ``blocks``."""
    names = ("original-rcpt-to", "removal-recipient", _HOTMAIL)
    recipients = [value for block in blocks for name in names for value in block.all(name)]
    kind = next((block.get("feedback-type") for block in blocks if "feedback-type" in block), "")
    return Report("complaint", addresses_in(recipients), mail.originals(blocks), "", kind)


def _complaint(mail: Suspect) -> Report | None:
    """Complaints without the form of RFC 5965, or with its fields where they do not belong."""
    if not (any(name in mail.headers for name in _MARKS) or _complains(mail)):
        return None
    blocks = [block for part in mail.leaves if part.media_type not in COPIES for block in mail.blocks(part)]
    fields = [block for block in blocks if "feedback-type" in block or _HOTMAIL in block]
    return complaint_of(mail, (mail.headers, *mail.copies, *fields))


def _complains(mail: Suspect) -> bool:
    declared = mail.root.parameters.get("report-type") == "feedback-report"
    if declared or any(_HOTMAIL in copy for copy in mail.copies):
        return True
    told = COMPLAINT_SUBJECT.search(mail.headers.text("subject")) or "abuse" in mail.headers.get("from").lower()
    beginning = mail.text[:4000]
    if told and (mail.copies or _FIELD_LINE.search(beginning)):
        return True
    return bool(told or mail.copies) and bool(COMPLAINT_TEXT.search(beginning))


# -- Amazon's queue

_NOTICE = re.compile(r'^\s*\{\s*"notificationType"\s*:\s*"(Bounce|Complaint|Delivery)"')
_NOTICE_ADDRESS = re.compile(r'"emailAddress"\s*:\s*"([^"]{3,320})"|"destination"\s*:\s*\["([^"]{3,320})"')
_NOTICE_ID = re.compile(r'"name"\s*:\s*"Message-ID"\s*,\s*"value"\s*:\s*"<([^">]{3,900})>"', re.IGNORECASE)
_FATES = {"Bounce": "failed", "Complaint": "complaint", "Delivery": "delivered"}


def _cloud_notice(text: str) -> Report | None:
    """Amazon's queue tells the fate of a mail as JSON (SES notifications)."""
    found = _NOTICE.match(text)
    if found is None:
        return None
    action = _FATES[found[1]]
    recipients = addresses_in(first or second for first, second in _NOTICE_ADDRESS.findall(text))
    return Report(action, recipients, tuple(_NOTICE_ID.findall(text)), status_in(text) if action == "failed" else "")


# -- bounces

_BOUNCE_HEADERS = ("x-failed-recipients", "x-ms-exchange-message-is-ndr")
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


def _bounce(mail: Suspect) -> Report | None:
    if not _is_bounce(mail):
        return None
    headers, text = mail.headers, mail.text
    status, code = status_in(text), _CODE.search(text)
    line = text[text.rfind("\n", 0, code.start()) + 1 :].partition("\n")[0] if code else ""
    thread = ids_in(headers.get("in-reply-to")) + ids_in(headers.get("references"))
    return Report(
        action_of(headers.text("subject") + "\n" + text[:4000], status),
        addresses_in(headers.all("x-failed-recipients")) or _unreached(mail),
        tuple(dict.fromkeys((*mail.originals(), *thread))),
        status,
        line.strip()[:500],
    )


def _is_bounce(mail: Suspect) -> bool:
    """By a mark that stands for itself, or by several: people redirect mail with a null sender, postmasters write."""
    if any(name in mail.headers for name in _BOUNCE_HEADERS):
        return True
    if mail.root.parameters.get("report-type") == "delivery-status":
        return True
    if _STATUS_FIELDS.search(mail.text) and len(_UNQUOTED.findall(mail.text)) <= 1:
        return True  # a status notification that somebody forwarded without a word
    return _weighs_enough(mail)


def _weighs_enough(mail: Suspect) -> bool:
    """One mark alone is nothing; of few marks, a library that knows odd forms decides."""
    headers, text = mail.headers, mail.text
    if not (sender := sender_weight(headers)):
        return False
    returned, subject = _returns_original(mail), bool(FAILURE_SUBJECT.search(headers.text("subject")))
    if sender == 1 and not (returned and subject):
        return False  # newsletters, too, come from nobody and tell of bounces
    systems = is_systems(headers)
    if sender == 2 and systems and not (returned or subject or "master" in headers.get("from").lower()):
        return False  # who runs computers is called as mail systems are, and writes of mail that does not arrive
    weight = sender + 2 * subject + 2 * bool(FAILURE_TEXT.search(text)) + returned
    weight += systems and bool(_CODE.search(text))
    return weight >= 5 or (weight >= 2 and systems and _known_to_library(mail.raw))


def _returns_original(mail: Suspect) -> bool:
    attached = any(part.media_type in ("message/rfc822", "text/rfc822-headers") for part in mail.leaves)
    return attached or len(_ORIGINAL.findall(mail.text)) >= 3


def _known_to_library(raw: Raw) -> bool:
    """flufl.bounce knows odd forms of its own; it raises on many mails."""
    import email

    from flufl.bounce import scan_message  # few mails come so far

    try:
        return bool(scan_message(email.message_from_bytes(raw[:READ])))
    except Exception:  # noqa: BLE001 - whatever it raises, the mail is none that it knows
        return False


# -- whom it did not reach

_MAILBOX = r"([^\s<>()\[\],;:\"']{1,200}@[A-Za-z0-9.-]{1,200})"
_NAMED = re.compile(
    rf"^[ \t>]*<?{_MAILBOX}>?[ \t]*(?::|\.\.\.|$)"
    r"|(?:rcpt to|final-recipient|original-recipient|to|recipient|user)\s*:?\s*(?:rfc822;)?\s*<?" + _MAILBOX,
    re.IGNORECASE | re.MULTILINE,
)
_COPY = re.compile(r"^[>|\s]{0,20}(?:received|return-path|message-id):\s", re.IGNORECASE | re.MULTILINE)
_MOST_NAMED = 50


def _unreached(mail: Suspect) -> tuple[str, ...]:
    """The addresses that the text above the copy of the mail complains of: those that stand where servers name them,
    else all but those of whom this mail is from and to."""
    head = _COPY.split(mail.text, maxsplit=1)[0]
    named = addresses_in(first or second for first, second in _NAMED.findall(head)[:_MOST_NAMED])
    if named:
        return named
    own = {box.address for box in senders.addresses([*mail.headers.all("from"), *mail.headers.all("to")])}
    return tuple(address for address in addresses_in([head]) if address not in own)[:_MOST_NAMED]
