"""`acuse explain`: what would be done with raw mails. Parse, read, load read-only, decide, print; nothing written."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from daemon.commands import Unable
from daemon.commands.showing import books, known
from daemon.config.accounts import SecretError
from daemon.config.settings import Settings
from daemon.mail.reader import how_to_read
from daemon.store import Store
from daemon.store.errors import StoreError
from daemon.store.listing import file_json
from parsers.mail import Mail, OverBudget, parse
from parsers.peek import peek
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Facts
from rules.intake import decide
from rules.openings import route_input
from rules.reading import Arrival, Reading, read
from rules.routing import Step, route

FAULT = ("field", "code", "read", "allowed", "nearest", "detail")
"""What `explain --json` tells of a fault."""


@dataclass(frozen=True)
class Explained:
    """A mail with what it was read as and what would follow. ``steps`` are the routing rules that were tried;
    ``advice``, where it would be left untreated, what would have been right; ``guessed``: the mail names none of our
    addresses, so the mailbox is a guess."""

    file: str
    reading: Reading
    decision: Decision
    steps: tuple[Step, ...] = ()
    advice: tuple[str, ...] = ()
    guessed: bool = False

    def as_json(self) -> dict[str, Any]:
        """The object of `explain --json`."""
        mail, decision = self.reading.mail, self.decision
        return {
            "file": self.file,
            "verdict": decision.verdict,
            "why": decision.why,
            "mailbox": self.reading.mailbox.name,
            "kind": decision.kind,
            "near": self.reading.near,
            "fields": dict(decision.fields),
            "errors": [{name: getattr(fault, name) for name in FAULT} for fault in decision.faults],
            "warnings": list(self.reading.form.warnings),
            "subject": mail.subject,
            "from": mail.sender,
            "visible_text": mail.visible,
            "attachments": list(map(file_json, mail.attachments)),
            "rule": decision.rule,
            "steps": [{"rule": s.rule, "matched": s.matched, "why": s.why} for s in self.steps],
            "group": decision.group,
            "priority": decision.priority,
            "letters": [letter.name for letter in decision.letters],
            "remarks": [*mail.remarks, *decision.remarks],
        }


def explain(paths: list[Path], settings: Settings, mailbox: str, now: datetime) -> Iterator[Explained]:
    """What would be done with each of these raw mails. ``mailbox`` "" takes the one that a mail is addressed to.

    Unable before any is explained where the mailbox does not exist, once the others are where a file does not.
    """
    known(("mailbox", mailbox, (box.name for box in settings.mailboxes)))
    there = [path for path in paths if path.exists()]
    with open_readonly(settings) as store:
        for path in there:
            yield explain_one(path, settings, mailbox, store, now)
    if missing := [str(path) for path in paths if path not in there]:
        raise Unable(f"there is no file {', '.join(missing)}")


_HEADERS = re.compile(rb"(?<=\n)\r?\n")
"""What ends the headers, which alone are fetched of a mail over the limit."""


def explain_one(path: Path, settings: Settings, mailbox: str, store: Store | None, now: datetime) -> Explained:
    """One mail, against the books of ``store`` where there are any."""
    desk = settings.desk
    raw = path.read_bytes()
    too_large = len(raw) > desk.limits.mail
    mail, poisoned = read_mail(_HEADERS.split(raw, 1)[0] if too_large else raw, desk)
    addressed = mailbox or addressed_mailbox(mail, desk)
    reading = read(Arrival(addressed or first_for_openings(desk), mail, now, poisoned, too_large, len(raw)), desk)
    facts = load(reading, desk, store, now)
    steps = route(desk, route_input(reading, desk)).trace if reading.kind else ()
    decision = decide(reading, facts, desk, now)
    return Explained(str(path), reading, decision, steps, tuple(advice(reading, decision.why, desk)), not addressed)


def advice(reading: Reading, why: str, desk: Desk) -> Iterator[str]:
    """What would have been right, of a mail that is left untreated: of a near miss or a question, what is wrong with
    it; else what opens a ticket, and where."""
    if why == "near_miss":
        kind = desk.kinds[reading.near]
        wrong = "subject" if reading.has("opening") else "address"
        right = f"«{kind.subject}»" if wrong == "subject" else " or ".join(desk.takers[reading.near])
        yield f"nearly opens {reading.near}, but for the {wrong}; the right one is {right}"
    elif why == "no_match" and not reading.consult:
        taken = ((" or ".join(desk.takers[key]), kind.subject) for key, kind in desk.kinds.items())
        yield from (f"opens at {addresses}: subject «{subject}»" for addresses, subject in taken if addresses)
    elif why == "no_match":
        to = desk.desk_address if reading.consult == "consult" else desk.service_address
        wrong = "nothing that its sender may ask for" if reading.mailbox.address == to else f"answered at {to} alone"
        yield f"this subject asks the desk, and is {wrong}"


def read_mail(raw: bytes, desk: Desk) -> tuple[Mail, str]:
    """The mail, and why it could not be read ("" where it could)."""
    budget, marks = how_to_read(desk)
    try:
        return parse(raw, budget, marks), ""
    except OverBudget as fault:
        sender, subject, _ = peek(raw)
        return Mail(sender=sender, subject=subject), str(fault)


def addressed_mailbox(mail: Mail, desk: Desk) -> str:
    """The mailbox that the mail was sent to; "" where it names none of our addresses."""
    own = {a.lower(): box.name for box in desk.mailboxes for a in (box.address, *box.addresses)}
    return next((own[a.lower()] for a in (*mail.delivered_to, *mail.addressed) if a.lower() in own), "")


def first_for_openings(desk: Desk) -> str:
    """The first mailbox that takes openings, where there is one."""
    return next((box.name for box in desk.mailboxes if "opening" in box.roles), desk.mailboxes[0].name)


def load(reading: Reading, desk: Desk, store: Store | None, now: datetime) -> Facts:
    """The facts from the books; without any, those of a new desk."""
    needs = reading.needs(desk)
    if store is None:
        return Facts(next_number=f"{needs.prefix}{now.astimezone(desk.zone):%y%m%d}_000001" if needs.prefix else "")
    with store.read() as books:
        return books.load(needs, now, desk.zone)


@contextmanager
def open_readonly(settings: Settings) -> Iterator[Store | None]:
    """The books, read-only; None, and a word on standard error, where they cannot be read."""
    with ExitStack() as opened:
        try:
            store = opened.enter_context(books(settings))
        except (StoreError, SecretError) as fault:
            print(f"acuse: explained as a new desk would: {fault}", file=sys.stderr)
            store = None
        yield store


def as_text(explained: Explained) -> str:
    """One mail for a person at a terminal."""
    shown = explained.as_json()
    guessed = " (guessed: it names none of the desk's addresses)" if explained.guessed else ""
    lines = [f"{shown['file']}: {shown['verdict']} ({shown['why']}), mailbox {shown['mailbox']}{guessed}"]
    lines += [f"  from {shown['from'] or '(no single sender)'}, subject «{shown['subject']}»"]
    lines += [f"  {line}" for line in explained.advice]
    lines += [f"  {name}: {value}" for name, value in shown["fields"].items()]
    lines += [f"  fault: {_fault_text(fault)}" for fault in shown["errors"]]
    lines += [f"  rule {step.rule}: {'took it' if step.matched else 'no'} ({_read(step)})" for step in explained.steps]
    if shown["group"]:
        lines.append(f"  group {shown['group']}, priority {shown['priority']}, rule {shown['rule'] or '(none)'}")
    lines.append(f"  letters: {', '.join(shown['letters']) or 'none'}")
    return "\n".join(lines)


def _read(step: Step) -> str:
    """What a rule looked at, and read there."""
    return "; ".join(f"{key}: «{read}»" if read else f"{key}: nothing" for key, read in step.read)


_ALLOWED = {
    "too_short": "at least {} characters",
    "too_long": "at most {} characters",
    "attachment_too_large": "at most {} bytes",
    "mail_too_large": "at most {} bytes",
    "too_many_attachments": "at most {} files",
    "missing_file": "wanted: {}",
    "other_address": "sent to {}",
}
"""What is allowed where it is no list of values, by the fault's code."""


def _fault_text(fault: Mapping[str, Any]) -> str:
    if fault["code"] == "refused":
        return f"{fault['field'] or 'mail'} refused ({fault['detail']})"
    allowed = _ALLOWED.get(fault["code"], "allowed: {}").format(", ".join(fault["allowed"]))
    told = (
        fault["code"].replace("_", " "),
        f"read «{fault['read']}»" if fault["read"] else "",
        allowed if fault["allowed"] else "",
        f"nearest: {fault['nearest']}" if fault["nearest"] else "",
    )
    return f"{fault['field'] or 'mail'} {', '.join(filter(None, told))}"
