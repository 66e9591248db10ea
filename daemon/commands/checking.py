"""`acuse check`: everything that is wrong with a configuration, its rules' tests and its letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import TemplateSyntaxError

from daemon.config.catalogue import folders
from daemon.config.settings import ConfigErrors, load
from daemon.config.sources import Problem
from daemon.writing.letters import Letters, check_templates, template_folder
from rules.desk import Desk


def check(path: Path) -> tuple[Problem, ...]:
    """Every problem of ``path``; () for a configuration that can run."""
    try:
        settings = load(path)
    except ConfigErrors as errors:
        return errors.problems
    return letter_problems(settings.desk)


def tried_letters(desk: Desk) -> Letters:
    """The letters of ``desk``, each rendered once in every language; :class:`ConfigErrors` where one fails."""
    if problems := letter_problems(desk):
        raise ConfigErrors(list(problems))
    return Letters.load(desk)


def letter_problems(desk: Desk) -> tuple[Problem, ...]:
    """What is wrong with the templates, each at its file, and at its line where that is known."""
    try:
        told = check_templates(desk)
    except TemplateSyntaxError as fault:
        file = _template(desk, desk.desk.language, Path(fault.filename or fault.name or "").stem)
        return (Problem(file, fault.lineno, 1, f"this template is wrong: {fault.message}"),)
    except OSError as fault:
        return (Problem(str(fault.filename), 1, 1, f"cannot read this file: {fault.strerror}"),)
    return tuple(_located(told, desk))


def _located(told: tuple[str, ...], desk: Desk) -> Iterator[Problem]:
    for text in told:
        where, _, what = text.partition(": ")
        language, _, name = where.partition("/")
        line = re.search(r"line (\d+)", what)
        yield Problem(_template(desk, language, name), int(line[1]) if line else 1, 1, f"this letter fails: {what}")


def _template(desk: Desk, language: str, name: str) -> str:
    """The file of a letter: the admin's own before the shipped one, its language before the desk's and the layout."""
    places = [
        folder / place / f"{name}.j2"
        for place in (language, desk.desk.language, "layout")
        for folder in reversed(folders(template_folder(desk)))
    ]
    return str(next((place for place in places if place.is_file()), places[0]))
