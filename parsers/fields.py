"""What a form is made of: fields and choices as the admin wrote them, values and faults as they were read.

One grammar serves openings, technicians' actions, searches and registrations; :mod:`parsers.form` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldType = Literal["text", "choice", "datetime", "date", "email", "phone", "number"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One allowed value: the literal that is stored, other spellings of it, and a meaning shown beside it."""

    value: str
    aliases: tuple[str, ...] = ()
    description: str = ""

    @property
    def explained(self) -> str:
        """The value with its meaning, where it has one."""
        return f"{self.value} ({self.description.rstrip('.')})" if self.description else self.value


@dataclass(frozen=True, slots=True)
class Field:
    """What may stand behind one label. ``name`` is the key in code, rules and JSON; ``label`` what people write."""

    name: str
    label: str
    type: FieldType = "text"
    many_lines: bool = False
    required: bool = True
    required_when: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Required when every (field name, accepted literals) pair holds; () leaves it to ``required``."""
    choices: tuple[Choice, ...] = ()
    pattern: str = ""
    """A google-re2 expression that a one-line value must match whole."""
    min_length: int = 0
    max_length: int = 20_000
    hint: str = ""
    """What helps to know, shown where the field is faulty or still open."""
    aliases: tuple[str, ...] = ()
    """Other labels that people may write for it."""

    def __hash__(self) -> int:
        """A cheap hash: each mail looks its form up by the fields, and a catalogue may hold hundreds of choices."""
        return hash((self.name, self.label, self.type, len(self.choices)))


FaultCode = Literal[
    "missing", "empty", "not_in_list", "several_values", "given_twice", "too_short", "too_long", "bad_format",
    "bad_date", "no_such_day", "attachment_too_large", "mail_too_large", "too_many_attachments", "missing_file",
    "encrypted", "no_text", "refused", "unknown_number", "same_ticket", "closed_ticket", "other_group", "other_ticket",
    "other_address",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a form, with all that a person needs to mend it.

    ``field`` is the field's name ("" for the mail as a whole), ``label`` its label; ``read`` what was read; ``allowed``
    the allowed literals or, for a length or size, the limit as text; ``nearest`` the nearest valid value or "".
    For what is ``missing``, ``read`` is the line that may have been meant, if any.
    ``detail`` says more where the code does not suffice: the type that ``bad_format``, ``bad_date`` and ``no_such_day``
    wanted («email», «phone», «number», «pattern», «date», «datetime»), the length or size that was read, the names of
    files beyond the limit, or why something is ``refused``. ``hint`` is the field's own.
    """

    field: str
    code: FaultCode
    read: str = ""
    allowed: tuple[str, ...] = ()
    nearest: str = ""
    label: str = ""
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A parsed body: the valid values by field name in the fields' order, and everything that is wrong."""

    values: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[str, ...] = ()
    """Labels that were read but that nobody asked for, as they were written."""
    recognised: bool = False
    """At least one label of the grammar was found."""

    def get(self, name: str) -> str:
        """The value of field ``name``, or ""."""
        return dict(self.values).get(name, "")


NO_FORM = Form()
"""A form that was not read."""
