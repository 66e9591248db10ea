"""The audit: a table of checks, each a stream over rows, with findings worded so that a person can follow them up."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from daemon.files import Files
from daemon.store.dialect import Row, Session
from daemon.store.queues import unpacked
from daemon.store.rows import EVENT_COLUMNS, LOOKED_UP, load_event, load_ticket, looked_up
from rules.decision import Verdict, folder_of
from rules.desk import Desk
from rules.due import next_due
from rules.ticket import Ticket, fold, micros, moment

VERDICTS: frozenset[str] = frozenset(Verdict.__args__)  # type: ignore[attr-defined]
UNDECIDED_TOO_LONG = timedelta(minutes=15)
"""How long a mail may be without a verdict: it is being treated, or its database was away."""
WAITING = frozenset({"queued", "claimed", "deferred"})
"""States of a letter that is still to be sent."""
STATUSES = WAITING | {"sent", "failed", "erased"}

Progress = Callable[[str, int], None]
"""Told the check's name and how many rows it has seen, every now and then."""
LATELY = timedelta(days=3)
"""How long the audit expects a mail where it was filed, so that each daily proof has seen it; after that people may
tidy up."""


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies in an IMAP folder now."""

    uidvalidity: int
    uids: frozenset[int]


NO_FOLDER = Lying(0, frozenset())
FolderContents = Mapping[str, Mapping[str, Lying]]
"""Mailbox → attribute of rules.tables.Folders → what lies there; mailboxes that were not looked at are left out."""
NOT_LOOKED_AT: FolderContents = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be: which check found it, about what, and how it differs."""

    check: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Books:
    """What the checks look at."""

    session: Session
    files: Files
    desk: Desk
    now: datetime
    folders: FolderContents


def audit(books: Books, progress: Progress = lambda check, rows: None) -> list[Finding]:
    """Every finding of every check; none: the books balance. Of a damaged database, only what is damaged."""
    progress("database", 0)
    if damage := books.session.dialect.damage(books.session):
        return [Finding("database", text, "restore a backup: nothing else can be proved") for text in damage]
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        progress(name, 0)
        findings += [Finding(name, subject, detail) for subject, detail in check(books, _ticking(name, progress))]
    return findings


Tick = Callable[[Iterable[Row]], Iterator[Row]]
Found = Iterator[tuple[str, str]]
Check = Callable[[Books, Tick], Found]


def _ticking(name: str, progress: Progress) -> Tick:
    def through(rows: Iterable[Row]) -> Iterator[Row]:
        for number, row in enumerate(rows, 1):
            if number % 1000 == 0:
                progress(name, number)
            yield row

    return through


def _each(what: str, rows: Iterable[Row], judge: Callable[..., Found]) -> Found:
    """The findings of each row, whose first column names ``what`` it is; a row that cannot be read is a finding too,
    and does not end the check."""
    for row in rows:
        try:
            yield from judge(*row)
        except Exception as fault:  # noqa: BLE001 - whatever comes of columns that are not as they were written
            yield f"{what}{row[0]}", f"it cannot be read: {fault}"


# -- what a row belongs to is there


def _references(books: Books, tick: Tick) -> Found:
    for table, parent, count, first in tick(books.session.dialect.orphans(books.session)):
        yield table, f"rows that belong to {parent} which are gone: {count}, the first has rowid {first}"


# -- every mail seen has one verdict, and its bytes


def _verdicts(books: Books, tick: Tick) -> Found:
    query = "SELECT id, mailbox, uid, verdict, decided_at, taken_at, released_at FROM mails"
    for id_, mailbox, uid, verdict, decided_at, taken_at, released_at in tick(books.session.stream(query)):
        about = f"mail {id_} ({mailbox}, UID {uid})"
        if verdict == "":
            if books.now - moment(released_at or taken_at) > UNDECIDED_TOO_LONG:
                yield about, "seen, but it has no verdict"
        elif verdict not in VERDICTS:
            yield about, f"{verdict!r} is no verdict"
        elif decided_at is None:
            yield about, f"{verdict}, but at no time"


def _opened_mails(books: Books, tick: Tick) -> Found:
    """A mail that opened a ticket begins that ticket's journal."""
    rows = books.session.all(
        "SELECT m.id, m.number FROM mails m LEFT JOIN events e ON e.number = m.number AND e.seq = 1"
        " WHERE m.verdict = 'opened' AND (e.mail_id IS NULL OR e.mail_id <> m.id)"
    )
    for id_, number in tick(rows):
        yield f"mail {id_}", f"it opened {number or 'a ticket'}, but the journal of that ticket does not begin with it"


