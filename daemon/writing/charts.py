"""Bar charts as PNG, for letters: 320 px wide at twice the size, in the letters' own font and colours. A
picture need not shrink on a telephone: at 280 px, the least there is, its text is still of 14 px.

Pillow is imported when a chart is drawn. A chart only repeats what a table beside it says in words.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH = 640
"""Pixels of a picture that is shown 320 wide."""

_SHARPER = 2
"""Drawn so much larger and scaled down, which smooths every edge."""

FONT = 32
"""Pixels of its text."""

_LINE, _BAR = 44, 28
_MARGIN, _GAP, _BETWEEN_ROWS = 24, 16, 20
_TEXT, _SECONDARY, _PAGE, _TRACK = "#1c2126", "#525c66", "#f3f5f7", "#dde2e7"
TONES = ("#4a8fd6", "#0b4f9e", "#a3261d")
"""Colours of bars: the lighter of two, the main one, and the one that warns."""


@dataclass(frozen=True, slots=True)
class Bar:
    """``share`` of the full width, 0 to 1; ``text`` stands behind it; ``tone`` is an index of TONES."""

    share: float
    text: str
    tone: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A label, and under it its bars, one under the other."""

    label: str
    bars: tuple[Bar, ...]

    @property
    def height(self) -> int:
        """Pixels without the space to the next row."""
        return (1 + len(self.bars)) * _LINE


def bar_chart(rows: Sequence[Row], legend: Sequence[tuple[str, int]] = ()) -> bytes:
    """The chart as PNG. ``legend``: (text, tone) pairs above it, where a row has several bars."""
    from PIL import Image, ImageDraw

    head = _MARGIN + len(legend) * _LINE + (_BETWEEN_ROWS if legend else 0)
    height = head + sum(row.height + _BETWEEN_ROWS for row in rows) - _BETWEEN_ROWS + _MARGIN
    picture = Image.new("RGB", (WIDTH * _SHARPER, height * _SHARPER), _PAGE)
    pen = ImageDraw.Draw(picture)
    _draw_legend(pen, legend)
    full = WIDTH - 2 * _MARGIN - _GAP - max(_width(bar.text) for row in rows for bar in row.bars)
    top = head
    for row in rows:
        _draw_row(pen, row, top, full)
        top += row.height + _BETWEEN_ROWS
    small = picture.resize((WIDTH, height), Image.Resampling.LANCZOS).quantize(64, dither=Image.Dither.NONE)
    target = io.BytesIO()
    small.save(target, "PNG", optimize=True)
    return target.getvalue()


def _draw_legend(pen: ImageDraw, legend: Sequence[tuple[str, int]]) -> None:
    top = float(_MARGIN)
    for text, tone in legend:
        _box(pen, _MARGIN, top, _BAR, TONES[tone])
        _write(pen, _MARGIN + _BAR + _GAP, top, text, WIDTH - 2 * _MARGIN - _BAR - _GAP, _SECONDARY)
        top += _LINE


def _draw_row(pen: ImageDraw, row: Row, top: float, full: float) -> None:
    """``full``: how long the bar of a whole is."""
    _write(pen, _MARGIN, top, row.label, WIDTH - 2 * _MARGIN)
    for bar in row.bars:
        top += _LINE
        _box(pen, _MARGIN, top, full, _TRACK)
        if bar.share > 0:
            _box(pen, _MARGIN, top, max(full * min(bar.share, 1.0), 8), TONES[bar.tone])
        _write(pen, _MARGIN + full + _GAP, top, bar.text)


def _box(pen: ImageDraw, left: float, top: float, width: float, colour: str) -> None:
    """A bar in the middle of the line that begins at ``top``."""
    above = top + (_LINE - _BAR) / 2
    corners = [edge * _SHARPER for edge in (left, above, left + width, above + _BAR)]
    pen.rounded_rectangle(corners, 4 * _SHARPER, fill=colour)


def _write(pen: ImageDraw, left: float, top: float, text: str, room: float = WIDTH, colour: str = _TEXT) -> None:
    """``text`` in the middle of the line that begins at ``top``, cut where it is wider than ``room``."""
    at = (left * _SHARPER, (top + _LINE / 2) * _SHARPER)
    pen.text(at, _fitted(text, room), fill=colour, font=_font(), anchor="lm")


def _width(text: str) -> float:
    return _font().getlength(text) / _SHARPER


def _fitted(text: str, width: float) -> str:
    """``text``, cut with an ellipsis where it is wider than ``width``."""
    text = text[:100]
    if _width(text) <= width:
        return text
    while text and _width(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


@lru_cache(maxsize=1)
def _font() -> FreeTypeFont:
    """Roboto, which is in the letters' own list of fonts; Pillow's own has no accents."""
    from PIL import ImageFont

    file = files("font_roboto") / "files" / "Roboto-Regular.ttf"
    return ImageFont.truetype(io.BytesIO(file.read_bytes()), FONT * _SHARPER)
