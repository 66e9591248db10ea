"""Why a text is no TOML, for the person who wrote it: where, what is wrong there, and how to mend it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from daemon.config.positions import Place


@dataclass(frozen=True, slots=True)
class Slip:
    """What tomllib stumbled over, in plain words, and where that is."""

    place: Place
    text: str


def slip(text: str, complaint: str) -> Slip:
    """The slip in ``text`` behind a complaint of tomllib, which ends with its place: «… (at line 2, column 20)»."""
    what, _, where = complaint.rpartition(" (at ")
    at = _offset(text, what, where)
    before = text[:at].split("\n")
    line = before[-1] + text[at:].partition("\n")[0]
    return Slip(Place(len(before), len(before[-1]) + 1), _invisible(text[at : at + 1]) or _plain(what) + _pasted(line))


def _offset(text: str, what: str, where: str) -> int:
    """Where to look: the place that tomllib names, or the quote whose fellow it missed until the end of the text."""
    if found := re.fullmatch(r"line (\d+), column (\d+)\)", where):
        lines = text.split("\n")[: int(found[1]) - 1]
        return sum(len(line) + 1 for line in lines) + int(found[2]) - 1
    if missed := re.fullmatch(r"""Expected "('+)\"""", what):
        return text.rfind(missed[1])
    if what == "Unterminated string":
        return text.rfind('"""' if text.count('"""') % 2 else '"')
    return len(text)


def _plain(what: str) -> str:
    return next((told for pattern, told in _TOLD if re.match(pattern, what)), what[:1].lower() + what[1:])


_TOLD = (
    (r"""(Illegal|Found invalid) character '\\n'|Unterminated string|Expected "'""",
     "a text that begins on this line is left open; end it with the quote that it begins with"),
    (r"Invalid value", 'this is no value; text stands in straight quotes "…", a switch is true or false, '
     "a list in [ ]"),
    (r"Invalid date", 'this is no day of the calendar; text stands in straight quotes "…"'),
    (r"Expected newline", "the value has ended before this; text stands in quotes as a whole, a comment begins with #, "
     "each key has its own line"),
    (r"Expected '='", "a key, = and a value belong here; a key of several words, or with other letters than a to z, "
     "stands in quotes"),
    (r"Expected '\]'", "the head of a table ends with ]; a name of several words, or with other letters than a to z, "
     "stands in quotes"),
    (r"Expected '\]\]'", "a head that begins with [[ ends with ]]"),
    (r"Invalid statement", "a line is a [table], a key = value, or a comment that begins with #"),
    (r"Invalid initial", "a name is missing here; a table in { } stands on one line, with no comma before its }"),
    (r"Unclosed array", "a list is left open; a comma or its ] is missing before this"),
    (r"Unclosed inline", "a table in { } is left open; a comma or its } is missing before this, on the same line"),
    (r"Unescaped|Invalid hex|Escaped", 
     r"in double quotes a \ has a meaning of its own; in single quotes it is taken as it is"),
    (r"Cannot|Duplicate", "this key or table stands here already; write it once, or each head in [[ ]] where "
     "several are meant"),
)  # fmt: skip
"""How tomllib's complaints begin, and what they tell a person."""


def _invisible(character: str) -> str:
    """What to say of a character that looks like a space or like nothing; "" for any other."""
    if character in " \t\n" or unicodedata.category(character) not in {"Zs", "Cf", "Cc"}:
        return ""
    name = unicodedata.name(character, "a control character")
    return f"an invisible character stands here, U+{ord(character):04X} ({name}); delete it"


def _pasted(line: str) -> str:
    quotes = "".join(dict.fromkeys(re.findall("[“”„‘’‚«»]", line)))
    return f'; {quotes} is what word processors make of quotes, type "' if quotes else ""
