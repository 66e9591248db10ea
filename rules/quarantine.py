"""Mails in quarantine, decided by mail: the digest with its links to the admins, and what a click on one does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rules import wording
from rules.decision import Decision
from rules.deliveries import alert
from rules.desk import Desk
from rules.facts import Facts, HeldGrant, SetAside
from rules.letters import Grant, Letter, Link, to_sender
from rules.reading import Reading

VERBS = ("retry", "release", "discard", "block")
"""What an admin may do with such a mail, keys of the catalogue's `[quarantine_verbs]`."""

REASONS = frozenset({"error", "unproven"})
"""Whys that are keys of the catalogue's `[quarantine]`; any other tells which budget was exceeded, or how the parser
died."""

MOST = 8
"""Mails of one digest, each with its links: more would make a letter that clients cut. It counts the rest."""


def digest(mails: Sequence[SetAside], total: int, desk: Desk) -> Decision:
    """A letter to each admin, with links of their own; nothing where nothing is set aside."""
    if not mails:
        return Decision()
    values = {"mails": tuple(_told(mail) for mail in mails[:MOST]), "total": total}
    return Decision(
        letters=tuple(
            Letter("quarantine_digest", (admin,), values=values, links=links(mails[:MOST], admin, desk))
            for admin in desk.desk.admins
        )
    )


def links(mails: Sequence[SetAside], admin: str, desk: Desk) -> tuple[Link, ...]:
    """Four links a mail, each with a token that only this admin can use. A mail without a sender blocks nobody."""
    return tuple(_link(mail, verb, admin, desk) for mail in mails for verb in VERBS if verb != "block" or mail.sender)


def _link(mail: SetAside, verb: str, admin: str, desk: Desk) -> Link:
    label = wording.word(desk, "quarantine_verbs", verb)
    return Link(
        verb,
        desk.service_address,
        wording.subject(desk, "quarantine", verb=label, mail=mail.id),
        wording.word(desk, "bodies", "confirm_hint"),
        Grant("quarantine", verb, addressee=admin.lower(), mail=mail.id),
    )


def reason_of(why: str) -> str:
    """The key of the catalogue's `[quarantine]` for a mail's ``why``."""
    return why if why in REASONS else "error" if why.startswith("parser") else "over_budget"


def _told(mail: SetAside) -> dict[str, object]:
    return {
        "id": mail.id,
        "sender": mail.sender,
        "subject": mail.subject,
        "mailbox": mail.mailbox,
        "reason": reason_of(mail.why),
        "diagnostic": "" if mail.why in REASONS else mail.why,
        "seen_at": mail.received_at,
        "size": mail.size,
        "extract": mail.extract,
    }


def answer(reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """An admin's click: done at once and answered; a mail that is no longer in quarantine is told to be gone."""
    held, mail = facts.granted, facts.set_aside
    if not reading.is_from(desk.desk.admins):
        return Decision("untreated", "stranger")
    if mail is None or mail.verdict != "quarantined" or held.used_at is not None:
        return Decision("desk", "quarantine_gone", letters=(_told_back("gone", mail, held, reading, desk, now),))
    verb = held.grant.verb
    return Decision(
        "desk",
        f"quarantine_{verb}",
        letters=(_told_back(verb, mail, held, reading, desk, now),),
        used=(held.digest,),
        settled=((mail.id, verb),),
        blocked=(mail.sender,) if verb == "block" and mail.sender else (),
    )


def _told_back(
    what: str, mail: SetAside | None, held: HeldGrant, reading: Reading, desk: Desk, now: datetime
) -> Letter:
    sender, subject = (mail.sender, mail.subject) if mail else ("", "")
    details = (("mail", str(held.grant.mail)), ("sender", sender), ("subject", subject))
    told = alert(f"quarantine_{what}", details, desk, now)
    return to_sender(reading.mail, told.name, values=told.values)
