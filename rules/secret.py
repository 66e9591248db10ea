"""Passwords, keys and card numbers in a text: found, and masked in everything that we send (J).

A search in linear time; what it takes for a secret and is none costs a reader one word, and the mail is kept whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

MASK = "••••••"
"""Stands for a secret, however long it was."""

_NAMES = (
    "contrase(?:ñ|n|ny)as?|claves?|password|passwd|passphrase|passcode|pass|pwd|psw|senha|mot de passe|"
    "pin|token|secreto?|api[ _-]?key|access[ _-]?key|secret[ _-]?key|client[ _-]?secret|credencial(?:es)?"
)
_WHICH = "(?: (?:actual|nueva|temporal|provisional|secreta|privada|de acceso|de usuario|de red|del? correo|wifi))?"

_SPOKEN = """
    caducada caducado bloqueada bloqueado incorrecta incorrecto errónea erróneo erronea inválida invalida inválido
    olvidada olvidado correcta correcto válida vencida expirada cambiada nueva actual desconocida ninguna ninguno
    siempre nunca sigue para pero cuando porque esta está este igual error acceso usuario aparece
    expired wrong incorrect invalid locked blocked forgotten unknown correct reset changed none that this when with
"""
_HARMLESS = frozenset(_SPOKEN.split())
"""What people write behind «contraseña:» when they speak of it and do not give it away."""

_EDGES = "\"'«»“”‘’.,;()[]{}<>•"


@dataclass(frozen=True, slots=True)
class _Pattern:
    """``expression`` with the secret as its first group, and what else must be true of it."""

    kind: str
    expression: Any
    means: Callable[[str], bool] = lambda secret: True


def _given_away(secret: str) -> bool:
    """Behind a colon: anything but the next label, or a word with which people speak about a password."""
    core = secret.strip(_EDGES)
    return len(core) >= 3 and not core.endswith(":") and core.lower() not in _HARMLESS


def _invented(secret: str) -> bool:
    """In a sentence: no plain word, but something with digits, signs or capitals inside."""
    core = secret.strip(_EDGES)
    mixed = core[1:] != core[1:].lower() and not core.isupper()
    return mixed or (len(core) >= 4 and not core.isalpha())


def is_card(digits: str) -> bool:
    """Whether the digits are a payment card's number (ISO/IEC 7812: the last one checks the others)."""
    plain = [int(digit) for digit in digits if digit.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in plain[-2::-2])
    return 13 <= len(plain) <= 19 and plain[0] in (3, 4, 5, 6) and (sum(plain[-1::-2]) + sum(doubled)) % 10 == 0


_PATTERNS = (
    _Pattern(
        "key", re2.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z))")
    ),
    _Pattern("password", re2.compile(rf"(?i)\b(?:{_NAMES}){_WHICH}\s*[:=]\s*(\S+)"), _given_away),
    _Pattern("password", re2.compile(rf"(?i)\b(?:{_NAMES}){_WHICH}\s+(?:es|is|era|was)\s+(\S+)"), _invented),
    _Pattern("password", re2.compile(r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,200}:([^\s@/]{3,200})@")),
    _Pattern("key", re2.compile(r"(?i)\bbearer\s+([a-z0-9._~+/=-]{16,})")),
    _Pattern(
        "key",
        re2.compile(
            r"\b(AKIA[0-9A-Z]{16}|gh[opsru]_[0-9A-Za-z]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,}"
            r"|sk-[\w-]{20,}|AIza[\w-]{35}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+)"
        ),
    ),
    _Pattern("key", re2.compile(r"(?:\[|%5B)([A-Za-z2-7]{26})(?:\]|%5D)")),  # a token of ours
    # as it is printed; what stands behind it («12/25», «123») would else be taken for its end
    _Pattern("card", re2.compile(r"\b([3-6][0-9]{3}(?:[ -]?[0-9]{4}){3})\b"), is_card),
    _Pattern("card", re2.compile(r"\b(3[0-9]{3}[ -]?[0-9]{6}[ -]?[0-9]{4,5})\b"), is_card),
    _Pattern("card", re2.compile(r"\b([3-6](?:[ -]?[0-9]){12,18})\b"), is_card),
)

_HINT = re2.compile(
    rf"(?i){_NAMES}|BEGIN |://|bearer|AKIA|gh[opsru]_|github_|glpat|xox|sk-|AIza|eyJ|(?:\[|%5B)[A-Za-z2-7]{{26}}"
    r"|[0-9][ -]?[0-9]{3}"
)
"""What stands in every text in which one of the patterns can be found: most texts are looked at only once."""


def secrets_in(text: str) -> Iterator[tuple[str, int, int]]:
    """Every secret of ``text``: what it is (password, key, card), and where it begins and ends. The token of a link of
    ours that somebody quotes is a key too."""
    if not _HINT.search(text):
        return
    for pattern in _PATTERNS:
        for found in pattern.expression.finditer(text):
            if MASK not in found[1] and pattern.means(found[1]):
                yield pattern.kind, *found.span(1)


def mask(text: str) -> str:
    """``text`` with every secret masked."""
    return _remembered(text) if len(text) <= REMEMBERED else _mask(text)


REMEMBERED = 4000
"""Characters of a text whose masked form is remembered: each letter about a ticket tells the same ones."""


def _mask(text: str) -> str:
    spans = sorted((start, end) for _, start, end in secrets_in(text))
    if not spans:
        return text
    parts, done = [], 0
    for start, end in spans:
        if start >= done:
            parts += [text[done:start], MASK]
        done = max(done, end)
    return "".join(parts) + text[done:]


_remembered = lru_cache(maxsize=256)(_mask)


def masked_fields(fields: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """A form's values by name, with their secrets masked."""
    return tuple((name, mask(value)) for name, value in fields)
