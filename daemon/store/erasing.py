"""Forgetting a person on request; `acuse audit` finds no difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.slices import in_slices
from daemon.store import people
from daemon.store.context import Writing
from daemon.store.dialect import IN_LIST, Session, marks
from daemon.store.dropping import drop_bytes, drop_letters, drop_raws, rewrite
from daemon.store.rows import key
from daemon.store.set_aside import keep_try
from daemon.store.tickets import journal
from daemon.store.unnamed import unname
from rules import erasure
from rules.desk import Desk
from rules.erasure import LISTS, Erasure
from rules.ticket import micros


@dataclass(frozen=True, slots=True)
class Traces:
    """Where a person stands. ``own``: numbers of the tickets they opened; ``named``: of others that name them;
    ``mails``: ledger ids of their mails and of those about their tickets; ``letters``: of those to them or about them;
    ``shared``: of others, sent, that may name them: about ``named`` tickets, and lists for the staff.
    """

    own: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    mails: tuple[int, ...] = ()
    letters: tuple[int, ...] = ()
    shared: tuple[int, ...] = ()
    registered: bool = False

    def __bool__(self) -> bool:
        return bool(self.own or self.named or self.mails or self.letters or self.registered)


def addresses_of(session: Session, address: str) -> tuple[str, ...]:
    """The address, and the others of whoever registered it; in lower case."""
    person = people.find(session, address)
    return tuple(sorted({address.lower(), *(person.addresses if person else ())}))


def traces(session: Session, address: str) -> Traces:
    """Where whoever has this address stands. Reads whole tables."""
    addresses = [key(each) for each in addresses_of(session, address)]
    own = _column(session, "SELECT number FROM tickets WHERE requester IN ({})", addresses)
    named = set(_naming(session, addresses)) - set(own)
    mails = {*_column(session, "SELECT id FROM mails WHERE sender IN ({})", addresses)}
    mails |= {*_column(session, "SELECT id FROM mails WHERE number <> '' AND number IN ({})", own)}
    letters = {*_column(session, "SELECT id FROM outbox WHERE recipient IN ({})", addresses)}
    letters |= {*_column(session, "SELECT id FROM outbox WHERE number IN ({})", own)}
    shared = {
        *_column(session, _SENT.format("number"), sorted(named)),
        *_column(session, _SENT.format("letter"), LISTS),
    }
    mail_ids, letter_ids, shared_ids = (tuple(sorted(each)) for each in (mails, letters, shared - letters))
    registered = people.find(session, address) is not None
    return Traces(tuple(own), tuple(sorted(named)), mail_ids, letter_ids, shared_ids, registered)


_SENT = """
SELECT outbox.id FROM outbox JOIN deliveries ON deliveries.id = outbox.id
WHERE head IS NOT NULL AND next_at IS NULL AND {} IN ({{}})
"""


def _naming(session: Session, addresses: Sequence[str]) -> Iterable[str]:
    """Tickets in whose journal one of these addresses stands. LIKE finds a part of somebody else's too."""
    for like in (f"%{escaped(address)}%" for address in addresses):
        rows = session.all(
            "SELECT number, actor, text, changes FROM events WHERE LOWER(actor) LIKE ? ESCAPE '!'"
            " OR LOWER(text) LIKE ? ESCAPE '!' OR LOWER(changes) LIKE ? ESCAPE '!'",
            like, like, like,
        )  # fmt: skip
        yield from (number for number, *texts in rows if any(erasure.names(addresses, text) for text in texts))


def escaped(text: str) -> str:
    """``text`` inside a LIKE pattern with ESCAPE '!'."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _column(session: Session, sql: str, values: Sequence[str]) -> list:  # type: ignore[type-arg]
    found = []
    for some in in_slices(values, IN_LIST):
        found += session.column(sql.format(marks(some)), *some)
    return found


# -- a person


def forget(tx: Writing, address: str, desk: Desk, now: datetime, pseudonym: str) -> Traces:
    """Put ``pseudonym`` in the place of whoever has this address, and drop their mails, letters, files and tokens."""
    session = tx.session
    found = traces(session, address)
    own = [ticket for number in found.own if (ticket := tx.tickets.get(number))]
    erased = erasure.erasure(address, own, people.find(session, address), desk, pseudonym)
    journals = {number: journal(session, number) for number in (*found.own, *found.named)}
    gone = frozenset().union(*(erasure.sent_by(erased, events) for events in journals.values()))
    unname(session, (digest for digest, _ in gone))
    for number in journals:
        rewrite(tx, number, erasure.forget(erased, gone), desk, now)
    _drop_mails(session, found.mails, erased, now)
    drop_letters(session, found.letters, pseudonym, erased.addresses)
    for some in in_slices(found.shared, IN_LIST):
        drop_bytes(session, some)
    _reword(session, erased)
    for each in erased.addresses:
        _drop_person(session, key(each), pseudonym)
    return found


def _drop_mails(session: Session, ids: Sequence[int], erased: Erasure, now: datetime) -> None:
    """Their octets; of the person's own mails the ledger keeps what tells copies apart."""
    drop_raws(session, ids)
    for sender in map(key, erased.addresses):
        _settle_waiting(session, sender, now)
        of_them = "SELECT id FROM mails WHERE sender = ?"
        session.run(f"UPDATE mail_tries SET detail = '' WHERE mail_id IN ({of_them})", sender)
        session.run(
            "UPDATE mails SET sender = ?, subject = '', message_id = '', detail = '' WHERE sender = ?",
            erased.pseudonym,
            sender,
        )


def _settle_waiting(session: Session, sender: str, now: datetime) -> None:
    """Settle the mails that waited for an admin or a free hour: nothing is left to be treated."""
    for id_ in session.column("SELECT id FROM mails WHERE sender = ? AND verdict IN ('held', 'quarantined')", sender):
        keep_try(session, id_)
        session.run(
            "UPDATE mails SET verdict = 'untreated', why = 'erased', decided_at = ?, filed_at = NULL,"
            " held_until = NULL WHERE id = ?",
            micros(now),
            id_,
        )


def _reword(session: Session, erased: Erasure) -> None:
    """Rewrite what the ledger says of other people's mails where it names the person."""
    for table, column in (("mails", "subject"), ("mails", "detail"), ("mail_tries", "detail")):
        for address in erased.addresses:
            like = f"SELECT id, {column} FROM {table} WHERE LOWER({column}) LIKE ? ESCAPE '!'"
            rows = session.all(like, f"%{escaped(address)}%")
            session.many(
                f"UPDATE {table} SET {column} = ? WHERE id = ?", [(erased.text(text), id_) for id_, text in rows]
            )


def _drop_person(session: Session, address: str, pseudonym: str) -> None:
    session.run("DELETE FROM tokens WHERE addressee = ? AND used_at IS NULL", address)
    session.run("UPDATE tokens SET addressee = ? WHERE addressee = ?", pseudonym, address)
    session.run("DELETE FROM blocked_senders WHERE address = ?", address)
    for table in ("windows", "breakers"):
        session.run(f"DELETE FROM {table} WHERE LOWER(name) LIKE ? ESCAPE '!'", f"%{escaped(address)}%")
    if person := session.value("SELECT person_id FROM person_addresses WHERE address = ?", address):
        session.run("DELETE FROM person_addresses WHERE person_id = ?", person)
        session.run("DELETE FROM people WHERE id = ?", person)
