"""A result drawn into its picture: a rounded box around each face, and a tag that names what it shows.

Line and text sizes follow from the sizes of the faces and of the picture, so that one rule suits a thumbnail and a
poster. Only the pixels near a line or a tag are touched, so that the cost does not grow with the picture.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

from mien.core.arrays import Floats, Image
from mien.core.emotions import Colour, colours_of
from mien.core.result import Face, Result
from mien.draw._fonts import Font, font_for, spells
from mien.draw._paint import Rect, blend, contrast, cover_of, ring
from mien.draw._tags import SMALLEST_TEXT_PX, Tag, layout_tags

LEAST_TEXT, MOST_TEXT = 1 / 40, 1 / 21
"""The least and the greatest height of an em, as shares of the picture's shorter side: 27 and 51 pixels of 1080, which
can still be read where the film is shown at half its size."""

MOST_LETTERS = 24
"""Of a name in a label."""


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
        ring(canvas, box, line_px, colour)
    # By all names, so that the font is the same in all frames of a video.
    font = font_for((names or {}).values())
    labels = [_labels(face, _label_name((names or {}).get(face.id, ""), font)) for _, face in shown]
    for tag, colour in zip(layout_tags(boxes, labels, picture, text_px, line_px, font=font), colours, strict=True):
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


def _plate(canvas: Image, tag: Tag, colour: Colour) -> None:
    """Paint a tag: a filled rounded plate, and the text on it in black or white, whichever stands out more."""
    style, rect = tag.style, tag.rect
    blend(canvas, rect, cover_of(rect, rect, style.height_px / 4), colour)
    blend(canvas, rect, style.ink(tag.text), contrast(colour))
