"""Several daemons on one database: each shows here that it lives."""

from typing import Any


def up(_migrator: Any, database: Any) -> None:
    """Make the table."""
    database.execute_sql("CREATE TABLE daemons (owner TEXT PRIMARY KEY, expires_at BIGINT NOT NULL)")
