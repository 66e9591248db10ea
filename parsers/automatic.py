"""Whether a machine wrote the mail (RFC 3834, 5230, and what vendors do): such mail is never answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from parsers import encoded_words, subject
from parsers.attachments import decoded
from parsers.headers import Headers, Raw
from parsers.mail_systems import LIST_HEADERS, sender_weight
from parsers.phrases import AWAY_SUBJECT, AWAY_TEXT
from parsers.report_parts import Report
from parsers.reports import read_report
from parsers.skeleton import Part

AutomaticCause = Literal[
    "auto_submitted", "list", "precedence", "report", "receipt", "calendar", "vendor", "own", "reaction", "weak_marks"
]
"""``own``: it carries X-Acuse-* headers, as a letter of ours does, or a copy of one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``cause``: the mark that shows a machine, None for a person's mail; ``report``: what it reports, if it does."""

    cause: AutomaticCause | None = None
    report: Report | None = None
    out_of_office: bool = False


def judge(raw: Raw, headers: Headers, root: Part, text: str, own_words: str) -> Verdict:
    """What kind of machine wrote this mail, if one did. Decisive marks first, in a fixed order, then the weak ones."""
    report = read_report(raw, headers, root, text)
    machine = report is not None or sender_weight(headers) >= 3
    cause = _decisive(raw, headers, root) or ("report" if machine else _weak(headers))
    away = report is None and cause is not None and _is_away(headers, own_words)
    return Verdict(cause, report, away)


def _decisive(raw: Raw, headers: Headers, root: Part) -> AutomaticCause | None:
    return next((cause for cause, holds in _MARKS if holds(raw, headers, root)), None)


_PRECEDENCE = ("bulk", "list", "junk", "auto_reply")


def _is_of_precedence(headers: Headers) -> bool:
    values = (headers.get(name) for name in ("precedence", "x-precedence"))
    return any(value.strip().lower().replace("-", "_") in _PRECEDENCE for value in values)


_VENDOR = re.compile(
    r"(?:x-)?(?!.*suppress)(?:[a-z]+-)?(?:md)?auto-?(?:repl|respon|generated|answer|submit)[a-z-]*"
    r"|x-(?:[a-z]+-)?(?:vacation|away|out-?of-?office|oof)"
    r"|x-(?:cron-env|amavis-alert|responder|amz-sns-message-id|ricevuta)"
    r"|x-(?:otrs-loop|znuny-loop|rt-loop-prevention|jira-fingerprint|servicenow-generated)"
)
"""Headers that only machines' answers and notices carry, whatever their value (but «no»)."""
_RESPONDER = re.compile(r"autorespon|auto-?repl|vacation", re.IGNORECASE)
_VENDOR_VALUES = (
    ("x-apple-action", re.compile(r"vacation", re.IGNORECASE)),
    ("x-post-messageclass", re.compile(r"autorespon", re.IGNORECASE)),
    ("x-fc-machinegenerated", re.compile(r"true", re.IGNORECASE)),
    ("x-mailer", _RESPONDER),
    ("user-agent", _RESPONDER),
    ("delivered-to", re.compile(r"^autoresponder$", re.IGNORECASE)),
    ("x-ms-exchange-generated-message-source", re.compile(r"mailbox rules agent|oof", re.IGNORECASE)),
    ("content-class", re.compile(r"^urn:content-classes:(?:mdn|dsn)", re.IGNORECASE)),
)
_RULE_HEADERS = (
    "x-ms-exchange-inbox-rules-loop",
    "x-ms-exchange-rules-loop",
    "x-loop",
    "x-sieve-redirected-from",
    "x-rule",
)
"""Headers of a vendor's rules: also on what a person redirects, so that they only weigh beside another mark."""


_DENIED = ("", "no", "false")


def _is_vendors(headers: Headers) -> bool:
    if any(_VENDOR.fullmatch(name) and value.strip().lower() not in _DENIED for name, value in headers.fields):
        return True
    return any(pattern.search(value) for name, pattern in _VENDOR_VALUES for value in headers.all(name))


