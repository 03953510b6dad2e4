"""Pictures of a data set to faces of 48 x 48: read, find, cut, with a count of what went otherwise than planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.card import CropSpec
from mien.core.errors import ImageError
from mien.core.types import LANDMARKS, Faces, Image
from mien.vision.crops import cut_faces
from mien.vision.images import read

Detector = Callable[[Image], Faces]

FACE_PX = 64
"""A picture whose sides are no longer than this is taken for a face that has been cut out already."""

NO_FACE = "pictures in which no face was found, taken whole"
MORE_FACES = "pictures with several faces, of which the largest was taken"
CUT_ALREADY = f"pictures of at most {FACE_PX} px, taken whole"


def one_face(box: tuple[float, float, float, float]) -> Faces:
    """Return a single face with box x1, y1, x2, y2 in pixels and no landmarks."""
    landmarks = np.full((1, len(LANDMARKS), 2), np.nan, np.float32)
    return Faces(np.array([box], np.float32), landmarks, np.ones(1, np.float32))


def cut(image: Image, faces: Faces) -> NDArray[np.uint8]:
    """Return the first of faces in image (H, W, 3) uint8 RGB as (48, 48) uint8 grey."""
    return cut_faces(image, faces, CropSpec())[0, :, :, 0]


class Cutter:
    """Cuts the one face of a picture file.

    Args:
        detector: finds faces in a picture; None takes every picture whole.

    Attributes:
        counts: how many pictures went another way, by ``NO_FACE``, ``MORE_FACES`` and ``CUT_ALREADY``.
    """

    def __init__(self, detector: Detector | None) -> None:
        self._detector = detector
        self.counts: Counter[str] = Counter()

    def __call__(self, path: Path) -> NDArray[np.uint8] | None:
        """Return the face in the file, (48, 48) uint8 grey, or None where it cannot be read."""
        try:
            image = read(path)
        except ImageError:
            return None
        return cut(image, self._face(image))

    def _face(self, image: Image) -> Faces:
        height, width = image.shape[:2]
        whole = one_face((0, 0, width, height))
        if self._detector is None:
            return whole
        if max(height, width) <= FACE_PX:
            self.counts[CUT_ALREADY] += 1
            return whole
        faces = self._detector(image)
        if not len(faces):
            self.counts[NO_FACE] += 1
            return whole
        self.counts[MORE_FACES] += len(faces) > 1
        sides = faces.boxes[:, 2:] - faces.boxes[:, :2]
        x1, y1, x2, y2 = faces.boxes[int(sides.prod(axis=1).argmax())].tolist()
        return one_face((x1, y1, x2, y2))
