"""What a face looks like in a frame: its colours and shading, to notice when another face takes its place.

This is no recognition of people: those with similar hair, skin and clothes look alike here, and someone who turns round
may look different. It is compared over a second at most, along a track.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Flags, Floats, Image
from mien.core.boxes import FARTHEST_PX, area, clip, square

APPEARANCE_MARGIN = 1.25
"""Side of the square that is compared, as a multiple of the longer side of the face's box, with hair and collar."""

COLOURS_PX, COLOUR_BANDS, COLOUR_BINS = 24, 3, 8
"""The square is shrunk to so many pixels a side, and their colours are counted in three bands, from hair to chin. There
are eight bins along each axis of L*a*b*."""

ENOUGH_PX = 64
"""A larger square is sampled at this many pixels a side or more, as averaging all of its pixels takes long."""

LEAST_TINT, MOST_TINT = 96, 192
"""Limits of the bins of a* and b*, 128 being grey; colours beyond them count as at them."""

SHADING_PX = 12
"""Side in pixels of the grey picture that is compared."""

COLOUR_VALUES = COLOUR_BANDS * COLOUR_BINS**3
APPEARANCE_VALUES = COLOUR_VALUES + SHADING_PX**2
"""Numbers of the colours, which come first, and of all that a face looks like."""

SAME_COLOURS, SAME_SHADING = 0.75, 0.7
"""One face may follow another if their colours (Bhattacharyya coefficient) or shading (correlation) agree so far.

Either is enough: lamps and screens change all colours at once, a turn of the head all shading. In six clips of people
who stay, the colours of a face agree with those of any frame in the second before by 0.79 or more. In a street 7 % of
the views of two people agree by either. From 0.7 to 0.8 each clip has as many people, on every frame
(docs/benchmarks/people.txt, by lab/scripts/choose_people.py).
"""


def looks(image: Image, boxes: Floats) -> Floats:
    """Return what N faces look like, (N, ``APPEARANCE_VALUES``) float32.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: (N, 4) float32 in pixels of image. The row of one without area, far away or outside the picture is zero.
    """
    rows = np.zeros((len(boxes), APPEARANCE_VALUES), np.float32)
    height, width = image.shape[:2]
    sound = np.flatnonzero((np.abs(boxes) <= FARTHEST_PX).all(axis=1) & (area(boxes) > 0))
    squares = np.rint(clip(square(boxes[sound], APPEARANCE_MARGIN), width, height)).astype(int)
    for row, (x1, y1, x2, y2) in zip(sound, squares.tolist(), strict=True):
        if x1 < x2 and y1 < y2:
            rows[row] = _look(image[y1:y2, x1:x2])
    return rows


def alike(known: Floats, found: Floats) -> Flags:
    """Return which of M known faces and N found ones may be the same, (M, N).

    Args:
        known: (M, D) of ``looks``, D = ``APPEARANCE_VALUES``.
        found: (N, D). A row of zeros, of which nothing is known, is like every other.
    """
    blank = ~(known.any(axis=1, keepdims=True) & found.any(axis=1))
    colours = known[:, :COLOUR_VALUES] @ found[:, :COLOUR_VALUES].T
    shading = known[:, COLOUR_VALUES:] @ found[:, COLOUR_VALUES:].T
    return blank | (colours >= SAME_COLOURS) | (shading >= SAME_SHADING)


def _look(part: Image) -> Floats:
    step = max(1, max(part.shape[:2]) // ENOUGH_PX)
    part = np.ascontiguousarray(part[::step, ::step])
    small = cv2.resize(part, (COLOURS_PX, COLOURS_PX), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    lab[:, :, 1:] = lab[:, :, 1:].clip(LEAST_TINT, MOST_TINT - 1)
    rows = COLOURS_PX // COLOUR_BANDS
    bands = [_counts(lab[top : top + rows]) for top in range(0, COLOURS_PX, rows)]
    grey = cv2.resize(lab[:, :, 0], (SHADING_PX, SHADING_PX), interpolation=cv2.INTER_AREA).ravel()
    shading = grey - grey.mean(dtype=np.float64)
    return np.concatenate([*bands, shading / max(float(np.linalg.norm(shading)), 1e-9)]).astype(np.float32)


def _counts(band: NDArray[Any]) -> NDArray[np.float32]:
    """Return the roots of the shares of the colours; all bands together have length 1."""
    counts = cv2.calcHist([band], [0, 1, 2], None, [COLOUR_BINS] * 3, [0, 256, *2 * (LEAST_TINT, MOST_TINT)])
    return np.sqrt(counts.ravel() / np.float32(COLOUR_BANDS * band.shape[0] * band.shape[1]))
