"""Subjects: cleaned, compared exactly, and searched for a token.

A subject of ours is a key: what comes back is cleaned, freed of what clients and gateways put before it, and then
equal code point by code point, or it is not ours. Only :func:`slips` forgives, and what it finds is answered,
never treated.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from parsers.spelling import COLON, fold, repair, without_format
from parsers.subject_prefixes import PREFIXES, TAG_COMPANY, TAG_WORDS


@dataclass(frozen=True, slots=True)
class SubjectMarks:
    """Reply prefixes and gateway tags that an admin adds to the known ones.

    A prefix is written with or without its colon; a tag as it stands («[CLIENTE]»), or as a bare word that counts in
    any brackets.
    """

    prefixes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


NO_MARKS = SubjectMarks()


def clean(text: str) -> str:
    """The decoded subject ``text`` made comparable; prefixes and tags stay.

    Unfolded, a broken encoding mended once, format characters removed, white space of any kind collapsed, NFC, trimmed.
    """
    text = unicodedata.normalize("NFC", text)
    # Mended first, since a soft hyphen or a NBSP may be half of a broken letter; one that was put in whole keeps the
    # letters from being mended until it is gone.
    mended = repair(text)
    return unicodedata.normalize("NFC", _tidy(repair(_tidy(text)) if mended == text else mended))


def _tidy(text: str) -> str:
    return " ".join(without_format(text).split())


@lru_cache(maxsize=64)
def opening_key(subject: str, marks: SubjectMarks = NO_MARKS) -> str:
    """What is compared with an opening subject: ``subject`` cleaned and freed of gateway tags."""
    return _peel(clean(subject), _strippers(marks)[:2])


@lru_cache(maxsize=64)
def thread_key(subject: str, marks: SubjectMarks = NO_MARKS) -> str:
    """What is looked up among the subjects we sent: :func:`opening_key` freed of every reply and forward prefix too."""
    return _peel(clean(subject), _strippers(marks))


_TOKEN = re.compile(r"\[((?:\s?[A-Za-z2-7]){26})\s?\]")
_FOLDS_INSIDE = 2


def find_token(subject: str) -> str:
    """The token in the last brackets that hold one: 26 base32 characters in upper case (RFC 4648), or ""."""
    found = _token(subject)
    return "".join(found[1].split()).upper() if found else ""


def without_token(subject: str) -> str:
    """``subject`` without the brackets that :func:`find_token` read."""
    found = _token(subject)
    return " ".join((subject[: found.start()] + subject[found.end() :]).split()) if found else subject


def _token(subject: str) -> re.Match[str] | None:
    matches = [m for m in _TOKEN.finditer(subject) if len(m[1].split()) <= 1 + _FOLDS_INSIDE]
    return matches[-1] if matches else None


def slips(subject: str, wanted: str, marks: SubjectMarks = NO_MARKS) -> int | None:
    """How many letters are wrong in ``subject``, which was meant to be ``wanted``: none where it differs by case,
    accents, punctuation, spaces or a reply prefix alone; at most three, or 8 % of a long subject. None where it was
    not meant to be, and where the two are equal."""
    if opening_key(subject, marks) == opening_key(wanted, marks):
        return None
    read, meant = letters_key(subject, marks), letters_key(wanted, marks)
    limit = min(max(3, len(meant) * 8 // 100), len(meant) // 4)
    if abs(len(read) - len(meant)) > limit or not read:
        return None
    from rapidfuzz.distance import Levenshtein  # few subjects come so far

    distance = Levenshtein.distance(read, meant, score_cutoff=limit)
    return distance if distance <= limit else None


def letters_key(subject: str, marks: SubjectMarks = NO_MARKS) -> str:
    """What is left of ``subject`` when people drop what they take for unimportant: letters and digits, without case
    and accents."""
    return "".join(filter(str.isalnum, fold(thread_key(subject, marks))))


@lru_cache(maxsize=64)
def mixed_scripts(text: str) -> bool:
    """A word of ``text`` mixes Latin letters with Greek or Cyrillic ones that look like them."""
    return any(len({_script(c) for c in word if c.isalpha()} & _LOOKALIKES) > 1 for word in text.split())


_LOOKALIKES = {"LATIN", "GREEK", "CYRILLIC"}


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


# -- taking off what others put on: each stripper gives back what remains, the same text where it found nothing

_Stripper = Callable[[str], str]


def _peel(subject: str, strippers: tuple[_Stripper, ...]) -> str:
    while True:
        rest = next((rest for strip in strippers if (rest := strip(subject)) != subject), subject)
        if rest == subject:
            return subject
        subject = rest


@lru_cache(maxsize=64)
def _strippers(marks: SubjectMarks) -> tuple[_Stripper, ...]:
    """Those for tags (two), then those for prefixes."""
    words = TAG_WORDS | {fold(tag) for tag in marks.tags if tag.isalnum()}
    literal = [re.escape(clean(tag)) for tag in marks.tags if not tag.isalnum()]
    prefixes = frozenset(fold(p).strip(f" .{COLON}") for p in (*PREFIXES, *marks.prefixes))
    return (
        lambda subject: _without_tag(subject, words),
        lambda subject: _without_literal(subject, "|".join(literal)),
        lambda subject: _without_prefix(subject, prefixes),
    )


_INSIDE = r"\s*(?P<words>[^\[\](){}<>【】]{2,48}?)\s*"
_BRACKETED = rf"(?:[\[({{<【]{{1,2}}{_INSIDE}[\])}}>】]{{1,2}})"
_STARRED = rf"(?:(?P<row>(?P<star>[*#=!_-])(?P=star){{0,8}}){_INSIDE}(?:(?P=row)|(?P=star){{1,9}}))"
_BEFORE_COLON = rf"(?P<words>[^{COLON}]{{2,48}}?)\s*(?=[{COLON}]|[-–—]\s)"
_LEADING = tuple(re.compile(rf"{tag}\s*[{COLON}–—-]?\s*") for tag in (_BRACKETED, _STARRED, _BEFORE_COLON))
_TRAILING = tuple(re.compile(rf"\s*[–—-]?\s*{tag}$") for tag in (_BRACKETED, _STARRED))
_PICTURE = re.compile("^(?:[\u2600-\u27bf\U0001f300-\U0001faff]\ufe0f?\\s*)+")
"""A warning sign or an envelope, as gateways draw before a subject."""


def _without_tag(subject: str, words: frozenset[str]) -> str:
    if picture := _PICTURE.match(subject):
        return subject[picture.end() :]
    for pattern in _LEADING:
        if (found := pattern.match(subject)) and _is_tag(found["words"], words):
            return subject[found.end() :]
    tail = subject[-70:]
    for pattern in _TRAILING:
        if (found := pattern.search(tail)) and _is_tag(found["words"], words):
            return subject[: len(subject) - len(tail) + found.start()]
    return subject


def _is_tag(text: str, words: frozenset[str]) -> bool:
    """One word that makes a tag («external», «spam»), and none but such as go with it («posible», «correo»)."""
    read = set(re.findall(r"[^\W\d_]+", fold(text)))
    return not read.isdisjoint(words) and read <= words | TAG_COMPANY


def _without_literal(subject: str, tags: str) -> str:
    return re.sub(rf"^(?:{tags})\s*|\s*(?:{tags})$", "", subject, flags=re.IGNORECASE) if tags else subject


_PREFIX = re.compile(
    rf"(?P<word>[^\W\d_][^{COLON}\[\](){{}}<>^*.\d]{{0,24}}?)\.?\s*"
    rf"(?:\[\d{{1,3}}\]|\(\d{{1,3}}\)|\{{\d{{1,3}}\}}|[\^*#]?\d{{1,3}})?\s*[{COLON}]+\s*"
)


def _without_prefix(subject: str, prefixes: frozenset[str]) -> str:
    start, end = (1, -1) if subject.startswith("[") and subject.endswith("]") else (0, None)  # «[Fwd: X]»
    text = subject[start:end].strip()
    found = _PREFIX.match(text)
    if found and fold(found["word"]).strip() in prefixes:
        return text[found.end() :]
    return re.sub(r"\s*\(fwd\)$", "", subject, flags=re.IGNORECASE)  # RFC 5256, section 2.1
