"""Smoothing over time, so that labels do not flicker."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats, Ids
from mien.tracking._clock import Clock
from mien.tracking.tracker import MAX_GAP_S

SMOOTH_S = 0.3
"""The time constant of the smoothing in seconds, unless another is given."""

LEAST_PROBABILITY = 1e-4
"""Lower probabilities count as this: the resolution of the data that is written."""

UNTRACKED = -1

HYSTERESIS_MARGIN = 0.1
"""Lead in probability by which the shown emotion changes: at the default time constant it halves the changes that are
followed by another within 0.4 s (docs/benchmarks/tracking.txt, by lab/scripts/choose_tracking.py)."""

FORGOTTEN_AFTER = 10.0
"""After so many time constants a memory weighs less than 5e-5, and is dropped."""


class Smoother:
    """Exponential average of each face's probabilities, with a time constant in seconds.

    The average is taken on the log scale, so that one confident frame counts for more than several vague ones. It
    depends on time, not on frames: 15 and 60 frames a second give the same curve, and the weight of what a hidden face
    showed before decays. With the time dt since the face was last seen, ``log p`` moves by ``1 - exp(-dt / tau)``
    of the way to the new one; then rows are scaled to sum to 1.

    Args:
        smooth_s: time constant tau in seconds; 0 returns the input unchanged.

    Raises:
        ValueError: smooth_s is negative or not finite.
    """

    def __init__(self, smooth_s: float = SMOOTH_S) -> None:
        if not 0 <= smooth_s < np.inf:
            raise ValueError(f"smooth_s must be a number of seconds, 0 or more; got {smooth_s!r}")
        self._smooth_s = smooth_s
        self._elapsed_s = Clock()
        self._now_s = 0.0
        self._faces: dict[int, tuple[float, NDArray[np.float64]]] = {}

    def __call__(self, ids: Ids, probs: Floats, time_s: float) -> Floats:
        """Return probabilities averaged with what each face showed before.

        Args:
            ids: (N,) int64, no two alike; rows with -1, untracked, come back as they are.
            probs: (N, K) float32, rows sum to 1.
            time_s: of the frame. One that is not later than that of the call before counts as the same time: the
                averages do not change.

        Returns:
            (N, K) float32, rows sum to 1.
        """
        self._now_s += self._elapsed_s(time_s)
        if not self._smooth_s:
            return probs
        smooth = probs.copy()
        for row, face in enumerate(ids.tolist()):
            if face != UNTRACKED:
                smooth[row] = self._average(face, probs[row])
        self._forget()
        return smooth

    def _average(self, face: int, probs: Floats) -> NDArray[np.float64]:
        logs = np.log(np.maximum(probs.astype(np.float64), LEAST_PROBABILITY))
        if face in self._faces:
            seen_s, last = self._faces[face]
            logs = last + (1 - np.exp((seen_s - self._now_s) / self._smooth_s)) * (logs - last)
        self._faces[face] = self._now_s, logs
        odds = np.exp(logs - logs.max())
        return odds / odds.sum()

    def _forget(self) -> None:
        oldest_s = self._now_s - FORGOTTEN_AFTER * self._smooth_s
        # A face in view is kept however long ago the frame before was.
        self._faces = {face: memory for face, memory in self._faces.items() if memory[0] >= oldest_s}


class Hysteresis:
    """Which emotion to show for each face: it changes only when another leads by a margin.

    This is hysteresis, as in O. H. Schmitt's trigger (1938), so that two emotions that are nearly equal do not take
    turns.

    Args:
        margin: how much more probable another must be than the one shown; 0 always shows the most probable.
        max_gap_s: for how long a face that is not seen is remembered.

    Raises:
        ValueError: margin is not in 0 to 1, or max_gap_s negative or not finite.
    """

    def __init__(self, margin: float = HYSTERESIS_MARGIN, max_gap_s: float = MAX_GAP_S) -> None:
        if not 0 <= margin < 1:
            raise ValueError(f"margin must be a difference of probabilities, 0 or more and less than 1; got {margin!r}")
        if not 0 <= max_gap_s < np.inf:
            raise ValueError(f"max_gap_s must be a number of seconds, 0 or more; got {max_gap_s!r}")
        self._margin = margin
        self._max_gap_s = max_gap_s
        self._elapsed_s = Clock()
        self._now_s = 0.0
        self._faces: dict[int, tuple[float, int]] = {}

    def __call__(self, ids: Ids, probs: Floats, time_s: float) -> Ids:
        """Return the columns to show.

        Args:
            ids: (N,) int64, no two alike; rows with -1, untracked, show the most probable.
            probs: (N, K) float32, rows sum to 1.
            time_s: of the frame; a time that goes back counts as standing still.

        Returns:
            (N,) int64, columns of probs.
        """
        self._now_s += self._elapsed_s(time_s)
        shown = probs.argmax(axis=1)
        for row, face in enumerate(ids.tolist()):
            if face in self._faces:
                _, before = self._faces[face]
                if probs[row, shown[row]] - probs[row, before] <= self._margin:
                    shown[row] = before
            if face != UNTRACKED:
                self._faces[face] = self._now_s, int(shown[row])
        oldest_s = self._now_s - self._max_gap_s
        self._faces = {face: memory for face, memory in self._faces.items() if memory[0] >= oldest_s}
        return shown
