"""Places of a picture at a glance: cut out, made small and perhaps turned, each costs a hundredth of a look at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mien.core import boxes
from mien.core.types import Floats, Image
from mien.detection.rotations import TURNS, turn
from mien.detection.yunet_net import Net, resize

Size = tuple[int, float]
"""The side at which a place is shown to the net, in pixels, and that of its square as a multiple of the place's."""

FIRST: Size = (64, 1.6)

CLEARER: tuple[Size, ...] = ((96, 1.1), (96, 1.3), (96, 1.6))
"""The sizes of the glances that settle a turn."""

FACE = 0.3
"""A place that scores less shows no face."""

MAYBE = 0.4
"""A place that scores less at a turn is not looked at more clearly for it."""

NEARLY = 0.05
"""Nor is one that scores less than when upright by more than this."""

CLEAR = 0.75
CLEARER_BY = 0.02
"""A place stands turned where the mean of its clearer glances is so high, and so much higher than upright.

See docs/TURNED.md, by lab/scripts/turned.py.
"""


def any_face(net: Net, image: Image, places: Floats, least: float = FACE) -> bool:
    """Return whether one of the places (N, 4) of image (H, W, 3) scores least or more at a glance."""
    return bool((_glances(net, image, places, FIRST, TURNS[:1]) >= least).any())


def turn_of(net: Net, image: Image, places: Floats) -> int:
    """Return by how many degrees of ``TURNS`` to turn image (H, W, 3) so that a face at one of places (N, 4) stands."""
    scores = _glances(net, image, places, FIRST, TURNS)
    turned = scores[:, 1:].max(axis=1, initial=0)
    for row in np.argsort(-turned, kind="stable"):
        if turned[row] < MAYBE or turned[row] < scores[row, 0] - NEARLY:
            continue
        place = places[row : row + 1]
        clear = np.mean([_glances(net, image, place, size, TURNS)[0] for size in CLEARER], axis=0)
        best = int(clear.argmax())
        if clear[best] >= CLEAR and clear[best] >= clear[0] + CLEARER_BY:
            return TURNS[best]
    return 0


def _glances(net: Net, image: Image, places: Floats, size: Size, turns: Sequence[int]) -> Floats:
    """Return the best score at each of N places (N, 4), each cut out and alone, at each of T turns, (N, T)."""
    px, margin = size
    squares = boxes.clip(boxes.square(places, margin), image.shape[1], image.shape[0])
    shown = [_small(image, square, px) for square in np.rint(squares).astype(int).tolist()]
    if not shown:
        return np.zeros((0, len(turns)), np.float32)
    batch = [turn(one, degrees) for one in shown for degrees in turns]
    return net.best_scores(batch).reshape(len(shown), len(turns))


def _small(image: Image, square: list[int], px: int) -> Image:
    """Return a part of image, x1, y1, x2, y2, in the corner of a black square (px, px, 3)."""
    x1, y1, x2, y2 = square
    canvas = np.zeros((px, px, 3), np.uint8)
    if x1 < x2 and y1 < y2:
        part = resize(image[y1:y2, x1:x2], px)
        canvas[: part.shape[0], : part.shape[1]] = part
    return canvas
