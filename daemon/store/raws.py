"""The octets of mails as they came: small ones in the database, large ones among the files."""

from __future__ import annotations

from pathlib import Path

from daemon.files import Files, Octets
from daemon.store.dialect import Session

IN_ROW = 256 * 1024
"""Raw mails up to this many octets lie in the database, larger ones among the files."""


def is_file(octets: Octets) -> bool:
    """Whether these octets are kept among the files."""
    return isinstance(octets, Path) or len(octets) > IN_ROW


def keep_raw(session: Session, files: Files, mail_id: int, octets: Octets) -> None:
    """The octets just fetched, small ones as a row, large ones as a file that is there before COMMIT."""
    if not is_file(octets):
        session.put("INSERT INTO mail_raws (mail_id, raw) VALUES (?, ?) ON CONFLICT DO NOTHING", mail_id, octets)
        return
    digest = files.keep_file(octets) if isinstance(octets, Path) else files.keep(octets)
    session.put("UPDATE mails SET raw_digest = ? WHERE id = ?", digest, mail_id)


def raw_of(session: Session, files: Files, mail_id: int, digest: str) -> Octets | None:
    """The octets of a mail; None after retention or erasure dropped them."""
    if row := session.one("SELECT raw FROM mail_raws WHERE mail_id = ?", mail_id):
        return bytes(row[0])
    return files.path(digest) if digest and files.has(digest) else None


def whole_raw(session: Session, files: Files, mail_id: int) -> bytes:
    """The octets of a mail; KeyError where there is no such mail, or its octets were dropped."""
    digest = session.value("SELECT raw_digest FROM mails WHERE id = ?", mail_id)
    octets = raw_of(session, files, mail_id, digest) if digest is not None else None
    if octets is None:
        raise KeyError(mail_id)
    return octets.read_bytes() if isinstance(octets, Path) else octets
