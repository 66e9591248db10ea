"""What a job does: look, have the rules decide, write it in one transaction that claims the job's time.

However many daemons run, and however often one tries, a job's letters for one time are queued once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from daemon.causes import apply
from daemon.commands.auditing import count_folders
from daemon.config.live import Loaded
from daemon.log import log
from daemon.mail.reader import Poisoned, Reader
from daemon.store import Cause, Store, Transaction, erasing, notes, set_aside
from daemon.store.running import journals_since
from daemon.writing.letters import Letters
from daemon.writing.report import report_files
from parsers.peek import peek
from rules import quarantine, running
from rules.decision import Decision, Search, SetAside
from rules.requests import OPEN_STATES

AT_ONCE = 100
"""Rows that one transaction of the retention touches."""
MOST_OPEN = 100_000
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Office:
    """What a job works with, and for which of its times it runs."""

    store: Store
    loaded: Loaded[Letters]
    reader: Reader
    slot: datetime

    @property
    def now(self) -> datetime:
        """The time by the store's clock."""
        return self.store.clock()


def run_job(name: running.JobName, office: Office) -> bool:
    """Do a job for its time; False where it has been done."""
    with office.store.read() as reading:
        last = notes.last_run(reading.session, name)
    if last is not None and office.slot <= last <= office.now + notes.FUTURE:
        return False
    decision = JOBS[name](office)

    def work(tx: Transaction) -> bool:
        now = office.now
        if not notes.claim(tx.session, name, office.slot, now):
            return False
        apply(tx, Cause(), decision, office.loaded, now)
        return True

    done = bool(office.store.run(work))
    log.info("job done", job=name, letters=len(decision.letters) if done else 0)
    return done


def report(office: Office) -> Decision:
    """The weekly report, with its charts and its CSV."""
    desk = office.loaded.settings.desk
    start, end = running.week_before(office.slot, desk)
    with office.store.read() as reading:
        journals = list(journals_since(reading.session, start - (end - start)))
    told = running.reports(journals, desk, office.slot)
    return Decision(
        letters=tuple(replace(letter, files=report_files(week, desk, letter.language)) for letter, week in told)
    )


def proof(office: Office) -> Decision:
    """The books proved, the IMAP folders too. What only one of two looks finds was a mail on its way."""
    settings, until = office.loaded.settings, office.now
    counts, unseen = count_folders(settings.mailboxes)
    found = office.store.audit(settings.desk, counts)
    if any(finding.check == "folders" for finding in found):
        counts, _ = count_folders(settings.mailboxes)
        again = {finding.subject for finding in office.store.audit(settings.desk, counts) if finding.check == "folders"}
        found = [finding for finding in found if finding.check != "folders" or finding.subject in again]
    told = [f"{finding.check}: {finding.subject}: {finding.detail}" for finding in found]
    since = until - DAY
    return running.proof(office.store.tally(since), [*told, *unseen], settings.desk, since, until)


def digest(office: Office) -> Decision:
    """What is in quarantine, each mail with a harmless beginning of its text."""
    with office.store.read() as reading:
        mails, total = set_aside.quarantined(reading.session, quarantine.MOST)
    told = [_with_extract(mail, office) for mail in mails]
    return quarantine.digest(told, total, office.loaded.settings.desk)


def _with_extract(mail: SetAside, office: Office) -> SetAside:
    """What the parser reads of it; where it reads nothing, the beginning of its octets as they stand."""
    try:
        raw = office.store.raw_mail(mail.id)
    except KeyError:
        return mail
    parsed = office.reader.parse([(mail.id, raw)])[0]
    if not isinstance(parsed, Poisoned):
        return replace(mail, extract=parsed.visible)
    sender, subject, text = peek(raw)
    return replace(mail, sender=mail.sender or sender, subject=mail.subject or subject, extract=text)


def worklist(office: Office) -> Decision:
    """What is open, to each group whose shift begins."""
    desk = office.loaded.settings.desk
    found = office.store.search(Search(states=OPEN_STATES, limit=MOST_OPEN))
    return running.worklists(found, desk, office.slot, office.now)


def retention(office: Office) -> Decision:
    """Drop what is too old, in small transactions; nothing is left to be told."""
    store, kept = office.store, office.loaded.settings.desk.retention
    desk = office.loaded.settings.desk
    if kept.raw_mails:
        before = office.now - timedelta(days=kept.raw_mails)
        _in_steps(store, lambda tx: _dropped(erasing.drop_raws, erasing.old_raws(tx.session, before, AT_ONCE), tx))
    if kept.sent:
        before_sent = office.now - timedelta(days=kept.sent)
        _in_steps(
            store, lambda tx: _dropped(erasing.drop_bytes, erasing.old_letters(tx.session, before_sent, AT_ONCE), tx)
        )
    if kept.closed_tickets:
        before_closed = office.now - timedelta(days=kept.closed_tickets)

        def emptied(tx: Transaction) -> int:
            numbers = erasing.old_tickets(tx.session, before_closed, AT_ONCE)
            for number in numbers:
                erasing.empty_ticket(tx, number, desk, office.now)
            return len(numbers)

        _in_steps(store, emptied)
    remove_leftovers(store)
    return Decision()


def _dropped(drop: Callable[..., None], ids: list[int], tx: Transaction) -> int:
    if ids:
        drop(tx.session, ids)
    return len(ids)


def _in_steps(store: Store, step: Callable[[Transaction], int]) -> None:
    while store.run(step):
        pass


def remove_leftovers(store: Store) -> int:
    """Remove the files that nothing names any more; how many."""
    with store.read() as reading:
        found = erasing.leftovers(reading.session)
    return store.run(lambda tx: erasing.remove(tx.session, store.files, found)) or 0 if found.listed else 0


JOBS: Mapping[running.JobName, Callable[[Office], Decision]] = {
    "report": report,
    "proof": proof,
    "digest": digest,
    "worklist": worklist,
    "retention": retention,
}
"""Job → what it looks at and has decided."""
