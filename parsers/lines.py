"""Lines of a text as the readers of history look at them: blank ones, quote marks, dates, labels of header lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from parsers.quotes import fold_line
from parsers.spelling import without_format

Lines = Sequence[str]

ELIDED = "> […]"
"""The line that stands for a quoted block which was cut out already."""
QUOTED = re.compile(r"^\s{0,3}>")
_QUOTE_MARKS = re.compile(r"^[\s>]*")
DASHES = "-_=*—–‐‑―─"
"""What clients draw rules with."""
RULE = re.compile(rf"^[\s>]*[{DASHES}]{{4,}}\s*$")
TIME = re.compile(r"(?<!\d)\d{1,2}(?:[:.h]|\sh\s)\d\d(?!\d)")
DATE = re.compile(
    r"(?=\d)(?:\b\d{4}[-./]\d{1,2}[-./]\d{1,2}\b|\b\d{1,2}[-./]\s?\d{1,2}[-./]\s?\d{2,4}\b|\d{4}年|\d{4}년"
    r"|\b\d{1,2}(?!\d)[^\d\n]{1,25}\b(?:19|20)\d\d\b"
    r"|\b(?:19|20)\d\d\b[.\s]+[^\W\d]{2,12}[.,\s]+\d{1,2}\b(?![:.h]\d))"
)
_COLUMN = re.compile(r"([^\W\d_]+(?: [^\W\d_]+)?)(\t|\s{4,})(?=\S)")
_CELL = re.compile(r"\|\s?([^|\n]{1,34}?)\s?(\|)\s?")
"""NetEase's table: «| From | Ana<ana@cau.example> |»."""
_SMALL_LABELS = ("cc", "bcc", "cco")
_BOLD = re.compile(r"^[*_]{1,2}(?=\w)|[*_]{1,2}\s*$")


@dataclass(frozen=True, slots=True)
class Head:
    """What a client wrote above the history: lines ``start`` up to ``end``; the history begins at ``end``.

    ``quoted``: the history itself has quote marks, so its end is known; otherwise it runs to the end of the text.
    ``sure``: nobody types such a head.
    """

    start: int
    end: int
    quoted: bool = False
    forward: bool = False
    sure: bool = False


def is_blank(line: str) -> bool:
    """A line without a visible character."""
    return not line or line.isspace() or (not line.isprintable() and not without_format(line).strip())


def next_text(lines: Lines, at: int) -> int:
    """The first line at or after ``at`` that is not blank, or the number of lines."""
    while at < len(lines) and is_blank(lines[at]):
        at += 1
    return at


def previous_text(lines: Lines, before: int, floor: int) -> int:
    """The last line before ``before`` that is not blank, or ``floor - 1``."""
    before -= 1
    while before >= floor and is_blank(lines[before]):
        before -= 1
    return before


def is_sentence(text: str) -> bool:
    """By its length, or by its end and at least three words."""
    return len(text) > 60 or (text.rstrip().endswith((".", "?", "!", ",", ")")) and len(text.split()) >= 3)


def bare(line: str) -> str:
    """The line without the quote marks before it."""
    return line[_QUOTE_MARKS.match(line).end() :] if line[:1] in "> \t\xa0" else line  # type: ignore[union-attr]


def label_of(line: str) -> tuple[str, str]:
    """Folded label and value of a header line, both "" where it is none; bold marks around the label do not count, and
    Notes leaves the colon out of its table. Clients begin a label with a capital, people's settings files («from:
    a@cau.example») do not."""
    text = bare(line)[:400]
    if not (":" in text or "：" in text or "\t" in text or "    " in text or text[:1] == "|"):  # nearly no line
        return "", ""
    text = without_format(text).replace("：", ":", 1)
    column = _CELL.match(text) or _COLUMN.match(text)
    head, colon, value = (column[1], column[2], text[column.end() :]) if column else text.partition(":")
    if not colon or len(head) > 34 or (head.islower() and fold_line(head) not in _SMALL_LABELS):
        return "", ""
    return _folded_label(head), value.strip(" *\t|")


@lru_cache(maxsize=1024)
def _folded_label(head: str) -> str:
    return fold_line(_BOLD.sub("", head.strip("*_ \t\xa0\ufeff")))
