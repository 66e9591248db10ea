"""`acuse migrate --to`: a desk moves from SQLite to PostgreSQL, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.commands import Unable
from daemon.commands.bookkeeping import move
from daemon.config.accounts import Database
from daemon.store import Cause, Outcome, Store
from daemon.store.errors import InUse, StoreError
from daemon.store.postgres import PostgresSession
from rules.decision import Decision
from rules.facts import Search
from rules.letters import Letter
from tests.postgres import Server
from tests.store.desk import ANA, DESK, NOW, Clock, compose, mail, open_ticket, take


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    """A desk on SQLite with tickets, a letter that waits, a mail that PostgreSQL would not take as text."""
    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files", clock=Clock(NOW))
    for uid in range(1, 6):
        open_ticket(store, uid, requester_name="Ana Pérez")
    seen = take(store, 9, raw=b"\0\xff nul and more")
    with store.write() as tx:
        decision = Decision("refused", letters=(Letter("refusal", (ANA,)),))
        tx.apply(Cause(seen.id, mail(9, visible="a\0b\ud800")), decision, compose, DESK, NOW)
    store.close()
    database = Database(url=f"sqlite:///{tmp_path}/acuse.db", files=str(tmp_path / "files"))
    return SimpleNamespace(database=database, desk=DESK)


def opened(url: str, tmp_path: Path) -> Store:
    return Store.open(url, tmp_path / "files", clock=Clock(NOW))


def test_everything_arrives_and_the_desk_goes_on(settings: Any, postgres: Server, tmp_path: Path) -> None:
    url = postgres.database("moved")
    told = move(settings, url)
    assert "tickets                  5 rows" in told
    assert told.endswith(f'Write the new url under [database], and files = "{tmp_path}/files"; then start the daemon.')
    store = opened(url, tmp_path)
    assert store.audit(DESK) == []
    assert store.tally() == {"opened": 5, "refused": 1, "all": 6}
    assert store.raw_mail(6) == b"\0\xff nul and more"
    assert len(store.search(Search(text="perez"))) == len(store.search(Search(text="ana"))) == 5
    assert open_ticket(store, 20) == "I171009_000006", "numbers and ids go on where they were"
    assert store.audit(DESK) == []
    store.close()


def test_what_a_daemon_that_died_had_sent_does_not_go_again(settings: Any, postgres: Server, tmp_path: Path) -> None:
    died = opened(settings.database.url, tmp_path)
    (letter,) = died.claim("a", NOW, timedelta(minutes=1), 9)
    died.keep_receipt(Outcome(letter.id, letter.lease, "sent", "dot: 250 ok", at=NOW))
    died.close()
    url = postgres.database("receipts")
    move(settings, url)
    store = opened(url, tmp_path)
    with store.read() as reading:
        assert reading.session.all("SELECT status FROM deliveries") == [("sent",)]
    store.close()


def test_a_database_that_is_not_empty_is_refused(settings: Any, postgres: Server, tmp_path: Path) -> None:
    url = postgres.database("full")
    store = opened(url, tmp_path)
    open_ticket(store, 1)
    with pytest.raises(StoreError, match="not empty"):
        move(settings, url)
    assert store.tally() == {"opened": 1, "all": 1}
    store.close()


def test_a_running_desk_is_not_moved(settings: Any, postgres: Server, tmp_path: Path) -> None:
    running = opened(settings.database.url, tmp_path)
    with pytest.raises(InUse):
        move(settings, postgres.database("running"))
    running.close()


def test_what_does_not_arrive_as_it_was_is_not_there_at_all(
    settings: Any, postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.database("spoiled")
    many = PostgresSession.many

    def last_one_lost(session: PostgresSession, sql: str, rows: Sequence[Any]) -> None:
        many(session, sql, rows[:-1] if "INTO events" in sql else rows)

    monkeypatch.setattr(PostgresSession, "many", last_one_lost)
    with pytest.raises(StoreError, match="events did not arrive"):
        move(settings, url)
    store = opened(url, tmp_path)
    assert store.tally() == {"all": 0}
    store.close()


def test_only_from_sqlite_to_postgresql(settings: Any) -> None:
    with pytest.raises(Unable, match="postgresql"):
        move(settings, "sqlite:////tmp/other.db")
