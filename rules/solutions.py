"""Solutions and the requester's word on them (D): two links, used once, by nobody but the addressee."""

from __future__ import annotations

from datetime import datetime, timedelta

from parsers.form import Fault
from parsers.mail import Attachment
from parsers.typed import typed_text
from rules import wording
from rules.action_fields import group_language
from rules.assignment import News, update_letter
from rules.deadlines import promises
from rules.decision import Decision
from rules.desk import Desk
from rules.due import closes_at
from rules.facts import Facts, HeldGrant
from rules.letters import File, Grant, Letter, Link, for_requester, to_sender
from rules.lifecycle import move, possible
from rules.openings import reopen_link
from rules.reading import Reading, author, filled_in
from rules.ticket import MARKS, Event, Ticket, evolve


def validation_letter(
    ticket: Ticket,
    desk: Desk,
    attachments: tuple[Attachment, ...] = (),
    files: tuple[File, ...] = (),
    again: bool = False,
) -> Letter:
    """The solution with «Validar Petición» and «Rechazar Petición»; each time it is sent the links are new."""
    return Letter(
        "validation",
        (ticket.requester,),
        ticket,
        values={"closes_at": closes_at(ticket, desk), "again": again},
        links=verdict_links(ticket, desk),
        language=ticket.language,
        attachments=attachments,
        files=files,
    )


def verdict_links(ticket: Ticket, desk: Desk, sent_at: datetime | None = None) -> tuple[Link, ...]:
    """The two links of a solution. They live from ``sent_at``, else from when the requester's wait began."""
    since = sent_at or ticket.waiting_since or ticket.resolved_at or datetime.min
    return tuple(_verdict_link(verb, ticket, desk, since) for verb in ("validate", "reject"))


def _verdict_link(verb: str, ticket: Ticket, desk: Desk, since: datetime) -> Link:
    language = ticket.language
    lines = (wording.word(desk, "bodies", key, language) for key in (verb, f"{verb}_hint"))
    expires = since + timedelta(days=desk.validation.expiry)
    return Link(
        verb,
        desk.service_address,
        wording.subject(desk, verb, language, ticket.kind, number=ticket.number),
        "\n".join(lines),
        Grant("verdict", verb, ticket.number, ticket.requester.lower(), round=ticket.round, expires_at=expires),
    )


