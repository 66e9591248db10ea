"""The technicians' actions as a table: key → the fields of its form, in the same grammar as openings (T).

What an action does stands in rules/actions.py; here is what it asks for, so that links, repaired forms and the parser
all read the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from parsers.form import Choice, Fault, Field, Form, fold_label, parse_form
from parsers.form import form_lines as blocks
from rules import wording
from rules.caching import once_per_desk
from rules.desk import Desk
from rules.lifecycle import TRANSITIONS, reasons
from rules.tables import Canned, Escalation
from rules.ticket import STATES, State, Ticket


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
    "explain": ActionForm(("number?",)),
    "open": ActionForm(("kind", "requester"), on_ticket=False),
    "search": ActionForm(
        ("number?", "name?", "address?", "tax_id?", "text_words?", "state?", "group_any?", "since?", "until_date?"),
        on_ticket=False,
    ),
    "worklist": ActionForm(on_ticket=False),
}
"""Every action by its key, in the order in which letters show them."""

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
    "came_from": lambda ticket, desk: bool(ticket.came_from),
    "other_kinds": lambda ticket, desk: len(desk.kinds) > 1,
    "has_categories": lambda ticket, desk: bool(desk.categories),
    "has_service": lambda ticket, desk: any(f.name == "service" for f in desk.kinds[ticket.kind].fields),
}


def offered(key: str, ticket: Ticket, desk: Desk) -> bool:
    """Whether a link for action ``key`` makes sense on ``ticket``."""
    return _CONDITIONS[ACTIONS[key].offered](ticket, desk)


# -- fields


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a field may depend on."""

    desk: Desk
    ticket: Ticket | None
    form: ActionForm

    def word(self, section: str, key: str) -> str:
        """An entry of the catalogue in the language of the form."""
        return wording.word(self.desk, section, key, language_of(self.ticket, self.desk))


def language_of(ticket: Ticket | None, desk: Desk) -> str:
    """The language in which a ticket's group reads its letters and so its forms; "" without a ticket: the desk's."""
    return desk.groups[ticket.group].language if ticket else ""


def _text(name: str, many: bool = True) -> Callable[[_Asked], Field]:
    return lambda asked: Field(name, "", many_lines=many)


def _literal(section: str, key: str, asked: _Asked) -> Choice:
    return Choice(asked.word(section, key), wording.spellings(asked.desk, section, key))


def _reason(asked: _Asked) -> Field:
    if asked.form.target == "assigned" or asked.ticket is None:
        return Field("reason", "", many_lines=True)
    table = wording.reasons_table(asked.desk, asked.ticket.kind)
    codes = reasons(table, asked.form.target)
    return Field("reason", "", "choice", choices=tuple(_literal("reasons", code, asked) for code in codes))


def _technician(asked: _Asked) -> Field:
    group = asked.desk.groups[asked.ticket.group] if asked.ticket else None
    members = group.members if group else ()
    choices = tuple(Choice(m, (m.split("@")[0],)) for m in members)
    return Field("technician", "", "choice", choices=choices)


def _canned(asked: _Asked) -> Field:
    group = asked.ticket.group if asked.ticket else ""
    return Field("canned", "", "choice", choices=tuple(Choice(c.title) for c in canned_for(asked.desk, group)))


def _from_table(name: str, source: Callable[[Desk], tuple[Choice, ...]]) -> Callable[[_Asked], Field]:
    return lambda asked: Field(name, "", "choice", choices=source(asked.desk))


def _groups(desk: Desk, but: str = "") -> tuple[Choice, ...]:
    return tuple(Choice(group.label, (key,)) for key, group in desk.groups.items() if key != but)


def _specialists(asked: _Asked) -> Field:
    """Any group but the one that has it."""
    return Field("group", "", "choice", choices=_groups(asked.desk, asked.ticket.group if asked.ticket else ""))


def _states(desk: Desk) -> tuple[Choice, ...]:
    literals = (wording.state_literals(desk, state) for state in STATES)
    return tuple(Choice(first, tuple(others)) for first, *others in literals)


def _kinds(desk: Desk) -> tuple[Choice, ...]:
    return tuple(Choice(kind.label, (key,)) for key, kind in desk.kinds.items())


