"""Which faces a score counts, and what each one's true emotion is, by protocol."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import EIGHT, SEVEN, to_seven

Labels = NDArray[np.int64]

TAGGERS = 10
"""Taggers a face of FER+ was shown to."""

UNCOUNTED = -1
"""The label of a face that a protocol leaves out."""


def seven(votes: NDArray[np.uint8], emotions: NDArray[np.int8]) -> Labels:
    """Faces whose top column is an emotion; contempt's votes join neutral's, then the arg max, ties to the first."""
    faces = (votes.argmax(axis=1) < len(EIGHT)) & votes.any(axis=1)
    label = to_seven(votes[:, : len(EIGHT)].astype(np.float32)).argmax(axis=1)
    return np.where(faces, label, UNCOUNTED)


def majority(votes: NDArray[np.uint8], emotions: NDArray[np.int8]) -> Labels:
    """FER+'s own rule: single votes of ten are outliers; the top emotion needs more than half of what is left.

    If there are more than ten votes, a tenth of them counts as a single one.

    Source: Barsoum et al., "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
    Distribution", 2016, and the code published with it.
    """
    counts = votes.astype(np.int64)
    kept = np.where(TAGGERS * counts > np.maximum(counts.sum(axis=1, keepdims=True), TAGGERS), counts, 0)
    label = kept.argmax(axis=1)
    agreed = 2 * kept.max(axis=1) > kept.sum(axis=1)
    return np.where(agreed & (label < len(EIGHT)), label, UNCOUNTED)


def fer(votes: NDArray[np.uint8], emotions: NDArray[np.int8]) -> Labels:
    """Every row that is a face, with FER2013's original label."""
    return np.where(votes.argmax(axis=1) < len(EIGHT) + 1, emotions, UNCOUNTED).astype(np.int64)


PROTOCOLS: dict[str, Callable[[NDArray[np.uint8], NDArray[np.int8]], Labels]] = {
    "seven": seven,
    "majority": majority,
    "fer": fer,
}
"""Name to function: votes (N, 10) uint8 and emotions (N,) int8 -> labels (N,) int64, ``UNCOUNTED`` where left out."""

CLASSES = {"seven": SEVEN, "majority": EIGHT, "fer": SEVEN}
"""The emotions that each protocol's labels index."""
