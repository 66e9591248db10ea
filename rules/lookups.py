"""What a technician's mail will need looked up, read from its form before anything is loaded."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from parsers.form import Form
from parsers.numbers import find_number, leading_number, numbers_in
from parsers.spelling import COLON, fold_label
from rules import wording
from rules.action_forms import ACTION_FIELDS
from rules.desk import Desk
from rules.facts import Search
from rules.ticket import STATES

OPEN_STATES = tuple(state for state in STATES if state != "closed")
"""States of a ticket that a worklist shows."""

MOST_FOUND = 200
"""How many of the tickets that a search finds are told, the newest; it looks for one more, to say so."""

MAX_NUMBERS = 5
"""How many tickets one mail may name."""


def numbers_named(text: str) -> tuple[str, ...]:
    """The first numbers that stand in a text."""
    return tuple(dict.fromkeys(numbers_in(text)))[:MAX_NUMBERS]


def number_line(text: str, label: str, desk: Desk) -> tuple[str, str]:
    """The number behind «Con:» or «Número:», ``label`` `with` or `number`, and ``text`` without both; ("", text)
    where no whole number stands there: any other text may begin like that."""
    if not find_number(text):
        return "", text
    labels = {fold_label(spelling) for spelling in wording.spellings(desk, "action_fields", label)}
    for line in _LABELLED.finditer(text):
        number, rest = leading_number(line[2]) if fold_label(line[1]) in labels else ("", "")
        if number:
            below = text[line.end() :] if rest else text[line.end() :].removeprefix("\n")
            return number, text[: line.start()] + rest.lstrip(" \t") + below
    return "", text


_LABELLED = re.compile(rf"^([^{COLON}\n]{{1,40}})[{COLON}](.*)", re.MULTILINE)


def search_of(key: str, form: Form, sender: str, desk: Desk) -> Search | None:
    """What a consultation looks for; None where it looks for nothing."""
    if key == "worklist":
        return Search(groups=desk.groups_of(sender), states=OPEN_STATES)
    if key != "search" or form.faults:
        return None
    group = next((k for k, g in desk.groups.items() if g.label == form.get("group")), "")
    state = state_named(form.get("state"), desk)
    return Search(
        number=number_asked(form),
        name=form.get("name"),
        addresses=desk.addresses_of(form.get("address")) if form.get("address") else frozenset(),
        tax_id=form.get("tax_id"),
        text=form.get("text"),
        states=(state,) if state else (),
        groups=(group,) if group else (),
        since=day_start(form.get("since"), desk),
        until=day_start(form.get("until_date"), desk, after=1),
        fields=own_fields(form, desk),
        limit=MOST_FOUND + 1,
    )


def number_asked(form: Form) -> str:
    """The number behind «Número:» as we write it, or whatever else stands there, in capitals."""
    return leading_number(form.get("number"))[0] or form.get("number").upper()


def own_fields(form: Form, desk: Desk) -> tuple[tuple[str, str], ...]:
    """The fields of any kind that a search gives."""
    names = {f.name for kind in desk.kinds.values() for f in kind.fields}
    return tuple((name, value) for name, value in form.values if name in names.difference(ACTION_FIELDS) and value)


def state_named(literal: str, desk: Desk) -> str:
    """The state whose literal, for any kind and in any language, this is; "" for none."""
    return next((state for state in STATES if literal in wording.state_literals(desk, state)), "")


def day_start(iso_date: str, desk: Desk, after: int = 0) -> datetime | None:
    """The first moment of the day ``after`` days later, in the desk's zone, as UTC; None for "", and for a day beyond
    any calendar."""
    if not iso_date:
        return None
    try:
        day = datetime.fromisoformat(iso_date).date() + timedelta(days=after)
        return datetime.combine(day, time(0), desk.zone).astimezone(UTC)
    except OverflowError:
        return None
