"""How a request is written (J, M): a table of checks, each off, told in the confirmation, or a reason to refuse.

The words that the checks look for are tables; texts are compared without case and accents, and looked at up to a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from parsers.fields import Fault, Form
from parsers.mail import Mail
from parsers.spelling import fold
from rules.caching import once_per_desk
from rules.desk import Desk
from rules.secret import mask, secrets_in
from rules.tables import QualityMode
from rules.ticket import Ticket

LIMIT = 20_000
"""Characters of a text that are looked at; secrets are looked for in all of it."""

FEW_WORDS = 5
"""A description of fewer words is too short."""

FEW_WORDS_BESIDE_A_CALL = 15
"""A text of fewer words that asks for a call has not said what happens."""

ALIKE = 65
"""How alike (0 to 100) two texts must be to count as the same matter."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that found something; ``detail`` is what was read: a word, a number. Never a secret."""

    name: str
    mode: QualityMode
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What the checks look at: the free ``text``, all ``values``, how many ``files`` came; ``alike`` are earlier open
    tickets of the sender on the same service, as (number, text)."""

    text: str
    values: tuple[str, ...] = ()
    files: int = 0
    encrypted: str = ""
    alike: tuple[tuple[str, str], ...] = ()


def _phrases(lines: str) -> Any:
    return re2.compile(r"\b(?:" + "|".join(line.strip() for line in lines.strip().splitlines()) + r")\b")


_CALL = _phrases("""
    llame(?:n|is)?me
    lla?ma(?:d)?me
    me (?:pueden?|podrian?|puedes|podeis) llamar
    (?:pueden?|podrian?|puedes|podeis|ruego|necesito|prefiero|favor de|quiero) (?:que )?(?:me )?llam(?:en|e|ar|eis|arme)
    que me llamen?
    llamen al
    por telefono mejor
    contact(?:en|ar|ad) conmigo por telefono
    (?:please |can you |could you )?(?:call|phone|ring) me(?: back)?
    give me a (?:call|ring)
""")
_ATTACHED = _phrases("""
    adjunt(?:o|a|os|as|amos)
    anex(?:o|a|os|as|amos)
    ver (?:la )?(?:imagen|captura|foto|pantallazo)
    (?:envio|mando|paso|remito) (?:una |la |el |un )?(?:captura|foto|pantallazo|imagen|documento|archivo|fichero)
    attached
    see (?:the )?(?:attachment|screenshot|picture)
    enclosed
""")
_NOT_ATTACHED = _phrases(r"""
    (?:no|sin|ni|nada que|not|without|no file) (?:\w+ )?(?:adjunt|anex|attach)\w*
""")
_SHOUTING = re2.compile("[!¡?¿]{3,}")


def _too_short(w: Written) -> str:
    words = w.text.split()
    return w.text if 0 < len(words) < FEW_WORDS else ""


def _all_capitals(w: Written) -> str:
    letters = [c for c in w.text if c.isalpha()]
    capitals = sum(map(str.isupper, letters))
    return w.text[:60] if len(letters) >= 20 and capitals >= 0.8 * len(letters) else ""


def _shouting(w: Written) -> str:
    return _hit(_SHOUTING, w.text)


def _call_me(w: Written) -> str:
    found = _hit(_CALL, fold(w.text))
    return found if found and len(w.text.split()) < FEW_WORDS_BESIDE_A_CALL else ""


def _missing_attachment(w: Written) -> str:
    if w.files:
        return ""
    return _hit(_ATTACHED, _NOT_ATTACHED.sub(" ", fold(w.text)))


def _secret(w: Written) -> str:
    suspect = next((value for value in w.values if mask(value) != value), "")
    return next((kind for kind, _, _ in secrets_in(suspect)), "")


def _similar(w: Written) -> str:
    if not w.alike:
        return ""
    words = _sorted_words(w.text[:2000])
    return next((number for number, other in w.alike if words and _are_alike(words, _sorted_words(other[:2000]))), "")


def _are_alike(words: str, others: str) -> bool:
    from rapidfuzz import fuzz  # only for a desk that compares texts

    return bool(fuzz.ratio(words, others, score_cutoff=ALIKE))


@lru_cache(maxsize=512)
def _sorted_words(text: str) -> str:
    """The folded words of ``text`` in order; kept, because the next mail of its sender is compared with it again."""
    return " ".join(sorted(fold(text).split()))


def _hit(expression: Any, text: str) -> str:
    found = expression.search(text)
    return str(found[0]).strip() if found else ""


CHECKS: Mapping[str, Callable[[Written], str]] = {
    "encrypted": lambda w: w.encrypted,
    "too_short": _too_short,
    "all_capitals": _all_capitals,
    "shouting": _shouting,
    "call_me": _call_me,
    "missing_attachment": _missing_attachment,
    "secret": _secret,
    "similar": _similar,
}
"""Every check by the key of `[quality]`: what was found, "" for nothing."""

NETIQUETTE = ("all_capitals", "shouting", "missing_attachment", "secret")
"""The checks that hold for technicians' texts too (M: «tanto para … como para el agente»)."""


