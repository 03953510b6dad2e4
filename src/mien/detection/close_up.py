"""A second look at what was taken for a face: how surely it is one, searched alone at the net's best size."""

from __future__ import annotations

from functools import cache

from mien.core.arrays import Image
from mien.detection.yunet_net import Net, resize

CLOSE_UP_PX = 96
"""Longer side to which the part is resized. Of faces of 16 pixels in photos 94 in 100 score 0.82 or more so, and 14
in 100 do while the whole picture is searched (lab/log.md)."""


def face_score(image: Image) -> float:
    """Return the score of the best face in a part of a picture, 0 to 1.

    Args:
        image: (H, W, 3) uint8 RGB, a face with a quarter of its size around it on each side.

    Raises:
        DetectorError: the weights are not in the installed package.
    """
    return float(_net().best_scores([resize(image, CLOSE_UP_PX)])[0])


@cache
def _net() -> Net:
    # Kept: it is asked about a few faces of each video.
    return Net(threads=1)
