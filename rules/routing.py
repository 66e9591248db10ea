"""Routing: which group, priority and category a ticket gets, by the admin's rules, first match first.

The rules are read once for a desk. `acuse explain`, the rules' own tests and the daemon all run :func:`route`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parsers.spelling import fold_label
from rules.caching import once_per_desk
from rules.conditions import Condition, Evidence, RouteInput, read_conditions, texts
from rules.desk import Desk
from rules.tables import Category, Rule

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

    Rules that :func:`rules.rule_checks.problems` complains of are a ValueError.
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
    read = given.category or then.get("category") or given.fields.get("category", "")
    category = _categories(desk).get(fold_label(read), Category(""))
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


@once_per_desk
def _categories(desk: Desk) -> Mapping[str, Category]:
    """By each of their names, as it is compared."""
    return {fold_label(name): each for each in desk.categories for name in (each.name, *each.aliases)}


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
