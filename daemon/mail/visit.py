"""One connection's work on a mailbox: fetch what lies there, have it treated, file it away.

The order is the promise: a mail is moved only after :meth:`Intake.treat` has returned, which is after its COMMIT.
What was decided but not moved (a crash, a full quota) is moved at the next look, without being fetched again.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from daemon.config.accounts import Account
from daemon.faults import kill_point
from daemon.mail.fetching import ANNOUNCE_AT_ONCE, Announced, announce, batches, fetched
from daemon.mail.filing import MOVE_AT_ONCE, Filing, Folders, find
from daemon.mail.imap import Imap
from daemon.mail.imap_faults import ImapError
from daemon.mail.moving import Mover
from daemon.mail.suspects import InTheWay
from daemon.slices import in_slices
from daemon.store import Fetched, Filed, Store, Unfiled


class Intake(Protocol):
    """The desk behind a mailbox."""

    @property
    def store(self) -> Store:
        """Where the places of mails are noted, and those that stand in the way."""

    @property
    def spool(self) -> Path:
        """A folder for large mails while they are treated."""

    @property
    def largest_mail(self) -> int:
        """Octets; of a larger mail only the headers are fetched."""

    def treat(self, account: Account, uidvalidity: int, mails: Sequence[Fetched]) -> Sequence[Unfiled]:
        """Give every mail its verdict and commit; returns the folder of each, "" for one that was filed before and
        stays. A mail missing from the answer is offered again at the next look; an exception means that none was
        treated."""

    def treat_waiting(self, account: Account) -> Iterator[int]:
        """Treat the mails in the ledger that have no verdict (released, retried), some at a time; yields how many.
        :meth:`daemon.store.Store.unfiled` tells which to move."""


class Visit:
    """One connection to one mailbox, with its folder open. ``stop`` ends the work between two batches."""

    def __init__(self, imap: Imap, account: Account, intake: Intake, stop: threading.Event) -> None:
        self._imap = imap
        self._account = account
        self._intake = intake
        self._stop = stop
        self._store = intake.store
        self._remembered = self._store.suspects(account.name)
        self._in_the_way = InTheWay.remembered(self._remembered)
        self._suspects, self._unmoved = self._in_the_way.fetch, self._in_the_way.move
        self._folders = Folders(imap)
        self._selected = self._folders.select(account.folder)
        self._settled: set[int] = set()
        self._waiting: list[Unfiled] = []
        self._unfetched: set[int] = set()
        self._mover = Mover(account, self._folders, self._unmoved)
        self.treated = 0
        """Mails that were fetched and treated so far."""
        self._store.forget_places(account.name, self.uidvalidity)

    @property
    def uidvalidity(self) -> int:
        """What the UIDs of this visit hold for."""
        return self._selected.uidvalidity

    @property
    def refused(self) -> str:
        """Why the server refused, at the last look, to file a mail away; "" when it took everything."""
        return self._mover.refused

    @property
    def progressed(self) -> bool:
        """Whether anything was treated, or moved at the last look."""
        return bool(self.treated or self._mover.moved)

    @property
    def untried(self) -> bool:
        """Whether the last look skipped mails because the connection broke at others, and some have not been tried
        alone yet. What a folder refuses waits for the next run: the folder may take nothing."""
        return self._suspects.untried(self._unfetched) or self._unmoved.untried(())

    def make_folders(self) -> None:
        """Make the account's folders where they are missing; a server that refuses is a permanent fault."""
        for name in self._account.folders.names:
            self._folders.make(name)

    def look(self, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
        """Treat and file away everything that lies in the folder now; returns how many mails were treated.

        ``progress`` is told how many of how many are done. What stands in the way is remembered, however the look ends.
        """
        try:
            return self._look(progress)
        finally:
            self._remember()

    def _look(self, progress: Callable[[int, int], None]) -> int:
        self._mover = Mover(self._account, self._folders, self._unmoved)
        done = 0
        for treated in self._intake.treat_waiting(self._account):
            done += treated
            if self._stop.is_set():
                return done
        unmoved = self._file_unfiled()
        uids = [uid for uid in self._imap.uids(self._selected) if uid not in self._settled]
        total = done + len(uids)
        for batch in self._batches(uids):
            if self._stop.is_set():
                break
            done += self._treat(batch)
            progress(done, total)
        self._file_away()
        for mail in unmoved:
            self._waiting = self._own([mail])
            self._file_away()
        return done

    def _file_unfiled(self) -> list[Unfiled]:
        """Move mails that were decided earlier: by a process that died, while the server refused, or from the ledger
        alone. Returns those that stood in the way, which are left for the end of the look."""
        left: list[Unfiled] = []
        unfiled: set[int] = set()
        after = 0
        while some := self._store.unfiled(self._account.name, self.uidvalidity, after):
            mails = {mail.id: mail for mail in some}
            together, alone = self._unmoved.apart(list(mails))
            self._settled.update(mail.uid for mail in some if mail.uid is not None and not mail.lies_in)
            self._waiting = self._own([mails[id_] for id_ in together])
            self._file_away()
            left += [mails[id_] for id_ in alone]
            unfiled.update(mails)
            after = max(mails)
        self._unmoved.forget_all_but(unfiled)
        return left

    def _own(self, mails: Sequence[Unfiled]) -> list[Unfiled]:
        """Those whose UIDs are not other mails' by now; the others stay, to be fetched as what they are."""
        asked = {mail.uid: mail for mail in mails if mail.uid and mail.arrived}
        with self._unmoved.asked_for([mail.id for mail in asked.values()]):
            found = announce(self._imap, list(asked))
        others = {each.uid for each in found if asked[each.uid].is_other(each.size, each.internaldate)}
        self._settled -= others
        return [mail for mail in mails if mail.uid not in others]

    def _remember(self) -> None:
        now = str(self._in_the_way)
        if now != self._remembered:
            self._store.suspect(self._account.name, now)
            self._remembered = now

    def _batches(self, uids: Sequence[int]) -> Iterator[list[Announced]]:
        self._unfetched = set(uids)
        self._suspects.forget_all_but(uids)
        together, suspects = self._suspects.apart(uids)
        for some in in_slices(together, ANNOUNCE_AT_ONCE):
            yield from self._announced(some)
        for uid in suspects:
            self._file_away()  # as long as there is a connection
            yield from self._announced([uid])

    def _announced(self, uids: Sequence[int]) -> Iterator[list[Announced]]:
        with self._suspects.asked_for(uids):
            found = announce(self._imap, uids)
        self._unfetched -= set(uids).difference(mail.uid for mail in found)
        yield from batches(found)

    def _treat(self, batch: Sequence[Announced]) -> int:
        intake, uids = self._intake, [mail.uid for mail in batch]
        with (
            self._suspects.asked_for(uids),
            fetched(self._imap, batch, intake.spool, intake.largest_mail) as mails,
        ):
            kill_point("after_fetch")
            treated = intake.treat(self._account, self.uidvalidity, mails) if mails else ()
        self._suspects.clear(uids)
        self._unfetched.difference_update(uids)
        self._settled.update(mail.uid for mail in treated if mail.uid is not None)
        self._waiting += [mail for mail in treated if mail.folder]
        self.treated += len(mails)
        if len(self._waiting) >= MOVE_AT_ONCE:
            self._file_away()
        return len(mails)

    def _file_away(self) -> None:
        """Move every mail that waits to be moved, and have its new place noted."""
        waiting, self._waiting = self._waiting, []
        here = [mail for mail in waiting if not mail.lies_in]
        for lies_in, mails in _grouped((mail for mail in waiting if mail.lies_in), lambda mail: mail.lies_in):
            placed = self._enter(lies_in, mails)
            self._move_all(mail for mail in placed if mail.uid)
            self._return()
            here += [replace(mail, uid=mail.watched_uid) for mail in placed if not mail.uid]
        self._move_all(mail for mail in here if mail.uid)
        if gone := [Filed(mail.id, "") for mail in here if not mail.uid]:
            self._store.filed(self._account.name, gone)

    def _move_all(self, mails: Iterable[Unfiled]) -> None:
        """Move mails of the selected folder, each to its own."""
        for folder, some in _grouped(mails, lambda mail: mail.folder):
            for group, filed in self._mover.move(some, folder):
                kill_point("after_move")
                self._note(group, folder, filed)

    def _note(self, mails: Sequence[Unfiled], folder: str, filed: Filing) -> None:
        """Have it noted where the moved mails lie now."""
        moved = {mail.id: mail.uid for mail in mails if mail.uid in filed.moved}
        self._store.filed(
            self._account.name,
            [Filed(id_, folder, *filed.places.get(uid or 0, (None, None))) for id_, uid in moved.items()],
        )

    def _enter(self, lies_in: str, mails: Sequence[Unfiled]) -> list[Unfiled]:
        """Open one of our own folders and find mails there: by their noted UID, else by their Message-ID.

        One that is neither there nor in the watched folder was taken away by somebody; it counts as moved.
        """
        selected = self._folders.select(getattr(self._account.folders, lies_in))
        known = [mail for mail in mails if mail.uid and mail.uidvalidity == selected.uidvalidity]
        lost = [mail for mail in mails if mail not in known]
        wanted = {mail.message_id for mail in lost if mail.message_id}
        found = find(self._imap, self._imap.uids(selected), wanted) if wanted else {}
        return known + [replace(mail, uid=found.get(mail.message_id)) for mail in lost]

    def _return(self) -> None:
        """Back to the watched folder; a new UIDVALIDITY there calls for a new visit."""
        before = self.uidvalidity
        self._selected = self._folders.select(self._account.folder)
        if self.uidvalidity != before:
            raise ImapError("transient", "select", "UIDVALIDITY changed")


def _grouped(mails: Iterable[Unfiled], key: Callable[[Unfiled], str]) -> list[tuple[str, list[Unfiled]]]:
    groups: defaultdict[str, list[Unfiled]] = defaultdict(list)
    for mail in mails:
        groups[key(mail)].append(mail)
    return list(groups.items())
