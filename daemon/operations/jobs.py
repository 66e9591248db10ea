"""What a job does: look, have the rules decide, write it in one transaction that claims the job's time.

However many daemons run, and however often one tries, a job's letters for one time are queued once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from daemon.causes import apply
from daemon.config.live import Loaded
from daemon.log import log
from daemon.mail.pipe import Poisoned
from daemon.mail.reader import Reader
from daemon.operations.proving import proved
from daemon.store import Cause, Store, Transaction, dropping, notes, outdated, set_aside, unnamed, windows
from daemon.store.tickets import journals_since
from daemon.writing.letters import Letters
from daemon.writing.report import report_files
from parsers.peek import peek
from rules import guards, quarantine, schedule
from rules.decision import Decision
from rules.facts import Search, SetAside
from rules.lookups import OPEN_STATES

AT_ONCE = 100
"""Windows that one transaction drops."""
DAY = timedelta(days=1)
A_NIGHT = timedelta(days=7)
"""Retention's own time advances by no more than this at once: with a clock far ahead it drops a week more each night,
not everything. A desk that was off catches up at the same pace."""


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
    """Do a job for its time; False if that was done before."""
    last = context.store.look(lambda session: notes.last_run(session, name))
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
    journals = context.store.look(lambda session: list(journals_since(session, start - (end - start))))
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
    mails, total = context.store.look(lambda session: set_aside.quarantined(session, quarantine.MOST))
    told = [_with_extract(mail, context) for mail in mails]
    return quarantine.digest(told, total, context.loaded.settings.desk)


def _with_extract(mail: SetAside, context: JobContext) -> SetAside:
    """What the parser reads of it; where it reads nothing, the beginning of its octets as they stand."""
    try:
        raw = context.store.raw_mail(mail.id)
    except (KeyError, OSError):  # they were dropped, or the disk fails
        return mail
    parsed = context.reader.parse([(mail.id, raw)])[0]
    if not isinstance(parsed, Poisoned):
        return replace(mail, extract=parsed.visible)
    sender, subject, text = peek(raw)
    return replace(mail, sender=mail.sender or sender, subject=mail.subject or subject, extract=text)


def worklist(context: JobContext) -> Decision:
    """What is open, to each group whose shift begins."""
    desk = context.loaded.settings.desk
    found = context.store.search(Search(states=OPEN_STATES))
    return schedule.worklists(found, desk, context.slot, context.now)


def retention(context: JobContext) -> Decision:
    """Drop what is too old, in small transactions; there is nothing to write to anybody."""
    store, now = context.store, context.now
    while store.run(lambda tx: windows.drop_before(tx.session, now - guards.LONGEST, AT_ONCE)):
        pass
    reckoned = store.run(lambda tx: notes.advance(tx.session, "retention", now, A_NIGHT)) or now
    for table, days in asdict(context.loaded.settings.desk.retention).items():
        if days:
            _drop_old(table, reckoned - timedelta(days=days), context)
    remove_leftovers(store)
    store.wipe()
    return Decision()


def _drop_old(table: str, before: datetime, context: JobContext) -> None:
    """The search takes place outside the transactions, so that nobody who writes waits for it."""
    old, store = OLD[table], context.store
    after = old.first
    while found := store.look(partial(old.find, after=after, before=before, limit=old.at_once)):
        store.run(partial(old.drop, found, context))
        after = found[-1]


@dataclass(frozen=True)
class Old:
    """What has a retention: how it is found, by keys behind ``first``, and how ``at_once`` of it are dropped."""

    first: Any
    at_once: int
    find: Callable[..., Sequence[Any]]
    drop: Callable[[Sequence[Any], JobContext, Transaction], None]


def _empty(numbers: Sequence[str], context: JobContext, tx: Transaction) -> None:
    outdated.empty_tickets(tx, numbers, context.loaded.settings.desk, context.now)


OLD: Mapping[str, Old] = {
    "raw_mails": Old(0, 100, outdated.old_raws, lambda ids, _, tx: dropping.drop_raws(tx.session, ids)),
    "sent": Old(0, 100, outdated.old_letters, lambda ids, _, tx: dropping.drop_bytes(tx.session, ids)),
    "closed_tickets": Old("", 20, outdated.old_tickets, _empty),
}
"""Key of `[retention]` → what is dropped after that time."""


def remove_leftovers(store: Store) -> int:
    """Remove the files that nothing names any more; returns how many."""
    listed = store.run(lambda tx: unnamed.listed(tx.session))
    if not listed or not listed.listed:
        return 0
    found = store.look(lambda session: unnamed.leftovers(session, listed))
    return store.run(lambda tx: unnamed.remove(tx.session, store.files, found)) or 0


JOBS: Mapping[schedule.JobName, Callable[[JobContext], Decision]] = {
    "report": report,
    "proof": proof,
    "digest": digest,
    "worklist": worklist,
    "retention": retention,
}
"""Job → what it looks at and has decided."""
