"""The schema brought up to date: numbered scripts in `schema/`, run by peewee's own runner, recorded by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playhouse.migrations import Runner

from daemon.store.errors import NotADatabase, WrongVersion

SCRIPTS = Path(__file__).parent / "schema"
_ADVISORY_LOCK = 0x_AC_05_E0


def migrate(database: Any) -> list[str]:
    """Apply what is missing and return the names; WrongVersion where a newer program has been here."""
    runner = Runner(database, str(SCRIPTS))
    if hasattr(database, "pragma"):
        return _up(runner)
    database.execute_sql("SELECT pg_advisory_lock(%s)", (_ADVISORY_LOCK,))
    try:
        return _up(runner)
    finally:
        database.execute_sql("SELECT pg_advisory_unlock(%s)", (_ADVISORY_LOCK,))


def pending(database: Any) -> list[str]:
    """Names of the scripts still to be run; WrongVersion as in :func:`migrate`."""
    status = Runner(database, str(SCRIPTS)).status()
    if unknown := [each.name for each in status if each.path is None]:
        raise WrongVersion(f"the database was written by a newer Acuse ({', '.join(unknown)}): update this program")
    _whole(database, [Path(each.path) for each in status if each.applied])
    return [each.name for each in status if not each.applied]


def _whole(database: Any, applied: list[Path]) -> None:
    """NotADatabase where a table is gone that these scripts have made."""
    made = {name for script in applied for name in _MADE.findall(script.read_text(encoding="utf-8"))}
    there = {name for (name,) in database.execute_sql(_THERE[hasattr(database, "pragma")])}
    if lost := sorted(made - there):
        raise NotADatabase(f"the database has lost what stood in {', '.join(lost)}: restore a backup")


_MADE = re.compile(r"CREATE (?:VIRTUAL )?TABLE (\w+)")
_THERE = {
    True: "SELECT name FROM sqlite_master",
    False: "SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false))",
}
"""The tables of SQLite, and of PostgreSQL."""


def _up(runner: Any) -> list[str]:
    pending(runner.database)
    names: list[str] = runner.up()
    return names
