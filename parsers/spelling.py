"""When two spellings are the same: format characters, broken encodings, case, accents, and the nearest known word.

Shared by subjects, which are compared code point by code point once cleaned, and by labels and choices, which are
compared by a key that forgives how a person or a client wrote them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from parsers.fields import Choice

COLON = ":：﹕︓∶"
"""What people's keyboards and clients write for a colon."""

_FORMAT = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]+"
)


def is_printed(text: str) -> bool:
    """``text`` holds nothing but printable characters, spaces and line feeds, as most texts do: a look that costs a
    fraction of an expression for what else there is."""
    return text.replace("\n", "").isprintable()


def without_format(text: str) -> str:
    """``text`` without control and format characters (Unicode Cc and Cf); those that are white space stay."""
    return text if is_printed(text) else _FORMAT.sub("", text)


def plain(text: str) -> str:
    """``text`` without format characters, in NFC."""
    return unicodedata.normalize("NFC", without_format(text))


# An expression whose every alternative begins with a plain character is found several times as fast.
_LINE_END = re.compile(r"\r\n?|\v|\f|\x1c|\x1d|\x1e|\x85|\u2028|\u2029|<\s*br\s*/?\s*>\n?", re.IGNORECASE)


def broken_lines(text: str) -> list[str]:
    """The lines of ``text``, whatever breaks them; a literal ``<br>`` does too, as some clients write it."""
    return _LINE_END.sub("\n", text).split("\n")


