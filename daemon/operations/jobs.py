"""What a job does: look, have the rules decide, write it in one transaction that claims the job's time.

However many daemons run, and however often one tries, a job's letters for one time are queued once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from daemon.causes import apply
from daemon.config.live import Loaded
from daemon.log import log
from daemon.mail.reader import Poisoned, Reader
from daemon.operations.proving import proved
from daemon.store import Cause, Store, Transaction, dropping, notes, outdated, set_aside, unnamed, windows
from daemon.store.dialect import Session
from daemon.store.tickets import journals_since
from daemon.writing.letters import Letters
from daemon.writing.report import report_files
from parsers.peek import peek
from rules import guards, quarantine, schedule
from rules.decision import Decision
from rules.facts import Search, SetAside
from rules.requests import OPEN_STATES

K = TypeVar("K", int, str)

AT_ONCE = 100
"""Rows that one transaction of the retention touches."""
TICKETS_AT_ONCE = 20
"""Tickets that one transaction empties."""
MOST_OPEN = 100_000
DAY = timedelta(days=1)
A_NIGHT = timedelta(days=7)
"""Retention reckons by a time that goes on no faster: a clock far ahead takes a week a night, not all at once. What was
due while a desk was off is made up for at the same pace."""


@dataclass(frozen=True)
class JobContext:
    """What a job works with, and for which of its times it runs."""

    store: Store
    loaded: Loaded[Letters]
    reader: Reader
    slot: datetime

    @property
    def now(self) -> datetime:
        """The time by the store's clock."""
        return self.store.clock()


def run_job(name: schedule.JobName, context: JobContext) -> bool:
    """Do a job for its time; False where it has been done."""
    with context.store.read() as reading:
        last = notes.last_run(reading.session, name)
    if last is not None and context.slot <= last <= context.now + notes.FUTURE:
        return False
    decision = JOBS[name](context)

    def work(tx: Transaction) -> bool:
        now = context.now
        if not notes.claim(tx.session, name, context.slot, now):
            return False
        apply(tx, Cause(), decision, context.loaded, now)
        return True

    done = bool(context.store.run(work))
    log.info("job done", job=name, letters=len(decision.letters) if done else 0)
    return done


def report(context: JobContext) -> Decision:
    """The weekly report, with its charts and its CSV."""
    desk = context.loaded.settings.desk
    start, end = schedule.week_before(context.slot, desk)
    with context.store.read() as reading:
        journals = list(journals_since(reading.session, start - (end - start)))
    told = schedule.reports(journals, desk, context.slot)
    return Decision(
        letters=tuple(replace(letter, files=report_files(week, desk, letter.language)) for letter, week in told)
    )


def proof(context: JobContext) -> Decision:
    """The books proved, the IMAP folders too, to the admins."""
    until = context.now
    since = until - DAY
    found, unseen = proved(context.store, context.loaded.settings)
    differences = [f"{each.check}: {each.subject}: {each.detail}" for each in found]
    tally = context.store.tally(since)
    return schedule.proof(tally, [*differences, *unseen], context.loaded.settings.desk, since, until)


def digest(context: JobContext) -> Decision:
    """What is in quarantine, each mail with a harmless beginning of its text."""
    with context.store.read() as reading:
        mails, total = set_aside.quarantined(reading.session, quarantine.MOST)
    told = [_with_extract(mail, context) for mail in mails]
    return quarantine.digest(told, total, context.loaded.settings.desk)


def _with_extract(mail: SetAside, context: JobContext) -> SetAside:
    """What the parser reads of it; where it reads nothing, the beginning of its octets as they stand."""
    try:
        raw = context.store.raw_mail(mail.id)
    except KeyError:
        return mail
    parsed = context.reader.parse([(mail.id, raw)])[0]
    if not isinstance(parsed, Poisoned):
        return replace(mail, extract=parsed.visible)
    sender, subject, text = peek(raw)
    return replace(mail, sender=mail.sender or sender, subject=mail.subject or subject, extract=text)


def worklist(context: JobContext) -> Decision:
    """What is open, to each group whose shift begins."""
    desk = context.loaded.settings.desk
    found = context.store.search(Search(states=OPEN_STATES, limit=MOST_OPEN))
    return schedule.worklists(found, desk, context.slot, context.now)


def retention(context: JobContext) -> Decision:
    """Drop what is too old, in small transactions; there is nothing to write to anybody."""
    store, desk = context.store, context.loaded.settings.desk
    _until_none_is_left(store, partial(_drop_windows, before=context.now - guards.LONGEST))
    now = store.run(lambda tx: notes.advance(tx.session, "retention", context.now, A_NIGHT)) or context.now
    kept = desk.retention
    for drop, days in (
        (_drop_raw_mails, kept.raw_mails),
        (_drop_letters, kept.sent),
        (_empty_tickets, kept.closed_tickets),
    ):
        if days:
            drop(context, now - timedelta(days=days))
    remove_leftovers(store)
    store.wipe()
    return Decision()


def _until_none_is_left(store: Store, drop: Callable[[Transaction], int]) -> None:
    while store.run(drop):
        pass


def _drop_windows(tx: Transaction, before: datetime) -> int:
    return windows.drop_before(tx.session, before, AT_ONCE)


def _pages(store: Store, find: Callable[[Session, K], Sequence[K]], after: K) -> Iterator[Sequence[K]]:
    """What is found, some at a time, while nobody who writes waits for the search."""
    while True:
        with store.read() as reading:
            found = find(reading.session, after)
        if not found:
            return
        yield found
        after = found[-1]


def _drop_raw_mails(context: JobContext, before: datetime) -> None:
    for ids in _pages(context.store, partial(outdated.old_raws, before=before, limit=AT_ONCE), 0):
        context.store.run(partial(_drop, dropping.drop_raws, ids))


def _drop_letters(context: JobContext, before: datetime) -> None:
    for ids in _pages(context.store, partial(outdated.old_letters, before=before, limit=AT_ONCE), 0):
        context.store.run(partial(_drop, dropping.drop_bytes, ids))


def _drop(drop: Callable[[Session, Sequence[int]], None], ids: Sequence[int], tx: Transaction) -> None:
    drop(tx.session, ids)


def _empty_tickets(context: JobContext, before: datetime) -> None:
    desk, now = context.loaded.settings.desk, context.now
    for numbers in _pages(context.store, partial(outdated.old_tickets, before=before, limit=TICKETS_AT_ONCE), ""):
        context.store.run(partial(outdated.empty_tickets, numbers=numbers, desk=desk, now=now))


def remove_leftovers(store: Store) -> int:
    """Remove the files that nothing names any more; how many."""
    listed = store.run(lambda tx: unnamed.listed(tx.session))
    if not listed or not listed.listed:
        return 0
    with store.read() as reading:
        found = unnamed.leftovers(reading.session, listed)
    return store.run(lambda tx: unnamed.remove(tx.session, store.files, found)) or 0


JOBS: Mapping[schedule.JobName, Callable[[JobContext], Decision]] = {
    "report": report,
    "proof": proof,
    "digest": digest,
    "worklist": worklist,
    "retention": retention,
}
"""Job → what it looks at and has decided."""
