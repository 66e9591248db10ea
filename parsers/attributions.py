"""The attribution that a client writes above a quote, «El 9/10/2017, Ana <a@cau.example> escribió:»."""

from __future__ import annotations

import re
from itertools import dropwhile, islice
from typing import Literal

from parsers.dates import DAY_WORDS
from parsers.lines import DATE, QUOTED, RULE, TIME, Head, Lines, bare, is_blank, label_of, next_text, previous_text
from parsers.quotes import (
    AUTHOR_FIRST,
    HEADER_LABELS,
    NAME_WORD,
    OPENINGS,
    VERB,
    any_of,
    ends_in_verb,
    find_verb,
    fold_line,
)
from parsers.spelling import fold, without_format

Strength = Literal["dated", "named", "loose"]

_WRAPPED_LINES = 5  # an attribution is wrapped over at most so many lines
_ATTRIBUTION_CHARACTERS = 400
_OPENING_CHARACTERS = 40
_DATED_CHARACTERS = 160
# Where an attribution may begin behind its author's words: with its capital, or below a sentence (but not «lun. 3»).
_GLUE = re.compile(
    rf"(?:(?<=[.!?…])\s+(?=[^\W\d])|(?<=[\w,;:)])\s+(?=(?:{OPENINGS})\s))(?=.{{0,{_OPENING_CHARACTERS}}}\d)"
)
# Words typed where an editor put the caret, right before an undated line: «Ya va bien.Ana <a@cau.example> escribió:».
_GLUED_NAME = re.compile(r"(?<=[^\W\d_]{4}[.!?…])(?=[^\W\d_][^<>.]{0,80}<[^<>\s]+@[^<>\s]+>[^<>]{1,30}$)")
_DIGIT = re.compile(r"\d")
_OPENING_ALONE = re.compile(rf"\s*(?:{OPENINGS})\s*")
_GLUES = 20  # so many at the end of a line are looked at
_VERB_CHARACTERS = 32  # the longest verb that ends one, and a word boundary

_DETERMINER = any_of(
    "el|la|los|las|un|una|the|a|an|le|les|une|der|die|das|ein|eine|o|os|as|um|uma|il|lo|els|les|este|esta|ese|esa|mi"
    "|nuestro|nuestra|su|dos|tres|otro|otra|this|that|my|our|his|her|its|some|two|mein|unser|mon|notre|meu|nosso"
)
_TIME_THEN_NAME = re.compile(
    rf"{TIME.pattern}(?::\d\d)?[^,\d]{{0,12}}(?:\d{{4}}[^,\d]{{0,8}})?,\s(?!(?:{_DETERMINER})\s)\S"
)
_WEEKDAY = any_of("lun|mar|mié|jue|vie|sáb|dom|Mon|Tue|Wed|Thu|Fri|Sat|Sun")
_MACHINES_TIME = re.compile(rf"{TIME.pattern}:\d\d|[+-]\d{{4}}\b|^(?:\w+\s)?(?:{_WEEKDAY})\b")
_BRACKETED_THEN_VERB = re.compile(rf"@[^\s<>()]+[>)]+[),]*\s?(?:{VERB.pattern})")
_ADDRESS_THEN_VERB = re.compile(rf"@[^\s<>]+>+[),]*\s?(?:{VERB.pattern})")
# Mutt's: «* Ana <ana@cau.example> [2025-03-03 10:11]:», «Ana dijo [Mon, Mar 03, 2025 at 10:11:42AM]:».
_DATE_IN_BRACKETS = re.compile(
    r"^[^<>\[\]]{1,80}(?:<[^<>\s]+@[^<>\s]+>|\s(?:dijo|said|wrote|escribio))\s\[[^\[\]]{0,50}\d\d:\d\d[^\[\]]{0,20}\]:$"
)
# Gmail's of some years, alone on its line: «2014-03-03 10:11 GMT+01:00 Ana Gil».
_ZONE_THEN_NAME = re.compile(
    r"\d{4}-\d\d-\d\d \d{1,2}:\d\d GMT[+-]\d\d:\d\d(?: [A-ZÀ-Ý][^\W\d_A-Z][\w.'-]*){1,4}:?\s*$"
)
# What readers of newsgroups put behind the verb.
_NEWS = re.compile(
    rf"\s(?:{any_of('en el mensaje|in message|in news|im Newsbeitrag|dans le message de|nel messaggio|na mensagem')})"
    r"\s<?(?:news|noticias):\S+$"
)
# Other verbs of clients, which people use, too, to tell of somebody's words: only above quoted lines.
_SAID = any_of("dijo|dice|said|says|sagte|schreibt|dit|disse|diz")
_SAID_LAST = re.compile(rf"(?P<address>@[^\s<>]+>)?\s(?:{_SAID})\s?:$")
_ARTICLES = any_of("In article|In message|En el artículo|En el mensaje|Dans l'article|In Artikel")
_ARTICLE = re.compile(rf"(?:{_ARTICLES})\s")
_FULL_LINE = 50  # characters with which a line may be too long for another word
_ENDS_OF_SENTENCES = (".", "!", "?", ":", ";", ",")
_ADDRESS_LAST = re.compile(r"@[^\s<>]+\s?[>)\]]*\s?:$")
# Nothing but a name and a verb: «Mesa de Incidencias escribió:», not «El usuario Juan escribió:».
_NAME_WROTE = re.compile(rf"^(?:(?:{NAME_WORD})\s){{1,7}}?(?:a |ha |va |hat )?\w+:\s*$")
_LAST_LINES = 20  # of a text, in which its last quoted line is looked for
_LETTER_LINES = 60  # of history, in which a link of a letter of ours stands
LETTERS_LINK = re.compile(r"mailto:[^\s?]{3,200}\?subject=")
# What a person says who tells of somebody's words, and no client: «dice que», «nos escribió».
_TOLD = re.compile(rf"(?<!\w)(?:que|that|dass|cuando|when|(?:me|nos|nous|mir|uns|us)\s(?:{VERB.pattern}))(?!\w)")


