"""Subjects: cleaned, compared exactly, and searched for a token or a number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubjectMarks:
    """Reply prefixes and gateway tags that an admin adds to the known ones."""

    prefixes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
