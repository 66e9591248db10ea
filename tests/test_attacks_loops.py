"""Two desks and an autoresponder that write to each other through a relay that hides what they are: they come to rest.

Each desk is a daemon of its own on a real IMAP server, and the other's requester; this process is the relay between
them and the robot.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from daemon.demo.correspondent import Received, reply, write
from daemon.store.clock import utc_now
from rules.ticket import micros
from tests.deskworld import GOOD, ONE_BOX, SERVICE, SUBJECT, DeskWorld
from tests.test_attacks_bounds import MARKS, unmarked

ROBOT = "robot@cliente.example"
MOST = 6
"""Letters an hour to one address outside a desk."""
GUARDS = f"[guards]\nletters = {MOST}\n"
DUE = """
SELECT 1 FROM deliveries WHERE status = 'claimed' OR status NOT IN ('sent', 'failed') AND next_at <= {now}
UNION ALL SELECT 1 FROM mails WHERE filed_at IS NULL LIMIT 1
"""


@dataclass
class Tied:
    """Desks by the address that people write to. ``sent``: (desk, recipient) → letters that the relay has carried."""

    desks: dict[str, DeskWorld]
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    _references: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def carry(self) -> int:
        """Take every new letter where it is to go, without a mark of what wrote it; how many."""
        new = [
            (address, to, raw)
            for address, desk in self.desks.items()
            for to, raw in desk.servers.letters()[sum(n for (of, _), n in self.sent.items() if of == address) :]
        ]
        for address, to, raw in new:
            self.sent[address, to] += 1
            if to in self.desks:
                self._deliver(to, unmarked(raw, *MARKS, "Message-ID"))
            if to in (*self.desks, ROBOT):
                self._answer(address, to, Received.of(raw))
        return len(new)

    def _answer(self, address: str, robot: str, letter: Received) -> None:
        """As a robot without marks that never says the same: once in the thread, once by opening another ticket."""
        text = f"He recibido su correo. Referencia {next(self._references)}."
        self._deliver(address, reply(robot, letter, text).as_bytes())
        self._deliver(address, write(robot, address, SUBJECT, f"{GOOD} {text}").as_bytes())

    def _deliver(self, address: str, raw: bytes) -> None:
        self.desks[address].servers.deliver("servicio", raw)

    def rests(self) -> bool:
        """Whether nothing is on its way, and neither desk has anything to do now."""
        return not self.carry() and not any(_busy(desk) for desk in self.desks.values()) and not self.carry()


def _busy(desk: DeskWorld) -> bool:
    waits = desk.query(DUE.format(now=micros(utc_now())))
    return bool(waits) or bool(desk.servers.counts("servicio").get("INBOX"))


def test_a10_two_daemons_and_a_robot_tied_together_come_to_rest(tmp_path: Path) -> None:
    with ExitStack() as stack:
        one, other = (stack.enter_context(world(tmp_path / name, name)) for name in ("cau", "otra"))
        tied = Tied({SERVICE: one, SERVICE.replace("cau", "otra"): other})
        for (address, desk), stranger in zip(tied.desks.items(), reversed(tied.desks), strict=True):
            for sender in (stranger, ROBOT):
                desk.servers.deliver("servicio", write(sender, address, SUBJECT, GOOD).as_bytes())
            desk.start()
        one.until(tied.rests, "rest")
        outside = {pair: count for pair, count in tied.sent.items() if pair[1] in (*tied.desks, ROBOT)}
        assert len(outside) == 4, "each desk wrote to the other and to the robot"
        assert set(outside.values()) == {MOST}
        assert [desk.runs for desk in tied.desks.values()] == [True, True]
        assert [desk.balanced() for desk in tied.desks.values()] == [True, True]


def world(folder: Path, domain: str) -> DeskWorld:
    """A desk of that domain, with one account for everything."""
    folder.mkdir()
    desk = DeskWorld(folder, extra=GUARDS, boxes=ONE_BOX)
    text = desk.config.read_text(encoding="utf-8")
    desk.config.write_text(text.replace("cau.example", f"{domain}.example"), encoding="utf-8")
    return desk
