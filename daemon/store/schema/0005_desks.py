"""Each daemon shows which configuration it decides by: several on one database are to have the same."""

from typing import Any


def up(_migrator: Any, database: Any) -> None:
    """Add the column."""
    database.execute_sql("ALTER TABLE daemons ADD COLUMN desk TEXT NOT NULL DEFAULT ''")
