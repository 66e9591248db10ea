"""A desk under everything at once: mails of every verdict through Dovecot while the daemon is killed at random, servers
restart and the network flaps. Nothing may be lost, nothing doubled but letters whose final dot was in doubt.

`python -m tests.soak [--mails 20000] [--kills 200] [--seed N]` prints what it did; the suite runs a short form.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import get_args

from daemon.commands.auditing import prove
from daemon.demo.correspondent import Received
from daemon.demo.desks import SMALL
from rules.decision import Verdict
from tests.deskworld import DeskWorld
from tests.dovecot import Dovecot
from tests.faultproxy import FaultProxy
from tests.invariants import at_rest, holes
from tests.sink import Kept, Sink
from tests.soak_people import REGISTERED, reaction, stranger

UNBOUNDED = """
[guards]
letters = 1000000
notices = 1000000
near_miss = 1000000
staff = 1000000
[guards.breaker]
notices_per_domain = 1000000
notices_total = 1000000
same_content = 1000000
[senders.rates]
per_sender = 30
total = 1000000
[limits]
mail = 300000
"""
"""The guards have tests of their own; here every letter is to be counted. The rates hold a sender's 31st opening."""
IN_DOUBT = 2
"""Letters that one kill, or one cut of the network, may leave in doubt: one a connection."""
ENOUGH = 4
"""People stop writing after so many times the mails asked for, whatever verdict is still to come."""


