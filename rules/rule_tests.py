"""The tests that an admin writes beside a routing rule: given these facts, this must follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from parsers.values import chosen
from rules.conditions import RouteInput, texts
from rules.desk import Desk
from rules.routing import route
from rules.tables import Rule, RuleTest

GIVEN = ("kind", "address", "sender", "text", "attachment", "business_hours")
"""What a test may give; any other key is a field's name."""


class Problem(NamedTuple):
    """What is wrong with the rule of this index: where in its table, and what is allowed or came out."""

    rule: int
    path: tuple[str | int, ...]
    text: str


def run_tests(desk: Desk) -> tuple[Problem, ...]:
    """The rules' own tests that fail, each told with what was expected, what came out and which rule took it."""
    return tuple(
        Problem(index, ("tests", number), failure)
        for index, rule in enumerate(desk.rules)
        for number, test in enumerate(rule.tests)
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
    return f'rule "{rule.name}", test {number + 1}: {"; ".join(wrong)} ({taken})' if wrong else ""


def _input(given: Mapping[str, Any], rule: Rule, desk: Desk) -> RouteInput:
    """A test's facts as the input that the production code gets."""
    kind = str(given.get("kind") or _likely_kind(given, rule, desk))
    address = str(given.get("address", ""))
    fixed = desk.fixed_at(address, kind)
    return RouteInput(
        kind=kind,
        fields={key: _kept(str(value), key, kind, desk) for key, value in given.items() if key not in GIVEN},
        address=address,
        sender=str(given.get("sender", "")),
        has_attachment=bool(given.get("attachment", False)),
        text=str(given.get("text", "")),
        in_hours=given.get("business_hours"),
        address_priority=fixed.priority,
        address_group=fixed.group,
    )


def _kept(value: str, name: str, kind: str, desk: Desk) -> str:
    """A field's value as a form keeps it: the literal that it is a spelling of."""
    field = desk.named_fields(kind).get(name)
    return (field and chosen(field, value)) or value


def _likely_kind(given: Mapping[str, Any], rule: Rule, desk: Desk) -> str:
    """The kind of a test that names none: the rule's first, else the first that has every field given."""
    named = rule.when.get("kind", ())
    first = next(iter(texts(named)), "") if named else ""
    names = {key for key in given if key not in GIVEN}
    fitting = (kind for kind in desk.kinds if names <= {one.name for one in desk.fields_of(kind)})
    return first or next(fitting, next(iter(desk.kinds)))


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(got, tuple):
        return set(texts(wanted)) == set(got) if wanted else not got
    return bool(got) is wanted if isinstance(wanted, bool) else bool(wanted == got)


def _told(value: Any) -> str:
    """As TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, list | tuple) else f'"{value}"'
