"""A result drawn into its picture: a rounded box around each face, and a tag that names what it shows.

Line and text sizes follow from the sizes of the faces and of the picture, so that one rule suits a thumbnail and a
poster. Only the pixels near a line or a tag are touched, so that the cost does not grow with the picture.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from mien.core.emotions import Colour, colours_of
from mien.core.types import Face, Floats, Image, Result
from mien.draw._fonts import Font, font_for, plain, spells

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)

SMALLEST_TEXT_PX = 10
"""The least height of an em at which a label can be read."""

LEAST_TEXT, MOST_TEXT = 1 / 40, 1 / 21
"""The least and the greatest height of an em, as shares of the picture's shorter side: 27 and 51 pixels of 1080, which
can still be read where the film is shown at half its size."""

MOST_LETTERS = 24
"""Of a name in a label."""

FINE_PX = 96
"""The least height of an em at which letters are drawn, before they are reduced to their size."""


class Rect(NamedTuple):
    """A rectangle of whole pixels, x2 and y2 just beyond it."""

    x1: int
    y1: int
    x2: int
    y2: int

    def grown(self, by: int) -> Rect:
        """Return the rectangle with each side moved outwards."""
        return Rect(self.x1 - by, self.y1 - by, self.x2 + by, self.y2 + by)


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


def draw(result: Result, names: Mapping[int, str] | None = None) -> Image:
    """Return an annotated copy of result's picture.

    A tag goes above, below, inside or beside its box, wherever it stays in the picture and covers neither another
    face nor another tag. If it fits nowhere it is set in a smaller size, then without the figure, and then left out:
    the colour of the box still tells the emotion.

    Args:
        result: of the picture.
        names: id -> what the person is called, in place of the number.

    Returns:
        (H, W, 3) uint8 RGB, the shape of ``result.frame.image``, which stays as it is.
    """
    canvas = result.frame.image.copy()
    height, width = canvas.shape[:2]
    scale = np.float32(result.frame.scale)
    shown = [(box, face) for face in result if (box := _visible(face.box / scale, width, height)) is not None]
    if not shown:
        return canvas
    text_px = _text_px([box for box, _ in shown], width, height)
    line_px = max(1, round(text_px / 7))
    picture = Rect(0, 0, width, height)
    boxes = [_within(box.grown(line_px), picture) for box, _ in shown]
    colour_of = colours_of(result.labels)
    colours = [colour_of[face.emotion] for _, face in shown]
    for box, colour in zip(boxes, colours, strict=True):
        _ring(canvas, box, line_px, colour)
    # By all names, so that the font is the same in all frames of a video.
    font = font_for((names or {}).values())
    labels = [_labels(face, _label_name((names or {}).get(face.id, ""), font)) for _, face in shown]
    for tag, colour in zip(_layout(boxes, labels, picture, text_px, line_px, font=font), colours, strict=True):
        if tag is not None:
            _plate(canvas, tag, colour)
    return canvas


def _labels(face: Face, name: str = "") -> tuple[str, str]:
    """Return the label in full and, for want of room, in short; it begins with the name or, without one, the id."""
    share = f"{100 * face.confidence:.0f}" if face.confidence < 0.995 else ">99"
    who = f"{name}  " if name else f"#{face.id} " if face.id >= 0 else ""
    short = who + (f"{face.emotion}?" if face.uncertain else face.emotion)
    return f"{short} {share} %", short


def _label_name(name: str, font: Font) -> str:
    """Return a name as a label has it, cut where it is long; "" where the font lacks a letter of it."""
    whole = unicodedata.normalize("NFC", name)
    short = whole if len(whole) <= MOST_LETTERS else whole[: MOST_LETTERS - 3].rstrip() + "..."
    return short if spells(font, short) else ""


def _visible(box: Floats, width: int, height: int) -> Rect | None:
    """Return the part of box (4,) that lies in the picture, on whole pixels; None where nothing does."""
    if np.isnan(box).any():
        return None
    # Ends beyond the picture first, so that even infinities become whole numbers.
    x1, x2 = sorted(np.clip(box[[0, 2]].astype(np.float64), -1, width + 1).tolist())
    y1, y2 = sorted(np.clip(box[[1, 3]].astype(np.float64), -1, height + 1).tolist())
    if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
        return None
    left, top = max(0, min(round(x1), width - 1)), max(0, min(round(y1), height - 1))
    return Rect(left, top, min(width, max(round(x2), left + 1)), min(height, max(round(y2), top + 1)))


def _within(rect: Rect, picture: Rect) -> Rect:
    return Rect(max(rect.x1, 0), max(rect.y1, 0), min(rect.x2, picture.x2), min(rect.y2, picture.y2))


def _text_px(boxes: Sequence[Rect], width: int, height: int) -> float:
    """Return the size of the text: a share of the usual face, within what reads well in a picture of this size."""
    face_px = float(np.median([max(box.x2 - box.x1, box.y2 - box.y1) for box in boxes]))
    short_px = min(width, height)
    return max(SMALLEST_TEXT_PX, min(max(0.13 * face_px, short_px * LEAST_TEXT), short_px * MOST_TEXT))


# Where the tags go


def _layout(
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


# How they are painted


def _ring(canvas: Image, rect: Rect, line_px: int, colour: Colour) -> None:
    """Paint a rounded frame just inside rect, with a faint dark edge that sets it off from any background."""
    halo_px = max(1, line_px // 3)
    radius = min(4.0 * line_px, min(rect.x2 - rect.x1, rect.y2 - rect.y1) / 4)
    inner = rect.grown(-line_px)
    for strip in _strips(rect.grown(halo_px), ceil(radius) + line_px + 2 * halo_px):
        halo = _cover(strip, rect.grown(halo_px), radius + halo_px)
        line = _cover(strip, rect, radius)
        hole = _cover(strip, inner, max(0.0, radius - line_px))
        inner_halo = _cover(strip, inner.grown(-halo_px), max(0.0, radius - line_px - halo_px))
        _blend(canvas, strip, np.float32(0.35) * (halo - line + hole - inner_halo), BLACK)
        _blend(canvas, strip, line - hole, colour)


def _strips(rect: Rect, band_px: int) -> list[Rect]:
    """Return the parts of rect that lie within band_px of its sides, without overlap."""
    x1, y1, x2, y2 = rect
    if 2 * band_px >= min(x2 - x1, y2 - y1):
        return [rect]
    return [
        Rect(x1, y1, x2, y1 + band_px),
        Rect(x1, y2 - band_px, x2, y2),
        Rect(x1, y1 + band_px, x1 + band_px, y2 - band_px),
        Rect(x2 - band_px, y1 + band_px, x2, y2 - band_px),
    ]


def _plate(canvas: Image, tag: Tag, colour: Colour) -> None:
    """Paint a tag: a filled rounded plate, and the text on it in black or white, whichever stands out more."""
    style, rect = tag.style, tag.rect
    _blend(canvas, rect, _cover(rect, rect, style.height_px / 4), colour)
    _blend(canvas, rect, style.ink(tag.text), _contrast(colour))


def _contrast(paper: Colour) -> Colour:
    """Return black or white, by contrast with paper as WCAG 2 defines it: (L + 0.05) over (L' + 0.05)."""
    share = np.array(paper) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ (0.2126, 0.7152, 0.0722))
    return BLACK if (luminance + 0.05) ** 2 > 1.05 * 0.05 else WHITE


