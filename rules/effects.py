"""What every action shares (T): what was asked, how it is done, how it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parsers.form import Fault, Form
from parsers.mail import Mail
from rules import wording
from rules.action_forms import SAME_WORD, canned_for
from rules.assignment import action_link, action_links
from rules.decision import NO_FORM, Decision, Facts, Letter, Link
from rules.desk import Desk
from rules.lifecycle import move
from rules.openings import requester_links
from rules.reading import author
from rules.ticket import Event, Ticket


@dataclass(frozen=True, slots=True)
class Act:
    """One action that may be done: by whom, on which ticket, with which form."""

    key: str
    form: Form
    ticket: Ticket
    mail: Mail
    facts: Facts
    desk: Desk
    now: datetime

    @property
    def by(self) -> str:
        """The technician, as people read it."""
        return author(self.mail)

    @property
    def text(self) -> str:
        """What the requester will read: the canned reply, then the text that was typed."""
        reply = next((c for c in canned_for(self.desk, self.ticket.group) if c.title == self.form.get("canned")), None)
        typed = self.form.get("text") or self.form.get("solution")
        return "\n\n".join(part for part in (reply.text.strip() if reply else "", typed) if part)

    @property
    def reason(self) -> str:
        """The code of the reason that was given, "" without one."""
        return wording.key_of(self.desk, "reasons", self.form.get("reason"))

    def move(self, **more: Any) -> Event:
        """The event of this action."""
        return move(self.ticket, self.key, self.now, actor=self.mail.sender, **more)


Effect = Callable[[Act], Decision]


def done(a: Act, event: Event, *letters: Letter) -> Decision:
    """The decision of an action that was done."""
    return Decision("desk", a.key, events=(event,), letters=letters, kind=a.ticket.kind, group=a.ticket.group)


def to_requester(name: str, ticket: Ticket, a: Act, values: Mapping[str, Any]) -> Letter:
    """A letter to the requester and participants; the files of the technician's mail go with it."""
    return Letter(
        name,
        (ticket.requester, *ticket.participants),
        ticket,
        values=values,
        links=requester_links(ticket, a.desk) if name == "info_request" else (),
        language=ticket.language,
        attachments=tuple(f for f in a.mail.attachments if not f.inline),
    )


# -- refusals


def refusal(
    mail: Mail,
    ticket: Ticket | None,
    desk: Desk,
    *,
    what: str,
    action: str = "",
    faults: tuple[Fault, ...] = (),
    form: Form = NO_FORM,
    read: str = "",
    facts: Facts | None = None,
) -> Decision:
    """Nothing changed: one letter that says what is wrong, with the repaired form or links to what is possible now."""
    last = _last_change(facts, ticket) if facts and ticket else None
    if ticket and action and what == "faults":
        values = {**{f.field: f.nearest for f in faults if f.nearest}, **dict(form.values)}
        links: tuple[Link, ...] = (action_link(action, ticket, desk, values),)
    else:
        links = action_links(ticket, desk) if ticket else ()
    letter = Letter(
        "desk_refusal",
        (mail.sender,),
        ticket,
        values={
            "what": what,
            "action": SAME_WORD.get(action, action),
            "faults": faults,
            "read": read,
            "by": last.actor if last else "",
            "at": last.at if last else None,
            "event": last.name if last else "",
            "files": tuple(a.name for a in mail.attachments if not a.inline),
        },
        links=links,
        language=desk.groups[ticket.group].language if ticket else "",
        in_reply_to=mail.message_id,
    )
    return Decision("desk", f"refused_{what}", letters=(letter,), faults=faults, kind=ticket.kind if ticket else "")


def _last_change(facts: Facts, ticket: Ticket) -> Event | None:
    journal = facts.journals.get(ticket.number, ())
    return next((event for event in reversed(journal) if "state" in event.changes), None)


def refused(a: Act, faults: tuple[Fault, ...]) -> Decision:
    """The action cannot be done as it was written."""
    return refusal(a.mail, a.ticket, a.desk, what="faults", action=a.key, faults=faults, form=a.form)