def decide_verdict(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A click on one of the two links, or the notice that says why it changes nothing."""
    held = facts.granted
    ticket = facts.tickets[held.grant.number]
    case = stale(held, facts, ticket, now)
    if case:
        return verdict_notice(reading, ticket, case, desk, facts)
    used = (held.digest,)
    if held.grant.verb == "validate":
        return validated(reading, ticket, desk, now, used)
    return rejected(reading, ticket, desk, now, used)


def stale(held: HeldGrant, facts: Facts, ticket: Ticket, now: datetime) -> str:
    """Why a verdict link can no longer be used, as a key of the catalogue; "" where it can."""
    grant, used = held.grant, facts.round_used
    if grant.round < ticket.round:
        return "old"
    if used:
        return "used_same" if used.grant.verb == grant.verb else "used_other"
    if grant.expires_at and now > grant.expires_at:
        return "expired"
    if possible(ticket, grant.verb):
        return ""
    return "old" if ticket.open else "closed"


def validated(reading: Reading, ticket: Ticket, desk: Desk, now: datetime, used: tuple[bytes, ...]) -> Decision:
    """The solution serves: closed, with the survey; whatever was written beside it reaches the group."""
    event, after, told = clicked("validated", "validate", reading, ticket, desk, now)
    closure = closure_letter(after, desk, in_reply_to=reading.mail.message_id)
    letters = (closure, told) if event.text or event.attachments else (closure,)
    return Decision("validated", events=(event,), letters=letters, used=used, kind=ticket.kind, group=ticket.group)


def rejected(reading: Reading, ticket: Ticket, desk: Desk, now: datetime, used: tuple[bytes, ...]) -> Decision:
    """The solution does not serve: assigned again, the group told why; clocks go on."""
    event, after, told = clicked("rejection", "reject", reading, ticket, desk, now)
    letter = reopening_letter(after, desk, event.text, by="requester", in_reply_to=reading.mail.message_id)
    letters = (letter, told)
    return Decision("rejected", events=(event,), letters=letters, used=used, kind=ticket.kind, group=ticket.group)


def clicked(
    what: str, name: str, reading: Reading, ticket: Ticket, desk: Desk, now: datetime
) -> tuple[Event, Ticket, Letter]:
    """The event ``name`` by a requester's link, with all that was typed or attached; the ticket after it; and the
    letter that tells the group ``what`` happened, a key of the catalogue's `[updates]`."""
    mail, text = reading.mail, comment(reading, desk)
    event = move(ticket, name, now, actor=mail.sender, text=text, visible=True, attachments=mail.attachments)
    after, news = evolve(ticket, event), News(what, now, text, author(mail))
    return event, after, update_letter(after, desk, news, attachments=mail.attachments)


def comment(reading: Reading, desk: Desk) -> str:
    """What a person typed in a mail that our link opened: everything that is not our own text."""
    return typed_text(filled_in(reading.mail, desk), wording.own_lines(desk))


def reopening_letter(ticket: Ticket, desk: Desk, reason: str, by: str, in_reply_to: str = "") -> Letter:
    """Tells the requester that it is being worked on again. ``by``: requester (a rejection) or desk."""
    return for_requester(
        "reopening",
        ticket,
        values={"reason": reason, "by": by, "deadlines": promises(ticket, desk)},
        in_reply_to=in_reply_to,
    )


def closure_letter(ticket: Ticket, desk: Desk, in_reply_to: str = "") -> Letter:
    """Tells the requester that it is closed, why (the ticket's reason), with the survey (L) where it was solved."""
    surveyed = survey_links(ticket, desk) if ticket.solved_at else ()
    return for_requester("closure", ticket, links=(*surveyed, reopen_link(ticket, desk)), in_reply_to=in_reply_to)


def survey_links(ticket: Ticket, desk: Desk) -> tuple[Link, ...]:
    """Five links, «5 Muy bien» to «1 Muy mal»."""
    language = ticket.language
    body = "\n".join(wording.word(desk, "bodies", key, language) for key in ("survey", "survey_hint"))
    return tuple(
        Link(
            f"mark_{mark}",
            desk.service_address,
            wording.subject(desk, "survey", language, ticket.kind, number=ticket.number, mark=mark),
            body,
            Grant("survey", str(mark), ticket.number, ticket.requester.lower(), round=ticket.round),
        )
        for mark in MARKS
    )


def survey(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """An answer of the survey; the last one per closing counts. A comment reaches the group."""
    held = facts.granted
    ticket = facts.tickets[held.grant.number]
    text = comment(reading, desk)
    event = Event(ticket.number, "survey", now, reading.mail.sender, text, changes={"mark": int(held.grant.verb)})
    thanks = to_sender(
        reading.mail,
        "survey_thanks",
        ticket,
        values={"mark": int(held.grant.verb), "comment": text, "before": ticket.mark},
    )
    marked = wording.word(desk, "marks", held.grant.verb, group_language(ticket, desk))
    news = News("survey", now, f"{marked}: {text}", author(reading.mail))
    told = (update_letter(evolve(ticket, event), desk, news),) if text else ()
    return Decision("survey", events=(event,), letters=(thanks, *told), kind=ticket.kind, group=ticket.group)


def verdict_notice(
    reading: Reading, ticket: Ticket, case: str, desk: Desk, facts: Facts, faults: tuple[Fault, ...] = ()
) -> Decision:
    """Says which case a link is (used_same, used_other, old, expired, altered, closed), or that the mail was too large
    to be read, and the way out; only to a participant. Of a ticket that goes on under another number (renumbered) it
    tells how that one stands."""
    held, was = facts.grant, ticket.number
    used = held if held and held.used_at else facts.round_used
    ticket = facts.followed(was) or ticket
    if ticket.number != was and case in ("old", "closed"):
        case = "renumbered"
    letter = to_sender(
        reading.mail,
        "verdict_notice",
        ticket,
        values={
            "case": case,
            "faults": faults,
            "was": was,
            "at": used.used_at if used else ticket.closed_at,
            "verb": held.grant.verb if held else "",
            "used": used.grant.verb if used else "",
        },
        links=way_out(reading, ticket, desk),
    )
    return Decision("untreated", f"link_{case}", letters=(letter,), faults=faults, kind=ticket.kind)


def way_out(reading: Reading, ticket: Ticket, desk: Desk) -> tuple[Link, ...]:
    """What can be done instead: new links of a solution that waits, a related request where the ticket is closed."""
    if ticket.state == "closed":
        return (reopen_link(ticket, desk),)
    own = ticket.state == "resolved" and reading.is_from((ticket.requester,))
    return verdict_links(ticket, desk, reading.arrival.received_at) if own else ()


def altered(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A token that nobody gave out, in the subject of a participant of the named ticket."""
    ticket = facts.followed(reading.number)
    assert ticket is not None
    return verdict_notice(reading, ticket, "altered", desk, facts)


def is_anothers(reading: Reading, facts: Facts) -> bool:
    """Whether the mail holds somebody else's token of a ticket in which its sender takes part."""
    ticket = facts.tickets.get(facts.grant.grant.number) if facts.grant else None
    return bool(ticket and reading.is_from(ticket.people))


def anothers(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A link that was passed on to a participant: nobody but its addressee can use it."""
    return verdict_notice(reading, facts.tickets[facts.granted.grant.number], "anothers", desk, facts)
