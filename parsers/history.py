"""Where quoted history begins and ends in plain text: what a client writes around it, recognised line by line.

Linear: each line is looked at a bounded number of times, each pattern on a bounded piece of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Literal

from parsers.quotes import (
    AUTHOR_FIRST,
    FORWARD_PHRASES,
    FORWARDED_BY,
    HEADER_LABELS,
    ORIGINAL_PHRASES,
    RAW_HEADERS,
    VERB,
    Role,
    any_of,
    ends_in_verb,
    fold_line,
    is_footer,
)
from parsers.spelling import without_format

Lines = Sequence[str]
Strength = Literal["dated", "named", "loose"]

_WRAPPED_LINES = 5  # an attribution is wrapped over at most so many lines
_ATTRIBUTION_CHARACTERS = 400
_VERB_CHARACTERS = 32  # the longest verb that ends one, and a word boundary
_HEADER_LINES = 24
_MISSED_LINES = 2  # lines between two labels that may be the rest of a long value, or blank

ELIDED = "> […]"
"""The line that stands for a quoted block which was cut out already."""
QUOTED = re.compile(r"^\s{0,3}>")
_QUOTE_MARKS = re.compile(r"^[\s>]*")
_DASHES = "-_=*—–‐‑―─"
_RULE = re.compile(rf"^[\s>]*[{_DASHES}]{{4,}}\s*$")
_TIME = re.compile(r"\b\d{1,2}[:.h]\d\d\b")
_ARTICLE = any_of("el|la|los|las|un|una|the|a|an|le|les|une|der|die|das|ein|eine|o|os|as|um|uma|il|lo|els|les")
_TIME_THEN_NAME = re.compile(rf"{_TIME.pattern}[^,\d]{{0,12}},\s(?!(?:{_ARTICLE})\s)\S")
_DATE = re.compile(
    r"\b\d{4}[-./]\d{1,2}[-./]\d{1,2}\b|\b\d{1,2}[-./]\s?\d{1,2}[-./]\s?\d{2,4}\b|\d{4}年|\d{4}년"
    r"|\b\d{1,2}(?!\d)[^\d\n]{1,25}\b(?:19|20)\d\d\b"
    r"|\b(?:19|20)\d\d\b[.\s]+[^\W\d]{2,12}[.,\s]+\d{1,2}\b(?![:.h]\d)"
)
_DASHED = re.compile(rf"^[\s>]*[{_DASHES}]{{2,}}[\s>]*([^{_DASHES}].{{2,80}}?)\s*[{_DASHES}:\s]*$")
_ONE_LINE_HEADER = re.compile(r"^[\s>]*-{3,}\s?([^-]{3,60}?)\s?-{3,}\s*([^-:]{1,24}):")
_ADDRESS_THEN_VERB = re.compile(rf"@[^\s<>]+>+\s(?:{VERB.pattern})")
_ADDRESS_LAST = re.compile(r"@[^\s<>]+\s?[>)\]]*\s?:$")
_GROUPWISE = re.compile(r"^>>> ?[^>].{3,200}>>>\s*$")
# Nothing but a name and a verb: «Mesa de Incidencias escribió:», not «El usuario Juan escribió:».
_NAME_WROTE = re.compile(
    r"^(?:(?:[^\W\d_a-z][\w.'-]*|de|del|la|las|los|el|y|i|e|da|do|dos|van|von|der)\s){1,7}?(?:a |ha |va |hat )?\w+:\s*$"
)
_SMALL_LABELS = ("cc", "bcc", "cco")
# What the attribution of a client may have and a sentence has not: an address in angle brackets, the date first, a name
# behind a time and a comma («El 3/3/2026 a las 8:05 el sistema escribió:» has none of them).
_NO_SENTENCE = (re.compile("<").search, AUTHOR_FIRST.match, _DATE.match, _TIME_THEN_NAME.search)
_BOLD = re.compile(r"^[*_]{1,2}(?=\w)|[*_]{1,2}\s*$")


@dataclass(frozen=True, slots=True)
class Head:
    """What a client wrote above the history: lines ``start`` up to ``end``; the history begins at ``end``.

    ``quoted``: the history itself has quote marks, so its end is known; otherwise it runs to the end of the text.
    """

    start: int
    end: int
    quoted: bool = False
    forward: bool = False


def is_blank(line: str) -> bool:
    """A line without a visible character."""
    return not line or line.isspace()


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


# -- header blocks -----------------------------------------------------------------------------------------------


def _label(line: str) -> tuple[str, str]:
    """Folded label and value of a header line, both "" where it is none; bold marks around the label do not count.
    Clients begin it with a capital, people's settings files («from: a@cau.example») do not."""
    head, colon, value = without_format(bare(line)[:400]).replace("：", ":", 1).partition(":")
    if not colon or len(head) > 34 or (head.islower() and fold_line(head) not in _SMALL_LABELS):
        return "", ""
    return _folded_label(head), value.strip(" *\t")


