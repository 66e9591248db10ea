"""`kill -9` at every named point (F1 to F6), on a real Dovecot: one mail, one ticket, one confirmation.

Where the point is not one of sending, the sending stands still until the last kill: then no letter may come twice.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.demo.correspondent import Received, write
from tests.deskworld import GOOD, OPENINGS, SUBJECT, DeskWorld, Real
from tests.invariants import run_until_rest, violations
from tests.patience import PATIENCE_S

MAILS = 20
IN_DOUBT = 2
"""One letter a connection: its final dot was sent, and what came of it not recorded, when the daemon ended."""


_people = itertools.count()


def inject(world: DeskWorld, mails: int = MAILS) -> None:
    """Openings of as many people, never the same twice."""
    people = itertools.islice(_people, mails)
    world.send(*(write(f"Persona {n} <p{n}@cliente.example>", OPENINGS, SUBJECT, GOOD) for n in people))


@contextmanager
def nothing_sent(world: DeskWorld) -> Iterator[None]:
    """The SMTP server takes nothing meanwhile."""
    assert isinstance(world.servers, Real)
    world.servers.sink.away = True
    yield
    assert world.servers.letters() == []
    world.servers.sink.away = False


def killed_at(world: DeskWorld, point: str, *passages: int) -> None:
    """Let the daemon die at these passages of the point, one life each."""
    inject(world)
    for nth in passages:
        assert world.start(ACUSE_KILL=f"{point}:{nth}").wait(PATIENCE_S) == -signal.SIGKILL, world.log()


def twice(world: DeskWorld) -> int:
    """Letters that arrived more than once."""
    ids = Counter(Received.of(raw)["Message-ID"] for _, raw in world.servers.letters())
    return sum(count - 1 for count in ids.values())


def test_f01_killed_after_fetch(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        killed_at(world, "after_fetch", 1)
        run_until_rest(world, MAILS)
        assert violations(world, MAILS, MAILS) == []


def test_f01_what_a_killed_daemon_had_fetched_of_a_large_mail_is_not_left_behind(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        spool = Path(world.settings().database.files, "spool")
        mail = write(
            "Persona <p@cliente.example>", OPENINGS, SUBJECT, GOOD, files={"grande.bin": os.urandom(1_000_000)}
        )
        world.send(mail)
        assert world.start(ACUSE_KILL="after_fetch:1").wait(PATIENCE_S) == -signal.SIGKILL, world.log()
        assert [path.stat().st_size > 1_000_000 for path in spool.iterdir()] == [True]
        run_until_rest(world, 1)
        assert list(spool.iterdir()) == []
        assert violations(world, 1, 1) == []


def test_f02_killed_inside_the_transaction(tmp_path: Path) -> None:
    """First with one mail of the batch decided, then with all of them."""
    with DeskWorld(tmp_path) as world:
        with nothing_sent(world):
            killed_at(world, "in_transaction", 1, MAILS)
        run_until_rest(world, MAILS)
        assert violations(world, MAILS, MAILS) == []


def test_f03_killed_after_commit_before_the_move(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        with nothing_sent(world):
            killed_at(world, "before_move", 1)
            assert world.servers.counts("apertura").get("INBOX") == MAILS
        run_until_rest(world, MAILS)
        assert violations(world, MAILS, MAILS) == []


def test_f04_killed_after_the_move_before_its_note(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        with nothing_sent(world):
            killed_at(world, "after_move", 1)
            assert world.query("SELECT COUNT(*) FROM mails WHERE filed_at IS NULL") == [(MAILS,)]
            assert world.servers.counts("apertura").get("INBOX", 0) == 0
        run_until_rest(world, MAILS)
        assert violations(world, MAILS, MAILS) == []


def test_f05_killed_after_the_claim(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        killed_at(world, "after_claim", 1)
        run_until_rest(world, MAILS)
        assert violations(world, MAILS, MAILS) == []


def test_f06_killed_after_the_final_dot(tmp_path: Path) -> None:
    """The letter of the kill comes again, as the same bytes, and at most the one of the other connection with it."""
    passages = (1, 3)
    with DeskWorld(tmp_path) as world:
        killed_at(world, "after_dot", *passages)
        run_until_rest(world, MAILS)
        assert violations(world, MAILS, MAILS, doubled=len(passages) * IN_DOUBT) == []
        assert twice(world) >= len(passages), "the letter of the kill was sent again"


def test_f42_where_every_parser_dies_each_mail_is_set_aside_and_treated_when_it_lives(tmp_path: Path) -> None:
    mails = 5
    with DeskWorld(tmp_path) as world:
        inject(world, mails)
        world.start(ACUSE_KILL="parsing:1")
        run_until_rest(world, mails)
        aside = world.query("SELECT id, attempts_alone FROM mails WHERE verdict = 'quarantined'")
        assert [attempts for _, attempts in aside] == [3] * mails
        assert world.servers.counts("apertura") == {"Acuse/Cuarentena": mails}
        world.acuse("retry", *(str(mail) for mail, _ in aside))
        run_until_rest(world, mails)
        assert violations(world, mails, mails) == []
