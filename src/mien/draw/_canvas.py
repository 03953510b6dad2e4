"""A picture that is drawn anew many times a second: areas, bars, and text that is set once and then pasted."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from mien.core.arrays import Flags, Image
from mien.core.emotions import Colour
from mien.draw._paint import Rect
from mien.draw._tags import Style

GROUND: Colour = (20, 22, 26)
TRACK: Colour = (44, 48, 56)
FAINT: Colour = (150, 156, 165)

KEPT = 2048
"""Pieces of text that are kept: all labels and figures of a window in several sizes."""


class Lettering:
    """Sets lines of text, and keeps what it has set."""

    def __init__(self) -> None:
        self.style = lru_cache(maxsize=32)(Style)
        self.line = lru_cache(maxsize=KEPT)(self._line)

    def _line(self, text: str, text_px: float, ink: Colour, paper: Colour) -> tuple[Image, Flags]:
        """Return a line (h, w, 3), and which of its pixels hold ink (h, w, 1), as lines that are close overlap."""
        cover = self.style(text_px).ink(text)[..., None]
        return np.rint(cover * np.array(ink) + (1 - cover) * np.array(paper)).astype(np.uint8), cover > 0


class Canvas:
    """A picture under way.

    Args:
        size: width and height in pixels.
        letters: outlives the canvas.

    Attributes:
        image: (H, W, 3) uint8 RGB.
    """

    def __init__(self, size: tuple[int, int], letters: Lettering) -> None:
        width, height = size
        self.image: Image = np.empty((height, width, 3), np.uint8)
        self._letters = letters
        self.fill(Rect(0, 0, width, height), GROUND)

    def fill(self, area: Rect, colour: Colour) -> None:
        """Paint an area; twenty times as fast as an assignment of three values to each pixel."""
        cv2.rectangle(self.image, (area.x1, area.y1), (area.x2 - 1, area.y2 - 1), colour, -1)

    def bar(self, left: int, right: int, y: int, thick: int, colour: Colour) -> None:
        """Draw a bar with round ends around the line y; nothing where it would be shorter than it is high."""
        half = thick // 2
        if right - left > 2 * half:
            cv2.line(self.image, (left + half, y), (right - half - 1, y), colour, thick, cv2.LINE_AA)

    def width_px(self, text: str, text_px: float) -> int:
        """Return how wide a line is, with the half em at either end that belongs to it."""
        return self._letters.style(text_px).width_px(text)

    def height_px(self, text_px: float) -> int:
        """Return how high every line of this size is."""
        return self._letters.style(text_px).height_px

    def write(
        self, text: str, at: tuple[int, int], text_px: float, ink: Colour = FAINT, *, paper: Colour = GROUND
    ) -> int:
        """Write a line, its top left corner at (x, y) and what is there of the colour paper.

        What would lie outside the picture is dropped.

        Returns:
            where it ends, in pixels from the left.
        """
        line, inked = self._letters.line(text, text_px, ink, paper)
        x, y = at
        height, width = line.shape[:2]
        left, top = max(0, -x), max(0, -y)
        place = self.image[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
        part = slice(top, top + place.shape[0]), slice(left, left + place.shape[1])
        np.copyto(place, line[part], where=inked[part])
        return x + width
