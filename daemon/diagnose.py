"""`acuse check`, `acuse init`: what is wrong with a configuration, and one to begin with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from daemon.config_files import Problem
from daemon.settings import ConfigErrors, load
from rules.desk import Desk

EXAMPLE = Path(__file__).with_name("config.example.toml")
"""The full, commented configuration."""


def check(path: Path, check_letters: Callable[[Desk], tuple[str, ...]]) -> tuple[Problem, ...]:
    """Everything wrong with ``path``, its rules' tests and its letters; () for a configuration that can run.

    ``check_letters`` renders every letter in every language and tells which ones fail.
    """
    try:
        settings = load(path)
    except ConfigErrors as errors:
        return errors.problems
    return tuple(Problem(str(settings.path), 1, 1, text) for text in check_letters(settings.desk))


def init(folder: Path) -> Path:
    """Write a commented config.toml (mode 0600) and the schema that it names; FileExistsError where there is one."""
    from daemon.schema import schema

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    _write(path, EXAMPLE.read_text(encoding="utf-8"), os.O_EXCL)
    _write(folder / "config.schema.json", json.dumps(schema(), ensure_ascii=False, indent=1) + "\n", os.O_TRUNC)
    return path


def _write(path: Path, text: str, how: int) -> None:
    """For its owner alone from the first moment on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
