"""The new text of a reply: what its author wrote, without history, signature, disclaimer or footer (seed M)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from parsers.attributions import may_end_attribution, unglued
from parsers.banners import below_banner
from parsers.greetings import announces_nothing, answers_within
from parsers.history import above_block, head_at, separator
from parsers.lines import ELIDED, QUOTED, Head, bare, is_blank, is_sentence, next_text, previous_text
from parsers.quotes import fold_line
from parsers.signature import text_end
from parsers.spelling import is_broken, plain, repair

_HEAD_LINES = 40  # lines of a quoted block that may hold the head of what it quotes
MOST_LINES = 10_000
"""Where history is looked for: a longer text is a log, or an attack on our time. What stands below is kept."""
_MOST_ENDS = 1000  # so are lines that end like attributions
_MOST_READ = 3 * MOST_LINES  # lines, while heads above nothing come off one after the other


@dataclass(frozen=True, slots=True)
class TextMarks:
    """Marks that an admin adds: a line that begins with one of them ends the text."""

    disclaimers: tuple[str, ...] = ()
    footers: tuple[str, ...] = ()

    def folded(self) -> tuple[str, ...]:
        """Both kinds as lines are compared with them: without regard to case, accents and spacing."""
        return tuple(mark for mark in map(fold_line, (*self.disclaimers, *self.footers)) if mark)


@dataclass(frozen=True, slots=True)
class Span:
    """Lines ``start`` up to ``end``: the author's own, or history below ``head``."""

    start: int
    end: int
    head: Head | None = None


def visible_text(text: str, marks: TextMarks = TextMarks()) -> str:
    """What the author wrote in a reply; ``text`` with LF line ends comes back whole where it holds no mark of history.

    Where the author wrote nothing beside it, a forwarded mail is what was meant and is shown; and what looks like the
    head of unquoted history is the author's own, of a letter or a list. A quote to which nothing is added gives "".
    """
    if begins := below_banner(lines := text.split("\n")):
        text = _trimmed(lines[begins:])
    read = 0
    while read < _MOST_READ and (shown := _without_one_head(text, marks)) != text:
        read += min(text.count("\n") + 1, MOST_LINES)
        text = shown
    return text


def _without_one_head(text: str, marks: TextMarks) -> str:
    """One pass over ``text``: of several heads above nothing, one on top of the other, each pass takes off one."""
    lines = text.split("\n")
    reach = _reach(lines)
    lines = unglued(lines[:reach]) + lines[reach:]
    spans = list(_spans(lines))
    own = _own_lines(lines, spans, marks)
    if all(map(is_blank, own)) and (head := _foreign_head(spans)):
        own = lines[head.end :] if head.forward else lines
    return text if len(own) == len(lines) else _trimmed(own)


def answers_in_history(text: str, shown: str) -> bool:
    """Whether the author, whose new text is ``shown``, says that the answers stand in the history which
    :func:`visible_text` left out, and no mark tells them from it."""
    if shown == text or not answers_within(shown.split("\n")):
        return False
    _, cut, below = text.partition(ELIDED)
    if cut:
        return not below.replace(ELIDED, "").strip()
    return any(span.head and not span.head.quoted for span in _spans(text.split("\n")))


def strip_signature(text: str, marks: TextMarks = TextMarks()) -> str:
    """An opening's text without signature, disclaimer and footer; quoted history stays as it is."""
    lines = text.split("\n")
    kept: list[str] = []
    for span in _spans(lines):
        part = lines[span.start : span.end]
        kept += part if span.head else part[: text_end(part, marks.folded(), alone=all(map(is_blank, kept)))]
    return text if len(kept) == len(lines) else _trimmed(kept)


def _own_lines(lines: Sequence[str], spans: Sequence[Span], marks: TextMarks) -> list[str]:
    folded, own = marks.folded(), list[str]()
    for span in spans:
        if not span.head:
            part = lines[span.start : span.end]
            own += part[: text_end(part, folded, alone=all(map(is_blank, own)))]
    return own


def _foreign_head(spans: Sequence[Span]) -> Head | None:
    """The first head, where the history below it may be what the author meant to say."""
    head = next((span.head for span in spans if span.head), None)
    return head if head and (head.forward or not head.quoted) else None


def _trimmed(lines: Sequence[str]) -> str:
    start, end = next_text(lines, 0), previous_text(lines, len(lines), 0) + 1
    return "\n".join(lines[start:end])


# -- the author's lines and the history ----------------------------------------------------------------------------


