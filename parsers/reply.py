"""The new text of a reply: what its author wrote, without history, signature, disclaimer or footer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextMarks:
    """Marks that an admin adds: a line that begins with one of them ends the text."""

    disclaimers: tuple[str, ...] = ()
    footers: tuple[str, ...] = ()
