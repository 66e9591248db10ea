"""Fields of a form: kinds, registration and escalation cases write them alike, so they are checked alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from daemon.config.accounts import Written
from daemon.config.crosschecks import Named, at, repeated, unknown
from daemon.config.positions import Path
from daemon.config.shape import Misfit, shown
from parsers.spelling import fold_label
from rules.conditions import READERS, linear
from rules.rule_tests import GIVEN
from rules.tables import FieldTable

SOURCES = ("services", "priorities", "categories")
"""The tables that `from` may name."""


MEANT_OTHERWISE = {*READERS, *GIVEN, "action", "requester"}
"""What rules, their tests and the form by which a technician opens for a caller call something else than a field."""


def forms(written: Written) -> Iterator[Misfit]:
    """Every form's fields: names, labels, choices, lengths, patterns."""
    for path, fields in at(written, "kinds.*.fields", "requesters.registration_fields", "escalations.*.fields"):
        yield from repeated((((*path, n, "name"), f.name) for n, f in enumerate(fields)), "this field name")
        yield from repeated(_labels(path, fields), "this label")
        for number, table in enumerate(fields):
            if path[0] == "kinds" and table.name in MEANT_OTHERWISE:
                text = f"{shown(table.name)} is something else in a rule or in «Abrir», which could not name this field"
                yield Misfit((*path, number, "name"), f"{text}; write another name", warning=True)
            yield from _field((*path, number), table, written)
            yield from _required_when((*path, number, "required_when"), table, fields, written)


def callers(written: Written, catalogue: Mapping[str, Any]) -> Iterator[Misfit]:
    """Labels that the form by which a technician opens for a caller has already, in whichever language."""
    tables = [words.get("action_fields", {}) for words in catalogue.values()]
    asked = {fold_label(table.get(key, "")) for table in tables for key in ("action", "kind", "requester")} - {""}
    for form, fields in at(written, "kinds.*.fields"):
        for path, label in _labels(form, fields):
            if label in asked:
                text = "in «Abrir» this label means something else, so that technicians cannot fill this field by it"
                yield Misfit(path, f"{text}; write another one", warning=True)


def _labels(path: Path, fields: Sequence[FieldTable]) -> Named:
    for number, table in enumerate(fields):
        yield (*path, number, "label"), fold_label(table.label)
        for place, alias in enumerate(table.aliases):
            if fold_label(alias) != fold_label(table.label):
                yield (*path, number, "aliases", place), fold_label(alias)


def _field(path: Path, table: FieldTable, written: Written) -> Iterator[Misfit]:
    if not re.fullmatch("[a-z][a-z0-9_]*", table.name):
        text = f'{shown(table.name)} is no field name; write small letters, digits and "_", such as "service"'
        yield Misfit((*path, "name"), text)
    if table.label.strip() and not fold_label(table.label):
        yield Misfit((*path, "label"), "a label needs at least one letter")
    if table.lines == "many" and table.type != "text":
        yield Misfit((*path, "lines"), f'only a "text" field has many lines, not one of type "{table.type}"')
    if table.max_length < max(table.min_length, 1):
        yield Misfit(
            (*path, "max_length"), f"max_length must be 1 or more, and not less than min_length ({table.min_length})"
        )
    yield from _pattern((*path, "pattern"), table.pattern)
    yield from _choices(path, table, written)


def _required_when(path: Path, table: FieldTable, fields: Sequence[FieldTable], written: Written) -> Iterator[Misfit]:
    """Other fields of the form, and of a choice the values as they are kept."""
    choices = {other.name: _literals(other, written) for other in fields}
    for name, wanted in table.required_when.items():
        yield from unknown((*path, name), "field", name, choices)
        for value in ((wanted,) if isinstance(wanted, str) else wanted) if choices.get(name) else ():
            yield from unknown((*path, name), "value", value, choices[name])


def _literals(table: FieldTable, written: Written) -> list[str]:
    """What a choice may hold; [] for another field, and where nothing is known of it."""
    if table.from_:
        listed = getattr(written, table.from_, ())
        return list(listed) if isinstance(listed, dict) else [one.name for one in listed]
    return [value if isinstance(value, str) else value.value for value in table.values]


def _choices(path: Path, table: FieldTable, written: Written) -> Iterator[Misfit]:
    if table.type != "choice":
        if table.from_ or table.values:
            key = "from" if table.from_ else "values"
            yield Misfit((*path, key), f'"{key}" belongs to a field of type "choice", not "{table.type}"', at_key=True)
        return
    if not (table.from_ or table.values):
        yield Misfit(path, f'a choice needs "values" or "from" (one of {", ".join(SOURCES)})', at_key=True)
    yield from unknown((*path, "from"), "table of choices", table.from_, SOURCES)
    if table.from_ in SOURCES and not getattr(written, table.from_):
        yield Misfit((*path, "from"), f'the table "{table.from_}" is empty, so nothing could be chosen')
    literals = _literals(table, written) if table.values else ()
    spelt = (((*path, "values", n), fold_label(literal)) for n, literal in enumerate(literals))
    yield from repeated(spelt, "this value (as it is compared: case and accents aside)")


def _pattern(path: Path, expression: str) -> Iterator[Misfit]:
    try:
        linear(expression)
    except ValueError as error:
        yield Misfit(path, str(error))
