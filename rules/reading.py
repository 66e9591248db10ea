"""Mail + mailbox → :class:`Reading`: everything that can be known of a mail before anything is looked up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from operator import itemgetter

from parsers.fields import NO_FORM
from parsers.form import Fault, Form, check_files, parse_form
from parsers.mail import Mail
from parsers.numbers import find_number
from parsers.reply import strip_signature
from parsers.subject import find_token, opening_key, slips, thread_key, without_token
from parsers.typed import above_name
from rules import wording
from rules.action_forms import kind_named, parse_action
from rules.desk import Desk
from rules.facts import Needs, Search
from rules.lookups import number_line, numbers_named, search_of
from rules.subjects import fixed_subjects, query_of
from rules.tables import Address, Mailbox


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail as it came out of a mailbox. ``mail`` holds headers alone where it is ``too_large``; ``poisoned`` tells
    why it could not be read (budget, crash, time), ``mail`` is empty then. ``received_at``: INTERNALDATE, aware UTC;
    ``size``: octets, as the server announced them.
    """

    mailbox: str
    mail: Mail
    received_at: datetime
    poisoned: str = ""
    too_large: bool = False
    size: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a mail may be. ``address`` is the one of ours that it was written to; ``kind`` the kind whose opening
    subject it has, with its ``form``; ``near`` the kind whose opening subject it nearly has; ``key`` its subject's key;
    ``token`` and ``number`` what stands in the subject; ``consult`` the query key (status, mine, withdraw, consult).
    """

    arrival: Arrival
    mailbox: Mailbox
    address: str
    kind: str = ""
    near: str = ""
    form: Form = NO_FORM
    key: str = ""
    token: str = ""
    number: str = ""
    consult: str = ""
    registration: bool = False
    action: str = ""
    action_form: Form = NO_FORM
    """A technician's action (rules/action_forms.py) and its form, as far as both can be read without the ticket."""
    named: tuple[str, ...] = ()
    """Numbers that a technician's form names."""
    related: str = ""
    """The number of an earlier ticket that an opening names (J)."""
    writer: frozenset[str] = frozenset()
    """Every address of whoever wrote it (:meth:`Desk.addresses_of`), the sender's among them."""

    @property
    def mail(self) -> Mail:
        """The mail itself."""
        return self.arrival.mail

    @property
    def sender(self) -> str:
        """The sender's bare address in lower case; "" where From is not exactly one."""
        return self.arrival.mail.sender.lower()

    @property
    def opens(self) -> bool:
        """Whether it asks for a ticket: an opening, or a technician's «Abrir»."""
        return bool(self.kind) or self.action == "open"

    @property
    def fixed(self) -> Address:
        """What the address that was written to fixes (J: its priority, its kinds)."""
        return self.mailbox.addresses.get(self.address, Address())

    def is_from(self, addresses: Iterable[str]) -> bool:
        """Whether whoever has one of ``addresses`` wrote it, from whichever of theirs."""
        return not self.writer.isdisjoint(map(str.lower, addresses))

    def has(self, *roles: str) -> bool:
        """Whether the mailbox carries one of ``roles``."""
        return any(role in self.mailbox.roles for role in roles)

    def needs(self, desk: Desk) -> Needs:
        """Every look-up that :func:`rules.intake.decide` may want for this mail."""
        mail, report = self.mail, self.mail.report
        return Needs(
            mailbox=self.mailbox.name,
            message_id=mail.message_id,
            digest=mail.digest,
            own_ids=report.original_ids if report else (mail.message_id,) if mail.message_id else (),
            unreached=report.recipients if report else (),
            token=token_digest(self.token) if self.token else b"",
            subject_key=self.key,
            numbers=tuple(dict.fromkeys(filter(None, (self.number, self.related, *self.named)))),
            prefix=self._prefix(desk),
            sender=self.sender,
            writer=self.writer,
            caller=desk.addresses_of(caller) if (caller := self.action_form.get("requester")) else frozenset(),
            counters=self._counters(),
            addresses=tuple(map(str.lower, mail.addressed)),
            search=self._search(desk),
            journal=bool(
                self.token or self.action == "explain" or self.consult == "status" or desk.groups_of(self.sender)
            ),
            last_subject=self.number,
            held=bool(self.token),
        )

    def _search(self, desk: Desk) -> Search | None:
        """What is listed: a requester's own tickets, a technician's worklist or search."""
        if self.consult == "mine":
            return Search(addresses=self.writer)
        return search_of(self.action, self.action_form, self.sender, desk)

    def _prefix(self, desk: Desk) -> str:
        """The counter whose next number may be spent: of an opening, of «Abrir», of «Reclasificar»."""
        kind = self.kind or kind_named(self.action_form, desk)
        return desk.kinds[kind].prefix if kind and not self.form.faults else ""

    def _counters(self) -> tuple[str, ...]:
        opening = opening_windows(self.sender) if self.opens else ()
        token = (token_window(self.sender), alarm_window(self.sender)) if self.token else ()
        closed = (closed_window(self.sender),) if self.number else ()
        report = (UNDELIVERED,) if self.mail.report else ()
        return opening + token + closed + report


def opening_windows(sender: str) -> tuple[str, str]:
    """The windows that count the tickets opened by ``sender``, and by all."""
    return f"opening:{sender}", "opening:"


