"""What stands below a person's text and was not typed for this mail: signature, disclaimer, footer of a phone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers.history import is_blank, next_text, previous_text
from parsers.quotes import DISCLAIMER_START, DISCLAIMER_WORD, PRINTING, fold, is_footer

_SIGNATURE_LINES = 25  # text longer than this below «-- » is no signature
_BARE_SIGNATURE_LINES = 12  # the same below «--», which people also type as a rule
_LINE = 200  # characters of a line that are compared

_LIST_RULE = re.compile(r"^_{2,}\s*$")
_LINK = re.compile(r"https?://|www\.")


def text_end(lines: Sequence[str], marks: Sequence[str], *, alone: bool = True) -> int:
    """The number of lines that are the person's own; ``marks`` are folded beginnings of lines that end the text.

    ``alone``: nothing of the person stands above these lines, so that they are kept where nothing else would remain.
    """
    end = len(lines)
    for cut in (_mark(lines, marks), _delimiter(lines), _list_footer(lines), _disclaimer(lines)):
        if cut < end and (not alone or _has_text(lines, cut)):
            end = cut
    return _above_footers(lines, end, alone=alone)


def _has_text(lines: Sequence[str], end: int) -> bool:
    return previous_text(lines, end, 0) >= 0


def _mark(lines: Sequence[str], marks: Sequence[str]) -> int:
    if not marks:
        return len(lines)
    starts = tuple(marks)
    return next((i for i, line in enumerate(lines) if fold(line[:_LINE]).startswith(starts)), len(lines))


def _delimiter(lines: Sequence[str]) -> int:
    """The line of RFC 3676 section 4.3, «-- », or «--» where it stands only once and little follows it."""
    found = [i for i, line in enumerate(lines) if line.startswith("--") and line.rstrip() == "--"]
    exact = [i for i in found if lines[i] == "-- "]
    if not exact and len(found) != 1:
        return len(lines)
    reach = _last_texts(lines, _SIGNATURE_LINES if exact else _BARE_SIGNATURE_LINES)
    at = next((i for i in exact or found if i >= reach), len(lines))
    below = next_text(lines, at + 1)
    return at if below >= len(lines) or not lines[below].startswith("--") else len(lines)


def _last_texts(lines: Sequence[str], count: int) -> int:
    """The line from which at most ``count`` lines that are not blank follow."""
    at = len(lines)
    while at > 0 and count >= 0:
        at -= 1
        count -= not is_blank(lines[at])
    return at if count < 0 else 0


def _list_footer(lines: Sequence[str]) -> int:
    """The few lines, a link among them, that a mailing list puts below a line of underscores."""
    for i in range(max(0, len(lines) - 10), len(lines)):
        if _LIST_RULE.match(lines[i]):
            below = " ".join(lines[i + 1 :])
            if len(below) < 600 and _LINK.search(below) and ("@" in below or "list" in below):
                return i
    return len(lines)


def _disclaimer(lines: Sequence[str]) -> int:
    for i, line in enumerate(lines):
        if len(line) < 11 or (i and not is_blank(lines[i - 1]) and not lines[i - 1].startswith("__")):
            continue
        folded = fold(line[:_LINE])
        if PRINTING.match(folded) or (
            DISCLAIMER_START.match(folded) and DISCLAIMER_WORD.search(fold(" ".join(lines[i : i + 30])[:3000]))
        ):
            return i - 1 if i and lines[i - 1].startswith("__") else i
    return len(lines)


def _above_footers(lines: Sequence[str], end: int, *, alone: bool) -> int:
    """Leave out footers of phones at the very end, each a paragraph of its own or below another."""
    cut = end
    last = previous_text(lines, end, 0)
    while last >= 0 and is_footer(lines[last]):
        if last == 0 or is_blank(lines[last - 1]):
            cut = last
        last = previous_text(lines, last, 0)
    return end if alone and not _has_text(lines, cut) else cut
