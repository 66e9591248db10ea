"""Which part of a mail its author wrote, and what that part says.

The first text part of the mail itself counts, never an attached mail, never a text file. The HTML is read only where
the text is missing, empty or a stub that points to it; both are never read together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from parsers import charsets, html
from parsers.attachments import decoded, disposition_of, file_name
from parsers.flowed import unflow
from parsers.headers import Budget, Raw
from parsers.phrases import HTML_STUB
from parsers.secure import without_clear_signature
from parsers.skeleton import Part


@dataclass(frozen=True, slots=True)
class Body:
    """The text read from a mail. ``page``: the HTML it came from, "" for a plain text; ``used``: the parts that are
    the body (not files), the unread alternative among them."""

    text: str = ""
    source: Literal["text", "html", "none"] = "none"
    page: str = ""
    used: tuple[Part, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Pair:
    """One text of the mail in its plain and its HTML form, as far as each exists."""

    plain: Part | None = None
    page: Part | None = None

    def parts(self) -> tuple[Part, ...]:
        return tuple(part for part in (self.plain, self.page) if part is not None)


def read_body(raw: Raw, root: Part, budget: Budget) -> Body:
    """The author's text of the mail whose parts hang at ``root``."""
    stub: Body | None = None
    for pair in _pairs(root, top=True):
        remarks: list[str] = []
        found = _read_pair(raw, pair, budget, remarks)
        if found.source != "none" and not (found.source == "text" and _is_stub(found.text)):
            return found
        stub = stub or (found if found.text.strip() else None)
    return stub or Body(used=tuple(part for pair in _pairs(root, top=True) for part in pair.parts()))


def _read_pair(raw: Raw, pair: _Pair, budget: Budget, remarks: list[str]) -> Body:
    text = without_clear_signature(read_text(raw, pair.plain, budget, remarks)) if pair.plain else ""
    page = text if html.looks_like_html(text) else ""
    if not page and pair.page and (not text.strip() or _is_stub(text)):
        page = read_text(raw, pair.page, budget, remarks)
    if len(page) > html.PAGE_LIMIT:
        page = page[: html.PAGE_LIMIT]
        remarks.append("html:truncated")
    written = html.to_text(page) if page else ""
    if written.strip():
        return Body(written, "html", page, pair.parts(), tuple(remarks))
    return Body(text, "text" if text.strip() else "none", "", pair.parts(), tuple(remarks))


def _pairs(part: Part, top: bool = False) -> Iterator[_Pair]:
    """The texts of ``part``, in their order; an alternative is one text in several forms."""
    if not part.children:
        if _is_text(part, top):
            yield _Pair(page=part) if part.media_type == "text/html" else _Pair(plain=part)
    elif part.media_type == "multipart/alternative":
        yield from _alternative(part.children)
    elif part.media_type == "multipart/signed":
        yield from _pairs(part.children[0])
    elif part.media_type != "multipart/encrypted":
        for child in part.children:
            yield from _pairs(child)


def _alternative(children: Iterable[Part]) -> Iterator[_Pair]:
    forms = [pair for child in children for pair in _pairs(child)]
    plain = next((pair.plain for pair in forms if pair.plain), None)
    page = next((pair.page for pair in forms if pair.page), None)
    if plain or page:
        yield _Pair(plain, page)


def _is_text(part: Part, top: bool) -> bool:
    """A text to be read: no attachment, no named file (unless it is all there is of the mail)."""
    if part.media_type.startswith("multipart/"):
        return True  # a container without its boundary: whatever stands there
    if part.media_type not in ("text/plain", "text/html", "text/enriched", "text/x-markdown", "text/markdown"):
        return False
    return disposition_of(part) != "attachment" and (top or not file_name(part))


def read_text(raw: Raw, part: Part, budget: Budget, remarks: list[str]) -> str:
    """What a text part says, at most ``budget.text`` octets of it; oddities are added to ``remarks``."""
    octets = _bounded(decoded(raw, part.start, part.end, part.encoding), budget.text)
    if len(octets) > budget.text:
        octets = octets[: budget.text]
        remarks.append("text:truncated")
    charset = part.parameters.get("charset", "")
    if part.media_type == "text/html" and charsets.codec_of(charset) in (None, "ascii"):
        charset = html.declared_charset(octets) or charset
    text, remark = charsets.decode(octets, charset)
    if remark:
        remarks.append(remark)
    text = charsets.tidy(text)
    if part.parameters.get("format", "").lower() == "flowed" and part.media_type == "text/plain":
        text = unflow(text, part.parameters.get("delsp", "").lower() == "yes")
    return text


def _bounded(chunks: Iterable[bytes], limit: int) -> bytes:
    found: list[bytes] = []
    size = 0
    for chunk in chunks:
        found.append(chunk)
        size += len(chunk)
        if size > limit:
            break
    return found[0] if len(found) == 1 else b"".join(found)


_STUB_LENGTH = 400


def _is_stub(text: str) -> bool:
    """A few words that only say: read the HTML."""
    text = text.strip()
    return len(text) <= _STUB_LENGTH and bool(HTML_STUB.search(text))
