"""Questions: what a template is given in a value's place while it runs for all letters that look alike.

Of a letter, a template does two things: it *shows* values, which makes no difference to the page around them, and it
*decides* by them. So it is run with questions instead of values. An attribute, an item or a filter of a question is
another question. One that is shown leaves a blank in the page. One that is decided by (is it true, is it equal, what is
in it to go through) is answered with the value of the letter at hand, and the answer is noted: whichever letter gives
the same answers to the same questions has the same page, with its own values in the blanks
(daemon.writing.page_forms.py).

A blank is a random word that no sender can know, and is written nowhere but in the page that it is cut out of.
"""

from __future__ import annotations

import operator
import re
import secrets
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from markupsafe import Markup, escape


def secret_word() -> str:
    """Twenty capitals that nobody else can know."""
    return "".join(secrets.choice(string.ascii_uppercase) for _ in range(20))


MARK = secret_word()
"""Begins every blank; chosen anew by every process."""
BLANK = re.compile(rf"{MARK}([a-z]*\d*)Z")
"""A blank; its group is the name of a given value, or the number of a question that was shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """How a value is computed from a letter's: ``function`` of ``args``, expressions among them. Equal to itself."""

    function: Callable[..., Any]
    args: tuple[Any, ...]


Piece = str | Expression


@lru_cache(maxsize=256)
def given(name: str) -> Expression:
    """The value that is called ``name``."""
    return Expression(_not_given, (name,))


def _not_given(name: str) -> Any:
    raise KeyError(name)


def blank(name: str) -> str:
    """Stands for the given value ``name`` (small letters, then digits), wherever it is written."""
    return f"{MARK}{name}Z"


class Values(dict[Expression, Any]):
    """What expressions come to for one letter, each computed when first asked for. KeyError for what was not given."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__((given(name), value) for name, value in values.items())

    def __missing__(self, expression: Expression) -> Any:
        args = [self[each] if type(each) is Expression else each for each in expression.args]
        value = self[expression] = expression.function(*args)
        return value

    def fill(self, text: str) -> str:
        """``text`` with the given values in their blanks."""
        if MARK not in text:
            return text
        return BLANK.sub(lambda found: str(self[given(found[1])]), text)


class Run:
    """One run of a template for a letter: the questions that it shows, the answers that it decides by.

    ``known`` are the expressions of earlier runs, so that an expression stays the same one.
    """

    def __init__(self, values: Values, known: dict[tuple[Any, ...], Expression]) -> None:
        self.answers: dict[Expression, Any] = {}
        self._values = values
        self._known = known
        self._shown: list[Expression] = []

    def end(self) -> None:
        """Forget the letter: a form outlives it, and may keep questions."""
        self._values = Values({})

    def called(self, function: Callable[..., Any], args: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """``function`` of what may be or hold questions: a question again, if any does."""
        plain = (*args, *named.values())
        asked = tuple(map(self._expressed, plain))
        if all(map(operator.is_, plain, asked)):
            return function(*args, **named)
        expression = self._made(*_by_position(function, asked, tuple(named)))
        passing = isinstance(self._values[expression], Iterator)
        return Question(self, self._made(tuple, (expression,)) if passing else expression)

    def decided(self, function: Callable[..., Any], *args: Any) -> Any:
        """The answer of this letter, noted."""
        expression = self._made(function, tuple(map(self._expressed, args)))
        return self.answers.setdefault(expression, self._values[expression])

    def shown(self, expression: Expression) -> str:
        """The blank of ``expression``."""
        if expression.function is _not_given:
            return blank(*expression.args)
        self._shown.append(expression)
        return blank(str(len(self._shown) - 1))

    def pieces(self, text: str) -> list[Piece]:
        """``text`` with expressions where its blanks were: a text, an expression, a text, and so on."""
        split = BLANK.split(text)
        expressions = [self._shown[int(name)] if name.isdigit() else given(name) for name in split[1::2]]
        return [*chain.from_iterable(zip(split[::2], expressions, strict=False)), split[-1]]

    def _made(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Expression:
        return self._known.setdefault((function, *map(id, args)), Expression(function, args))

    def _expressed(self, value: Any) -> Any:
        """The expression for what is or holds a question; anything else as it is."""
        if type(value) is Question:
            return value.expression
        if isinstance(value, str) and MARK in value:
            return self._made(_markup if isinstance(value, Markup) else _text, tuple(self.pieces(value)))
        if type(value) in (tuple, list):
            items = tuple(map(self._expressed, value))
            return value if all(map(operator.is_, items, value)) else self._made(_gathered, (type(value), *items))
        return value


def _by_position(
    function: Callable[..., Any], args: tuple[Any, ...], names: tuple[str, ...]
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return (_called, (function, names, *args)) if names else (function, args)


def _called(function: Callable[..., Any], names: tuple[str, ...], *args: Any) -> Any:
    first = len(args) - len(names)
    return function(*args[:first], **dict(zip(names, args[first:], strict=True)))


def _text(*pieces: Any) -> str:
    return "".join(map(str, pieces))


def _markup(*pieces: Any) -> Markup:
    """Every other piece is a value; those between are markup already."""
    parts = (escape(piece) if place % 2 else piece for place, piece in enumerate(pieces))
    return Markup("".join(parts))  # noqa: S704 - escaped just here


def _gathered(kind: type, *items: Any) -> Any:
    return kind(items)


def _outline(value: Any) -> Any:
    """What there is to go through in a tuple: how many items, which of them are tuples or yes and no themselves."""
    if type(value) is tuple:
        return tuple(map(_outline, value))
    return value if isinstance(value, bool) else None


def _decided_by(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    return lambda question, other: bool(question.run.decided(test, question, other))


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Stands for a value in a template. What Python can ask of any value is answered here; attributes, filters and the
    like go by daemon/writing/sandbox.py. All else is a TypeError."""

    run: Run
    expression: Expression

    # -- shown

    def __str__(self) -> str:
        return self.run.shown(self.expression)

    __html__ = __str__

    def __repr__(self) -> str:
        return str(self.run.called(repr, (self,), {}))

    def __format__(self, form: str) -> str:
        return str(self.run.called(format, (self, form), {}))

    def __getitem__(self, item: Any) -> Any:
        return self.run.called(operator.getitem, (self, item), {})

    # -- decided by

    def __bool__(self) -> bool:
        return bool(self.run.decided(bool, self))

    def __len__(self) -> int:
        return int(self.run.decided(len, self))

    def __hash__(self) -> int:
        return hash(self.run.decided(_itself, self)[1])

    __contains__, __eq__, __ne__ = map(_decided_by, (operator.contains, operator.eq, operator.ne))
    __lt__, __le__, __gt__, __ge__ = map(_decided_by, (operator.lt, operator.le, operator.gt, operator.ge))

    def __iter__(self) -> Iterator[Any]:
        items = self.run.called(tuple, (self,), {})
        return iter(_laid_out(items, self.run.decided(_outline, items)))


def _laid_out(question: Question, outline: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items of what is asked for: tuples as such, yes and no as they are, of all else a question."""
    items = (question.run.called(operator.getitem, (question, place), {}) for place in range(len(outline)))
    return tuple(
        _laid_out(item, inner) if type(inner) is tuple else item if inner is None else inner
        for item, inner in zip(items, outline, strict=True)
    )


def _itself(value: Any) -> tuple[type, Any]:
    return type(value), value
