"""One checker for every fault: what must hold of a desk at rest, whatever was done to it before.

`acuse audit` looks from the inside; here the outside is counted: mails injected, letters that arrived, folders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from daemon.commands.auditing import prove
from daemon.demo.correspondent import Received
from tests.deskworld import BOXES, DeskWorld

WAITING = """
SELECT 1 FROM deliveries WHERE status NOT IN ('sent', 'failed')
UNION ALL SELECT 1 FROM mails WHERE filed_at IS NULL AND verdict <> 'too_large' LIMIT 1
"""

MAILS = """
SELECT COUNT(*), COUNT(DISTINCT NULLIF(message_id, '')) + COUNT(*) - COUNT(NULLIF(message_id, '')) FROM mails
"""
"""Rows of the ledger, and mails by their Message-ID; one that could not be read has none, and is a mail by itself."""


def at_rest(world: DeskWorld) -> bool:
    """No mail waits in a mailbox or in the ledger, and no letter in the outbox."""
    return not world.query(WAITING) and not any(world.servers.counts(box).get("INBOX", 0) for box in BOXES)


def settled(world: DeskWorld, mails: int) -> bool:
    """Whether so many mails are in the ledger and nothing waits."""
    ((known,),) = world.query("SELECT COUNT(*) FROM mails") or [(0,)]
    return bool(known >= mails) and at_rest(world)


def run_until_rest(world: DeskWorld, mails: int) -> None:
    """Let the daemon run, start it again each time it dies, until ``mails`` are in the ledger and nothing waits."""

    def rests() -> bool:
        if not world.runs:
            world.start()
        return settled(world, mails)

    world.until(rests, "rest")
    world.stop()


def violations(world: DeskWorld, injected: int, openings: int, doubled: int = 0, copies: int = 0) -> list[str]:
    """Everything that does not hold; [] when all is well.

    ``injected`` mails lie in the ledger once each, but for ``copies`` that were offered again under another UID;
    ``openings`` of them opened tickets with dense numbers; every letter of the outbox arrived, at most ``doubled`` of
    them twice (an ambiguous final dot), with the same bytes.
    """
    found = []
    ((rows, ids),) = world.query(MAILS) or [(0, 0)]
    if ids != injected or not injected <= rows <= injected + copies:
        found.append(f"{injected} mails injected, {rows} ledger rows with {ids} Message-IDs")
    numbers = [str(number) for (number,) in world.query("SELECT number FROM tickets")]
    if len(numbers) != openings:
        found.append(f"{openings} openings, numbers are {sorted(numbers)}")
    found += holes(numbers)
    found += letter_violations(world, doubled)
    if not at_rest(world):
        found.append("something still waits")
    proof = prove(world.settings())
    return found + [f"audit: {finding}" for finding in proof.findings] + [f"audit: {each}" for each in proof.unseen]


def holes(numbers: Iterable[str]) -> list[str]:
    """Days whose numbers are not dense: a test may run past the desk's midnight, and the next day begins at one."""
    by_day: dict[str, list[int]] = {}
    for number in numbers:
        by_day.setdefault(number[:-6], []).append(int(number[-6:]))
    dense = {day: list(range(1, len(found) + 1)) for day, found in by_day.items()}
    return [f"numbers of {day} are {sorted(by_day[day])}" for day in by_day if sorted(by_day[day]) != dense[day]]


def letter_violations(world: DeskWorld, doubled: int = 0) -> list[str]:
    """Every letter of the outbox arrived, at most ``doubled`` of them twice, always as the same bytes."""
    queued = {message_id for (message_id,) in world.query("SELECT message_id FROM outbox")}
    arrived: dict[str, set[bytes]] = {}
    times: Counter[str] = Counter()
    for _, raw in world.servers.letters():
        message_id = Received.of(raw)["Message-ID"].strip("<>")
        arrived.setdefault(message_id, set()).add(raw)
        times[message_id] += 1
    found = [f"letter {each} never arrived" for each in sorted(queued - arrived.keys())]
    found += [f"letter {each} arrived but was never queued" for each in sorted(arrived.keys() - queued)]
    found += [f"letter {each} arrived with other bytes" for each, bytes_ in arrived.items() if len(bytes_) > 1]
    twice = sum(count - 1 for count in times.values())
    return found + ([f"{twice} letters arrived more than once, {doubled} may have"] if twice > doubled else [])
