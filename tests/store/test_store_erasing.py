"""A person forgotten, old things dropped: nobody stands in the books any more, and the books balance."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from daemon.operations.jobs import remove_leftovers
from daemon.store import Cause, Filed, Outcome, Store, Transaction, dropping, erasing, outdated, unnamed
from daemon.store.errors import FilesGone
from daemon.store.raws import IN_ROW
from rules.decision import Decision
from rules.erasure import NOBODY
from rules.facts import Person, Search
from rules.letters import Grant, Letter, Link
from rules.ticket import Event
from tests.patience import until
from tests.store.desk import ANA, DESK, LUIS, NOW, Clock, attachment, change, compose, mail, open_ticket, take

PHOTO, SHARED = b"a photo of Ana" * 50, b"a leaflet" * 50
TABLES = (
    "mails", "mail_tries", "events", "tickets", "outbox", "deliveries", "tokens", "windows", "breakers", "people",
    "person_addresses", "blocked_senders", "words",
)  # fmt: skip
NAME = "Ana Ruiz Peña"


def everything(store: Store) -> str:
    """Every row of every table as text, lower case."""
    with store.read() as reading:
        return repr([reading.session.all(f"SELECT * FROM {table}") for table in TABLES]).lower()


@pytest.fixture
def books(store: Store) -> Iterator[Store]:
    """Ana's closed ticket with mails, files, letters and tokens; Luis's open one, which names her."""
    for content in (PHOTO, SHARED):
        store.files.keep(content)
    links = (Link("validate", "s@cau.example", "Validar", grant=Grant("verdict", "validate", addressee=ANA)),)
    own = open_ticket(
        store, 1, letters=lambda t: (Letter("confirmation", (ANA,), t, links=links),), requester_name=NAME
    )
    other = open_ticket(store, 2, sender=LUIS, letters=lambda t: (Letter("confirmation", (LUIS,), t),))
    seen = take(store, 3, raw=b"z" * (IN_ROW + 1))
    files = (attachment(PHOTO, "ana.png"), attachment(SHARED, "folleto.pdf"))
    reply = Event(own, "replied", NOW, ANA, f"Soy {NAME}, {ANA}.", True, attachments=files)
    named = Event(other, "note", NOW, "tec@cau.example", f"Lo mismo que {ANA}", attachments=(attachment(SHARED),))
    waiting = Letter("update", ("n1@cau.example",), None)
    with store.write() as tx:
        decision = Decision("threaded", events=(reply, named), letters=(waiting,), counters=(f"opening:{ANA}",))
        tx.apply(Cause(seen.id, mail(3, ANA, sender_name=NAME)), decision, compose, DESK, NOW)
    held = take(store, 4)
    with store.write() as tx:
        person = Person(NAME, (ANA, "ana@casa.example"), tax_id="12345678Z")
        tx.apply(Cause(held.id, mail(4, ANA)), Decision("held", "rate", people=(person,)), compose, DESK, NOW)
    change(store, own, "validated", state="closed", closed_at=NOW, running=((NOW, NOW),))
    store.filed("apertura", [Filed(mail_id, "done") for mail_id in (1, 2, 3)])
    sent = store.claim("a", NOW, timedelta(minutes=1), 1)
    store.record([Outcome(each.id, each.lease, "sent", "250 ok") for each in sent], NOW)
    store.index_words()
    yield store


def forget(store: Store, address: str = ANA) -> erasing.Traces:
    found = store.run(lambda tx: erasing.forget(tx, address, DESK, NOW, "erased-1"))
    remove_leftovers(store)
    store.wipe()
    store.index_words()
    assert found is not None
    return found


def test_nobody_of_that_name_stands_in_the_books(books: Store) -> None:
    for word in (ANA, NAME.lower(), "12345678z", "ana@casa.example"):
        assert word.lower() in everything(books)
    forget(books)
    left = everything(books)
    for word in (ANA, NAME.lower(), "12345678z", "ana@casa.example", "ana.png"):
        assert word.lower() not in left
    assert "erased-1" in left
    assert LUIS in left


def test_the_books_balance_afterwards(books: Store, clock: Clock) -> None:
    forget(books)
    assert books.audit(DESK) == []
    clock.turn(days=400)
    assert books.audit(DESK) == []


def test_what_would_be_touched_is_told_first(books: Store) -> None:
    before = everything(books)
    with books.read() as reading:
        found = erasing.traces(reading.session, ANA.upper())
    assert (len(found.own), len(found.named), len(found.mails), len(found.letters)) == (1, 1, 3, 1)
    assert found.registered
    assert everything(books) == before
    with books.read() as reading:
        assert not erasing.traces(reading.session, "nadie@otra.example")
    assert forget(books) == found


def test_another_address_of_the_same_person_finds_them(books: Store) -> None:
    assert forget(books, "ana@casa.example").own
    assert ANA not in everything(books)


def test_their_raw_mails_and_files_go_and_those_of_others_stay(books: Store) -> None:
    forget(books)
    for mail_id in (1, 3, 4):
        with pytest.raises(KeyError):
            books.raw_mail(mail_id)
    assert books.raw_mail(2)
    assert not books.files.has(attachment(PHOTO).digest)
    assert books.files.has(attachment(SHARED).digest)  # the technician's note names it too


def test_a_ticket_goes_on_without_them(books: Store) -> None:
    forget(books)
    (own,) = books.search(Search(states=("closed",)))
    assert (own.requester, own.requester_name) == ("erased-1", "erased-1")
    shown = books.show(own.number)
    assert shown is not None
    assert [event["name"] for event in shown["journal"]] == ["opened", "replied", "validated", "erased"]
    assert books.search(Search(text="Ruiz")) == ()
    assert len(books.search(Search(text="erased"))) == 2


@pytest.mark.parametrize("claimed", [False, True])
def test_a_letter_that_waits_for_them_is_never_sent(books: Store, claimed: bool) -> None:
    """Nor once more, where it was on its way."""
    other = books.search(Search(states=("assigned",)))[0]
    letter = Letter("update", (ANA,), other)
    with books.write() as tx:
        tx.apply(Cause(), Decision(letters=(letter,)), compose, DESK, NOW)
    sending = books.claim("a", NOW, timedelta(minutes=1), 50) if claimed else []
    forget(books)
    for each in sending:
        deferred = Outcome(each.id, each.lease, "deferred", "451 later", NOW)
        assert books.record([deferred], NOW) == [each.to != ANA]
    assert ANA not in [each.to for each in books.claim("a", NOW, timedelta(minutes=1), 50)]
    assert books.audit(DESK) == []


def test_nothing_is_written_to_a_pseudonym(books: Store) -> None:
    forget(books)
    ticket = books.search(Search(states=("closed",)))[0]
    before = len(json.dumps([str(row) for row in everything(books)]))
    with books.write() as tx:
        letter = Letter("closure", (ticket.requester,), ticket)
        tx.apply(Cause(), Decision(letters=(letter,)), compose, DESK, NOW)
    assert len(json.dumps([str(row) for row in everything(books)])) == before


def test_what_waited_for_an_admin_is_settled(books: Store) -> None:
    forget(books)
    rows = books.mails()
    assert [(row.verdict, row.why) for row in rows if row.id == 4] == [("untreated", "erased")]


def test_forgetting_a_participant_leaves_the_requesters_words(books: Store) -> None:
    own = books.search(Search(states=("closed",)))[0].number
    change(books, own, "joined", participants=(LUIS,))
    forget(books, LUIS)
    assert LUIS not in everything(books)
    assert books.search(Search(states=("closed",)))[0].requester == ANA
    assert books.raw_mail(1)
    assert books.audit(DESK) == []


def test_what_others_were_sent_about_them_loses_its_bytes_once_sent(books: Store) -> None:
    other = books.search(Search(states=("assigned",)))[0]
    sent = (Letter("warning", ("n1@cau.example",), other), Letter("worklist", ("tec@cau.example",)))
    sent += (Letter("refusal", (LUIS,)),)
    for letters in (sent, (Letter("reminder", (LUIS,), other),)):
        with books.write() as tx:
            tx.apply(Cause(), Decision(letters=letters), compose, DESK, NOW)
        claimed = books.claim("a", NOW, timedelta(minutes=1), 50) if letters is sent else ()
        books.record([Outcome(each.id, each.lease, "sent", "250 ok") for each in claimed], NOW)
    forget(books)
    with books.read() as reading:
        rows = reading.session.all("SELECT letter, head IS NOT NULL FROM outbox WHERE letter <> 'update'")
    assert {(letter, bool(bytes_left)) for letter, bytes_left in rows} == {
        ("confirmation", False), ("warning", False), ("worklist", False), ("refusal", True), ("reminder", True),
    }  # fmt: skip
    assert [each.to for each in books.claim("a", NOW, timedelta(minutes=1), 50)] == [LUIS]
    assert books.audit(DESK) == []


def test_what_the_ledger_tells_of_other_mails_names_them_no_more(books: Store) -> None:
    seen = take(books, 5)
    with books.write() as tx:
        named = mail(5, LUIS, subject=f"Fwd: de {ANA}")
        tx.apply(Cause(seen.id, named), Decision("untreated", remarks=(f"{NAME}, {ANA}",)), compose, DESK, NOW)
    forget(books)
    assert ANA not in everything(books)
    assert [row.subject for row in books.mails() if row.id == seen.id] == ["Fwd: de erased-1"]


def test_no_page_of_the_file_holds_what_was_dropped(books: Store) -> None:
    """Nor the log, while the desk runs on, nor the index, whose words are «ruiz» and «pena»."""
    if not books.one_daemon:
        return
    words = (ANA, NAME, "ruiz", "pena")
    assert all(lies_in_a_file(books, word) for word in words)
    forget(books)
    assert not [word for word in words if lies_in_a_file(books, word)]


def lies_in_a_file(store: Store, word: str) -> bool:
    files = [path for path in store.files.root.parent.rglob("*") if path.is_file()]
    return any(word.encode() in path.read_bytes() for path in files)


@pytest.mark.parametrize("pattern", ["%", "%@clientes.example", "a_a@clientes.example", "!"])
def test_signs_of_a_pattern_forget_nobody(books: Store, pattern: str) -> None:
    before = everything(books)
    assert not forget(books, pattern)
    assert everything(books) == before


def test_forgetting_twice_changes_nothing_more(books: Store) -> None:
    forget(books)
    before = everything(books)
    assert not forget(books)
    assert everything(books) == before


# -- retention


def test_raw_mails_go_once_they_are_old_and_filed(books: Store, clock: Clock) -> None:
    with books.read() as reading:
        assert outdated.old_raws(reading.session, 0, NOW, 10) == []
        old = outdated.old_raws(reading.session, 0, NOW + timedelta(days=1), 10)
        assert outdated.old_raws(reading.session, old[0], NOW + timedelta(days=1), 1) == old[1:2]
    assert old == [1, 2, 3]  # 4 is held
    books.run(lambda tx: dropping.drop_raws(tx.session, old))
    remove_leftovers(books)
    with pytest.raises(KeyError):
        books.raw_mail(3)
    assert books.raw_mail(4)
    assert books.audit(DESK) == []


def test_sent_letters_lose_their_bytes_and_waiting_ones_keep_them(books: Store) -> None:
    with books.read() as reading:
        old = outdated.old_letters(reading.session, 0, NOW + timedelta(days=1), 10)
        assert outdated.old_letters(reading.session, old[-1], NOW + timedelta(days=1), 10) == []
    assert len(old) == 1
    books.run(lambda tx: dropping.drop_bytes(tx.session, old))
    waiting = books.claim("b", NOW + timedelta(hours=1), timedelta(minutes=1), 50)
    assert waiting
    assert all(each.content.head for each in waiting)
    assert books.audit(DESK) == []


def test_old_closed_tickets_are_emptied_and_their_numbers_stay(books: Store) -> None:
    with books.read() as reading:
        numbers = outdated.old_tickets(reading.session, "", NOW + timedelta(days=1), 10)
        assert outdated.old_tickets(reading.session, numbers[-1], NOW + timedelta(days=1), 10) == []
    assert len(numbers) == 1

    def work(tx):
        outdated.empty_tickets(tx, numbers, DESK, NOW)

    books.run(work)
    remove_leftovers(books)
    (left,) = books.search(Search(states=("closed",)))
    assert (left.number, left.requester) == (numbers[0], NOBODY)
    assert not books.files.has(attachment(PHOTO).digest)
    assert books.files.has(attachment(SHARED).digest)
    assert books.audit(DESK) == []
    with books.read() as reading:
        assert outdated.old_tickets(reading.session, "", NOW + timedelta(days=1), 10) == []


def leftovers(books: Store) -> unnamed.Leftovers:
    listed = books.run(lambda tx: unnamed.listed(tx.session))
    assert listed
    with books.read() as reading:
        return unnamed.leftovers(reading.session, listed)


def waits(books: Store, tx: Transaction) -> bool:
    """Whether another thread waits for this transaction."""
    if books.one_daemon:
        return books.awaited
    return tx.session.one("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") is not None


@pytest.mark.parametrize("looked", ["before", "meanwhile"])
def test_a_file_that_another_transaction_is_taking_up_again_stays(books: Store, looked: str) -> None:
    """Its row is written and not committed: whoever removes files cannot see it, and waits for it."""
    books.run(lambda tx: erasing.forget(tx, ANA, DESK, NOW, "erased-1"))
    other = books.search(Search(states=("assigned",)))[0].number
    found = leftovers(books)
    removals: dict[str, Callable[[], object]] = {
        "before": lambda: books.run(lambda tx: unnamed.remove(tx.session, books.files, found)),
        "meanwhile": lambda: remove_leftovers(books),
    }
    removing = threading.Thread(target=removals[looked])
    with books.write() as tx:
        event = Event(other, "note", NOW, LUIS, attachments=(attachment(PHOTO),))
        tx.apply(Cause(), Decision(events=(event,)), compose, DESK, NOW)
        removing.start()
        until(lambda: waits(books, tx) or not removing.is_alive())
    removing.join()
    assert books.files.has(attachment(PHOTO).digest)
    assert books.audit(DESK) == []


def test_a_mail_whose_file_was_removed_while_it_was_read_is_to_be_read_again(books: Store) -> None:
    books.run(lambda tx: erasing.forget(tx, ANA, DESK, NOW, "erased-1"))
    other = books.search(Search(states=("assigned",)))[0].number
    seen = take(books, 5)
    assert books.files.has(attachment(PHOTO).digest), "as the parser finds: it keeps nothing twice"
    remove_leftovers(books)
    event = Event(other, "note", NOW, LUIS, attachments=(attachment(PHOTO),))
    cause = Cause(seen.id, mail(5, LUIS, attachments=(attachment(PHOTO),)))
    with pytest.raises(FilesGone), books.write() as tx:
        tx.apply(cause, Decision("threaded", events=(event,)), compose, DESK, NOW)
    books.files.keep(PHOTO)
    with books.write() as tx:
        tx.apply(cause, Decision("threaded", events=(event,)), compose, DESK, NOW)
    assert books.audit(DESK) == []


def test_a_file_that_comes_back_meanwhile_stays(books: Store) -> None:
    books.run(lambda tx: erasing.forget(tx, ANA, DESK, NOW, "erased-1"))
    found = leftovers(books)
    assert attachment(PHOTO).digest in found.unnamed
    other = books.search(Search(states=("assigned",)))[0].number
    with books.write() as tx:
        event = Event(other, "note", NOW, "tec@cau.example", attachments=(attachment(PHOTO),))
        tx.apply(Cause(), Decision(events=(event,)), compose, DESK, NOW)
    books.run(lambda tx: unnamed.remove(tx.session, books.files, found))
    assert books.files.has(attachment(PHOTO).digest)
    assert books.audit(DESK) == []
