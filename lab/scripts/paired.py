"""Two nets on the same faces: how much better one is than the other, and whether that is more than luck."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.metrics import RESAMPLES, Doubles, Labels
from mien.evaluation.scores import rounded

LEVEL = 0.95
"""The part of the resampled differences that an interval holds."""

TOLD_APART = 0.05
"""The p under which two nets are told apart."""


def compare(truth: Labels, before: Labels, after: Labels, seed: int = 0) -> dict[str, Any]:
    """Return what the second net gains over the first on N faces.

    Args:
        truth: (N,) class indices, N > 0.
        before: (N,) what the first net predicts.
        after: (N,) what the second net predicts.
        seed: of the bootstrap.

    Returns:
        ``n``; ``gained`` and ``lost``, the faces that only the second or only the first net reads rightly; their ``p``
        (``mcnemar``); and under ``accuracy`` and ``balanced_accuracy`` the ``difference`` with its ``interval``.
    """
    right_before, right_after = before == truth, after == truth
    gained, lost = int((right_after & ~right_before).sum()), int((right_before & ~right_after).sum())
    resampled = np.random.default_rng(seed).multinomial(len(truth), np.full(len(truth), 1 / len(truth)), RESAMPLES)
    counts = np.concatenate([np.ones((1, len(truth)), np.int64), resampled]).astype(np.float64)
    differences = _measures(truth, right_after, counts) - _measures(truth, right_before, counts)
    names = ("accuracy", "balanced_accuracy")
    found = {name: _difference(column) for name, column in zip(names, differences, strict=True)}
    return {"n": len(truth), "gained": gained, "lost": lost, "p": rounded(mcnemar(gained, lost)), **found}


def mcnemar(gained: int, lost: int) -> float:
    """Return the exact two-sided p of so uneven a split, or a more uneven one, of the faces on which two nets differ.

    Were the nets equally good, each such face would fall to either side like a coin. Source: McNemar, "Note on the
    sampling error of the difference between correlated proportions or percentages", 1947.
    """
    differing = gained + lost
    tail = sum(comb(differing, count) for count in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / 2**differing)


def _measures(truth: Labels, right: NDArray[np.bool_], counts: Doubles) -> Doubles:
    """Return accuracy and mean recall (2, R) of R samples, counts (R, N) telling how often each holds each face."""
    classes = np.eye(int(truth.max()) + 1)[truth]
    faces, hits = counts @ classes, counts @ (classes * right[:, None])
    recall = np.divide(hits, faces, out=np.full_like(faces, np.nan), where=faces > 0)
    return np.array([hits.sum(axis=1) / faces.sum(axis=1), np.nanmean(recall, axis=1)])


def _difference(found: Doubles) -> dict[str, Any]:
    """Return the difference on the faces themselves, the first of (1 + R,), and the interval of the resampled ones."""
    low, high = np.quantile(found[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"difference": rounded(found[0]), "interval": [rounded(low), rounded(high)]}
