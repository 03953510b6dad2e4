"""Rotated pictures: searched after a turn by 90, 180 or 270 degrees, with faces in pixels of the unturned picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from mien.core.arrays import Floats, Image
from mien.core.faces import Faces

TURNS = (0, 90, 180, 270)
"""Degrees by which a picture is turned clockwise."""


@runtime_checkable
class Turning(Protocol):
    """A detector that also finds faces in a picture on its side or upside down."""

    def __call__(self, image: Image, /) -> Faces:
        """Return the upright faces of image (H, W, 3)."""
        ...

    def turned(self, image: Image, /) -> Faces:
        """Return the upright faces of image (H, W, 3); if there are none, those of the picture turned."""
        ...


def turn(image: Image, degrees: int) -> Image:
    """Return image (H, W, 3) turned clockwise by one of ``TURNS``."""
    return np.ascontiguousarray(np.rot90(image, -degrees // 90))


def search_turned(find: Callable[[Image], Faces], image: Image, degrees: int) -> Faces:
    """Return the faces that are found in a turned picture, in pixels of the unturned one.

    Args:
        find: (H, W, 3) uint8 RGB -> its faces.
        image: (H, W, 3) uint8 RGB.
        degrees: one of ``TURNS``, clockwise.
    """
    found = find(turn(image, degrees))
    height, width = image.shape[:2]
    corners = _back(found.boxes.reshape(-1, 2, 2), degrees, width, height)
    boxes = np.hstack([corners.min(axis=1), corners.max(axis=1)])
    return Faces(boxes, _back(found.landmarks, degrees, width, height), found.scores, degrees)


def _back(points: Floats, degrees: int, width: int, height: int) -> Floats:
    """Return points (N, M, 2) of a picture turned clockwise as points of the unturned one, which is width x height."""
    x, y = points[..., 0], points[..., 1]
    if degrees == 90:
        x, y = y, height - x
    elif degrees == 180:
        x, y = width - x, height - y
    elif degrees == 270:
        x, y = width - y, x
    return np.stack([x, y], axis=-1).astype(np.float32)
