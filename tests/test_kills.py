"""`kill -9` at every named point (F1 to F6), on a real Dovecot: one mail, one ticket, one confirmation."""

from __future__ import annotations

import itertools
import signal
from collections import Counter
from pathlib import Path

from deskworld import GOOD, OPENINGS, SUBJECT, DeskWorld
from invariants import run_until_rest, violations

from daemon.demo.correspondent import Received, write

MAILS = 20
IN_DOUBT = 20
"""Letters between two records of their sending: as many may arrive twice after a kill."""


_people = itertools.count()


def inject(world: DeskWorld, mails: int = MAILS) -> None:
    """Openings of as many people, never the same twice."""
    for n in itertools.islice(_people, mails):
        world.send(write(f"Persona {n} <p{n}@cliente.example>", OPENINGS, SUBJECT, GOOD))


def killed_at(world: DeskWorld, point: str, *passages: int) -> None:
    """Let the daemon die at these passages of the point, one life each, and then live until all is done."""
    inject(world)
    for nth in passages:
        assert world.start(ACUSE_KILL=f"{point}:{nth}").wait(90) == -signal.SIGKILL, world.log()
    run_until_rest(world, MAILS)


def twice(world: DeskWorld) -> int:
    """Letters that arrived more than once."""
    ids = Counter(Received.of(raw)["Message-ID"] for _, raw in world.servers.letters())
    return sum(count - 1 for count in ids.values())


def test_f01_killed_after_fetch(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        killed_at(world, "after_fetch", 1)
        assert violations(world, MAILS, MAILS) == []


def test_f02_killed_inside_the_transaction(tmp_path: Path) -> None:
    """First with one mail of the batch decided, then with all of them."""
    with DeskWorld(tmp_path) as world:
        killed_at(world, "in_transaction", 1, MAILS)
        assert violations(world, MAILS, MAILS, doubled=IN_DOUBT) == [], "letters of earlier commits were on their way"


def test_f03_killed_after_commit_before_the_move(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        killed_at(world, "before_move", 1)
        assert violations(world, MAILS, MAILS, doubled=IN_DOUBT) == [], "letters of earlier commits were on their way"


def test_f04_killed_after_the_move_before_its_note(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        killed_at(world, "after_move", 1)
        assert violations(world, MAILS, MAILS, doubled=IN_DOUBT) == [], "letters of earlier commits were on their way"


def test_f05_killed_after_the_claim(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        killed_at(world, "after_claim", 1)
        assert violations(world, MAILS, MAILS) == []


def test_f06_killed_after_the_final_dot(tmp_path: Path) -> None:
    with DeskWorld(tmp_path) as world:
        killed_at(world, "after_dot", 1, 3)
        assert violations(world, MAILS, MAILS, doubled=2 * IN_DOUBT) == []
        assert twice(world) >= 1, "the letter of the kill was sent again"