def check(mail: Mail, kind: str, form: Form, earlier: Iterable[Ticket], desk: Desk) -> tuple[Finding, ...]:
    """What the checks of ``desk`` find in an opening. Of an encrypted mail nothing else can be said."""
    names = _text_fields(desk)[kind]
    written = Written(
        text="\n".join(value for name, value in form.values if name in names)[:LIMIT],
        values=tuple(value for _, value in form.values),
        files=len(mail.attachments),
        encrypted=mail.encrypted,
        alike=_alike(kind, form, earlier, names, desk),
    )
    return _run(("encrypted",) if mail.encrypted else tuple(CHECKS), written, desk)


def netiquette(text: str, files: int, desk: Desk) -> tuple[Finding, ...]:
    """What may be said of a technician's text, as warnings: the checks that are not off."""
    found = _run(NETIQUETTE, Written(text[:LIMIT], (text,), files), desk)
    return tuple(Finding(finding.name, "warn", finding.detail) for finding in found)


def _run(names: Iterable[str], written: Written, desk: Desk) -> tuple[Finding, ...]:
    modes = {name: getattr(desk.quality, name) for name in names}
    return tuple(
        Finding(name, mode, detail)
        for name, mode in modes.items()
        if mode != "off" and (detail := CHECKS[name](written))
    )


@once_per_desk
def _text_fields(desk: Desk) -> Mapping[str, frozenset[str]]:
    """By kind, the fields that a person writes freely: those of many lines, or where it has none, every text."""
    texts = {kind: [one for one in desk.fields_of(kind) if one.type == "text"] for kind in desk.kinds}
    return {
        kind: frozenset(one.name for one in fields if one.many_lines) or frozenset(one.name for one in fields)
        for kind, fields in texts.items()
    }


def _alike(
    kind: str, form: Form, earlier: Iterable[Ticket], names: frozenset[str], desk: Desk
) -> tuple[tuple[str, str], ...]:
    """The sender's open tickets of this kind on the same service, with their texts."""
    service = {table.name: form.get(table.name) for table in desk.kinds[kind].fields if table.from_ == "services"}
    tickets = [ticket for ticket in earlier if ticket.open and ticket.kind == kind]
    return tuple(
        (ticket.number, "\n".join(value for name, value in ticket.fields if name in names))
        for ticket in tickets
        if all(ticket.value(name) == wanted for name, wanted in service.items())
    )


# -- what follows


def refusals(findings: Iterable[Finding]) -> tuple[Fault, ...]:
    """The findings that refuse a mail, as faults; ``detail`` is the check's key."""
    return tuple(
        Fault("", "encrypted") if finding.name == "encrypted" else Fault("", "refused", detail=finding.name)
        for finding in findings
        if finding.mode == "refuse"
    )


def warnings(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The keys of what is only told, without the similar ticket, which has its own place."""
    return tuple(finding.name for finding in findings if finding.mode == "warn" and finding.name != "similar")


def similar(findings: Iterable[Finding]) -> str:
    """The number of the open ticket that looks alike; "" for none."""
    return next((f.detail for f in findings if f.mode == "warn" and f.name == "similar"), "")
