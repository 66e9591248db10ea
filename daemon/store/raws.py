"""The octets of mails as they came: small ones in the database, large ones among the files."""

from __future__ import annotations

from pathlib import Path

from daemon.files import Files
from daemon.store.dialect import Session

IN_ROW = 256 * 1024
"""Raw mails up to this many octets lie in the database, larger ones among the files."""


def is_file(raw: bytes | None) -> bool:
    """Whether these octets are kept among the files; None: they lie in one already."""
    return raw is None or len(raw) > IN_ROW


def keep_raw(session: Session, files: Files, mail_id: int, raw: bytes | None, path: Path | None) -> None:
    """The octets just fetched, small ones as a row, large ones as a file that is there before COMMIT."""
    if not is_file(raw):
        session.put("INSERT INTO mail_raws (mail_id, raw) VALUES (?, ?) ON CONFLICT DO NOTHING", mail_id, raw)
        return
    if path is None and raw is None:
        raise ValueError("a fetched mail has neither octets nor a file")
    digest = files.keep(raw) if raw is not None else files.keep_file(path)  # type: ignore[arg-type]
    session.put("UPDATE mails SET raw_digest = ? WHERE id = ?", digest, mail_id)


def raw_of(session: Session, files: Files, mail_id: int, digest: str) -> tuple[bytes | None, Path | None]:
    """The octets of a mail, or the file that holds them; (None, None) after retention or erasure dropped them."""
    if row := session.one("SELECT raw FROM mail_raws WHERE mail_id = ?", mail_id):
        return bytes(row[0]), None
    return None, files.path(digest) if digest and files.has(digest) else None


def whole_raw(session: Session, files: Files, mail_id: int) -> bytes:
    """The octets of a mail; KeyError where there is no such mail, or its octets were dropped."""
    row = session.one("SELECT raw_digest FROM mails WHERE id = ?", mail_id)
    raw, path = raw_of(session, files, mail_id, row[0]) if row else (None, None)
    if raw is None and path is None:
        raise KeyError(mail_id)
    return raw if raw is not None else path.read_bytes()  # type: ignore[union-attr]
