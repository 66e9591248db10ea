"""The technicians' actions as a table: key → the fields of its form, in the same grammar as openings (T).

What an action does stands in rules/everyday.py and rules/transfers.py, how each field is made in
rules/action_fields.py; here is what is asked for, so that links, repaired forms and the parser all read the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from parsers.form import Choice, Fault, Field, Form, form_lines, parse_form
from parsers.spelling import fold_label
from rules import wording
from rules.action_fields import canned_for, field_of, group_language
from rules.caching import once_per_desk
from rules.desk import Desk
from rules.lifecycle import TRANSITIONS, reasons
from rules.tables import Escalation
from rules.ticket import State, Ticket


@dataclass(frozen=True, slots=True)
class ActionForm:
    """``fields`` by name, one with «?» is optional; of ``one_of`` at least one must be given; ``target`` is the state
    whose reasons the field `reason` takes. ``on_ticket``: it needs a ticket (and its token); else it is sent to the
    desk with the subject «Consulta». ``offered``: name of the condition under which a link is shown.
    """

    fields: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    target: State = "assigned"
    on_ticket: bool = True
    offered: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Of all its fields, «Acción» first."""
        return ("action", *(entry.rstrip("?").partition(":")[0] for entry in self.fields))


ACTIONS: Mapping[str, ActionForm] = {
    "take": ActionForm(),
    "answer": ActionForm(("text?", "canned?"), one_of=("text", "canned")),
    "ask": ActionForm(("reason?", "text?", "canned?"), one_of=("text", "canned"), target="pending"),
    "hold": ActionForm(("reason", "until?", "text?"), target="pending"),
    "contact": ActionForm(("text?",)),
    "resolve": ActionForm(
        ("reason?", "solution?", "canned?", "follow_up?"), one_of=("solution", "canned"), target="resolved"
    ),
    "reopen": ActionForm(("text?",)),
    "refuse": ActionForm(("reason", "text?")),
    "escalate": ActionForm(("case", "reason?"), offered="has_coordination"),
    "specialist": ActionForm(("group", "reason?"), offered="is_coordination"),
    "return": ActionForm(("reason?",), offered="came_from"),
    "assign": ActionForm(("technician",)),
    "note": ActionForm(("text",)),
    "relate": ActionForm(("with",)),
    "merge": ActionForm(("with",)),
    "reclassify": ActionForm(("kind",), offered="other_kinds"),
    "category": ActionForm(("category",), offered="has_categories"),
    "priority": ActionForm(("priority",)),
    "service": ActionForm(("service",), offered="has_service"),
    "explain": ActionForm(("number",)),
    "open": ActionForm(("kind", "requester"), on_ticket=False),
    "search": ActionForm(
        ("number?", "name?", "address?", "tax_id?", "text:words?", "state?", "group:any?", "since?", "until_date?"),
        on_ticket=False,
    ),
    "worklist": ActionForm(on_ticket=False),
}
"""Every action by its key, in the order in which letters show them."""

CONSULTED = (*(key for key, row in ACTIONS.items() if not row.on_ticket), "explain")
"""Those that a technician may ask for without a ticket's token, by the subject «Consulta»."""

SAME_WORD = {"specialist": "escalate"}
"""Actions that share another's word: «Escalar» by the coordination group chooses the specialist group."""


def event_of(key: str) -> str:
    """The event that action ``key`` makes, as rules/lifecycle.py knows it."""
    return SAME_WORD.get(key, key)


def is_coordination(desk: Desk, group: str) -> bool:
    """Whether some group escalates to ``group``."""
    return any(other.escalates_to == group for other in desk.groups.values())


_CONDITIONS: Mapping[str, Callable[[Ticket, Desk], bool]] = {
    "": lambda ticket, desk: True,
    "has_coordination": lambda ticket, desk: (
        bool(desk.groups[ticket.group].escalates_to) and not is_coordination(desk, ticket.group)
    ),
    "is_coordination": lambda ticket, desk: is_coordination(desk, ticket.group),
    "came_from": lambda ticket, desk: bool(ticket.came_from) and ticket.came_from[-1] in desk.groups,
    "other_kinds": lambda ticket, desk: len(desk.kinds) > 1,
    "has_categories": lambda ticket, desk: bool(desk.categories),
    "has_service": lambda ticket, desk: any(f.name == "service" for f in desk.kinds[ticket.kind].fields),
}


