"""One checker for every fault: what must hold of a desk at rest, whatever was done to it before.

`acuse audit` looks from the inside; here the outside is counted: mails injected, letters that arrived, folders.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter

from deskworld import DeskWorld

from daemon.correspondent import Received


def at_rest(world: DeskWorld) -> bool:
    """No mail waits in a mailbox and no letter in the outbox."""
    inboxes = sum(world.servers.counts(box).get("INBOX", 0) for box in ("apertura", "servicio", "tecnicos"))
    return inboxes == 0 and not query(world, "SELECT 1 FROM deliveries WHERE status NOT IN ('sent', 'failed') LIMIT 1")


def query(world: DeskWorld, sql: str) -> list[tuple[object, ...]]:
    """Read the SQLite database as it stands."""
    path = world.folder / "acuse.db"
    if not path.exists():
        return []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return connection.execute(sql).fetchall()


def violations(world: DeskWorld, injected: int, openings: int, doubled: int = 0) -> list[str]:
    """Everything that does not hold; [] when all is well.

    ``injected`` mails lie in the ledger once each, ``openings`` of them opened tickets with dense numbers; every letter
    of the outbox arrived, at most ``doubled`` of them twice (an ambiguous final dot), with the same bytes.
    """
    found = []
    rows = query(world, "SELECT COUNT(*), COUNT(DISTINCT message_id) FROM mails")[0]
    if rows != (injected, injected):
        found.append(f"{injected} mails injected, ledger rows and Message-IDs are {rows}")
    numbers = sorted(int(str(ticket["number"])[-6:]) for ticket in world.tickets())
    if numbers != list(range(1, openings + 1)):
        found.append(f"{openings} openings, numbers are {numbers}")
    found += _letters(world, doubled)
    if not at_rest(world):
        found.append("something still waits")
    audit = json.loads(world.acuse("audit", "--json", check=False).stdout)
    return found + [f"audit: {finding}" for finding in audit["findings"]]


def _letters(world: DeskWorld, doubled: int) -> list[str]:
    queued = {str(row[0]) for row in query(world, "SELECT message_id FROM outbox")}
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
