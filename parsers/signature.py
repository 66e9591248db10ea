"""What stands below a person's text and was not typed for this mail: signature, disclaimer, footer of a phone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from itertools import islice

from parsers.footers import NOTICE_START, PRINTING, is_footer, is_notice
from parsers.lines import DASHES, is_blank, is_sentence, next_text, previous_text
from parsers.quotes import NAME, fold_line

_SIGNATURE_LINES = 25  # text longer than this below «-- » is no signature
_BARE_SIGNATURE_LINES = 12  # the same below «--», which people also type as a rule
_LINE = 200  # characters of a line that are compared
_SHORTEST_NOTICE = 11  # characters of its first line
_MOST_NOTICES = 100  # paragraphs that begin like one are looked at

_LIST_RULE = re.compile(r"^_{2,}\s*$")
_LINK = re.compile(r"https?://|www\.")
_LIST_WORD = re.compile(r"@|\b(?:mailing|list[ae]?)\b|subscri|suscri", re.IGNORECASE)
_LINK_ALONE = re.compile(r"^\W*(?:https?://|www\.)\S+$")
_LISTED_LINK = re.compile(r"^\[\d{1,3}\] +mailto:\S+$")
_DASHES_ALONE = re.compile(rf"^\s*[{DASHES}]{{1,80}}\s*$")


def text_end(lines: Sequence[str], marks: Sequence[str], *, alone: bool) -> int:
    """The number of lines that are the person's own; ``marks`` are folded beginnings of lines that end the text.

    ``alone``: nothing of the person stands above these lines, so that they are kept where nothing else would remain.
    """
    end = len(lines)
    for start_of in (partial(_mark, marks=marks), _list_footer, _listed_links, _disclaimer, _delimiter):
        cut = start_of(lines[:end])
        if cut < end and (not alone or _has_text(lines, cut)):
            end = cut
    return _above_footers(lines, end, alone=alone)


def _has_text(lines: Sequence[str], end: int) -> bool:
    return previous_text(lines, end, 0) >= 0


def _mark(lines: Sequence[str], marks: Sequence[str]) -> int:
    if not marks:
        return len(lines)
    starts = tuple(marks)
    return next((i for i, line in enumerate(lines) if fold_line(line[:_LINE]).startswith(starts)), len(lines))


def _delimiter(lines: Sequence[str]) -> int:
    """The line of RFC 3676 section 4.3, «-- », or «--» where it is the only one and little follows it: beside remarks
    that begin with two hyphens, too, it is code."""
    dashed = [i for i, line in enumerate(lines) if line.startswith(("-- ", "--\xa0")) or line == "--"]
    exact = [i for i in dashed if lines[i] == "-- "]
    found = [i for i in dashed if lines[i].rstrip() == "--"]
    if not exact and (len(found) != 1 or len(dashed) > 1):
        return len(lines)
    reach = _last_texts(lines, _SIGNATURE_LINES if exact else _BARE_SIGNATURE_LINES)
    at = next((i for i in exact or found if i >= reach), len(lines))
    below = next_text(lines, at + 1)
    if below < len(lines) and (lines[below].startswith("--") or (not exact and any(map(is_sentence, lines[below:])))):
        return len(lines)
    return len(lines) if any(_goes_on(lines, i) for i in range(below + 1, len(lines))) else at


def _goes_on(lines: Sequence[str], at: int) -> bool:
    """A paragraph with which the sentence above goes on: what stands between is a signature that its author quotes."""
    return is_blank(lines[at - 1]) and lines[at][:1].islower() and is_sentence(lines[at])


def _last_texts(lines: Sequence[str], count: int) -> int:
    """The line from which at most ``count`` lines that are not blank follow."""
    at = len(lines)
    while at > 0 and count >= 0:
        at -= 1
        count -= not is_blank(lines[at])
    return at if count < 0 else 0


def _list_footer(lines: Sequence[str]) -> int:
    """The few lines, a link among them, that a mailing list puts below a line of underscores, all about the list."""
    for i in range(max(0, len(lines) - 10), len(lines)):
        below = [line[:_LINE] for line in lines[i + 1 :] if not is_blank(line)] if _LIST_RULE.match(lines[i]) else []
        links, words = set(filter(_LINK.search, below)), set(filter(_LIST_WORD.search, below))
        if links and words and links | words == set(below):
            return i
    return len(lines)


def _listed_links(lines: Sequence[str]) -> int:
    """The numbered links of what it quotes in which a client ends that makes its text out of HTML: a title, a rule, and
    nothing but `mailto:`, for a link of the author's own may be a page."""
    last = at = previous_text(lines, len(lines), 0)
    while at >= 0 and _LISTED_LINK.match(lines[at]):
        at -= 1
    listed = 0 < at < last and _DASHES_ALONE.match(lines[at]) and lines[at - 1].endswith(":")
    return at - 1 if listed else len(lines)


def _disclaimer(lines: Sequence[str]) -> int:
    starts = (i for i, line in enumerate(lines) if len(line) >= _SHORTEST_NOTICE and _begins_notice(lines, i))
    found = next((i for i in islice(starts, _MOST_NOTICES) if _is_disclaimer(lines, i)), len(lines))
    above = previous_text(lines, found, 0)
    return above if found < len(lines) and above >= 0 and lines[above].startswith("__") else found


def _begins_notice(lines: Sequence[str], at: int) -> bool:
    """Whether line ``at`` begins a paragraph, and does so as a notice would."""
    if at and not is_blank(lines[at - 1]) and not lines[at - 1].startswith("__"):
        return False
    folded = fold_line(lines[at][:_LINE])
    return bool(PRINTING.match(folded) or NOTICE_START.match(folded))


def _is_disclaimer(lines: Sequence[str], at: int) -> bool:
    return bool(PRINTING.match(fold_line(lines[at][:_LINE]))) or is_notice(_text_from(lines, at))


def _text_from(lines: Sequence[str], at: int) -> str:
    """As much of the text from line ``at`` on, folded, as a legal notice needs to tell what it is."""
    return fold_line(" ".join(lines[at : at + 30])[:3000])


def _above_footers(lines: Sequence[str], end: int, *, alone: bool) -> int:
    """Leave out footers of phones at the very end, each a paragraph of its own or below another."""
    cut = end
    last = previous_text(lines, end, 0)
    if last > 0 and _LINK_ALONE.match(lines[last]):  # of the application, where its footer stands above it
        last -= 1
    while last >= 0 and is_footer(lines[last]):
        if last and _DASHES_ALONE.match(lines[last - 1]):
            last -= 1
        if last == 0 or _begins_below(lines[last - 1], lines[last]):
            cut = last
        last = previous_text(lines, last, 0)
    return end if alone and not _has_text(lines, cut) else cut


def _begins_below(above: str, line: str) -> bool:
    """Whether a footer may begin with ``line``: a paragraph of its own, or right below the name of who signs."""
    return is_blank(above) or (line[:1].isupper() and bool(NAME.match(above)))
