"""What belongs to a ticket, its mails and the tokens of its letters, found by its number without reading every row."""

from typing import Any

INDEXES = """
CREATE INDEX mails_number ON mails (number) WHERE number <> '';
CREATE INDEX tokens_number ON tokens (number) WHERE number <> ''
"""


def up(_migrator: Any, database: Any) -> None:
    """Make the indexes."""
    for statement in INDEXES.split(";"):
        database.execute_sql(statement)