def _strength(text: str) -> Strength | None:
    """How surely this folded text is an attribution: «El 9/10/2017 10:23, Ana <ana@cau.example> escribió:»."""
    text = _NEWS.sub(":", text.strip("-* "))
    if text.count("<") != text.count(">"):
        return None
    date, address = DATE.search(text[:_DATED_CHARACTERS]), text.find("@")
    if date and date.start() <= 3 and address > 0 and text.endswith(">"):
        return "loose"
    if _is_said(text, date):
        return "loose"
    if not text.endswith(":") and not ends_in_verb(text):
        return None
    if _DATE_IN_BRACKETS.match(text):
        return "dated"
    verb = find_verb(text)
    if verb and (verb.start() == 0 or _TOLD.search(text)):
        return None  # the author's name stands on the line above, or the author's own words around it
    if date and _is_opening(text[: date.start()]) and (verb or (address > 0 and _ADDRESS_LAST.search(text))):
        return "dated"
    if (AUTHOR_FIRST.match(text) and address > 0) or (verb and 0 < address < min(verb.start(), 100)):
        return "dated" if date else "named"
    return None


def _is_said(text: str, date: re.Match[str] | None) -> bool:
    """«Ana <ana@cau.example> dijo:», «El lun, 3 mar 2025 a las 10:11, Ana dijo:»."""
    said = _SAID_LAST.search(text)
    if not said or (date and not _is_opening(text[: date.start()])):
        return False
    return bool(said["address"] or (date and TIME.search(text)))


def _is_opening(text: str) -> bool:
    """What may stand before the date of an attribution: «el mar», «on tuesday», but not the end of a sentence before
    it."""
    few = len(text) <= _OPENING_CHARACTERS and len(text.split()) <= 5
    return few and not re.search(r":(?!\d)|[.!?…]\s+\w", text)


def unglued(lines: Lines) -> list[str]:
    """Lines, with an attribution that stands behind its author's words as a paragraph of its own: «Gracias. El lun, 3
    mar 2025 a las 10:11, Ana <ana@cau.example> escribió:»."""
    return [part for at in range(len(lines)) for part in _unglued(lines, at)]


def _unglued(lines: Lines, at: int) -> tuple[str, ...]:
    line = lines[at]
    if (name := _GLUED_NAME.search(line)) and _strength(fold_line(line[name.end() :])) == "named":
        return line[: name.end()], "", line[name.end() :]
    if not _DIGIT.search(line):  # nor a date behind glue; looking for glue costs ten times as much
        return (line,)
    glues = list(islice(_GLUE.finditer(line, max(0, len(line) - _ATTRIBUTION_CHARACTERS)), _GLUES))
    end = _end_of_attribution(lines, at) if glues and not line.startswith((">", "|")) else at
    for glue in glues if end > at else ():
        if _OPENING_ALONE.fullmatch(line, 0, glue.start()):
            continue  # Yahoo's «El El lun, 3 mar 2025»
        if _is_clients(fold_line(" ".join((line[glue.end() :], *lines[at + 1 : end])))):
            return line[: glue.start()], "", line[glue.end() :]
    return (line,)


