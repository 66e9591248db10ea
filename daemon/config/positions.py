"""Where a key of a TOML text stands: made only when there is a fault to point at."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

Path = tuple[str | int, ...]
"""The way to a value from the top of the document: ``("kinds", "incident", "fields", 2, "label")``."""


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, both from 1; columns count characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Positions:
    """Every path of one TOML text: where its key stands, and where its value."""

    keys: dict[Path, Place]
    values: dict[Path, Place]

    def find(self, path: Path, at_key: bool = False) -> Place | None:
        """The place of ``path`` (of its key, where one is asked for), or None where the text does not hold it. A table
        that no head names begins with the first key within."""
        first, second = (self.keys, self.values) if at_key else (self.values, self.keys)
        within = (place for key, place in self.keys.items() if key[: len(path)] == path)
        return first.get(path) or second.get(path) or next(within, None)


def positions(text: str) -> Positions:
    """Index ``text``, which tomllib has accepted."""
    import tree_sitter
    import tree_sitter_toml

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    return _Index(text).read(parser.parse(text.encode()).root_node)


class _Index:
    """Walks the syntax tree once."""

    def __init__(self, text: str) -> None:
        self._lines = text.encode().split(b"\n")
        self._found = Positions({}, {})
        self._counts: dict[Path, int] = {}
        """How many elements each array of tables has so far."""

    def read(self, root: Node) -> Positions:
        for node in root.children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in {"table", "table_array_element"}:
                self._table(node)
        return self._found

    def _table(self, node: Node) -> None:
        header = node.children[1]
        path = self._resolve(_key(header))
        if node.type == "table_array_element":
            index = self._counts[path] = self._counts.get(path, -1) + 1
            self._note(self._found.keys, path, node)
            path = (*path, index)
        self._note(self._found.keys, path, node)
        for child in node.children[2:]:
            if child.type == "pair":
                self._pair(child, path)

    def _resolve(self, key: tuple[str, ...]) -> Path:
        """A header's path: each array of tables on the way means its latest element."""
        path: Path = ()
        for depth, part in enumerate(key):
            path = (*path, part)
            if path in self._counts and depth < len(key) - 1:
                path = (*path, self._counts[path])
        return path

    def _pair(self, node: Node, under: Path) -> None:
        path = under
        for part in _key(node.children[0]):
            path = (*path, part)
            self._note(self._found.keys, path, node)
        self._value(node.children[2], path)

    def _value(self, node: Node, path: Path) -> None:
        self._note(self._found.values, path, node)
        if node.type == "inline_table":
            for pair in (child for child in node.children if child.type == "pair"):
                self._pair(pair, path)
        elif node.type == "array":
            items = [child for child in node.children if child.is_named and child.type != "comment"]
            for index, item in enumerate(items):
                self._value(item, (*path, index))

    def _note(self, book: dict[Path, Place], path: Path, node: Node) -> None:
        row, byte = node.start_point
        column = len(self._lines[row][:byte].decode("utf-8", "replace"))
        book.setdefault(path, Place(row + 1, column + 1))


def _key(node: Node) -> tuple[str, ...]:
    """The parts of a bare, quoted or dotted key, read by tomllib itself."""
    inner = tomllib.loads(f"{(node.text or b'').decode()} = 0")
    parts: list[str] = []
    while isinstance(inner, dict):
        (part, inner), *_ = inner.items()
        parts.append(part)
    return tuple(parts)
