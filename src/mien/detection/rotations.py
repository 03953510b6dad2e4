"""Pictures that lie on their side or upside down: searched turned, and their faces given in the picture as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from mien.core.types import Faces, Floats, Image

TURNS = (0, 90, 180, 270)
"""By how many degrees a picture is turned, clockwise."""


@runtime_checkable
class Turning(Protocol):
    """A detector that also tells how a picture lies."""

    def __call__(self, image: Image, /) -> Faces:
        """Return the upright faces of image (H, W, 3)."""
        ...

    def turned(self, image: Image, /) -> Faces:
        """Return the faces of image (H, W, 3) as a call does; where none is upright, those of the picture turned."""
        ...


def turn(image: Image, degrees: int) -> Image:
    """Return image (H, W, 3) turned clockwise by one of ``TURNS``."""
    return np.ascontiguousarray(np.rot90(image, -degrees // 90))


def search_turned(find: Callable[[Image], Faces], image: Image, degrees: int) -> Faces:
    """Return the faces that find sees in a picture when it is turned, in pixels of the picture as it is.

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
    """Return points (N, M, 2) of a picture turned clockwise as those of the picture, which is width x height."""
    x, y = points[..., 0], points[..., 1]
    if degrees == 90:
        x, y = y, height - x
    elif degrees == 180:
        x, y = width - x, height - y
    elif degrees == 270:
        x, y = width - y, x
    return np.stack([x, y], axis=-1).astype(np.float32)