_FIELDS: Mapping[str, Callable[[_Asked], Field]] = {
    "text": _text("text"),
    "text_words": _text("text", many=False),
    "solution": _text("solution"),
    "reason": _reason,
    "technician": _technician,
    "canned": _canned,
    "until": lambda asked: Field("until", "", "date"),
    "follow_up": lambda asked: Field("follow_up", "", "date"),
    "since": lambda asked: Field("since", "", "date"),
    "until_date": lambda asked: Field("until_date", "", "date"),
    "case": _from_table("case", lambda desk: tuple(Choice(case.name) for case in desk.escalations)),
    "group": _specialists,
    "group_any": _from_table("group", _groups),
    "kind": _from_table("kind", _kinds),
    "category": _from_table("category", lambda desk: tuple(Choice(c.name, c.aliases) for c in desk.categories)),
    "priority": _from_table("priority", lambda desk: tuple(Choice(p) for p in desk.priorities)),
    "service": _from_table("service", lambda desk: tuple(Choice(s.name, s.aliases) for s in desk.services)),
    "with": _text("with", many=False),
    "number": _text("number", many=False),
    "name": _text("name", many=False),
    "tax_id": _text("tax_id", many=False),
    "state": _from_table("state", _states),
    "address": _text("address", many=False),
    "requester": lambda asked: Field("requester", "", "email"),
}


def canned_for(desk: Desk, group: str) -> tuple[Canned, ...]:
    """The canned replies that ``group`` may use."""
    return tuple(reply for reply in desk.canned if not reply.groups or group in reply.groups)


def case_named(desk: Desk, name: str) -> Escalation | None:
    """The escalation case of that name."""
    return next((case for case in desk.escalations if case.name == name), None)


def fields_of(key: str, ticket: Ticket | None, desk: Desk) -> tuple[Field, ...]:
    """The form of action ``key`` as fields for the parser; labels in every language are understood."""
    form = ACTIONS[key]
    asked = _Asked(desk, ticket, form)
    names = [name for name in form.fields if not (ticket and name == "number?")]  # the ticket's own is known
    made = (_labelled(_FIELDS[name.rstrip("?")](asked), name, asked) for name in names)
    return tuple(field for field in made if field.choices or field.name not in ("canned", "case"))


def _labelled(field: Field, name: str, asked: _Asked) -> Field:
    return Field(
        field.name,
        asked.word("action_fields", field.name),
        field.type,
        many_lines=field.many_lines,
        required=not name.endswith("?"),
        choices=field.choices,
        aliases=wording.spellings(asked.desk, "action_fields", field.name),
    )


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


def case_fields(case: Escalation | None, desk: Desk) -> tuple[Field, ...]:
    """The further fields that an escalation case demands."""
    return tuple(desk.field(table) for table in case.fields) if case else ()


def parse_action(text: str, ticket: Ticket | None, desk: Desk) -> tuple[str, Form]:
    """The action that ``text`` asks for and its form; ("", the faults) where no action can be read.

    The fields of an escalation's case and of an opening for a caller are read in a second look, once it is known
    which they are.
    """
    own = wording.own_lines(desk)
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


ACTION_FIELDS = ("action", "number", "name", "address", "tax_id", "text", "state", "group", "since", "until_date")
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
    return wording.word(desk, "reasons", code, language_of(ticket, desk)) if code else ""


def form_lines(key: str, ticket: Ticket | None, desk: Desk, values: Mapping[str, str]) -> list[str]:
    """The form of action ``key`` as lines, filled with ``values``; the reason begins with the usual one."""
    fields = fields_of(key, ticket, desk)
    defaults = {"reason": default_reason(key, ticket, desk)}
    further = further_fields(key, Form(tuple(values.items())), desk)
    word = _Asked(desk, ticket, ACTIONS[key]).word
    head = f"{word('action_fields', 'action')}: {word('actions', event_of(key))}"
    own = _unless_asked(_may_write(fields, key, ticket, desk), further)
    return [head, *blocks((*own, *further), {**defaults, **values})]


def _unless_asked(fields: tuple[Field, ...], further: tuple[Field, ...]) -> tuple[Field, ...]:
    """``fields`` without those whose label a further field has: a case may ask for a «Motivo» of its own."""
    asked = {fold_label(field.label) for field in further}
    return tuple(field for field in fields if fold_label(field.label) not in asked)


def _may_write(fields: tuple[Field, ...], key: str, ticket: Ticket | None, desk: Desk) -> tuple[Field, ...]:
    """A group that answers in canned replies only is not offered the free text beside them."""
    if ticket is None or desk.groups[ticket.group].free_text or "canned" not in ACTIONS[key].one_of:
        return fields
    return tuple(field for field in fields if field.name not in ("text", "solution"))
