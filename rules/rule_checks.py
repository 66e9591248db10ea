"""What is wrong with the routing rules, all at once and each with its place: unknown keys and names, wrong types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from parsers.senders import bare
from rules.conditions import Context, context_of, known_texts, read_condition, texts, truth, unknown
from rules.desk import Desk
from rules.rule_tests import GIVEN, Problem
from rules.tables import Rule, RuleTest


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
    if rule.then.get("hold") is True and "refuse" in rule.then:
        yield ("then", "hold"), "this rule refuses as well, and what is refused is not held; keep one"
    for number, test in enumerate(rule.tests):
        yield from _test_problems(number, test, desk)


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


def _test_problems(number: int, test: RuleTest, desk: Desk) -> Iterator[Complaint]:
    context = context_of(test.given, desk)
    readers: Mapping[str, Callable[[str, Any], object]] = {
        "given": lambda key, value: _read_given(key, value, context),
        "expect": _read_expected,
    }
    if not test.expect:
        yield (
            ("tests", number, "expect"),
            f"nothing is expected; write at least one of {', '.join((*OUTCOMES, 'rule'))}",
        )
    for table, values in (("given", test.given), ("expect", test.expect)):
        for path, text in _complaints(table, values, readers[table]):
            yield ("tests", number, *path), text


def _read_given(key: str, value: Any, context: Context) -> None:
    """A fact of a test may be what a condition may ask for: it is checked as such."""
    _known_key(key, (*GIVEN, *context.fields))
    if key != "text":
        read_condition(key, value, context)


def _read_expected(key: str, value: Any) -> None:
    """What is expected is written as it follows; nothing, as an empty text or list."""
    _known_key(key, (*OUTCOMES, "rule"))
    if value not in ("", []) and not isinstance(value, bool):
        texts(value)


def _known_key(key: str, known: Sequence[str]) -> None:
    if key not in known:
        raise ValueError(unknown("key", key, known))
