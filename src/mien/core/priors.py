"""The prior knob: how common each emotion is taken to be, from FER+'s shares (power 0) to all alike (power 1).

In FER+ a third of the votes go to neutral and one in sixty to disgust, and a net trained on it answers for such a
world. Dividing its probabilities by the prior to a power, and normalising, answers for a world in which a face of class
k is prior[k]**-power times as common. Answers that were calibrated stay so in that world, which is why calibration at a
power is measured with the weights of ``importance``. Sources: Saerens, Latinne and Decaestecker, "Adjusting the outputs
of a classifier to new a priori probabilities", 2002; the power, Menon et al., "Long-tail learning via logit
adjustment", 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import seen_as, to_seven
from mien.core.errors import UsageError

Floating = TypeVar("Floating", bound=NDArray[np.floating[Any]])
Prior = Sequence[float] | NDArray[np.floating[Any]]

PRIORS = {"ferplus": 0.0, "balanced": 1.0}
"""The powers that have a name."""


def rebalance(probs: Floating, prior: Prior, power: float) -> Floating:
    """Return probabilities as they are where classes are prior**-power times as common.

    Args:
        probs: (N, K), rows sum to 1; N may be 0.
        prior: (K,) share of each class in the faces that the net learnt from, all above 0.
        power: 0 (unchanged) to 1 (as if all classes were equally common).

    Returns:
        (N, K) in the dtype of probs, rows sum to 1.

    Raises:
        ValueError: shapes that do not fit, or a prior that is not above 0.
    """
    weights = _weights(prior, power)
    if probs.ndim != 2 or probs.shape[1:] != weights.shape:
        raise ValueError(
            f"expected probabilities (N, {len(weights)}), a column a class of the prior; got {probs.shape}"
        )
    if power == 0:
        return probs
    odds: Any = probs * weights.astype(probs.dtype)
    return odds / odds.sum(axis=1, keepdims=True)


def shown_at(probs: Floating, prior: Prior, classes: tuple[str, ...], power: float) -> Floating:
    """Return probabilities as they are shown over some classes at a power; what is shown as one is raised as one.

    Raised by its own small share, contempt would be shown as more neutral.

    Args:
        probs: (N, K) answers at power 0.
        prior: (K,) share of each class in the faces that the net learnt from.
        classes: the seven or the eight, or the K that the net has of its own.
        power: 0 to 1.
    """
    return seen_as(rebalance(*joined(probs, prior, classes), power), classes)


def joined(probs: Floating, prior: Prior, classes: tuple[str, ...]) -> tuple[Floating, NDArray[np.float64]]:
    """Return answers (N, K) and prior (K,) over no more classes than are told apart."""
    shares = np.asarray(prior, np.float64)
    return (to_seven(probs), to_seven(shares)) if len(classes) < len(shares) else (probs, shares)


def importance(truth: NDArray[np.integer[Any]], prior: Prior, power: float) -> NDArray[np.float64]:
    """Return how much each face counts in the world that the power supposes, (N,) float64 with mean 1.

    Args:
        truth: (N,) class indices, N > 0.
        prior: (K,) share of each class, all above 0.
        power: 0 to 1.

    Raises:
        ValueError: there is no face, a label is not in 0..K-1, or a prior is not above 0.
    """
    weights = _weights(prior, power)
    if not len(truth) or truth.min() < 0 or truth.max() >= len(weights):
        raise ValueError(f"expected one or more labels in 0..{len(weights) - 1}; got {np.unique(truth)}")
    chosen = weights[truth]
    return chosen / chosen.mean()


def parse_prior(text: str) -> float:
    """Return the power of "ferplus" (0), "balanced" (1) or a number from 0 to 1.

    Raises:
        UsageError: anything else.
    """
    if text in PRIORS:
        return PRIORS[text]
    try:
        return checked_power(float(text))
    except ValueError:
        raise UsageError(f"unknown prior '{text}'; expected {' or '.join(PRIORS)}, or a number from 0 to 1") from None


def checked_power(power: float) -> float:
    """Return the power.

    Raises:
        UsageError: it is not a number from 0 to 1.
    """
    if not 0 <= power <= 1:
        raise UsageError(f"the prior's power is {power}; expected 0 (as FER+) to 1 (balanced)")
    return power


def _weights(prior: Prior, power: float) -> NDArray[np.float64]:
    """Return prior**-power, (K,)."""
    shares = np.asarray(prior, np.float64)
    if shares.ndim != 1 or not (shares > 0).all():
        raise ValueError(f"a prior needs a share above 0 for each class; got {shares}")
    return shares**-power
