"""The prior: how common each emotion is taken to be, from FER+'s shares (0) to all alike (1).

In FER+ a third of the votes go to neutral and one in sixty to disgust, and a net trained on it predicts accordingly.
Dividing its probabilities by class_shares**prior, and normalising, gives predictions for faces among which class k is
class_shares[k]**-prior times as common. Calibrated probabilities stay calibrated for such faces, so calibration at a
prior is measured with the weights of ``importance``. Sources: Saerens, Latinne and Decaestecker, "Adjusting the outputs
of a classifier to new a priori probabilities", 2002; the exponent, Menon et al., "Long-tail learning via logit
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
Shares = Sequence[float] | NDArray[np.floating[Any]]

PRIORS = {"ferplus": 0.0, "balanced": 1.0}
"""The priors that have a name."""


def rebalance(probs: Floating, class_shares: Shares, prior: float) -> Floating:
    """Return the probabilities for faces among which each class is class_shares**-prior times as common.

    Args:
        probs: (N, K), rows sum to 1; N may be 0.
        class_shares: (K,) share of each class in the faces that the net learnt from, all above 0.
        prior: 0 (unchanged) to 1 (as if all classes were equally common).

    Returns:
        (N, K) in the dtype of probs, rows sum to 1.

    Raises:
        ValueError: shapes that do not fit, or shares that are not above 0.
    """
    weights = _weights(class_shares, prior)
    if probs.ndim != 2 or probs.shape[1:] != weights.shape:
        raise ValueError(f"expected probabilities (N, {len(weights)}), a column a class; got {probs.shape}")
    if prior == 0:
        return probs
    odds: Any = probs * weights.astype(probs.dtype)
    return odds / odds.sum(axis=1, keepdims=True)


def shown_at(probs: Floating, class_shares: Shares, classes: tuple[str, ...], prior: float) -> Floating:
    """Return probabilities over the classes that are shown, at a prior.

    Classes that are shown as one are added before the prior is applied: contempt, raised by its own small share, would
    make neutral too large.

    Args:
        probs: (N, K) at prior 0.
        class_shares: (K,) share of each class in the faces that the net learnt from.
        classes: the seven or the eight, or the K that the net has of its own.
        prior: 0 to 1.
    """
    return seen_as(rebalance(*joined(probs, class_shares, classes), prior), classes)


def joined(probs: Floating, class_shares: Shares, classes: tuple[str, ...]) -> tuple[Floating, NDArray[np.float64]]:
    """Return probabilities (N, K) and class shares (K,) over the classes that are shown."""
    shares = np.asarray(class_shares, np.float64)
    return (to_seven(probs), to_seven(shares)) if len(classes) < len(shares) else (probs, shares)


def importance(truth: NDArray[np.integer[Any]], class_shares: Shares, prior: float) -> NDArray[np.float64]:
    """Return the weight of each face at a prior, (N,) float64 with mean 1.

    Args:
        truth: (N,) class indices, N > 0.
        class_shares: (K,) share of each class, all above 0.
        prior: 0 to 1.

    Raises:
        ValueError: there is no face, a label is not in 0..K-1, or a share is not above 0.
    """
    weights = _weights(class_shares, prior)
    if not len(truth) or truth.min() < 0 or truth.max() >= len(weights):
        raise ValueError(f"expected one or more labels in 0..{len(weights) - 1}; got {np.unique(truth)}")
    chosen = weights[truth]
    return chosen / chosen.mean()


def parse_prior(prior: str | float) -> float:
    """Return a prior as a number: 0 for "ferplus", 1 for "balanced", or the number itself, which may be text.

    Raises:
        UsageError: anything else.
    """
    try:
        number = PRIORS[prior] if isinstance(prior, str) and prior in PRIORS else float(prior)
    except (ValueError, TypeError):
        number = -1.0
    if not 0 <= number <= 1:
        raise UsageError(f"unknown prior {prior!r}; expected {', '.join(PRIORS)} or a number from 0 to 1")
    return number


def _weights(class_shares: Shares, prior: float) -> NDArray[np.float64]:
    """Return class_shares**-prior, (K,)."""
    shares = np.asarray(class_shares, np.float64)
    if shares.ndim != 1 or not (shares > 0).all():
        raise ValueError(f"class shares need to be above 0 for each class; got {shares}")
    return shares**-prior