def _end_of_attribution(lines: Lines, at: int) -> int:
    """The line after the one on which an attribution that begins on line ``at`` may end; ``at`` where none does."""
    reach = range(at, min(len(lines), at + _WRAPPED_LINES))
    return next((i + 1 for i in reach if may_end_attribution(lines[i])), at)


def _is_clients(text: str) -> bool:
    """Nobody types all of it: the date first, the minute, an address, the verb last."""
    date = DATE.search(text[:_OPENING_CHARACTERS])
    early = date is not None and _is_opening(text[: date.start()])
    return early and bool(TIME.search(text)) and "@" in text and _strength(text) == "dated"


def attribution(lines: Lines, last: int, floor: int) -> tuple[int, Strength, str] | None:
    """The attribution that ends on line ``last``: its first line (not before ``floor``), strength, folded text."""
    named: tuple[int, Strength, str] | None = None
    joined, whole = "", True
    for first in range(last, max(floor, last - _WRAPPED_LINES) - 1, -1):
        line = lines[first]
        if is_blank(line) and joined.startswith("<"):
            continue
        if is_blank(line) or len(line) + len(joined) > _ATTRIBUTION_CHARACTERS:
            break
        part = bare(line) if first < last or not line.startswith(">") else _last_line(line)
        joined = f"{fold_line(part)} {joined}".strip()
        strength = _strength(joined)
        if strength == "dated" or (strength == "loose" and (first == last or line.endswith("<"))):
            return first, strength, joined
        whole = whole and (first == last or _is_wrapped(lines, first))
        if strength == "named" and whole and (first in (last, floor) or not _is_wrapped(lines, first - 1)):
            unnamed = named is None or named[2].startswith("<")
            named = (first, strength, joined) if unnamed or _ARTICLE.match(joined) else named
    return named


def _is_wrapped(lines: Lines, at: int) -> bool:
    """Whether the line after ``at`` goes on where a client broke it: behind a «<», behind an article's name, or because
    the next word had no room; people end a sentence there."""
    line, below = lines[at].rstrip(), lines[at + 1].split()
    if line.endswith("<") or lines[at + 1].startswith("<") or _ARTICLE.match(fold_line(line[:80])):
        return True
    return bool(below) and len(line) + len(below[0]) > _FULL_LINE and not line.endswith(_ENDS_OF_SENTENCES)


def _last_line(line: str) -> str:
    """The last line of an attribution: «>:» and «> wrote:» close the address of the line before, others are quoted."""
    return line if VERB.match(fold_line(line[1:])) or line[1:].strip() in (":", "") else bare(line)


def may_end_attribution(line: str) -> bool:
    """Whether to look at all; nearly no line ends like an attribution."""
    end = without_format(line[-60:]).rstrip(" \t\xa0\u202f*-")
    if end.endswith((":", "：", ">")) or ends_in_verb(fold_line(end[-_VERB_CHARACTERS:])):
        return True
    return "news:" in line or "noticias:" in line or bool(_ZONE_THEN_NAME.match(line))


def is_name_wrote(line: str) -> bool:
    """Nothing but a name and a verb."""
    return len(line) <= 120 and bool(_NAME_WROTE.match(line)) and ends_in_verb(fold_line(line))


def is_undated(line: str) -> bool:
    """An attribution without a date: a name and a verb, or these behind a day."""
    return is_name_wrote(line) or _day_name_wrote(line)


def _day_name_wrote(line: str) -> bool:
    """The same behind a day without its year: «El lunes, Soporte CAU escribió:», «On Mon, 9 Oct, Support wrote:»."""
    opening, _, rest = line.partition(" ")
    if not _OPENING_ALONE.fullmatch(opening):
        return False
    words = rest.split()
    name = list(dropwhile(lambda word: word.strip(".,").isdecimal() or fold(word.strip(".,")) in DAY_WORDS, words))
    return len(name) < len(words) and is_name_wrote(" ".join(name))


