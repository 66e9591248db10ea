"""Long texts in letters: what is too long to read in a mail is cut, and goes along whole as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.letters import File

LONGEST = 3_000
"""Characters of one text that a letter shows."""

SHORT = 60
"""A value longer than this stands under its label instead of beside it."""

Row = tuple[str, str, bool]
"""Label, value as shown, and whether it stands under its label."""


def row(label: str, value: str) -> Row:
    """A line of a table of fields."""
    return label, value, len(value) > SHORT or "\n" in value


class Folder:
    """Cuts the texts of one letter and collects the whole ones."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self.files: list[File] = []
        self._layout: Mapping[str, str] = words["layout"]

    def value(self, value: Any, name: str) -> Any:
        """``value`` itself, or the beginning of a text that is too long."""
        return self._fold(value, name) if isinstance(value, str) and len(value) > LONGEST else value

    def row(self, label: str, value: str) -> Row:
        """A line of the fields table, its value cut where it is too long."""
        _, _, below = row(label, value)
        return label, self.value(value, label), below

    def _fold(self, text: str, name: str) -> str:
        title = self._layout.get(f"file_{name}", name)
        if all(file.content.decode() != text for file in self.files):
            self.files.append(File(f"{title}.txt", "text/plain", text.encode()))
        cut = max(text.rfind("\n", 0, LONGEST), text.rfind(" ", 0, LONGEST))
        return f"{text[: cut if cut > LONGEST // 2 else LONGEST].rstrip()} … {self._layout['folded']}"
