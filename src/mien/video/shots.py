"""Shot boundaries: the frames at which a video cuts from one scene to another."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.types import Image

Grey = NDArray[np.float32]

WIDTH_PX, HEIGHT_PX = 64, 36
"""Size of a thumbnail, whatever the picture's."""

BLOCK_PX = 16, 12
"""Width and height of the blocks, 4 x 3 of them, that are looked for in the frame before."""

REACH_PX = 4
"""How far a block may have moved, a sixteenth of the picture's width."""

LEAST = 0.3
"""The least novelty of a cut. Clips that show one scene stay below, at any light, and all but a few cuts lie above
(docs/benchmarks/shots.txt, by lab/scripts/choose_cuts.py)."""

RATIO = 2.0
"""A cut is newer than the frames before it were on average, so many times."""

RECENT = 4
"""Frames before it that count for this. Frames further apart in time differ more, and so do those before them: the
threshold follows the sampling."""

ALIKE = 0.95
"""A frame that correlates so well with the one before as it stands has nothing new, and is not searched for blocks."""

FLAT = 3.0
"""A frame whose grey levels have a lower standard deviation shows nothing: black, or lost in a flash."""


def thumbnail(image: Image) -> Image:
    """Return a picture reduced to (36, 64, 3) uint8 RGB; safe to call from several threads.

    Args:
        image: (H, W, 3) uint8 RGB, of at least one pixel.
    """
    # The average of 16 pixels does for each of the thumbnail's; that of all would take many times as long.
    few = cv2.resize(image, (4 * WIDTH_PX, 4 * HEIGHT_PX), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.resize(few, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA), np.uint8)


class ShotDetector:
    """Says of each frame in turn whether a new scene begins with it.

    Blocks of each frame are looked for in the one before, near where they stand, by normalised cross-correlation, so
    that neither motion nor a change of brightness passes for a cut (after B. Shahraray, Scene change detection and
    content-based sampling of video sequences, SPIE 2419, 1995). What cannot be found is new, and much of it more than
    in the frames just before is a cut (an adaptive threshold, as Y. Yusoff, W. Christmas and J. Kittler, Video shot cut
    detection using adaptive thresholding, BMVC 2000). Frames that show nothing are passed over: after a fade
    through black the new scene is compared with the last before it. A dissolve is no cut.
    """

    def __init__(self) -> None:
        self._before: Grey | None = None
        self._recent: deque[float] = deque(maxlen=RECENT)

    def __call__(self, thumbnail: Image) -> bool:
        """Return whether a cut lies between the frame before and this one, never so for the first.

        Args:
            thumbnail: (36, 64, 3) uint8 RGB, as ``thumbnail`` makes it.
        """
        now = np.asarray(cv2.cvtColor(thumbnail, cv2.COLOR_RGB2GRAY), np.float32)
        if now.std() < FLAT:
            return False
        before, self._before = self._before, now
        if before is None:
            return False
        new = novelty(before, now)
        usual = float(np.mean(self._recent)) if self._recent else 0.0
        self._recent.append(new)
        return new > max(LEAST, RATIO * usual)


def novelty(before: Grey, now: Grey) -> float:
    """Return how much of a frame was not in the one before, 0 to 1.

    Args:
        before: (36, 64) float32, grey.
        now: (36, 64) float32, grey; not all of one level.

    Returns:
        The mean over all blocks of one minus the best correlation, each block weighted by its contrast.
    """
    if _found(before, now) >= ALIKE:
        return 0.0
    edged = np.pad(before, REACH_PX, mode="edge")
    width, height = BLOCK_PX
    lost = total = 0.0
    for y in range(0, HEIGHT_PX, height):
        for x in range(0, WIDTH_PX, width):
            block = now[y : y + height, x : x + width]
            contrast = float(block.std())
            lost += contrast * (1 - _found(edged[y : y + height + 2 * REACH_PX, x : x + width + 2 * REACH_PX], block))
            total += contrast
    return lost / total


def _found(around: Grey, block: Grey) -> float:
    """Return how well a block correlates with what it correlates best with, 0 to 1."""
    return min(max(float(cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED).max()), 0.0), 1.0)
