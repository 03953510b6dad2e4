"""The scores of one protocol over one set of faces, as they stand in ``metrics.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core import metrics
from mien.core.emotions import EIGHT, seen_as
from mien.core.errors import DataError
from mien.core.priors import importance, joined, rebalance, shown_at
from mien.core.protocols import CLASSES, PROTOCOLS, UNCOUNTED, Labels
from mien.core.temperature import untempered
from mien.data.split import Split
from mien.evaluation.ensemble import Probs, normalised

SCORES = (
    "accuracy",
    "interval",
    "macro_f1",
    "weighted_f1",
    "balanced_accuracy",
    "ece",
    "ece_weighted",
    "ece_raw",
    "jsd",
    "jsd_shown",
)
"""The headline figures of a block, beside ``n``, ``per_class`` and ``confusion``."""

DIGITS = 6
"""Decimals in the document: enough for any comparison, few enough to hide the last bits of a sum."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The N faces of a split under one protocol.

    Attributes:
        classes: the K emotions that the protocol tells apart.
        truth: (N,) int64, index into classes, ``UNCOUNTED`` where the protocol leaves the face out.
        probs: (N, K) float64, what the model answers.
        raw: (N, K) float64, what it would answer at temperature 1; None where no one temperature made the answers.
        weights: (N,) float64, for how many faces each counts where emotions are as common as the prior supposes.
        distance: (N,) float64, the Jensen-Shannon divergence in nats of the answers from the votes over the same
            classes. Votes for "unknown" and "not a face" are set aside; NaN where no others are left.
    """

    classes: tuple[str, ...]
    truth: Labels
    probs: Probs
    raw: Probs | None
    weights: Probs
    distance: Probs

    @property
    def counted(self) -> NDArray[np.bool_]:
        """(N,) whether the protocol counts the face."""
        return self.truth != UNCOUNTED


class Viewer:
    """Shows the faces of a split under any protocol and at any prior.

    Args:
        faces: N faces.
        probs: (N, K) float64, the model's answers at prior 0.
        labels: the model's K emotions, the seven or the eight.
        class_shares: (K,) share of each label in its training faces.
        temperature: the T inside the graph, None where no one temperature made the answers.
    """

    def __init__(
        self, faces: Split, probs: Probs, labels: tuple[str, ...], class_shares: Probs, temperature: float | None
    ) -> None:
        self._faces, self._probs, self._labels, self._class_shares = faces, probs, labels, class_shares
        self._raw = None if temperature is None else untempered(probs, temperature)

    def __call__(self, protocol: str, prior: float) -> View:
        """Return the faces under a protocol at a prior.

        Raises:
            DataError: none of them counts.
        """
        truth, classes = PROTOCOLS[protocol](self._faces.votes, self._faces.emotions), CLASSES[protocol]
        counted = truth != UNCOUNTED
        if not counted.any():
            raise DataError(f"no face of the split counts under the protocol '{protocol}'; check the votes and labels")
        _, class_shares = joined(self._probs, self._class_shares, classes)
        # A model of seven labels has no share of contempt, and counts it as neutral.
        known = np.where(truth < len(class_shares), truth, EIGHT.index("neutral"))
        weights = np.ones(len(truth))
        weights[counted] = importance(known[counted], class_shares, prior)
        raw = None if self._raw is None else shown_at(self._raw, self._class_shares, classes, prior)
        probs = shown_at(self._probs, self._class_shares, classes, prior)
        return View(classes, truth, probs, raw, weights, self._distance(probs, classes))

    def answers(self, prior: float) -> Probs:
        """Return the model's answers (N, K) at a prior, over its own labels."""
        return rebalance(self._probs, self._class_shares, prior)

    def distance(self, prior: float) -> Probs:
        """Return (N,) the divergence as in ``View``, over the model's labels."""
        return self._distance(self.answers(prior), self._labels)

    def _distance(self, probs: Probs, classes: tuple[str, ...]) -> Probs:
        votes = self._faces.votes[:, : len(EIGHT)].astype(np.float64)
        return metrics.jensen_shannon(probs, normalised(seen_as(votes, classes)))


def protocol_blocks(view: View, distance: Probs, clean: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the blocks of all faces that count, and of the clean ones among them.

    Args:
        view: the N faces under the protocol.
        distance: (N,) divergence from the votes over the model's own labels.
        clean: (N,) bool.
    """
    chosen = {"all": view.counted, "clean": view.counted & clean}
    return {name: protocol_block(view, distance, rows) for name, rows in chosen.items()}


def protocol_block(view: View, distance: Probs, chosen: NDArray[np.bool_]) -> dict[str, Any]:
    """Return every score over the chosen faces (N,) bool; null where there are none."""
    if not chosen.any():
        return {"n": 0, **dict.fromkeys(SCORES), "per_class": None, "confusion": None}
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
    """Return the mean of the numbers (N,) that are not NaN, None without any."""
    known = numbers[~np.isnan(numbers)]
    return rounded(known.mean()) if len(known) else None


def per_class(classes: tuple[str, ...], scores: metrics.ClassScores) -> dict[str, dict[str, Any]]:
    """Return class -> its scores and number of faces; scores of classes beyond the named ones are left out."""
    columns = zip(classes, scores.precision, scores.recall, scores.f1, scores.support, strict=False)
    return {
        label: {"precision": rounded(p), "recall": rounded(r), "f1": rounded(f1), "support": int(n)}
        for label, p, r, f1, n in columns
    }


def protocols_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return protocol -> {"all": ..., "clean": ...} of a ``metrics.json`` of either layout."""
    return document["protocols"] if "protocols" in document else {document["protocol"]: document}


def rounded(score: float) -> float:
    """Return a score as it stands in the document."""
    return round(float(score), DIGITS)
