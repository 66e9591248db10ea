"""What follows when a row of rules/due.py is due (L, J): warnings, breaches, reminders, closing by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from rules.access import acts_for
from rules.assignment import News, group_letter, update_letter
from rules.deadlines import promises
from rules.decision import Decision
from rules.desk import Desk
from rules.due import CONTACTS_A_DAY, closes_at, contacts_on, key_of
from rules.letters import for_requester
from rules.lifecycle import move
from rules.solutions import closure_letter, verdict_links
from rules.ticket import Event, Ticket, evolve

Firing = Callable[[Ticket, str, Desk, datetime], Decision]


def fire(ticket: Ticket, name: str, desk: Desk, now: datetime) -> Decision:
    """What follows when the row ``name`` of rules/due.py is due on ``ticket``."""
    return FIRING[key_of(name)](ticket, name, desk, now)


def told(ticket: Ticket, name: str, event: str, now: datetime) -> Event:
    """The event that notes that a due thing was told, so that it is not told again."""
    return Event(ticket.number, event, now, changes={"told": (*ticket.told, name)})


def warn(ticket: Ticket, name: str, desk: Desk, now: datetime) -> Decision:
    """Three quarters of a clock are gone: the assignee is warned, else the group."""
    return clock_told("warning", 75, ticket, name, desk, now, whose(ticket, desk))


def whose(ticket: Ticket, desk: Desk) -> str:
    """The assignee, as long as they work for the ticket's group; else "", its group."""
    return ticket.assignee if acts_for(desk, ticket, ticket.assignee) else ""


def breach(ticket: Ticket, name: str, desk: Desk, now: datetime) -> Decision:
    """A clock ran out: the coordinator is told, else the group."""
    return clock_told("breach", 100, ticket, name, desk, now, desk.groups[ticket.group].coordinator)


def clock_told(what: str, share: int, ticket: Ticket, name: str, desk: Desk, now: datetime, to: str) -> Decision:
    """The event and the letter ``what``: of which clock ``share`` % are gone, and when it is due."""
    event, clock = told(ticket, name, what, now), name.partition("_")[0]
    after = evolve(ticket, event)
    deadline = next(d for d in promises(after, desk) if d["key"] == clock)
    return Decision(
        events=(event,), letters=(group_letter(what, after, desk, {"deadline": deadline, "share": share}, to=to),)
    )


def remind(ticket: Ticket, name: str, desk: Desk, now: datetime) -> Decision:
    """The requester is reminded of the solution or the question that waits; links are new."""
    event = told(ticket, name, "reminder", now)
    if contacts_on(ticket, now, desk) >= CONTACTS_A_DAY:
        return Decision(events=(event,))  # reminded today already, after the third attempt to contact them
    resolved = ticket.state == "resolved"
    asked = "info_request" if ticket.question else "contact" if ticket.contacts else "waiting"
    rows = (desk.validation if resolved else desk.pending).reminders
    letter = for_requester(
        "reminder",
        ticket,
        values={
            "about": "validation" if resolved else asked,
            "by": ticket.assignee,
            "again": False,
            "closes_at": closes_at(ticket, desk),
            "last": name.partition(":")[2] == str(len(rows)),
        },
        links=verdict_links(ticket, desk, now) if resolved else (),
    )
    return Decision(events=(event,), letters=(letter,))


def close_silent(ticket: Ticket, name: str, desk: Desk, now: datetime) -> Decision:
    """Nobody answered: closed by itself, saying so."""
    event = move(ticket, "silence", now, visible=True)
    return Decision(events=(event,), letters=(closure_letter(evolve(ticket, event), desk),))


def come_back(ticket: Ticket, name: str, desk: Desk, now: datetime) -> Decision:
    """The date of «Hasta» is reached: back to assigned, the group told."""
    event = move(ticket, "until", now)
    return Decision(events=(event,), letters=(update_letter(evolve(ticket, event), desk, News("pending_over", now)),))


def follow_up(ticket: Ticket, name: str, desk: Desk, now: datetime) -> Decision:
    """The date of «Seguimiento»: a reminder to the assignee, else the group."""
    event = told(ticket, name, "follow_up", now)
    letter = update_letter(evolve(ticket, event), desk, News("follow_up", now, ticket.solution), to=whose(ticket, desk))
    return Decision(events=(event,), letters=(letter,))


FIRING: Mapping[str, Firing] = {
    "response_warning": warn,
    "response_breach": breach,
    "resolution_warning": warn,
    "resolution_breach": breach,
    "silence_reminder": remind,
    "silence_close": close_silent,
    "pending_until": come_back,
    "follow_up": follow_up,
}
"""Key of rules.due.DUE → what follows; each key has one."""
