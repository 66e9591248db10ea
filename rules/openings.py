"""Openings (D, T, L): a right subject with a right body becomes a ticket, a wrong body becomes one refusal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from parsers.form import Fault, form_lines
from parsers.links import fitting_body
from parsers.mail import Mail
from rules import quality, wording
from rules.access import language_of, may_join, newcomers, unproven
from rules.assignment import Handover, assignment_letter
from rules.conditions import RouteInput
from rules.deadlines import counts_from, promises
from rules.decision import Decision, Verdict
from rules.desk import Desk
from rules.facts import Facts
from rules.letters import Letter, Link, for_requester, to_sender
from rules.masking import prepared_values
from rules.quality import Finding
from rules.reading import Reading, opening_form, opening_windows
from rules.routing import Routed, route
from rules.ticket import Event, Ticket, fold


def open_or_refuse(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """The decision on a mail with an opening subject."""
    findings = quality.check(reading.mail, reading.kind, reading.form, facts.earlier, desk)
    routed = route(desk, route_input(reading, desk))
    if faults := faults_of(reading, findings, routed):
        spoken = routed.language or language(reading, facts, desk)
        return refuse(reading, faults, desk, spoken, final=faults == by_rule(routed))
    if routed.hold and not facts.released:
        return Decision("held", "rule", kind=reading.kind, fields=reading.form.values, rule=routed.rule)
    return open_ticket(reading, facts, desk, now, routed, findings)


def faults_of(reading: Reading, findings: tuple[Finding, ...], routed: Routed) -> tuple[Fault, ...]:
    """Everything that refuses an opening, at once; of an encrypted one nothing else can be said (J)."""
    refusals = quality.refusals(findings)
    bare = () if reading.mail.body.strip() else (Fault("", "no_text"),)
    return refusals if reading.mail.encrypted and refusals else bare + reading.form.faults + refusals + by_rule(routed)


def by_rule(routed: Routed) -> tuple[Fault, ...]:
    """The refusal that an admin wrote into a rule."""
    return (Fault("", "refused", detail=routed.refuse),) if routed.refuse else ()


def route_input(reading: Reading, desk: Desk) -> RouteInput:
    """What routing may look at."""
    mail = reading.mail
    return RouteInput(
        kind=reading.kind,
        fields=dict(reading.form.values),
        address=reading.address,
        sender=reading.sender,
        has_attachment=bool(mail.attachments),
        text=mail.body,
        at=reading.arrival.received_at,
        address_priority=reading.fixed.priority,
        address_group=reading.fixed.group,
    )


def routing_of(ticket: Ticket, desk: Desk) -> RouteInput:
    """What routing may look at when it looks at a ticket again; a category that was chosen stays."""
    fixed = desk.fixed_at(ticket.address, ticket.kind)
    return RouteInput(
        kind=ticket.kind,
        fields=dict(ticket.fields),
        address=ticket.address,
        sender=ticket.requester,
        has_attachment=bool(ticket.attachments),
        at=ticket.received_at,
        address_priority=fixed.priority,
        address_group=fixed.group,
        category=ticket.category,
    )


def open_ticket(
    reading: Reading, facts: Facts, desk: Desk, now: datetime, routed: Routed, findings: tuple[Finding, ...]
) -> Decision:
    """A new ticket: its first event, the confirmation to the requester, the assignment to the group."""
    events = (opening_event(reading, facts, desk, now, routed), *relating_events(reading, facts, now))
    ticket = fold(event for event in events if event.number == facts.next_number)
    assert ticket is not None
    confirmation = confirmation_letter(ticket, desk, findings, in_reply_to=reading.mail.message_id)
    assignment = assignment_letter(
        ticket,
        desk,
        Handover(),
        earlier=facts.earlier,
        extra=routed.notify,
        warnings=(*quality.warnings(findings), *unproven_warning(reading, desk)),
        similar=quality.similar(findings),
    )
    return opening_decision("opened", "", reading, ticket, events, (confirmation, *assignment))


def opening_decision(
    verdict: Verdict, why: str, reading: Reading, ticket: Ticket, events: tuple[Event, ...], letters: tuple[Letter, ...]
) -> Decision:
    """The decision that opens ``ticket``: counted, and told as it was understood and routed."""
    return Decision(
        verdict,
        why,
        events=events,
        letters=letters,
        counters=opening_windows(reading.sender),
        kind=ticket.kind,
        fields=ticket.fields,
        rule=ticket.rule,
        group=ticket.group,
        priority=ticket.priority,
    )


def opening_event(reading: Reading, facts: Facts, desk: Desk, now: datetime, routed: Routed) -> Event:
    """The event ``opened``: the whole ticket as it begins."""
    mail = reading.mail
    starts = now if facts.released else reading.arrival.received_at
    return opened(
        reading,
        facts.next_number,
        routed,
        now,
        actor=reading.sender,
        kind=reading.kind,
        subject=desk.kinds[reading.kind].subject,
        requester=mail.sender,
        requester_name=mail.sender_name,
        participants=participants(reading, desk, facts),
        language=routed.language or language(reading, facts, desk),
        fields=reading.form.values,
        running=((starts, None),),
        thread_id=mail.message_id,
    )


def opened(reading: Reading, number: str, routed: Routed, now: datetime, *, actor: str, **changes: Any) -> Event:
    """The event ``opened`` of a ticket that goes where ``routed`` says; ``changes`` are its other attributes."""
    received = reading.arrival.received_at
    place = {
        "address": reading.address,
        "priority": routed.priority,
        "category": routed.category,
        "group": routed.group,
        "rule": routed.rule,
    }
    times = {"received_at": received, "opened_at": now, "running": ((received, None),)}
    attachments = reading.mail.attachments
    return Event(
        number, "opened", now, actor, visible=True, attachments=attachments, changes={**place, **times, **changes}
    )


def relating_events(reading: Reading, facts: Facts, now: datetime) -> tuple[Event, ...]:
    """The new ticket and the earlier one that its opening names (J), related, where the sender takes part in that."""
    earlier, new = facts.tickets.get(reading.related), facts.next_number
    if earlier is None or not reading.is_from(earlier.people):
        return ()
    known = tuple(dict.fromkeys((*earlier.relations, new)))
    return (
        Event(new, "relate", now, reading.sender, earlier.number, changes={"relations": (earlier.number,)}),
        Event(earlier.number, "relate", now, reading.sender, new, changes={"relations": known}),
    )


def unproven_warning(reading: Reading, desk: Desk) -> tuple[str, ...]:
    """What the group is warned of besides the text: a key of the catalogue's `[quality]`."""
    return ("unproven",) if unproven(desk, reading.mail, "warn") else ()


