"""The fields that actions ask for, by name (T): their type and what may be written in them on this ticket.

Which action asks for which of them stands in rules/action_forms.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from parsers.form import Choice, Field
from rules import wording
from rules.desk import Desk
from rules.lifecycle import reasons
from rules.tables import Canned
from rules.ticket import STATES, State, Ticket


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a field may depend on."""

    desk: Desk
    ticket: Ticket | None
    target: State

    def word(self, section: str, key: str) -> str:
        """An entry of the catalogue in the language of the form."""
        return wording.word(self.desk, section, key, group_language(self.ticket, self.desk))

    def hint(self, key: str) -> str:
        """What helps to fill a field in, "" where its label says it."""
        words = self.desk.words(group_language(self.ticket, self.desk))
        return str(words.get("action_hints", {}).get(key, ""))


def group_language(ticket: Ticket | None, desk: Desk) -> str:
    """The language in which a ticket's group reads its letters and so its forms; "" without a ticket: the desk's."""
    return desk.groups[ticket.group].language if ticket else ""


def _text(name: str, many: bool = True) -> Callable[[_Asked], Field]:
    return lambda asked: Field(name, "", many_lines=many)


def _literal(section: str, key: str, asked: _Asked) -> Choice:
    return Choice(asked.word(section, key), wording.spellings(asked.desk, section, key))


def _reason(asked: _Asked) -> Field:
    if asked.target == "assigned" or asked.ticket is None:
        return Field("reason", "", many_lines=True)
    table = wording.reasons_table(asked.desk, asked.ticket.kind)
    codes = reasons(table, asked.target)
    return Field("reason", "", "choice", choices=tuple(_literal("reasons", code, asked) for code in codes))


def _technician(asked: _Asked) -> Field:
    """A member, by what stands before «@» where that is one's alone."""
    group = asked.desk.groups[asked.ticket.group] if asked.ticket else None
    members = group.members if group else ()
    short = Counter(member.partition("@")[0].lower() for member in members)
    choices = tuple(Choice(m, tuple(s for s in (m.partition("@")[0],) if short[s.lower()] == 1)) for m in members)
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


def _kinds(asked: _Asked) -> Field:
    """Any kind but the one that it is."""
    kind_now = asked.ticket.kind if asked.ticket else ""
    choices = tuple(Choice(kind.label, (key,)) for key, kind in asked.desk.kinds.items() if key != kind_now)
    return Field("kind", "", "choice", choices=choices)


def _service(asked: _Asked) -> Field:
    """The service as the form of the ticket's kind asks for it: not every one takes its choices from `[[services]]`."""
    own = asked.desk.named_fields(asked.ticket.kind if asked.ticket else "").get("service", Field("service", ""))
    return replace(own, required_when=())


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
    "kind": _kinds,
    "category": _from_table("category", lambda desk: tuple(Choice(c.name, c.aliases) for c in desk.categories)),
    "priority": _from_table("priority", lambda desk: tuple(Choice(p) for p in desk.priorities)),
    "service": _service,
    "with": _text("with", many=False),
    "number": _text("number", many=False),
    "name": _text("name", many=False),
    "tax_id": _text("tax_id", many=False),
    "state": _from_table("state", _states),
    "address": _text("address", many=False),
    "requester": lambda asked: Field("requester", "", "email"),
}
"""Every field by its name in the rows of rules/action_forms.py; two names may share one label."""


def field_of(entry: str, ticket: Ticket | None, desk: Desk, target: State) -> Field:
    """The field that an entry of an action's row stands for, one with «?» is optional; ``target`` is the state whose
    reasons it may take. Labels in every language are understood."""
    asked = _Asked(desk, ticket, target)
    field = _FIELDS[entry.rstrip("?")](asked)
    return replace(
        field,
        label=asked.word("action_fields", field.name),
        required=not entry.endswith("?"),
        hint=asked.hint(field.name),
        aliases=wording.spellings(desk, "action_fields", field.name),
    )


def canned_for(desk: Desk, group: str) -> tuple[Canned, ...]:
    """The canned replies that ``group`` may use."""
    return tuple(reply for reply in desk.canned if not reply.groups or group in reply.groups)
