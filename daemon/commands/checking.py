"""`acuse check`: everything wrong with a configuration, its rules' tests, the files that it names and its letters."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from daemon.config import file_checks
from daemon.config.settings import ConfigErrors, load
from daemon.config.sources import Problem
from daemon.writing.own_templates import tried_letters
from daemon.writing.template_checks import letter_problems


def check(path: Path) -> tuple[Problem, ...]:
    """Every problem of ``path``; nothing but warnings for a configuration that can run."""
    try:
        settings = load(path, partial(file_checks.checks, config=path.absolute()))
    except ConfigErrors as errors:
        return errors.joined(tried_letters).problems
    return settings.warnings + letter_problems(settings.desk)
