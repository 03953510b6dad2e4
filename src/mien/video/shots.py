"""Shot boundary detection: the frames at which a video cuts from one scene to another."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Image

Grey = NDArray[np.float32]

WIDTH_PX, HEIGHT_PX = 64, 36
"""Size of a thumbnail, whatever the picture's."""

BLOCK_PX = 16, 12
"""Width and height of the blocks, 4 x 3 of them, that are matched with the frame before."""

REACH_PX = 4
"""How far a block may have moved: a sixteenth of the picture's width."""

LEAST_NOVELTY = 0.3
"""The least novelty of a cut. Clips of one scene stay below it in any light, and all but a few cuts are above
(docs/benchmarks/shots.txt, by lab/scripts/choose_cuts.py)."""

NOVELTY_RATIO = 2.0
"""A cut has at least so many times the average novelty of the frames just before it."""

RECENT_FRAMES = 4
"""How many frames that average is of. Frames sampled further apart differ more from each other, and so the threshold
adapts to the sampling."""

SAME_CORRELATION = 0.95
"""A frame with a higher correlation with the one before has no novelty, and its blocks are not matched."""

FLAT_DEVIATION = 3.0
"""A frame with a lower standard deviation of its grey levels shows nothing: it is black, or a flash."""


def thumbnail(image: Image) -> Image:
    """Return a picture reduced to (36, 64, 3) uint8 RGB; safe to call from several threads.

    Args:
        image: (H, W, 3) uint8 RGB, of at least one pixel.
    """
    # Each pixel of the thumbnail is the mean of 16; the mean of all would take many times as long.
    few = cv2.resize(image, (4 * WIDTH_PX, 4 * HEIGHT_PX), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.resize(few, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA), np.uint8)


class ShotDetector:
    """Tells for each frame in turn whether a new shot begins with it.

    Blocks of each frame are matched with the one before, near their place, by normalised cross-correlation, so that
    neither motion nor a change of brightness is taken for a cut (after B. Shahraray, Scene change detection and
    content-based sampling of video sequences, SPIE 2419, 1995). What has no match is new, and much more of it than
    in the frames just before is a cut (an adaptive threshold, as Y. Yusoff, W. Christmas and J. Kittler, Video shot cut
    detection using adaptive thresholding, BMVC 2000). Frames that show nothing are skipped: after a fade
    through black the new shot is compared with the last frame before the fade. A dissolve is no cut.
    """

    def __init__(self) -> None:
        self._before: Grey | None = None
        self._recent: deque[float] = deque(maxlen=RECENT_FRAMES)

    def __call__(self, thumbnail: Image) -> bool:
        """Return whether there is a cut between the frame before and this one; never for the first frame.

        Args:
            thumbnail: (36, 64, 3) uint8 RGB, as ``thumbnail`` makes it.
        """
        now = np.asarray(cv2.cvtColor(thumbnail, cv2.COLOR_RGB2GRAY), np.float32)
        if now.std() < FLAT_DEVIATION:
            return False
        before, self._before = self._before, now
        if before is None:
            return False
        new = novelty(before, now)
        usual = float(np.mean(self._recent)) if self._recent else 0.0
        self._recent.append(new)
        return new > max(LEAST_NOVELTY, NOVELTY_RATIO * usual)


def novelty(before: Grey, now: Grey) -> float:
    """Return how much of a frame was not in the frame before, 0 to 1.

    Args:
        before: (36, 64) float32, grey.
        now: (36, 64) float32, grey; not all of one level.

    Returns:
        The mean over all blocks of one minus the best correlation, each block weighted by its contrast.
    """
    if _found(before, now) >= SAME_CORRELATION:
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
    """Return the best correlation of a block with a part of its surroundings in the frame before, 0 to 1."""
    return min(max(float(cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED).max()), 0.0), 1.0)
