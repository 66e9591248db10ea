"""`kill -9` at every named point (F1 to F6), on a real Dovecot: one mail, one ticket, one confirmation."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from deskworld import GOOD, OPENINGS, SUBJECT, DeskWorld
from invariants import at_rest, violations

from daemon.correspondent import write

MAILS = 20
MAY_DOUBLE = 20
"""A kill between the final dot and its record leaves at most one commit's worth of letters in doubt."""


def inject(world: DeskWorld, mails: int = MAILS) -> None:
    """Openings of as many people."""
    for n in range(mails):
        world.send(write(f"Persona {n} <p{n}@cliente.example>", OPENINGS, SUBJECT, GOOD))


def run_until_rest(world: DeskWorld, seconds: float = 60.0) -> None:
    """Start the daemon again each time it dies, without kill points, until nothing waits."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if world.daemon is None or world.daemon.poll() is not None:
            world.start()
        if at_rest(world) and len(world.letters()) >= 2 * MAILS:
            break
        time.sleep(0.2)
    world.stop()


@pytest.mark.parametrize(
    ("fault", "point", "passages", "doubled"),
    [
        ("f01_after_fetch", "after_fetch", (1,), 0),
        ("f02_inside_the_transaction", "before_commit", (1, 2), 0),
        ("f03_after_commit", "after_commit", (1, 2), 0),
        ("f04_after_move", "after_move", (1,), 0),
        ("f05_after_claim", "after_claim", (1,), 0),
        ("f06_after_final_dot", "after_dot", (1, 3), MAY_DOUBLE),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("f0") else "",
)
def test_killed_at_a_point(tmp_path: Path, fault: str, point: str, passages: tuple[int, ...], doubled: int) -> None:
    with DeskWorld(tmp_path) as world:
        inject(world)
        for nth in passages:
            killed = world.start(ACUSE_KILL=f"{point}:{nth}")
            assert killed.wait(60) == -signal.SIGKILL, f"{fault}: the point was not passed"
        run_until_rest(world)
        assert violations(world, MAILS, MAILS, doubled * len(passages)) == []
