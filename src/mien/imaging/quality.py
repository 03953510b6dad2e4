"""Quality of a face for recognition: whether it is large enough, turned to the camera, and sharp."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.faces import Faces
from mien.core.pose import Pose, head_poses
from mien.imaging.crop import Crops

QUALITIES = GOOD, SMALL, TURNED, BLURRED = "good", "small", "turned", "blurred"

SMALL_PX = 24
"""A face is small if the longer side of its box is shorter than this.

For 1,777 PublicTest faces, shrunk to a number of pixels and enlarged again, accuracy under ``seven`` is 85.4 %
at 48 px, 83.7 % at 24, 81.3 % at 20, 78.2 % at 16, 71.0 % at 12; the box is larger than the frame by one over the
crop's margin (docs/benchmarks/quality.txt, by lab/scripts/choose_quality.py).
"""

LEAST_SHARPNESS = 0.264
"""A face is blurred if its ``sharpness`` is lower than this.

The same faces blurred by a Gaussian: 85.4 % as they are (median sharpness 0.292), 84.7 % with a standard deviation of
1 px of 48 (0.266), 83.1 % with 1.25 px (0.261), 81.9 % with 1.5 px (0.258), 79.5 % with 2 px (0.254). Blurred faces
and sharp ones together: 77.7 % below this limit, 85.2 % above (docs/benchmarks/quality.txt).
"""

TURNED_YAW_DEG = 70.0
"""A face with a larger yaw, to either side, is turned."""

TURNED_ROLL_DEG = 30.0
"""A face with a larger roll, to either side, is turned.

Beyond both limits certain predictions are right less often (docs/benchmarks/pose.txt, by lab/scripts/choose_pose.py).
"""

MEASURED_PX = 48
"""Side to which a crop is resized before its sharpness is measured."""

NOISE_PX = 0.85
"""Standard deviation of the Gaussian that removes noise first; without it noise counts as sharpness."""


def quality(faces: Faces, crops: Crops) -> tuple[str, ...]:
    """Return "small", "turned" or "blurred" for each face, the first that holds, or "good".

    Args:
        faces: N faces, in pixels of the picture that the crops were cut from, even if it was reduced.
        crops: (N, S, S, C) uint8, the faces cut, C 1 (grey) or 3 (RGB).

    Raises:
        ValueError: there are not as many crops as faces.
    """
    sides = (faces.boxes[:, 2:] - faces.boxes[:, :2]).max(axis=1, initial=0)
    poses = head_poses(faces.landmarks, faces.turn)
    return tuple(_verdict(float(side), pose, crop) for side, pose, crop in zip(sides, poses, crops, strict=True))


def _verdict(side_px: float, pose: Pose, crop: NDArray[np.uint8]) -> str:
    if not side_px >= SMALL_PX:  # also if it is not a number
        return SMALL
    if abs(pose.yaw_deg) > TURNED_YAW_DEG or abs(pose.roll_deg) > TURNED_ROLL_DEG:
        return TURNED
    return GOOD if sharpness(crop) >= LEAST_SHARPNESS else BLURRED


def sharpness(crop: NDArray[np.uint8]) -> float:
    """Return the sharpness of a face: its mean squared difference over one pixel, divided by that over two pixels.

    It does not depend on brightness or contrast. It is about a quarter where brightness changes slowly, as differences
    over two pixels are then twice those over one, and near 1 where neighbouring pixels have nothing in common. A crop
    of one brightness has a quarter.

    Args:
        crop: (S, S, C) uint8, C 1 (grey) or 3 (RGB).
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) if crop.shape[2] == 3 else crop[:, :, 0]
    if grey.shape[0] != MEASURED_PX:
        way = cv2.INTER_AREA if grey.shape[0] > MEASURED_PX else cv2.INTER_LINEAR
        grey = cv2.resize(grey, (MEASURED_PX, MEASURED_PX), interpolation=way)
    smooth = np.asarray(cv2.GaussianBlur(grey.astype(np.float32), (3, 3), NOISE_PX), np.float32)
    near, far = _change(smooth, 1), _change(smooth, 2)
    return near / far if far > 0 else 0.25


def _change(grey: NDArray[np.float32], step_px: int) -> float:
    """Return the mean squared difference of pixels step_px apart, across plus down."""
    across, down = grey[:, step_px:] - grey[:, :-step_px], grey[step_px:] - grey[:-step_px]
    return float(np.square(across).mean() + np.square(down).mean())
