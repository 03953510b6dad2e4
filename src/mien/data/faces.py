"""Pictures of a data set to crops of 48 x 48: read, detected, cropped, with counts of the exceptions."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Image
from mien.core.crop_spec import CROP_MARGIN, CropSpec
from mien.core.errors import ImageError
from mien.core.faces import LANDMARKS, Faces
from mien.imaging.crop import crop_faces
from mien.imaging.decode import read

if TYPE_CHECKING:
    from mien.detection.detectors import Detector

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels."""

CROPPED_UP_TO_PX = 64
"""A picture with sides up to this is taken for a face that is cropped already."""

NO_FACE = "pictures in which no face was found, taken whole"
MORE_FACES = "pictures with several faces, of which the largest was taken"
CUT_ALREADY = f"pictures of at most {CROPPED_UP_TO_PX} px, taken whole"


def one_face(box: Box) -> Faces:
    """Return a single face with box x1, y1, x2, y2 in pixels and no landmarks."""
    landmarks = np.full((1, len(LANDMARKS), 2), np.nan, np.float32)
    return Faces(np.array([box], np.float32), landmarks, np.ones(1, np.float32))


def crop_face(image: Image, box: Box, margin: float = 1.0) -> NDArray[np.uint8]:
    """Return the face in a box of an image (H, W, 3) uint8 RGB as (48, 48) uint8 grey; for margin see ``CropSpec``."""
    return crop_faces(image, one_face(box), CropSpec(margin=margin))[0, :, :, 0]


class FaceCropper:
    """Crops the one face of a picture file.

    Args:
        detector: finds faces in a picture; None takes every picture as a whole.

    Attributes:
        counts: number of pictures that were exceptions: ``NO_FACE``, ``MORE_FACES``, ``CUT_ALREADY``.
    """

    def __init__(self, detector: Detector | None) -> None:
        self._detector = detector
        self.counts: Counter[str] = Counter()

    def __call__(self, path: Path, box: Box | None = None) -> NDArray[np.uint8] | None:
        """Return the face in the file, (48, 48) uint8 grey, or None if it cannot be read.

        Args:
            path: the picture.
            box: of the face, as the detector would give it; None to detect it.
        """
        try:
            image = read(path)
        except ImageError:
            return None
        box = box or self._found(image)
        height, width = image.shape[:2]
        return crop_face(image, box, CROP_MARGIN) if box else crop_face(image, (0, 0, width, height))

    def _found(self, image: Image) -> Box | None:
        """Return the box of the largest face, None if the picture is taken as a whole."""
        if self._detector is None:
            return None
        if max(image.shape[:2]) <= CROPPED_UP_TO_PX:
            self.counts[CUT_ALREADY] += 1
            return None
        faces = self._detector(image)
        if not len(faces):
            self.counts[NO_FACE] += 1
            return None
        self.counts[MORE_FACES] += len(faces) > 1
        sides = faces.boxes[:, 2:] - faces.boxes[:, :2]
        x1, y1, x2, y2 = faces.boxes[int(sides.prod(axis=1).argmax())].tolist()
        return x1, y1, x2, y2
