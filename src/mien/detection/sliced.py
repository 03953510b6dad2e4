"""Sliced inference: a picture is searched in enlarged tiles, for faces that are too small for the detector."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core import boxes
from mien.core.arrays import Image
from mien.core.faces import Faces, join_faces
from mien.detection.rotations import Turning, search_turned

Find = Callable[[Image], Faces]
"""(H, W, 3) uint8 RGB -> its faces, in pixels of it."""

TILE_PX = 640
"""Side of a tile, as the detector gets it."""

OVERLAP_PX = 160
"""Overlap of neighbouring tiles: a face of up to this side is whole in one of them."""

FINEST_PX = 2560
"""The longer side to which a picture is enlarged; larger pictures are searched as they are."""

MOST_ENLARGED = 3.0
"""The largest enlargement; beyond it noise begins to look like faces."""

CUT_PX = 4
"""A face this close to an inner edge of a tile is taken for cut off, and left to the next tile."""

SAME_IOU = 0.3
SAME_INSIDE = 0.7
"""Two boxes are one face if their intersection over union is above the first, or the share of one inside the other
above the second."""


class SlicedDetector:
    """A detector that also finds faces that are too small for the one it is made of.

    The picture is searched whole, then enlarged, then at halves of that scale down to that of the first search, each
    time in overlapping tiles. So a face of any size is whole in a tile of some scale.

    Of faces with a box of 16 to 19 px in pictures 360 to 999 px wide, YuNet finds 50.0 % this way and 6.5 % alone, of
    those of 30 to 48 px 85.3 and 54.1 % (docs/benchmarks/detector.txt, by lab/scripts/choose_detector.py).

    Args:
        whole: searches the picture.
        tile: searches a tile, which is at most ``TILE_PX`` wide and high.
    """

    def __init__(self, whole: Turning, tile: Find) -> None:
        self._whole = whole
        self._in_tile = tile

    def __call__(self, image: Image) -> Faces:
        """Return the faces of image (H, W, 3) uint8 RGB, from left to right."""
        return self._search(image, self._whole(image))

    def turned(self, image: Image) -> Faces:
        """Return the faces of image (H, W, 3) uint8 RGB, turned if the search of the whole picture turns it."""
        whole = self._whole.turned(image)
        return search_turned(self, image, whole.turn) if whole.turn else self._search(image, whole)

    def _search(self, image: Image, whole: Faces) -> Faces:
        found = [whole]
        height, width = image.shape[:2]
        found += [
            self._search_tile(image, tile, scale)
            for scale in scales(width, height)
            for tile in tiles(width, height, scale)
        ]
        return merge(found)

    def _search_tile(self, image: Image, tile: tuple[int, int, int, int], scale: float) -> Faces:
        """Return the faces that are whole in a tile (x1, y1, x2, y2) of the picture, in pixels of the picture."""
        x1, y1, x2, y2 = tile
        size = max(1, round((x2 - x1) * scale)), max(1, round((y2 - y1) * scale))
        way = cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA
        found = self._in_tile(np.asarray(cv2.resize(image[y1:y2, x1:x2], size, interpolation=way), np.uint8))
        times = np.array([size[0] / (x2 - x1), size[1] / (y2 - y1)], np.float32)
        placed = Faces(found.boxes / np.tile(times, 2), found.landmarks / times, found.scores)
        placed = placed.moved(np.array([x1, y1], np.float32))
        limits = (
            np.array([x1, y1, image.shape[1] - x2, image.shape[0] - y2]) > 0
        )  # sides that are not edges of the picture
        gaps = np.hstack([placed.boxes[:, :2] - [x1, y1], [x2, y2] - placed.boxes[:, 2:]]) * scale
        rows = np.flatnonzero(~(limits & (gaps < CUT_PX)).any(axis=1))
        return placed.take(rows)


def scales(width: int, height: int) -> list[float]:
    """Return the scales at which a picture of width x height pixels is searched in tiles, the largest first."""
    longer = max(width, height)
    whole = min(1.0, TILE_PX / longer)
    finest = min(MOST_ENLARGED, max(1.0, FINEST_PX / longer))
    count = math.ceil(math.log2(finest / whole) - 1e-9)
    return [finest / 2**step for step in range(count)]


def tiles(width: int, height: int, scale: float) -> Iterator[tuple[int, int, int, int]]:
    """Yield the tiles that cover a picture, x1, y1, x2, y2 in its pixels, row by row."""
    for y1, y2 in _spans(height, scale):
        for x1, x2 in _spans(width, scale):
            yield x1, y1, x2, y2


def _spans(length: int, scale: float) -> list[tuple[int, int]]:
    """Return the starts and ends of the tiles along a side of the picture, at even distances."""
    tile, overlap = min(length, math.floor(TILE_PX / scale)), math.ceil(OVERLAP_PX / scale)
    count = 1 + math.ceil((length - tile) / max(1, tile - overlap))
    starts: NDArray[np.int64] = np.rint(np.linspace(0, length - tile, count)).astype(np.int64)
    return [(start, start + tile) for start in starts.tolist()]


def merge(searches: Iterable[Faces]) -> Faces:
    """Return the faces of several searches of one picture, each once with its best score, from left to right."""
    seen = join_faces(searches)
    faces = seen.take(boxes.nms(seen.boxes, seen.scores, SAME_IOU))
    faces = faces.take(boxes.nms(faces.boxes, faces.scores, SAME_INSIDE, boxes.inside))
    return faces.take(boxes.left_to_right(faces.boxes))