@lru_cache(maxsize=1024)
def _folded_label(head: str) -> str:
    return fold_line(_BOLD.sub("", head.strip("*_ \t\xa0\ufeff")))


def header_block(lines: Lines, at: int) -> int | None:
    """The line after the header block (From, Date, To, Subject … of any language) that begins at ``at``, if any.

    Three different labels, the sender's among them, and a sign that a client wrote it: an address, or a time beside
    a subject. A raw header (Received, Message-ID …) among them makes it somebody's evidence instead.
    """
    found: dict[Role, str] = {}
    last, missed = at, 0
    for i in range(at, min(len(lines), at + _HEADER_LINES)):
        label, value = _label(lines[i])
        if label in RAW_HEADERS:
            return None
        role = HEADER_LABELS.get(label) if label else None
        if role:
            found.setdefault(role, value or (lines[i + 1] if i + 1 < len(lines) else ""))
            last, missed = i, 0
        elif i == at or (missed := missed + 1) > _MISSED_LINES:
            break
    return last + 1 if _is_clients(found) and not _below_raw_headers(lines, at) else None


def _below_raw_headers(lines: Lines, at: int) -> bool:
    above = takewhile(lambda line: not is_blank(line), reversed(lines[max(0, at - _HEADER_LINES) : at]))
    return any(_label(line)[0] in RAW_HEADERS for line in above)


def _is_clients(found: dict[Role, str]) -> bool:
    if "from" not in found or len(found.keys() & {"to", "date", "subject"}) < 2:
        return False
    if any("@" in found.get(role, "") for role in ("from", "to", "copy")):
        return True
    return "subject" in found and bool(_TIME.search(found.get("date", "")))


def above_block(lines: Lines, start: int, floor: int) -> int:
    """The line where what belongs to a header block begins: a rule, words in dashes or «Mensaje original» above."""
    before = previous_text(lines, start, floor)
    if (
        before >= floor
        and start - before <= 3
        and (_RULE.match(lines[before]) or _DASHED.match(lines[before]) or separator(lines[before], bare_too=True))
    ):
        return above_block(lines, before, floor) if start - before <= 1 else before
    return start


# -- separators --------------------------------------------------------------------------------------------------


def separator(line: str, *, bare_too: bool = False) -> Literal["", "original", "forward"]:
    """«-----Mensaje original-----» and the like; ``bare_too``: also without its dashes."""
    if len(line) > 120:
        return ""
    dashed = _DASHED.match(line)
    if not dashed and not bare_too:
        return ""
    phrase = fold_line(dashed[1] if dashed else bare(line)).strip(f"{_DASHES}: ")
    if phrase in ORIGINAL_PHRASES or (dashed and _is_name_wrote(f"{dashed[1]}:")):
        return "original"
    return "forward" if phrase in FORWARD_PHRASES or FORWARDED_BY.match(phrase) else ""


def _separates(lines: Lines, at: int, floor: int) -> bool:
    """A separator without a header block below it: a paragraph of its own, or one that a client's lines follow."""
    after = lines[at + 1] if at + 1 < len(lines) else ""
    if is_blank(after):
        return at == floor or is_blank(lines[at - 1])
    role = HEADER_LABELS.get(fold_line(after[:40]).partition(" ")[0].rstrip(":"))
    return role is not None or bool(QUOTED.match(after)) or bool(_DATE.search(after[:80]))


def _one_line_header(line: str) -> bool:
    """Yahoo's forward: the rule, the phrase and the whole header block on one line."""
    match = _ONE_LINE_HEADER.match(line[:400])
    return bool(match) and "@" in line[:400] and HEADER_LABELS.get(fold_line(match[2])) == "from"  # type: ignore[index]


# -- attributions ------------------------------------------------------------------------------------------------


def _strength(text: str) -> Strength | None:
    """How surely this folded text is an attribution: «El 9/10/2017 10:23, Ana <ana@cau.example> escribió:»."""
    text = text.strip("-* ")
    if text.count("<") != text.count(">"):
        return None
    date, address = _DATE.search(text[:160]), text.find("@")
    if date and date.start() <= 3 and address > 0 and text.endswith(">"):
        return "loose"
    verb = VERB.search(text)
    if not text.endswith(":") and not (verb and ends_in_verb(text)):
        return None
    if verb and verb.start() == 0:
        return None  # the author's name stands on the line above
    early = bool(date) and _is_opening(text[: date.start()])  # type: ignore[union-attr]
    if early and (verb or (address > 0 and _ADDRESS_LAST.search(text))):
        return "dated"
    if AUTHOR_FIRST.match(text) and address > 0:
        return "dated" if date else "named"
    if verb and 0 < address < min(verb.start(), 100):
        return "dated" if date else "named"
    return None


def _is_opening(text: str) -> bool:
    """What may stand before the date of an attribution: «el mar», «on tuesday»."""
    return len(text) <= 40 and len(text.split()) <= 5 and not re.search(r":(?!\d)", text)


