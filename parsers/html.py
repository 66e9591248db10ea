"""HTML to the text that a reader of the mail sees: tables, lists and line breaks count, hidden text does not."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from parsers import charsets

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_RICH_LIMIT = 200_000
"""Characters and, a tenth of it, tags that the table-aware converter is given; beyond it the plain one is fast."""
PAGE_LIMIT = 400_000
"""Characters of a page that are read: the new text stands at its top."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)([^<>]*)>")
_LEAVE_OUT = frozenset({"head", "style", "script", "title", "template", "xml", "object", "select", "textarea"})
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|(?<![\w-])opacity\s*:\s*0+(?:\.0+)?\s*(?:;|!|$)"
    r"|(?<![\w-])font-size\s*:\s*(?:0+(?:\.0+)?\s*(?:px|pt|r?em|%)?|1\s*p[xt])\s*(?:;|!|$)",
    re.IGNORECASE,
)
_NO_ROOM = re.compile(r"(?<![\w-])(?:max-)?(?:height|width)\s*:\s*0+(?:px)?\s*(?:;|!|$)", re.IGNORECASE)
_CLIPPED = re.compile(r"overflow(?:-[xy])?\s*:\s*hidden", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\u00a0]+")
_MANY_LINES = re.compile(r"\n{3,}")


def to_text(html: str) -> str:
    """``html`` as plain text with LF line ends, never an exception; linear for what nobody wrote by hand."""
    html = _without_comments(html[:PAGE_LIMIT])
    text = _rich(html) if len(html) <= _RICH_LIMIT and html.count("<") <= _RICH_LIMIT // 10 else ""
    if not text.strip():
        text = _plain(html)
    return _folded(charsets.tidy(text))


def _folded(text: str) -> str:
    """Blanks collapsed within lines, at most one empty line between paragraphs."""
    lines = [_BLANKS.sub(" ", line).strip() for line in text.split("\n")]
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def _without_comments(html: str) -> str:
    """Comments, Word's conditional ones and processing instructions go; an unclosed one hides nothing."""
    out: list[str] = []
    position = 0
    while (start := html.find("<!", position)) >= 0:
        closer = "-->" if html.startswith("<!--", start) else ">"
        end = html.find(closer, start)
        if end < 0:
            closer = ">"
            end = html.find(closer, start)
        if end < 0:
            break
        out.append(html[position:start])
        position = end + len(closer)
    return "".join(out) + html[position:]


_ENDS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)


def _rich(html: str) -> str:
    """The table-aware conversion, "" where the converter gives up."""
    from inscriptis import Inscriptis
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_element import HtmlElement as InlineElement
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    try:
        page = _ENDS.sub("", html)  # the parser leaves out what stands below them, browsers show it
        tree = document_fromstring(page.encode("utf-8"), parser=HTMLParser(encoding="utf-8", remove_pis=True))
        _drop_hidden(tree)
        _mark_signature(tree)
        relaxed = CSS_PROFILES["relaxed"]
        # its own spans put spaces into words, its own blockquotes are no paragraphs, and it knows few blocks
        styles = {**dict.fromkeys(_BLOCKS - _TABLE, relaxed["div"]), **relaxed}
        styles |= {"span": InlineElement(), "blockquote": relaxed["p"]}
        return str(Inscriptis(tree, ParserConfig(css=styles)).get_text())
    except (etree.LxmlError, ValueError, RecursionError, ArithmeticError, LookupError, AttributeError, TypeError):
        return ""


def _drop_hidden(tree: HtmlElement) -> None:
    for element in list(tree.iter()):
        if not isinstance(element.tag, str):
            continue
        if element.tag in _LEAVE_OUT or _is_hidden(element.get("style") or "", element.get("hidden") is not None):
            parent = element.getparent()
            if parent is not None and element.tag != "body":
                element.drop_tree()


_SIGNATURES = frozenset({
    "composer_signature", "ms-outlook-mobile-signature", "signature", "applemailsignature", "gmail_signature",
    "moz-signature", "k9mail-signature", "protonmail_signature_block", "ymail_android_signature",
    "ymail_ios_signature", "linebreakatbeginningofsignature",
})  # fmt: skip
"""Ids and classes of the elements in which clients keep a signature, or with which it begins."""


def _mark_signature(tree: HtmlElement) -> None:
    """Put the delimiter of RFC 3676 section 4.3 above the element in which a client keeps its signature."""
    signatures = (e for e in tree.iter("div", "br") if not _SIGNATURES.isdisjoint(_identity(e)))
    element = next(signatures, None)
    if element is None or _has_delimiter(element):
        return
    delimiter = element.makeelement("p", {})
    delimiter.text = "--"
    element.addprevious(delimiter)


def _identity(element: HtmlElement) -> list[str]:
    return f"{element.get('id')} {element.get('class')}".lower().split()


def _has_delimiter(element: HtmlElement) -> bool:
    """Whether the client wrote its own: first in the element, or right above it as Gmail's do."""
    above = str(element.xpath("string(preceding::text()[normalize-space()][1])"))
    return above.strip() == "--" or element.text_content().lstrip().startswith("--")


def _is_hidden(style: str, hidden: bool) -> bool:
    if hidden or not style:
        return hidden
    return bool(_HIDING.search(style) or (_CLIPPED.search(style) and _NO_ROOM.search(style)))


_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
    "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
])  # fmt: skip
_TABLE = frozenset({"table", "tbody", "tfoot", "thead", "tr"})
_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "base", "col", "wbr"})


def _plain(html: str) -> str:
    """One pass over the tags: blocks begin a line, cells stand beside each other, hidden elements are skipped."""
    return "".join(_pieces(html))


def _pieces(html: str) -> Iterator[str]:
    skipping, depth, position = "", 0, 0
    for match in _TAG.finditer(html):
        closing, name, attributes = match[1], match[2].lower(), match[3]
        if not skipping:
            yield _spaced(html[position : match.start()])
        position = match.end()
        if skipping:
            if name == skipping:
                depth += -1 if closing else 1
                skipping = skipping if depth else ""
        elif not closing and name not in _VOID and name != "body" and _skips(name, attributes):
            skipping, depth = name, 1
        else:
            yield _break(name, closing)
    if not skipping:
        yield _spaced(html[position:])


_HIDDEN = re.compile(r"\shidden(?=[\s=]|$)", re.IGNORECASE)
_STYLE = re.compile(r"""style\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)""", re.IGNORECASE)


def _skips(name: str, attributes: str) -> bool:
    style = _STYLE.search(attributes)
    return name in _LEAVE_OUT or _is_hidden(style[1].strip("\"'") if style else "", bool(_HIDDEN.search(attributes)))


def _break(name: str, closing: str) -> str:
    if name == "br":
        return "\n"
    if name in ("td", "th"):
        return " " if closing else ""
    if name == "p":
        return "\n\n" if closing else "\n"
    if name == "li" and not closing:
        return "\n* "
    return "\n" if name in _BLOCKS else ""


def _spaced(text: str) -> str:
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() else ""
    return entities.unescape(f"{before}{' '.join(text.split())}{after}")


_LOOKS_LIKE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body|div|p|table|meta)\b[^<]*>", re.IGNORECASE
)


def looks_like_html(text: str) -> bool:
    """A «plain» text that is a page of HTML from its first character on."""
    return bool(_LOOKS_LIKE.match(text)) and "</" in text


_META = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)


def declared_charset(raw: bytes) -> str:
    """The charset that the first kilobyte of an HTML page names for itself, or ""."""
    match = _META.search(raw[:2048])
    return match[1].decode("ascii") if match else ""
