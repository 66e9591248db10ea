"""Mail + mailbox → :class:`Reading`: everything that can be known of a mail before anything is looked up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from parsers.form import Field, Form, check_files, parse_form
from parsers.mail import Mail
from parsers.reply import TextMarks, strip_signature
from parsers.subject import SubjectMarks, find_number, find_token, is_near, opening_key, thread_key, without_token
from rules import wording
from rules.action_forms import parse_action
from rules.decision import NO_FORM, Needs
from rules.desk import Address, Desk, Mailbox
from rules.requests import kind_named, numbers_in, search_of


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail as it came out of a mailbox. ``mail`` holds headers alone where it is ``too_large``; ``poisoned`` tells
    why it could not be read (budget, crash, time), ``mail`` is empty then. ``received_at``: INTERNALDATE, aware UTC.
    """

    mailbox: str
    mail: Mail
    received_at: datetime
    poisoned: str = ""
    too_large: bool = False


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
    request: tuple[str, Form] = ("", NO_FORM)
    """A technician's action and its form, as far as they can be read without the ticket."""
    named: tuple[str, ...] = ()
    """Numbers that a technician's form names."""
    related: str = ""
    """The number of an earlier ticket that an opening names (J)."""

    @property
    def mail(self) -> Mail:
        """The mail itself."""
        return self.arrival.mail

    @property
    def sender(self) -> str:
        """The sender's bare address in lower case; "" where From is not exactly one."""
        return self.arrival.mail.sender.lower()

    @property
    def fixed(self) -> Address:
        """What the address that was written to fixes (J: its priority, its kinds)."""
        return self.mailbox.addresses.get(self.address, Address())

    def has(self, *roles: str) -> bool:
        """Whether the mailbox carries one of ``roles``."""
        return any(role in self.mailbox.roles for role in roles)

    def needs(self, desk: Desk) -> Needs:
        """Every look-up that :func:`rules.intake.decide` may want for this mail."""
        mail, (key, form) = self.mail, self.request
        report = mail.report
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
            counters=self._counters(),
            addresses=tuple(a.address.lower() for a in (*mail.to, *mail.cc)),
            search=search_of(key, form, self.sender, desk) if key else None,
            journal=bool(self.token or key == "explain" or self.consult == "status"),
        )

    def _prefix(self, desk: Desk) -> str:
        """The counter whose next number may be spent: of an opening, of «Abrir», of «Reclasificar»."""
        kind = self.kind or kind_named(self.request[1], desk)
        return desk.kinds[kind].prefix if kind and not self.form.faults else ""

    def _counters(self) -> tuple[str, ...]:
        opening = (f"opening:{self.sender}", "opening:") if self.kind else ()
        token = (f"token:{self.sender}",) if self.token else ()
        closed = (f"day:closed_notice:{self.sender}",) if self.key else ()
        return opening + token + closed


def author(mail: Mail) -> str:
    """Who wrote it, as people read it: the name, else the address."""
    return mail.sender_name or mail.sender


def token_digest(token: str) -> bytes:
    """What is stored of a token: SHA-256 of its upper-case form."""
    return hashlib.sha256(token.upper().encode()).digest()


def subject_marks(desk: Desk) -> SubjectMarks:
    """The admin's own prefixes and gateway tags."""
    return SubjectMarks(desk.threading.prefixes, desk.threading.tags)


def text_marks(desk: Desk) -> TextMarks:
    """The admin's own marks of disclaimers and footers."""
    return TextMarks(desk.text.disclaimers, desk.text.footers)


def read(arrival: Arrival, desk: Desk) -> Reading:
    """What ``arrival`` may be, by its mailbox's roles and its subject alone."""
    box = next(box for box in desk.mailboxes if box.name == arrival.mailbox)
    mail, marks = arrival.mail, subject_marks(desk)
    address = written_to(mail, box)
    kind = opened_kind(mail.subject, box, address, desk) if mail.sender else ""
    prefixes = [k.prefix for k in desk.kinds.values()]
    consult = consultation(mail.subject, desk)
    form, related = opening_form(mail, kind, desk) if kind and not arrival.too_large else (NO_FORM, "")
    token = find_token(mail.subject)
    acts = (consult == "consult" or bool(token)) and bool(desk.groups_of(mail.sender))
    return Reading(
        arrival,
        box,
        address,
        kind=kind,
        near="" if kind else near_kind(mail.subject, box, desk),
        form=form,
        key=thread_key(without_token(mail.subject), marks),
        token=token,
        number=find_number(mail.subject, prefixes),
        consult=consult,
        registration=is_registration(mail.subject, desk),
        request=parse_action(mail.visible, None, desk) if acts else ("", NO_FORM),
        named=numbers_in(mail.visible, desk) if acts else (),
        related=find_number(related, prefixes),
    )


def written_to(mail: Mail, box: Mailbox) -> str:
    """The configured address that the mail was sent to: Delivered-To and X-Original-To, else To, else Cc, else the
    mailbox's own."""
    own = {a.lower(): a for a in (box.address, *box.addresses)}
    candidates = (*mail.delivered_to, *(a.address for a in mail.to), *(a.address for a in mail.cc))
    return next((own[a.lower()] for a in candidates if a.lower() in own), box.address)


def opened_kind(subject: str, box: Mailbox, address: str, desk: Desk) -> str:
    """The kind whose opening subject this exactly is, in a mailbox that opens it; "" for none."""
    if "opening" not in box.roles:
        return ""
    marks = subject_marks(desk)
    key = opening_key(subject, marks)
    allowed = box.addresses.get(address, Address()).kinds or tuple(desk.kinds)
    return next((k for k in allowed if opening_key(desk.kinds[k].subject, marks) == key), "")


def near_kind(subject: str, box: Mailbox, desk: Desk) -> str:
    """The kind whose opening subject this nearly is; "" for none."""
    if "opening" not in box.roles:
        return ""
    marks = subject_marks(desk)
    return next((name for name, kind in desk.kinds.items() if is_near(subject, kind.subject, marks)), "")


def opening_form(mail: Mail, kind: str, desk: Desk) -> tuple[Form, str]:
    """The opening's form with every fault, of its fields and of its files; and the earlier ticket that it names."""
    text = strip_signature(mail.body, text_marks(desk))
    earlier = Field(
        "with",
        wording.word(desk, "action_fields", "with"),
        required=False,
        aliases=wording.spellings(desk, "action_fields", "with"),
    )
    form = parse_form(text, (*desk.fields_of(kind), earlier), desk.zone, own=wording.own_lines(desk))
    limits = desk.limits
    files = check_files(mail.attachments, limits.attachments, limits.attachment)
    values = tuple(pair for pair in form.values if pair[0] != "with")
    return Form(values, form.faults + files, form.warnings, form.recognised), form.get("with")


def consultation(subject: str, desk: Desk) -> str:
    """Which query of a requester or technician the subject is: status, mine, withdraw, consult; "" for none."""
    key = thread_key(subject, subject_marks(desk))
    for name in ("mine", "consult"):
        if key in {thread_key(text) for text in wording.spellings(desk, "subjects", name)}:
            return name
    for name in ("status", "withdraw"):
        if any(
            key.startswith(text.split("{")[0]) and "{number}" in text
            for text in wording.spellings(desk, "subjects", name)
        ):
            return name
    return ""


def is_registration(subject: str, desk: Desk) -> bool:
    """Whether the subject asks for registration (M's fixed subject)."""
    marks = subject_marks(desk)
    wanted = desk.requesters.registration_subject
    return bool(wanted) and opening_key(subject, marks) == opening_key(wanted, marks)
