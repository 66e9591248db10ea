"""`acuse export`: one ticket as files that need no Acuse to be read: raw mails, attachments, the journal."""

from __future__ import annotations

import json
import re
from datetime import UTC, tzinfo
from pathlib import Path

from daemon.files import Files
from daemon.store.dialect import Session
from daemon.store.errors import StoreError
from daemon.store.listing import show
from daemon.store.raws import raw_of
from daemon.store.tickets import Remembered


def export(session: Session, files: Files, number: str, to: Path, zone: tzinfo = UTC) -> list[Path]:
    """Write ticket.json, mails/ID.eml and attachments/ into the folder ``to``; the files written.

    A folder made here is its owner's alone. KeyError where there is no such ticket; StoreError where another one lies
    there, and where files are lost, once all others are written. Names that senders gave are only ever a file's last
    part, cleaned.
    """
    told = show(session, number, Remembered(), zone)
    if told is None:
        raise KeyError(number)
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    journal = to / "ticket.json"
    if (other := _exported(journal)) not in ("", number):
        raise StoreError(f"{to} holds ticket {other} already: name another folder")
    journal.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    written = [journal, *_mails(session, files, number, to / "mails"), *_attachments(files, told, to / "attachments")]
    if lost := [str(path.relative_to(to)) for path in written if not path.exists()]:
        raise StoreError(f"{to}: written without {', '.join(lost)}, whose bytes are lost; see `acuse audit`")
    return written


def _exported(journal: Path) -> str:
    """The ticket that was written there; "" for none."""
    try:
        return str(json.loads(journal.read_text(encoding="utf-8"))["number"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _mails(session: Session, files: Files, number: str, folder: Path) -> list[Path]:
    """Where each mail lies whose octets are kept, or should be."""
    rows = session.all(
        "SELECT DISTINCT id, raw_digest FROM mails WHERE (number <> '' AND number = ?)"
        " OR id IN (SELECT mail_id FROM events WHERE number = ?) ORDER BY id",
        number,
        number,
    )
    folder.mkdir(exist_ok=True)
    return [_mail(session, files, id_, digest, folder / f"{id_}.eml") for id_, digest in rows if digest]


def _mail(session: Session, files: Files, mail_id: int, digest: str, target: Path) -> Path:
    octets = raw_of(session, files, mail_id, digest)
    if isinstance(octets, bytes):
        target.write_bytes(octets)
    elif octets:
        files.copy(digest, target)
    return target


def _attachments(files: Files, told: dict[str, list[dict[str, str]]], folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    written = []
    for position, attachment in enumerate(told["attachments"], 1):
        target = folder / f"{position:02d}-{_safe(attachment['name'])}"
        if files.has(attachment["digest"]):
            files.copy(attachment["digest"], target)
        written.append(target)
    return written


def _safe(name: str) -> str:
    """The last part of a name, of letters, digits, dots and hyphens, at most 100 characters."""
    last = re.split(r"[/\\]", name)[-1]
    stem, dot, suffix = re.sub(r"[^\w.-]+", "_", last).strip("._").rpartition(".")
    return (f"{stem[:80]}{dot}{suffix[:19]}" or "file").strip(".") or "file"
