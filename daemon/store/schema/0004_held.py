"""Which kinds and groups tickets have, found without reading every ticket."""

from typing import Any


def up(_migrator: Any, database: Any) -> None:
    """Make the index, of both in one text: no search for a group or a kind alone is to prefer it to the newest."""
    database.execute_sql("CREATE INDEX tickets_held ON tickets ((group_key || ' ' || kind))")