def _spans(lines: Sequence[str]) -> Iterator[Span]:
    """The text cut into the author's own lines and history, in order, nothing left out."""
    floor = 0
    for head, end in _histories(_legible(lines)):
        if head.start > floor:
            yield Span(floor, head.start)
        yield Span(head.start, end, head)
        floor = end
    if floor < len(lines):
        yield Span(floor, len(lines))


def _histories(lines: Sequence[str]) -> Iterator[tuple[Head, int]]:
    """Every piece of history: its head, and the line after its last."""
    floor = at = 0
    reach = _reach(lines)
    while at < reach:
        block = _quote_end(lines, at) if _begins_quote(lines[at]) else at
        head = _head(lines, at, block, floor)
        if not head:
            at = max(block, at + 1)
        elif _introduced(lines, head, end := _history_end(lines, head), floor):
            at = end if head.quoted else head.end
        else:
            yield head, end
            floor = at = end


def _legible(lines: Sequence[str]) -> list[str]:
    """The lines as tables know what stands in them; most need no mending, which one look at all of them tells."""
    text = "\n".join(lines)
    return plain("\n".join(map(repair, lines)) if is_broken(text) else text).split("\n")


def _reach(lines: Sequence[str]) -> int:
    """The line up to which history is looked for."""
    if len(lines) <= _MOST_ENDS:
        return len(lines)
    ends = (at for at, line in enumerate(lines[:MOST_LINES]) if may_end_attribution(line))
    return next(islice(ends, _MOST_ENDS, None), min(len(lines), MOST_LINES))


def _begins_quote(line: str) -> bool:
    return bool(QUOTED.match(line)) and not line.startswith((">>> ", ">>>\xa0"))


def _head(lines: Sequence[str], at: int, block: int, floor: int) -> Head | None:
    """The head at line ``at``, where a quoted block may begin that ends before line ``block``."""
    head = (_quoted_head(lines, at, block, floor) if block > at else None) or head_at(lines, at, floor)
    if not head and block > at and _is_history(lines, at, block, floor):
        return Head(at, at, quoted=True)
    return head


def _history_end(lines: Sequence[str], head: Head) -> int:
    if not head.quoted:
        return len(lines)
    first = next_text(lines, head.end)
    return _quote_end(lines, first) if first < len(lines) else len(lines)


def _quote_end(lines: Sequence[str], at: int) -> int:
    """The line after the quoted block that begins at ``at``; blank lines inside it do not end it."""
    mark = "|" if lines[at].startswith("|") else ">"
    end = at + 1
    while (following := next_text(lines, end)) < len(lines) and lines[following].lstrip().startswith(mark):
        end = following + 1
    return end


def _quoted_head(lines: Sequence[str], at: int, block: int, floor: int) -> Head | None:
    """A head inside the quote marks: Apple's phones quote the attribution, and the phrase of a forward, too; its
    computers leave that phrase above them."""
    part = lines[at : min(block, at + _HEAD_LINES)]
    first = next((i for i, line in enumerate(part) if bare(line)), len(part))
    for i in range(first, min(first + 4, len(part))):
        head = head_at(part, i, 0)
        if head and head.start <= first:
            start = above_block(lines, at, floor)
            forward = head.forward or separator(lines[start], bare_too=True) == "forward"
            return Head(start, at, quoted=True, forward=forward)
    if first < len(part) and separator(part[first], bare_too=True):
        return Head(at, at, quoted=True, forward=True)
    return None


def _is_history(lines: Sequence[str], at: int, block: int, floor: int) -> bool:
    """A quoted block without attribution: a piece of the mail answered, or something the author typed with «>»?

    Below other history, a block of sentences or one that is its own paragraph is history; without any, only sentences
    at the very end, below a blank line and below text of the author.
    """
    if lines[at] == ELIDED:
        return True
    own_paragraph = at == floor or is_blank(lines[at - 1])
    prose = any(is_sentence(bare(line)) for line in lines[at:block])
    if floor:
        return own_paragraph or prose or lines[block - 1].rstrip().endswith("?")
    last = next_text(lines, block) == len(lines)
    return prose and own_paragraph and last and previous_text(lines, at, floor) >= floor


def _introduced(lines: Sequence[str], head: Head, end: int, floor: int) -> bool:
    """The author announces it («Un cliente nos escribe esto:»): then it is part of what they say.

    A greeting announces nothing, nor do answers between the lines, nor what stands above a client's head whose quoted
    lines end the text."""
    if lines[head.start] == ELIDED or (head.sure and next_text(lines, end) == len(lines)):
        return False
    before = previous_text(lines, head.start, floor)
    return before >= floor and lines[before].rstrip().endswith(":") and not announces_nothing(lines[before])
