"""Head pose from the five landmarks of a face: yaw, pitch and roll."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HEAD_MODEL = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.5, -0.65], [-0.41, 1.03, -0.13], [0.41, 1.03, -0.13]])
"""(5, 3) landmarks of a head that looks into the camera: right, down, back; the distance of the eyes is 1.

Depths are those of MediaPipe's face mesh, the mean of 3,057 photos; heights were fitted to where YuNet puts its
landmarks on half of these. How well it does on the others: docs/benchmarks/pose.txt.
"""


_FITTED = np.linalg.pinv(HEAD_MODEL - HEAD_MODEL.mean(axis=0))
"""(3, 5) what makes the best linear map of landmarks around their middle."""


class Pose(NamedTuple):
    """How a head is turned, in degrees; NaN where the detector gave no landmarks.

    Attributes:
        yaw_deg: to the right of the picture; 0 looks into the camera, 90 is a profile.
        pitch_deg: upwards; rough, as five points hardly tell a raised head from a long face.
        roll_deg: clockwise, in the picture as it was read (``Faces.turn``).
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def head_poses(landmarks: NDArray[np.float32], turn: int = 0) -> list[Pose]:
    """Return the pose of each head: the turn of ``HEAD_MODEL`` whose parallel projection is nearest to the landmarks.

    The best linear map from the head to the picture is made a rotation by its singular values (D. F. DeMenthon and
    L. S. Davis, "Model-based object pose in 25 lines of code", 1995, without its steps towards perspective).

    Args:
        landmarks: (N, 5, 2) float32, x, y in pixels, in the order of ``LANDMARKS``; NaN where there are none.
        turn: by how many degrees clockwise the picture was turned to be read (``Faces.turn``).
    """
    poses = np.full((len(landmarks), 3), np.nan)
    points = landmarks.astype(np.float64)
    located = np.flatnonzero(np.isfinite(points).all(axis=(1, 2)))
    seen = located[np.ptp(points[located], axis=1).any(axis=1)]
    points = points[seen] - points[seen].mean(axis=1, keepdims=True)
    # Scaled to size 1, so that large pictures do not overflow.
    points /= np.abs(points).max(axis=(1, 2), keepdims=True, initial=0)
    linear: Any = _FITTED @ points
    left, _, right = np.linalg.svd(linear.transpose(0, 2, 1), full_matrices=False)
    across, down = np.moveaxis(left @ right, 1, 0)
    (x1, y1, z1), (x2, y2, z2) = across.T, down.T
    # The third axis is their cross product; numpy's own takes as long as all else here.
    yaw = np.degrees(np.arctan2(y1 * z2 - z1 * y2, x1 * y2 - y1 * x2))
    pitch = -np.degrees(np.arcsin(np.clip(z1 * x2 - x1 * z2, -1, 1)))
    roll = np.degrees(np.arctan2(-y1, y2)) + turn
    poses[seen] = np.stack([yaw, pitch, (roll + 180) % 360 - 180], axis=1)
    return [Pose(*pose) for pose in poses.tolist()]
