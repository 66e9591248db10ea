"""What a mail says: raw bytes become one frozen :class:`Mail`.

Nothing here decides anything; nothing here reads a file or a socket.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from html import escape
from typing import Literal

from parsers import attachments, automatic, secure, senders, subject, tnef
from parsers.attachments import Attachment, attachment_chunks
from parsers.automatic import AutomaticCause
from parsers.body import Body, read_body, read_text
from parsers.headers import Budget, Headers, OverBudget, Raw, read_headers
from parsers.html import to_text
from parsers.lines import ELIDED
from parsers.quoted_html import cut_quote
from parsers.reply import TextMarks, answers_in_history, visible_text
from parsers.report_parts import Report
from parsers.senders import Address
from parsers.skeleton import Part, read_parts

__all__ = [
    "Address",
    "Attachment",
    "AutomaticCause",
    "Budget",
    "Mail",
    "OverBudget",
    "Raw",
    "Report",
    "attachment_chunks",
    "parse",
]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as read.

    Texts have LF line ends, are NFC and free of NUL and lone surrogates. Addresses are bare. ``subject`` is cleaned
    (:func:`parsers.subject.clean`), its prefixes kept. ``body`` is what the author's text part (or, where that is
    missing, empty or a stub, the HTML) says, whole: quoted history and signature stand in it. ``visible`` is the new
    text alone. ``digest`` covers From, Date, Subject, body and files, no trace headers: copies of one mail share it.
    """

    message_id: str = ""
    sender: str = ""
    """The bare address of the one From mailbox; "" where From is not exactly one address without defects."""
    sender_name: str = ""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    delivered_to: tuple[str, ...] = ()
    """Delivered-To and X-Original-To as they stand, topmost first: the alias that was written to, then its mailbox."""
    subject: str = ""
    body: str = ""
    visible: str = ""
    answered_inside: bool = False
    """Its author says that the answers stand in the history, which ``visible`` leaves out."""
    attachments: tuple[Attachment, ...] = ()
    automatic: AutomaticCause | None = None
    out_of_office: bool = False
    report: Report | None = None
    encrypted: Literal["", "smime", "pgp"] = ""
    auth_results: tuple[str, ...] = ()
    """Authentication-Results above the first foreign Received, topmost first, unfolded."""
    digest: str = ""
    remarks: tuple[str, ...] = ()
    """What was odd and mended, as short codes for the ledger: ``charset:unknown-8``, ``headers:bare-cr`` …"""

    @property
    def addressed(self) -> tuple[str, ...]:
        """The addresses of To and Cc."""
        return tuple(each.address for each in (*self.to, *self.cc))

    @property
    def said(self) -> str:
        """What a reply says: its new text; all of it where the answers stand in the history."""
        return self.body if self.answered_inside else self.visible


DEFAULT_BUDGET = Budget()
NO_MARKS = TextMarks()


def parse(raw: Raw, budget: Budget = DEFAULT_BUDGET, marks: TextMarks = NO_MARKS) -> Mail:
    """The raw mail as a :class:`Mail`.

    Raises OverBudget, before anything is parsed; any other exception is a defect of ours.
    """
    octets = _with_feeds(raw)
    headers, start = read_headers(octets, _first(octets), len(octets), budget)
    content = _content(octets, headers, start, budget)
    body = content.body
    visible, answered_inside = _visible(body, marks)
    verdict = automatic.judge(content.octets, headers, content.root, body.text, visible)
    sender = None if headers.faults else senders.only_sender(headers.all("from"))
    title = subject.clean(headers.text("subject"))
    return Mail(
        message_id=_message_id(headers.get("message-id")),
        sender=sender.address if sender else "",
        sender_name=sender.name if sender else "",
        to=senders.addresses(headers.all("to")),
        cc=senders.addresses(headers.all("cc")),
        delivered_to=_delivered_to(headers),
        subject=title,
        body=body.text,
        visible=visible,
        answered_inside=answered_inside,
        attachments=content.files,
        automatic=verdict.cause,
        out_of_office=verdict.out_of_office,
        report=verdict.report,
        encrypted=secure.encryption(content.root, body.text),
        auth_results=_auth_results(headers),
        digest=_digest(headers, title, body.text, content.files),
        remarks=tuple(dict.fromkeys((*headers.faults, *body.remarks, *content.remarks))),
    )


