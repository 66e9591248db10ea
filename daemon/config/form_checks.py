"""Fields of a form: kinds, registration and escalation cases write them alike, so they are checked alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from daemon.config.accounts import Written
from daemon.config.crosschecks import Named, repeated, unknown
from daemon.config.positions import Path
from daemon.config.shape import Misfit, shown
from parsers.spelling import fold_label
from rules.desk import FieldTable

SOURCES = ("services", "priorities", "categories")
"""The tables that `from` may name."""


def forms(written: Written) -> Iterator[Misfit]:
    """Every form's fields: names, labels, choices, lengths, patterns."""
    for path, fields in _forms(written):
        yield from repeated((((*path, n, "name"), f.name) for n, f in enumerate(fields)), "this field name")
        yield from repeated(_labels(path, fields), "this label")
        names = [table.name for table in fields]
        for number, table in enumerate(fields):
            yield from _field((*path, number), table, names, written)


def _forms(written: Written) -> Iterator[tuple[Path, Sequence[FieldTable]]]:
    yield from ((("kinds", key, "fields"), kind.fields) for key, kind in written.kinds.items())
    yield ("requesters", "registration_fields"), written.requesters.registration_fields
    yield from ((("escalations", n, "fields"), case.fields) for n, case in enumerate(written.escalations))


def _labels(path: Path, fields: Sequence[FieldTable]) -> Named:
    for number, table in enumerate(fields):
        yield (*path, number, "label"), fold_label(table.label)
        for place, alias in enumerate(table.aliases):
            if fold_label(alias) != fold_label(table.label):
                yield (*path, number, "aliases", place), fold_label(alias)


def _field(path: Path, table: FieldTable, names: Sequence[str], written: Written) -> Iterator[Misfit]:
    if not re.fullmatch("[a-z][a-z0-9_]*", table.name):
        text = f'{shown(table.name)} is no field name; write small letters, digits and "_", such as "service"'
        yield Misfit((*path, "name"), text)
    if not fold_label(table.label):
        yield Misfit((*path, "label"), "a label needs at least one letter")
    if table.lines == "many" and table.type != "text":
        yield Misfit((*path, "lines"), f'only a "text" field has many lines, not one of type "{table.type}"')
    if table.max_length < max(table.min_length, 1):
        yield Misfit(
            (*path, "max_length"), f"max_length must be 1 or more, and not less than min_length ({table.min_length})"
        )
    for name in table.required_when:
        yield from unknown((*path, "required_when", name), "field", name, names)
    yield from pattern((*path, "pattern"), table.pattern)
    yield from _choices(path, table, written)


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
    literals = [value if isinstance(value, str) else value.value for value in table.values]
    spelt = (((*path, "values", n), fold_label(literal)) for n, literal in enumerate(literals))
    yield from repeated(spelt, "this value (as it is compared: case and accents aside)")


def pattern(path: Path, expression: str) -> Iterator[Misfit]:
    """A regular expression that google-re2 cannot take."""
    if expression:
        import re2

        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(expression, options)
        except re2.error as error:
            text = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
            yield Misfit(path, f"{shown(expression)} is no regular expression (google-re2): {text}")
