"""The templates of one language: read once, compiled when first used, rendered in a sandbox.

A letter's file stands in its language's folder; base and building blocks in `layout/`. The same file is rendered twice:
by a plain environment for subject and text, by an autoescaping one for HTML. Nothing a sender writes is ever a
template: values are data, and a name that a letter was not given is an error, not a hole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from inspect import getsource
from pathlib import Path
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateNotFound
from jinja2.bccache import Bucket, FileSystemBytecodeCache
from markupsafe import Markup, escape

from daemon.writing import sandbox
from daemon.writing.formats import PROSE, Formats, plural, wrap
from daemon.writing.kinds import capital
from daemon.writing.link_views import Shown
from daemon.writing.questions import Run
from daemon.writing.sandbox import Sandbox
from daemon.writing.ticket_views import TicketViews, brief

SUFFIX = ".j2"
_OFFSET = re.compile(r"\(UTC [+-] [0-9:]+\)(?!</span>)")


def read_sources(folders: Sequence[Path], languages: Sequence[str]) -> dict[str, str]:
    """Template sources by name: `layout/` and ``languages``; of one name the last language and folder win."""
    return {
        path.name: path.read_text(encoding="utf-8")
        for name in ("layout", *languages)
        for folder in folders
        for path in sorted((folder / name).glob(f"*{SUFFIX}"))
    }


def as_text(rendered: str) -> str:
    """A text part as it is sent: lines without trailing spaces, never more than one blank line."""
    lines = [line if line == "-- " else line.rstrip() for line in rendered.split("\n")]
    kept = [line for before, line in zip(["", *lines], lines, strict=False) if line or before]
    return "\n".join(kept).strip("\n") + "\n"


def as_html(rendered: str) -> str:
    """An HTML part as it is sent: in ASCII, an offset from UTC on one line."""
    unbroken = _OFFSET.sub(r'<span style="white-space:nowrap">\g<0></span>', rendered)
    return unbroken.encode("ascii", "xmlcharrefreplace").decode()


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
        """The text part, as :func:`as_text` wants it."""
        return self._template(self._text, name).render(context)

    def html(self, name: str, context: Mapping[str, Any]) -> str:
        """The HTML part, as :func:`as_html` wants it."""
        return self._template(self._html, name).render(context)

    def asked(self, name: str, context: Mapping[str, Any], run: Run) -> tuple[str, str]:
        """Text and HTML with the blanks of ``run``, whose questions are in ``context``. One run at a time."""
        self._text.run = self._html.run = run
        try:
            return self.text(name, context), self.html(name, context)
        finally:
            self._text.run = self._html.run = None

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
        "underline": underline,
        "cap": capital,
        "others": others,
    }


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
        bytecode_cache=_compiled({**sources, "sandbox": getsource(sandbox)}, part),
    )
    environment.take(**filters, lines=lines if autoescape else _as_is)
    environment.globals.update(base=f"base.{part}{SUFFIX}", words=formats.words)
    blocks: Any = environment.get_template(f"blocks.{part}{SUFFIX}").module
    macros = {name: getattr(blocks, name) for name in dir(blocks) if not name.startswith("_")}
    environment.filters.update({name: macro for name, macro in macros.items() if callable(macro)})
    return environment


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates kept between runs, without which a daemon that starts spends most of its time compiling; what
    cannot be read or kept is compiled again."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """As Jinja does; a folder that cannot be read holds nothing."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """As Jinja does; a full disk keeps nothing."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def _compiled(sources: Mapping[str, str], part: str) -> _Compiled | None:
    """Where the compiled ``sources`` of one ``part`` are kept: a folder under the temporary one that is ours alone, or
    nowhere. Text and HTML of one source are different code, and so have different names there.
    """
    digest = hashlib.sha256(repr(sorted(sources.items())).encode()).hexdigest()[:16]
    try:
        return _Compiled(pattern=f"acuse-{part}-{digest}-%s")
    except (OSError, RuntimeError):  # somebody else's folder has the name, or there is no room for one
        return None


_CONSTANT = re.compile(r"""{%- set (\w+) = (["'])(.*?)\2 -%}\n?""", re.DOTALL)
_FRAGMENT = re.compile(r'{% include "(_[^"]+)" %}\n?')


def inlined(name: str, sources: Mapping[str, str]) -> str:
    """A source with its fragments, `{% include "_name.j2" %}`, and its constants, `{%- set name = "…" -%}`, written
    where they are used: they cost nothing when a letter is rendered. A fragment's own fragments stay includes."""
    source = _FRAGMENT.sub(lambda found: sources.get(found[1], found[0]).removesuffix("\n"), sources[name])
    for constant, _, value in _CONSTANT.findall(source):
        source = source.replace("{{ " + constant + " }}", value)
    return _CONSTANT.sub("", source)


_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+")  # linear: each run of letters is tried once
_JOINT = re.compile("[@.]")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_GAP = re.compile(r"[ \t]{2,}|\t")


def lines(text: object) -> Markup:
    """What a person wrote, its line ends as `<br>` and never more than one blank line, as in the text part; spaces that
    give a log or a table its shape stay; on a narrow screen a mail address is broken at its joints, which leaves what
    is copied as it is."""
    written = _GAP.sub(_kept, _BLANK_LINES.sub("\n\n", str(escape(text))))
    if "@" in written:  # most texts name no address, and each of their words would be tried
        written = _ADDRESS.sub(lambda found: _JOINT.sub(r"\g<0><wbr>", found[0]), written)
    return Markup(written.replace("\n", "<br>\n"))  # noqa: S704 - escaped just here


def _kept(gap: re.Match[str]) -> str:
    """As many spaces that HTML does not run together; a line may end behind them."""
    return "\u00a0" * (len(gap[0].expandtabs(4)) - 1) + " "


def _as_is(text: object) -> str:
    return str(text)


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


def underline(text: str, sign: str) -> str:
    """A line of ``sign`` as long as ``text``, if that is on one line."""
    return sign * min(len(text), PROSE)


def others(links: Sequence[Shown], key: str) -> tuple[Shown, ...]:
    """All links but the one with ``key``."""
    return tuple(link for link in links if link.key != key)
