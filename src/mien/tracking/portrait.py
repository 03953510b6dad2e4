"""The picture of a person in reports: of all views in a video the one that shows the face best."""

from __future__ import annotations

import math

import cv2
import numpy as np

from mien.core.arrays import Image
from mien.core.boxes import FARTHEST_PX, square
from mien.core.crop_spec import CropSpec
from mien.core.frame import Frame
from mien.core.result import Face
from mien.imaging.crop import crop_square
from mien.imaging.quality import GOOD, MEASURED_PX, sharpness

THUMBNAIL_PX = 128
SMALLEST_PX = 8
"""Side of the largest thumbnail, and of the smallest square worth showing."""

THUMBNAIL_MARGIN = 1.5
"""Side of the thumbnail's square, as a multiple of the longer side of the face's box."""

DULL, CRISP = 0.24, 0.3
"""Sharpness at which a view is worth nothing, and from which on more is no better (``LEAST_SHARPNESS``)."""

BETTER = 1.1
"""By so much must a view be better than the one that is kept: one who walks towards the camera is not cut out anew in
every frame."""

LOOK_S = 0.2
"""A view is looked at so long after the last one, as neighbouring frames hardly differ."""

LEAST = 0.01
"""What the dullest view is worth."""


class Portrait:
    """Keeps the best view of a face: of good quality first, then large, surely found, frontal, sharp and well lit.

    Attributes:
        image: (S, S, 3) uint8 RGB, S at most ``THUMBNAIL_PX``; None before a view that is worth showing.
    """

    def __init__(self) -> None:
        self.image: Image | None = None
        self._merit = False, 0.0
        self._looked_s = -math.inf

    def meet(self, face: Face, frame: Frame, shown: Frame) -> None:
        """Keep a view where it is better than the one before.

        Args:
            face: as it was seen.
            frame: in which it was seen.
            shown: the same frame as it may be shown to others, of which the portrait is cut.
        """
        good, (kept_good, kept) = face.quality == GOOD, self._merit
        if good < kept_good or (good == kept_good and 0 <= frame.time_s - self._looked_s < LOOK_S):
            return
        self._looked_s = frame.time_s
        size_px = min(float((face.box[2:] - face.box[:2]).max()) / frame.scale, THUMBNAIL_PX / THUMBNAIL_MARGIN)
        # The score falls little where something hides a part of a face, and the cosine little before it is turned far.
        merit = good, size_px * face.score**4 * _frontal(face) ** 2 * _clarity(frame, face)
        if merit > (kept_good, BETTER * kept) and (picture := thumbnail(shown, face, THUMBNAIL_PX)) is not None:
            self.image, self._merit = picture, merit


def _clarity(frame: Frame, face: Face) -> float:
    """Return how sharp and well lit a face is, above 0, at most 1."""
    height, width = frame.image.shape[:2]
    edges = np.nan_to_num(face.box / np.float32(frame.scale)).clip(0, [width, height, width, height])
    x1, y1, x2, y2 = edges.astype(int).tolist()
    part = frame.image[y1:y2, x1:x2]
    if not part.size:
        return LEAST
    # The thumbnail's own way of reducing a picture takes milliseconds.
    reduced = np.asarray(cv2.resize(part, (MEASURED_PX, MEASURED_PX), interpolation=cv2.INTER_AREA), np.uint8)
    light = 1 - abs(float(reduced.mean()) - 127.5) / 127.5
    return max(LEAST, light * min(1.0, (sharpness(reduced) - DULL) / (CRISP - DULL)))


def _frontal(face: Face) -> float:
    """Return 1 for a face that looks into the camera, less the more it is turned; 1 where that is not known."""
    yaw_deg = face.pose.yaw_deg
    return 1.0 if math.isnan(yaw_deg) else max(0.0, math.cos(math.radians(yaw_deg)))


def thumbnail(frame: Frame, face: Face, most_px: int) -> Image | None:
    """Return a square around a face, moved into the picture where it would leave it; None where there is too little.

    Args:
        frame: in which the face was seen.
        face: the face.
        most_px: the longest side of what is returned, (S, S, 3) uint8 RGB.
    """
    if not np.all(np.abs(face.box) <= FARTHEST_PX):
        return None
    height, width = frame.image.shape[:2]
    x1, y1, x2, _ = square(face.box[None] / np.float32(frame.scale), THUMBNAIL_MARGIN)[0].tolist()
    side_px = min(x2 - x1, width, height)
    if side_px < SMALLEST_PX:
        return None
    # Centred anew where the picture is smaller than the square, then moved inside.
    left = min(max((x1 + x2 - side_px) / 2, 0.0), width - side_px)
    top = min(max(y1 + (x2 - x1 - side_px) / 2, 0.0), height - side_px)
    box = np.array([left, top, left + side_px, top + side_px], np.float32)
    return crop_square(frame.image, box, 0.0, CropSpec(size_px=min(most_px, int(side_px)), channels=3))
