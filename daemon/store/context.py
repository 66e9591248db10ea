"""What the steps of one transaction work with, apart from them: no step needs to know the others."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.files import Files
from daemon.store.counters import Counters
from daemon.store.dialect import Session
from daemon.store.tickets import Remembered, Tickets
from daemon.store.windows import Windows
from parsers.mail import Mail
from rules.decision import Letter
from rules.desk import Desk


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


class Lookups:
    """Where the rows of one transaction are looked up, and remembered until its end."""

    def __init__(self, session: Session, remembered: Remembered) -> None:
        self.session = session
        self.remembered = remembered
        self.tickets = Tickets(session, remembered)
        self.windows = Windows(session)
        self.counters = Counters(session)


class Writing(Lookups):
    """What is at hand besides where something is written."""

    def __init__(self, session: Session, remembered: Remembered, files: Files) -> None:
        super().__init__(session, remembered)
        self._files = files
        self._desk: Desk | None = None
        self._addresses: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())

    def keep_files(self, letter: Letter) -> None:
        """Keep the files that we made for ``letter`` before its row names them."""
        for file in letter.files:
            self._files.keep(file.content)

    def addresses(self, desk: Desk) -> tuple[frozenset[str], frozenset[str]]:
        """The desk's people and its own addresses, gathered once for a batch."""
        if self._desk is not desk:
            self._desk, self._addresses = desk, (desk.staff, desk.own_addresses)
        return self._addresses
