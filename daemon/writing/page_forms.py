"""Forms: the pages of all letters that look alike, encoded except for what each letter fills in.

A template is run with questions (daemon/writing/questions.py), and what it wrote is cut apart. Lines without a blank
are encoded once and for all: they are *closed*. The others stay *open*: for every letter they are filled in, encoded
and put back between. A letter finds its form by answering what the template branched on; each answer leads to the next
question, as in a key for naming plants.

A letter made from its form equals, character for character, what the template would write for it alone. Where a
template does something with a value that no question can answer, the page is rendered the ordinary way.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from threading import Lock
from typing import Any, NamedTuple

from markupsafe import escape

from daemon.writing.link_views import Blanks
from daemon.writing.pages import Page, as_html, as_text
from daemon.writing.questions import BLANK, Expression, Piece, Question, Run, Values, blank, given, secret_word
from daemon.writing.quoted import quoted_printable, softly_ended

ASKED = (
    "letter",
    "ticket",
    "number",
    "v",
    "said",
    "rows",
    "solution",
    "question",
    "now",
    "to",
    "files",
    "folded",
    "subject",
)
"""What a template is asked about by questions. All else that it sees is the same for every letter of one key."""

MOST = 200
"""Runs of a template whose forms are remembered, some 30 KB each; one more, and all are forgotten."""

SEAM = f"{secret_word()}\n"
"""A line of an open text, in the place of closed ones."""
_SEAM = quoted_printable(SEAM)

Encoded = tuple[bytes, bytes]
"""Text and HTML, quoted-printable."""


class Medium(NamedTuple):
    """How a value is shown in text or HTML, and how the whole page is tidied; doing that twice changes nothing."""

    shown: Callable[[Any], str]
    tidied: Callable[[str], str]


MEDIA = (Medium(str, as_text), Medium(escape, as_html))


@dataclass(frozen=True, slots=True)
class Part:
    """The text or the HTML of a form: open pieces with seams, and the closed lines that belong there, encoded, with the
    blanks of links."""

    medium: Medium
    open: tuple[Piece, ...]
    closed: tuple[bytes, ...]

    def filled(self, values: Values, blanks: Blanks) -> bytes:
        """The part for one letter."""
        shown, tidied = self.medium
        text = "".join([shown(values[piece]) if isinstance(piece, Expression) else piece for piece in self.open])
        first, *others = quoted_printable(tidied(values.fill(text))).split(_SEAM)
        octets = first + b"".join(chain.from_iterable(zip(self.closed, others, strict=True)))
        for name, value in blanks.items():
            octets = octets.replace(blank(name).encode(), value.encode())
        return octets


def cut(page: str, medium: Medium, run: Run, solid: frozenset[str]) -> Part:
    """What a template wrote, cut into what is open and what is closed; ``solid`` are the blanks of links, which are
    filled in last."""
    lines = medium.tidied(page).removesuffix("\n").split("\n")
    pieces: list[Piece] = []
    closed: list[bytes] = []
    for is_open, group in groupby(zip(_opened(lines, solid), lines, strict=True), itemgetter(0)):
        text = "".join(f"{line}\n" for _, line in group)
        pieces += run.pieces(text) if is_open else [SEAM]
        closed += [] if is_open else [_closed(text)]
    return Part(medium, tuple(pieces), tuple(closed))


def _opened(lines: list[str], solid: frozenset[str]) -> list[bool]:
    """Which lines are open. So is an empty one beside them: what is filled in may be empty too, and two are one."""
    opened = [not solid.issuperset(BLANK.findall(line)) for line in lines]
    beside = zip([False, *opened], [*opened[1:], False], strict=False)
    return [is_open or (not line and any(near)) for line, is_open, near in zip(lines, opened, beside, strict=False)]


def _closed(text: str) -> bytes:
    """``text`` encoded, each of its blanks on a line of its own."""
    pieces = BLANK.split(text)
    pieces[1::2] = map(blank, pieces[1::2])
    *others, last = (quoted_printable(f"{piece}\n")[:-2] for piece in pieces)
    return b"\r\n".join([*map(softly_ended, others), last])


Form = tuple[Part, Part]
"""Of text and HTML."""


@dataclass(slots=True)
class Place:
    """A node in a tree of forms: the question asked there and where each answer leads, or a form."""

    asks: Expression | None = None
    ways: dict[Any, Place] = field(default_factory=dict)
    form: Form | None = None


class Tree:
    """The forms of a letter, by the answers that lead to them; ``known`` are its expressions."""

    def __init__(self) -> None:
        self.root = Place()
        self.known: dict[tuple[Any, ...], Expression] = {}

    def grow(self, answers: Mapping[Expression, Any], form: Form) -> Form:
        """Put ``form`` where ``answers`` lead: a template asks the same next wherever it was answered the same."""
        place = self.root
        for place.asks, answer in answers.items():
            place = place.ways.setdefault(answer, Place())
        place.form = form
        return form


class PlainPages:
    """The letters of one language, each rendered for itself: what their forms must equal."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def encoded(self, key: Hashable, name: str, context: Mapping[str, Any], blanks: Blanks) -> Encoded:
        """Text and HTML of the letter ``name``. ``blanks`` are those of its links; all of the ``context`` but
        :data:`ASKED` depends on ``key`` alone."""
        values = Values(blanks)
        text, html = self._page.text(name, context), self._page.html(name, context)
        return quoted_printable(as_text(values.fill(text))), quoted_printable(as_html(values.fill(html)))


class PageForms(PlainPages):
    """The same by their forms."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._trees: dict[Hashable, Tree] = {}
        self._runs = 0
        self._making = Lock()

    def encoded(self, key: Hashable, name: str, context: Mapping[str, Any], blanks: Blanks) -> Encoded:
        """As :class:`PlainPages` does."""
        values = Values({**{asked: context[asked] for asked in ASKED}, **blanks})
        form = self._found(key, values) or self._new(key, name, context, values, blanks)
        if not form:
            return super().encoded(key, name, context, blanks)
        text, html = form
        return text.filled(values, blanks), html.filled(values, blanks)

    def _found(self, key: Hashable, values: Values) -> Form | None:
        tree = self._trees.get(key)
        place = tree.root if tree else None
        while place and place.asks:
            place = place.ways.get(values[place.asks])
        return place.form if place else None

    def _new(self, key: Hashable, name: str, context: Mapping[str, Any], values: Values, blanks: Blanks) -> Form | None:
        """The form of a letter like none before; None if it can have none."""
        with self._making:
            if self._runs >= MOST:
                self._trees, self._runs = {}, 0
            self._runs += 1
            tree = self._trees.setdefault(key, Tree())
            run = Run(values, tree.known)
            questions = {asked: Question(run, given(asked)) for asked in ASKED}
            try:
                pages = self._page.asked(name, {**context, **questions}, run)
            except Exception:  # noqa: BLE001 - what no question can answer; what is wrong fails again without questions
                return None
            finally:
                run.end()
            text, html = (cut(page, medium, run, frozenset(blanks)) for page, medium in zip(pages, MEDIA, strict=True))
            return tree.grow(run.answers, (text, html))
