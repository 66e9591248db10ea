"""A mail to ourselves: sent as letters are, looked for where it must arrive. A daemon files it as automatic."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from daemon.config.accounts import Account
from daemon.config.settings import Settings
from daemon.mail.filing import Folders, find
from daemon.mail.imap import Imap
from daemon.mail.imap_faults import ImapError
from daemon.mail.oauth import Tokens
from daemon.mail.smtp import Envelope, Session
from daemon.mail.smtp_wire import SmtpError
from daemon.mail.wire import Endpoint

PATIENCE_S = 60.0
LAST = 50
"""Mails of a folder that are looked through, the newest."""


def round_trip(settings: Settings, patience_s: float = PATIENCE_S) -> tuple[float, timedelta]:
    """Seconds until the mail had arrived, and how far the mail server's clock is ahead of ours.

    TimeoutError where it did not arrive; ImapError and SmtpError as they come.
    """
    sender, tokens = settings.smtp.sender, Tokens()
    box = next(b for b in settings.mailboxes if sender.lower() in {a.lower() for a in (b.address, *b.addresses)})
    message_id = make_msgid("doctor", settings.desk.desk.domain)
    started, sent_at = time.monotonic(), datetime.now(UTC)
    _send(settings, message_id, tokens)
    while time.monotonic() - started < patience_s:
        if arrived := _arrived(box, message_id.strip("<>"), tokens):
            return time.monotonic() - started, arrived - sent_at
        time.sleep(0.5)
    raise TimeoutError(f"a mail to {sender} did not arrive in mailbox {box.name} within {patience_s:.0f} s")


def _send(settings: Settings, message_id: str, tokens: Tokens) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"] = message["To"] = settings.smtp.sender
    message["Subject"], message["Message-ID"] = "acuse doctor", message_id
    message["Date"], message["Auto-Submitted"] = format_datetime(datetime.now(UTC)), "auto-generated"
    message["X-Acuse-Letter"] = "doctor"
    message.set_content("This mail shows that letters leave and arrive. There is nothing to do.")
    envelope = Envelope(1, settings.smtp.sender, settings.smtp.sender, lambda: (message.as_bytes(),))
    with Session(Endpoint.of_smtp(settings.smtp, tokens)) as session:
        for _, result in session.deliver([envelope]):
            if result.status != "sent":
                raise SmtpError(result.phase, result.reply, result.code)


def _arrived(box: Account, message_id: str, tokens: Tokens) -> datetime | None:
    """When the mail server took it in: it lies in the watched folder, or where a running daemon has filed it."""
    with Imap(Endpoint.of_account(box, tokens)) as imap:
        folders = Folders(imap)
        for folder in (box.folder, box.folders.automatic):
            try:
                selected = folders.select(folder)
            except ImapError as fault:
                if not fault.alive:
                    raise
                continue  # it is not there yet
            found = find(imap, imap.uids(selected)[-LAST:], {message_id})
            if message_id in found:
                return _internal_date(imap, found[message_id])
    return None


def _internal_date(imap: Imap, uid: int) -> datetime | None:
    with imap.bounded("fetch"):
        answer = imap.client.fetch([uid], ["INTERNALDATE"]).get(uid, {})
    at = answer.get(b"INTERNALDATE")
    return at.astimezone(UTC) if isinstance(at, datetime) else None