def participants(reading: Reading, desk: Desk, facts: Facts, ticket: Ticket | None = None) -> tuple[str, ...]:
    """The addresses in CC that may take part (J) and do not yet, in order, without ourselves and the sender; no more
    than ``ticket``, or a new one, has room for."""
    copied = (a.address for a in (*reading.mail.cc, *reading.mail.to))
    seen = reading.writer | desk.own_addresses | (ticket.people if ticket else frozenset())
    room = max(0, desk.limits.participants - (len(ticket.participants) if ticket else 0))
    joining = (address for address in copied if may_join(desk, address, facts.registered_people))
    return newcomers(desk, joining, seen)[:room]


def confirmation_letter(
    ticket: Ticket, desk: Desk, findings: tuple[Finding, ...] = (), in_reply_to: str = "", opened_by: str = ""
) -> Letter:
    """The confirmation (D): what was understood, and when it will be answered."""
    return for_requester(
        "confirmation",
        ticket,
        values={
            "deadlines": promises(ticket, desk),
            "counts_from": counts_from(ticket, desk),
            "opened_by": opened_by,
            "warnings": quality.warnings(findings),
            "similar": quality.similar(findings),
        },
        links=requester_links(ticket, desk),
        in_reply_to=in_reply_to,
    )


def requester_links(ticket: Ticket, desk: Desk) -> tuple[Link, ...]:
    """«Consultar el estado» and «Retirar»: queries of the requester's own."""
    return tuple(
        Link(
            key,
            desk.service_address,
            wording.subject(desk, key, ticket.language, ticket.kind, number=ticket.number),
            wording.word(desk, "bodies", "confirm_hint", ticket.language),
        )
        for key in ("status", "withdraw")
    )


