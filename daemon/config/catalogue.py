"""The words of every language: words.toml of the shipped letters, under those of the admin's own folder."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import reduce
from pathlib import Path
from string import Formatter
from typing import Any

import outbox_templates
from daemon.config.positions import Path as KeyPath
from daemon.config.shape import nearest, shown
from daemon.config.sources import Problem, Source, read_toml
from parsers.spelling import fold_label
from parsers.subject import thread_key
from rules.action_forms import ACTIONS
from rules.letters import LETTERS
from rules.tables import LettersTable

SHIPPED = Path(outbox_templates.__file__).parent
"""The letters that come with Acuse, one folder a language."""

Words = dict[str, Any]


def folders(own: Path | None) -> tuple[Path, ...]:
    """Where letters are looked for: the shipped ones, then the admin's own where they are there, which win."""
    if own and os.path.isdir(own):  # noqa: PTH112 - Path.is_dir would raise where the name is too long
        return (SHIPPED, own)
    return (SHIPPED,)


def own_folder(letters: LettersTable) -> Path | None:
    """The admin's own letters; None for the shipped ones alone."""
    return Path(letters.templates) if letters.templates else None


def letter_files(own: Path | None) -> list[Path]:
    """Every file of the letters: a change in one of them goes live."""
    return [path for folder in folders(own) for path in sorted(folder.rglob("*")) if _belongs(path)]


def letter_patterns(own: Path | None) -> tuple[str, ...]:
    """What a file that an own letter lacks would match."""
    return (f"{glob.escape(str(own))}/*/*",) if own else ()


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
        yield from _called_alike(read, catalogue)
        yield from _labelled_alike(read, catalogue)


def _on_both_sides(source: Source, catalogue: Mapping[str, Words]) -> Iterator[Problem]:
    """Subjects that letters to requesters and to groups share, in whichever languages."""
    subjects = [one for words in catalogue.values() for one in words["letter_subjects"].items()]
    for letter, subject in source.table.get("letter_subjects", {}).items():
        side = LETTERS[letter].side if letter in LETTERS else ""
        same = (name for name, other in subjects if thread_key(other) == thread_key(subject))
        if other := next((name for name in same if LETTERS[name].side != side), ""):
            whose = f"which goes to the {LETTERS[other].side}: a reply would be taken for the other side's"
            yield source.problem(("letter_subjects", letter), f'this is the subject of "{other}" too, {whose}')


CALLED: Mapping[str, Callable[[str], str]] = {"actions": fold_label, "states": fold_label, "subjects": thread_key}
"""Tables whose words people write to us, each meaning one thing in every language, and how they are compared."""


def _called_alike(source: Source, catalogue: Mapping[str, Words]) -> Iterator[Problem]:
    """Words of :data:`CALLED` that would be taken for another one of their table."""
    for table, spelt in CALLED.items():
        known = [(key, spelt(text)) for words in catalogue.values() for key, text in words[table].items()]
        for key, text in source.table.get(table, {}).items():
            if other := next((each for each, name in known if each != key and name == spelt(text)), ""):
                yield source.problem((table, key), f'"{other}" is called so, and people write it; each needs its own')


def _labelled_alike(source: Source, catalogue: Mapping[str, Words]) -> Iterator[Problem]:
    """Labels that another field of the same action has: a line of the answer could mean either."""
    forms = [set(action.names) for action in ACTIONS.values()]
    known = [(key, fold_label(text)) for words in catalogue.values() for key, text in words["action_fields"].items()]
    for key, text in source.table.get("action_fields", {}).items():
        beside = set().union(*(form for form in forms if key in form)) - {key}
        if other := next((each for each, label in known if each in beside and label == fold_label(text)), ""):
            yield source.problem(
                ("action_fields", key), f'"{other}" is called so in the same form; each field needs its own label'
            )


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
            yield source.problem((*at, key), fault)


def _fault(key: str, value: Any, known: Words, at: KeyPath, catalogue: Mapping[str, Words]) -> str:
    """What is wrong with a word: no letter looks for it, while one of nearly that name is; it is no text where one must
    be; nobody could read it; or it could not be filled in. "" for one that is right."""
    if key not in known and (near := nearest(key, known)):
        return f'there is no word "{key}"; did you mean "{near}"?'
    if key not in known and len({type(each) for each in known.values()}) > 1:
        return ""
    like = known.get(key, next(iter(known.values())))
    if not _is_like(value, like, counted=at in COUNTED):
        return f"{shown(value)} is wrong here; it must be like {shown(like)}"
    if any(_CONTROL.search(text) for text in ([value] if isinstance(value, str) else value)):
        return "an invisible character stands in this; delete it"
    if at in ONE_LINE and (not value.strip() or "\n" in value):
        return f"{shown(value)} is read by programs, too; write something on one line"
    return _unfilled(value, like, at, catalogue) if isinstance(value, str) and key in known else ""


COUNTED = (("dates",), ("fault_sizes",))
"""Tables whose lists have each its length."""
ONE_LINE = (("subjects",), ("letter_subjects",), ("actions",), ("action_fields",), ("states",))
"""Tables of what stands in subjects, or before a colon."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _is_like(value: Any, like: Any, counted: bool) -> bool:
    """Whether a word has the form of another; a list of texts has as many of them where they are ``counted``."""
    if type(value) is not type(like) or not isinstance(value, list):
        return type(value) is type(like)
    return all(isinstance(text, str) and text.strip() for text in value) and not (counted and len(value) != len(like))


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
    parts = (part for part in Formatter().parse(text) if part[1] is not None)
    return {f"{name}{f'!{how}' if how else ''}{f':{form}' if form else ''}" for _, name, form, how in parts}


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