def _ends_quoted(lines: Lines) -> bool:
    """Whether the last line that is not blank is a quoted one."""
    return next((bool(QUOTED.match(line)) for line in reversed(lines[-_LAST_LINES:]) if not is_blank(line)), False)


def _is_letter(lines: Lines, at: int) -> bool:
    """Whether a letter of ours stands below: it holds links that nobody types."""
    return any(LETTERS_LINK.search(line[:2000]) for line in lines[at : at + _LETTER_LINES] if "mailto:" in line)


def attribution_head(lines: Lines, last: int, floor: int) -> Head | None:
    """The head that an attribution ending on line ``last`` makes, where it is one of a client."""
    after = next_text(lines, last + 1)
    quoted = after < len(lines) and bool(QUOTED.match(lines[after]))
    if _is_undated_paragraph(lines, last, floor, quoted and after == last + 1):
        cut = _is_alone(lines, last, floor) if quoted else _is_letter(lines, after)
        return Head(last, last + 1, quoted=quoted) if cut else None
    if _ZONE_THEN_NAME.match(lines[last]):
        own_paragraph = _begins_paragraph(lines, last, floor) and last + 1 < after < len(lines)
        return Head(last, last + 1, quoted=quoted) if quoted or own_paragraph else None
    return _signed_head(lines, last, floor, quoted or (after < len(lines) and lines[after].startswith("| ")))


def _is_undated_paragraph(lines: Lines, last: int, floor: int, quoted_below: bool) -> bool:
    """An attribution without a date begins a paragraph, but for Thunderbird's, below a signature in HTML."""
    if not is_undated(lines[last]):
        return False
    return (quoted_below and _ends_quoted(lines)) or _begins_paragraph(lines, last, floor)


def _is_alone(lines: Lines, last: int, floor: int) -> bool:
    """Whether the undated line above a quote is a client's: a name and a verb always are; behind a day, as people write
    it too («El lunes, Ana escribió:»), only where the mail begins with it, or ends in quoted lines."""
    return is_name_wrote(lines[last]) or _ends_quoted(lines) or previous_text(lines, last, floor) < floor


def _signed_head(lines: Lines, last: int, floor: int, quoted: bool) -> Head | None:
    """The head of an attribution with a date or an address."""
    if not any(c in line for line in lines[max(floor, last - 5) : last + 1] for c in "@0123456789年"):
        return None  # the cheap look first: in a form every other line ends in a colon
    found = attribution(lines, last, floor)
    if not found:
        return None
    first, strength, text = found
    start = first - (first > floor and bool(RULE.match(lines[first - 1])))
    if quoted:
        return Head(start, last + 1, quoted=True, sure=_is_sure(text))
    return Head(start, last + 1) if _stands_alone(lines, first, last, floor, strength, text) else None


def _stands_alone(lines: Lines, first: int, last: int, floor: int, strength: Strength, text: str) -> bool:
    """An attribution above history without quote marks must be surer: a paragraph of its own that has what no sentence
    has; without a date, the address in angle brackets right before the verb. With nothing below, it is the author's."""
    if next_text(lines, last + 1) == len(lines):
        return False
    if _is_sure(text):
        return True
    below = lines[last + 1]
    blank_after = is_blank(below) or label_of(below)[0] in HEADER_LABELS
    if strength == "loose" or not _begins_paragraph(lines, first, floor):
        return False
    if previous_text(lines, first, 0) < 0 and not blank_after:
        return False
    if strength == "named":
        return blank_after and bool(_ADDRESS_THEN_VERB.search(text))
    if not blank_after and not ("@" in text and find_verb(text)):
        return False
    return is_no_sentence(text)


def _is_sure(text: str) -> bool:
    return _is_clients(text) and bool(_BRACKETED_THEN_VERB.search(text))


def is_no_sentence(text: str) -> bool:
    """Whether an attribution has what a client gives and a person who tells of somebody's words does not: an address in
    angle brackets, the date first, a name behind a comma and a time with seconds, a zone or a short day of the week."""
    if text.startswith("--") or "<" in text or AUTHOR_FIRST.match(text) or DATE.match(text):
        return True
    return bool(_TIME_THEN_NAME.search(text) and _MACHINES_TIME.search(text))


def _begins_paragraph(lines: Lines, first: int, floor: int) -> bool:
    return first == floor or is_blank(lines[first - 1]) or bool(RULE.match(lines[first - 1]))
