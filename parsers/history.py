"""Where quoted history begins and ends in plain text: what a client writes around it, recognised line by line.

Linear: each line is looked at a bounded number of times, each pattern on a bounded piece of text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from itertools import takewhile
from typing import Literal

from parsers.attributions import attribution_head, is_name_wrote, may_end_attribution
from parsers.lines import (
    DASHES,
    DATE,
    QUOTED,
    RULE,
    TIME,
    Head,
    Lines,
    bare,
    is_blank,
    label_of,
    next_text,
    previous_text,
)
from parsers.quotes import (
    FORWARD_PHRASES,
    FORWARDED_BY,
    HEADER_LABELS,
    MESSAGE_OF,
    ORIGINAL_PHRASES,
    RAW_HEADERS,
    Role,
    fold_line,
)

_HEADER_LINES = 24
_MISSED_LINES = 2  # lines between two labels that may be the rest of a long value, or blank
_ONCE: frozenset[Role] = frozenset({"from", "to", "date", "subject"})  # no block has two of these
_DASHED = re.compile(rf"^[\s>]*[{DASHES}#]{{2,}}[\s>]*([^{DASHES}].{{2,80}}?)\s*[{DASHES}#:\s]*$")
_ONE_LINE_HEADER = re.compile(r"^[\s>]*-{3,}\s?([^-]{3,60}?)\s?-{3,}\s*([^-:]{1,24}):")
_WORDS_OF_DATE = re.compile(r"[^\W\d_]{3}|[年년]")
_GROUPWISE = re.compile(r"^>>>\s?[^>].{3,200}>>>\s*$")


# -- header blocks -----------------------------------------------------------------------------------------------


def header_block(lines: Lines, at: int, *, announced: bool = False) -> int | None:
    """The line after the header block (From, Date, To, Subject … of any language) that begins at ``at``, if any.

    Three different labels, the sender's among them, and signs that a client wrote it; ``announced``: by a rule or a
    separator above, or quote marks below, so that fewer will do. A raw header (Received, Message-ID …) among them makes
    it somebody's evidence instead.
    """
    values, end = _labelled(lines, at)
    if "subject" not in values and not _ends_here(lines, end):
        return None
    return end if _is_clients(values, announced) and not _below_raw_headers(lines, at) else None


def _labelled(lines: Lines, at: int) -> tuple[dict[Role, str], int]:
    """The values of the labels from line ``at`` on, and the line after the last; none where it is no single block."""
    values: dict[Role, str] = {}
    last = at
    for i in range(at, min(len(lines), at + _HEADER_LINES)):
        label, value = label_of(lines[i])
        role = HEADER_LABELS.get(label) if label else None
        repeated = role in values and role in _ONCE
        if label in RAW_HEADERS or (repeated and last == i - 1):  # a block that begins below somebody's own label
            return {}, at
        if repeated or not (role or _may_go_on(lines, last, i)):
            break
        if role:
            values.setdefault(role, value or (lines[i + 1] if i + 1 < len(lines) else ""))
            last = i
    return values, last + 1


def _may_go_on(lines: Lines, label: int, at: int) -> bool:
    """Whether line ``at``, below the last label, may be blank or the rest of a long value, before another label."""
    rest_ended = is_blank(lines[at]) and label < at - 1 and not is_blank(lines[at - 1])
    return label < at <= label + _MISSED_LINES and not rest_ended


def _ends_here(lines: Lines, end: int) -> bool:
    """Whether a block without a subject ends with its paragraph, or in a list of recipients that is too long."""
    return end >= len(lines) or is_blank(lines[end]) or lines[end - 1].rstrip().endswith((";", ","))


def _below_raw_headers(lines: Lines, at: int) -> bool:
    above = takewhile(lambda line: not is_blank(line), reversed(lines[max(0, at - _HEADER_LINES) : at]))
    return any(label_of(line)[0] in RAW_HEADERS for line in above)


def _is_clients(found: Mapping[Role, str], announced: bool) -> bool:
    """A client gives the minute, and either an address or the date in words; people who list From and To do not."""
    if "from" not in found or len(found.keys() & {"to", "date", "subject"}) < 2:
        return False
    date = found.get("date", "")
    if any("@" in found.get(role, "") for role in ("from", "to", "copy")):
        return announced or bool(TIME.search(date))
    return "subject" in found and bool(TIME.search(date)) and (announced or bool(_WORDS_OF_DATE.search(date)))


def above_block(lines: Lines, start: int, floor: int) -> int:
    """The line where what belongs to a header block begins: a rule, words in dashes or «Mensaje original» above."""
    before = previous_text(lines, start, floor)
    if before >= floor and start - before <= 3 and any(belongs(lines[before]) for belongs in _ABOVE_BLOCKS):
        return above_block(lines, before, floor) if start - before <= 1 else before
    return start


# -- Lotus Notes: a name, a date, and labels without colons, each on its own line ---------------------------------

_DAY = r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4},?\s+\d{1,2}:\d\d(?::\d\d)?"
_DATE_ALONE = re.compile(rf"[\s>]*{_DAY}(?:\s[\w.\s]{{1,8}})?\s*$")
_NOTES_TITLE = re.compile(rf"[\s>]*\S.{{1,80}} ?-{{2,3}}\s?{_DAY}[\w. ]{{0,6}}-{{2,3}}")
"""Above a header block: «Ana Gil ---03/03/2025 10:11:42---Buenos días»."""
_SENT_BY = re.compile(r"[\s>]*(?:Enviado por|Sent by|Gesendet von|Envoyé par|Inviato da|Enviat per):")
_WHO = re.compile(r"@|\w/\w{2,}(?:/|\s*$)")
_BEHIND_LABEL = re.compile(r"(?<=\S)(?:\t|:|\s{2})")
_NOTES_LINES = 14


def _notes_head(lines: Lines, at: int, floor: int) -> Head | None:
    """The head whose date stands on line ``at``, below who wrote (an address, or «Ana/CAU/XUNTA») and above the labels
    of recipient and subject, with their values beside or below them."""
    if not _DATE_ALONE.match(lines[at]):
        return None
    start = previous_text(lines, at, floor)
    if start > floor and _SENT_BY.match(lines[start]):
        start = previous_text(lines, start, floor)
    labels = {_role(lines[i]): i for i in range(min(len(lines), at + _NOTES_LINES) - 1, at, -1)}
    if start < floor or not _WHO.search(lines[start]) or not {"to", "subject"} <= labels.keys():
        return None
    if not any(map(_WHO.search, lines[labels["to"] : labels["to"] + 2])):
        return None
    subject = labels["subject"]
    value_below = len(lines[subject].split()) == 1
    return Head(start, min(len(lines), subject + 1 + value_below))


def _role(line: str) -> Role | None:
    return HEADER_LABELS.get(fold_line(_BEHIND_LABEL.split(bare(line)[:80], maxsplit=1)[0]))


# -- separators --------------------------------------------------------------------------------------------------


def separator(line: str, *, bare_too: bool = False) -> Literal["", "original", "forward"]:
    """«-----Mensaje original-----» and the like; ``bare_too``: also without its dashes."""
    if len(line) > 120:
        return ""
    dashed = _DASHED.match(line)
    if not dashed and not bare_too:
        return ""
    phrase = fold_line(dashed[1] if dashed else bare(line)).strip(f"{DASHES}:. ")
    if phrase in ORIGINAL_PHRASES or MESSAGE_OF.match(phrase) or (dashed and is_name_wrote(f"{dashed[1]}:")):
        return "original"
    return "forward" if phrase in FORWARD_PHRASES or FORWARDED_BY.match(phrase) else ""


_ABOVE_BLOCKS = (RULE.match, _DASHED.match, _NOTES_TITLE.match, partial(separator, bare_too=True))


def _separates(lines: Lines, at: int, floor: int) -> bool:
    """A separator without a header block below it: a paragraph of its own, or one that a client's lines follow."""
    after = lines[at + 1] if at + 1 < len(lines) else ""
    if is_blank(after):
        return at == floor or is_blank(lines[at - 1])
    role = HEADER_LABELS.get(fold_line(after[:40]).partition(" ")[0].rstrip(":"))
    return role is not None or bool(QUOTED.match(after)) or bool(DATE.search(after[:80]))


