"""The scores of a set of faces under a protocol, as in ``metrics.json``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core import metrics
from mien.core.emotions import EIGHT, seen_as
from mien.core.errors import DataError
from mien.core.priors import importance, joined, rebalance, shown_at
from mien.core.protocols import CLASSES, PROTOCOLS, UNCOUNTED, Labels
from mien.core.temperature import untempered
from mien.data.split import Split
from mien.evaluation.document import ClassRow, NoScores, ProtocolBlocks, Scores
from mien.evaluation.ensemble import Probs, normalised

DIGITS = 6
"""Decimals in the document: enough for any comparison, too few for rounding errors of sums to show."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The N faces of a split under one protocol.

    Attributes:
        classes: the K emotions of the protocol.
        truth: (N,) int64, index into classes, ``UNCOUNTED`` for a face that the protocol leaves out.
        probs: (N, K) float64, the model's probabilities.
        raw: (N, K) float64, those at temperature 1; None if several temperatures are mixed in the probabilities.
        weights: (N,) float64, how much each face counts if emotions are as common as the prior assumes.
        distance: (N,) float64, the Jensen-Shannon divergence in nats of the probabilities from the votes over the same
            classes. Votes for "unknown" and "not a face" are left out; NaN if there are no others.
    """

    classes: tuple[str, ...]
    truth: Labels
    probs: Probs
    raw: Probs | None
    weights: Probs
    distance: Probs

    @property
    def counted(self) -> NDArray[np.bool_]:
        """(N,) bool, whether the protocol counts the face."""
        return self.truth != UNCOUNTED


class Viewer:
    """Makes views of the faces of a split, for any protocol and prior.

    Args:
        faces: N faces.
        probs: (N, K) float64, the model's probabilities at prior 0.
        labels: the model's K emotions, the seven or the eight.
        class_shares: (K,) share of each label in its training faces.
        temperature: of the model's graph; None if several are mixed in the probabilities.
    """

    def __init__(
        self, faces: Split, probs: Probs, labels: tuple[str, ...], class_shares: Probs, temperature: float | None
    ) -> None:
        self._faces, self._probs, self._labels, self._class_shares = faces, probs, labels, class_shares
        self._raw = None if temperature is None else untempered(probs, temperature)

    def __call__(self, protocol: str, prior: float) -> View:
        """Return the view under a protocol at a prior.

        Raises:
            DataError: no face counts.
        """
        truth, classes = PROTOCOLS[protocol](self._faces.votes, self._faces.emotions), CLASSES[protocol]
        counted = truth != UNCOUNTED
        if not counted.any():
            raise DataError(f"no face of the split counts under the protocol '{protocol}'; check the votes and labels")
        _, class_shares = joined(self._probs, self._class_shares, classes)
        # A model of seven labels counts contempt as neutral.
        known = np.where(truth < len(class_shares), truth, EIGHT.index("neutral"))
        weights = np.ones(len(truth))
        weights[counted] = importance(known[counted], class_shares, prior)
        raw = None if self._raw is None else shown_at(self._raw, self._class_shares, classes, prior)
        probs = shown_at(self._probs, self._class_shares, classes, prior)
        return View(classes, truth, probs, raw, weights, self._distance(probs, classes))

    def probs_at(self, prior: float) -> Probs:
        """Return the model's probabilities (N, K) at a prior, over its own labels."""
        return rebalance(self._probs, self._class_shares, prior)

    def distance(self, prior: float) -> Probs:
        """Return the divergence (N,) as in ``View``, over the model's labels."""
        return self._distance(self.probs_at(prior), self._labels)

    def _distance(self, probs: Probs, classes: tuple[str, ...]) -> Probs:
        votes = self._faces.votes[:, : len(EIGHT)].astype(np.float64)
        return metrics.jensen_shannon(probs, normalised(seen_as(votes, classes)))


NO_SCORES: NoScores = {
    "n": 0,
    "accuracy": None,
    "interval": None,
    "macro_f1": None,
    "weighted_f1": None,
    "balanced_accuracy": None,
    "ece": None,
    "ece_weighted": None,
    "ece_raw": None,
    "jsd": None,
    "jsd_shown": None,
    "per_class": None,
    "confusion": None,
}


def protocol_blocks(view: View, distance: Probs, clean: NDArray[np.bool_]) -> ProtocolBlocks:
    """Return the scores of all faces that count, at least one, and of the clean ones among them.

    Args:
        view: the N faces under the protocol.
        distance: (N,) divergence from the votes over the model's own labels.
        clean: (N,) bool.
    """
    return {
        "all": scores_of(view, distance, view.counted),
        "clean": scores_or_none(view, distance, view.counted & clean),
    }


def scores_or_none(view: View, distance: Probs, chosen: NDArray[np.bool_]) -> Scores | NoScores:
    """Return all scores over the chosen faces (N,) bool, ``NO_SCORES`` where there are none."""
    return scores_of(view, distance, chosen) if chosen.any() else NO_SCORES


def scores_of(view: View, distance: Probs, chosen: NDArray[np.bool_]) -> Scores:
    """Return all scores over the chosen faces (N,) bool, at least one."""
    truth, probs, weights = view.truth[chosen], view.probs[chosen], view.weights[chosen]
    predicted = probs.argmax(axis=1)
    confusion = metrics.confusion_matrix(truth, predicted, len(view.classes))
    scores = metrics.class_scores(confusion)
    raw = None if view.raw is None else metrics.calibration(truth, view.raw[chosen]).error
    return {
        "n": len(truth),
        "accuracy": rounded(metrics.accuracy(truth, predicted)),
        "interval": [rounded(bound) for bound in metrics.accuracy_interval(truth, predicted)],
        "macro_f1": rounded(scores.macro_f1),
        "weighted_f1": rounded(scores.weighted_f1),
        "balanced_accuracy": rounded(scores.balanced_accuracy),
        "ece": rounded(metrics.calibration(truth, probs).error),
        "ece_weighted": rounded(metrics.calibration(truth, probs, weights=weights).error),
        "ece_raw": None if raw is None else rounded(raw),
        "jsd": _mean(distance[chosen]),
        "jsd_shown": _mean(view.distance[chosen]),
        "per_class": per_class(view.classes, scores),
        "confusion": confusion.tolist(),
    }


def _mean(numbers: Probs) -> float | None:
    """Return the mean of the numbers (N,) that are not NaN; None if there are none."""
    known = numbers[~np.isnan(numbers)]
    return rounded(known.mean()) if len(known) else None


def per_class(classes: tuple[str, ...], scores: metrics.ClassScores) -> dict[str, ClassRow]:
    """Return class -> its scores and number of faces; scores for more classes than are named are left out."""
    columns = zip(classes, scores.precision, scores.recall, scores.f1, scores.support, strict=False)
    return {
        label: {"precision": rounded(p), "recall": rounded(r), "f1": rounded(f1), "support": int(n)}
        for label, p, r, f1, n in columns
    }


def rounded(score: float) -> float:
    """Return a score rounded for the document."""
    return round(float(score), DIGITS)
