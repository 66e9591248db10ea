"""Every letter tried once with sample values: what an admin's own template gets wrong, and where."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from types import FrameType
from typing import Any

from jinja2 import TemplateSyntaxError
from jinja2.debug import rewrite_traceback_stack
from jinja2.exceptions import SecurityError

from daemon.composed import Composed
from daemon.config.catalogue import SHIPPED, STANDARD, folders, own_folder
from daemon.config.shape import nearest
from daemon.config.sources import Problem
from daemon.writing.language import looked_for, sources, standard_language
from daemon.writing.letters import Letters
from daemon.writing.page_forms import PlainPages
from daemon.writing.pages import SUFFIX, inlined, read_sources
from daemon.writing.sample_world import NOW
from daemon.writing.samples import samples
from rules.desk import Desk

TOKEN = "A" * 26


def letter_problems(desk: Desk) -> tuple[Problem, ...]:
    """Renders every letter with its sample values in every language; what is wrong with the templates, each at its
    file, and at its line where that is known."""
    try:
        letters = Letters.load(desk, PlainPages)
        return tuple(dict.fromkeys([*_unused(desk), *_tried(letters, desk)]))
    except TemplateSyntaxError as error:  # in what all letters are built of
        return (_fault(desk, standard_language(desk), str(error.name), error),)
    except OSError as fault:
        return (Problem(str(fault.filename), 1, 1, f"cannot read this file: {fault.strerror}"),)


def _problem(desk: Desk, language: str, name: str, line: int, text: str) -> Problem:
    """What is wrong at a line of a template: in the admin's own file before the shipped one, in that of its language
    before the standard one and the layout."""
    places = [
        folder / place / name
        for place in (*reversed(looked_for(desk, language)), "layout")
        for folder in reversed(folders(own_folder(desk.letters)))
    ]
    return Problem(str(next((place for place in places if place.is_file()), places[0])), line, 1, text)


_BLOCK = re.compile(r"{%-?\s*block\s+(\w+)")


def _unused(desk: Desk) -> Iterator[Problem]:
    """What stands in the admin's own folder and no letter would ever show: a misspelt file or block."""
    shipped = read_sources((SHIPPED,), ("layout", STANDARD))
    blocks = {"subject", *_BLOCK.findall("".join(shipped.values()))}
    own = own_folder(desk.letters)
    for path in sorted(own.glob(f"*/[!_]*{SUFFIX}")) if own else ():
        if path.name not in shipped:
            yield _misspelt(desk, path, 1, "letter", path.stem, (name.removesuffix(SUFFIX) for name in shipped))
        for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for name in {*_BLOCK.findall(text)} - blocks:
                yield _misspelt(desk, path, line, "block", name, blocks)


def _misspelt(desk: Desk, path: Path, line: int, what: str, name: str, known: Iterable[str]) -> Problem:
    near = nearest(name, known)
    hint = f'; did you mean "{near}"?' if near else ""
    return _problem(desk, path.parent.name, path.name, line, f'there is no {what} "{name}"{hint}')


def _tried(letters: Letters, desk: Desk) -> Iterator[Problem]:
    for language in desk.catalogue:
        own = sources(desk, language) if own_folder(desk.letters) else {}
        try:
            letters_of_it = samples(desk, language, draw=False)
        except (LookupError, ValueError) as error:
            text = f"a word cannot be filled in: {type(error).__name__}: {error}"
            yield _problem(desk, language, "words.toml", 1, text)
            continue
        for sample in letters_of_it.values():
            try:
                with _ending(own):
                    composed = letters.compose(sample, sample.to[0], NOW, lambda: TOKEN)
            except Exception:  # noqa: BLE001 - a template may fail in any way; each is reported
                yield _fault(desk, language, sample.name + SUFFIX, rewrite_traceback_stack())
            else:
                if text := _missing(composed):
                    yield _problem(desk, language, sample.name + SUFFIX, 1, text)


LINES = 200_000
"""Of a template's code, run for one letter; the longest of the shipped ones runs some 5,000."""


@contextmanager
def _ending(templates: Mapping[str, str]) -> Iterator[None]:
    """SecurityError in one of ``templates`` that goes on and on: a daemon would do nothing else, and none would start.
    Without any nothing is counted: it takes twice the time."""
    if not templates:
        yield
        return
    lines = iter(range(LINES))

    def count(_frame: FrameType, _event: str, _value: object) -> Any:
        if next(lines, None) is None:
            raise SecurityError("it goes on for too long: does a loop have no end?")
        return count

    before = sys.gettrace()
    sys.settrace(lambda frame, _event, _value: count if frame.f_code.co_filename in templates else None)
    try:
        yield
    finally:
        sys.settrace(before)


def _missing(composed: Composed) -> str:
    """What whoever gets this letter cannot do without; "" where it is there."""
    message = message_from_bytes(composed.head + composed.tail, policy=default)
    for kind, name in (("plain", "text"), ("html", "HTML")):
        part = message.get_body((kind,))
        written = part.get_content() if part else ""
        if not written.strip():
            return f"its {name} is empty"
        if composed.grants and TOKEN not in written:
            return f"its {name} has none of its links: whoever gets it cannot answer by them"
    return ""


def _fault(desk: Desk, language: str, template: str, error: BaseException) -> Problem:
    read = sources(desk, language)
    file, line = _place(error, read) or (template, 1)
    what = str(error.message) if isinstance(error, TemplateSyntaxError) else f"{type(error).__name__}: {error}"
    return _problem(desk, language, file, _written_line(file, line, read), what)


def _place(error: BaseException, sources: Mapping[str, str]) -> tuple[str, int] | None:
    """The deepest letter that the error passed through; what all letters are built of is not where it comes from."""
    if isinstance(error, TemplateSyntaxError):
        return str(error.name), error.lineno
    passed = [(f.filename, f.lineno or 1) for f in traceback.extract_tb(error.__traceback__) if f.filename in sources]
    return next((place for place in reversed(passed) if not place[0].startswith(("base.", "blocks."))), None)


def _written_line(file: str, line: int, sources: Mapping[str, str]) -> int:
    """The line of ``file`` that became ``line`` of the template: fragments take more lines there, constants none."""
    made = 0
    for number, text in enumerate(sources[file].splitlines(keepends=True), 1):
        made += inlined(file, {**sources, file: text}).count("\n")
        if made >= line:
            return number
    return line
