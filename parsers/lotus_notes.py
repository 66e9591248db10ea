"""The head that Lotus Notes writes above history: a name, a date, and labels without colons, each on its own line."""

from __future__ import annotations

import re

from parsers.lines import Head, Lines, bare, previous_text
from parsers.quotes import HEADER_LABELS, Role, fold_line

_DAY = r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4},?\s+\d{1,2}:\d\d(?::\d\d)?"
_DATE_ALONE = re.compile(rf"[\s>]*{_DAY}(?:\s[\w.\s]{{1,8}})?\s*$")
NOTES_TITLE = re.compile(rf"[\s>]*\S.{{1,80}} ?-{{2,3}}\s?{_DAY}[\w. ]{{0,6}}-{{2,3}}")
"""Above a header block: «Ana Gil ---03/03/2025 10:11:42---Buenos días»."""
_SENT_BY = re.compile(r"[\s>]*(?:Enviado por|Sent by|Gesendet von|Envoyé par|Inviato da|Enviat per):")
_WHO = re.compile(r"@|\w/\w{2,}(?:/|\s*$)")
_BEHIND_LABEL = re.compile(r"(?<=\S)(?:\t|:|\s{2})")
_HEAD_LINES = 14


def notes_head(lines: Lines, at: int, floor: int) -> Head | None:
    """The head whose date stands on line ``at``, below who wrote (an address, or «Ana/CAU/XUNTA») and above the labels
    of recipient and subject, with their values beside or below them."""
    if not _DATE_ALONE.match(lines[at]):
        return None
    start = previous_text(lines, at, floor)
    if start > floor and _SENT_BY.match(lines[start]):
        start = previous_text(lines, start, floor)
    labels = {_role(lines[i]): i for i in range(min(len(lines), at + _HEAD_LINES) - 1, at, -1)}
    if start < floor or not _WHO.search(lines[start]) or not {"to", "subject"} <= labels.keys():
        return None
    if not any(map(_WHO.search, lines[labels["to"] : labels["to"] + 2])):
        return None
    subject = labels["subject"]
    value_below = len(lines[subject].split()) == 1
    return Head(start, min(len(lines), subject + 1 + value_below))


def _role(line: str) -> Role | None:
    return HEADER_LABELS.get(fold_line(_BEHIND_LABEL.split(bare(line)[:80], maxsplit=1)[0]))
