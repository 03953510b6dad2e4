"""Groups of faces by what their pictures are like: how bright, how rich in contrast, how sharp, how far turned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.faces import Faces
from mien.core.metrics import Doubles
from mien.core.pose import head_poses
from mien.data.groups_table import Groups
from mien.data.split import Split
from mien.detection.detectors import Detector
from mien.detection.yunet import YuNet
from mien.imaging.quality import sharpness

PICTURE = "picture"
"""The word that stands for these groups where a table of groups may be named."""

SEARCHED = 3
"""A prepared face is enlarged so many times before its landmarks are searched."""

YAWS_DEG = (15.0, 30.0)
"""Where the groups by yaw begin and end."""

NO_LANDMARKS = "no landmarks found"


def picture_groups(faces: Split, detect: Detector | None = None) -> Groups:
    """Return the groups of N faces by brightness, contrast, sharpness and yaw.

    The first three are thirds of each data set, with their bounds: the mean grey and its standard deviation, of 255,
    and ``mien.imaging.quality.sharpness``. The yaw is by landmarks in the prepared face, either way. Of the size of the
    face in its photo a prepared face tells nothing; where it is known it can stand in a table of groups.

    Args:
        faces: the split.
        detect: finds the landmarks; None is ``YuNet``.
    """
    measured = {
        "brightness": faces.images.mean(axis=(1, 2)),
        "contrast": faces.images.std(axis=(1, 2)),
        "sharpness": np.array([sharpness(image[..., None]) for image in faces.images]),
    }
    groups: Groups = {name: np.full(len(faces), "", "<U40") for name in measured}
    for source in faces.by_source():
        here = faces.sources == source
        for name, values in measured.items():
            groups[name][here] = thirds(values[here], 3 if name == "sharpness" else 0)
    find = detect or YuNet()
    return {**groups, "yaw": np.array([_yaw(find(_enlarged(image))) for image in faces.images])}


def thirds(values: Doubles, digits: int) -> NDArray[np.str_]:
    """Return in which third of the values (N,) each lies, by name; bounds are rounded to so many digits."""
    low, high = np.round(np.quantile(values, [1 / 3, 2 / 3]), digits)
    names = [f"0 to {low:g}", f"{low:g} to {high:g}", f"{high:g} and more"]
    return np.array(names)[np.digitize(values, [low, high])]


def _enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a face (S, S) as a picture (3 S, 3 S, 3)."""
    large = cv2.resize(image, None, fx=SEARCHED, fy=SEARCHED, interpolation=cv2.INTER_LINEAR)
    return np.repeat(np.asarray(large, np.uint8)[..., None], 3, axis=2)


def _yaw(found: Faces) -> str:
    """Return the group by yaw of the largest face found."""
    if not len(found):
        return NO_LANDMARKS
    largest = int((found.boxes[:, 2:] - found.boxes[:, :2]).prod(axis=1).argmax())
    yaw = abs(head_poses(found.landmarks[largest : largest + 1])[0].yaw_deg)
    return _ranged(yaw, YAWS_DEG)


def _ranged(value: float, bounds: Sequence[float]) -> str:
    """Return the name of the range of degrees that a value is in."""
    if not np.isfinite(value):
        return NO_LANDMARKS
    names = [f"0 to {bounds[0]:g}", *(f"{a:g} to {b:g}" for a, b in pairwise(bounds)), f"{bounds[-1]:g} and more"]
    return f"{names[int(np.digitize(value, bounds))]} degrees"
