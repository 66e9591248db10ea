"""The conditions of a routing rule: `when = { service = "AREN", words = ["caída", "no responde"] }`.

Each key is a row of READERS, or the name of a field; its value is one text or a list of which any will do. Reading a
condition raises ValueError with what is wrong and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import re2

from parsers.fields import Field
from parsers.spelling import fold, fold_label, nearest
from parsers.values import chosen
from rules.access import domain_of
from rules.deadlines import calendar_for
from rules.desk import Desk

TEXT_LIMIT = 100_000
"""Characters of a mail that words and expressions are looked for in."""

_EXCERPT = 60
_LINEAR = re2.Options()
_LINEAR.log_errors = False
_WORD = re.compile(r"\w+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class RouteInput:
    """What routing may look at. ``fields`` by name; ``text`` the whole body ("": the fields' values); ``at`` when it
    arrived, from which the business hours of the kind's group follow unless ``in_hours`` says them. The ``address_…``
    are what the opening address fixes; ``category`` is a technician's choice, which no rule changes."""

    kind: str
    fields: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    sender: str = ""
    has_attachment: bool = False
    text: str = ""
    at: datetime | None = None
    in_hours: bool | None = None
    address_priority: str = ""
    address_group: str = ""
    category: str = ""


@dataclass(frozen=True)
class Evidence:
    """An input with what several conditions want to know of it, worked out once."""

    given: RouteInput
    desk: Desk

    @cached_property
    def text(self) -> str:
        """The text that is searched."""
        return (self.given.text or "\n".join(self.given.fields.values()))[:TEXT_LIMIT]

    @cached_property
    def words(self) -> str:
        """The words of the text without case and accents, with one space around each."""
        return _spaced(self.text)

    @cached_property
    def in_hours(self) -> bool:
        """Whether it came within the business hours of the kind's group; without a time or calendar it did."""
        if self.given.in_hours is not None or self.given.at is None:
            return self.given.in_hours is not False
        return calendar_for(self.desk, "", self.desk.kinds[self.given.kind].default_group).is_open(self.given.at)


Found = tuple[bool, str]
Test = Callable[[Evidence], Found]


@dataclass(frozen=True, slots=True)
class Condition:
    """``test`` says whether it holds, and what was read."""

    key: str
    test: Test


@dataclass(frozen=True, slots=True)
class Context:
    """What a condition is read against: the desk, and the fields that its rule may name, of one or several kinds."""

    desk: Desk
    fields: Mapping[str, tuple[Field, ...]]


def read_conditions(when: Mapping[str, Any], desk: Desk) -> tuple[Condition, ...]:
    """The conditions of a rule. All problems at once are found by :func:`rules.rule_checks.problems`."""
    context = context_of(when, desk)
    return tuple(Condition(key, read_condition(key, value, context)) for key, value in when.items())


def context_of(when: Mapping[str, Any], desk: Desk) -> Context:
    """The fields of the kinds that ``when`` speaks of: those it names, else of all."""
    named = _as_texts(when.get("kind", ()))
    fields: dict[str, tuple[Field, ...]] = {}
    for kind in [k for k in desk.kinds if k in named] or desk.kinds:
        for one in desk.fields_of(kind):
            fields[one.name] = (*fields.get(one.name, ()), one)
    return Context(desk, fields)


def read_condition(key: str, value: Any, context: Context) -> Test:
    """One condition as a test."""
    if reader := READERS.get(key):
        return reader(value, context)
    if key in context.fields:
        return _field(key, value, context)
    raise ValueError(unknown("condition or field", key, (*READERS, *context.fields)))


def unknown(what: str, read: str, known: Sequence[str]) -> str:
    """«There is no …; did you mean …? Known: …»."""
    near = nearest(read, known)
    hint = f'did you mean "{near}"? Known: ' if near else "known: "
    return f'there is no {what} "{read}"; {hint}{", ".join(known) or "none"}'


def texts(value: Any) -> tuple[str, ...]:
    """A text or a list of texts."""
    found = _as_texts(value)
    if not found or not all(isinstance(text, str) and text.strip() for text in found):
        raise ValueError('write a text, or a list of texts such as ["one", "two"]')
    return found


def _as_texts(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def truth(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError("write true or false")
    return value


def known_texts(what: str, value: Any, known: Sequence[str]) -> tuple[str, ...]:
    """Texts that must all be among ``known``."""
    found = texts(value)
    for text in found:
        if text not in known:
            raise ValueError(unknown(what, text, known))
    return found


# -- one reader a key


def _equal(read: Callable[[Evidence], str], wanted: tuple[str, ...]) -> Test:
    keys = frozenset(text.lower() for text in wanted)

    def test(evidence: Evidence) -> Found:
        value = read(evidence)
        return value.lower() in keys, value

    return test


def _kind(value: Any, context: Context) -> Test:
    return _equal(lambda e: e.given.kind, known_texts("kind", value, list(context.desk.kinds)))


def _address(value: Any, context: Context) -> Test:
    known = sorted(context.desk.own_addresses)
    wanted = known_texts("address of ours", [text.lower() for text in texts(value)], known)
    return _equal(lambda e: e.given.address, wanted)


def _sender(value: Any, context: Context) -> Test:
    return _equal(lambda e: e.given.sender, texts(value))


def _domain(value: Any, context: Context) -> Test:
    wanted = tuple(text.lstrip("@") for text in texts(value))
    if wrong := next((text for text in wanted if "@" in text), ""):
        raise ValueError(f'"{wrong}" is an address; write a domain such as "cliente.example", or "sender"')
    return _equal(lambda e: domain_of(e.given.sender), wanted)


def _attachment(value: Any, context: Context) -> Test:
    wanted = truth(value)
    return lambda e: (e.given.has_attachment is wanted, str(e.given.has_attachment).lower())


def _business_hours(value: Any, context: Context) -> Test:
    wanted = truth(value)
    return lambda e: (e.in_hours is wanted, str(e.in_hours).lower())


def _words(value: Any, context: Context) -> Test:
    wanted = {_spaced(text): text for text in texts(value)}
    if "  " in wanted:
        raise ValueError("write words: letters or digits")

    def test(evidence: Evidence) -> Found:
        found = next((text for key, text in wanted.items() if key in evidence.words), "")
        return bool(found), found

    return test


def _spaced(text: str) -> str:
    return f" {' '.join(_WORD.findall(fold(text)))} "


def _regex(value: Any, context: Context) -> Test:
    """A text or list for the whole text; a table for named fields, of which each must be found."""
    if not isinstance(value, dict):
        return _search(value, lambda e: e.text)
    for name in value:
        if name not in context.fields:
            raise ValueError(unknown("field", name, list(context.fields)))
    return _all_of([_search(pattern, _reading(name)) for name, pattern in value.items()])


def _reading(name: str) -> Callable[[Evidence], str]:
    return lambda e: e.given.fields.get(name, "")[:TEXT_LIMIT]


def _search(value: Any, read: Callable[[Evidence], str]) -> Test:
    patterns = [linear(pattern) for pattern in texts(value)]

    def test(evidence: Evidence) -> Found:
        text = read(evidence)
        found = next((hit for pattern in patterns if (hit := pattern.search(text))), None)
        return found is not None, (found[0] if found else text)[:_EXCERPT]

    return test


def linear(pattern: str) -> Any:
    """An admin's regular expression, which takes linear time on any text; ValueError says what is wrong with it."""
    if _CONTROL.search(pattern):
        raise ValueError('this holds a control character, which "\\b" in double quotes is; write it in single quotes')
    try:
        return re2.compile(pattern, options=_LINEAR)
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f'"{pattern}" is no expression that is found in linear time (RE2): {why}') from None


def _all_of(tests: list[Test]) -> Test:
    def test(evidence: Evidence) -> Found:
        found = [one(evidence) for one in tests]
        return all(held for held, _ in found), ", ".join(read for _, read in found)

    return test


READERS: Mapping[str, Callable[[Any, Context], Test]] = {
    "kind": _kind,
    "address": _address,
    "sender": _sender,
    "domain": _domain,
    "words": _words,
    "regex": _regex,
    "attachment": _attachment,
    "business_hours": _business_hours,
}
"""Conditions by key; any other key is a field's name."""


def _field(name: str, value: Any, context: Context) -> Test:
    """A field's value, compared as labels and choices are; aliases of a choice stand for their literal."""
    keys = frozenset(fold_label(literal) for text in texts(value) for literal in _literals(text, context.fields[name]))

    def test(evidence: Evidence) -> Found:
        read = evidence.given.fields.get(name, "")
        return bool(read) and fold_label(read[: _EXCERPT * 10]) in keys, read[:_EXCERPT]

    return test


def _literals(text: str, fields: tuple[Field, ...]) -> tuple[str, ...]:
    """``text``, or what it stands for among the choices of the fields of this name."""
    if not all(one.choices for one in fields):
        return (text,)
    found = tuple(literal for one in fields if (literal := chosen(one, text)))
    if not found:
        known = list(dict.fromkeys(choice.value for one in fields for choice in one.choices))
        raise ValueError(unknown("value", text, known))
    return found
