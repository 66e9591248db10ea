"""What a person typed into a mail that our link opened: all that is not our own text, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from parsers.lines import is_sentence, previous_text
from parsers.spelling import COLON, broken_lines, fold, plain


def typed_text(body: str, own: Iterable[str]) -> str:
    """``body`` without ``own``, a line's spaces collapsed, without outer blank lines.

    Sentences of ours go wherever they stand; a label of ours («Motivo:») goes once, where it begins or ends a line.
    """
    sentences = tuple(own)
    text = without_own(plain("\n".join(broken_lines(body))), sentences)
    for label in filter(_is_label, sentences):
        text = _label(label).sub("", text, count=1)
    lines = ("" if _MARKS_ALONE.fullmatch(line) else " ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


_MARKS_ALONE = re.compile(r"[>|\s]+")
"""What is left of a sentence of ours that a client quoted."""


def above_name(body: str, own: Iterable[str], name: str) -> str:
    """``body`` without what stands, from a line on that is its author's ``name`` and the «Saludos,» above that, below
    the last sentence of ``own``: Outlook puts its signature there, without «-- »."""
    ends = (place.end() for text in own if _is_sentence_of_ours(text) for place in _sentence(text).finditer(body))
    at, names = max(ends, default=len(body)), frozenset(_WORD.findall(fold(name)))
    below = body[at:].split("\n")
    signed = next((n for n, line in enumerate(below) if _is_name(line, names)), len(below))
    closing = previous_text(below, signed, 0)
    if 0 <= closing < signed < len(below) and re.fullmatch(r"\s*(?:\w+ ){0,3}\w+,\s*", below[closing]):
        signed = closing
    return body[:at] + "\n".join(below[:signed])


_WORD = re.compile(r"\w+")


def _is_name(line: str, names: frozenset[str]) -> bool:
    """``line`` begins with one of ``names`` and holds two of them, or is the only one there is."""
    words = _WORD.findall(fold(line[:100]))
    if not names.intersection(words[:1]) or is_sentence(line):
        return False
    return words == list(names) or len(names.intersection(words)) > 1


def _is_sentence_of_ours(text: str) -> bool:
    return bool(text.strip()) and not _is_label(text)


def without_own(text: str, own: Iterable[str]) -> str:
    """``text`` (LF, NFC) without the sentences of ``own``; labels among them stay.

    A sentence is known although clients changed its spaces, line breaks, case or letters beyond ASCII.
    """
    for sentence in own:
        if _is_sentence_of_ours(sentence):
            text = _sentence(sentence).sub("", text)
    return text


def _is_label(sentence: str) -> bool:
    return sentence.rstrip().endswith(tuple(COLON))


@lru_cache(maxsize=256)
def _sentence(sentence: str) -> re.Pattern[str]:
    return re.compile(_damaged(sentence), re.IGNORECASE)


@lru_cache(maxsize=256)
def _label(label: str) -> re.Pattern[str]:
    spelled = rf"{_damaged(label.strip().rstrip(COLON))}[*_]*\s*[{COLON}]"
    return re.compile(rf"^[ \t*_•·-]*{spelled}[*_]*|{spelled}[*_ \t]*$", re.IGNORECASE | re.MULTILINE)


_FILLED = re.compile(r"\{\w+\}")


def _damaged(text: str) -> str:
    """A pattern for ``text`` after a client's damage: other white space, letters beyond ASCII broken or lost. What was
    filled in for a name in braces may be anything without brackets."""
    if filled := _FILLED.search(text):
        return f"{_damaged(text[: filled.start()])}[^\\[\\]]{{0,400}}{_damaged(text[filled.end() :])}"
    words = ("".join(map(_damaged_letters, _RUN.findall(word))) for word in text.split())
    return r"[\s+]+".join(words)


_RUN = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]+")


def _damaged_letters(run: str) -> str:
    """Letters beyond ASCII in one piece, and never a sign that may part words: there are no two ways to match it."""
    return re.escape(run) if run.isascii() else rf"[^\s+]{{0,{4 * len(run)}}}?"
