"""The templates of one language: read once, compiled when first used, rendered in a sandbox.

A letter's file stands in its language's folder; base and building blocks in `layout/`. The same file is rendered twice:
by a plain environment for subject and text, by an autoescaping one for HTML. Nothing a sender writes is ever a
template: values are data, and a name that a letter was not given is an error, not a hole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateNotFound
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from daemon.writing.compiled import compiled
from daemon.writing.faulted import Said
from daemon.writing.formats import Formats, plural, wrap
from daemon.writing.list_views import Listed
from daemon.writing.shown import Shown
from daemon.writing.ticket_views import TicketViews, brief
from rules.decision import Letter
from rules.desk import Group
from rules.ticket import Event, Ticket

SUFFIX = ".j2"
_OFFSET = re.compile(r"\(UTC [+-] [0-9:]+\)")


PLAIN: frozenset[type] = frozenset({SimpleNamespace, Ticket, Letter, Group, Shown, Said, Listed, Event})
"""Value types whose public attributes are all harmless: frozen, and without a method that changes anything."""


def read_sources(folders: Sequence[Path], languages: Sequence[str]) -> dict[str, str]:
    """Template sources by name: `layout/` and ``languages``; of one name the last language and folder win."""
    return {
        path.name: path.read_text(encoding="utf-8")
        for name in ("layout", *languages)
        for folder in folders
        for path in sorted((folder / name).glob(f"*{SUFFIX}"))
    }


class Page:
    """Every letter in one language."""

    def __init__(self, sources: Mapping[str, str], formats: Formats, tickets: TicketViews, *views: object) -> None:
        self.words = formats.words
        self.formats = formats
        self.tickets = tickets
        filters = _filters(formats, tickets, *views)
        self._text = _environment(sources, formats, filters, "text", autoescape=False)
        self._html = _environment(sources, formats, filters, "html", autoescape=True)

    def subject(self, name: str, context: Mapping[str, Any]) -> str:
        """The subject: the template's own block, else the registered one of the catalogue."""
        template = self._template(self._text, name)
        if block := template.blocks.get("subject"):
            return "".join(block(template.new_context(dict(context)))).strip()
        return str(self.words["letter_subjects"][name]).format_map(context)

    def text(self, name: str, context: Mapping[str, Any]) -> str:
        """The text part, lines without trailing spaces, never more than one blank line."""
        rendered = self._template(self._text, name).render(context).split("\n")
        lines = [line if line == "-- " else line.rstrip() for line in rendered]
        kept = [line for before, line in zip(["", *lines], lines, strict=False) if line or before]
        return "\n".join(kept).strip() + "\n"

    def html(self, name: str, context: Mapping[str, Any]) -> str:
        """The HTML part."""
        return _OFFSET.sub(
            r'<span style="white-space:nowrap">\g<0></span>', self._template(self._html, name).render(context)
        )

    @staticmethod
    def _template(environment: Sandbox, name: str) -> Template:
        try:
            return environment.get_template(name + SUFFIX)
        except TemplateNotFound as missing:
            raise ValueError(f"no template for the letter {name}: {missing}") from missing


def _filters(*sources: object) -> dict[str, Any]:
    """Every public method of ``sources``, and the plain functions."""
    named = {
        name: getattr(source, name)
        for source in sources
        for name in dir(source)
        if not name.startswith("_") and callable(getattr(source, name))
    }
    return {
        **named,
        "plural": plural,
        "wrap": wrap,
        "columns": columns,
        "brief": brief,
        "fill": fill,
        "cap": cap,
        "others": others,
    }


LARGEST_PRODUCT = 100_000
"""Characters, items or value of a multiplication in a template; the sandbox alone would let one fill the memory."""


class Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, with a short way to what needs no asking: a plain value's public attribute, a key of a dict."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """As the sandbox does; SecurityError for a power, and for a product over :data:`LARGEST_PRODUCT`."""
        sizes = [value if isinstance(value, int | float) else len(value) for value in (left, right)]
        if operator == "**" or abs(sizes[0] * sizes[1]) > LARGEST_PRODUCT:
            raise SecurityError(f"{operator} makes too much in a template")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As the sandbox does; a dict's own key comes before its method of the same name."""
        kind = type(obj)
        if kind is dict and attribute in obj:
            return obj[attribute]
        if kind in PLAIN and attribute[0] != "_":
            try:
                return getattr(obj, attribute)
            except AttributeError:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


def _environment(
    sources: Mapping[str, str], formats: Formats, filters: Mapping[str, Any], part: str, *, autoescape: bool
) -> Sandbox:
    environment = Sandbox(
        loader=FunctionLoader(lambda name: (inlined(name, sources), name, None) if name in sources else None),
        undefined=StrictUndefined,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=compiled(sources, part),
    )
    environment.filters.update(filters, lines=lines if autoescape else str)
    environment.globals.update(base=f"base.{part}{SUFFIX}", words=formats.words)
    blocks: Any = environment.get_template(f"blocks.{part}{SUFFIX}").module
    macros = {name: getattr(blocks, name) for name in dir(blocks) if not name.startswith("_")}
    environment.filters.update({name: remembering(macro) for name, macro in macros.items() if callable(macro)})
    return environment


def remembering(block: Callable[..., str]) -> Callable[..., str]:
    """A building block that remembers what it made of short texts and of links: most of a letter's own words never
    change, and its links are the same for every ticket of a kind (daemon/writing/shown.py)."""
    known = lru_cache(maxsize=512, typed=True)(block)

    def made(*values: Any, **named: Any) -> str:
        values = tuple(tuple(value) if type(value) is list else value for value in values)
        return known(*values, **named) if all(map(_lasting, values)) else block(*values, **named)

    return made


def _lasting(value: object) -> bool:
    """Whether ``value`` may be met again: a short text, a link, links."""
    if isinstance(value, str):
        return len(value) <= REMEMBERED
    return type(value) is Shown or (type(value) is tuple and all(type(item) is Shown for item in value))


REMEMBERED = 400
"""Characters."""


_CONSTANT = re.compile(r"""{%- set (\w+) = (["'])(.*?)\2 -%}\n?""", re.DOTALL)
_FRAGMENT = re.compile(r'{% include "(_[^"]+)" %}\n?')


def inlined(name: str, sources: Mapping[str, str]) -> str:
    """A source with its fragments, `{% include "_name.j2" %}`, and its constants, `{%- set name = "…" -%}`, written
    where they are used: they cost nothing when a letter is rendered. A fragment's own fragments stay includes."""
    source = _FRAGMENT.sub(lambda found: sources.get(found[1], found[0]).removesuffix("\n"), sources[name])
    for constant, _, value in _CONSTANT.findall(source):
        source = source.replace("{{ " + constant + " }}", value)
    return _CONSTANT.sub("", source)


def lines(text: object) -> Markup:
    """What a person wrote, its line ends as `<br>`."""
    return Markup(escape(text).replace("\n", Markup("<br>\n")))  # noqa: S704 - escaped just here


def columns(rows: Sequence[Sequence[object]], heads: Sequence[str]) -> str:
    """A table for the text part: each row as its first cell and «head: value» lines below; one of two cells as one."""
    return "\n".join(_row(row, heads) for row in rows)


def _row(row: Sequence[object], heads: Sequence[str]) -> str:
    first, *rest = (str(value) for value in row)
    if len(rest) == 1:
        return f"{first}: {rest[0]}"
    return "\n".join([first, *(f"  {head}: {value}" for head, value in zip(heads[1:], rest, strict=True))])


def fill(text: str, /, **values: str) -> str:
    """A phrase of the catalogue with its places filled: «Nota de {by}»."""
    return text.format(**values)


def others(links: Sequence[Shown], key: str) -> tuple[Shown, ...]:
    """All links but the one with ``key``."""
    return tuple(link for link in links if link.key != key)


def cap(text: str) -> str:
    """The first letter as a capital."""
    return text[:1].upper() + text[1:]
