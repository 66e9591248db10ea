"""Routing: which group, priority and category a ticket gets, by the admin's rules, first match first.

The rules are read once for a desk. `acuse explain`, the rules' own tests and the daemon all run :func:`route`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from parsers.senders import bare
from parsers.spelling import fold_label
from rules.caching import once_per_desk
from rules.conditions import (
    READERS,
    Condition,
    Evidence,
    RouteInput,
    context_of,
    known_texts,
    read_condition,
    read_conditions,
    texts,
    truth,
    unknown,
)
from rules.desk import Desk
from rules.tables import Category, Rule, RuleTest

__all__ = ["Problem", "RouteInput", "Routed", "Step", "default_priority", "problems", "route", "run_tests"]

USUAL_PRIORITY = "Media"
"""What a ticket gets where nothing else gives a priority (L)."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that was tried. ``read``: the condition that failed, or all that held, each with what was read."""

    rule: str
    matched: bool
    read: tuple[tuple[str, str], ...] = ()

    @property
    def why(self) -> str:
        """The same in a line, as an admin writes it."""
        return "; ".join(f"{key}: «{read}»" for key, read in self.read)


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a ticket goes. ``refuse`` is the text of a refusal, "" for none; ``rule`` names the rules that took it, ""
    where none did; ``trace`` tells of every rule that was tried, in order."""

    group: str
    priority: str
    category: str = ""
    notify: tuple[str, ...] = ()
    language: str = ""
    refuse: str = ""
    hold: bool = False
    rule: str = ""
    trace: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class _Compiled:
    rule: Rule
    conditions: tuple[Condition, ...]

    def step(self, evidence: Evidence) -> Step:
        held = []
        for condition in self.conditions:
            holds, read = condition.test(evidence)
            if not holds:
                return Step(self.rule.name, False, ((condition.key, read),))
            held.append((condition.key, read))
        return Step(self.rule.name, True, tuple(held))


@once_per_desk
def _compiled(desk: Desk) -> tuple[_Compiled, ...]:
    return tuple(_Compiled(rule, read_conditions(rule.when, desk)) for rule in desk.rules)


def route(desk: Desk, given: RouteInput) -> Routed:
    """Where ``given`` goes. A rule with `continue` lets later ones add to what it says, never change it.

    Rules that :func:`problems` complains of are a ValueError.
    """
    evidence = Evidence(given, desk)
    trace: list[Step] = []
    matched: list[Rule] = []
    for compiled in _compiled(desk):
        step = compiled.step(evidence)
        trace.append(step)
        if step.matched:
            matched.append(compiled.rule)
            if not compiled.rule.continue_:
                break
    return _routed(desk, given, matched, tuple(trace))


def _routed(desk: Desk, given: RouteInput, matched: Sequence[Rule], trace: tuple[Step, ...]) -> Routed:
    then = _merged(matched)
    category = _category(desk, given.category or then.get("category") or given.fields.get("category", ""))
    chosen_group = category.group if given.category else ""
    group = (
        chosen_group
        or then.get("group")
        or category.group
        or given.address_group
        or desk.kinds[given.kind].default_group
    )
    return Routed(
        group,
        _priority(desk, given, then.get("priority", "")),
        category.name,
        then["notify"],
        then.get("language", ""),
        then.get("refuse", ""),
        then.get("hold", False),
        " + ".join(rule.name for rule in matched),
        trace,
    )


def _merged(matched: Sequence[Rule]) -> dict[str, Any]:
    """What the rules say together: the first to speak of a thing decides it; recipients are added up."""
    then: dict[str, Any] = {}
    notify: list[str] = []
    for rule in matched:
        notify.extend(texts(rule.then["notify"]) if "notify" in rule.then else ())
        then = {**rule.then, **then}
    return {**then, "notify": tuple(dict.fromkeys(notify))}


def _category(desk: Desk, read: str) -> Category:
    key = fold_label(read)
    return next((c for c in desk.categories if key in map(fold_label, (c.name, *c.aliases))), Category(""))


def _priority(desk: Desk, given: RouteInput, by_rule: str) -> str:
    """The rule's, else the opening address's, else a field's, else the kind's, else the usual one."""
    names = {fold_label(name): name for name in desk.priorities}
    read = (by_rule, given.address_priority, given.fields.get("priority", ""), desk.kinds[given.kind].default_priority)
    return next((names[key] for text in read if (key := fold_label(text)) in names), default_priority(desk))


def default_priority(desk: Desk) -> str:
    """«Media», or where there is none of this name the middle one of those configured."""
    if USUAL_PRIORITY in desk.priorities or not desk.priorities:
        return USUAL_PRIORITY
    ranked = sorted(desk.priorities, key=lambda name: desk.priorities[name].rank)
    return ranked[len(ranked) // 2]


# -- what is wrong with the rules


class Problem(NamedTuple):
    """What is wrong with the rule of this index: where in its table, and what is allowed."""

    rule: int
    path: tuple[str | int, ...]
    text: str


def problems(desk: Desk) -> tuple[Problem, ...]:
    """Everything in the rules that cannot be: unknown keys and names, wrong types, expressions that are none."""
    return tuple(
        Problem(index, path, text) for index, rule in enumerate(desk.rules) for path, text in _rule_problems(rule, desk)
    )


Complaint = tuple[tuple[str | int, ...], str]


def _rule_problems(rule: Rule, desk: Desk) -> Iterator[Complaint]:
    context = context_of(rule.when, desk)
    yield from _complaints("when", rule.when, lambda key, value: read_condition(key, value, context))
    yield from _complaints("then", rule.then, lambda key, value: _read_outcome(key, value, desk))
    if not rule.then:
        yield ("then",), f"nothing follows from this rule; write at least one of {', '.join(OUTCOMES)}"
    for number, test in enumerate(rule.tests):
        yield from _test_problems(number, test, rule, desk)


def _complaints(table: str, values: Mapping[str, Any], read: Callable[[str, Any], object]) -> Iterator[Complaint]:
    for key, value in values.items():
        try:
            read(key, value)
        except ValueError as error:
            yield (table, key), str(error)


def _one(what: str, value: Any, known: Sequence[str]) -> None:
    if not isinstance(value, str):
        raise ValueError(f"write the name of a {what}")
    known_texts(what, value, known)


def _addresses(value: Any, desk: Desk) -> None:
    for address in texts(value):
        if not bare(address):
            raise ValueError(f'"{address}" is no mail address; write one such as "ana@cau.example"')
        if address.lower() in desk.own_addresses:
            raise ValueError(f'"{address}" is a mailbox of the desk itself; another address is needed here')


def _text(value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("write the text that the sender will read")


OUTCOMES: Mapping[str, Callable[[Any, Desk], object]] = {
    "group": lambda value, desk: _one("group", value, list(desk.groups)),
    "priority": lambda value, desk: _one("priority", value, list(desk.priorities)),
    "category": lambda value, desk: _one("category", value, [c.name for c in desk.categories]),
    "notify": lambda value, desk: _addresses(value, desk),
    "language": lambda value, desk: _one("language", value, list(desk.catalogue)),
    "refuse": lambda value, desk: _text(value),
    "hold": lambda value, desk: truth(value),
}
"""What may follow from a rule, by key."""


def _read_outcome(key: str, value: Any, desk: Desk) -> None:
    if key not in OUTCOMES:
        raise ValueError(unknown("action", key, list(OUTCOMES)))
    OUTCOMES[key](value, desk)


# -- the rules' own tests

_GIVEN = ("kind", "address", "sender", "text", "attachment", "business_hours")
_EXPECTED = (*OUTCOMES, "rule")


def _test_problems(number: int, test: RuleTest, rule: Rule, desk: Desk) -> Iterator[Complaint]:
    fields = list(context_of({}, desk).fields)
    allowed = {"given": (*_GIVEN, *fields), "expect": _EXPECTED}
    for table, values in (("given", test.given), ("expect", test.expect)):
        for key in values:
            if key not in allowed[table]:
                yield ("tests", number, table, key), unknown("key", key, allowed[table])
    kind = test.given.get("kind")
    if kind is not None and kind not in desk.kinds:
        yield ("tests", number, "given", "kind"), unknown("kind", str(kind), list(desk.kinds))


def run_tests(desk: Desk) -> tuple[str, ...]:
    """The rules' own tests that fail, each told with what was expected, what came out and which rule took it."""
    return tuple(
        failure
        for rule in desk.rules
        for number, test in enumerate(rule.tests, 1)
        if (failure := _failure(rule, number, test, desk))
    )


