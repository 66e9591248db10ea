"""The first days of the scripted month on a real Dovecot: the same mails, the same letters, books that balance.

Dovecot puts no mail into the future: the story is played in a December gone by that has the same days of the week.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from daemon.demo.desks import PASSWORD
from daemon.demo.embedded import SentMail
from daemon.demo.week import TimedStage
from tests.dovecot import Dovecot
from tests.sink import Kept, Sink
from tests.test_month import GOLDENS, SCENES, as_golden

YEAR = 2020
"""Its December has the weekdays, and Madrid's holidays, of the month in the golden files."""
DAYS = ("01-known-people", "02-registration", "03-caller", "04-escalation", "05-away", "06-validated")


class RealServers:
    """A Dovecot and an SMTP sink, as a stage knows its servers; mails arrive at the time of the story."""

    def __init__(self, passed: Callable[[SentMail], None], clock: Callable[[], datetime]) -> None:
        self.dovecot, self._clock = Dovecot(password=PASSWORD), clock
        self._sink = Telling(passed)
        self.imap_port, self.smtp_port = self.dovecot.port, self._sink.port

    def start(self) -> None:
        self.dovecot.start()

    def stop(self) -> None:
        self.dovecot.__exit__()  # with its folder
        self._sink.close()

    def deliver(self, user: str, raw: bytes) -> None:
        with self.dovecot.client(user) as client:
            client.append("INBOX", raw, msg_time=self._clock())

    def mails(self) -> list[SentMail]:
        return [sent(kept) for kept in self._sink.mails]


def sent(kept: Kept) -> SentMail:
    """As the stage knows it."""
    return SentMail(kept.sender, kept.recipients, kept.raw, datetime.fromtimestamp(kept.at, UTC))


class Telling(Sink):
    """Tells of each letter that it keeps."""

    def __init__(self, passed: Callable[[SentMail], None]) -> None:
        self._passed = passed
        super().__init__()

    def keep(self, mail: Kept) -> None:
        super().keep(mail)
        self._passed(sent(mail))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[TimedStage]:
    stage = TimedStage(tmp_path, Console(file=io.StringIO()), YEAR)
    stage.servers = RealServers(stage._passed, lambda: stage.now)
    try:
        stage.open()
        yield stage
    finally:
        stage.close()


def test_the_first_days_on_dovecot(stage: TimedStage) -> None:
    for day in DAYS:
        before = len(stage.servers.mails())
        SCENES[day](stage)
        golden = (GOLDENS / f"{day}.txt").read_text(encoding="utf-8")
        assert letters("\n".join(map(as_golden, stage.servers.mails()[before:]))) == letters(in_that_year(golden)), day
    assert stage.service is not None
    assert stage.service.store.audit(stage.service.live.current.settings.desk) == []


def letters(text: str) -> list[str]:
    """Each letter of a scene; which connection was faster does not matter."""
    return sorted(letter.strip() for letter in text.split("==== ") if letter.strip())


def in_that_year(golden: str) -> str:
    """A golden file's dates and numbers as they were in :data:`YEAR`."""
    return re.sub(r"\b([IW])26(?=\d{4}_)", rf"\g<1>{YEAR % 100}", golden.replace("2026", str(YEAR)))
