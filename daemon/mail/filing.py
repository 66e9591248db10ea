"""Filing treated mails away into IMAP folders: MOVE (RFC 6851), else COPY, \\Deleted and UID EXPUNGE (RFC 4315)."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from daemon.faults import kill_point
from daemon.mail.imap import Imap, Selected, read_uid_set, uid_set
from daemon.mail.imap_faults import ImapError
from daemon.slices import in_slices
from daemon.store.audit import NO_FOLDER, Lying

MOVE_AT_ONCE = 500


@dataclass(slots=True)
class Filing:
    """What became of a filing. ``moved``: no longer waiting in the folder (a UID that had gone before counts too);
    ``places``: (UIDVALIDITY, UID) there by UID here, where the server says so (COPYUID); ``refused``: why others stay.
    """

    moved: set[int] = field(default_factory=set)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    refused: str = ""


class Folders:
    """The folders of one session, by the names of the configuration («Acuse/Tratados»), made where they are missing."""

    def __init__(self, imap: Imap) -> None:
        self._imap = imap
        self._prefixes, self._delimiter = _naming(imap)

    def name(self, configured: str) -> str:
        """The name on this server: its own delimiter; below its personal namespace, unless it names one itself."""
        local = configured.replace("/", self._delimiter) if self._delimiter else configured
        is_whole = local.upper() == "INBOX" or local.upper().startswith(
            tuple(filter(None, map(str.upper, self._prefixes)))
        )
        return local if is_whole else self._prefixes[0] + local

    def select(self, configured: str) -> Selected:
        """Open the folder, as :meth:`Imap.select` does."""
        return self._imap.select(self.name(configured))

    def make(self, configured: str) -> None:
        """Create the folder and show it to mail clients, unless it is there; a refusal is a permanent fault."""
        if self.exists(configured):
            return
        name = self.name(configured)
        try:
            with self._imap.bounded(f"create folder {configured}"):
                self._imap.client.create_folder(name)
        except ImapError as fault:
            if fault.code != "ALREADYEXISTS":
                raise ImapError("permanent", fault.what, fault.detail, fault.code, fault.alive) from fault
        self._subscribe(name)

    def _subscribe(self, name: str) -> None:
        try:
            with self._imap.bounded("subscribe"):
                self._imap.client.subscribe_folder(name)
        except ImapError as fault:
            if not fault.alive:
                raise  # otherwise the folder is merely hidden in some clients

    def exists(self, configured: str) -> bool:
        """Whether the folder is there and can hold mails."""
        return self.count(configured) is not None

    def count(self, configured: str) -> int | None:
        """How many mails lie in the folder; None where there is none. LIST names some that hold no mails: a mere name
        above others, or what another session has deleted."""
        try:
            with self._imap.bounded(f"count {configured}"):
                return int(self._imap.client.folder_status(self.name(configured), ["MESSAGES"])[b"MESSAGES"])
        except ImapError as fault:
            if not fault.alive or (fault.code and fault.kind == "transient"):
                raise
            return None

    def contents(self, configured: str) -> Lying:
        """What lies in the folder, which is open afterwards where there is one."""
        if not self.exists(configured):
            return NO_FOLDER
        selected = self.select(configured)
        return Lying(selected.uidvalidity, frozenset(self._imap.uids(selected)))

    def file_away(self, uids: Sequence[int], configured: str) -> Filing:
        """Move at most :data:`MOVE_AT_ONCE` mails of the selected folder. What the server refuses (quota …) stays where
        it lies, with the reason: all of them, or those that it had not come to."""
        kill_point("before_move")
        filed = Filing()
        try:
            self._move_or_make(uids, configured, filed)
        except ImapError as fault:
            if not fault.alive:
                raise
            filed.refused = str(fault)
        return filed

    def _move_or_make(self, uids: Sequence[int], configured: str, filed: Filing) -> None:
        try:
            self._move(uids, configured, filed)
        except ImapError as fault:
            if fault.code not in {"TRYCREATE", "NONEXISTENT"}:
                raise
            self.make(configured)
            self._move(uids, configured, filed)

    def _move(self, uids: Sequence[int], configured: str, filed: Filing) -> None:
        imap, target, chosen = self._imap, self.name(configured), uid_set(uids)
        can_move, can_expunge = imap.has("MOVE"), imap.has("UIDPLUS")
        with imap.bounded(f"file into {configured}"):
            imap.client._imap.response("COPYUID")  # forget an earlier one
            answer: object = None
            try:
                answer = (imap.client.move if can_move else imap.client.copy)(chosen, target)
                filed.moved.update(uids)
            finally:  # a MOVE may be refused midway (RFC 6851, 4.3)
                filed.places.update(_copied(imap, answer))
                filed.moved.update(filed.places)
        if not can_move:
            self._expunge(uids, can_expunge)

    def _expunge(self, uids: Sequence[int], by_uid: bool) -> None:
        """Without UIDPLUS a plain EXPUNGE would take mails of others with it: ours stay, marked; their copy counts."""
        with self._imap.bounded("expunge"):
            self._imap.client.add_flags(list(uids), [b"\\Deleted"], silent=True)
            if by_uid:
                self._imap.client.uid_expunge(uid_set(uids))


def find(imap: Imap, uids: Sequence[int], message_ids: Collection[str]) -> dict[str, int]:
    """UIDs of the selected folder by Message-ID (without <>), for those asked for.

    The headers are compared here: what a sender wrote never becomes part of a command.
    """
    found: dict[str, int] = {}
    for some in in_slices(uids, MOVE_AT_ONCE):
        with imap.bounded("find"):
            answers = imap.client.fetch(list(some), ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
        for uid, answer in answers.items():
            own = (answer.get(b"BODY[HEADER.FIELDS (MESSAGE-ID)]") or b"").decode("utf-8", "replace")
            own = own.partition(":")[2].strip().removeprefix("<").removesuffix(">")
            if own in message_ids:
                found[own] = uid
    return found


def _copied(imap: Imap, answer: object) -> dict[int, tuple[int, int]]:
    """COPYUID (RFC 4315): in the tagged answer of COPY, in an untagged one of MOVE."""
    texts = [answer, *(imap.client._imap.response("COPYUID")[1] or [])]
    for text in texts:
        words = text.decode("ascii", "replace") if isinstance(text, bytes) else str(text or "")
        words = words.partition("COPYUID ")[2].partition("]")[0] or words
        parts = words.split()
        if len(parts) == 3 and all(set(part) <= set("0123456789,:") for part in parts):
            there = [(int(parts[0]), uid) for uid in read_uid_set(parts[2])]
            return dict(zip(read_uid_set(parts[1]), there, strict=False))
    return {}


def _naming(imap: Imap) -> tuple[tuple[str, ...], str]:
    """Prefixes of the namespaces (RFC 2342), the personal one first, and its delimiter; else that of LIST."""
    if imap.has("NAMESPACE"):
        with imap.bounded("namespace"):
            personal, *others = (space or () for space in imap.client.namespace())
            if personal:
                return tuple(str(prefix) for prefix, _ in itertools.chain(personal, *others)), str(personal[0][1] or "")
    with imap.bounded("list"):
        listed = imap.client.list_folders("", "")
        delimiter = listed[0][1] if listed else b"/"
        return ("",), (delimiter or b"").decode("ascii", "replace")