def _is_submitted(headers: Headers) -> bool:
    return encoded_words.read_value(headers.get("auto-submitted"))[0].split(" ")[0] not in ("", "no")


def _media_types(root: Part) -> set[str]:
    return {root.media_type, *(part.media_type for part in root.leaves())}


def _is_receipt(root: Part) -> bool:
    declared = root.parameters.get("report-type", "").lower() in ("disposition-notification", "mdn")
    return declared or "message/disposition-notification" in _media_types(root)


_REPLY = re.compile(rb"^METHOD:\s*(?:REPLY|COUNTER|DECLINECOUNTER)\b", re.IGNORECASE | re.MULTILINE)


def _is_calendar_reply(raw: Raw, root: Part) -> bool:
    """An answer to an invitation, as calendars send it (RFC 5546)."""
    for part in root.leaves():
        if part.media_type != "text/calendar":
            continue
        if part.parameters.get("method", "").upper() in ("REPLY", "COUNTER", "DECLINECOUNTER"):
            return True
        content = b"".join(decoded(raw, part.start, min(part.end, part.start + 20_000), part.encoding))
        if _REPLY.search(content):
            return True
    return False


_REACTION = "text/vnd.google.email-reaction+json"
"""Gmail's «👍»: a click, which answers no question."""

_MARKS: tuple[tuple[AutomaticCause, Callable[[Raw, Headers, Part], bool]], ...] = (
    ("own", lambda raw, headers, root: any(name.startswith("x-acuse-") for name, _ in headers.fields)),
    ("auto_submitted", lambda raw, headers, root: _is_submitted(headers)),
    ("list", lambda raw, headers, root: any(name in headers for name in LIST_HEADERS)),
    ("precedence", lambda raw, headers, root: _is_of_precedence(headers)),
    ("receipt", lambda raw, headers, root: _is_receipt(root)),
    ("report", lambda raw, headers, root: "multipart/report" in _media_types(root)),
    ("calendar", lambda raw, headers, root: _is_calendar_reply(raw, root)),
    ("reaction", lambda raw, headers, root: _REACTION in _media_types(root)),
    ("vendor", lambda raw, headers, root: _is_vendors(headers)),
)
"""The marks that are decisive alone, in the order in which they are looked for."""


def _weak(headers: Headers) -> AutomaticCause | None:
    """Marks that people's mail carries too: two of them, or one beside a vendor's rule header, decide."""
    path = headers.get("return-path").strip(" <>")
    marks = (
        "return-path" in headers and path.lower() in ("", "mailer-daemon"),
        "list-unsubscribe" in headers,
        headers.get("x-auto-response-suppress").strip().lower() not in ("", "none"),
    )
    ruled = any(name in headers for name in _RULE_HEADERS)
    count = sum(marks)
    if count + ruled == 0:
        return None  # whatever the subject says, it would be the only mark
    count += _says_away(headers)
    return "weak_marks" if count >= 2 or (ruled and count) else None


_REPLY_PREFIX = re.compile(r"[\W_]*(?:[^\W\d_]{2,4}\s*:\s*)?[\W_]*")


def _says_away(headers: Headers) -> bool:
    """A subject that begins by telling an absence or an automatic answer, behind gateway tags and a reply prefix."""
    title = subject.opening_key(subject.clean(headers.text("subject")[:300]))
    prefix = _REPLY_PREFIX.match(title)
    return bool(AWAY_SUBJECT.match(title, prefix.end() if prefix else 0) or AWAY_SUBJECT.match(title))


_MARKS_OF_ABSENCE = ("auto-submitted", "x-apple-action", "x-mailer", "user-agent")


def _is_away(headers: Headers, own_words: str) -> bool:
    """An absence, told by a machine: by its subject, by its first words, or by the vendor's mark."""
    marked = any("vacation" in headers.get(name).lower() for name in _MARKS_OF_ABSENCE)
    return marked or _says_away(headers) or bool(AWAY_TEXT.search(own_words[:1500]))
