"""One mail, one verdict: the table of what a mail may be, in its order, and :func:`decide`, which walks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from parsers.subject import mixed_scripts
from rules import actions, deliveries, guessing, holding, openings, people, quarantine, queries, solutions, threads
from rules.access import unproven
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Facts
from rules.reading import Reading

Test = Callable[[Reading, Facts, Desk], bool]
Rule = Callable[[Reading, Facts, Desk, datetime], Decision]


@dataclass(frozen=True, slots=True)
class Row:
    """A mail that passes ``test`` is decided by ``rule``; the first row wins."""

    name: str
    test: Test
    rule: Rule


def _constant(decision: Decision) -> Rule:
    return lambda reading, facts, desk, now: decision


def _token(purpose: str, *roles: str) -> Test:
    """A token of ``purpose``, in a mailbox with one of ``roles``; any will do where none is named."""
    return lambda reading, facts, desk: bool(
        facts.grant and facts.grant.grant.purpose == purpose and (not roles or reading.has(*roles))
    )


def _addressed(purpose: str, *roles: str) -> Test:
    """Such a token from its addressee."""
    held = _token(purpose, *roles)
    return lambda reading, facts, desk: bool(
        held(reading, facts, desk) and facts.grant and reading.is_from((facts.grant.grant.addressee,))
    )


def _of_the_desk(reading: Reading, facts: Facts, desk: Desk) -> bool:
    """A mail to the desk's address from one of its people."""
    return desk.is_desk(reading.mailbox) and bool(desk.groups_of(reading.sender))


def _of_a_group(reading: Reading, facts: Facts, desk: Desk) -> bool:
    """An answer to a letter of the group from the group's address, as clients send it out of a shared mailbox."""
    return reading.sender in desk.group_addresses and threads.threaded_ticket(reading, facts, "group") is not None


def _beside_the_desk(reading: Reading, facts: Facts, desk: Desk) -> bool:
    """A technician's mail about a ticket of theirs to the requesters' address: it reaches nobody, which they learn."""
    return reading.has("service") and actions.ticket_named(reading, facts, desk) is not None


TABLE: tuple[Row, ...] = (
    Row("poisoned", lambda r, f, d: bool(r.arrival.poisoned), holding.poisoned),
    Row("duplicate", lambda r, f, d: f.duplicate == "same", _constant(Decision("duplicate"))),
    Row("bounce", lambda r, f, d: r.mail.report is not None, deliveries.bounce),
    Row("automatic", lambda r, f, d: deliveries.is_automatic(r, f), deliveries.automatic),
    Row("too_large", lambda r, f, d: r.arrival.too_large, holding.too_large),
    Row("blocked", lambda r, f, d: f.blocked or holding.is_blocked(r, d), _constant(Decision("untreated", "blocked"))),
    Row("no_sender", lambda r, f, d: not r.sender, _constant(Decision("untreated", "no_single_sender"))),
    Row("unproven", holding.is_unproven, _constant(Decision("quarantined", "unproven"))),
    Row("too_many", holding.over_rate, holding.hold_for_rate),
    Row("domain", people.is_kept_out, _constant(Decision("untreated", "domain"))),
    Row("unregistered", people.is_unregistered, people.hold_for_registration),
    Row("action", _token("action", "desk", "service"), actions.act),
    Row("verdict", _addressed("verdict", "service"), solutions.decide_verdict),
    Row("survey", _addressed("survey", "service"), solutions.survey),
    Row("withdraw", _addressed("withdraw", "service"), queries.withdraw),
    Row("registration_form", _addressed("registration"), people.register),
    Row("quarantine", _addressed("quarantine", "service"), quarantine.answer),
    Row("anothers", lambda r, f, d: r.has("service") and solutions.is_anothers(r, f), solutions.anothers),
    Row("stranger", lambda r, f, d: f.grant is not None, _constant(Decision("untreated", "stranger"))),
    Row("opening", lambda r, f, d: bool(r.kind), openings.open_or_refuse),
    Row("registration", lambda r, f, d: r.registration and r.has("opening", "service"), people.invite),
    Row("reply", lambda r, f, d: r.has("service") and threads.may_thread(r, f), threads.reply),
    Row("group_note", lambda r, f, d: r.has("desk", "service") and threads.may_note(r, f, d), threads.group_note),
    Row("guessing", guessing.is_guessing, _constant(Decision("untreated", "guessing"))),
    Row("altered", lambda r, f, d: r.has("service") and threads.has_altered_token(r, f), solutions.altered),
    Row("query", queries.is_query, queries.answer),
    Row("consultation", lambda r, f, d: r.consult == "consult" and _of_the_desk(r, f, d), actions.consult),
    Row("near_miss", lambda r, f, d: bool(r.near), openings.near_miss),
    Row("wrong_subject", lambda r, f, d: r.has("service") and threads.may_be_corrected(r, f), threads.wrong_subject),
    Row("desk", lambda r, f, d: _of_the_desk(r, f, d) or _beside_the_desk(r, f, d), actions.without_token),
    Row("group_address", lambda r, f, d: r.has("desk", "service") and _of_a_group(r, f, d), actions.without_token),
    Row("untreated", lambda r, f, d: True, _constant(Decision("untreated", "no_match"))),
)  # fmt: skip
"""Every row, in the order in which it is tried."""


REMARKS: tuple[tuple[str, Test], ...] = (
    ("message_id_reused", lambda r, f, d: f.duplicate == "other_content"),
    ("mixed_scripts", lambda r, f, d: not r.mail.subject.isascii() and mixed_scripts(r.mail.subject)),
    ("unproven", lambda r, f, d: unproven(d, r.mail, "warn")),
)
"""What the ledger notes of a mail, whatever becomes of it."""


def decide(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """What follows from a mail. Pure: equal values give equal decisions."""
    row = next(row for row in TABLE if row.test(reading, facts, desk))
    decision = row.rule(reading, facts, desk, now)
    if guessing.failed(reading, facts, decision):
        decision = guessing.counted(decision, reading, facts, desk, now)
    remarks = (*decision.remarks, *(name for name, holds in REMARKS if holds(reading, facts, desk)))
    return replace(decision, why=decision.why or row.name, remarks=remarks)
