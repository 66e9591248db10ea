"""Replies by exact subject (D): one look-up leads to the ticket; only its own people thread anything into it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from parsers.spelling import fold_label
from rules import wording
from rules.access import acts_for
from rules.action_forms import parse_action
from rules.assignment import News, update_letter
from rules.caching import once_per_desk
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Facts
from rules.letters import Link, to_sender
from rules.lifecycle import move
from rules.openings import participants, reopen_link, unproven_warning
from rules.reading import Reading, author, closed_window
from rules.solutions import validation_letter
from rules.ticket import Event, Ticket, evolve


def threaded_ticket(reading: Reading, facts: Facts, side: str) -> Ticket | None:
    """The ticket whose registered subject on ``side`` this mail has; None for none."""
    registered = facts.registered
    return facts.followed(registered.number) if registered and registered.side == side else None


def reply(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A requester's or participant's reply to a letter: threaded, and told to the group."""
    ticket = threaded_ticket(reading, facts, "requester")
    assert ticket is not None
    if not ticket.open:
        return closed(reading, ticket, facts, desk)
    event = reply_event(reading, ticket, desk, now, facts)
    after = evolve(ticket, event)
    again = (validation_letter(after, desk, again=True),) if after.state == "resolved" else ()
    mail = reading.mail
    warnings = (*unproven_warning(reading, desk), *(("encrypted",) if mail.encrypted else ()))
    asked = ticket.state == "pending"
    news = News("info_received" if asked else "reply", now, mail.said, author(mail), warnings)
    told = update_letter(after, desk, news, attachments=mail.attachments)
    return Decision("threaded", events=(event,), letters=(told, *again), kind=ticket.kind, group=ticket.group)


def reply_event(reading: Reading, ticket: Ticket, desk: Desk, now: datetime, facts: Facts) -> Event:
    """The reply as an event: pending goes back to assigned; on a resolved ticket the closing timer starts anew."""
    mail, changes = reading.mail, _people_after(reading, ticket, desk, facts)
    said: dict[str, Any] = {
        "actor": mail.sender, "text": mail.said, "visible": True, "attachments": mail.attachments
    }  # fmt: skip
    if ticket.state == "pending":
        return move(ticket, "reply", now, **said, **changes)
    if ticket.state == "resolved":
        told = tuple(name for name in ticket.told if not name.startswith("silence"))
        changes |= {"waiting_since": now, "told": told}
    return Event(ticket.number, "reply", now, **said, changes=changes)


def _people_after(reading: Reading, ticket: Ticket, desk: Desk, facts: Facts) -> dict[str, Any]:
    """Who joins by a reply, and whose letters came back before: whoever answers one is reached again, and the next
    that comes back is told of."""
    joined = participants(reading, desk, facts, ticket)
    unreached = tuple(address for address in ticket.unreached if not reading.is_from((address,)))
    after = {"participants": (*ticket.participants, *joined), "unreached": unreached}
    return {name: value for name, value in after.items() if value != getattr(ticket, name)}


def closed(reading: Reading, ticket: Ticket, facts: Facts, desk: Desk) -> Decision:
    """A mail to a closed ticket: once a day a notice with a form for a new, related one (J); thanks get nothing."""
    counter = closed_window(reading.sender)
    if facts.counts.get(counter) or only_thanks(reading.mail.visible, desk):
        return Decision("untreated", "closed", kind=ticket.kind)
    notice = to_sender(reading.mail, "closed_notice", ticket, links=(reopen_link(ticket, desk),))
    return Decision("untreated", "closed", letters=(notice,), counters=(counter,))


def only_thanks(text: str, desk: Desk) -> bool:
    """Whether a short text says thanks and nothing else, in any language of the catalogue."""
    words = _WORD.findall(fold_label(text))
    said = f" {' '.join(words)} "
    phrases, known = _thanks(desk)
    return len(words) <= _MOST_THANKS and any(f" {phrase} " in said for phrase in phrases) and known.issuperset(words)


_WORD = re.compile(r"\w+")
_MOST_THANKS = 12


@once_per_desk
def _thanks(desk: Desk) -> tuple[frozenset[str], frozenset[str]]:
    """The phrases of thanks in the catalogue, and every word in them."""
    listed = (phrase for words in desk.catalogue.values() for phrase in words.get("thanks", ()))
    phrases = frozenset(" ".join(_WORD.findall(fold_label(phrase))) for phrase in listed)
    return phrases, frozenset(word for phrase in phrases for word in phrase.split())


def wrong_subject(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A participant wrote an own number, but not the exact subject: one letter with the last one that they got."""
    ticket = facts.followed(reading.number)
    assert ticket is not None
    if not ticket.open:
        return closed(reading, ticket, facts, desk)
    link = answer_link(ticket, facts.last_subject, desk)
    letter = to_sender(
        reading.mail,
        "wrong_subject",
        ticket,
        values={"read": reading.mail.subject, "right": link.subject},
        links=(link,),
    )
    return Decision("untreated", "wrong_subject", letters=(letter,), kind=ticket.kind)


def answer_link(ticket: Ticket, last_subject: str, desk: Desk) -> Link:
    """A link that carries the exact subject of the last letter, else of the confirmation."""
    if last_subject:
        return Link("answer", desk.service_address, last_subject)
    language = ticket.language
    subject = str(desk.words(language)["letter_subjects"]["confirmation"]).format(
        of=wording.of(desk, ticket.kind, language), number=ticket.number
    )
    return Link("answer", desk.service_address, subject)


def group_note(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A technician's plain answer to a letter of the group: a note; it never reaches the requester. It is answered with
    the action links where it is their first on the ticket, for whoever does not know them, and where it asks for an
    action, which a note does not do."""
    ticket = threaded_ticket(reading, facts, "group")
    assert ticket is not None
    mail = reading.mail
    event = Event(ticket.number, "note", now, mail.sender, mail.visible, attachments=mail.attachments)
    after = evolve(ticket, event)
    noted = any(e.name == "note" and reading.is_from((e.actor,)) for e in facts.journals.get(ticket.number, ()))
    _, asked = parse_action(mail.visible, ticket, desk)
    news = News("noted_action" if asked.recognised else "noted", now, mail.visible, author(mail))
    told = () if noted and not asked.recognised else (update_letter(after, desk, news, to=mail.sender),)
    return Decision("desk", events=(event,), letters=told, kind=ticket.kind, group=ticket.group)


def may_thread(reading: Reading, facts: Facts) -> bool:
    """Whether the subject is a registered one of the requester's side and the sender takes part in its ticket."""
    ticket = threaded_ticket(reading, facts, "requester")
    return bool(ticket and reading.is_from(ticket.people))


def may_note(reading: Reading, facts: Facts, desk: Desk) -> bool:
    """Whether the subject is a registered one of the group's side and the sender works for that group."""
    ticket = threaded_ticket(reading, facts, "group")
    return bool(ticket and acts_for(desk, ticket, reading.sender))


def has_altered_token(reading: Reading, facts: Facts) -> bool:
    """Whether the subject holds a token that nobody gave out, and the number of a ticket of the sender's."""
    return bool(reading.token) and may_be_corrected(reading, facts)


def may_be_corrected(reading: Reading, facts: Facts) -> bool:
    """Whether the subject holds the number of a ticket in which the sender takes part."""
    ticket = facts.followed(reading.number)
    return bool(ticket and reading.is_from(ticket.people))
