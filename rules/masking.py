"""No letter shows a secret (J): whatever a letter tells of people's words is masked on its way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parsers.form import Fault, Form
from rules.letters import Letter
from rules.secret import mask, masked_fields
from rules.ticket import Event, Ticket


def prepared_values(form: Form) -> dict[str, str]:
    """What a repaired form holds by field: what was right, and the nearest valid value of what was not; secrets
    masked."""
    mended = {fault.field: fault.nearest for fault in form.faults}
    values = {**dict(form.values), **mended}
    return dict(masked_fields(tuple((name, value) for name, value in values.items() if value)))


def masked(letter: Letter) -> Letter:
    """``letter`` with the secrets masked in its ticket and in every text among its values."""
    ticket = masked_ticket(letter.ticket) if letter.ticket else None
    return replace(letter, ticket=ticket, values={key: _masked(value) for key, value in letter.values.items()})


def masked_ticket(ticket: Ticket) -> Ticket:
    """``ticket`` as it may be shown; the same one where it holds no secret."""
    shown = (masked_fields(ticket.fields), mask(ticket.solution), mask(ticket.question))
    if shown == (ticket.fields, ticket.solution, ticket.question):
        return ticket
    return replace(ticket, fields=shown[0], solution=shown[1], question=shown[2])


def _masked(value: Any) -> Any:
    match value:
        case str():
            return mask(value)
        case Ticket():
            return masked_ticket(value)
        case Event():
            return replace(value, text=mask(value.text))
        case Fault():
            return replace(value, read=mask(value.read), nearest=mask(value.nearest))
        case Mapping():
            return {key: _masked(inner) for key, inner in value.items()}
        case tuple():
            return tuple(_masked(inner) for inner in value)
        case _:
            return value
