"""Mails that stand in the way: one that breaks every connection, that the server refuses to move, or for which there is
no room here, must keep no other waiting."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from daemon.log import log
from daemon.store.errors import StoreError

ALONE = 2
"""A mail blamed this often has failed alone: a failure among others counts once, a failure alone at least twice."""


class Suspects:
    """The mails of one mailbox, by UIDs or by ids of the ledger, that were in hand when a connection broke or the
    server refused, and how often."""

    def __init__(self, blamed: Mapping[int, int] | None = None) -> None:
        self._blamed = Counter(blamed)

    @property
    def blamed(self) -> dict[int, int]:
        """How often each was blamed."""
        return dict(self._blamed)

    def untried(self, mails: Iterable[int]) -> bool:
        """Whether any of ``mails``, or of the suspects, has not been seen to fail alone."""
        return any(self._blamed[mail] < ALONE for mail in (*mails, *self._blamed))

    def apart(self, mails: Sequence[int]) -> tuple[list[int], list[int]]:
        """Those of ``mails`` that can be asked for together, and the suspects, to be asked for one by one afterwards,
        the least blamed first."""
        suspects = sorted((mail for mail in mails if mail in self._blamed), key=lambda mail: (self._blamed[mail], mail))
        return [mail for mail in mails if mail not in self._blamed], suspects

    @contextmanager
    def asked_for(self, mails: Collection[int]) -> Iterator[None]:
        """Blame ``mails`` if the connection breaks meanwhile, or if anything but the database fails."""
        try:
            yield
        except StoreError:
            raise
        except Exception as fault:
            self.blame(mails)
            if len(mails) == 1:
                log.warning("a mail stands in the way", mail=min(mails), fault=type(fault).__name__)
            raise

    def blame(self, mails: Collection[int]) -> None:
        """Any of these may be at fault; a single one is."""
        self._blamed.update(mails)
        if len(mails) == 1:
            self._blamed.update({mail: ALONE - 1 for mail in mails if self._blamed[mail] < ALONE})

    def forget_all_but(self, mails: Iterable[int]) -> None:
        """Forget the mails that are no longer there."""
        self.clear(self._blamed.keys() - set(mails))

    def clear(self, mails: Collection[int]) -> None:
        """These are not at fault."""
        for mail in mails:
            self._blamed.pop(mail, None)


@dataclass(frozen=True, slots=True)
class InTheWay:
    """The suspects of one mailbox, from one connection to the next: of a fetch, by UID, and of a move, by id. As a text
    it is what a desk remembers of them, "" where there are none."""

    fetch: Suspects
    move: Suspects

    @classmethod
    def remembered(cls, text: str) -> InTheWay:
        """Read back what ``str`` wrote."""
        noted = json.loads(text) if text else {}
        return cls(*(Suspects({int(mail): times for mail, times in noted.get(of, ())}) for of in ("fetch", "move")))

    def __str__(self) -> str:
        noted = {"fetch": sorted(self.fetch.blamed.items()), "move": sorted(self.move.blamed.items())}
        return json.dumps(noted, separators=(",", ":")) if any(noted.values()) else ""
