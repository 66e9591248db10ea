"""The history that an HTML mail marks as such, cut out before the HTML becomes text.

One pass over the tags, nothing rewritten. What the author wrote below or between the quoted blocks stays where the
marks allow it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from itertools import islice

from parsers.attributions import LETTERS_LINK, attribution, is_no_sentence, is_undated
from parsers.lines import is_blank
from parsers.quotes import HEADER_LABELS, fold_line
from parsers.tags import Tag, tags_in

_NEAR = 4  # elements between Gmail's wrapper and its quoted block
_BORDER_TEXT = 1800  # characters below Outlook's line in which two labels of its header block must stand
_ABOVE = 500  # characters above a quoted block in which its attribution stands, …
_NEAR_COLON = 60  # … and in which its colon does
_LETTER = 30_000  # characters of a letter of ours, in which one of its links stands
_LOOKS = 500  # at the text around a tag; a mail that asks for more is an attack on our time

_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr", "source", "embed"})

# Elements that hold history from their start tag to their end tag.
_QUOTE_CLASSES = frozenset(
    {
        *("gmail_attr", "gmail_quote_attribution", "moz-cite-prefix", "moz-forward-container"),
        *("protonmail_quote", "tutanota_quote", "zmail_extra", "mailru-blockquote", "wordsection_quote"),
        *("x_gmail_attr", "x_moz-cite-prefix", "front-blockquote", "airmail_ext_on"),
    }
)
_QUOTE_IDS = frozenset(
    {
        *("mail-editor-reference-message-container", "ms-outlook-mobile-reference-message", "reply-intro"),
        *("olk_src_body_section", "iscorecontent", "isforwardcontent", "isreplycontent", "oriMsgHtmlSeperator".lower()),
    }
)
_QUOTE_MARKERS = frozenset({"__quoted_text__", "__headers__", "__divider__"})
_QUOTE_NAMES = frozenset({"messagereplysection"})
# Blockquotes of clients; an author's own blockquote has neither.
_CITE_CLASSES = frozenset({"gmail_quote", "x_gmail_quote", "protonmail_quote", "iosymail"})
# Gmail's wrapper: attribution, quoted block and what was typed below it all stand inside.
_WRAPPERS = frozenset({"gmail_quote", "gmail_quote_container", "x_gmail_quote"})
# Elements with which history begins and after which nothing of the author comes.
_TAIL_IDS = frozenset({"divrplyfwdmsg", "x_divrplyfwdmsg", "stopspelling", "zwchr"})
_TAIL_CLASSES = frozenset({"outlookmessageheader"})
_LINE_ABOVE = re.compile(r"border-top(?:-style)?:[^;]{0,40}\bsolid\b")
_BOLD_LABEL = re.compile(
    r"<(?:b|strong)\b[^>]{0,200}>(?:<[^>]{0,200}>){0,4}([^<:]{1,40})(?:<[^>]{0,200}>)?\s?:", re.IGNORECASE
)
_TAGS = re.compile(r"<[^<>]*>")


@dataclass(slots=True)
class _Open:
    """An element not yet closed: where it began, whether it is cut, whether it is Gmail's wrapper."""

    tag: Tag
    cut: bool = False
    wrapper: bool = False


def cut_quote(html: str, mark: str = "") -> str:
    """The HTML without the quoted blocks that its marks name, ``mark`` in the place of each; the same where there are
    none, or where nothing else is.

    Marks of Gmail, Thunderbird, Apple Mail, Outlook (desktop, web, phones), Yahoo, Zimbra, Roundcube and Proton.
    Broken HTML is taken as it comes: an element that is never closed ends with its parent.
    """
    pieces: list[str] = []
    at = 0
    for start, end in _merged(_Cutter(html).ranges()):
        pieces.append(html[at:start])
        at = end
    pieces.append(html[at:])
    return mark.join(pieces) if len(pieces) > 1 and _has_content("".join(pieces)) else html


