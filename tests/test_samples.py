"""The samples of letters are what the rules write: the same values, links, subjects and forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from daemon.writing.sample_world import NOW, REQUESTER, sample_ticket
from daemon.writing.samples import samples
from parsers.mail import Mail
from rules.assignment import Handover, News, action_grant, action_links, assignment_letter, update_letter
from rules.desk import Desk
from rules.facts import Facts, HeldGrant, Registered
from rules.firing import fire
from rules.intake import decide
from rules.letters import Letter
from rules.reading import Arrival, read, token_digest
from rules.tables import Requesters
from rules.ticket import Ticket
from tests.lettering import REGISTRATION, letters_desk

TOKEN = "A" * 26


def desk_in(language: str) -> Desk:
    """A desk that speaks ``language``, and asks strangers to register."""
    desk = letters_desk(requesters=Requesters(policy="registered", registration_fields=REGISTRATION))
    groups = {key: replace(group, language=language) for key, group in desk.groups.items()}
    return replace(desk, desk=replace(desk.desk, language=language), groups=groups)


def ticket_of(desk: Desk) -> Ticket:
    ticket = sample_ticket(desk)
    return replace(ticket, language=desk.desk.language, running=((ticket.received_at or NOW, None),))


def received(mailbox: str, mail: Mail, facts: Facts, desk: Desk) -> Letter:
    return decide(read(Arrival(mailbox, mail, NOW), desk), facts, desk, NOW).letters[0]


def stranger(desk: Desk) -> Letter:
    opening = Mail(sender=REQUESTER, subject=desk.kinds["incident"].subject, body="", visible="")
    return received("apertura", opening, Facts(), desk)


def wrong_form(desk: Desk) -> Letter:
    ticket, words = ticket_of(desk), desk.words()
    body = f"{words['action_fields']['action']}: {words['actions']['resolve']}\n"
    body += f"{words['action_fields']['reason']}: Porque sí"
    subject = f"{action_links(ticket, desk)[0].subject} [{TOKEN}]"
    mail = Mail(sender="ana@cau.example", message_id="manage-1@cau.example", subject=subject, body=body, visible=body)
    held = HeldGrant(action_grant(ticket), token_digest(TOKEN))
    return received("tecnicos", mail, Facts(tickets={ticket.number: ticket}, grant=held), desk)


def closed_notice(desk: Desk) -> Letter:
    ticket = replace(ticket_of(desk), state="closed")
    mail = Mail(sender=REQUESTER, message_id="", subject="Re: x", body="Sigue igual.", visible="Sigue igual.")
    facts = Facts(tickets={ticket.number: ticket}, registered=Registered(ticket.number, "requester", "closure"))
    return received("servicio", mail, facts, desk)


def rejected(desk: Desk) -> Letter:
    ticket, words = ticket_of(desk), desk.words()
    body = f"{words['action_fields']['action']}: {words['actions']['refuse']}\n"
    body += f"{words['action_fields']['reason']}: x\n{words['action_fields']['text']}: x"
    mail = Mail(sender="ana@cau.example", subject=f"x [{TOKEN}]", body=body, visible=body)
    held = HeldGrant(action_grant(ticket), token_digest(TOKEN))
    return received("tecnicos", mail, Facts(tickets={ticket.number: ticket}, grant=held), desk)


def fired(name: str) -> Callable[[Desk], Letter]:
    return lambda desk: fire(ticket_of(desk), name, desk, NOW).letters[0]


LIVE: dict[str, Callable[[Desk], Letter]] = {
    "warning": fired("response_warning"),
    "breach": fired("resolution_breach"),
    "assignment": lambda desk: assignment_letter(ticket_of(desk), desk, Handover())[0],
    "update": lambda desk: update_letter(ticket_of(desk), desk, News("reply", NOW, "x", "Marta Gil")),
    "registration": stranger,
    "desk_refusal": wrong_form,
    "closed_notice": closed_notice,
    "desk_rejection": rejected,
}
"""Letter → the rules that write it."""


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("name", LIVE)
def test_a_sample_is_what_the_rules_write(name: str, language: str) -> None:
    desk = desk_in(language)
    live, sample = LIVE[name](desk), samples(desk, language)[name]
    assert live.name == sample.name == name
    assert [(link.key, link.subject, link.body) for link in live.links] == [
        (link.key, link.subject, link.body) for link in sample.links
    ]
    assert live.values.keys() - {"warnings"} == sample.values.keys() - {"warnings"}  # may be left out
    assert live.in_reply_to == sample.in_reply_to
    assert live.values.get("faults") == sample.values.get("faults")
