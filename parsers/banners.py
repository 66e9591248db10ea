"""What gateways and Outlook put above a mail that came from outside: warnings that nobody typed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers.lines import RULE, is_blank, next_text
from parsers.quotes import fold_line

_LINES = 12
"""Lines of the longest warning."""
_SENDER_TIP = "aka.ms/learnaboutsenderidentification"
"""Outlook's tip about who seldom writes, in every language."""
_PROOFPOINT = "pfptbanner"
_OUTSIDE = re.compile(
    r"\b(?:fuera de|fora d|externo|externa|exterior|outside|external|en dehors|exterieur|ausserhalb|extern)"
)
_ADVICE = re.compile(
    r"\bno (?:haga|hagas|pulse|pulses|abra|abras|responda|siga|descargue|facilite|premeu|obriu|feu|clique)\b"
    r"|\b(?:tenga|extreme|aneu|teniu|exercise|use|be|take|with)\b.{0,20}(?:precau|cuidado|compte|caut|care)"
    r"|\b(?:do not|don.?t|never|avoid)\b.{0,20}\b(?:click|open|reply|follow)|\bne cliquez pas\b|\bnao (?:clique|abra)\b"
    r"|\b(?:klicken|offnen) sie\b"
)
_MATTER = re.compile(
    "correo|correu|mail|mensaj|mensax|missatge|message|nachricht|remitent|sender|expediteur|absender|organi|enlace|enllac"
    "|link|adjunt|attach|anhang|lien|conten|segur|safe|sicher|confi|trust|sospech|suspic|phish|importan"
)
_SENTENCE_END = re.compile(r"[.!?]\s")
_TAG = re.compile(r"[\W_]+(?:(?:correo|mensaje|remitente|correu|remitent) )?(?:external|externo|extern)"
                  r"(?: (?:e-?mail|mail|sender|message))?[\W_]+")  # fmt: skip


def below_banner(lines: Sequence[str]) -> int:
    """The line at which the author's text begins: 0 where no warning stands above it, or nothing below."""
    at = 0
    while end := _banner_end(lines, at):
        at = end
    return at if next_text(lines, at) < len(lines) else 0


def _banner_end(lines: Sequence[str], at: int) -> int:
    """The line below the warning that begins at ``at``, with the rules about it; 0 where there is none."""
    start = _past_rules(lines, at)
    end = next((n for n in range(start, len(lines)) if is_blank(lines[n]) or RULE.match(lines[n])), len(lines))
    if start >= len(lines) or end - start > _LINES:
        return 0
    if _PROOFPOINT in lines[start].lower():
        ends = (n + 1 for n in range(start + 1, min(len(lines), start + _LINES)) if _PROOFPOINT in lines[n].lower())
        return next(ends, 0)
    return _past_rules(lines, end) if _is_banner(" ".join(lines[start:end])[:1500]) else 0


def _past_rules(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and (is_blank(lines[at]) or RULE.match(lines[at])):
        at += 1
    return at


def _is_banner(text: str) -> bool:
    """Every sentence speaks of mail, so that a text that begins right below a warning stays."""
    folded = fold_line(text)
    if _TAG.fullmatch(folded):
        return True
    known = all(map(_MATTER.search, filter(None, _SENTENCE_END.split(folded))))
    return known and bool(_SENDER_TIP in folded or (_OUTSIDE.search(folded) and _ADVICE.search(folded)))