class Digests(Sink):
    """An SMTP server that remembers letters by Message-ID and digest, and hands them to whoever reads ``news``."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: Counter[tuple[str, str]] = Counter()
        self.news: SimpleQueue[Kept] = SimpleQueue()

    def keep(self, mail: Kept) -> None:
        message_id = Received.of(mail.raw)["Message-ID"].strip("<>")
        with self._lock:
            self.arrived[message_id, hashlib.sha256(mail.raw).hexdigest()] += 1
        self.news.put(mail)


class Flapping:
    """Dovecot and an SMTP sink, each behind a network that fails as told."""

    def __init__(self) -> None:
        self.dovecot, self.sink = Dovecot(), Digests()
        self.dovecot.start()
        self.imap, self.smtp = FaultProxy(self.dovecot.port), FaultProxy(self.sink.port)
        self.imap_port, self.smtp_port = self.imap.port, self.smtp.port

    def deliver(self, user: str, *mails: bytes) -> None:
        """Each until the server has taken it: what it took without saying so comes twice, as a copy."""
        for raw in mails:
            while not self._taken(user, raw):
                time.sleep(0.1)

    def _taken(self, user: str, raw: bytes) -> bool:
        with contextlib.suppress(Exception):
            self.dovecot.deliver(user, raw)
            return True
        return False

    def counts(self, user: str) -> dict[str, int]:
        return self.dovecot.counts(user)

    def letters(self) -> list[tuple[str, bytes]]:
        """Letters are kept by digest alone."""
        return []

    def stop(self) -> None:
        for each in (self.imap, self.smtp, self.sink):
            each.close()
        self.dovecot.__exit__()  # with its folder


# -- the storm


@dataclass
class Soak:
    """One soak and what it counted."""

    world: DeskWorld
    servers: Flapping
    mails: int
    kills: int
    dice: random.Random
    injected: set[str] = field(default_factory=set)
    sent: int = 0
    copies: int = 0
    done: Counter[str] = field(default_factory=Counter)
    memory_kib: int = 0
    descriptors: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, patience_s: float = 600.0) -> list[str]:
        """Inject, disturb, wait for rest; everything that does not hold."""
        people = threading.Thread(target=self._people, daemon=True)
        people.start()
        self.world.start()
        while people.is_alive() or self.done["kill"] < self.kills:
            self._disturb()
            self._look()
        self._stop.set()
        calm = time.monotonic() + patience_s
        while time.monotonic() < calm:
            if not self.world.runs:
                self.world.start()
            self._look()
            if self._treated() >= len(self.injected) and at_rest(self.world):
                break
            time.sleep(0.5)
        self.world.stop()
        return self.violations()

    def _people(self) -> None:
        """Everybody who writes, those who react to letters first, until there were enough mails of every verdict; most
        of them spread evenly over the kills."""
        while self.sent < self.mails or (self.sent < ENOUGH * self.mails and self._unseen()):
            if self.sent * self.kills >= self.mails * (self.done["kill"] + 1):
                time.sleep(0.2)  # while what came is treated
            message = self._reacted() or stranger(self.sent, self.dice)
            self._send(message)
            if self.dice.random() < 0.02:
                self.copies += 1
                self._deliver(message)

    def _reacted(self) -> EmailMessage | None:
        """The next reaction to a letter that came; None where nobody reacts to any."""
        with contextlib.suppress(Empty):
            while True:
                mail = self.servers.sink.news.get_nowait()
                if message := reaction(Received.of(mail.raw), mail.recipients[0], self.sent, self.dice):
                    return message
        return None

    def _send(self, message: EmailMessage) -> None:
        self.sent += 1
        self.injected.add(str(message["Message-ID"]).strip("<>"))
        self._deliver(message)

    def _deliver(self, message: EmailMessage) -> None:
        user = next((user for user, addresses in SMALL.users.items() if message["To"] in addresses), "servicio")
        self.servers.deliver(user, message.as_bytes())

    # -- what happens to the desk

    def _disturb(self) -> None:
        time.sleep(self.dice.uniform(0.2, 1.5))
        if not self.world.runs:
            self.world.start()
            time.sleep(self.dice.uniform(1.0, 6.0))
            return
        calm: Callable[[], None] = lambda: None  # noqa: E731
        acts = {
            "kill": self._kill if self.done["kill"] < self.kills else calm,
            "imap restart": self.servers.dovecot.restart,
            "imap sessions killed": self.servers.dovecot.kill_sessions,
            "imap reset": lambda: self._network(self.servers.imap, reset=True),
            "imap refused": lambda: self._network(self.servers.imap, refuse=True),
            "imap cut": lambda: self._network(self.servers.imap, cut_to_client=self.dice.randrange(100, 50_000)),
            "smtp reset": lambda: self._network(self.servers.smtp, reset=True),
            "smtp refused": lambda: self._network(self.servers.smtp, refuse=True),
            "smtp silent": lambda: self._network(self.servers.smtp, blackhole=True),
            "held released": self._release,
        }
        name = self.dice.choices(list(acts), [6, 1, 1, 1, 1, 1, 1, 1, 1, 1])[0]
        acts[name]()
        self.done[name] += 1 if acts[name] is not calm else 0

    def _release(self) -> None:
        """The admin lets pass what the rates hold, all but one."""
        held = self.world.query("SELECT id FROM mails WHERE verdict = 'held' LIMIT 20 OFFSET 1")
        if held:
            self.world.acuse("release", *(str(mail) for (mail,) in held), check=False)

    def _kill(self) -> None:
        self.world.kill()

    def _network(self, proxy: FaultProxy, **mode: object) -> None:
        proxy.set(**mode)
        proxy.drop()
        time.sleep(self.dice.uniform(0.1, 1.0))
        proxy.set()
        proxy.drop()

    def _look(self) -> None:
        """The daemon's memory and open files, at their highest."""
        if self.world.daemon is None:
            return
        own = Path(f"/proc/{self.world.daemon.pid}")
        with contextlib.suppress(OSError, StopIteration):
            peak = next(line for line in (own / "status").read_text().splitlines() if line.startswith("VmHWM"))
            self.memory_kib = max(self.memory_kib, int(peak.split()[1]))
            self.descriptors = max(self.descriptors, len(list((own / "fd").iterdir())))

    # -- what must hold

    def _treated(self) -> int:
        """Mails that are known; of one that is quarantined unread the ledger has no Message-ID."""
        sql = (
            "SELECT COUNT(DISTINCT NULLIF(message_id, '')) + COALESCE(SUM(message_id = ''), 0)"
            " FROM mails WHERE verdict <> ''"
        )
        return int((self.world.query(sql) or [(0,)])[0][0])

    def _unseen(self) -> list[str]:
        """Verdicts that no mail has had yet."""
        seen = {verdict for (verdict,) in self.world.query("SELECT DISTINCT verdict FROM mails")}
        return sorted(set(get_args(Verdict)) - seen)

    @property
    def in_doubt(self) -> int:
        """How many letters may have come twice."""
        cut = sum(count for name, count in self.done.items() if name.startswith("smtp"))
        return IN_DOUBT * (self.done["kill"] + cut)

    @property
    def doubled(self) -> int:
        """How many letters came more than once."""
        return sum(self.servers.sink.arrived.values()) - len({name for name, _ in self.servers.sink.arrived})

    def violations(self) -> list[str]:
        """Everything that does not hold; [] when all is well."""
        known = [row[0] for row in self.world.query("SELECT message_id FROM mails WHERE verdict <> 'duplicate'")]
        queued = {row[0] for row in self.world.query("SELECT message_id FROM outbox")}
        arrived = [message_id for message_id, _ in self.servers.sink.arrived]
        missing, unread = self.injected - set(known), known.count("")
        found = [f"mail {each} lost" for each in sorted(missing)] if len(missing) > unread else []
        found += [f"mail {each} treated {n} times" for each, n in Counter(known).items() if each and n > 1]
        found += [f"letter {each} never arrived" for each in sorted(queued - set(arrived))]
        found += [f"letter {each} was never queued" for each in sorted(set(arrived) - queued)]
        found += [f"letter {each} arrived with other bytes" for each, n in Counter(arrived).items() if n > 1]
        found += [f"people stopped at {self.sent} mails"] if self.sent < self.mails else []
        found += holes(number for (number,) in self.world.query("SELECT number FROM tickets"))
        found += [f"no mail was «{verdict}»" for verdict in self._unseen()]
        if self.doubled > self.in_doubt:
            found.append(f"{self.doubled} letters came more than once, {self.in_doubt} may have")
        if not at_rest(self.world):
            found.append("something still waits")
        return found + [f"audit: {finding}" for finding in prove(self.world.settings()).findings]

    def told(self) -> str:
        """What was done and seen, for a person."""
        verdicts = self.world.query("SELECT verdict, COUNT(*) FROM mails GROUP BY verdict ORDER BY 2 DESC")
        letters = len({name for name, _ in self.servers.sink.arrived})
        return "\n".join([
            f"{self.sent} mails, {self.copies} copies on purpose; {letters} letters, {self.doubled} of them twice",
            "verdicts: " + ", ".join(f"{name} {count}" for name, count in verdicts),
            "disturbed: " + ", ".join(f"{name} {count}" for name, count in self.done.most_common()),
            f"the daemon's peak: {self.memory_kib / 1024:.0f} MiB, {self.descriptors} open files",
        ])  # fmt: skip


@contextlib.contextmanager
def soaking(folder: Path, mails: int, kills: int, seed: int):
    """A soak on a desk of its own in ``folder``."""
    servers = Flapping()
    with DeskWorld(folder, servers, extra=UNBOUNDED + REGISTERED) as world:
        yield Soak(world, servers, mails, kills, random.Random(seed))


def main() -> int:
    """The long form."""
    options = argparse.ArgumentParser(description="Mails of every verdict under kills, restarts and a bad network.")
    options.add_argument("--mails", type=int, default=20_000)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=int(time.time()))
    wanted = options.parse_args()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        soaking(Path(folder), wanted.mails, wanted.kills, wanted.seed) as soak,
    ):
        found = soak.run(3600.0)
        print(soak.told())
        print(f"seed {wanted.seed}, {time.monotonic() - began:.0f} s")
        print("\n".join(found[:50]) or "everything holds")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
