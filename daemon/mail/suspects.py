"""Mails that a connection broke at: one that breaks every connection must keep no other waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from daemon.log import log
from daemon.mail.imap_faults import ImapError


class Suspects:
    """The UIDs of one mailbox that were asked for when a connection broke, from one connection to the next."""

    def __init__(self) -> None:
        self._breaks: Counter[int] = Counter()

    def __bool__(self) -> bool:
        return bool(self._breaks)

    def apart(self, uids: Sequence[int]) -> tuple[list[int], list[int]]:
        """Those of ``uids`` that can be asked for together, and the suspects, to be asked for one by one afterwards:
        those first at which the fewest connections broke. Suspects that are not there any more are forgotten."""
        for gone in self._breaks.keys() - set(uids):
            del self._breaks[gone]
        suspects = sorted(self._breaks, key=lambda uid: (self._breaks[uid], uid))
        return [uid for uid in uids if uid not in self._breaks], suspects

    @contextmanager
    def asked_for(self, uids: Collection[int]) -> Iterator[None]:
        """If the connection breaks meanwhile, any of ``uids`` may be at fault."""
        try:
            yield
        except ImapError:
            self._breaks.update(uids)
            if len(uids) == 1:
                log.warning("the connection broke at a mail", uid=min(uids), times=self._breaks[min(uids)])
            raise

    def clear(self, uids: Collection[int]) -> None:
        """These came whole."""
        for uid in uids:
            self._breaks.pop(uid, None)
