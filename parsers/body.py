"""Which part of a mail its author wrote, and what that part says.

The first text part of the mail itself counts, never an attached mail, never a text file. The HTML is read only where
the text is missing, empty or a stub that points to it; both are never read together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from parsers import charsets, html
from parsers.attachments import decoded, disposition_of, file_name, is_inline
from parsers.headers import Budget, Raw
from parsers.phrases import HTML_STUB
from parsers.secure import without_clear_signature
from parsers.skeleton import Part
from parsers.spelling import without_format


@dataclass(frozen=True, slots=True)
class Body:
    """The text read from a mail. ``pages``: the HTML it came from, () for a plain text; ``used``: the parts that are
    the body (not files), the unread alternative among them."""

    text: str = ""
    source: Literal["text", "html", "none"] = "none"
    pages: tuple[str, ...] = ()
    used: tuple[Part, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Pair:
    """One text of the mail in its plain and its HTML form, as far as each exists; each in the pieces into which Apple's
    clients cut it where a picture stands in it."""

    plain: tuple[Part, ...] = ()
    page: tuple[Part, ...] = ()

    def __add__(self, other: _Pair) -> _Pair:
        return _Pair(self.plain + other.plain, self.page + other.page)

    def goes_on_in(self, other: _Pair) -> bool:
        """Whether ``other`` has the same forms, so that it may be a further piece."""
        return (bool(self.plain), bool(self.page)) == (bool(other.plain), bool(other.page))


def read_body(raw: Raw, root: Part, budget: Budget) -> Body:
    """The author's text of the mail whose parts hang at ``root``."""
    stub: Body | None = None
    for pair in _pairs(root, top=True):
        remarks: list[str] = []
        found = _read_pair(raw, pair, budget, remarks)
        if found.source != "none" and not (found.source == "text" and _is_stub(found.text)):
            return found
        stub = stub or (found if found.text.strip() else None)
    return stub or Body(used=tuple(part for pair in _pairs(root, top=True) for part in (*pair.plain, *pair.page)))


def _read_pair(raw: Raw, pair: _Pair, budget: Budget, remarks: list[str]) -> Body:
    text = without_clear_signature("\n\n".join(read_text(raw, part, budget, remarks) for part in pair.plain))
    pages: tuple[str, ...] = (_bounded_page(text, remarks),) if html.looks_like_html(text) else ()
    if not pages and (not without_format(text).strip() or _is_stub(text)):
        pages = tuple(_bounded_page(read_text(raw, part, budget, remarks), remarks) for part in pair.page)
    written, used = "\n\n".join(map(html.to_text, pages)), (*pair.plain, *pair.page)
    if written.strip():
        return Body(written, "html", pages, used, tuple(remarks))
    return Body(text, "text" if text.strip() else "none", (), used, tuple(remarks))


def _bounded_page(page: str, remarks: list[str]) -> str:
    if len(page) > html.PAGE_LIMIT:
        remarks.append("html:truncated")
    return page[: html.PAGE_LIMIT]


def _pairs(part: Part, top: bool = False) -> Iterator[_Pair]:
    """The texts of ``part``, in their order; an alternative is one text in several forms."""
    if not part.children:
        if _is_text(part, top):
            yield _Pair(page=(part,)) if part.media_type == "text/html" else _Pair(plain=(part,))
    elif part.media_type == "multipart/alternative":
        yield from _alternative(part.children)
    elif part.media_type == "multipart/signed":
        yield from _pairs(part.children[0])
    elif part.media_type != "multipart/encrypted":
        yield from _in_order(part.children)


def _alternative(children: Iterable[Part]) -> Iterator[_Pair]:
    forms = [sum(_pairs(child), _Pair()) for child in children]
    plain = next((form.plain for form in forms if form.plain), ())
    page = next((form.page for form in forms if form.page), ())
    if plain or page:
        yield _Pair(plain, page)


def _in_order(children: Iterable[Part]) -> Iterator[_Pair]:
    """The texts of ``children``. What goes on below a picture is the same text; below another file, or below a text,
    stands what servers add."""
    text, below_picture = _Pair(), False
    for child in children:
        for pair in _pairs(child):
            if below_picture and text.goes_on_in(pair):
                text += pair
            else:
                yield text
                text = pair
        below_picture = not child.children and is_inline(child) and not child.media_type.startswith("text/")
    yield text


def _is_text(part: Part, top: bool) -> bool:
    """A text to be read: no attachment, no named file (unless it is all there is of the mail)."""
    if part.media_type.startswith("multipart/"):
        return True  # a container without its boundary: whatever stands there
    if part.media_type not in ("text/plain", "text/html", "text/enriched", "text/x-markdown", "text/markdown"):
        return False
    return disposition_of(part) != "attachment" and (top or not file_name(part))


def read_text(raw: Raw, part: Part, budget: Budget, remarks: list[str]) -> str:
    """What a text part says, at most ``budget.text`` octets of it; oddities are added to ``remarks``."""
    octets = _bounded(_text_octets(raw, part), budget.text)
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
        text = _unflowed(text, part.parameters.get("delsp", "").lower() == "yes")
    return text


_SIGNATURE = "-- "


def _unflowed(text: str, delete_space: bool) -> str:
    """``text`` of a format=flowed part with its soft line breaks undone; quote marks stay as one «>» per level.

    ``delete_space``: the part says DelSp=yes, the space before a soft break is no part of the text.
    """
    paragraphs: list[tuple[int, list[str]]] = []
    goes_on = False
    for depth, content in map(_unstuffed, text.split("\n")):
        signature = content == _SIGNATURE
        if not goes_on or signature or depth != paragraphs[-1][0]:
            paragraphs.append((depth, []))
        goes_on = content.endswith(" ") and not signature
        paragraphs[-1][1].append(content[:-1] if goes_on and delete_space else content)
    return "\n".join(_quoted(depth, "".join(parts)) for depth, parts in paragraphs)


def _unstuffed(line: str) -> tuple[int, str]:
    """How deep a line is quoted, and what it says without the space that protects its beginning (RFC 3676, 4.4)."""
    content = line.lstrip(">")
    return len(line) - len(content), content.removeprefix(" ")


def _quoted(depth: int, text: str) -> str:
    return f"{'>' * depth} {text}" if depth else text


_WORDS = re.compile(rb"\S[ \t]+\S|(?<=\n)[_-]{2,}")


def _text_octets(raw: Raw, part: Part) -> Iterator[bytes]:
    """The decoded octets of a text. From the first line on that is a rule or several words, which no base64 has, they
    stand as they are: a list's footer below it, or all of a text that only says it is base64."""
    words = _WORDS.search(raw, part.start, part.end) if part.encoding == "base64" else None
    end = max(part.start, raw.rfind(b"\n", part.start, words.start()) + 1) if words else part.end
    yield from decoded(raw, part.start, end, part.encoding)
    if words:
        yield b"\n"
        yield from decoded(raw, end, part.end, "")


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
