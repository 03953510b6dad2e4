"""Tags: text set in its size, and where each may stand so that it covers neither a face nor another tag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from mien.draw._fonts import Font, plain
from mien.draw._paint import Rect

SMALLEST_TEXT_PX = 10
"""The least height of an em at which a label can be read."""

FINE_PX = 96
"""The least height of an em at which letters are drawn, before they are reduced to their size."""


class Style:
    """How labels of one size are set: the font, and a tag's measures in pixels.

    Letters are drawn at least ``FINE_PX`` tall and then reduced: fonts drawn small keep to whole pixels, which pulls
    words apart and runs them together.
    """

    def __init__(self, text_px: float, font: Font = plain) -> None:
        self._scale = ceil(FINE_PX / text_px)
        self._font = letters = font(self._scale * text_px)
        # The font comes in one weight, a little thin on colour.
        self._stroke = round(0.012 * self._scale * text_px)
        # Measured on letters with and without a tail, so that tags are of one height and their text on one line.
        self._rise_px = ceil(-letters.getbbox("h", anchor="ls")[1] / self._scale)
        self._fall_px = ceil(letters.getbbox("p", anchor="ls")[3] / self._scale)
        self._pad_x_px = max(2, round(0.5 * text_px))
        self._pad_y_px = max(2, round(0.3 * text_px))
        self.height_px = self._rise_px + self._fall_px + 2 * self._pad_y_px

    def width_px(self, text: str) -> int:
        """Return the width of the tag that holds text."""
        return ceil(self._font.getlength(text) / self._scale) + 2 * self._pad_x_px

    def ink(self, text: str) -> NDArray[np.float32]:
        """Return text set in its tag: (height_px, width_px) float32, how much of each pixel it covers, 0 to 1."""
        scale = self._scale
        canvas = Pillow.new("L", (self.width_px(text) * scale, self.height_px * scale))
        # Tails count for half: text centred with its tails looks too high, without them too low.
        start = self._pad_x_px * scale, (self._pad_y_px + self._rise_px + self._fall_px // 2) * scale
        ImageDraw.Draw(canvas).text(start, text, 255, self._font, "ls", stroke_width=self._stroke)
        return np.asarray(canvas.reduce(scale), np.float32) / np.float32(255)


@dataclass(frozen=True, slots=True)
class Tag:
    """A label, its font, and where it goes."""

    text: str
    rect: Rect
    style: Style


def layout_tags(
    boxes: Sequence[Rect],
    labels: Sequence[tuple[str, str]],
    picture: Rect,
    text_px: float,
    gap_px: int,
    *,
    font: Font = plain,
) -> list[Tag | None]:
    """Return a tag for each box, None where none fits, all in the largest of three sizes in which most fit."""
    best: list[Tag | None] = [None] * len(boxes)
    best_score = -1
    for shrink in (1.0, 0.8, 0.64):
        style = Style(max(SMALLEST_TEXT_PX, text_px * shrink), font)
        tags = _place(boxes, labels, picture, style, gap_px)
        # Two points for a label in full, one for a short one.
        score = sum(1 + (tag.text == full) for tag, (full, _) in zip(tags, labels, strict=True) if tag is not None)
        if score > best_score:
            best, best_score = tags, score
        if score == 2 * len(boxes) or text_px * shrink <= SMALLEST_TEXT_PX:
            break
    return best


def _place(
    boxes: Sequence[Rect], labels: Sequence[tuple[str, str]], picture: Rect, style: Style, gap_px: int
) -> list[Tag | None]:
    """Give each box in turn the first place that is in the picture and free of other boxes and of earlier tags."""
    n = len(boxes)
    tags: list[Tag | None] = [None] * n
    taken = np.zeros((2 * n, 4), np.int64)  # the boxes, then the tags; a rectangle of zeros meets nothing
    taken[:n] = boxes
    for row, box in enumerate(boxes):
        taken[row] = 0  # a tag may lie in its own box
        places = (
            Tag(text, rect, style)
            for text in labels[row]
            for rect in _places(box, picture, style.width_px(text), style.height_px, gap_px)
            if _is_free(rect, taken)
        )
        if (tag := next(places, None)) is not None:
            tags[row], taken[n + row] = tag, tag.rect
        taken[row] = box
    return tags


def _is_free(rect: Rect, taken: NDArray[np.int64]) -> bool:
    """Say whether rect shares no pixel with any of taken (N, 4)."""
    x1, y1, x2, y2 = taken.T
    return not bool(np.any((rect.x1 < x2) & (x1 < rect.x2) & (rect.y1 < y2) & (y1 < rect.y2)))


def _places(box: Rect, picture: Rect, width_px: int, height_px: int, gap_px: int) -> Iterator[Rect]:
    """Yield where a tag of this size may go, the best first; all of them lie in the picture."""
    widest, lowest = picture.x2 - width_px, picture.y2 - height_px
    if widest < 0 or lowest < 0:
        return
    # Flush left, then flush right, then centred; pushed back into the picture where they would leave it.
    starts = [min(max(x, 0), widest) for x in (box.x1, box.x2 - width_px, (box.x1 + box.x2 - width_px) // 2)]
    for y in (box.y1 - gap_px - height_px, box.y2 + gap_px):
        if 0 <= y <= lowest:
            yield from (Rect(x, y, x + width_px, y + height_px) for x in starts)
    inset = 3 * gap_px
    # Inside, it must not hide the face: the top fifth is forehead and hair, the bottom fifth is chin.
    if height_px + inset <= (box.y2 - box.y1) / 5 and width_px + 2 * inset <= box.x2 - box.x1:
        for y in (box.y1 + inset, box.y2 - inset - height_px):
            yield Rect(box.x1 + inset, y, box.x1 + inset + width_px, y + height_px)
    for x in (box.x2 + gap_px, box.x1 - gap_px - width_px):
        if 0 <= x <= widest and box.y1 <= lowest:
            yield Rect(x, box.y1, x + width_px, box.y1 + height_px)