UNDELIVERED = "undelivered:"
"""The window of alarms about reports on letters to staff: anybody can forge a report."""


def token_window(sender: str) -> str:
    """The window that counts the tokens of ``sender`` that led nowhere."""
    return f"token:{sender}"


def alarm_window(sender: str) -> str:
    """The window of alarms about such tokens; a name in «day:» counts a whole day."""
    return f"day:token_alarm:{sender}"


def closed_window(sender: str) -> str:
    """The window of notices to ``sender`` that a ticket is closed."""
    return f"day:closed_notice:{sender}"


def author(mail: Mail) -> str:
    """Who wrote it, as people read it: the name, else the address."""
    return mail.sender_name or mail.sender


def token_digest(token: str) -> bytes:
    """What is stored of a token: SHA-256 of its upper-case form."""
    return hashlib.sha256(token.upper().encode()).digest()


def filled_in(mail: Mail, desk: Desk) -> str:
    """The text of a mail that our link opened, without a signature that lacks the «-- » above it."""
    return above_name(mail.visible, wording.own_lines(desk), mail.sender_name)


def read(arrival: Arrival, desk: Desk) -> Reading:
    """What ``arrival`` may be, by its mailbox's roles and its subject alone."""
    box = next(box for box in desk.mailboxes if box.name == arrival.mailbox)
    mail, fixed = arrival.mail, fixed_subjects(desk)
    address = written_to(mail, box)
    opening = opening_key(mail.subject, fixed.marks)
    kind = opened_kind(opening, mail, box, address, desk) if mail.sender else ""
    form, related = opening_form(mail, kind, address, desk) if kind and not arrival.too_large else (NO_FORM, "")
    token = find_token(mail.subject)
    number = find_number(mail.subject)
    key = thread_key(without_token(mail.subject), fixed.marks)
    consult = "" if kind else query_of(key, number, desk)
    acts = (consult == "consult" or bool(token)) and bool(desk.groups_of(mail.sender))
    action, action_form = parse_action(filled_in(mail, desk), None, desk) if acts else ("", NO_FORM)
    return Reading(
        arrival,
        box,
        address,
        kind=kind,
        near="" if kind else near_kind(opening, mail, box, desk),
        form=form,
        key=key,
        token=token,
        number=number,
        consult=consult,
        registration=bool(fixed.registration) and opening == fixed.registration,
        action=action,
        action_form=action_form,
        named=numbers_named(mail.visible) if acts else (),
        related=related,
        writer=desk.addresses_of(mail.sender) if mail.sender else frozenset(),
    )


def written_to(mail: Mail, box: Mailbox) -> str:
    """The configured address that the mail was sent to: Delivered-To and X-Original-To, else To, else Cc, else the
    mailbox's own."""
    own = {a.lower(): a for a in (box.address, *box.addresses)}
    candidates = (*mail.delivered_to, *mail.addressed)
    return next((own[a.lower()] for a in candidates if a.lower() in own), box.address)


def opened_kind(key: str, mail: Mail, box: Mailbox, address: str, desk: Desk) -> str:
    """The kind whose opening subject has this key, in a mailbox for openings: one that ``address`` takes, else one for
    which the mail went astray; "" for none."""
    if "opening" not in box.roles:
        return ""
    here = (kind for kind in _meant(key, desk) if address in desk.takers[kind])
    return next(chain(here, _astray(key, mail, desk)), "")


def near_kind(key: str, mail: Mail, box: Mailbox, desk: Desk) -> str:
    """The kind whose opening subject this most nearly is, among those that some address takes. In a service mailbox
    that takes no openings: the kind whose opening subject it is. "" for none."""
    if "opening" not in box.roles:
        return next(_astray(key, mail, desk), "") if "service" in box.roles else ""
    marks = fixed_subjects(desk).marks
    taken = ((kind, slips(mail.subject, desk.kinds[kind].subject, marks)) for kind in desk.kinds if desk.takers[kind])
    near = [(wrong, kind) for kind, wrong in taken if wrong is not None]
    return min(near, key=itemgetter(0), default=(0, ""))[1]


def _meant(key: str, desk: Desk) -> list[str]:
    return [kind for own, kind in fixed_subjects(desk).openings if own == key]


def _astray(key: str, mail: Mail, desk: Desk) -> Iterator[str]:
    """The kinds with this opening subject for which the mail went to no address that takes them."""
    for kind in _meant(key, desk):
        sent_to = set(map(str.lower, mail.addressed))
        if desk.takers[kind] and sent_to.isdisjoint(map(str.lower, desk.takers[kind])):
            yield kind


def opening_form(mail: Mail, kind: str, address: str, desk: Desk) -> tuple[Form, str]:
    """The opening's form with every fault, of its fields, its files and the address that it went to; and the earlier
    ticket that it names."""
    whole = mail.visible == mail.body  # the reader has found neither history nor signature
    related, text = number_line(mail.body if whole else strip_signature(mail.body, desk.text), "with", desk)
    form = parse_form(text, desk.fields_of(kind), desk.zone, own=wording.form_hints(desk))
    limits = desk.limits
    files = check_files(mail.attachments, limits.attachments, limits.attachment)
    takers = desk.takers[kind]
    astray = () if address in takers else (Fault("", "other_address", address, takers),)
    return Form(form.values, form.faults + files + astray, form.warnings, form.recognised), related
