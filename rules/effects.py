"""What every action shares (T): what was asked, how it is done, how it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from parsers.fields import NO_FORM
from parsers.form import Fault, Form
from parsers.mail import Attachment, Mail
from rules import quality, wording
from rules.action_fields import canned_for, group_language
from rules.action_forms import CONSULTED, event_of
from rules.assignment import News, action_link, action_links, consult_link, update_letter
from rules.decision import Decision
from rules.desk import Desk
from rules.facts import Facts
from rules.letters import File, Letter, Link, to_sender
from rules.lifecycle import move
from rules.lookups import number_line
from rules.masking import prepared_values
from rules.openings import reopen_link, requester_links
from rules.reading import author
from rules.tables import Canned
from rules.ticket import Event, Ticket

SHOWS_FILES = frozenset({"answer", "ask", "resolve"})
"""Actions whose files the requester gets (T); of all the others they see nothing but the text of the letter."""
PASSED_ON = frozenset({"reply", "info_request"})
"""Letters that say what the technician wrote and no more."""
_LINKS: Mapping[str, Callable[[Ticket, Desk], tuple[Link, ...]]] = {
    "info_request": requester_links,
    "desk_rejection": lambda ticket, desk: (reopen_link(ticket, desk),),
}
"""What a letter to the requester lets them do."""


@dataclass(frozen=True, slots=True)
class Action:
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
    def canned(self) -> Canned | None:
        """The canned reply that was chosen."""
        title = self.form.get("canned")
        return next((c for c in canned_for(self.desk, self.ticket.group) if c.title == title), None)

    @property
    def typed(self) -> str:
        """What the technician wrote for the requester."""
        return self.form.get("text") or self.form.get("solution")

    @property
    def text(self) -> str:
        """What the requester will read: the canned reply, then the text that was typed."""
        reply = self.canned.text.strip() if self.canned else ""
        return "\n\n".join(part for part in (reply, self.typed) if part)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The files of the technician's mail that go to the requester with it."""
        return tuple(f for f in self.mail.attachments if not f.inline) if self.key in SHOWS_FILES else ()

    @property
    def files(self) -> tuple[File, ...]:
        """The canned reply's own files."""
        return tuple(self.desk.files[path] for path in self.canned.attachments) if self.canned else ()

    @property
    def reason(self) -> str:
        """The code of the reason that was given, "" without one."""
        return wording.key_of(self.desk, "reasons", self.form.get("reason"))

    @property
    def elsewhere(self) -> str:
        """The number of another ticket that a line «Número: …» names, although no form of a ticket's own asks for one;
        "" for none."""
        number, _ = number_line(self.mail.visible, "number", self.desk)
        return "" if number in ("", self.ticket.number) or self.facts.followed(number) == self.ticket else number

    def label(self, field: str) -> str:
        """What a field of the form is called in the group's language."""
        return wording.word(self.desk, "action_fields", field, group_language(self.ticket, self.desk))

    def news(self, what: str, text: str, warnings: tuple[str, ...] = ()) -> News:
        """This action as the group learns of it."""
        return News(what, self.now, text, self.by, warnings)

    def move(self, **more: Any) -> Event:
        """The event of this action; the mail's files are kept with the ticket."""
        values = {"attachments": self.mail.attachments, **more}
        return move(self.ticket, event_of(self.key), self.now, actor=self.mail.sender, **values)

    @property
    def reached(self) -> frozenset[str]:
        """Who else got this mail, and in it all that the requester will read; nobody if a canned reply adds to it."""
        return frozenset() if self.canned else frozenset(map(str.lower, self.mail.addressed))


Effect = Callable[[Action], Decision]


def done(action: Action, event: Event, *letters: Letter) -> Decision:
    """The decision of an action that was done."""
    ticket = action.ticket
    return Decision("desk", action.key, events=(event,), letters=letters, kind=ticket.kind, group=ticket.group)


def to_requester(name: str, ticket: Ticket, action: Action, values: Mapping[str, Any]) -> tuple[Letter, ...]:
    """A letter to the requester's side, with the files that they may see; and, to its author alone, remarks on how it
    is written."""
    letter = Letter(
        name,
        (ticket.requester,),
        ticket,
        values=values,
        links=_LINKS[name](ticket, action.desk) if name in _LINKS else (),
        language=ticket.language,
        attachments=action.attachments,
        files=action.files,
        reached=action.reached if name in PASSED_ON else frozenset(),
    )
    return letter, *netiquette(ticket, action)


def netiquette(ticket: Ticket, action: Action) -> tuple[Letter, ...]:
    """What the netiquette checks say of a technician's text (M), told to nobody else; nothing if there is nothing to
    say."""
    files = len(action.attachments) + len(action.files)
    found = quality.warnings(quality.netiquette(action.typed, files, action.desk)) if action.typed else ()
    if not found:
        return ()
    news = action.news("netiquette", action.typed, found)
    return (update_letter(ticket, action.desk, news, to=action.mail.sender),)


# -- refusals


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why nothing was done. ``what`` is a key of the catalogue's `[desk_refusals]`; ``action`` was asked for with
    ``form``, whose faults are told; ``read`` is what was not understood; ``last`` what somebody else did before."""

    what: str
    action: str = ""
    form: Form = NO_FORM
    read: str = ""
    last: Event | None = None


def refusal(mail: Mail, ticket: Ticket | None, desk: Desk, obstacle: Obstacle) -> Decision:
    """Nothing changes: one letter that says what is wrong, with the repaired form or links to what is possible now."""
    what, last, faults = obstacle.what, obstacle.last, obstacle.form.faults
    letter = to_sender(
        mail,
        "desk_refusal",
        ticket,
        values={
            "what": what,
            "action": event_of(obstacle.action),
            "faults": faults,
            "read": obstacle.read,
            "by": last.actor if last else "",
            "at": last.at if last else None,
            "event": last.name if last else "",
            "files": tuple(a.name for a in mail.attachments if not a.inline),
        },
        links=_ways_out(ticket, desk, obstacle),
        language=group_language(ticket, desk),
    )
    return Decision("desk", f"refused_{what}", letters=(letter,), faults=faults, kind=ticket.kind if ticket else "")


def _ways_out(ticket: Ticket | None, desk: Desk, obstacle: Obstacle) -> tuple[Link, ...]:
    """The form of its action with all that was right; without a form, a link for each thing that is possible: a search
    for an unknown number; whatever needs no ticket, if no action was named and there is no ticket."""
    action, form = obstacle.action, obstacle.form
    if obstacle.what == "unknown_number":
        return (consult_link("search", desk, {}),)
    if obstacle.what in ("unknown_action", "encrypted") and ticket is None:
        return tuple(consult_link(key, desk, {}) for key in CONSULTED)
    if obstacle.what != "faults":
        return action_links(ticket, desk) if ticket else ()
    values = prepared_values(form)
    return (action_link(action, ticket, desk, values) if ticket else consult_link(action, desk, values),)


def last_change(facts: Facts, ticket: Ticket) -> Event | None:
    """The last event that changed the ticket's state or group."""
    journal = facts.journals.get(ticket.number, ())
    return next((event for event in reversed(journal) if {"state", "group"} & event.changes.keys()), None)


def refused(action: Action, faults: tuple[Fault, ...]) -> Decision:
    """The action cannot be done as it was written."""
    obstacle = Obstacle("faults", action.key, replace(action.form, faults=faults))
    return refusal(action.mail, action.ticket, action.desk, obstacle)
