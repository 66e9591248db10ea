"""The words of every language: words.toml of the shipped letters, under those of the admin's own folder."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import outbox_templates
from daemon.config.positions import Path as KeyPath
from daemon.config.positions import Place
from daemon.config.shape import nearest, shown
from daemon.config.sources import Problem, Source, read_toml

SHIPPED = Path(outbox_templates.__file__).parent
"""The letters that come with Acuse, one folder a language."""

Words = dict[str, Any]


def folders(own: Path | None) -> tuple[Path, ...]:
    """Where letters are looked for: the shipped ones, then the admin's own, which win."""
    return (SHIPPED, own) if own else (SHIPPED,)


def letter_files(own: Path | None) -> list[Path]:
    """Every file of the letters: a change in one of them goes live."""
    return [path for folder in folders(own) for path in sorted(folder.rglob("*")) if _belongs(path)]


def _belongs(path: Path) -> bool:
    return path.is_file() and path.suffix not in {".py", ".pyc"} and not path.name.startswith(".")


def read_catalogue(own: Path | None, standard: str = "") -> tuple[dict[str, Words], list[Problem]]:
    """Words by language, and what is wrong with the files. What a language of the admin's own gives no words for is
    said in those of ``standard``, the desk's language; where that is not shipped either, in :data:`STANDARD`'s."""
    catalogue: dict[str, Words] = {}
    problems: list[Problem] = []
    for folder in folders(own):
        lacking = catalogue.get(standard) or catalogue.get(STANDARD, {})
        for path in sorted(_languages(folder), key=lambda path: (path.name != standard, path)):  # its own words first
            words = catalogue.setdefault(path.name, deepcopy(lacking))
            problems += _laid_over(words, path / "words.toml")
    return catalogue, problems


def _languages(folder: Path) -> list[Path]:
    """The folders that hold words or letters of a language, which is called like its folder."""
    return [
        path
        for path in folder.glob("[!.]*/")
        if path.name != "layout" and any(any(path.glob(name)) for name in ("words.toml", "*.j2"))
    ]


def _laid_over(words: Words, path: Path) -> Iterator[Problem]:
    read = read_toml(path) if path.exists() else None
    if isinstance(read, Problem):
        yield read
    elif read:
        yield from _misspelt(read, read.table, words, ())
        lay_over(words, read.table)


STANDARD = "es"
"""The language that every other one is measured by."""


def _misspelt(source: Source, table: Words, known: Words, at: KeyPath) -> Iterator[Problem]:
    """Words that no letter looks for, while one of nearly that name is; and what is no text where one must be."""
    for key, value in table.items() if known else ():
        place = source.positions.find((*at, key), at_key=True) or Place(1, 1)
        told = partial(Problem, str(source.path), place.line, place.column)
        if key not in known and (near := nearest(key, known)):
            yield told(f'there is no word "{key}"; did you mean "{near}"?')
        elif key in known and isinstance(value, dict) and isinstance(known[key], dict):
            yield from _misspelt(source, value, known[key], (*at, key))
        elif key in known and type(value) is not type(known[key]):
            yield told(f"{shown(value)} is wrong here; it must be like {shown(known[key])}")


def lay_over(under: dict[str, Any], over: dict[str, Any]) -> None:
    """Write ``over`` into ``under``: tables key by key, anything else as a whole."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            lay_over(under[key], value)
        else:
            under[key] = value
