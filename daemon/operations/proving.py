"""The books proved, and the IMAP folders held against them."""

from __future__ import annotations

from daemon.config.settings import Settings
from daemon.mail.filing import look_into_folders
from daemon.mail.oauth import Tokens
from daemon.store import Store
from daemon.store.audit import Finding, Progress


def proved(
    store: Store, settings: Settings, progress: Progress = lambda check, rows: None
) -> tuple[list[Finding], tuple[str, ...]]:
    """The findings, and the mailboxes that could not be looked at. Of two looks at the folders, what only one finds was
    a mail on its way."""
    tokens = Tokens()
    contents, unseen = look_into_folders(settings.mailboxes, tokens)
    found = store.audit(settings.desk, contents, progress)
    if all(each.check != "folders" for each in found):
        return found, unseen
    contents, _ = look_into_folders(settings.mailboxes, tokens)
    again = {(each.check, each.subject) for each in store.audit(settings.desk, contents)}
    return [each for each in found if each.check != "folders" or (each.check, each.subject) in again], unseen