def attribution(lines: Lines, last: int, floor: int) -> tuple[int, Strength, str] | None:
    """The attribution that ends on line ``last``: its first line (not before ``floor``), strength, folded text."""
    named: tuple[int, Strength, str] | None = None
    joined = ""
    for first in range(last, max(floor, last - _WRAPPED_LINES) - 1, -1):
        line = lines[first]
        if is_blank(line) and joined.startswith("<"):
            continue
        joined = f"{bare(line) if first < last or not line.startswith('>') else _last_line(line)} {joined}".strip()
        if is_blank(line) or len(joined) > _ATTRIBUTION_CHARACTERS:
            break
        folded = fold_line(joined)
        strength = _strength(folded)
        if strength == "dated" or (strength == "loose" and first == last):
            return first, strength, folded
        if strength == "named" and (first in (last, floor) or is_blank(lines[first - 1])):
            named = named or (first, strength, folded)
    return named


def _last_line(line: str) -> str:
    """The last line of an attribution: «>:» and «> wrote:» close the address of the line before, others are quoted."""
    return line if VERB.match(fold_line(line[1:])) or line[1:].strip() in (":", "") else bare(line)


def _may_end_attribution(line: str) -> bool:
    end = line[-60:].rstrip(" \t\xa0\u202f*-")
    return end.endswith((":", "：", ">")) or ends_in_verb(fold_line(end[-_VERB_CHARACTERS:]))


def _is_name_wrote(line: str) -> bool:
    return len(line) <= 120 and bool(_NAME_WROTE.match(line)) and ends_in_verb(fold_line(line))


def _attribution_head(lines: Lines, last: int, floor: int) -> Head | None:
    after = next_text(lines, last + 1)
    if _is_name_wrote(lines[last]):
        quoted = after < len(lines) and bool(QUOTED.match(lines[after])) and _begins_paragraph(lines, last, floor)
        return Head(last, last + 1, quoted=True) if quoted else None
    if not any(c in line for line in lines[max(floor, last - 5) : last + 1] for c in "@0123456789年"):
        return None
    found = attribution(lines, last, floor)
    if not found:
        return None
    first, strength, text = found
    start = first - (first > floor and bool(_RULE.match(lines[first - 1])))
    if after < len(lines) and (QUOTED.match(lines[after]) or lines[after].startswith("| ")):
        return Head(start, last + 1, quoted=True)
    return Head(start, last + 1) if _stands_alone(lines, first, last, floor, strength, text) else None


def _stands_alone(lines: Lines, first: int, last: int, floor: int, strength: Strength, text: str) -> bool:
    """An attribution above history without quote marks must be surer: a paragraph of its own that has what no sentence
    has; without a date, the address in angle brackets right before the verb. With nothing below, it is the author's."""
    if next_text(lines, last + 1) == len(lines):
        return False
    below = lines[last + 1]
    blank_after = is_blank(below) or _label(below)[0] in HEADER_LABELS
    if strength == "loose" or not _begins_paragraph(lines, first, floor):
        return False
    if previous_text(lines, first, 0) < 0 and not blank_after:
        return False
    if strength == "named":
        return blank_after and bool(_ADDRESS_THEN_VERB.search(text))
    if not blank_after and not ("@" in text and VERB.search(text)):
        return False
    return text.startswith("--") or any(sure(text) for sure in _NO_SENTENCE)


def _begins_paragraph(lines: Lines, first: int, floor: int) -> bool:
    if first == floor or lines[first][:2].isspace():
        return True
    above = lines[first - 1]
    return is_blank(above) or bool(_RULE.match(above)) or is_footer(above)


# -- any of them -------------------------------------------------------------------------------------------------


def head_at(lines: Lines, at: int, floor: int) -> Head | None:
    """The head that line ``at`` begins (a header block, a separator) or ends (an attribution)."""
    line = lines[at]
    if is_blank(line):
        return None
    if _GROUPWISE.match(line) and ("@" in line or _DATE.search(line)):
        return Head(at, at + 1)
    return (
        _separator_head(lines, at, floor)
        or _header_head(lines, at, floor)
        or (_attribution_head(lines, at, floor) if _may_end_attribution(line) else None)
    )


def _separator_head(lines: Lines, at: int, floor: int) -> Head | None:
    kind = separator(lines[at])
    if not kind and not _one_line_header(lines[at]):
        return None
    below = next_text(lines, at + 1)
    block = header_block(lines, below) if below <= at + 4 else None
    if kind and not block and not _separates(lines, at, floor):
        return None
    return Head(at, block or at + 1, forward=kind != "original")


def _header_head(lines: Lines, at: int, floor: int) -> Head | None:
    """A header block; with nothing below it, it is what its author lists."""
    if not (":" in lines[at][:60] or "：" in lines[at][:60]) or _label(lines[at])[0] not in HEADER_LABELS:
        return None
    block = header_block(lines, at)
    below = next_text(lines, block) if block else len(lines)
    if not block or below == len(lines):
        return None
    start = above_block(lines, at, floor)
    forward = separator(lines[start], bare_too=True) == "forward"
    return Head(start, block, quoted=lines[below] == ELIDED, forward=forward)
