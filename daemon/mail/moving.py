"""Moving decided mails to our folders: one that is refused, or breaks the connection, holds no other back."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence

from daemon.config.accounts import Account
from daemon.log import log
from daemon.mail.filing import MOVE_AT_ONCE, Filing, Folders
from daemon.mail.suspects import Suspects
from daemon.slices import in_slices
from daemon.store import Unfiled

REFUSED_IN_A_ROW = 10
"""After so many refusals of single mails without a move in between, the folder itself takes nothing (quota,
permissions)."""


class Mover:
    """The moves of one look at a mailbox. ``unmoved`` are the ids of mails that stood in the way of earlier ones."""

    def __init__(self, account: Account, folders: Folders, unmoved: Suspects) -> None:
        self.refused = ""
        """Why the server last refused to move a mail away; "" when it moved every one."""
        self.moved = 0
        """How many mails were moved."""
        self._account, self._folders, self._unmoved = account, folders, unmoved
        self._in_a_row: Counter[str] = Counter()

    def move(self, mails: Sequence[Unfiled], folder: str) -> Iterator[tuple[Sequence[Unfiled], Filing]]:
        """Move mails of the selected folder to ``folder``, an attribute of the account's folders: group by group, each
        yielded with what became of it. A refused group is halved until the mail at fault is alone."""
        groups = deque(in_slices(mails, MOVE_AT_ONCE))
        while groups and self._in_a_row[folder] < REFUSED_IN_A_ROW:
            some = groups.popleft()
            filed = self._file_away(some, folder)
            self.moved += len(filed.moved)
            yield some, filed
            if filed.refused and len(some) > 1:
                left = [mail for mail in some if mail.uid not in filed.moved]
                groups.extendleft(reversed(list(in_slices(left, len(some) // 2))))
            else:
                self._note(some, folder, filed.refused)

    def _file_away(self, some: Sequence[Unfiled], folder: str) -> Filing:
        with self._unmoved.asked_for([mail.id for mail in some]):
            return self._folders.file_away(
                [mail.uid for mail in some if mail.uid], getattr(self._account.folders, folder)
            )

    def _note(self, some: Sequence[Unfiled], folder: str, refused: str) -> None:
        ids = [mail.id for mail in some]
        if not refused:
            self._unmoved.clear(ids)
            self._in_a_row[folder] = 0
            return
        self._unmoved.blame(ids)
        self._in_a_row[folder] += 1
        self.refused = refused
        log.warning("filing refused", mailbox=self._account.name, folder=folder, mail=ids[0], why=refused)
