"""What the desk needs to run by itself: senders blocked by mail, and files that nothing names any more."""

from typing import Any

TABLES = """
CREATE TABLE blocked_senders (address TEXT PRIMARY KEY, blocked_at BIGINT NOT NULL);
CREATE TABLE unnamed_files (digest TEXT PRIMARY KEY)
"""


def up(_migrator: Any, database: Any) -> None:
    """Make the tables."""
    for statement in TABLES.split(";"):
        database.execute_sql(statement)