def _one_line_header(line: str) -> bool:
    """Yahoo's forward: the rule, the phrase and the whole header block on one line."""
    match = _ONE_LINE_HEADER.match(line[:400])
    return bool(match) and "@" in line[:400] and HEADER_LABELS.get(fold_line(match[2])) == "from"  # type: ignore[index]


# -- any of them -------------------------------------------------------------------------------------------------


def head_at(lines: Lines, at: int, floor: int) -> Head | None:
    """The head that line ``at`` begins (a header block, a separator) or ends (an attribution)."""
    line = lines[at]
    if is_blank(line):
        return None
    if _GROUPWISE.match(line) and ("@" in line or DATE.search(line)):
        return Head(at, at + 1)
    return (
        _separator_head(lines, at, floor)
        or _header_head(lines, at, floor)
        or _notes_head(lines, at, floor)
        or (attribution_head(lines, at, floor) if may_end_attribution(line) else None)
    )


def _separator_head(lines: Lines, at: int, floor: int) -> Head | None:
    kind = separator(lines[at])
    if not kind and not _one_line_header(lines[at]):
        return None
    below = next_text(lines, at + 1)
    block = header_block(lines, below, announced=True) if below <= at + 4 else None
    if kind and not block and not _separates(lines, at, floor):
        return None
    end = block or at + 1
    return Head(at, end, quoted=_is_quoted_below(lines, end), forward=kind != "original")


def _header_head(lines: Lines, at: int, floor: int) -> Head | None:
    """A header block; with nothing below it, it is what its author lists."""
    if label_of(lines[at])[0] not in HEADER_LABELS:
        return None
    block = header_block(lines, at, announced=True)
    below = next_text(lines, block) if block else len(lines)
    if not block or below == len(lines):
        return None
    start = above_block(lines, at, floor)
    if start == at and not QUOTED.match(lines[below]) and not header_block(lines, at):
        return None
    forward = separator(lines[start], bare_too=True) == "forward"
    return Head(start, block, quoted=_is_quoted_below(lines, block), forward=forward)


def _is_quoted_below(lines: Lines, end: int) -> bool:
    """Whether the history itself has quote marks, so that what stands below them is the author's."""
    below = next_text(lines, end)
    return below < len(lines) and bool(QUOTED.match(lines[below]))