def offered(key: str, ticket: Ticket, desk: Desk) -> bool:
    """Whether a link for action ``key`` makes sense on ``ticket``."""
    return _CONDITIONS[ACTIONS[key].offered](ticket, desk)


# -- the form of one action


def fields_of(key: str, ticket: Ticket | None, desk: Desk) -> tuple[Field, ...]:
    """The form of action ``key`` as fields for the parser; labels in every language are understood."""
    row = ACTIONS[key]
    entries = [entry for entry in row.fields if not (ticket and entry == "number")]  # the ticket's own is known
    made = (field_of(entry, ticket, desk, row.target) for entry in entries)
    return tuple(field for field in made if field.choices or field.name not in ("canned", "case"))


def action_field(desk: Desk) -> Field:
    """«Acción: …», the first line of every such form."""
    return Field(
        "action",
        wording.word(desk, "action_fields", "action"),
        "choice",
        choices=tuple(
            Choice(wording.word(desk, "actions", key), wording.spellings(desk, "actions", key))
            for key in ACTIONS
            if key not in SAME_WORD
        ),
        aliases=wording.spellings(desk, "action_fields", "action"),
    )


def case_named(desk: Desk, name: str) -> Escalation | None:
    """The escalation case of that name."""
    return next((case for case in desk.escalations if case.name == name), None)


def case_fields(case: Escalation | None, desk: Desk) -> tuple[Field, ...]:
    """The further fields that an escalation case demands."""
    return tuple(desk.field(table) for table in case.fields) if case else ()


def parse_action(text: str, ticket: Ticket | None, desk: Desk) -> tuple[str, Form]:
    """The action that ``text`` asks for and its form; ("", the faults) where no action can be read.

    The fields of an escalation's case and of an opening for a caller are read in a second look, once it is known
    which they are.
    """
    own = wording.form_hints(desk)
    named = parse_form(text, (action_field(desk),), desk.zone, own=own)
    key = acting_key(wording.key_of(desk, "actions", named.get("action")), ticket, desk)
    if not key:
        return "", named
    fields = fields_of(key, ticket, desk)
    first = parse_form(text, (action_field(desk), *fields), desk.zone, own=own)
    further = further_fields(key, first, desk)
    asked = (action_field(desk), *_unless_asked(fields, further), *further)
    form = parse_form(text, asked, desk.zone, own=own) if further else first
    return key, Form(
        form.values,
        form.faults + _one_of(key, form, _may_write(fields, key, ticket, desk)),
        form.warnings,
        form.recognised,
    )


def acting_key(key: str, ticket: Ticket | None, desk: Desk) -> str:
    """The row that a word means on this ticket: «Escalar» of a coordination group is `specialist`."""
    for other, shared in SAME_WORD.items():
        if key == shared and ticket and offered(other, ticket, desk):
            return other
    return key


def kind_named(form: Form, desk: Desk) -> str:
    """The kind that «Clase» names; "" for none."""
    return next((key for key, kind in desk.kinds.items() if kind.label == form.get("kind")), "")


def further_fields(key: str, form: Form, desk: Desk) -> tuple[Field, ...]:
    """The fields that a value of the form brings with it: an escalation's case, an opening's kind."""
    if key == "escalate":
        return case_fields(case_named(desk, form.get("case")), desk)
    kind = kind_named(form, desk)
    if key == "open":
        return desk.fields_of(kind) if kind else ()
    if key == "reclassify":
        return tuple(replace(field, required=False, required_when=()) for field in desk.fields_of(kind)) if kind else ()
    return searched_fields(desk) if key == "search" else ()