# A UTF-8 letter read as windows-1252 begins with one of these; other lead bytes occur in honest capitals («CORTÓ…»).
_SECOND = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_BROKEN = re.compile(f"Â{_SECOND}|Ã{_SECOND}|Ì{_SECOND}|Í{_SECOND}|â[€‚]|ï¼")
_OCTETS = {chr(octet): octet for octet in range(256)} | {
    bytes([octet]).decode("cp1252"): octet for octet in range(0x80, 0xA0) if octet not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def is_broken(text: str) -> bool:
    """``text`` shows the signs of UTF-8 that somebody read as windows-1252 or ISO-8859-1."""
    return _BROKEN.search(text) is not None


def repair(text: str, known_broken: bool = False) -> str:
    """``text`` with a broken encoding («PeticiÃ³n») mended once, where it shows the signs and the whole of it mends.

    ``known_broken``: it needs to show no signs, since what it belongs to did.
    """
    if not known_broken and not is_broken(text):
        return text
    try:
        mended = bytes(_OCTETS[char] for char in text).decode()
    except (KeyError, UnicodeDecodeError):
        return text
    return text if is_broken(mended) else mended


def fold(text: str) -> str:
    """``text`` without case and accents, compatibility forms (full-width, ligatures) as plain letters."""
    if text.isascii():
        return text.casefold()
    try:
        folded = text.encode("latin-1").translate(_LATIN).decode("latin-1")
    except UnicodeEncodeError:
        return _fold(text)
    for letter, longer in _LONGER:
        folded = folded.replace(letter, longer)
    return folded


def _fold(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
    if _BEYOND_LATIN.search(letters):
        return "".join(c for c in letters if not unicodedata.combining(c)).casefold()
    return _LATIN_MARKS.sub("", letters).casefold()


_BEYOND_LATIN = re.compile("[\u0483-\U0010ffff]")
_LATIN_MARKS = re.compile("[\u0300-\u034e\u0350-\u036f]")
"""What combines below U+0483 (U+034F joins, and does not)."""

_FOLDED = {letter: _fold(letter) for letter in map(chr, range(256))}
_LONGER = tuple((letter, folded) for letter, folded in _FOLDED.items() if len(folded) > 1 or folded > "\xff")
_LATIN = bytes(ord(letter if (letter, folded) in _LONGER else folded) for letter, folded in _FOLDED.items())
"""Latin-1, folded octet by octet, but for the letters that fold to something longer."""


BULLETS = "•·‣◦▪▫■□●○§➢►▶→✓✔☐\uf0b7\uf0a7"
_BULLET = re.compile(r"^(?:\W+|o(?:\s{2,}|\t)|(?:\d{1,2}o?|[a-z])[.)]-?\s+|\d{1,2}o\s+)+")
"""Signs and pictures, Word's «o», «1.-», «1º» (folded) and «a)»."""
_MARKS = str.maketrans("∶∕", ":/", "*_`~\\")
_AROUND = re.compile(r"\s*([/:])\s*")
_EDGES = "\"'«»“”‘’[](){}<>|:;,. \t-–—" + BULLETS


def fold_label(text: str) -> str:
    """The key by which labels and choice values are compared.

    Case, accents, Unicode form, bullets, bold marks, surrounding quotes or brackets, closing punctuation and the spaces
    around ``/`` and ``:`` make no difference.
    """
    return _short_key(text) if len(text) <= _SHORT else _key(text)


_SHORT = 100
"""Characters of a text whose key is remembered: labels and choices recur in every mail, prose does not."""


def _key(text: str) -> str:
    plain = fold(text).translate(_MARKS).strip()
    return " ".join(_AROUND.sub(r"\1", _BULLET.sub("", plain)).strip(_EDGES).split())


_short_key = lru_cache(maxsize=4096)(_key)


_LOST = re.compile(r"[^\x00-\x7f]+|\?+")
_SHORTEST_DAMAGED = 4
"""Characters of a key without its lost letters; less says nothing."""


def keys(text: str) -> tuple[str, ...]:
    """:func:`fold_label` of ``text``, and of what is left of it where clients write something else («?», U+FFFD, a sign
    of another charset) for every letter beyond ASCII, and where they leave it out."""
    return fold_label(text), *(key for key in map(_left_of, (text, text), "? ") if len(key) >= _SHORTEST_DAMAGED)


def _left_of(text: str, sign: str) -> str:
    """The key of ``text`` with ``sign``, or nothing for a blank, in the place of each run of lost letters."""
    return fold_label(_LOST.sub(sign.strip(), unicodedata.normalize("NFC", text)))


def index(spellings: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A look-up from every key of a spelling to what it stands for; the first of two equal keys wins.

    The key of a spelling that lost its letters leads nowhere where two meanings share it.
    """
    found: dict[str, str] = {}
    damaged: dict[str, str] = {}
    for spelling, meaning in spellings:
        key, *others = keys(spelling)
        found.setdefault(key, meaning)
        for other in others:
            if damaged.setdefault(other, meaning) != meaning:
                damaged[other] = ""
    return damaged | found


def look_up(known: Mapping[str, str], text: str) -> str:
    """What ``text`` stands for in an :func:`index`, or ""."""
    found = known.get(fold_label(text), "")
    if not found and ("?" in text or not (text.isascii() or is_broken(text))):
        found = known.get(_left_of(text, "?"), "")
    return found


_NEAR = 70  # of 100
_LONG = 5
_LOOKED_AT = 5


def nearest(read: str, choices: Iterable[Choice | str]) -> str:
    """The literal that ``read`` was most likely meant to be, or "" where none is near. Of addresses what stands before
    «@» decides: colleagues have the rest in common."""
    key = fold_label(read[:200]).partition("@")[0]
    if len(key) < 3:
        return ""
    from rapidfuzz import fuzz, process  # only for what was misspelt

    spellings = {
        fold_label(s).partition("@")[0]: literal for literal, names in map(_names, choices) for s in reversed(names)
    }
    found = process.extract(key, spellings.keys(), scorer=fuzz.WRatio, score_cutoff=_NEAR, limit=_LOOKED_AT)
    # «pen» stands in «pending» and in «open»: a short word must be near as a whole.
    near = (s for s, *_ in found if min(len(s), len(key)) >= _LONG or fuzz.ratio(s, key) >= _NEAR)
    return next((spellings[s] for s in near), "")


def _names(choice: Choice | str) -> tuple[str, tuple[str, ...]]:
    return (choice, (choice,)) if isinstance(choice, str) else (choice.value, (choice.value, *choice.aliases))
