"""A whole desk without mail servers: raw mails go in, letters come out as the octets that would be sent.

Everything between is the daemon's own: the parser's budgets, the rules, a real store, templates and the MIME writer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from daemon.config.live import Loaded
from daemon.demo.correspondent import Received
from daemon.files import Octets
from daemon.intake import Intake
from daemon.mail.pipe import Poisoned, Task
from daemon.mail.reader import how_to_read
from daemon.mail.reader_child import _read_one
from daemon.store import Outcome, Store
from daemon.writing import mime
from daemon.writing.letters import Letters
from parsers.mail import Mail
from rules.desk import Desk
from tests.rules.desks import DESK, NOW
from tests.store.desk import Clock, fetched

MINUTE = timedelta(minutes=1)


class Here:
    """Reads in this process what daemon/mail/reader.py gives to a child."""

    def __init__(self, files: Path, desk: Desk) -> None:
        self._files, self._desk = files, desk

    def parse(self, mails: Sequence[tuple[int, Octets]]) -> list[Mail | Poisoned]:
        return list(self.answers(mails))

    def answers(self, mails: Sequence[tuple[int, Octets]]) -> Iterator[Mail | Poisoned]:
        budget, marks = how_to_read(self._desk)
        task = Task(budget, marks, self._files, ())
        for _, octets in mails:
            yield _read_one(octets, task) if octets else Poisoned("no octets", final=True)


@dataclass(frozen=True)
class Sent:
    """A letter on its way: its name, its envelope recipient, its octets."""

    letter: str
    to: str
    raw: bytes

    @property
    def read(self) -> Received:
        """As its reader has it."""
        return Received.of(self.raw)


class ServerlessDesk:
    """One desk. ``url``: its database, SQLite in ``folder`` without one."""

    def __init__(self, folder: Path, desk: Desk = DESK, url: str = "", now: datetime = NOW, first_uid: int = 1) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.desk, self.clock = desk, Clock(now)
        self.store = Store.open(url or f"sqlite:///{folder}/acuse.db", folder / "files", clock=self.clock)
        settings: Any = SimpleNamespace(desk=desk)
        self.live: Any = SimpleNamespace(current=Loaded(settings, Letters.load(desk), "1"))
        self._folder = folder
        self.read_by(Here(self.store.files.root, desk))
        self._uids = itertools.count(first_uid)
        self.sent: list[Sent] = []

    def __enter__(self) -> ServerlessDesk:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def read_by(self, reader: Any) -> None:
        """From now on mails are read by this one."""
        self._intake = Intake(self.store, reader, self, self._folder)

    @property
    def current(self) -> Any:
        """The configuration in force, as the intake asks for it."""
        return self.live.current

    # -- mails in

    def receive(self, mail: bytes | EmailMessage, box: str = "", **more: Any) -> str:
        """One mail; its verdict. ``box``: the mailbox, else the one of its To."""
        return self.receive_all([mail], box, **more)[0]

    def receive_all(self, mails: Iterable[bytes | EmailMessage], box: str = "", **more: Any) -> list[str]:
        """Many mails of one mailbox, treated in batches of 50."""
        rows = [(next(self._uids), *_raw(mail)) for mail in mails]
        for at in range(0, len(rows), 50):
            batch = rows[at : at + 50]
            account: Any = SimpleNamespace(name=box or self._box(batch[0][2]))
            mails = [fetched(uid, raw, internaldate=self.clock(), **more) for uid, raw, _ in batch]
            self._intake.treat(account, 1, mails)
        found = dict(
            self.query(f"SELECT uid, verdict FROM mails WHERE uid IN ({', '.join(str(row[0]) for row in rows)})")
        )
        return [found[uid] for uid, _, _ in rows]

    def treat_waiting(self, box: str) -> None:
        """What stands in the ledger without a verdict: released, retried, or failed a moment ago."""
        account: Any = SimpleNamespace(name=box)
        for _ in self._intake.treat_waiting(account):
            pass

    def ledger(self) -> list[tuple[str, str]]:
        """(verdict, why) of every mail, oldest first."""
        return self.query("SELECT verdict, why FROM mails ORDER BY id")

    def query(self, sql: str) -> list[Any]:
        """Rows of the database."""
        with self.store.read() as reading:
            return reading.session.all(sql)

    def _box(self, to: str) -> str:
        return next(box.name for box in self.desk.mailboxes if to in (box.address, *box.addresses))

    # -- letters out

    def letters(self, name: str = "", to: str = "") -> list[Sent]:
        """Hand over what is due now; of it the letters of that name and to that address."""
        new: list[Sent] = []
        while claimed := self.store.claim("tests", self.clock(), MINUTE, 500):
            new += [
                Sent(out.letter, out.to, b"".join(mime.render(out.content, self.store.files.open))) for out in claimed
            ]
            done = [Outcome(out.id, out.lease, "sent", "250 ok") for out in claimed]
            self.store.record(done, self.clock())
        self.sent += new
        return [each for each in new if name in ("", each.letter) and to in ("", each.to)]

    def letter(self, name: str, to: str = "") -> Received:
        """The one letter of that name that is due now."""
        (found,) = self.letters(name, to)
        return found.read

    def queued(self) -> int:
        """Letters in the outbox, whatever became of them."""
        return int(self.query("SELECT COUNT(*) FROM outbox")[0][0])


def _raw(mail: bytes | EmailMessage) -> tuple[bytes, str]:
    return (mail, "") if isinstance(mail, bytes) else (mail.as_bytes(), str(mail["To"]))
