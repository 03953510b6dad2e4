"""Training targets: what a net learns to predict for each face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import EIGHT, SEVEN, to_seven
from mien.core.protocols import PROTOCOLS, UNCOUNTED
from mien.data.split import Split
from mien.train.recipe import Recipe
from mien.train.sampling import draw_rates

TARGET_CLASSES = {"fer": SEVEN, "seven": SEVEN, "seven-votes": SEVEN, "eight-votes": EIGHT}
"""Target -> classes of the net."""

TARGET_PROTOCOL = {"fer": "fer", "seven": "seven", "seven-votes": "seven", "eight-votes": "seven"}
"""Target -> protocol of the validation accuracy."""


def make_targets(
    split: Split, target: str, smoothing: float, sharpening: float = 1.0
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the rows (N,) of the split that count under the target's protocol, and their targets (N, K).

    Rows of ``seven-votes`` are votes / 10, as in the published project (docs/ROAD.md), so they sum to less than 1 if a
    tagger chose no emotion; all others sum to 1. ``sharpening`` is the exponent of the shares of ``eight-votes``
    before they are made to sum to 1 again (Berthelot et al., "MixMatch", 2019, whose temperature is its inverse).
    """
    labels = PROTOCOLS[TARGET_PROTOCOL[target]](split.votes, split.emotions)
    rows = np.flatnonzero(labels != UNCOUNTED)
    votes = split.votes[rows, : len(EIGHT)].astype(np.float32)
    if target == "eight-votes":
        shares = (votes / votes.sum(axis=1, keepdims=True)) ** np.float32(sharpening)
        targets = shares / shares.sum(axis=1, keepdims=True)
    elif target == "seven-votes":
        targets = to_seven(votes) / 10
    else:
        targets = np.eye(len(SEVEN), dtype=np.float32)[labels[rows]]
    return rows, (1 - smoothing) * targets + smoothing * targets.mean(axis=0)


def sampling_rates(split: Split, recipe: Recipe) -> NDArray[np.float64] | None:
    """Return how often each face that counts is drawn in an epoch (N,), None if each is drawn once."""
    if not recipe.rarity and not recipe.sources:
        return None
    rows, targets = make_targets(split, recipe.target, smoothing=0.0, sharpening=recipe.sharpening)
    return draw_rates(targets, split.sources[rows], recipe.rarity, recipe.sources)
