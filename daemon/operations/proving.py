"""The books proved, and the IMAP folders held against them."""

from __future__ import annotations

from dataclasses import asdict

from daemon.config.accounts import Account
from daemon.config.settings import Settings
from daemon.mail.filing import Folders
from daemon.mail.imap import Imap
from daemon.mail.imap_faults import ImapError
from daemon.mail.oauth import Tokens
from daemon.mail.wire import Endpoint
from daemon.store import Store
from daemon.store.audit import Finding, FolderContents, Lying, Progress


def proved(
    store: Store, settings: Settings, progress: Progress = lambda check, rows: None
) -> tuple[list[Finding], tuple[str, ...]]:
    """The findings, and the mailboxes that could not be looked at. The folders are looked at twice: what only one look
    finds was a mail on its way."""
    tokens = Tokens()
    contents, unseen = look_into_folders(settings.mailboxes, tokens)
    found = store.audit(settings.desk, contents, progress)
    if all(each.check != "folders" for each in found):
        return found, unseen
    contents, _ = look_into_folders(settings.mailboxes, tokens)
    again = {(each.check, each.subject) for each in store.audit(settings.desk, contents)}
    return [each for each in found if each.check != "folders" or (each.check, each.subject) in again], unseen


def look_into_folders(accounts: tuple[Account, ...], tokens: Tokens) -> tuple[FolderContents, tuple[str, ...]]:
    """What lies in our folders, and which mailboxes could not be reached, and why."""
    contents = {}
    unseen = []
    for account in accounts:
        try:
            contents[account.name] = _looked_into(account, tokens)
        except ImapError as fault:
            unseen.append(f"{account.name}: {fault}")
    return contents, tuple(unseen)


def _looked_into(account: Account, tokens: Tokens) -> dict[str, Lying]:
    with Imap(Endpoint.of_account(account, tokens)) as imap:
        folders = Folders(imap)
        return {key: folders.contents(name) for key, name in asdict(account.folders).items()}