def _merged(ranges: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    reached = 0
    for start, end in sorted(ranges):
        if end > reached:
            yield max(start, reached), end
            reached = end


def _has_content(html: str) -> bool:
    body = html[match.end() :] if (match := re.search(r"<body\b", html[:200_000], re.IGNORECASE)) else html
    body = re.sub(r"(?is)<(style|head|script)\b[^<]{0,100000}</\1\s?>", "", body)
    text = _TAGS.sub("", f"<{body}" if match else body)
    return bool(text.replace("&nbsp;", "").replace("\xa0", "").strip()) or "<img" in body.lower()


class _Cutter:
    """One pass over the tags of a mail, collecting what is to be cut."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.lower_has_zimbra = "__quoted_text__" in html.lower()
        self.looks = _LOOKS
        self.open: list[_Open] = []
        self.counts: dict[str, int] = {}
        self.found: list[tuple[int, int]] = []

    def ranges(self) -> list[tuple[int, int]]:
        """Start and end of every piece to cut, nested ones too."""
        for tag in tags_in(self.html):
            if tag.closing:
                self._close(tag)
            elif self._is_tail(tag):
                self.found.append((self._before_rule(tag.start), self._body_end()))
                break
            elif tag.name not in _VOID:
                self._open(tag)
        end = len(self.html)
        for element in reversed(self.open):
            self._ended(element, end, end)
        return self.found

    def _open(self, tag: Tag) -> None:
        cut = _is_quote(tag) or (tag.name == "blockquote" and self._below_attribution(tag.start))
        element = _Open(tag, cut=cut, wrapper=tag.name == "div" and _is_wrapper(tag))
        self.open.append(element)
        self.counts[tag.name] = self.counts.get(tag.name, 0) + 1

    def _close(self, tag: Tag) -> None:
        """Close the nearest element of that name and, with it, what was left open inside."""
        if not self.counts.get(tag.name):
            return
        while True:
            element = self.open.pop()
            self.counts[element.tag.name] -= 1
            same = element.tag.name == tag.name
            self._ended(element, tag.start, tag.end if same else tag.start)
            if same:
                return

    def _ended(self, element: _Open, inner_end: int, end: int) -> None:
        if element.cut:
            wrapper = next((above for above in self.open[: -1 - _NEAR : -1] if above.wrapper), None)
            if wrapper and element.tag.name == "blockquote":  # the attribution above the block goes with it
                wrapper.wrapper = False
                self.found.append((wrapper.tag.end, end))
            self.found.append((element.tag.start, end))
        elif element.wrapper:  # a forward: no block inside, all of it is another's
            self.found.append((element.tag.end, inner_end))

    def _may_look(self) -> bool:
        self.looks -= 1
        return self.looks >= 0

    def _below_attribution(self, start: int) -> bool:
        """Whether a dated attribution stands right above, or one without a date above a letter of ours: then the block
        is a client's, though nothing marks it."""
        if self.counts.get("blockquote") or ":" not in self.html[max(0, start - _NEAR_COLON) : start]:
            return False
        if not self._may_look():
            return False
        text = unescape(_TAGS.sub("\n", self.html[max(0, start - _ABOVE) : start]))
        lines = [line for line in text.split("\n") if not is_blank(line)]
        if lines and is_undated(lines[-1].strip()):
            return LETTERS_LINK.search(self.html, start, start + _LETTER) is not None
        found = attribution(lines, len(lines) - 1, 0) if lines else None
        return found is not None and found[1] == "dated" and is_no_sentence(found[2])

    def _is_tail(self, tag: Tag) -> bool:
        attributes = tag.attributes
        if not attributes or not ("id" in attributes or "class" in attributes or "style" in attributes):
            return False
        values = tag.values()
        identity = values.get("id", "")
        if identity == "zwchr" and self.lower_has_zimbra:
            return False
        if identity in _TAIL_IDS or _TAIL_CLASSES & _classes(values):
            return True
        line_above = bool(_LINE_ABOVE.search(values.get("style", "")))
        return line_above and self._may_look() and self._has_header_block(tag.end)

    def _has_header_block(self, start: int) -> bool:
        """Whether the first two bold labels here are those of a header block."""
        labels = islice(_BOLD_LABEL.finditer(self.html, start, start + _BORDER_TEXT), 2)
        known = [fold_line(label[1]) in HEADER_LABELS for label in labels]
        return len(known) == 2 and all(known)

    def _before_rule(self, start: int) -> int:
        """The line that Outlook draws above its header block goes too."""
        above = self.html[max(0, start - 200) : start].rstrip()
        rule = above.lower().rfind("<hr")
        if rule < 0 or _TAGS.sub("", above[rule:]).strip():
            return start
        return max(0, start - 200) + rule

    def _body_end(self) -> int:
        end = self.html.lower().rfind("</body")
        return end if end >= 0 else len(self.html)


def _is_quote(tag: Tag) -> bool:
    if not tag.attributes:
        return False
    values = tag.values()
    classes = _classes(values)
    if tag.name == "blockquote" and (
        values.get("type") == "cite" or values.get("cite", "").startswith("mid:") or classes & _CITE_CLASSES
    ):
        return True
    if classes & _QUOTE_CLASSES or any(name.endswith("yahoo_quoted") for name in classes):
        return True
    return (
        values.get("id", "") in _QUOTE_IDS
        or values.get("data-marker", "") in _QUOTE_MARKERS
        or values.get("name", "") in _QUOTE_NAMES
    )


def _is_wrapper(tag: Tag) -> bool:
    return bool(tag.attributes) and bool(_WRAPPERS & _classes(tag.values()))


def _classes(values: Mapping[str, str]) -> set[str]:
    return set(values.get("class", "").split())
