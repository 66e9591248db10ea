"""A form for a new ticket that names an earlier, closed one (J), so that the two are related."""

from __future__ import annotations

from parsers.form import form_lines
from parsers.links import fitting_body
from rules import wording
from rules.decision import Link
from rules.desk import Desk
from rules.ticket import Ticket


def reopen_link(ticket: Ticket, desk: Desk) -> Link:
    """A link that opens the kind's form; its first line names the closed ticket."""
    kind, language = desk.kinds[ticket.kind], ticket.language
    relates = f"{wording.word(desk, 'action_fields', 'with', language)}: {ticket.number}"
    known = {"service": ticket.value("service")}
    hint = wording.word(desk, "bodies", "form_hint", language)
    lines = [relates, *form_lines(desk.fields_of(ticket.kind), known), hint]
    to = opening_address(desk)
    body, _ = fitting_body(to, kind.subject, lines)
    return Link("reopen", to, kind.subject, body)


def opening_address(desk: Desk) -> str:
    """Where openings are sent to."""
    return next((box.address for box in desk.mailboxes if "opening" in box.roles), desk.service_address)
