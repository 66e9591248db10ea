"""Faults as a person reads them: what is wrong, what they wrote, what may stand there, what they probably meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.writing.formats import Formats
from parsers.form import Fault, Field
from parsers.values import EXCERPT

MOST = 25
"""Allowed values that are listed."""
_UNKNOWN = Field("", "")


@dataclass(frozen=True, slots=True)
class Said:
    """``title`` names the field first; ``lines`` are (label, text) pairs, the label may be ""."""

    title: str
    lines: tuple[tuple[str, str], ...]
    label: str = ""
    mended: bool = False
    """The repaired form holds the nearest valid value already."""


def explain_faults(faults: Sequence[Fault], fields: Sequence[Field], formats: Formats) -> tuple[Said, ...]:
    """Every fault in the language of ``formats``; ``fields`` give meanings of choices."""
    known = {f.name: f for f in fields}
    return tuple(_explain(fault, known.get(fault.field, _UNKNOWN), formats) for fault in faults)


def _explain(fault: Fault, field: Field, formats: Formats) -> Said:
    words, spoken = formats.words, formats.words["fault_words"]
    subject = fault.label or fault.field or spoken["mail"]
    lines = [
        _read(fault, formats),
        _needed(fault, formats),
        _allowed(fault, field, formats),
        (_meant(fault, field, formats), spoken["prepared"]) if fault.nearest else ("", ""),
        ("", _reason(fault, words)),
        (spoken["helps"], fault.hint),
    ]
    return Said(
        f"{subject}: {words['faults'][fault.code]}",
        tuple(line for line in lines if line[1]),
        fault.label,
        bool(fault.nearest),
    )


def _read(fault: Fault, formats: Formats) -> tuple[str, str]:
    """What they wrote or sent, with its length or size where that is what is wrong."""
    if not fault.read:
        return "", ""
    reads = formats.words["fault_reads"]
    label, _, text = str(reads.get(fault.code, reads["other"])).partition(": ")
    read = formats.written(fault.read, "date" if fault.detail == "past" else "text")
    one, many = formats.words["fault_sizes"].get(fault.code, ("", ""))
    size = (
        (one if fault.detail == "1" else many).format(n=_counted(fault.detail, fault, formats)) if fault.detail else ""
    )
    return f"{label}:", f"{text.format(read=read)} {size}".rstrip()


def _counted(text: str, fault: Fault, formats: Formats) -> str:
    """A number of octets, or of anything else, as people read it; other texts as they are."""
    if not text.isdecimal():
        return text
    return formats.size(int(text)) if fault.code.endswith("_too_large") else formats.number(int(text))


def _reason(fault: Fault, words: Mapping[str, Any]) -> str:
    """Why something is refused: what rules gave by key, be it a check of `[quality]`, in words; else a rule's text."""
    if fault.code != "refused":
        return ""
    return str(words["fault_details"].get(fault.detail) or words["quality"].get(fault.detail, fault.detail))


def _needed(fault: Fault, formats: Formats) -> tuple[str, str]:
    limits = formats.words["fault_limits"]
    limit = str(limits.get(fault.code) or limits.get(fault.detail, ""))
    if not limit:
        return "", ""
    allowed = ", ".join(_counted(value, fault, formats) for value in fault.allowed)
    given = {"n": allowed, "limit": allowed, "allowed": allowed, "label": fault.label, "beyond": fault.detail}
    label, _, text = limit.format(**given).partition(": ")
    return f"{label}:", text


_LISTED = frozenset({"missing", "empty", "not_in_list"})
"""Faults of which the allowed values are told; those of others are a limit, or stand in what was read."""


def _meant(fault: Fault, field: Field, formats: Formats) -> str:
    """What they probably meant: a value, or the whole line where its label was not read."""
    value = formats.written(fault.nearest, fault.detail or field.type)
    shown = value if len(value) <= EXCERPT else f"{value[:EXCERPT]}…"
    key = "meant_line" if fault.code == "missing" else "meant"
    return str(formats.words["fault_words"][key]).format(label=fault.label, nearest=shown)


def _allowed(fault: Fault, field: Field, formats: Formats) -> tuple[str, str]:
    if not fault.allowed or fault.code not in _LISTED:
        return "", ""
    explained = {choice.value: choice.explained for choice in field.choices}
    named = [explained.get(value, value) for value in fault.allowed[:MOST]]
    rest = len(fault.allowed) - MOST
    if rest <= 0:
        return formats.words["fault_words"]["may"], _either(named, formats)
    return formats.words["fault_words"]["may"], f"{', '.join(named)} {formats.words['layout']['more'].format(n=rest)}"


def _either(values: Sequence[str], formats: Formats) -> str:
    """«a, b o c»."""
    joined = formats.words["fault_words"]["or"]
    return joined.join([", ".join(values[:-1]), values[-1]]) if len(values) > 1 else values[0]
