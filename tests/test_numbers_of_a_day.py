"""The number and the date that a confirmation tells, at the edges of a day (F40): midnight of the desk's zone, the two
nights in which its clock is changed, and the last number that a day has.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.demo.correspondent import write
from tests.rules.desks import DESK, GOOD, MARTA, OPENING, OPENINGS, SERVICE
from tests.serverless import ServerlessDesk

EDGES = [
    # UTC, number of the second ticket of that instant, what the confirmation says
    ("2017-10-09 21:59:59", "I171009_000002", "09/10/2017 23:59:59 (UTC + 2)"),
    ("2017-10-09 22:00:00", "I171010_000002", "10/10/2017 00:00:00 (UTC + 2)"),
    ("2017-10-29 00:30:00", "I171029_000002", "29/10/2017 02:30:00 (UTC + 2)"),
    ("2017-10-29 01:30:00", "I171029_000002", "29/10/2017 02:30:00 (UTC + 1)"),
    ("2018-03-25 00:59:59", "I180325_000002", "25/03/2018 01:59:59 (UTC + 1)"),
    ("2018-03-25 01:00:00", "I180325_000002", "25/03/2018 03:00:00 (UTC + 2)"),
    ("2017-12-31 22:59:59", "I171231_000002", "31/12/2017 23:59:59 (UTC + 1)"),
    ("2017-12-31 23:00:00", "I180101_000002", "01/01/2018 00:00:00 (UTC + 1)"),
    ("2020-02-28 23:00:00", "I200229_000002", "29/02/2020 00:00:00 (UTC + 1)"),
]


@pytest.mark.parametrize(("utc", "number", "told"), EDGES, ids=[utc for utc, *_ in EDGES])
def test_f40_the_day_of_a_number_is_the_desks_own(tmp_path: Path, utc: str, number: str, told: str) -> None:
    with ServerlessDesk(tmp_path, now=datetime.fromisoformat(utc).replace(tzinfo=UTC)) as desk:
        assert desk.receive_all([write(MARTA, OPENINGS, OPENING, GOOD) for _ in range(2)]) == ["opened"] * 2
        _, last = desk.letters("confirmation")
        assert last.read["X-Acuse-Number"] == number
        assert told in last.read.part("plain")


def test_f40_after_the_last_number_an_opening_is_set_aside_and_all_else_goes_on(tmp_path: Path) -> None:
    """It is not wrapped, and no mail beside it waits; the next day it is treated by `acuse retry`."""
    with ServerlessDesk(tmp_path) as desk:
        assert desk.receive(write(MARTA, OPENINGS, OPENING, GOOD)) == "opened"
        subject = desk.letter("confirmation")["Subject"]
        desk.store.run(lambda tx: tx.session.run("UPDATE counters SET n = 999999"))
        desk.receive(write(MARTA, OPENINGS, OPENING, GOOD))
        for _ in range(DESK.limits.attempts):
            desk.treat_waiting("apertura")
        assert desk.receive(write(MARTA, SERVICE, f"RE: {subject}", "Sigue igual.")) == "threaded"
        assert [verdict for verdict, _ in desk.ledger()] == ["opened", "quarantined", "threaded"]
        desk.clock.turn(days=1)
        desk.store.retry([2])
        desk.treat_waiting("apertura")
        assert desk.query("SELECT number FROM tickets ORDER BY number") == [("I171009_000001",), ("I171010_000001",)]
