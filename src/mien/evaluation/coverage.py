"""Risk and coverage: the accuracy of a model on the faces that it is most confident about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.document import CoverageBlock, CoveragePoint
from mien.evaluation.ensemble import Probs
from mien.evaluation.scores import View, rounded

SHARES = tuple(step / 20 for step in range(1, 21))
"""Shares of faces kept, of the points of the document's curve."""


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Share and accuracy of the faces kept at each of L thresholds, the highest first; the last keeps every face.

    Attributes:
        threshold: (L,) float64, every confidence that a face has; faces with it or more are kept.
        share: (L,) float64, share of the faces kept.
        accuracy: (L,) float64, accuracy on them.
    """

    threshold: Probs
    share: Probs
    accuracy: Probs

    def at(self, threshold: float) -> tuple[float, float | None]:
        """Return share and accuracy of the faces at or above a threshold; 0 and None if there are none."""
        kept = int((self.threshold >= threshold).sum())
        return (float(self.share[kept - 1]), float(self.accuracy[kept - 1])) if kept else (0.0, None)


def coverage(view: View, chosen: NDArray[np.bool_] | None = None, *, weighted: bool = False) -> Coverage:
    """Return the curve over the counted faces, or the chosen (N,) of them.

    If weighted, faces count by the view's weights. Faces of equal confidence are kept together. Source:
    El-Yaniv and Wiener, "On the foundations of noise-free selective classification", 2010.
    """
    chosen = view.counted if chosen is None else chosen
    truth, probs = view.truth[chosen], view.probs[chosen]
    weights = view.weights[chosen] if weighted else np.ones(len(truth))
    levels, level = np.unique(-probs.max(axis=1), return_inverse=True)
    kept = np.cumsum(np.bincount(level, weights=weights))
    right = np.cumsum(np.bincount(level, weights=weights * (probs.argmax(axis=1) == truth)))
    return Coverage(-levels, kept / kept[-1], right / kept)


def coverage_block(view: View, threshold: float | None) -> CoverageBlock:
    """Return the block "coverage" of ``metrics.json``.

    Args:
        view: the faces, of which the counted ones are used.
        threshold: confidence below which the model calls a face uncertain; None if it has none.
    """
    curve = coverage(view)
    kept, accuracy = certain(curve, threshold)
    kept_weighted, accuracy_weighted = certain(coverage(view, weighted=True), threshold)
    return {
        "uncertain_below": threshold,
        "kept": kept,
        "accuracy": accuracy,
        "kept_weighted": kept_weighted,
        "accuracy_weighted": accuracy_weighted,
        "curve": _points(curve),
    }


def certain(curve: Coverage, threshold: float | None) -> tuple[float | None, float | None]:
    """Return share and accuracy of the faces that are not uncertain, rounded; both are None without a threshold."""
    if threshold is None:
        return None, None
    share, accuracy = curve.at(threshold)
    return rounded(share), None if accuracy is None else rounded(accuracy)


def _points(curve: Coverage) -> list[CoveragePoint]:
    """Return the points of a curve at ``SHARES``."""
    places = np.searchsorted(curve.share, np.array(SHARES) - 1e-9)
    rows = zip(SHARES, curve.accuracy[places], curve.threshold[places], strict=True)
    return [{"kept": share, "accuracy": rounded(right), "confidence": rounded(low)} for share, right, low in rows]