def _copies(books: Books, tick: Tick) -> Found:
    """What was filed as a copy has its original in the ledger, treated or still waiting."""
    rows = books.session.all(
        "SELECT id FROM mails c WHERE verdict = 'duplicate' AND NOT EXISTS (SELECT 1 FROM mails m"
        " WHERE m.mailbox = c.mailbox AND m.copy_key = c.copy_key AND m.verdict <> 'duplicate')"
    )
    for (id_,) in tick(rows):
        yield f"mail {id_}", "it was filed as a copy, but no other mail is its original"


def _raw_mails(books: Books, tick: Tick) -> Found:
    query = (
        "SELECT m.id, m.raw_digest, r.raw FROM mails m LEFT JOIN mail_raws r ON r.mail_id = m.id"
        " WHERE m.raw_digest <> '' ORDER BY m.id"
    )

    def judge(id_: int, digest: str, raw: bytes | None) -> Found:
        if raw is None:
            yield from _file(books.files, digest, f"mail {id_}")
        elif hashlib.sha256(raw).hexdigest() != digest:
            yield f"mail {id_}", "its bytes do not match their digest"

    yield from _each("mail ", tick(books.session.stream(query)), judge)


def _file(files: Files, digest: str, about: str) -> Found:
    if not files.has(digest):
        yield about, f"file {digest} is missing"
    elif not files.matches(digest):
        yield about, f"file {digest} does not match its digest"


# -- every ticket is the fold of its journal


def _folds(books: Books, tick: Tick) -> Found:
    columns = ", ".join(f"events.{name}" for name in EVENT_COLUMNS.split(", "))
    own = ", ".join(f"tickets.{name}" for name in OWN_COLUMNS)
    query = (
        f"SELECT {columns}, seq, {own} FROM events JOIN tickets ON tickets.number = events.number"
        " ORDER BY events.number, seq"
    )
    journals = groupby(tick(books.session.stream(query)), key=lambda row: str(row[0]))
    yield from _each("", ((number, list(rows)) for number, rows in journals), partial(_ticket_faults, books))
    yield from (
        (number, "a ticket without a journal")
        for (number,) in books.session.all(
            "SELECT number FROM tickets t WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.number = t.number)"
        )
    )


OWN_COLUMNS = (*LOOKED_UP.split(", "), "due_at", "body")
"""Of a ticket's row."""


def _ticket_faults(books: Books, number: str, rows: list[Row]) -> Found:
    width = len(EVENT_COLUMNS.split(", "))
    if [row[width] for row in rows] != list(range(1, len(rows) + 1)):
        yield number, "its journal is not numbered 1, 2, 3 …"
    own = dict(zip(OWN_COLUMNS, rows[0][width + 1 :], strict=True))
    folded, stored = fold(load_event(row[:width]) for row in rows), load_ticket(number, own["version"], own["body"])
    assert folded
    if folded != stored:
        yield number, "its row is not the fold of its journal: " + ", ".join(_differences(folded, stored))
    for name, value in zip(OWN_COLUMNS, looked_up(folded), strict=False):
        if own[name] != value:
            yield number, f"its row says {name} {own[name]!r}, its journal {value!r}"
    due = next_due(stored, books.desk, books.now)
    if due and own["due_at"] is None:
        yield number, f"{due[1]} is due, but nothing waits for it"


def _differences(folded: Ticket, stored: Ticket) -> list[str]:
    names = Ticket.__dataclass_fields__
    return [name for name in names if getattr(folded, name) != getattr(stored, name)]


# -- numbers are dense


def _numbers(books: Books, tick: Tick) -> Found:
    used: Counter[str] = Counter()
    highest: Counter[str] = Counter()
    for (number,) in tick(books.session.stream("SELECT number FROM tickets")):
        head, _, tail = number.rpartition("_")
        if not tail.isdecimal():
            yield number, "it is no ticket's number"
            continue
        used[head] += 1
        highest[head] = max(highest[head], int(tail))
    counters = {prefix + day: n for prefix, day, n in books.session.all("SELECT prefix, day, n FROM counters")}
    for head in sorted(used.keys() | counters.keys()):
        if not used[head] == highest[head] == counters.get(head, 0):
            yield head, f"{used[head]} tickets, highest {highest[head]}, counter {counters.get(head, 0)}"


