"""The words of every language: words.toml of the shipped letters, under those of the admin's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import outbox_templates
from daemon.config.sources import Problem, read_toml

SHIPPED = Path(outbox_templates.__file__).parent
"""The letters that come with Acuse, one folder a language."""

Words = dict[str, Any]


def folders(own: Path | None) -> tuple[Path, ...]:
    """Where letters are looked for: the shipped ones, then the admin's own, which win."""
    return (SHIPPED, own) if own else (SHIPPED,)


def word_files(own: Path | None) -> list[Path]:
    """Every words.toml there is."""
    return [path for folder in folders(own) for path in sorted(folder.glob("*/words.toml"))]


def letter_files(own: Path | None) -> list[Path]:
    """Every file of the letters: a change in one of them goes live."""
    return [path for folder in folders(own) for path in sorted(folder.rglob("*")) if _belongs(path)]


def _belongs(path: Path) -> bool:
    return path.is_file() and path.suffix not in {".py", ".pyc"} and not path.name.startswith(".")


def read_catalogue(own: Path | None) -> tuple[dict[str, Words], list[Problem]]:
    """Words by language, and what is wrong with the files."""
    catalogue: dict[str, Words] = {}
    problems: list[Problem] = []
    for path in word_files(own):
        read = read_toml(path)
        if isinstance(read, Problem):
            problems.append(read)
        else:
            lay_over(catalogue.setdefault(path.parent.name, {}), read.table)
    return catalogue, problems


def lay_over(under: dict[str, Any], over: dict[str, Any]) -> None:
    """Write ``over`` into ``under``: tables key by key, anything else as a whole."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            lay_over(under[key], value)
        else:
            under[key] = value
