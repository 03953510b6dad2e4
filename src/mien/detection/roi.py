"""Region-of-interest search: known faces are searched only near where they were seen last."""

from __future__ import annotations

import numpy as np

from mien.core import boxes
from mien.core.arrays import Floats, Image
from mien.core.faces import NO_FACES, Faces
from mien.detection.detectors import Detector
from mien.detection.sliced import merge
from mien.detection.yunet_net import shrink

REGION_SCALE = 2.0
"""Side of a region, as a multiple of the face's."""

REGION_BORDER_PX = 64
"""Added to a region on each side: a face's box depends on pixels so far away, and its emotion on the box
(docs/benchmarks/video.txt)."""

WHOLE_PX = 640
"""The longer side to which the whole picture is shrunk first, as by YuNet."""

GRID_PX = 32
"""Regions begin and end on multiples of this, the coarsest stride of YuNet's anchors.

So a face is found in the same pixels and at the same anchors as in a search of the whole picture, with the same result.
"""

SAME_IOU = 0.2
"""Intersection over union from which a face counts as the known one."""


class RoiDetector:
    """A detector that searches each known face near where it was, and no other.

    It takes a fraction of the time of a search of the whole picture, as long as faces are few.

    Args:
        detector: searches the region around a face.
        known: (N, 4) float32, the last boxes of the faces, in pixels of the picture.
    """

    def __init__(self, detector: Detector, known: Floats) -> None:
        self._detector = detector
        self._known = known

    def __call__(self, image: Image) -> Faces:
        """Return those of the known faces that are found in image (H, W, 3) uint8 RGB, from left to right.

        If all regions together are larger than the picture, the picture is searched, and all its faces are returned.
        """
        small = shrink(image, WHOLE_PX)
        height, width = small.shape[:2]
        times = np.array([image.shape[1] / width, image.shape[0] / height], np.float32)
        known = self._known / np.tile(times, 2)
        areas = boxes.clip(_regions(known), width, height)
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


def _regions(known: Floats) -> Floats:
    """Return the regions (N, 4) around boxes (N, 4), on the grid."""
    searched = boxes.square(known, REGION_SCALE)
    low = np.floor((searched[:, :2] - REGION_BORDER_PX) / GRID_PX)
    high = np.ceil((searched[:, 2:] + REGION_BORDER_PX) / GRID_PX)
    return np.hstack([low, high]) * np.float32(GRID_PX)
