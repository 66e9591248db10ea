"""Where templates run: a sandbox, in which values may be questions (daemon/writing/questions.py).

Python answers for a question what it can; what a template names — attributes, items, filters, tests, calls, sums — goes
by here, and of a question is a question again. A text that holds blanks is one too, wherever more is done with it than
to write it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from daemon.writing.fault_views import Said
from daemon.writing.kinds import KindWords
from daemon.writing.link_views import Shown
from daemon.writing.list_views import Listed
from daemon.writing.questions import Run
from rules.letters import Letter
from rules.tables import Group
from rules.ticket import Event, Ticket

PLAIN: frozenset[type] = frozenset({SimpleNamespace, Ticket, Letter, Group, Shown, Said, Listed, Event, KindWords})
"""Value types whose public attributes are all harmless: frozen, and without a method that changes anything."""

LARGEST_PRODUCT = 100_000
"""Characters, items or value of a multiplication in a template; the sandbox alone would let one fill the memory."""


class Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, with a short way to what needs no asking: a plain value's public attribute, a key of a dict.

    While ``run`` is set, values may be questions of that run.
    """

    intercepted_binops = frozenset({"*", "**", "+", "-", "/", "//", "%"})
    run: Run | None = None

    def of(self, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """``function`` of values, or the question of it where one of them is a question."""
        run = self.run
        return run.called(function, args, named) if run else function(*args, **named)

    def take(self, **filters: Callable[..., Any]) -> None:
        """Learn ``filters``; they and all others, and the tests, may from now on be given questions."""
        known: dict[str, Callable[..., Any]] = {**self.filters, **filters}
        asked = {name: self._asked(function) for name, function in known.items()}
        self.filters = {**asked, "weighed": self._weighed, "written": _written}
        self.tests = {name: self._asked(test) for name, test in self.tests.items()}

    def _asked(self, function: Any) -> Callable[..., Any]:
        @wraps(function)
        def asked(*args: Any, **named: Any) -> Any:
            return self.of(function, *args, **named)

        return asked

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As the sandbox does; a dict's own key comes before its method of the same name."""
        return self.of(_attribute, obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As the sandbox does."""
        return self.of(_sandbox.getitem, obj, argument)

    def call(__self, __context: Any, __obj: Any, *args: Any, **named: Any) -> Any:  # noqa: N805 - Jinja's own
        """As the sandbox does; a macro is a template's own, and is given the questions."""
        if isinstance(__obj, Macro):
            return super().call(__context, __obj, *args, **named)
        return __self.of(super().call, __context, __obj, *args, **named)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """As the sandbox does; SecurityError for a power, and for a product over :data:`LARGEST_PRODUCT`."""
        return self.of(self._computed, operator, left, right)

    def _computed(self, operator: str, left: Any, right: Any) -> Any:
        if operator in ("*", "**"):
            sizes = [value if isinstance(value, int | float) else len(value) for value in (left, right)]
            if operator == "**" or abs(sizes[0] * sizes[1]) > LARGEST_PRODUCT:
                raise SecurityError(f"{operator} makes too much in a template")
        return self.binop_table[operator](left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """As Jinja does; and what a template decides by is weighed, for it may be a text with blanks."""
        tree = super()._parse(source, name, filename)
        for kind, attribute in DECIDING:
            for node in list(tree.find_all(kind)):
                setattr(node, attribute, _weighed(getattr(node, attribute)))
        for block in tree.find_all(nodes.FilterBlock):
            block.filter = _filtered(block.filter, "written")
        tree.set_environment(self)
        return tree

    def _weighed(self, value: Any) -> Any:
        """What is decided by: the question that a text with blanks is; all else as it is."""
        return self.of(_same, value) if isinstance(value, str) else value


_sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
"""Jinja's own, for what is the same in text and HTML."""


def _attribute(obj: Any, attribute: str) -> Any:
    kind = type(obj)
    if kind is dict and attribute in obj:
        return obj[attribute]
    if kind in PLAIN and attribute[0] != "_":
        try:
            return getattr(obj, attribute)
        except AttributeError:
            return _sandbox.undefined(obj=obj, name=attribute)
    return _sandbox.getattr(obj, attribute)


DECIDING: tuple[tuple[type[nodes.Node], str], ...] = (
    (nodes.If, "test"),
    (nodes.CondExpr, "test"),
    (nodes.For, "test"),
    (nodes.And, "left"),
    (nodes.Or, "left"),
    (nodes.Not, "node"),
    (nodes.Compare, "expr"),
    (nodes.Operand, "expr"),
    (nodes.Getitem, "node"),
)
"""What a template decides by; the right side of «and» and «or» is decided by where their value is."""


def _weighed(node: nodes.Expr | None) -> nodes.Expr | None:
    return node and _filtered(node, "weighed")


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _written(value: object) -> str:
    """What a filtered block becomes; Jinja takes it as it is."""
    return value if isinstance(value, str) else str(value)


def _same(value: Any) -> Any:
    return value