def _failure(rule: Rule, number: int, test: RuleTest, desk: Desk) -> str:
    routed = route(desk, _input(test.given, rule, desk))
    wrong = [
        f"{key} = {_told(wanted)} expected, got {_told(got)}"
        for key, wanted in test.expect.items()
        if not _same(wanted, got := getattr(routed, key))
    ]
    taken = f'by rule "{routed.rule}"' if routed.rule else "no rule took it"
    return f'rule "{rule.name}", test {number}: {"; ".join(wrong)} ({taken})' if wrong else ""


def _input(given: Mapping[str, Any], rule: Rule, desk: Desk) -> RouteInput:
    """A test's facts as the input that the production code gets."""
    address = str(given.get("address", ""))
    fixed = next((fixed for box in desk.mailboxes for a, fixed in box.addresses.items() if a == address), None)
    return RouteInput(
        kind=str(given.get("kind") or _likely_kind(given, rule, desk)),
        fields={key: str(value) for key, value in given.items() if key not in READERS and key != "text"},
        address=address,
        sender=str(given.get("sender", "")),
        has_attachment=bool(given.get("attachment", False)),
        text=str(given.get("text", "")),
        in_hours=given.get("business_hours"),
        address_priority=fixed.priority if fixed else "",
        address_group=fixed.group if fixed else "",
    )


def _likely_kind(given: Mapping[str, Any], rule: Rule, desk: Desk) -> str:
    """The kind of a test that names none: the rule's first, else the first that has every field given."""
    named = rule.when.get("kind", ())
    first = next(iter(texts(named)), "") if named else ""
    names = {key for key in given if key not in _GIVEN}
    fitting = (kind for kind in desk.kinds if names <= {one.name for one in desk.fields_of(kind)})
    return first or next(fitting, next(iter(desk.kinds)))


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(got, tuple):
        return set(texts(wanted)) == set(got) if wanted else not got
    return bool(got) is wanted if isinstance(wanted, bool) else bool(wanted == got)


def _told(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list | tuple) else f'"{value}"'
