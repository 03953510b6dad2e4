"""Two nets on the same faces: how much better one is than the other, and whether that is more than luck."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from mien.core.metrics import RESAMPLES, Counts, Doubles, Labels
from mien.core.significance import mcnemar
from mien.evaluation.scores import rounded

LEVEL = 0.95
"""The part of the resampled differences that an interval holds."""

POWER = 1.96 + 0.8416
"""The normal deviates of p < 0.05 and of a power of 80 %, together."""


class Difference(TypedDict):
    """What the second net has more than the first, with its 95 % interval."""

    difference: float
    interval: list[float]


class Paired(TypedDict):
    """Two nets on the same n faces.

    ``gained`` and ``lost`` are the faces that only the second or only the first net reads rightly, ``p`` is McNemar's.
    """

    n: int
    gained: int
    lost: int
    p: float
    accuracy: Difference
    balanced_accuracy: Difference


def paired(truth: Labels, before: Labels, after: Labels, seed: int = 0) -> Paired:
    """Return what the second net gains over the first on N faces.

    Args:
        truth: (N,) class indices, N > 0.
        before: (N,) what the first net predicts.
        after: (N,) what the second net predicts.
        seed: of the bootstrap, which draws faces, both nets together: how many of each emotion that either net, both or
            none reads rightly, which is the same law.
    """
    right_before, right_after = before == truth, after == truth
    cells = np.zeros((int(truth.max()) + 1, 2, 2), np.int64)
    np.add.at(cells, (truth, right_before.astype(np.int64), right_after.astype(np.int64)), 1)
    gained, lost = int(cells[:, 0, 1].sum()), int(cells[:, 1, 0].sum())
    resampled = np.random.default_rng(seed).multinomial(len(truth), cells.ravel() / len(truth), RESAMPLES)
    counts = np.concatenate([cells[None], resampled.reshape(-1, *cells.shape)])
    accuracy, balanced = _measures(counts.sum(axis=2)) - _measures(counts.sum(axis=3))
    return {
        "n": len(truth),
        "gained": gained,
        "lost": lost,
        "p": rounded(mcnemar(gained, lost)),
        "accuracy": _difference(accuracy),
        "balanced_accuracy": _difference(balanced),
    }


def detectable(found: Paired) -> float:
    """Return the smallest difference in accuracy that McNemar's test at 0.05 finds in 80 % of samples of as many faces.

    The nets are taken to differ on as many of them. Source: Connor, "Sample size for testing differences in proportions
    for the paired-sample design", 1987, to the first order.
    """
    return POWER * float(np.sqrt((found["gained"] + found["lost"]) / found["n"] / found["n"]))


def _measures(counts: Counts) -> Doubles:
    """Return accuracy and mean recall (2, R) of R samples, counts (R, K, 2) of each class's wrong and right faces."""
    faces, hits = counts.sum(axis=2).astype(np.float64), counts[:, :, 1]
    recall = np.divide(hits, faces, out=np.full_like(faces, np.nan), where=faces > 0)
    return np.array([hits.sum(axis=1) / faces.sum(axis=1), np.nanmean(recall, axis=1)])


def _difference(found: Doubles) -> Difference:
    """Return the difference on the faces themselves, the first of (1 + R,), and the interval of the resampled ones."""
    low, high = np.quantile(found[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"difference": rounded(found[0]), "interval": [rounded(low), rounded(high)]}
