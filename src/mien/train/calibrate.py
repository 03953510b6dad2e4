"""Calibration of a trained net, for its card: temperature, class shares, prior, thresholds and accuracies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats
from mien.core.emotions import EIGHT, SEVEN
from mien.core.metrics import accuracy, fit_temperature
from mien.core.model_card import PRIOR_STEPS
from mien.core.priors import importance, joined, shown_at
from mien.core.protocols import CLASSES, PROTOCOLS, UNCOUNTED, Labels
from mien.core.temperature import shown_logits, tempered
from mien.data.split import Split
from mien.train.recipe import Recipe
from mien.train.targets import TARGET_PROTOCOL, make_targets, sampling_rates

ACCURACY_COST = 0.01
"""How much accuracy the chosen prior may cost, for more recall of rare emotions: one percentage point."""

PRIOR_CANDIDATES = tuple(step / 20 for step in range(21))
"""The priors to choose from."""

RELIABLE_ACCURACY = 0.95
"""Accuracy that faces that are not uncertain shall have."""

NONE_CERTAIN = 1.001
"""Threshold of a net that does not reach this accuracy at any confidence: above every probability."""


def calibrate(logits: Floats, recipe: Recipe, train_split: Split, valid_split: Split) -> dict[str, Any]:
    """Return the content of ``calibration.json``, fitted on the validation faces under the protocol of the target.

    The temperature is fitted to the taggers' majority, so a probability is that of the majority choosing this emotion.
    Fitted to the distribution of the votes, it gave a worse calibration on PublicTest and, unexpectedly, a larger
    divergence from the votes too (lab/log.md).

    The class shares are those of the labels in the training targets; for the prior and the thresholds see
    ``choose_prior`` and ``uncertain_below``. The accuracies under "metrics" are those at prior 0.

    Args:
        logits: (N, K) over the labels of the recipe's target, of the validation faces that count (``correct_bias``).
        recipe: of the net.
        train_split: its training faces, for the class shares.
        valid_split: the faces on which all else is fitted.
    """
    rows, _ = make_targets(valid_split, recipe.target, smoothing=0.0)
    protocols = [TARGET_PROTOCOL[recipe.target], *(["majority"] if logits.shape[1] == len(EIGHT) else [])]
    truths = {name: PROTOCOLS[name](valid_split.votes[rows], valid_split.emotions[rows]) for name in protocols}
    truth = truths[TARGET_PROTOCOL[recipe.target]]
    temperature = round(fit_temperature(shown_logits(logits), truth), 4)
    probs, class_shares = tempered(logits, temperature), fit_class_shares(train_split, recipe)
    thresholds = [uncertain_below(truth, probs, class_shares, prior) for prior in PRIOR_STEPS]
    return {
        "temperature": temperature,
        "class_shares": [round(share, 6) for share in class_shares.tolist()],
        "prior": choose_prior(truths, probs, class_shares),
        "uncertain_below": [threshold for threshold, _ in thresholds],
        "certain_share": [round(share, 4) for _, share in thresholds],
        "split": "valid, the half that chooses",
        "faces": len(rows),
        "metrics": {
            f"valid/{name}/accuracy": round(_accuracy(name, truths[name], probs, class_shares, prior=0), 4)
            for name in sorted(truths)
        },
    }


def fit_class_shares(split: Split, recipe: Recipe) -> NDArray[np.float64]:
    """Return the share (K,) of each label in the split's targets, with faces counted as often as the recipe draws them.

    A label without any face counts as half a face, so that probabilities can be divided by it.
    """
    _, targets = make_targets(split, recipe.target, smoothing=0.0, sharpening=recipe.sharpening)
    rates = sampling_rates(split, recipe)
    drawn = targets if rates is None else targets * rates[:, None]
    faces = np.maximum(drawn.sum(axis=0, dtype=np.float64), 0.5)
    return faces / faces.sum()


def choose_prior(truths: Mapping[str, Labels], probs: Floats, class_shares: NDArray[np.float64]) -> float:
    """Return the largest of ``PRIOR_CANDIDATES`` that costs at most ``ACCURACY_COST`` under every protocol.

    The cost is the accuracy at prior 0 minus that at the prior, over the faces of all data sets together. A larger
    prior finds more of the rare emotions.

    Args:
        truths: protocol -> (N,) labels, ``UNCOUNTED`` for a face that it leaves out.
        probs: (N, K) the calibrated probabilities of the net.
        class_shares: (K,) the share of each label.
    """

    def cost(prior: float) -> float:
        return max(
            _accuracy(name, truth, probs, class_shares, 0) - _accuracy(name, truth, probs, class_shares, prior)
            for name, truth in truths.items()
        )

    # The margin is for a cost that equals the limit but for rounding.
    return max(prior for prior in PRIOR_CANDIDATES if cost(prior) <= ACCURACY_COST + 1e-9)


def _accuracy(protocol: str, truth: Labels, probs: Floats, class_shares: NDArray[np.float64], prior: float) -> float:
    counted = truth != UNCOUNTED
    seen = shown_at(probs[counted], class_shares, CLASSES[protocol], prior)
    return accuracy(truth[counted], seen.argmax(axis=1))


def uncertain_below(
    truth: Labels, probs: Floats, class_shares: NDArray[np.float64], prior: float
) -> tuple[float, float]:
    """Return the confidence below which a face is uncertain, and the share of faces that reach it.

    It is the least multiple of 0.001 at which the faces at or above it have an accuracy of ``RELIABLE_ACCURACY``, or
    ``NONE_CERTAIN``. In both figures faces are weighted by ``importance`` at the prior.

    Args:
        truth: (N,) labels in the seven-class view.
        probs: (N, K) the calibrated probabilities of the net.
        class_shares: (K,) the share of each label.
        prior: 0 to 1.
    """
    seen = shown_at(probs, class_shares, SEVEN, prior)
    weights = importance(truth, joined(probs, class_shares, SEVEN)[1], prior)
    right = seen.argmax(axis=1) == truth
    steps = np.arange(1001, dtype=np.float32) / np.float32(1000)
    reached = seen.max(axis=1) >= steps[:, None]
    share = reached @ (weights / weights.sum())
    enough = (share > 0) & (reached @ (weights / weights.sum() * right) >= RELIABLE_ACCURACY * share)
    if not enough.any():
        return NONE_CERTAIN, 0.0
    step = int(enough.argmax())
    return step / 1000, float(share[step])
