"""The headers of a letter: who it is from, what it answers, and what tells a machine not to answer it."""

from __future__ import annotations

from datetime import datetime

from daemon.writing import mime
from rules.desk import Desk
from rules.letters import LETTERS, Letter

ENCODED = frozenset({"From", "To", "Reply-To", "Date", "Message-ID", "In-Reply-To", "References"})
"""Headers whose values are written as they stand: addresses, ids, a date."""


def heading(letter: Letter, to: str, subject: str, message_id: str, desk: Desk, now: datetime) -> bytes:
    """The header block of ``letter`` to ``to``, up to where its content's own headers begin. ValueError where an
    address or a header would not survive being written."""
    root, spec = _thread_root(letter, desk), LETTERS[letter.name]
    automatic = "auto-replied" if letter.in_reply_to or spec.guard in ("notice", "near_miss") else "auto-generated"
    headers = (
        ("From", mime.mailbox(desk.desk.name, desk.service_address)),
        ("To", mime.address(to)),
        ("Reply-To", mime.address(desk.desk_address) if spec.side == "group" else ""),
        ("Subject", subject),
        ("Date", mime.date(now)),
        ("Message-ID", f"<{message_id}>"),
        ("In-Reply-To", mime.message_ids((letter.in_reply_to or root,))),
        ("References", mime.message_ids((root, letter.in_reply_to))),
        ("Auto-Submitted", automatic),
        ("X-Auto-Response-Suppress", "All"),
        ("X-MS-Reactions", "disallow"),  # Outlook's «👍» would come back as an answer
        ("X-Acuse-Number", letter.ticket.number if letter.ticket else ""),
        ("X-Acuse-Letter", letter.name),
        ("MIME-Version", "1.0"),
    )
    return mime.header_block([(name, value) for name, value in headers if value], ENCODED)


def _thread_root(letter: Letter, desk: Desk) -> str:
    """What a ticket's letters of one side hang under: the opening for its requester, an id of our own for the group."""
    side = LETTERS[letter.name].side
    if not letter.ticket or not side:
        return ""
    return f"{letter.ticket.number}.group@{desk.desk.domain}" if side == "group" else letter.ticket.thread_id
