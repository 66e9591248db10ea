"""Bar charts as PNG, for letters: 560 px wide at twice the size, in the letters' own font and colours.

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

WIDTH = 1120
"""Pixels of a picture that is shown 560 wide."""

_SHARPER = 2
"""Drawn so much larger and scaled down, which smooths every edge."""

_LABELS, _VALUES, _GAP = 270, 250, 20
_BAR, _BETWEEN_BARS, _BETWEEN_ROWS, _MARGIN, _LEGEND = 30, 8, 30, 8, 66
_FONT = 30
_TEXT, _SECONDARY, _PAGE, _TRACK = "#1c2126", "#525c66", "#ffffff", "#eef1f4"
TONES = ("#6aa5e0", "#0b4f9e", "#a3261d")
"""Colours of bars: the lighter of two, the main one, and the one that warns."""


@dataclass(frozen=True, slots=True)
class Bar:
    """``share`` of the full width, 0 to 1; ``text`` stands behind it; ``tone`` is an index of TONES."""

    share: float
    text: str
    tone: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A label with its bars, one under the other."""

    label: str
    bars: tuple[Bar, ...]

    @property
    def height(self) -> int:
        """Pixels without the space to the next row."""
        return len(self.bars) * (_BAR + _BETWEEN_BARS) - _BETWEEN_BARS


def bar_chart(rows: Sequence[Row], legend: Sequence[tuple[str, int]] = ()) -> bytes:
    """The chart as PNG. ``legend``: (text, tone) pairs above it, where a row has several bars."""
    from PIL import Image, ImageDraw

    head = _LEGEND if legend else _MARGIN
    height = head + sum(row.height + _BETWEEN_ROWS for row in rows) - _BETWEEN_ROWS + _MARGIN
    picture = Image.new("RGB", (WIDTH * _SHARPER, height * _SHARPER), _PAGE)
    pen = ImageDraw.Draw(picture)
    _draw_legend(pen, legend)
    top = head
    for row in rows:
        _draw_row(pen, row, top)
        top += row.height + _BETWEEN_ROWS
    small = picture.resize((WIDTH, height), Image.Resampling.LANCZOS).quantize(64, dither=Image.Dither.NONE)
    target = io.BytesIO()
    small.save(target, "PNG", optimize=True)
    return target.getvalue()


def _draw_legend(pen: ImageDraw, legend: Sequence[tuple[str, int]]) -> None:
    left = float(_LABELS + _GAP)
    for text, tone in legend:
        _box(pen, left, _MARGIN, _BAR, _BAR, TONES[tone])
        left += _BAR + 12
        _write(pen, left, _MARGIN + _BAR / 2, text, _SECONDARY, "lm")
        left += _width(text) + 2 * _GAP


def _draw_row(pen: ImageDraw, row: Row, top: int) -> None:
    _write(pen, _LABELS, top + row.height / 2, _fitted(row.label, _LABELS - _GAP), _TEXT, "rm")
    full = WIDTH - _LABELS - _VALUES - 2 * _GAP
    for bar in row.bars:
        _box(pen, _LABELS + _GAP, top, full, _BAR, _TRACK)
        if bar.share > 0:
            _box(pen, _LABELS + _GAP, top, max(full * min(bar.share, 1.0), 8), _BAR, TONES[bar.tone])
        _write(pen, _LABELS + 2 * _GAP + full, top + _BAR / 2, bar.text, _TEXT, "lm")
        top += _BAR + _BETWEEN_BARS


def _box(pen: ImageDraw, left: float, top: float, width: float, height: float, colour: str) -> None:
    corners = [edge * _SHARPER for edge in (left, top, left + width, top + height)]
    pen.rounded_rectangle(corners, 4 * _SHARPER, fill=colour)


def _write(pen: ImageDraw, x: float, y: float, text: str, colour: str, anchor: str) -> None:
    pen.text((x * _SHARPER, y * _SHARPER), text, fill=colour, font=_font(), anchor=anchor)


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
    return ImageFont.truetype(io.BytesIO(file.read_bytes()), _FONT * _SHARPER)
