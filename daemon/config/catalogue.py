"""The words of every language: words.toml of the shipped letters, under those of the admin's own folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import reduce
from pathlib import Path
from string import Formatter
from typing import Any

import outbox_templates
from daemon.config.positions import Path as KeyPath
from daemon.config.positions import Place
from daemon.config.shape import nearest, shown
from daemon.config.sources import Problem, Source, read_toml
from parsers.subject import thread_key
from rules.letters import LETTERS

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
            catalogue.setdefault(path.name, deepcopy(lacking))
            problems += _laid_over(catalogue, path.name, path / "words.toml")
    return catalogue, problems


def _languages(folder: Path) -> list[Path]:
    """The folders that hold words or letters of a language, which is called like its folder."""
    return [
        path
        for path in folder.glob("[!.]*/")
        if path.name != "layout" and any(any(path.glob(name)) for name in ("words.toml", "*.j2"))
    ]


def _laid_over(catalogue: Mapping[str, Words], language: str, path: Path) -> Iterator[Problem]:
    read = read_toml(path) if path.exists() else None
    if isinstance(read, Problem):
        yield read
    elif read:
        yield from _misspelt(read, read.table, catalogue[language], (), catalogue)
        lay_over(catalogue[language], read.table)
        yield from _on_both_sides(read, catalogue)


def _on_both_sides(source: Source, catalogue: Mapping[str, Words]) -> Iterator[Problem]:
    """Subjects that letters to requesters and to groups share, in whichever languages."""
    subjects = [one for words in catalogue.values() for one in words["letter_subjects"].items()]
    for letter, subject in source.table.get("letter_subjects", {}).items():
        side = LETTERS[letter].side if letter in LETTERS else ""
        same = (name for name, other in subjects if thread_key(other) == thread_key(subject))
        if other := next((name for name in same if LETTERS[name].side != side), ""):
            whose = f"which goes to the {LETTERS[other].side}: a reply would be taken for the other side's"
            yield _told(source, ("letter_subjects", letter), f'this is the subject of "{other}" too, {whose}')


def _told(source: Source, at: KeyPath, text: str) -> Problem:
    place = source.positions.find(at, at_key=True) or Place(1, 1)
    return Problem(str(source.path), place.line, place.column, text)


STANDARD = "es"
"""The language that every other one is measured by."""


def _misspelt(
    source: Source, table: Words, known: Words, at: KeyPath, catalogue: Mapping[str, Words]
) -> Iterator[Problem]:
    """What is wrong with the words of ``table``, from which it is taken out: the others hold all the same."""
    for key, value in tuple(table.items()) if known else ():
        if isinstance(value, dict) and isinstance(known.get(key), dict):
            yield from _misspelt(source, value, known[key], (*at, key), catalogue)
        elif fault := _fault(key, value, known, at, catalogue):
            del table[key]
            yield _told(source, (*at, key), fault)


def _fault(key: str, value: Any, known: Words, at: KeyPath, catalogue: Mapping[str, Words]) -> str:
    """What is wrong with a word: no letter looks for it, while one of nearly that name is; it is no text where one must
    be; or it could not be filled in. "" for one that is right."""
    if key not in known:
        near = nearest(key, known)
        return f'there is no word "{key}"; did you mean "{near}"?' if near else ""
    if type(value) is not type(known[key]):
        return f"{shown(value)} is wrong here; it must be like {shown(known[key])}"
    return _unfilled(value, known[key], at, catalogue) if isinstance(value, str) else ""


KEPT = frozenset({"number", "mark", "verb", "mail"})
"""What the subject of a link or of a letter is known by when it comes back."""


def _unfilled(value: str, known: str, at: KeyPath, catalogue: Mapping[str, Words]) -> str:
    """What is wrong with the names in braces of ``value``, a word of the table ``at``; "" where nothing is."""
    try:
        names = _in_braces(value)
    except ValueError:
        return "a brace stands alone here; a name that is filled in stands in two: {number}"
    if odd := names - (allowed := _filled_in(at, catalogue)):
        braced = ", ".join(f"{{{name}}}" for name in sorted(allowed)) or "none"
        return f"nothing is filled in for {{{min(odd)}}}; here there are: {braced}"
    lost = (_in_braces(known) & KEPT) - names if at in (("subjects",), ("letter_subjects",)) else ()
    return f"{{{min(lost)}}} is missing here, by which the subject is known when it comes back" if lost else ""


def _in_braces(text: str) -> set[str]:
    """ValueError: a brace has no other."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _filled_in(at: KeyPath, catalogue: Mapping[str, Words]) -> set[str]:
    """Every name that a word of the table ``at`` holds, in any language."""
    tables = [reduce(lambda table, key: table.get(str(key), {}), at, words) for words in catalogue.values()]
    return {name for table in tables for text in table.values() if isinstance(text, str) for name in _in_braces(text)}


def lay_over(under: dict[str, Any], over: dict[str, Any]) -> None:
    """Write ``over`` into ``under``: tables key by key, anything else as a whole."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            lay_over(under[key], value)
        else:
            under[key] = value
