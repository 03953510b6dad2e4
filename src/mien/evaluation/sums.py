"""The figures of a set of faces as functions of sums over them, so that resampled and shuffled faces cost little."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mien.core.metrics import Doubles
from mien.evaluation.ensemble import Probs
from mien.evaluation.scores import View

MEANS = ("accuracy", "adjusted_accuracy", "overconfidence", "jsd", "kept", "accuracy_kept")
"""The figures that are a mean over faces."""


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What N faces add to the sums that their figures are made of.

    Attributes:
        above: (N, M) what a face adds above the line of each of ``MEANS``.
        below: (N, M) what it adds below the line.
        truth, hits, called: (N, K) its true class, that if it is right, and the class it is called.
        classes: the K emotions.
    """

    above: Doubles
    below: Doubles
    truth: Doubles
    hits: Doubles
    called: Doubles
    classes: tuple[str, ...]

    def take(self, faces: np.ndarray) -> Sums:
        """Return those of a mask (N,) or of indices."""
        above, below, truth, hits, called = (
            part[faces] for part in (self.above, self.below, self.truth, self.hits, self.called)
        )
        return Sums(above, below, truth, hits, called, self.classes)

    def rows(self) -> Doubles:
        """Return all of it as (N, 2 M + 3 K), of which any sums go into ``figures_of``."""
        return np.concatenate([self.above, self.below, self.truth, self.hits, self.called], axis=1)


def sums_of(view: View, distance: Probs, threshold: float | None, chosen: np.ndarray) -> Sums:
    """Return what the chosen faces (N,) bool of a view add to the figures.

    Args:
        view: the faces under a protocol.
        distance: of all faces of the view from the votes, over the model's labels.
        threshold: confidence below which the model calls a face uncertain; None if it has none.
        chosen: which of them count, at least one.
    """
    truth, probs, far = view.truth[chosen], view.probs[chosen], distance[chosen]
    one_hot = np.eye(len(view.classes))
    confidence, predicted = probs.max(axis=1), probs.argmax(axis=1)
    right = (predicted == truth).astype(np.float64)
    kept = np.zeros(len(truth)) if threshold is None else (confidence >= threshold).astype(np.float64)
    known = (~np.isnan(far)).astype(np.float64)
    all_faces = np.ones(len(truth))
    has_threshold = all_faces if threshold is not None else np.zeros(len(truth))
    expected = np.bincount(truth, right)[truth] / np.bincount(truth)[truth]
    above = (right, right - expected + right.mean(), confidence - right, np.nan_to_num(far), kept, kept * right)
    below = (all_faces, all_faces, all_faces, known, has_threshold, kept)
    hits = one_hot[truth] * right[:, None]
    return Sums(np.stack(above, 1), np.stack(below, 1), one_hot[truth], hits, one_hot[predicted], view.classes)


def figures_of(sums: Doubles, classes: tuple[str, ...]) -> Iterator[tuple[str, Doubles, Doubles]]:
    """Yield each figure's name, its values (...) and the number of faces behind them (...), NaN where there are none.

    Of ``MEANS`` accuracy is that; adjusted, what it would be if each emotion were as common as among all faces
    (indirect standardisation: what the group gains over what all faces have on the same emotions); overconfidence, how
    much the confidence lies above it; jsd, the divergence from the votes; kept, the share that is not uncertain, and
    their accuracy. Then come balanced accuracy and macro F1, over the classes that these faces show, and the recall of
    each class.

    Args:
        sums: (..., 2 M + 3 K), sums of ``Sums.rows``.
        classes: the K emotions.
    """
    means, k = len(MEANS), len(classes)
    above, below, truth, hits, called = np.split(sums, np.cumsum([means, means, k, k]), axis=-1)
    for name, value, faces in zip(
        MEANS, np.moveaxis(_ratio(above, below), -1, 0), np.moveaxis(below, -1, 0), strict=True
    ):
        yield name, value, faces
    recall, shown = _ratio(hits, truth), truth > 0
    f1 = _ratio(2 * hits, truth + called)
    yield "balanced_accuracy", _mean_where(recall, shown), below[..., 0]
    yield "macro_f1", _mean_where(f1, shown), below[..., 0]
    for place, name in enumerate(classes):
        yield f"recall_{name}", recall[..., place], truth[..., place]


def _mean_where(values: Doubles, wanted: np.ndarray) -> Doubles:
    return _ratio(np.where(wanted, values, 0).sum(axis=-1), wanted.sum(axis=-1))


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
