"""Who is known (J, M): registration by mail, and openings that wait for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from parsers.fields import NO_FORM
from parsers.form import Fault, Field, Form, form_lines, parse_form
from parsers.links import fitting_body
from parsers.subject import thread_key, without_token
from rules import wording
from rules.access import admits, is_shared
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Facts, Person
from rules.letters import Grant, Letter, Link, to_sender
from rules.masking import prepared_values
from rules.openings import form_link, language, refuse
from rules.reading import Reading
from rules.subjects import TOKEN_ROOM

_NAMED = ("name", "organisation", "tax_id")
_SHARED = Fault("", "refused", detail="shared_address")


def is_unregistered(reading: Reading, facts: Facts, desk: Desk) -> bool:
    """Under `registered`, an opening of somebody whom it does not admit."""
    if not reading.kind or facts.released or desk.requesters.policy != "registered":
        return False
    return not admits(desk, reading.sender, facts.person)


def is_kept_out(reading: Reading, facts: Facts, desk: Desk) -> bool:
    """Under `domains`, an opening, or what nearly is one, of somebody whom the policy does not admit: not treated, no
    letter. An exception is a form that names a ticket of theirs, opened by telephone: they were asked to use it."""
    opens = bool(reading.kind or reading.near) and not facts.released
    earlier = facts.tickets.get(reading.related)
    if not opens or desk.requesters.policy != "domains" or (earlier and reading.is_from(earlier.people)):
        return False
    return not admits(desk, reading.sender, facts.person)


def hold_for_registration(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """Held, and asked to register; a shared address is told why not (J)."""
    spoken = language(reading, facts, desk)
    if is_shared(reading.sender, desk):
        return refuse(reading, (_SHARED,), desk, spoken, key="open_own")
    return Decision("held", "registration", letters=(invitation(reading, desk, spoken),), kind=reading.kind)


def invite(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """M's fixed subject asks for the registration form."""
    spoken = language(reading, facts, desk)
    if is_shared(reading.sender, desk):
        letter = invitation(reading, desk, spoken, (_SHARED,))
        return Decision("refused", "registration", letters=(letter,), faults=(_SHARED,))
    return Decision("registered", "asked", letters=(invitation(reading, desk, spoken),))


def registration_fields(desk: Desk) -> tuple[Field, ...]:
    """The fields that a registration asks for."""
    return tuple(desk.field(table) for table in desk.requesters.registration_fields)


def invitation(
    reading: Reading, desk: Desk, spoken: str, faults: tuple[Fault, ...] = (), form: Form = NO_FORM
) -> Letter:
    """The registration letter; its link opens the form, with what was right already."""
    shared = any(fault.code == "refused" for fault in faults)
    return to_sender(
        reading.mail,
        "registration",
        values={"held": reading.mail.subject if reading.kind else "", "faults": faults},
        links=() if shared else (registration_link(reading.sender, desk, form, spoken),),
        language=spoken,
    )


def registration_link(address: str, desk: Desk, form: Form = NO_FORM, spoken: str = "") -> Link:
    """The tokened form of one address."""
    subject = wording.subject(desk, "registration", spoken, desk=desk.desk.name)
    fields, values = registration_fields(desk), prepared_values(form)
    lines = form_lines(fields, values, dates=wording.date_forms(desk, spoken))
    told = wording.instructions(desk, fields, values, spoken)
    body, _ = fitting_body(desk.service_address, subject + TOKEN_ROOM, lines, told)
    return Link("register", desk.service_address, subject, body, Grant("registration", addressee=address))


def asked_in(reading: Reading, desk: Desk) -> str:
    """The language of the form that came back, which its subject tells; "" for none that is known."""
    came = thread_key(without_token(reading.mail.subject))
    subjects = {key: wording.subject(desk, "registration", key, desk=desk.desk.name) for key in desk.catalogue}
    return next((key for key, subject in subjects.items() if thread_key(subject) == came), "")


def register(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """The form came back with its token: the person exists, is welcomed, and held mails are treated."""
    form = parse_form(reading.mail.visible, registration_fields(desk), desk.zone, own=wording.form_hints(desk))
    if form.faults:
        letter = invitation(reading, desk, asked_in(reading, desk), form.faults, form)
        return Decision("refused", "registration", letters=(letter,), faults=form.faults)
    person = person_of(form, reading.sender)
    return Decision(
        "registered",
        letters=(welcome(reading, person, facts.held, desk),),
        people=(person,),
        release=(reading.sender,),
        used=() if facts.granted.used_at else (facts.granted.digest,),
    )


def person_of(form: Form, address: str) -> Person:
    """The person that a registration form describes."""
    known = {name: form.get(name) for name in _NAMED}
    details = tuple((name, value) for name, value in form.values if name not in _NAMED)
    return Person(known["name"] or address, (address,), known["organisation"], known["tax_id"], details=details)


def welcome(reading: Reading, person: Person, held: int, desk: Desk) -> Letter:
    """Welcomes with one opening form per kind; ``held`` mails of this person are treated now."""
    spoken = asked_in(reading, desk)
    return to_sender(
        reading.mail,
        "welcome",
        values={"name": person.name, "held": held, "kinds": kinds_explained(desk)},
        links=tuple(opening_link(kind, desk, spoken) for kind in desk.kinds if desk.takers[kind]),
        language=spoken,
    )


def kinds_explained(desk: Desk) -> tuple[tuple[str, str], ...]:
    """What each kind is for, as (label, text) (T: the fault is in our systems, or it is a request)."""
    return tuple((kind.label, kind.description) for kind in desk.kinds.values() if kind.description)


def opening_link(kind: str, desk: Desk, spoken: str = "") -> Link:
    """An empty opening form of ``kind``, labelled with the kind's name."""
    link, _ = form_link("open", desk.opens_at("", kind), kind, {}, (), desk, spoken)
    return replace(link, label=desk.kinds[kind].label)