def _with_feeds(raw: Raw) -> Raw:
    """A mail whose lines all end in CR is read as if they ended in LF; all offsets stay the same."""
    if raw.find(b"\n") < 0 and raw.find(b"\r") >= 0:
        return raw[:].replace(b"\r", b"\n")
    return raw


@dataclass(frozen=True, slots=True)
class _Content:
    """What a mail holds below its headers; ``octets`` are those in which its parts lie."""

    octets: Raw
    root: Part
    body: Body
    files: tuple[Attachment, ...]
    remarks: tuple[str, ...]


def _content(octets: Raw, headers: Headers, start: int, budget: Budget) -> _Content:
    root = read_parts(octets, headers, start, budget)
    opened = secure.open_signed(octets, root, budget)
    if opened is not None:
        # what a signature wraps is a mail of its own inside: its files have no place in the raw one
        octets, root = opened
    body = read_body(octets, root, budget)
    files, remarks = _files(octets, root, body, budget)
    if opened is not None:
        files = tuple(_held(octets, file) for file in files)
    if body.source == "none":
        body = tnef.body_of(octets, root) or body
    return _Content(octets, root, body, files, tuple(remarks))


_EMPTY_LINES = re.compile(rb"(?:[ \t\r]*\n)*\r*(?=[!-9;-~]+:)")


def _first(raw: Raw) -> int:
    """Where the first header begins: empty lines above it are skipped."""
    found = _EMPTY_LINES.match(raw, 0, 1000)
    return found.end() if found else 0


def _files(raw: Raw, root: Part, body: Body, budget: Budget) -> tuple[tuple[Attachment, ...], list[str]]:
    """Every leaf but the body, winmail.dat opened; further texts too, so that nothing an author wrote is lost."""
    found: list[Attachment] = []
    remarks: list[str] = []
    for part in secure.file_leaves(root):
        if any(part is used for used in body.used) or _is_blank(raw, part, budget):
            continue
        unpacked = tnef.unpack(raw, part, len(found) + 1)
        if unpacked is None:
            found.append(attachments.from_part(raw, part, len(found) + 1))
        else:
            remarks.append("tnef:opened")
            found.extend(unpacked)
    return tuple(found), remarks


def _is_blank(raw: Raw, part: Part, budget: Budget) -> bool:
    """A nameless text with nothing in it, as clients leave behind an attachment."""
    if not part.media_type.startswith("text/") or attachments.file_name(part) or part.end - part.start > 2000:
        return False
    return not read_text(raw, part, budget, []).strip()


def _held(raw: Raw, file: Attachment) -> Attachment:
    return replace(file, span=None, content=b"".join(attachment_chunks(raw, file)))


def _visible(body: Body, marks: TextMarks) -> tuple[str, bool]:
    """The author's new text, and whether they say that answers of theirs stand in what was left out; the quoted block
    is cut where the HTML marks it, before it loses its marks."""
    cut = [cut_quote(page, _CUT) for page in body.pages]
    text = body.text if cut == list(body.pages) else "\n\n".join(map(to_text, cut))
    shown = visible_text(text, marks)
    return shown, answers_in_history(text, shown)


_CUT = f"<p>{escape(ELIDED)}</p>"


_ID = re.compile(r"<\s*([^<>]{1,900}?)\s*>")


def _message_id(value: str) -> str:
    found = _ID.search(value)
    return found[1] if found else value.strip(" <>")[:900]


def _delivered_to(headers: Headers) -> tuple[str, ...]:
    values = (value for name, value in headers.fields if name in {"delivered-to", "x-original-to"})
    return tuple(dict.fromkeys(address for value in values if (address := senders.bare(value))))


_BY = re.compile(r"\bby\s+([\w.-]+)", re.IGNORECASE)


def _auth_results(headers: Headers) -> tuple[str, ...]:
    """A foreign Received was written by a host of another organisation than the topmost one."""
    own: str | None = None
    found: list[str] = []
    for name, value in headers.fields:
        if name == "authentication-results":
            found.append(value)
        elif name == "received":
            by = _BY.search(value)
            organisation = ".".join(by[1].lower().rstrip(".").split(".")[-2:]) if by else ""
            own = own or organisation
            if "." in organisation and organisation != own:
                break
    return tuple(found)


def _digest(headers: Headers, title: str, text: str, files: tuple[Attachment, ...]) -> str:
    lines = "\n".join(line.rstrip() for line in text.split("\n")).strip()
    parts = (headers.text("from"), headers.get("date"), title, lines, *(file.digest for file in files))
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()
