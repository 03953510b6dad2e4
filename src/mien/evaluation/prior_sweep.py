"""What the prior buys and costs: from as common as in FER+ to all equally common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mien.core import metrics
from mien.evaluation.scores import View, rounded

STEPS = tuple(step / 10 for step in range(11))
"""The priors of the curve."""


def measure_tradeoff(view_at: Callable[[float], View], shipped: float | None) -> dict[str, Any]:
    """Return the block "prior_sweep" of ``metrics.json``: scores of the counted faces by prior.

    Args:
        view_at: prior -> the faces as seen at it.
        shipped: the prior that the file ships with, which gets a row of its own; None where files differ.
    """
    priors = sorted({*STEPS} if shipped is None else {*STEPS, shipped})
    return {"shipped": shipped, "rows": [{"prior": prior, **_row(view_at(prior))} for prior in priors]}


def _row(view: View) -> dict[str, float]:
    """Return the scores at one prior."""
    truth, probs = view.truth[view.counted], view.probs[view.counted]
    predicted = probs.argmax(axis=1)
    scores = metrics.class_scores(metrics.confusion_matrix(truth, predicted, len(view.classes)))
    error = metrics.calibration(truth, probs, weights=view.weights[view.counted]).error
    return {
        "accuracy": rounded(metrics.accuracy(truth, predicted)),
        "balanced_accuracy": rounded(scores.balanced_accuracy),
        "macro_f1": rounded(scores.macro_f1),
        "ece_weighted": rounded(error),
    }
