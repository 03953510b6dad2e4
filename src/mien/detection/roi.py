"""Region-of-interest search: a detector that is shown only the surroundings of the faces known already."""

from __future__ import annotations

import numpy as np

from mien.core import boxes
from mien.core.types import NO_FACES, Faces, Floats, Image
from mien.detection.detectors import Detector
from mien.detection.sliced import merge
from mien.detection.yunet_net import shrink

AROUND = 2.0
"""The side of what is searched, as a multiple of the face's."""

BEYOND_PX = 64
"""By how much more it goes on at each side: what the detector says of a face depends on pixels so far away, and the
emotion on what it says (docs/benchmarks/video.txt)."""

WHOLE_PX = 640
"""The longer side to which the whole picture is shrunk first, as YuNet has it."""

GRID_PX = 32
"""What is searched begins and ends on multiples of this, the coarsest stride of YuNet's anchors.

So a face is seen in the same pixels, and from the same anchors, as in a search of the whole, and comes out the same.
"""

SAME_IOU = 0.2
"""What a face must share with the known one to be taken for it."""


class RoiDetector:
    """A detector that looks for each known face where it was, and for no other.

    It takes a fraction of the time of a search through the picture, as long as faces are few.

    Args:
        detector: searches what is around a face.
        known: (N, 4) float32, the boxes at which the faces were seen last, in pixels of the picture.
    """

    def __init__(self, detector: Detector, known: Floats) -> None:
        self._detector = detector
        self._known = known

    def __call__(self, image: Image) -> Faces:
        """Return those of the known faces that are found in image (H, W, 3) uint8 RGB, from left to right.

        Where all that is around them comes to more than the picture, the picture is searched, and all its faces
        are returned.
        """
        small = shrink(image, WHOLE_PX)
        height, width = small.shape[:2]
        times = np.array([image.shape[1] / width, image.shape[0] / height], np.float32)
        known = self._known / np.tile(times, 2)
        areas = boxes.clip(_areas(known), width, height)
        if boxes.area(areas).sum() >= width * height:
            return self._detector(image)
        found = [self._follow(small, *pair) for pair in zip(known, areas.astype(int).tolist(), strict=True)]
        return merge(found).scaled(times)

    def _follow(self, image: Image, known: Floats, area: list[int]) -> Faces:
        """Return the one face near a known box (4,), if there is one, in pixels of image."""
        x1, y1, x2, y2 = area
        if x2 <= x1 or y2 <= y1:
            return NO_FACES
        seen = self._detector(np.ascontiguousarray(image[y1:y2, x1:x2])).moved(np.array([x1, y1], np.float32))
        shared = boxes.iou(known[None], seen.boxes)[0]
        return seen.take(np.array([shared.argmax()] if shared.max(initial=0) > SAME_IOU else [], np.int64))


def _areas(known: Floats) -> Floats:
    """Return what is around boxes (N, 4), (N, 4), on the grid."""
    searched = boxes.square(known, AROUND)
    low = np.floor((searched[:, :2] - BEYOND_PX) / GRID_PX)
    high = np.ceil((searched[:, 2:] + BEYOND_PX) / GRID_PX)
    return np.hstack([low, high]) * np.float32(GRID_PX)
