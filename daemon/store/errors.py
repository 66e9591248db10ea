"""What can go wrong with the store; the text of each is a message for the admin."""

# ruff: noqa: N818 - they are named for what happened

from __future__ import annotations


class StoreError(Exception):
    """The database or the files cannot be used as they are."""


class InUse(StoreError):
    """Another process of Acuse writes to this SQLite database."""


class NotADatabase(StoreError):
    """The file is no database of ours, or it is damaged."""


class Damaged(StoreError):
    """What a row holds is not what was written there."""


class WrongVersion(StoreError):
    """The schema is older or newer than this program."""


class Unavailable(StoreError):
    """For the time being nothing can be written: disk full, database locked, server away. Nothing was changed."""


class LeaseLost(StoreError):
    """Another daemon has taken the mailbox over in the meantime; nothing of this transaction was written."""


class AlreadyDecided(StoreError):
    """The mail has its verdict already: an earlier COMMIT went through although its answer was lost."""


class NumbersSpent(StoreError):
    """A kind's 999,999 numbers of this day are used up."""


class FilesGone(StoreError):
    """Files of a mail, kept as it was read, were removed before it had its verdict: it is to be read again."""


class Conflict(StoreError):
    """A row changed under the transaction; done again it will see the new one."""