# -- every letter was sent or waits


def _letters(books: Books, tick: Tick) -> Found:
    query = (
        "SELECT o.id, o.letter, o.recipient, d.status, d.next_at, d.sent_at FROM outbox o"
        " LEFT JOIN deliveries d ON d.id = o.id ORDER BY o.id"
    )
    for id_, letter, to, status, next_at, sent_at in tick(books.session.stream(query)):
        if text := _letter_fault(status, next_at, sent_at):
            yield f"letter {id_} ({letter} to {to})", text
    waiting = (
        "SELECT o.id, head, attachments, tail FROM outbox o JOIN deliveries d ON d.id = o.id WHERE next_at IS NOT NULL"
    )
    yield from _each("letter ", tick(books.session.stream(waiting)), _unpacked)


def _unpacked(_: int, *packed: Any) -> Found:
    unpacked(*packed)
    yield from ()


def _letter_fault(status: str | None, next_at: int | None, sent_at: int | None) -> str:
    if status is None:
        return "nothing says whether it was sent"
    if status not in STATUSES:
        return f"{status!r} is no state of a letter"
    if status in WAITING and next_at is None:
        return f"{status}, but nothing will ever send it"
    if status == "sent" and sent_at is None:
        return "sent, but at no time"
    return ""


def _attachments(books: Books, tick: Tick) -> Found:
    """Files named by journals and letters, each looked at once."""
    seen: set[str] = set()

    def judge(about: str | int, stored: str, column: int) -> Found:
        for attachment in json.loads(stored):
            digest = attachment[column]
            if digest and digest not in seen:
                seen.add(digest)
                yield from _file(books.files, digest, str(about))

    for what, sql in (
        ("", "SELECT number, attachments, 3 FROM events WHERE attachments <> ''"),
        ("letter ", "SELECT id, attachments, 1 FROM outbox WHERE attachments <> '[]' AND head IS NOT NULL"),
    ):
        yield from _each(what, tick(books.session.stream(sql)), judge)


# -- the IMAP folders match the ledger


def _folders(books: Books, tick: Tick) -> Found:
    """What was filed lately lies where it was put. A mail without a folder went with an old UIDVALIDITY."""
    unplaced: Counter[tuple[str, str]] = Counter()
    rows = books.session.all(
        "SELECT id, mailbox, verdict, folder, folder_uidvalidity, folder_uid FROM mails"
        " WHERE filed_at >= ? AND folder <> '' ORDER BY id",
        micros(books.now - LATELY),
    )
    for id_, mailbox, verdict, folder, uidvalidity, uid in tick(rows):
        if mailbox not in books.folders:
            continue
        lying = books.folders[mailbox].get(folder, NO_FOLDER)
        if folder != folder_of(verdict):
            yield f"mail {id_}", f"it is {verdict}, and was filed into {mailbox}/{folder}"
        elif uid is None or uidvalidity != lying.uidvalidity:
            unplaced[mailbox, folder] += 1
        elif uid not in lying.uids:
            yield f"mail {id_}", f"it was filed into {mailbox}/{folder}, and is not there"
    for (mailbox, folder), count in sorted(unplaced.items()):
        there = len(books.folders[mailbox].get(folder, NO_FOLDER).uids)
        if count > there:
            yield f"{mailbox}/{folder}", f"{count} mails were filed there, {there} are"


CHECKS: Mapping[str, Check] = {
    "references": _references,
    "verdicts": _verdicts,
    "openings": _opened_mails,
    "copies": _copies,
    "raw mails": _raw_mails,
    "journals": _folds,
    "numbers": _numbers,
    "letters": _letters,
    "attachments": _attachments,
    "folders": _folders,
}
"""What is proved, in this order."""


def tally(session: Session, since: datetime | None = None) -> dict[str, int]:
    """Mails by verdict since a time, for the daily proof; «seen» those without one yet, «all» their sum."""
    rows = session.all(
        "SELECT verdict, COUNT(*) FROM mails WHERE taken_at >= ? GROUP BY verdict", micros(since) if since else 0
    )
    counts = {verdict or "seen": n for verdict, n in rows}
    return {**counts, "all": sum(counts.values())}
