"""The lines of a form's body as their author meant them, whatever the clients and gateways on the way made of them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence

from parsers.labels import Grammar, Label
from parsers.spelling import broken_lines, is_broken, plain, repair
from parsers.typed import without_own

_ODD_SPACE = re.compile("[\v\f\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
"""White space but for line feeds, tabs and the plain space; a mended encoding may bring line ends along."""


Labelled = tuple[str, Label | None]
"""A line and the label that it begins with."""


def meant_lines(body: str, own: Iterable[str], grammar: Grammar) -> list[Labelled]:
    """The lines of ``body``, which ``grammar`` reads; ``own`` are our instructions, which go."""
    # Mended first: a soft hyphen or a NBSP may be half of a broken letter.
    text = _ODD_SPACE.sub(" ", plain(_undone("\n".join(broken_lines(body)), grammar)))
    if _spaces_as_plus(text, grammar):
        text = text.replace("+", " ")
    return _unswallowed(_joined(without_own(text, own).split("\n"), grammar), grammar)


def _undone(text: str, grammar: Grammar) -> str:
    """``text`` without what is left of an encoding, where that shows more labels: elsewhere it is the author's."""
    for undo in _UNDOINGS:
        mended = undo(text)
        if mended != text and _labels_in(mended, grammar) > _labels_in(text, grammar):
            text = mended
    return text


def _labels_in(text: str, grammar: Grammar) -> int:
    return sum(grammar.label_at_start(line) is not None for line in text.split("\n"))


# -- what gateways leave of an encoding in a text that they decoded too seldom

# An expression that begins with a plain character is found several times as fast as a repeated group.
_SOFT_BREAK = re.compile(r"=[ \t]*\n")
_QUOTED = re.compile(r"=[0-9A-F]{2}(?:=[0-9A-F]{2})*")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*")
_TAG = re.compile(r"</?(?:b|i|u|p|br|div|em|font|h[1-6]|li|ol|span|strong|t[dr]|ul)\b[^<>@\n]{0,200}>", re.IGNORECASE)
_CODE = re.compile(r"\[/?(?:b|i|u|color|size|font|list|\*)(?:=[^\[\]\n]{0,40})?\]", re.IGNORECASE)


def _misread(text: str) -> str:
    """UTF-8 that was read as windows-1252, line by line, since not every line shows the signs."""
    return "\n".join(repair(line, known_broken=True) for line in text.split("\n")) if is_broken(text) else text


def _quoted_printable(text: str) -> str:
    return _QUOTED.sub(_octets, _SOFT_BREAK.sub("", text)) if _QUOTED.search(text) else text


def _octets(run: re.Match[str]) -> str:
    octets = bytes.fromhex(run[0].replace(run[0][0], "")).replace(b"\r\n", b"\n")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def _percent_encoded(text: str) -> str:
    return _PERCENT.sub(_octets, text)


def _entities(text: str) -> str:
    return html.unescape(text.replace("&amp;", "&")) if "&" in text else text


def _tags(text: str) -> str:
    return _CODE.sub("", _TAG.sub("", text))


_UNDOINGS: tuple[Callable[[str], str], ...] = (_misread, _quoted_printable, _percent_encoded, _entities, _tags)
"""Each gives the text without what one encoding left in it, the same text where it finds none. What an author wrote
about encodings looks just like it: whoever uses them has to see that the text gains."""


# -- lines


def _spaces_as_plus(text: str, grammar: Grammar) -> bool:
    """A client wrote ``+`` for each space: none is left, and a ``+`` stands behind every label's colon."""
    if " " in text or text.count("+") < 2:
        return False
    labels = ((line, grammar.label_at_start(line.replace("+", " "))) for line in text.split("\n"))
    values = [line[label.end :] for line, label in labels if label]
    return bool(values) and all(not value or value.startswith("+") for value in values)


def _joined(lines: Sequence[str], grammar: Grammar) -> list[str]:
    """``lines``, with a label that was broken over two of them, or before its colon, on one, and what clients wrapped
    off the one line of a text."""
    found: list[str] = []
    above = ""
    for line in lines:
        whole = (_as_one(found[-1], line, grammar) or _unwrapped(found[-1], above, line, grammar)) if found else ""
        if whole:
            found[-1] = whole
        else:
            found.append(line)
        above = line
    return found


def _as_one(line: str, below: str, grammar: Grammar) -> str:
    """Both lines as one, where that begins with a label of which each of them has a part; else ""."""
    if len(line) > grammar.width or not line.strip() or grammar.may_have_label(line):
        return ""
    if not grammar.may_have_label(below) or grammar.label_at_start(below):
        return ""
    wholes = (f"{line} {below}", line.rstrip().removesuffix("-") + below.lstrip())
    return next(filter(grammar.label_at_start, wholes), "")


_WRAPPED = 65
"""Characters of a line for which the narrowest of clients has room: they wrap at 66 (Alpine) to 80."""
_LONGEST = 1000
"""Characters beyond which nothing more is put on the line of a value."""


def _unwrapped(value: str, above: str, line: str, grammar: Grammar) -> str:
    """``value``, the one line of a text, with the ``line`` that a client wrapped off it, as most do that know no
    format=flowed: ``above``, the last of its lines, had no room for the first word. Else ""."""
    label = grammar.label_at_start(value) if len(above) > _WRAPPED // 2 and len(value) < _LONGEST else None
    if not label or label.field.many_lines or label.field.type != "text" or not line.strip():
        return ""
    if len(above.rstrip()) + len(line.split(maxsplit=1)[0]) < _WRAPPED or grammar.label_at_start(line):
        return ""
    whole = f"{value.rstrip()} {line.lstrip()}"
    unknown = grammar.may_have_label(line) and len(grammar.cut(whole, label, (), grammar.fields)) == 1
    return "" if unknown else whole


def _unswallowed(lines: Sequence[str], grammar: Grammar) -> list[Labelled]:
    """``lines``; where only one of them begins with a label, it is cut before every further label in it."""
    labelled = [(line, grammar.label_at_start(line)) for line in lines]
    beginning = [(n, line, label) for n, (line, label) in enumerate(labelled) if label]
    if len(beginning) != 1:
        return labelled
    n, line, first = beginning[0]
    pieces = grammar.cut(line, first, (), swallowed=grammar.fields)
    return [*labelled[:n], *((piece, grammar.label_at_start(piece)) for piece in pieces), *labelled[n + 1 :]]