def _cover(area: Rect, rect: Rect, radius: float) -> NDArray[np.float32]:
    """Return how much of each pixel of area (h, w) lies in rect with rounded corners, 0 to 1.

    By the distance to the rounded outline, negative inside: straight sides on whole pixels come out sharp, corners
    smooth.
    """
    half_w, half_h = (rect.x2 - rect.x1) / 2, (rect.y2 - rect.y1) / 2
    if half_w <= 0 or half_h <= 0:
        return np.zeros((area.y2 - area.y1, area.x2 - area.x1), np.float32)
    radius = min(radius, half_w, half_h)
    x = np.abs(np.arange(area.x1, area.x2, dtype=np.float32) + 0.5 - rect.x1 - half_w) - (half_w - radius)
    y = np.abs(np.arange(area.y1, area.y2, dtype=np.float32) + 0.5 - rect.y1 - half_h) - (half_h - radius)
    beyond = np.hypot(np.maximum(x, 0)[None, :], np.maximum(y, 0)[:, None])
    within = np.minimum(np.maximum(x[None, :], y[:, None]), 0)
    return np.clip(0.5 + radius - beyond - within, 0, 1).astype(np.float32, copy=False)


def _blend(canvas: Image, area: Rect, cover: NDArray[np.float32], colour: Colour) -> None:
    """Mix colour into area of canvas (H, W, 3), by cover (h, w), 0 to 1; what lies outside the picture is dropped."""
    x1, y1 = max(area.x1, 0), max(area.y1, 0)
    patch = canvas[y1 : max(area.y2, 0), x1 : max(area.x2, 0)]
    share = cover[y1 - area.y1 :, x1 - area.x1 :][: patch.shape[0], : patch.shape[1], None]
    patch[...] = np.rint(patch + share * (np.array(colour, np.float32) - patch)).astype(np.uint8)
