"""An admin's own templates: tried before they are used."""

from __future__ import annotations

from daemon.config.catalogue import own_folder
from daemon.config.settings import ConfigErrors
from daemon.writing.letters import Letters
from rules.desk import Desk


def tried_letters(desk: Desk) -> Letters:
    """The letters of ``desk``. Where templates of the admin's own stand among the shipped ones, each letter is rendered
    once in every language; :class:`ConfigErrors` where one fails."""
    if own_folder(desk.letters):
        from daemon.writing.template_checks import letter_problems  # and its samples, which most starts do without

        if problems := letter_problems(desk):
            raise ConfigErrors(list(problems))
    return Letters.load(desk)
