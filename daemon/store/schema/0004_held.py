"""Which kinds and groups tickets have, found without reading every ticket."""

from typing import Any


def up(_migrator: Any, database: Any) -> None:
    """Make the index."""
    database.execute_sql("CREATE INDEX tickets_held ON tickets (group_key, kind, number)")
