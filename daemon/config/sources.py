"""config.toml and what it includes, read and joined into one document that remembers where each key came from."""

from __future__ import annotations

import glob
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from daemon.config.positions import Path as KeyPath
from daemon.config.positions import Place, Positions, positions
from daemon.config.slips import slip
from daemon.files import opened

Table = dict[str, Any]

LONGEST = 16 * 1024 * 1024
"""Octets of a file, which takes some seconds to read; a desk of 2,000 rules has a fiftieth of it."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with the configuration: where, what, and what is allowed. Lines and columns count from 1. With a
    ``warning`` it can run."""

    file: str
    line: int
    column: int
    text: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {'warning: ' if self.warning else ''}{self.text}"


@dataclass(frozen=True)
class Source:
    """One TOML file as read."""

    path: Path
    text: str
    table: Table

    @cached_property
    def positions(self) -> Positions:
        """Where its keys stand; made when first asked for."""
        return positions(self.text)

    def problem(self, path: KeyPath, text: str) -> Problem:
        """A problem at the key ``path``."""
        place = self.positions.find(path, at_key=True) or Place(1, 1)
        return Problem(str(self.path), place.line, place.column, text)


@dataclass
class Document:
    """The files joined. ``table`` is theirs as one; ``problems`` what went wrong with reading and joining them."""

    path: Path
    table: Table = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    """Every file asked for, also those that could not be read."""
    patterns: tuple[str, ...] = ()
    """The include patterns, absolute: new files that match belong to the configuration too."""
    unmatched: list[int] = field(default_factory=list)
    """Which of the patterns no file matches, counted from 0."""
    _joined: dict[KeyPath, list[tuple[int, int]]] = field(default_factory=dict)
    """Arrays of tables spread over several files: (source, how many elements) in order."""

    def problem(self, path: KeyPath, text: str, at_key: bool = False) -> Problem:
        """A problem at ``path``, or at the nearest table around it that stands in a file."""
        while True:
            for number, source in enumerate(self.sources):
                own = self._own_path(path, number)
                place = None if own is None else source.positions.find(own, at_key)
                if place and path:
                    return Problem(str(source.path), place.line, place.column, text)
            if not path:
                return Problem(str(self.path), 1, 1, text)
            path, at_key = path[:-1], True

    def _own_path(self, path: KeyPath, number: int) -> KeyPath | None:
        """``path`` as source ``number`` counts it, None where that element stands in another source."""
        own: list[str | int] = []
        for depth, part in enumerate(path):
            if isinstance(part, int) and (shares := self._joined.get(path[:depth])):
                index = _share(shares, number, part)
                if index is None:
                    return None
                part = index
            own.append(part)
        return tuple(own)

    def add(self, source: Source) -> None:
        """Join one more file."""
        self.sources.append(source)
        self._join(self.table, source.table, ())

    def _join(self, into: Table, table: Table, under: KeyPath) -> None:
        for key, value in table.items():
            path = (*under, key)
            if _is_tables(value) and _is_tables(into.get(key, [{}])):
                self._joined.setdefault(path, []).append((len(self.sources) - 1, len(value)))
                into[key] = [*into.get(key, []), *value]
            elif isinstance(value, dict):
                self._join_table(into, key, value, path)
            elif key in into:
                self._twice(path)
            else:
                into[key] = value

    def _join_table(self, into: Table, key: str, value: Table, path: KeyPath) -> None:
        inner = into.setdefault(key, {})
        if isinstance(inner, dict):
            self._join(inner, value, path)
        else:
            self._twice(path)

    def _twice(self, path: KeyPath) -> None:
        first = self.problem(path, "", at_key=True)
        text = f"{dotted(path)} is set already in {first.file}, line {first.line}; one file alone may set it"
        self.problems.append(self.sources[-1].problem(path, text))


def _share(shares: list[tuple[int, int]], number: int, index: int) -> int | None:
    start = 0
    for source, count in shares:
        if source == number:
            return index - start
        start += count
    return None


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def dotted(path: KeyPath) -> str:
    """A path as people write it: ``kinds.incident.fields[3].label`` (counted from 1)."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def read_document(path: Path) -> Document:
    """Read ``path`` and the files that it includes; faults are in the document's ``problems``."""
    document = Document(path)
    if not path.exists():
        document.files.append(path)
        document.problems.append(
            Problem(str(path), 1, 1, "cannot read this file: there is none; `acuse init` writes a config.toml")
        )
        return document
    patterns = _add(document, path)
    for included in _included(document, patterns) if document.sources else ():
        if _add(document, included) is not None:
            text = f"include is allowed in {path.name} alone, not in a file that is included"
            document.problems.append(document.sources[-1].problem(("include",), text))
    return document


def _add(document: Document, path: Path) -> object:
    """Read one file and join it; what it includes, None for nothing."""
    document.files.append(path)
    source = read_toml(path)
    if isinstance(source, Problem):
        document.problems.append(source)
        return None
    patterns = source.table.pop("include", None)
    document.add(source)
    return patterns


def _included(document: Document, patterns: object) -> Iterator[Path]:
    """The files that match, in the patterns' order and by name; a name without a wildcard must exist."""
    if patterns is None:
        return
    if not isinstance(patterns, list) or not all(isinstance(each, str) and "\0" not in each for each in patterns):
        text = 'include must be a list of file names, such as ["rules.d/*.toml"]'
        document.problems.append(document.problem(("include",), text))
        return
    found: list[Path] = []
    for number, pattern in enumerate(patterns):
        absolute = str(Path(glob.escape(str(document.path.parent))) / pattern)
        document.patterns += (absolute,)
        # glob and not Path.glob, which also takes the hidden lock files of editors
        matches = sorted(glob.glob(absolute)) if glob.has_magic(pattern) else [str(document.path.parent / pattern)]  # noqa: PTH207
        found += (Path(match) for match in matches)
        document.unmatched += [] if matches else [number]
    yield from (path for path in dict.fromkeys(found) if path != document.path)


def read_toml(path: Path) -> Source | Problem:
    """One file, or why it cannot be read."""
    text = ""
    try:
        with opened(path, LONGEST) as file:
            text = file.read().decode("utf-8-sig").replace("\r\n", "\n")
        return Source(path, text, tomllib.loads(text))
    except OSError as error:
        return Problem(str(path), 1, 1, f"cannot read this file: {error.strerror}")
    except UnicodeDecodeError as error:
        return _not_utf8(path, error)
    except tomllib.TOMLDecodeError as error:
        found = slip(text, str(error))
        return Problem(str(path), found.place.line, found.place.column, f"this is not valid TOML: {found.text}")
    except RecursionError:
        return Problem(str(path), 1, 1, "this file nests tables too deeply")
    except ValueError:
        return Problem(str(path), 1, 1, "a number in this file has thousands of digits; text stands in quotes")


def _not_utf8(path: Path, error: UnicodeDecodeError) -> Problem:
    lines = error.object[: error.start].decode("utf-8", "replace").split("\n")
    byte = error.object[error.start : error.start + 1]
    windows = f"in Windows-1252 it is «{byte.decode('cp1252', 'replace')}»"
    text = f"byte 0x{byte.hex()} is not UTF-8 ({windows}); save the file as UTF-8"
    return Problem(str(path), len(lines), len(lines[-1]) + 1, text)
