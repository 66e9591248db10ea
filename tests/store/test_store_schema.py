"""The schema that the scripts make is the one that the code speaks of, and every hot query has its index."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from daemon.store import Cause, Filed, Outcome, Store, listing, outdated, queues
from daemon.store.dialect import raw
from daemon.store.errors import WrongVersion
from daemon.store.migrations import _ADVISORY_LOCK
from rules.decision import Decision
from rules.facts import Needs
from rules.letters import Grant, Letter, Link
from rules.tables import Rates
from rules.ticket import Event
from tests.patience import until
from tests.postgres import Server
from tests.store.desk import ANA, DESK, NOW, ZONE, Clock, compose, mail, open_ticket, take, token


def test_a_database_of_a_newer_program_is_refused(store: Store, opened: Callable[..., Store]) -> None:
    with store.write() as tx:
        tx.session.run("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2099-01-01')")
    store.close()
    for readonly in (False, True):
        with pytest.raises(WrongVersion, match="9999_future"):
            opened(readonly=readonly)


def test_daemons_that_start_at_once_make_the_schema_one_after_the_other(postgres: Server, tmp_path: Path) -> None:
    url = postgres.database("at_once")
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
    with psycopg.connect(url, autocommit=True) as other, ThreadPoolExecutor(1) as thread:
        other.execute("SELECT pg_advisory_lock(%s)", (_ADVISORY_LOCK,))
        opening = thread.submit(Store.open, url, tmp_path / "files")
        until(lambda: other.execute(waits).fetchone())
        other.execute("SELECT pg_advisory_unlock(%s)", (_ADVISORY_LOCK,))
        opening.result().close()


def test_opened_again_it_is_as_it_was(store: Store, opened: Callable[..., Store]) -> None:
    number = open_ticket(store, 1)
    store.close()
    again = opened()
    assert open_ticket(again, 2) == f"{number[:-1]}2"
    assert opened(readonly=True).show(number)


# -- connections


@pytest.mark.parametrize(("lasting", "synchronous"), [(True, 2), (False, 1)])
def test_how_sqlite_writes(tmp_path: Path, lasting: bool, synchronous: int) -> None:
    """One connection, which waits for the disk where it is to, and alone brings the log back."""
    wanted = {"journal_mode": "wal", "wal_autocheckpoint": 0, "temp_store": 2, "secure_delete": 1}
    with closing(Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files")) as store:
        for each in (not lasting, lasting):
            with store.write(lasting=each) as tx:
                found = {name: (tx.session.one(f"PRAGMA {name}") or ("",))[0] for name in [*wanted, "synchronous"]}
    assert found == {**wanted, "synchronous": synchronous}


def test_whoever_writes_to_sqlite_is_alone_from_the_beginning(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/acuse.db", tmp_path / "files")
    other = sqlite3.connect(tmp_path / "acuse.db", timeout=0, isolation_level=None)
    with closing(store), closing(other), store.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")


def test_how_long_postgresql_is_waited_for(postgres: Server, tmp_path: Path) -> None:
    with closing(Store.open(postgres.database("waits"), tmp_path / "files")) as store:
        with store.write() as tx:
            server = {name: tx.session.one(f"SHOW {name}") for name in ("statement_timeout", "lock_timeout")}
        connection = raw(store._connections._database)  # type: ignore[attr-defined]
        client = connection.info.get_parameters()
    assert server == {"statement_timeout": ("2min",), "lock_timeout": ("30s",)}
    wanted = {"connect_timeout": "10", "tcp_user_timeout": "30000", "keepalives_idle": "30"}
    assert wanted.items() <= client.items()


def test_no_row_refers_to_one_that_is_not_there(store: Store) -> None:
    with pytest.raises(store._connections.dialect.faults, match=r"(?i)foreign key"), store.write() as tx:
        tx.session.run("INSERT INTO unindexed (event_id) VALUES (7)")


def test_whoever_reads_sees_one_picture_and_changes_nothing(store: Store) -> None:
    with store.read() as books:
        assert books.session.one("SELECT COUNT(*) FROM mails") == (0,)
        with ThreadPoolExecutor(1) as other:
            other.submit(take, store, 1).result()
        assert books.session.one("SELECT COUNT(*) FROM mails") == (0,)
    with pytest.raises(Exception, match=r"read.?only"), store.read() as books:
        books.session.run("DELETE FROM mails")


# -- query plans


Heard = dict[str, tuple[Any, ...]]
"""Statements, each with values that it ran with."""


def hot_queries(store: Store, clock: Clock) -> Heard:
    """Every statement that an opening, a reply, a verdict, a delivery, a timer, a filing away and a start run."""
    heard: Heard = {}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("one", "all", "run", "put", "many"):
            patch.setattr(_session_type(store), name, _listening(getattr(_session_type(store), name), heard))
        grant = Grant("verdict", "validate", "I171009_000001", ANA, round=1)
        link = Link("validate", "x@x", "x", grant=grant)
        number = open_ticket(store, 1, letters=lambda ticket: (Letter("validation", (ANA,), ticket, links=(link,)),))
        seen = take(store, 2)
        needs = Needs(
            mailbox="apertura", message_id="m@x", digest="d" * 64, own_ids=("o@x",), unreached=(ANA,),
            token=token(grant), subject_key=f"validation {number}", numbers=(number,), prefix="I", sender=ANA,
            counters=("opening:", f"opening:{ANA}"), addresses=(ANA,), journal=True, last_subject=number, held=True,
        )  # fmt: skip
        with store.write([needs]) as tx:
            assert tx.undecided(seen)
            tx.load(needs, NOW, ZONE, seen)
            note = Event(number, "note", NOW, ANA, "hola")
            tx.apply(
                Cause(seen.id, mail(2)), Decision("validated", "", (note,), used=(token(grant),)), compose, DESK, NOW
            )
        store.filed("apertura", [Filed(seen.id, "done", 1, 1)])
        store.waiting("apertura")
        store.unfiled("apertura", 1)
        store.release_due(clock.now, Rates())
        sent = store.claim("a", clock.now, timedelta(minutes=1), 10)
        assert store.record([Outcome(each.id, each.lease, "sent") for each in sent], clock.now) == [True]
        store.next_delivery()
        later = clock.turn(days=30)
        (due,) = store.due(later)
        with store.read() as books:
            queues.next_due(books.session)
        store.run(lambda tx: tx.claim_due(*due, later))
        with store.read() as books:
            assert list(listing.groups_and_kinds(books.session)) == [("n1", "incident", number)]
        store.index_words()
        with store.read() as books:
            outdated.old_raws(books.session, 0, later, 10)
            outdated.old_letters(books.session, 0, later, 10)
            outdated.old_tickets(books.session, "", later, 10)
        store.run(lambda tx: outdated.empty_tickets(tx, [number], DESK, later))
    return heard


def _session_type(store: Store) -> Any:
    with store.read() as books:
        return type(books.session)


def _listening(method: Callable[..., Any], heard: Heard) -> Callable[..., Any]:
    def listen(self: Any, sql: str, *values: Any) -> Any:
        rows = values[0] if method.__name__ == "many" else [values]
        heard.update((sql, tuple(row)) for row in rows[:1])
        return method(self, sql, *values)

    return listen


GROWING = frozenset({
    "mails", "tickets", "events", "subjects", "tokens", "outbox", "deliveries", "windows", "breakers", "people",
    "person_addresses", "blocked_senders",
})  # fmt: skip
"""Tables that a million tickets make large."""
WAITING = frozenset({
    "mails_unfiled", "mails_held_until", "mails_set_aside", "tickets_due", "deliveries_waiting",
})  # fmt: skip
"""Indexes that hold only what waits: small however large their table is, so that they may be read whole."""


_READS = re.compile(r"\A\s*(?:UPDATE|DELETE)\b|\bSELECT\b")
"""Where a statement begins to look for rows; an INSERT without a SELECT looks for none."""


def test_every_hot_query_finds_its_rows_by_an_index(store: Store, clock: Clock) -> None:
    queries = {
        sql[sql.index(found[0]) :]: v for sql, v in hot_queries(store, clock).items() if (found := _READS.search(sql))
    }
    reached: set[str] = set()
    with store.write() as tx:
        for sql, values in queries.items():
            for table, index, bounded in _steps(tx.session, sql, values):
                reached.add(table)
                assert bounded or index in WAITING, (table, index, sql)
    assert reached == GROWING


Step = tuple[str, str, bool]
"""A large table that a plan reads, by which index, and whether only a part of that index."""


def _steps(session: Any, sql: str, values: tuple[Any, ...]) -> list[Step]:
    if session.dialect.name == "sqlite":
        plan = [row[3] for row in session.all("EXPLAIN QUERY PLAN " + sql, *values)]
        found = [re.match(r"(SEARCH|SCAN) (\w+)(?: USING (?:COVERING )?(?:INDEX (\w+)|.*KEY))?", step) for step in plan]
        return [(step[2], step[3] or "", step[1] == "SEARCH") for step in found if step and step[2] in GROWING]
    session.run("SET LOCAL enable_seqscan = off")
    (((plan,),),) = [session.all("EXPLAIN (FORMAT JSON) " + sql, *values)]
    return list(_nodes(plan[0]["Plan"], ""))


def _nodes(node: Any, table: str) -> Iterator[Step]:
    table = node.get("Relation Name", table)
    if node["Node Type"] in ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan") and table in GROWING:
        yield table, node.get("Index Name", ""), "Index Cond" in node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner, table)
