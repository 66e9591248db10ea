"""What is left of a person in an event, and of an event over its retention."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parsers.mail import Attachment
from rules.erasure import NOBODY, empty, erasure, forget, sent_by
from rules.facts import Person
from rules.tables import FieldTable
from rules.ticket import Event, dump_changes, fold
from tests.rules.desks import ANA, DESK, FIELDS, MARTA, NOW, make_desk, opened

PHONE = FieldTable("Teléfono", "phone", "phone")
KINDS = {**DESK.kinds, "incident": replace(DESK.kinds["incident"], fields=(*FIELDS, PHONE))}
TICKET = opened(requester_name="Marta Gil", fields=(("phone", "600 123 456"), ("description", "No abre.")))
PERSON = Person("Marta Gil Sanz", (MARTA, "mgil@otra.test"), tax_id="12345678Z", details=(("name", "Marta Gil Sanz"),))
SHE = erasure(MARTA, [TICKET], PERSON, make_desk(kinds=KINDS), "erased-1")
PHOTO = Attachment("foto.png", "image/png", 3, "a" * 64)
OTHERS = Attachment("log.txt", "text/plain", 3, "b" * 64)

TEXTS = [
    ("Escribe marta@cliente.test hoy", "Escribe erased-1 hoy"),
    ("MARTA@CLIENTE.TEST", "erased-1"),
    ("también mgil@otra.test", "también erased-1"),
    ("Marta Gil llama al 600 123 456", "erased-1 llama al erased-1"),
    ("Marta Gil Sanz, con 12345678z", "erased-1, con erased-1"),
    ("supermarta@cliente.test es otra", "supermarta@cliente.test es otra"),
    ("Marta Gilabert es otra", "Marta Gilabert es otra"),
    ("ana.mgil@otra.test y eva-mgil@otra.test son otras", "ana.mgil@otra.test y eva-mgil@otra.test son otras"),
    ("mgil@otra.test.example es de otra parte", "mgil@otra.test.example es de otra parte"),
    ("<mgil@otra.test>, o mgil@otra.test.", "<erased-1>, o erased-1."),
]


@pytest.mark.parametrize(("before", "after"), TEXTS)
def test_every_word_that_names_the_person_goes(before: str, after: str) -> None:
    assert SHE.text(before) == after


def test_an_event_keeps_its_shape() -> None:
    event = Event(
        "I171009_000049", "opened", NOW, MARTA, "Soy Marta Gil", True,
        {"requester": MARTA, "participants": (ANA, MARTA), "fields": (("phone", "600 123 456"),), "opened_at": NOW},
        (PHOTO, OTHERS),
    )  # fmt: skip
    after = forget(SHE, sent_by(SHE, [replace(event, attachments=(PHOTO,))]))(event)
    assert (after.name, after.at, after.actor, after.text) == ("opened", NOW, "erased-1", "Soy erased-1")
    assert after.changes == {
        "requester": "erased-1",
        "participants": (ANA, "erased-1"),
        "fields": (("phone", "erased-1"),),
        "opened_at": NOW,
    }
    assert after.attachments == (OTHERS,)
    dump_changes(after.changes)


@pytest.mark.parametrize(("requester", "name", "after"), [(MARTA, "張偉", "erased-1"), (ANA, "張偉", "張偉")])
def test_a_requester_has_no_name_left_however_short(requester: str, name: str, after: str) -> None:
    event = Event("I171009_000049", "opened", NOW, requester, changes={"requester": requester, "requester_name": name})
    assert forget(SHE, frozenset())(event).changes["requester_name"] == after


def test_files_of_others_stay() -> None:
    theirs = Event("I171009_000049", "answer", NOW, ANA, attachments=(OTHERS,))
    assert sent_by(SHE, [theirs]) == frozenset()


def test_an_old_ticket_keeps_its_times_and_states_alone() -> None:
    journal = [
        Event("I171009_000049", "opened", NOW, MARTA, "hola", True,
              {"requester": MARTA, "requester_name": "Marta", "fields": (("description", "x"),), "group": "n1",
               "opened_at": NOW, "kind": "incident"}, (PHOTO,)),
        Event("I171009_000049", "take", NOW, ANA, changes={"assignee": ANA}),
        Event("I171009_000049", "validate", NOW, MARTA, changes={"state": "closed", "closed_at": NOW}),
    ]  # fmt: skip
    left = fold(empty(event) for event in journal)
    assert left is not None
    assert (left.requester, left.state, left.group, left.closed_at) == (NOBODY, "closed", "n1", NOW)
    assert (left.requester_name, left.fields, left.attachments, left.assignee) == ("", (), (), "")
    assert all(not (event.text or event.actor) for event in map(empty, journal))
