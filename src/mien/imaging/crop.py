"""Crops of faces: the one preprocessing, the same in training and in inference."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats, Image
from mien.core.boxes import FARTHEST_PX, square
from mien.core.crop_spec import CropSpec
from mien.core.faces import LANDMARKS, Faces

Crops = NDArray[np.uint8]
"""(N, S, S, C) uint8; C is 1 for grey, 3 for RGB."""

MOST_SAMPLES = 16
"""Samples across one pixel of a crop, at most; a face of 16 times the crop's size needs no more to be smooth."""

RIGHT_EYE, LEFT_EYE = LANDMARKS.index("right_eye"), LANDMARKS.index("left_eye")


def crop_faces(image: Image, faces: Faces, spec: CropSpec) -> Crops:
    """Crop a square around each face, scaled to spec.size_px.

    The square has the centre of the face's box, and its side is the box's longer side times ``spec.margin``. With
    ``spec.align`` it is turned so that the line between the eyes is level, if the landmarks are known; else by
    ``Faces.turn``. Outside the picture its edge pixels are repeated. Each pixel of a crop is the mean of the area that
    it covers; a face of exactly size_px is not changed.

    Args:
        image: (H, W, 3) uint8 RGB, of at least one pixel.
        faces: N faces. A box of less than one pixel counts as one pixel; one with a coordinate that is not a number
            or beyond a million gives a black crop.
        spec: size, channels, margin, align.

    Returns:
        (N, S, S, C) uint8; C is 1 for grey (ITU-R 601), 3 for RGB.
    """
    crops = np.zeros((len(faces), spec.size_px, spec.size_px, spec.channels), np.uint8)
    known: NDArray[np.bool_] = np.all(np.abs(faces.boxes) <= FARTHEST_PX, axis=1)
    squares = square(np.where(known[:, None], faces.boxes, 0), spec.margin)
    for row in np.flatnonzero(known):
        turn_rad = eye_line_rad(faces.landmarks[row]) if spec.align else math.radians(-faces.turn)
        crops[row] = crop_square(image, squares[row], turn_rad, spec)
    return crops


def eye_line_rad(landmarks: Floats) -> float:
    """Return the clockwise angle of the line from the subject's right eye to the left one; 0 if they are unknown.

    Args:
        landmarks: (5, 2) float32, x, y in pixels; may be NaN.
    """
    (right_x, right_y), (left_x, left_y) = landmarks[[RIGHT_EYE, LEFT_EYE]].tolist()
    dx, dy = left_x - right_x, left_y - right_y
    return math.atan2(dy, dx) if math.isfinite(dx + dy) else 0.0


def crop_square(image: Image, box: Floats, turn_rad: float, spec: CropSpec) -> Crops:
    """Return one crop (S, S, C) uint8.

    A pixel of the crop is the mean of k x k samples, with the least k that leaves no pixel of the picture between two
    samples. This one method shrinks, enlarges and turns; a face of size_px is sampled once a pixel, at the pixel's
    centre, which changes nothing.

    Args:
        image: (H, W, 3) uint8 RGB.
        box: (4,) float32, a square in pixels.
        turn_rad: angle of the square about its centre, clockwise.
        spec: size and channels.
    """
    x1, y1, x2, y2 = box.tolist()
    centre = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    side_px = max(x2 - x1, 1.0)
    samples = min(max(math.ceil(side_px / spec.size_px - 1e-6), 1), MOST_SAMPLES)
    across = spec.size_px * samples

    patch, corner = _surroundings(image, centre, side_px)
    if spec.channels == 1:
        patch = np.asarray(cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY), np.uint8)

    # Maps the (column, row) of a sample to that of the patch; the centre of pixel 0 is at 0.5 px.
    step = side_px / across
    turned = step * np.array([[math.cos(turn_rad), -math.sin(turn_rad)], [math.sin(turn_rad), math.cos(turn_rad)]])
    first = centre - corner - 0.5 - turned @ np.full(2, (across - 1) / 2)
    fine = cv2.warpAffine(
        patch,
        np.column_stack([turned, first]),
        (across, across),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    crop = cv2.resize(fine, (spec.size_px, spec.size_px), interpolation=cv2.INTER_AREA) if samples > 1 else fine
    return np.asarray(crop, np.uint8).reshape(spec.size_px, spec.size_px, spec.channels)


def _surroundings(image: Image, centre: NDArray[np.float64], side_px: float) -> tuple[Image, NDArray[np.int64]]:
    """Return the part of the picture that a square can touch at any angle, and its corner (x, y) in pixels.

    It has at least one pixel: for a square outside the picture, those of the nearest edge.
    """
    size = np.array([image.shape[1], image.shape[0]])
    reach = side_px * math.sqrt(0.5) + 2
    low = np.floor(centre - reach).astype(np.int64).clip(0, size - 1)
    high = np.ceil(centre + reach).astype(np.int64).clip(low + 1, size)
    return image[low[1] : high[1], low[0] : high[0]], low
