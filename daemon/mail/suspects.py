"""Mails that stand in the way: one that breaks every connection, or that the server refuses to move, must keep no other
waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from daemon.log import log
from daemon.mail.imap_faults import ImapError


class Suspects:
    """The mails of one mailbox, by UIDs or by ids of the ledger, that were in hand when a connection broke or the
    server refused, from one connection to the next."""

    def __init__(self) -> None:
        self._blamed: Counter[int] = Counter()

    def __bool__(self) -> bool:
        return bool(self._blamed)

    def apart(self, mails: Sequence[int]) -> tuple[list[int], list[int]]:
        """Those of ``mails`` that can be asked for together, and the suspects, to be asked for one by one afterwards:
        those first that were blamed the fewest times."""
        suspects = sorted((mail for mail in mails if mail in self._blamed), key=lambda mail: (self._blamed[mail], mail))
        return [mail for mail in mails if mail not in self._blamed], suspects

    @contextmanager
    def asked_for(self, mails: Collection[int]) -> Iterator[None]:
        """If the connection breaks meanwhile, any of ``mails`` may be at fault."""
        try:
            yield
        except ImapError:
            self.blame(mails)
            if len(mails) == 1:
                log.warning("the connection broke at a mail", mail=min(mails), times=self._blamed[min(mails)])
            raise

    def blame(self, mails: Collection[int]) -> None:
        """It may be any of these."""
        self._blamed.update(mails)

    def forget_all_but(self, mails: Iterable[int]) -> None:
        """Only these are still there."""
        self.clear(self._blamed.keys() - set(mails))

    def clear(self, mails: Collection[int]) -> None:
        """With these all is well."""
        for mail in mails:
            self._blamed.pop(mail, None)
