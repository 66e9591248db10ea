"""The schema that the scripts make is the one that the code speaks of, and every hot query has its index."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from daemon.store import Cause, Store, models
from daemon.store.errors import WrongVersion
from rules.decision import Decision, Grant, Letter, Link, Needs
from tests.store.desk import ANA, DESK, NOW, ZONE, Clock, compose, mail, open_ticket, take, token

MODELS = [models.Ticket, models.Event, models.Mail, models.Letter, models.Delivery, models.Person, models.PersonAddress]


@pytest.mark.parametrize("model", MODELS)
def test_models_have_the_columns_of_their_tables(store: Store, model: Any) -> None:
    with store.read() as books:
        if books.session.dialect.name == "sqlite":
            rows = books.session.all(f"SELECT name FROM pragma_table_info('{model._meta.table_name}')")
        else:
            rows = books.session.all(
                "SELECT column_name FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position",
                model._meta.table_name,
            )
    assert [name for (name,) in rows] == list(model._meta.columns)


def test_a_database_of_a_newer_program_is_refused(store: Store, opened: Callable[..., Store]) -> None:
    with store.write() as tx:
        tx.session.run("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2099-01-01')")
    store.close()
    for readonly in (False, True):
        with pytest.raises(WrongVersion, match="9999_future"):
            opened(readonly=readonly)


def test_opened_again_it_is_as_it_was(store: Store, opened: Callable[..., Store]) -> None:
    number = open_ticket(store, 1)
    store.close()
    again = opened()
    assert open_ticket(again, 2) == f"{number[:-1]}2"
    assert opened(readonly=True).show(number)


# -- query plans


def hot_queries(store: Store, clock: Clock) -> set[str]:
    """Every statement that an opening, a reply, a verdict, a delivery and a timer run, with `?` for its values."""
    heard: set[str] = set()
    original = type(store._connections).write

    with pytest.MonkeyPatch.context() as patch:
        session = _session_type(store)
        for name in ("one", "all", "run", "many"):
            patch.setattr(session, name, _listening(getattr(session, name), heard))
        grant = Grant("verdict", "validate", "I171009_000001", ANA, round=1)
        link = Link("validate", "x@x", "x", grant=grant)
        open_ticket(store, 1, letters=lambda ticket: (Letter("validation", (ANA,), ticket, links=(link,)),))
        seen = take(store, 2)
        needs = Needs(
            "apertura", "m@x", "d" * 64, ("o@x",), (ANA,), token(grant), "validation I171009_000001", (), "I", ANA,
            ("opening",), None, False, (ANA,),
        )  # fmt: skip
        with store.write([needs]) as tx:
            assert tx.undecided(seen)
            tx.load(needs, NOW, ZONE, seen)
            tx.apply(Cause(seen.id, mail(2)), Decision("validated", used=(token(grant),)), compose, DESK, NOW)
        store.waiting("apertura")
        store.unfiled("apertura", 1)
        store.release_due(clock.now)
        store.claim("a", clock.now, timedelta(minutes=1), 10)
        store.next_delivery()
        store.due(clock.now)
        store.next_due_at()
    assert type(store._connections).write is original
    return heard


def _session_type(store: Store) -> Any:
    with store.read() as books:
        return type(books.session)


def _listening(method: Callable[..., Any], heard: set[str]) -> Callable[..., Any]:
    def listen(self: Any, sql: str, *values: Any) -> Any:
        heard.add(sql)
        return method(self, sql, *values)

    return listen


GROWING = "mails|mail_raws|tickets|events|subjects|tokens|outbox|deliveries|windows|people|person_addresses"


def test_every_hot_query_uses_an_index(store: Store, clock: Clock) -> None:
    queries = [sql for sql in hot_queries(store, clock) if re.match(r"\s*(SELECT|UPDATE|DELETE)", sql)]
    assert len(queries) > 20
    with store.write() as tx:
        scans = {" ".join(sql.split()): plan for sql in queries if (plan := _scans(tx.session, sql))}
    assert scans == {}


def _scans(session: Any, sql: str) -> list[str]:
    if session.dialect.name == "sqlite":
        plan = [row[3] for row in session.all("EXPLAIN QUERY PLAN " + sql, *[None] * sql.count("?"))]
        return [step for step in plan if re.match(rf"SCAN ({GROWING})\b(?! USING (COVERING )?INDEX)", step)]
    session.run("SET LOCAL enable_seqscan = off")
    literals = sql.replace("?", "NULL")
    plan = [row[0] for row in session.all("EXPLAIN " + literals)]
    return [step for step in plan if re.search(rf"Seq Scan on ({GROWING})\b", step)]
