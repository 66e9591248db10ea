"""An admin's own templates: tried before they are used, and what is wrong told at its file and line."""

from __future__ import annotations

from daemon.config.catalogue import folders
from daemon.config.settings import ConfigErrors
from daemon.config.sources import Problem
from daemon.writing.language import looked_for, template_folder
from daemon.writing.letters import Letters
from rules.desk import Desk


def tried_letters(desk: Desk) -> Letters:
    """The letters of ``desk``. Where templates of the admin's own stand among the shipped ones, each letter is rendered
    once in every language; :class:`ConfigErrors` where one fails."""
    if template_folder(desk) and (problems := letter_problems(desk)):
        raise ConfigErrors(list(problems))
    return Letters.load(desk)


def letter_problems(desk: Desk) -> tuple[Problem, ...]:
    """What is wrong with the templates, each at its file, and at its line where that is known."""
    from daemon.writing.template_checks import template_faults  # and its samples, which most starts do without

    try:
        told = template_faults(desk)
    except OSError as fault:
        return (Problem(str(fault.filename), 1, 1, f"cannot read this file: {fault.strerror}"),)
    found = (Problem(_file(desk, one.language, one.file), one.line, 1, one.text) for one in told)
    return tuple(dict.fromkeys(found))


def _file(desk: Desk, language: str, name: str) -> str:
    """The path of a template: the admin's own before the shipped one, its language before the standard one and the
    layout."""
    places = [
        folder / place / name
        for place in (*reversed(looked_for(desk, language)), "layout")
        for folder in reversed(folders(template_folder(desk)))
    ]
    return str(next((place for place in places if place.is_file()), places[0]))
