"""What the functions that write in one transaction share. It stands apart, so that they need not know each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from daemon.files import Files
from daemon.store import unnamed
from daemon.store.dialect import Session
from daemon.store.facts import Lookups
from daemon.store.outbox import Posted
from daemon.store.tickets import Remembered
from parsers.mail import Mail
from rules.letters import Letter


@dataclass(frozen=True, slots=True)
class Cause:
    """What a decision follows from. A mail's row in the ledger gets the verdict; a timer, a delivery's result or an
    alert has no ``mail_id``. ``mail`` is None where the bytes could not be parsed.
    """

    mail_id: int = 0
    mail: Mail | None = None

    @property
    def sender(self) -> str:
        """Whose mail it is, in lower case; "" for a cause that is no mail."""
        return self.mail.sender.lower() if self.mail else ""


class Writing(Lookups):
    """A transaction that writes: besides its look-ups, the files that its letters carry, and the letters to be sent."""

    def __init__(self, session: Session, remembered: Remembered, files: Files) -> None:
        super().__init__(session, remembered)
        self._files = files
        self.posted: list[Posted] = []

    def hold_files(self, kept: Iterable[str] = ()) -> None:
        """As :func:`daemon.store.unnamed.hold`."""
        unnamed.hold(self.session, self._files, kept)

    def keep_files(self, letter: Letter) -> None:
        """Keep the files that we made for ``letter`` before its row names them."""
        if letter.files:
            self.hold_files()
        for file in letter.files:
            self._files.keep(file.content)
