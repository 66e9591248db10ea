"""What a person does in a mail client: write a mail, open a `mailto:` link of a letter, fill its form in, reply.

The demo and the tests correspond with the desk through it, over real mail servers.
"""

from __future__ import annotations

import email.policy
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr, parsedate_to_datetime
from zoneinfo import ZoneInfo

from daemon.store.clock import utc_now
from parsers.links import read_mailto

HERE = ZoneInfo("Europe/Madrid")
"""Where these people live."""
_LINK = re.compile(r'<a\b[^>]*href="(mailto:[^"]+)"[^>]*>(.*?)</a>', re.S | re.I)


@dataclass(frozen=True, slots=True)
class Received:
    """A letter as its reader has it."""

    message: EmailMessage

    @classmethod
    def of(cls, raw: bytes) -> Received:
        """Read the octets of a letter."""
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return cls(message)

    def __getitem__(self, header: str) -> str:
        return str(self.message[header] or "")

    @property
    def letter(self) -> str:
        """The letter's name."""
        return self["X-Acuse-Letter"]

    def part(self, kind: str) -> str:
        """The text of the `plain` or `html` part."""
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part else ""

    @property
    def links(self) -> dict[str, str]:
        """The `mailto:` links of the HTML part by what stands on them."""
        found = _LINK.findall(self.part("html"))
        return {
            " ".join(re.sub(r"<[^>]+>", " ", html.unescape(label)).split()): html.unescape(url) for url, label in found
        }

    @property
    def files(self) -> dict[str, bytes]:
        """The attached files by name."""
        return {str(a.get_filename()): a.get_payload(decode=True) or b"" for a in self.message.iter_attachments()}  # type: ignore[misc]


def write(
    sender: str,
    to: str,
    subject: str,
    body: str,
    *,
    files: Mapping[str, bytes] | None = None,
    headers: Mapping[str, str] | None = None,
) -> EmailMessage:
    """A mail as a client would send it."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = make_msgid(domain="correo.example")
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(body)
    for name, content in (files or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def click(
    sender: str, url: str, fill: Mapping[str, str] | None = None, files: Mapping[str, bytes] | None = None
) -> EmailMessage:
    """The mail that a link opens, with `Etiqueta: value` lines filled in, as ``sender`` sends it."""
    to, subject, body = read_mailto(url)
    for label, value in (fill or {}).items():
        body = _filled(body, label, value)
    return write(sender, to, subject, body, files=files)


def reply(sender: str, letter: Received, text: str) -> EmailMessage:
    """An answer to a letter, with the letter quoted below it as most clients do."""
    to = parseaddr(letter["Reply-To"] or letter["From"])[1]
    quoted = "".join(f"> {line}\n" for line in letter.part("plain").splitlines())
    sent = parsedate_to_datetime(letter["Date"]).astimezone(HERE)
    body = f"{text}\n\nEl {sent:%d/%m/%Y a las %H:%M}, {letter['From']} escribió:\n{quoted}"
    return write(sender, to, f"RE: {letter['Subject']}", body, headers={"In-Reply-To": letter["Message-ID"]})


def _filled(body: str, label: str, value: str) -> str:
    line = re.compile(rf"(?mi)^({re.escape(label)}\s*:).*$")
    if line.search(body):
        return line.sub(lambda found: f"{found[1]} {value}", body, count=1)
    return f"{body}\n{label}: {value}"