@once_per_desk
def searched_fields(desk: Desk) -> tuple[Field, ...]:
    """The kinds' fields as a search takes them: any part of their text, each label once, the search's own first."""
    taken = {fold_label(label) for key in ACTION_FIELDS for label in wording.spellings(desk, "action_fields", key)}
    found: dict[str, Field] = {}
    for kind in desk.kinds:
        for field in desk.fields_of(kind):
            if field.name not in ACTION_FIELDS and fold_label(field.label) not in taken:
                found.setdefault(fold_label(field.label), Field(field.name, field.label, required=False))
    return tuple(found.values())


ACTION_FIELDS = ACTIONS["search"].names
"""The names that a search's own fields have."""


def _one_of(key: str, form: Form, fields: tuple[Field, ...]) -> tuple[Fault, ...]:
    wanted = ACTIONS[key].one_of
    if not wanted or any(form.get(name) for name in wanted) or any(f.field in wanted for f in form.faults):
        return ()
    first = next((field for name in wanted for field in fields if field.name == name), None)
    choices = tuple(choice.value for choice in first.choices) if first else ()
    return (Fault(first.name, "missing", allowed=choices, label=first.label),) if first else ()


def default_reason(key: str, ticket: Ticket | None, desk: Desk) -> str:
    """The literal of the reason that an action usually has on this ticket; "" where reasons are free text."""
    if ticket is None or key not in TRANSITIONS or (key == "resolve" and canned_for(desk, ticket.group)):
        return ""  # with a canned reply the usual reason is another one
    allowed = reasons(wording.reasons_table(desk, ticket.kind), TRANSITIONS[key].target)
    usual = TRANSITIONS[key].reason
    code = usual if usual in allowed else next(iter(allowed), "")
    return wording.word(desk, "reasons", code, group_language(ticket, desk)) if code else ""


def only_kind(key: str, desk: Desk) -> str:
    """The kind of a caller's ticket where the desk has but one; "" where it is to be chosen."""
    return next(iter(desk.kinds.values())).label if key == "open" and len(desk.kinds) == 1 else ""


def action_lines(key: str, ticket: Ticket | None, desk: Desk, values: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The form of action ``key`` as lines, filled with ``values``, and what is said below it; the reason begins with
    the usual one, the kind of a caller's ticket with the only one."""
    fields = fields_of(key, ticket, desk)
    known = {"reason": default_reason(key, ticket, desk), "kind": only_kind(key, desk), **values}
    further = further_fields(key, Form(tuple(known.items())), desk)
    language = group_language(ticket, desk)
    word = partial(wording.word, desk, language=language)
    head = f"{word('action_fields', 'action')}: {word('actions', event_of(key))}"
    asked = (*_unless_asked(_may_write(fields, key, ticket, desk), further), *further)
    filled = form_lines(asked, known, dates=wording.date_forms(desk, language))
    to_follow = [word("bodies", hint) for name, hint in _brings(key, desk) if not known.get(name)]
    told = wording.instructions(desk, asked, known, language, ACTIONS[key].one_of)
    return [head, *filled], [*to_follow, *told]


def _brings(key: str, desk: Desk) -> Iterator[tuple[str, str]]:
    """The field of an action whose value brings further ones, and the catalogue's word for that."""
    if key == "open":
        yield "kind", "kind_hint"
    elif key == "escalate" and any(case.fields or case.files for case in desk.escalations):
        yield "case", "case_hint"


def _unless_asked(fields: tuple[Field, ...], further: tuple[Field, ...]) -> tuple[Field, ...]:
    """``fields`` without what may be left out and whose label a further field has: a case may ask for a «Motivo» of its
    own."""
    asked = {fold_label(field.label) for field in further}
    return tuple(field for field in fields if field.required or fold_label(field.label) not in asked)


def _may_write(fields: tuple[Field, ...], key: str, ticket: Ticket | None, desk: Desk) -> tuple[Field, ...]:
    """A group that answers in canned replies only is not offered the free text beside them."""
    if ticket is None or desk.groups[ticket.group].free_text or "canned" not in ACTIONS[key].one_of:
        return fields
    return tuple(field for field in fields if field.name not in ("text", "solution"))
