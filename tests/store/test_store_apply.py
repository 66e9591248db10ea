"""A decision happens once: journal, ticket, tokens, letters, all or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from daemon.store import Cause, Store
from daemon.store.errors import Conflict
from daemon.store.rows import dump_ticket, load_ticket
from parsers.mail import Attachment
from rules.decision import Decision
from rules.facts import Facts, Needs, Person, Registered, Search
from rules.letters import File, Grant, Letter, Link
from rules.tables import PersonTable
from rules.ticket import Event, Ticket, fold
from tests.store.desk import ANA, DESK, EVA, LUIS, NOW, ZONE, change, compose, mail, open_ticket, take, token

FULL = Ticket(
    "I171009_000001", "incident", "pending", "info_requested", "Alta", "Red", "n1", "tec@x", ANA, "Ana", (LUIS,), "es",
    "Apertura", "a@x", (("service", "AREN"), ("description", "ñ\n\0\ud800«»")),
    (Attachment("a.png", "image/png", 3, "ab" * 32, True),), NOW, NOW, NOW, NOW, None, NOW, NOW, NOW,
    ((NOW, NOW), (NOW, None)), ("warning:Alta",), 2, "hecho", "tec@x", "¿qué?", ("W171009_000001",), "I171009_000002",
    ("n1", "n2"), "regla", "id@x", (NOW,), 5, (EVA,), True, 7,
)  # fmt: skip


@pytest.mark.parametrize("ticket", [Ticket("I171009_000001"), FULL])
def test_a_ticket_comes_back_from_its_row_as_it_was(ticket: Ticket) -> None:
    assert load_ticket(ticket.number, ticket.version, dump_ticket(ticket)) == ticket


def load(store: Store, now: datetime = NOW, **needs: object) -> Facts:
    with store.read() as books:
        return books.load(Needs(**needs), now, ZONE)


def test_the_ticket_is_the_fold_of_its_journal(store: Store) -> None:
    number = open_ticket(store, 1, fields=(("service", "AREN"),))
    change(store, number, "assigned", assignee="tec@cau.example")
    change(store, number, "resolved", state="resolved", round=1, resolved_at=NOW, running=((NOW, NOW),))
    facts = load(store, numbers=(number,), journal=True)
    ticket, journal = facts.tickets[number], facts.journals[number]
    assert fold(journal) == ticket
    assert [event.name for event in journal] == ["opened", "assigned", "resolved"]
    assert (ticket.version, ticket.state, ticket.assignee) == (3, "resolved", "tec@cau.example")


def test_one_decision_may_touch_several_tickets(store: Store) -> None:
    first, second = open_ticket(store, 1), open_ticket(store, 2, "W")
    events = (
        Event(first, "related", NOW, changes={"relations": (second,)}),
        Event(second, "related", NOW, changes={"relations": (first,)}),
        Event(first, "noted", NOW, text="una nota"),
    )
    with store.write() as tx:
        tx.apply(Cause(), Decision(events=events), compose, DESK, NOW)
    tickets = load(store, numbers=(first, second)).tickets
    assert (tickets[first].relations, tickets[first].version, tickets[second].version) == ((second,), 3, 2)


def test_pointers_are_followed_and_a_ring_ends(store: Store) -> None:
    numbers = [open_ticket(store, uid) for uid in range(3)]
    for number, to in zip(numbers, (*numbers[1:], numbers[0]), strict=True):
        change(store, number, "merged", points_to=to)
    assert set(load(store, numbers=(numbers[0],)).tickets) == set(numbers)


def test_nothing_is_seen_of_a_transaction_that_failed(store: Store) -> None:
    number, seen = open_ticket(store, 1), take(store, 2)

    def broken(letter: Letter, to: str) -> object:
        raise ZeroDivisionError

    decision = Decision(
        "threaded",
        events=(Event(number, "replied", NOW, changes={"state": "pending"}),),
        letters=(Letter("update", ("n1@cau.example",), Ticket(number)),),
        people=(Person("Ana", (ANA,)),),
        counters=("opening",),
    )
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        tx.apply(Cause(seen.id, mail(2)), decision, broken, DESK, NOW)
    facts = load(store, numbers=(number,), sender=ANA, counters=("opening",))
    assert (facts.tickets[number].state, facts.person, facts.counts) == ("assigned", None, {"opening": 0})
    assert store.waiting("apertura")[0].id == seen.id


# -- letters and tokens

VALIDATE = Grant("verdict", "validate", "I171009_000001", ANA, round=1, expires_at=NOW + timedelta(days=30))
REJECT = replace(VALIDATE, verb="reject")


def validation(ticket: Ticket) -> tuple[Letter, ...]:
    links = tuple(Link(grant.verb, "soporte@cau.example", "x", grant=grant) for grant in (VALIDATE, REJECT))
    return (Letter("validation", (ANA,), ticket, links=links),)


def test_a_letter_registers_its_subject_and_its_tokens(store: Store) -> None:
    number = open_ticket(store, 1, letters=validation)
    facts = load(store, subject_key=f"validation {number}", token=token(VALIDATE))
    assert facts.registered == Registered(number, "requester", "validation")
    assert (facts.grant.grant, facts.grant.used_at, facts.round_used) == (VALIDATE, None, None)
    assert number in facts.tickets


def use(store: Store, grant: Grant) -> None:
    with store.write() as tx:
        tx.apply(Cause(), Decision(used=(token(grant),)), compose, DESK, NOW)


def test_a15_a_token_is_used_once(store: Store) -> None:
    open_ticket(store, 1, letters=validation)
    use(store, VALIDATE)
    assert load(store, token=token(VALIDATE)).grant.used_at == NOW
    with pytest.raises(Conflict):
        use(store, VALIDATE)


def test_a17_one_round_has_one_verdict(store: Store) -> None:
    """Even where the rules had not looked: the database itself refuses the second."""
    open_ticket(store, 1, letters=validation)
    use(store, VALIDATE)
    assert load(store, token=token(REJECT)).round_used.grant == VALIDATE
    with pytest.raises(Exception, match=r"(?i)unique"):
        use(store, REJECT)
    assert load(store, token=token(REJECT)).grant.used_at is None


def test_no_copy_for_a_participant_whom_the_mail_itself_reached(store: Store) -> None:
    ticket = Ticket("I171009_000001", requester=ANA, participants=(LUIS, EVA))
    letter = Letter("reply", (ANA, LUIS, EVA), ticket, reached=frozenset({ANA, LUIS}))
    with store.write() as tx:
        tx.apply(Cause(), Decision(letters=(letter,)), compose, DESK, NOW)
    with store.read() as reading:
        assert reading.session.all("SELECT recipient FROM outbox ORDER BY id") == [(ANA,), (EVA,)]


AT_HOME = {who: f"casa.{who}" for who in (ANA, LUIS)}
AT_HOME_TOO = replace(DESK, people=tuple(PersonTable(who, (who, home)) for who, home in AT_HOME.items()))


def test_participants_get_a_copy_without_links(store: Store) -> None:
    sent: list[tuple[str, int]] = []

    def listening(letter: Letter, to: str) -> object:
        sent.append((to, len(letter.links)))
        return compose(letter, to)

    ticket = Ticket("I171009_000001", requester=ANA, participants=(LUIS, ANA.upper()))
    link = Link("answer", ANA, "Hola")
    told = tuple(Letter("status", (AT_HOME[who],), ticket, links=(link,)) for who in (ANA, LUIS))
    with store.write() as tx:
        tx.apply(Cause(), Decision(letters=(*validation(ticket), *told)), listening, AT_HOME_TOO, NOW)
    assert sorted(sent) == sorted([(ANA, 2), (LUIS, 0), (AT_HOME[ANA], 1), (AT_HOME[LUIS], 0)])


def test_nothing_is_sent_to_ourselves(store: Store) -> None:
    with store.write() as tx:
        tx.apply(Cause(), Decision(letters=(Letter("refusal", ("Soporte@cau.example",)),)), compose, DESK, NOW)
    assert store.claim("me", NOW, timedelta(minutes=1), 10) == []


def test_files_that_we_made_are_kept_before_the_letter_names_them(store: Store) -> None:
    letter = Letter("report", ("coord@cau.example",), files=(File("a.csv", "text/csv", b"a;b"),))
    with store.write() as tx:
        tx.apply(Cause(), Decision(letters=(letter,)), compose, DESK, NOW)
    assert [store.files.open(digest).read() for digest in store.files.digests()] == [b"a;b"]


def test_show_tells_the_ticket_with_journal_and_letters(store: Store) -> None:
    number = open_ticket(store, 1, letters=validation, fields=(("service", "AREN"),))
    shown = store.show(number, ZONE)
    assert shown
    assert (shown["fields"], shown["opened_at"]) == ({"service": "AREN"}, "2017-10-09T10:23:58+02:00")
    (letter,) = shown["letters"]
    assert (letter["letter"], letter["to"], letter["status"]) == ("validation", ANA, "queued")
    assert [event["name"] for event in shown["journal"]] == ["opened"]
    assert store.show("I171009_999999") is None


# -- facts


def test_our_own_letters_are_found_by_id_or_address(store: Store) -> None:
    number = open_ticket(store, 1, letters=validation)
    (outgoing,) = store.claim("me", NOW, timedelta(minutes=1), 10)
    by_id = load(store, own_ids=("other@x", f"<{outgoing.message_id}>")).own
    by_address = load(store, own_ids=("other@x",), unreached=(ANA.upper(),)).own
    assert by_id == by_address
    assert (by_id.letter, by_id.number, by_id.to) == ("validation", number, ANA)
    assert load(store, own_ids=("other@x",), unreached=(EVA,)).own is None


@pytest.mark.parametrize(("days", "named", "found"), [(7, False, True), (7.1, False, False), (300, True, True)])
def test_a_report_without_our_id_speaks_of_the_last_days(store: Store, days: float, named: bool, found: bool) -> None:
    open_ticket(store, 1, letters=validation)
    (outgoing,) = store.claim("me", NOW, timedelta(minutes=1), 10)
    ids = (outgoing.message_id,) if named else ()
    own = load(store, now=NOW + timedelta(days=days), own_ids=ids, unreached=(ANA,)).own
    assert bool(own) == found


def test_a_person_has_several_addresses(store: Store) -> None:
    ana = Person("Ana", (ANA, EVA), "Registro", "B1234", "es", (("phone", "600"),))
    for person in (ana, replace(ana, name="Ana María", addresses=(EVA, LUIS))):
        with store.write() as tx:
            tx.apply(Cause(), Decision(people=(person,)), compose, DESK, NOW)
    found = load(store, sender=LUIS.upper(), addresses=(ANA, "nadie@x")).person
    assert (found.name, found.tax_id, set(found.addresses), found.details) == (
        "Ana María", "B1234", {ANA, EVA, LUIS}, (("phone", "600"),),
    )  # fmt: skip
    assert load(store, addresses=(ANA, "nadie@x")).registered_people == {ANA}


def test_a36_what_stands_in_an_index_fits_into_it(store: Store) -> None:
    """PostgreSQL takes neither NUL nor a lone surrogate, nor some 2,700 octets in one entry that cannot be squeezed."""
    tax_id = "".join(map(chr, range(0x4E00, 0x4E00 + 4000))) + "\0\udc80"
    with store.write() as tx:
        tx.apply(Cause(), Decision(people=(Person("Ana", (ANA,), tax_id=tax_id),)), compose, DESK, NOW)
    assert load(store, sender=ANA).person.name == "Ana"


def test_the_senders_last_tickets_newest_first(store: Store) -> None:
    numbers = [open_ticket(store, uid, now=NOW + timedelta(minutes=uid)) for uid in range(12)]
    open_ticket(store, 99, sender=EVA)
    earlier = load(store, writer=frozenset({ANA})).earlier
    assert [ticket.number for ticket in earlier] == numbers[:1:-1]


def test_of_an_action_and_of_a_call_they_are_the_requesters(store: Store) -> None:
    grant = Grant("action", number="I171009_000001", group="n1")
    link = Link("take", "soporte@cau.example", "x", grant=grant)
    theirs = open_ticket(
        store, 1, sender=EVA, letters=lambda t: (Letter("assignment", ("n1@cau.example",), t, links=(link,)),)
    )
    mine = open_ticket(store, 2)
    for needs, number in (({"token": token(grant)}, theirs), ({"caller": frozenset({EVA})}, theirs), ({}, mine)):
        earlier = load(store, writer=frozenset({ANA}), **needs).earlier
        assert [ticket.number for ticket in earlier] == [number]


def test_of_whoever_has_several_addresses_all_count(store: Store) -> None:
    first, second = (
        open_ticket(
            store,
            uid,
            sender=who,
            now=NOW + timedelta(minutes=uid),
            letters=lambda t: (Letter("reply", (t.requester,), t),),
        )
        for uid, who in enumerate((ANA, EVA))
    )
    told = f"reply {first}"
    for writer, numbers, subject in (({ANA}, [first], told), ({ANA, EVA}, [second, first], told), ({LUIS}, [], "")):
        facts = load(store, writer=frozenset(writer), last_subject=first)
        earlier = [ticket.number for ticket in facts.earlier]
        assert (earlier, facts.last_subject) == (numbers, subject)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Search(), {"I1", "W1", "I2"}),
        (Search(number="w171009_000001"), {"W1"}),
        (Search(name="maria"), {"I2"}),
        (Search(addresses=frozenset((ANA,))), {"I1"}),
        (Search(addresses=frozenset((LUIS,))), {"I1", "I2"}),
        (Search(addresses=frozenset((EVA, ANA))), {"I1", "W1"}),
        (Search(tax_id="B-99"), {"W1"}),
        (Search(tax_id="B777"), {"I1"}),
        (Search(text="pantalla PETICION"), {"W1"}),
        (Search(text="pantalla inexistente"), set()),
        (Search(text="' OR 1=1 -- %_*\""), set()),
        (Search(text="reinstalado"), {"I2"}),
        (Search(fields=(("service", "aren"),)), {"I1"}),
        (Search(states=("resolved",)), {"I2"}),
        (Search(groups=("n2",)), {"W1"}),
        (Search(since=NOW + timedelta(minutes=1)), {"W1", "I2"}),
        (Search(until=NOW + timedelta(minutes=1)), {"I1"}),
        (Search(limit=1), {"I2"}),
    ],
)
@pytest.mark.parametrize("indexed", [True, False])
def test_search(store: Store, wanted: Search, found: set[str], indexed: bool) -> None:
    numbers = {
        open_ticket(store, 1, participants=(LUIS,), fields=(("service", "AREN"),)): "I1",
        open_ticket(
            store, 2, "W", EVA, now=NOW + timedelta(minutes=1), group="n2",
            fields=(("description", "La petición no sale en pantalla"), ("cif", "B-99")),
        ): "W1",
        open_ticket(store, 3, "I", LUIS, now=NOW + timedelta(minutes=2), requester_name="María Luisa"): "I2",
    }  # fmt: skip
    last = next(number for number, name in numbers.items() if name == "I2")
    change(store, last, "resolved", state="resolved", solution="Se ha reinstalado AREN")
    with store.write() as tx:
        tx.apply(Cause(), Decision(people=(Person("Ana", (ANA,), tax_id="B777"),)), compose, DESK, NOW)
    if indexed:
        assert store.index_words(at_once=3) == 4, "all of them, in two transactions"
        assert store.index_words() == 0
    assert {numbers[ticket.number] for ticket in store.search(wanted)} == found


@pytest.mark.parametrize("ask", ["SELECT 1", "UPDATE meta SET value = 'x' WHERE name = 'a'", ""])
def test_a_fault_of_a_statement_that_nothing_was_asked_of_shows_and_nothing_is_written(store: Store, ask: str) -> None:
    """On PostgreSQL it shows with the next answer, at the latest before COMMIT; never as a fault that passes."""
    with pytest.raises(Exception, match=r"(?i)unique") as fault, store.write() as tx:
        for _ in range(2):
            tx.session.put("INSERT INTO meta (name, value) VALUES ('a', 'b')")
        tx.session.one(ask) if ask.startswith("SELECT") else tx.session.run(ask or "UPDATE meta SET value = value")
    assert not store._connections.dialect.transient(fault.value)
    with store.read() as books:
        assert books.session.one("SELECT 1 FROM meta WHERE name = 'a'") is None
