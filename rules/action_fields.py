"""The fields that actions ask for, by name (T): their type and what may be written in them on this ticket.

Which action asks for which of them stands in rules/action_forms.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from parsers.form import Choice, Field, FieldType
from rules import wording
from rules.desk import Desk
from rules.lifecycle import reasons
from rules.tables import Canned, Group, Kind
from rules.ticket import STATES, State, Ticket


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a field may depend on."""

    desk: Desk
    ticket: Ticket | None
    target: State

    @property
    def group(self) -> str:
        """The group that has the ticket; "" without one."""
        return self.ticket.group if self.ticket else ""

    @property
    def kind(self) -> str:
        """What the ticket is; "" without one."""
        return self.ticket.kind if self.ticket else ""

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


def _plain(name: str, type: FieldType = "text", many_lines: bool = False) -> Callable[[_Asked], Field]:
    return lambda asked: Field(name, "", type, many_lines)


def _choice(name: str, choices: Callable[[_Asked], Iterable[Choice]]) -> Callable[[_Asked], Field]:
    return lambda asked: Field(name, "", "choice", choices=tuple(choices(asked)))


def _literal(section: str, key: str, asked: _Asked) -> Choice:
    return Choice(asked.word(section, key), wording.spellings(asked.desk, section, key))


def _reason(asked: _Asked) -> Field:
    if asked.target == "assigned" or asked.ticket is None:
        return Field("reason", "", many_lines=True)
    table = wording.reasons_table(asked.desk, asked.ticket.kind)
    codes = reasons(table, asked.target)
    return Field("reason", "", "choice", choices=tuple(_literal("reasons", code, asked) for code in codes))


def _members(asked: _Asked) -> Iterable[Choice]:
    """By what stands before «@» where that is one's alone."""
    members = asked.desk.groups[asked.group].members if asked.group else ()
    short = Counter(member.partition("@")[0].lower() for member in members)
    return (Choice(m, tuple(s for s in (m.partition("@")[0],) if short[s.lower()] == 1)) for m in members)


def _states(asked: _Asked) -> Iterable[Choice]:
    literals = (wording.state_literals(asked.desk, state) for state in STATES)
    return (Choice(first, tuple(others)) for first, *others in literals)


def _labelled(table: Mapping[str, Group] | Mapping[str, Kind], but: str = "") -> Iterable[Choice]:
    """The rows of a table, by label or key, but for the one that a ticket is of already."""
    return (Choice(row.label, (key,)) for key, row in table.items() if key != but)


def _service(asked: _Asked) -> Field:
    """The service as the form of the ticket's kind asks for it: not every one takes its choices from `[[services]]`."""
    own = asked.desk.named_fields(asked.kind).get("service", Field("service", ""))
    return replace(own, required_when=())


_FIELDS: Mapping[str, Callable[[_Asked], Field]] = {
    "text": _plain("text", many_lines=True),
    "text:words": _plain("text"),
    "solution": _plain("solution", many_lines=True),
    "reason": _reason,
    "technician": _choice("technician", _members),
    "canned": _choice("canned", lambda a: (Choice(c.title) for c in canned_for(a.desk, a.group))),
    "until": _plain("until", "date"),
    "follow_up": _plain("follow_up", "date"),
    "since": _plain("since", "date"),
    "until_date": _plain("until_date", "date"),
    "case": _choice("case", lambda a: (Choice(case.name) for case in a.desk.escalations)),
    "group": _choice("group", lambda a: _labelled(a.desk.groups, a.group)),
    "group:any": _choice("group", lambda a: _labelled(a.desk.groups)),
    "kind": _choice("kind", lambda a: _labelled(a.desk.kinds, a.kind)),
    "category": _choice("category", lambda a: (Choice(c.name, c.aliases) for c in a.desk.categories)),
    "priority": _choice("priority", lambda a: map(Choice, a.desk.priorities)),
    "service": _service,
    "with": _plain("with"),
    "number": _plain("number"),
    "name": _plain("name"),
    "tax_id": _plain("tax_id"),
    "state": _choice("state", _states),
    "address": _plain("address"),
    "requester": _plain("requester", "email"),
}
"""Every field by its entry in the rows of rules/action_forms.py: its name, and behind «:» which form of it is meant."""


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