def refuse(
    reading: Reading,
    faults: tuple[Fault, ...],
    desk: Desk,
    language: str = "",
    *,
    key: str = "correct",
    final: bool = False,
) -> Decision:
    """One letter with every fault, and the link ``key`` that opens the same mail again with all that was right; none
    where it is ``final``, whatever is corrected."""
    kind = reading.kind
    values = prepared_values(reading.form)
    to = desk.opens_at(reading.address, kind)
    link, prepared = form_link(key, to, kind, values, faults, desk, language, reading.related)
    letter = to_sender(
        reading.mail,
        "refusal",
        values={
            "kind": kind,
            "faults": faults,
            "fields": reading.form.values,
            **prepared,
            "attach_again": attached_files(reading.mail),
            "received_at": reading.arrival.received_at,
            "address": reading.address,
        },
        links=() if final else (link,),
        language=language,
    )
    return Decision("refused", letters=(letter,), kind=kind, fields=reading.form.values, faults=faults)


def attached_files(mail: Mail) -> tuple[str, ...]:
    """Names of the files that somebody attached; that of an encrypted mail is the mail itself."""
    return () if mail.encrypted else tuple(file.name for file in mail.attachments if not file.inline)


def form_link(
    key: str,
    to: str,
    kind: str,
    values: Mapping[str, str],
    faults: tuple[Fault, ...],
    desk: Desk,
    language: str = "",
    related: str = "",
) -> tuple[Link, Mapping[str, Any]]:
    """A link that opens the opening form of ``kind``, its first line naming the ticket ``related``; and what its letter
    is to know of it: the whole ``form``, and whether a long value was ``left_out`` of the link."""
    subject, fields = desk.kinds[kind].subject, desk.fields_of(kind)
    lines = form_lines(fields, values, faults, wording.date_forms(desk, language))
    told = wording.instructions(desk, fields, values, language)
    if related:
        label = wording.word(desk, "action_fields", "with", language)
        lines.insert(0, f"{label}: {related}")
        told.insert(0, wording.word(desk, "bodies", "relation_hint", language).format(label=label))
    body, left_out = fitting_body(to, subject, lines, told)
    return Link(key, to, subject, body), {"form": "\n".join([*lines, *told]), "left_out": left_out}


def reopen_link(ticket: Ticket, desk: Desk) -> Link:
    """A form for a new ticket whose first line names ``ticket``, closed by now, so that the two are related (J)."""
    known = {"service": ticket.value("service")}
    to, language = desk.opens_at(ticket.address, ticket.kind), ticket.language
    return form_link("reopen", to, ticket.kind, known, (), desk, language, ticket.number)[0]


def near_miss(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """A subject that is nearly an opening's, or an opening at the address of all letters: not treated, but the sender
    gets the right one (D says no more), with the form as far as it was read."""
    kind, spoken = reading.near, language(reading, facts, desk)
    form, related = opening_form(reading.mail, kind, reading.address, desk)
    values, to, here = prepared_values(form), desk.opens_at(reading.address, kind), reading.has("opening")
    key = "open" if here else "open_there"
    link, prepared = form_link(key, to, kind, values, form.faults, desk, spoken, related)
    letter = to_sender(
        reading.mail,
        "near_miss",
        values={
            "kind": kind,
            "read": reading.mail.subject,
            "right": desk.kinds[kind].subject,
            "to": "" if here else to,
            **prepared,
            "received_at": reading.arrival.received_at,
            "address": reading.address,
        },
        links=(link,),
        language=spoken,
    )
    return Decision("untreated", "near_miss", letters=(letter,))


def language(reading: Reading, facts: Facts, desk: Desk) -> str:
    """The language for the sender: their own, else that of the address they wrote to; "" for the desk's."""
    return language_of(reading.sender, desk, facts.person) or reading.fixed.language
