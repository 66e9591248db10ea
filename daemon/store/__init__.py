"""The desk's memory: the ledger of mails, tickets with their journals, numbers, tokens, the outbox.

A decision happens once: what a mail (or any other cause) leads to is written in one transaction.
"""

from daemon.lean import without

with without("psycopg", "playhouse.cockroachdb"):  # a desk on SQLite does without it
    import peewee  # noqa: F401 - every later import finds it loaded
    import playhouse.migrate  # noqa: F401

from daemon.store.context import Cause
from daemon.store.filing import Filed, Unfiled
from daemon.store.ledger import Fetched, Seen
from daemon.store.queues import Outcome, Outgoing
from daemon.store.store import Store
from daemon.store.transaction import Transaction

__all__ = ["Cause", "Fetched", "Filed", "Outcome", "Outgoing", "Seen", "Store", "Transaction", "Unfiled"]
