"""Header blocks: found and measured on the raw octets, then read one way for all mails (RFC 5322).

The budgets are checked before anything is parsed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from mmap import mmap

from parsers import charsets, encoded_words

Raw = bytes | mmap
"""A raw mail: octets in memory or a mapped file."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits checked before and while parsing. Sizes in bytes."""

    header_block: int = 64 * 1024
    header: int = 8 * 1024
    headers: int = 500
    depth: int = 20
    parts: int = 200
    text: int = 2 * 1024 * 1024
    """Decoded text of one part that is read; the rest stays in the raw mail alone."""


class OverBudget(ValueError):  # noqa: N818 - a verdict on the mail, no error of ours
    """The mail goes over a parsing budget; the text says which. Its verdict is ``quarantined``."""


@dataclass(frozen=True)
class Headers:
    """One header block.

    ``fields``: (name in lower case, raw unfolded value) in their order; octets beyond ASCII read as UTF-8, else cp1252.
    ``faults``: what no honest client writes, as remarks: ``headers:bare-cr``, ``headers:nul``, ``headers:mixed``.
    """

    fields: tuple[tuple[str, str], ...] = ()
    faults: tuple[str, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        table: dict[str, list[str]] = {}
        for name, value in self.fields:
            table.setdefault(name, []).append(value)
        return table

    def all(self, name: str) -> list[str]:
        """The raw values of header ``name`` (lower case), topmost first."""
        return self._by_name.get(name, [])

    def get(self, name: str) -> str:
        """The topmost raw value of header ``name``, or ""."""
        values = self._by_name.get(name)
        return values[0] if values else ""

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    @cached_property
    def _decoded(self) -> dict[str, str]:
        return {}

    def text(self, name: str) -> str:
        """The topmost value of ``name`` with its encoded words decoded, once."""
        if name not in self._decoded:
            self._decoded[name] = encoded_words.decode_words(self.get(name))
        return self._decoded[name]


_GOES_ON = rb"(?=[ \t]|(?i:from|to|date|message-id|mime-version|content-[a-z-]+):)"
_BLOCK = re.compile(
    rb"(?:(?:[!-9;-~]+[ \t]*:|>?From )[^\n]*(?:\n|\Z)(?:[ \t]+[^\s][^\n]*(?:\n|\Z)|[ \t]+\r?\n" + _GOES_ON + rb")*)*"
)
"""Every line that is a header or the continuation of one (and an mbox's «From » line). A line of nothing but blanks
continues a header where headers go on below it; else it is the empty line, as some write it. A possessive group
(«)*+») would keep that line: Python before 3.11.5, which Debian 12 has, does not give back what its last turn tried."""
_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
_BLANK = re.compile(rb"[ \t]*\r?(?:\n|\Z)")


def read_headers(raw: Raw, start: int, end: int, budget: Budget) -> tuple[Headers, int]:
    """The header block of ``raw`` that begins at ``start``, and where the body begins (at most ``end``).

    The block ends at an empty line or, where somebody forgot it, at the first line that cannot be a header.
    Raises OverBudget for a block, one header or a count of headers over the budget.
    """
    match = _BLOCK.match(raw, start, min(end, start + budget.header_block + 1))
    stop = match.end() if match else start
    if stop - start > budget.header_block:
        raise OverBudget(f"header block over {budget.header_block} bytes")
    blank = _BLANK.match(raw, stop, end)
    return _parse(raw[start:stop], budget), blank.end() if blank else stop


def _parse(block: bytes, budget: Budget) -> Headers:
    faults = _faults(block)
    text = _text(block.replace(b"\r\n", b"\n"))
    found = _FIELD.findall(text)
    if len(found) > budget.headers:
        raise OverBudget(f"more than {budget.headers} headers")
    if len(text) > budget.header and any(len(value) + len(name) > budget.header for name, value in found):
        raise OverBudget(f"a header over {budget.header} bytes")
    return Headers(tuple([(name.lower(), _unfold(value)) for name, value in found]), faults)


def _text(block: bytes) -> str:
    if block.isascii():
        return block.decode("ascii")
    return "\n".join(charsets.decode(line)[0] for line in block.split(b"\n"))


def _unfold(value: str) -> str:
    if "\n" in value:
        value = " ".join([line.strip(" \t") for line in value.split("\n")])
    return value.replace("\r", " ").replace("\x00", "").strip(" \t")


def _faults(block: bytes) -> tuple[str, ...]:
    """A lone CR, a NUL or two kinds of line ends in one header block are how headers are smuggled."""
    pairs, returns, feeds = block.count(b"\r\n"), block.count(b"\r"), block.count(b"\n")
    checks = (
        ("headers:bare-cr", returns > pairs),
        ("headers:nul", b"\x00" in block),
        ("headers:mixed", 0 < pairs < feeds),
    )
    return tuple(name for name, found in checks if found)
