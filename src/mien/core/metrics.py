"""Metrics of predictions: accuracy, F1, calibration, distance to the taggers, and intervals.

Truth and predictions are (N,) integer class indices, probabilities (N, K) with rows that sum to 1. Every function
raises ValueError for N = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]
Probs = NDArray[np.floating[Any]]
Floating = TypeVar("Floating", bound=NDArray[np.floating[Any]])
Doubles = NDArray[np.float64]
Counts = NDArray[np.int64]

CALIBRATION_BINS = 15
"""Bins of equal mass for calibration."""

RESAMPLES = 2000
"""Bootstrap samples behind an interval."""

TEMPERATURES = (0.05, 20.0)
"""The range that ``fit_temperature`` searches; where every prediction is right, the best temperature would be 0."""

NEWTON_STEPS, SMALLEST_STEP = 50, 1e-9
"""The most steps of ``fit_offsets``, and the size of a step at which it has converged."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores:
    """Scores of each of K classes; a ratio with a denominator of 0 is 0.

    Attributes:
        precision: (K,) float64, of the faces called k, the share that are k.
        recall: (K,) float64, of the faces that are k, the share called k.
        f1: (K,) float64, their harmonic mean.
        support: (K,) int64, how many faces are k.
    """

    precision: Doubles
    recall: Doubles
    f1: Doubles
    support: Counts

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the classes that the truth holds.

        A class without faces has no recall, so it is left out; faces wrongly given that class still lower the recall
        of their own. This is scikit-learn's ``f1_score(average="macro", labels=unique(truth))``.
        """
        return float(self.f1[self.support > 0].mean())

    @property
    def weighted_f1(self) -> float:
        """Mean F1, each class counting for as many faces as it has."""
        return float(np.average(self.f1, weights=self.support))

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall over the classes that the truth holds."""
        return float(self.recall[self.support > 0].mean())


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Confidence and accuracy in B bins of equally many faces, the least confident first.

    Attributes:
        confidence: (B,) float64, mean probability of the predicted class.
        accuracy: (B,) float64, share of right predictions.
        share: (B,) float64, the bin's part of all faces, weighted; they sum to 1.
    """

    confidence: Doubles
    accuracy: Doubles
    share: Doubles

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap between confidence and accuracy, 0 to 1."""
        return float(self.share @ np.abs(self.confidence - self.accuracy))


def accuracy(truth: Labels, predicted: Labels) -> float:
    """Return the share of right predictions."""
    _check(truth, predicted.shape == truth.shape, f"predictions (N,); got {predicted.shape}")
    return float((truth == predicted).mean())


def accuracy_interval(truth: Labels, predicted: Labels, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Return the bounds of the percentile bootstrap interval of the accuracy, from ``RESAMPLES`` samples.

    The number of right predictions among N faces drawn with replacement is binomial, so the samples are drawn from
    that distribution: the same interval as by drawing faces, without a table (RESAMPLES, N). Source: Efron and
    Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    right = accuracy(truth, predicted)
    samples = np.random.default_rng(seed).binomial(len(truth), right, size=RESAMPLES) / len(truth)
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def confusion_matrix(truth: Labels, predicted: Labels, classes: int) -> Counts:
    """Return (classes, classes) int64: row = true class, column = predicted class.

    Raises:
        ValueError: a label is not in 0..classes-1.
    """
    _check(truth, predicted.shape == truth.shape, f"predictions (N,); got {predicted.shape}")
    low, high = min(truth.min(), predicted.min()), max(truth.max(), predicted.max())
    if low < 0 or high >= classes:
        raise ValueError(f"labels must lie in 0..{classes - 1}; got {low}..{high}")
    pairs = truth.astype(np.int64) * classes + predicted
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def class_scores(confusion: Counts) -> ClassScores:
    """Return the scores of each class from a confusion matrix (K, K), rows true."""
    right = np.diag(confusion).astype(np.float64)
    support, called = confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassScores(
        precision=_ratio(right, called),
        recall=_ratio(right, support),
        f1=_ratio(2 * right, support + called),
        support=support,
    )


def calibration(
    truth: Labels, probs: Probs, bins: int = CALIBRATION_BINS, weights: Doubles | None = None
) -> Calibration:
    """Compare the probability of the predicted class with how often it is right, in bins of equally many faces.

    Faces of equal confidence share their mean rightness before they are cut into bins, so the order of the rows does
    not matter. With fewer faces than bins there is a bin a face. Source: Nguyen and O'Connor, "Posterior calibration
    and exploratory analysis for natural language processing models", 2015 (bins of equal mass); Guo et al., "On
    Calibration of Modern Neural Networks", 2017 (the error).

    Args:
        truth: (N,) class indices.
        probs: (N, K).
        bins: how many.
        weights: (N,) above 0, for how many faces each counts in the means and shares; None counts each as one.
    """
    _check(truth, probs.ndim == 2 and len(probs) == len(truth), f"probabilities (N, K); got {probs.shape}")
    counts = np.ones(len(truth)) if weights is None else weights
    _check(truth, counts.shape == truth.shape and bool((counts > 0).all()), f"weights (N,) > 0; got {counts.shape}")
    right = (probs.argmax(axis=1) == truth).astype(np.float64)
    levels, level = np.unique(probs.max(axis=1).astype(np.float64), return_inverse=True)
    faces, mass = np.bincount(level), np.bincount(level, weights=counts)
    mean_right = np.bincount(level, weights=right * counts) / mass
    cuts = np.array_split(np.arange(len(truth)), min(bins, len(truth)))
    confidence, rightness, weight = (np.repeat(of_level, faces) for of_level in (levels, mean_right, mass / faces))
    return Calibration(
        confidence=np.array([np.average(confidence[cut], weights=weight[cut]) for cut in cuts]),
        accuracy=np.array([np.average(rightness[cut], weights=weight[cut]) for cut in cuts]),
        share=np.array([weight[cut].sum() for cut in cuts]) / weight.sum(),
    )


def jensen_shannon(p: Probs, q: Probs) -> Doubles:
    """Return the Jensen-Shannon divergence of each row, (N,) float64 in nats: 0 for equal rows, at most ln 2.

    NaN where either row holds a NaN.

    Args:
        p: (N, K) distributions, rows sum to 1.
        q: (N, K) distributions, rows sum to 1.

    Source: Lin, "Divergence measures based on the Shannon entropy", 1991.
    """
    if p.shape != q.shape or p.ndim != 2:
        raise ValueError(f"both sets of distributions must be (N, K); got {p.shape} and {q.shape}")
    middle = (p.astype(np.float64) + q) / 2
    return np.maximum((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2, 0)


def negative_log_likelihood(targets: Labels | Probs, probs: Probs) -> float:
    """Return the mean cross-entropy in nats.

    Args:
        targets: (N,) class indices, or (N, K) distributions.
        probs: (N, K); lower ones than the smallest step of their dtype count as that step, so the result is finite.
    """
    wanted = _distributions(targets, probs)
    return float(-(wanted * np.log(np.maximum(probs, np.finfo(probs.dtype).eps))).sum(axis=1).mean())


def softmax(logits: Floating) -> Floating:
    """Return the distributions (..., K) of logits (..., K), in the same dtype; large logits do not overflow."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)


def fit_temperature(logits: Probs, targets: Labels | Probs) -> float:
    """Return the T > 0 for which softmax(logits / T) has the smallest negative log likelihood.

    That likelihood is convex in 1/T, so its slope changes sign once; bisection over log(1/T) finds where. Source: Guo
    et al., "On Calibration of Modern Neural Networks", 2017, section 4.2.

    Args:
        logits: (N, K), before any softmax.
        targets: (N,) class indices, or (N, K) distributions.

    Returns:
        The temperature, within ``TEMPERATURES``.
    """
    wanted = _distributions(targets, logits)
    scores = logits.astype(np.float64)
    coldest, hottest = TEMPERATURES
    low, high = -np.log(hottest), -np.log(coldest)
    for _ in range(50):
        middle = (low + high) / 2
        slope = ((softmax(np.exp(middle) * scores) - wanted) * scores).sum()
        low, high = (low, middle) if slope > 0 else (middle, high)
    return float(np.exp(-(low + high) / 2))


def fit_offsets(logits: Probs, targets: Labels | Probs) -> Doubles:
    """Return what to add to the logits (N, K) so that a temperature fits them best, (K,) with a mean of 0.

    Both are fitted together: softmax(logits * a + c) has the smallest negative log likelihood, with a normal prior of
    deviation 1 on a - 1 and on c that keeps classes in place which few targets name; the offsets are c / a. By Newton's
    method, as that is convex. Source: Alexandari, Kundaje and Shrikumar, "Maximum Likelihood with Bias-Corrected
    Calibration is Hard-To-Beat at Label Shift Adaptation", 2020.

    Args:
        logits: (N, K), before any softmax.
        targets: (N,) class indices, or (N, K) distributions.

    Returns:
        The offsets; zeros if the logits are so unrelated to the targets that no temperature fits.
    """
    wanted = _distributions(targets, logits)
    classes = logits.shape[1]
    # What each logit after scaling depends on: its own value before it, and its own offset.
    sources = np.concatenate(
        [logits.astype(np.float64)[:, :, None], np.broadcast_to(np.eye(classes), (*logits.shape, classes))], axis=2
    )
    start = np.zeros(1 + classes)
    start[0] = 1

    def loss(found: Doubles) -> float:
        return (
            len(wanted) * negative_log_likelihood(wanted, softmax(sources @ found)) + ((found - start) ** 2).sum() / 2
        )

    found = start
    for _ in range(NEWTON_STEPS):
        probs = softmax(sources @ found)
        mean = np.einsum("nk,nkj->nj", probs, sources)
        slope = np.einsum("nk,nkj->j", probs - wanted, sources) + (found - start)
        curvature = np.einsum("nk,nki,nkj->ij", probs, sources, sources) - mean.T @ mean + np.eye(1 + classes)
        step = np.linalg.solve(curvature, slope)
        while np.abs(step).max() > SMALLEST_STEP and loss(found - step) > loss(found):
            step /= 2
        found = found - step
        if np.abs(step).max() <= SMALLEST_STEP:
            break
    scale, offsets = found[0], found[1:]
    if scale < 1 / TEMPERATURES[1]:
        return np.zeros(classes)
    return (offsets - offsets.mean()) / scale


def _check(truth: Labels, fits: bool, expected: str) -> None:
    """Raise ValueError unless there is a face and the other array fits the truth."""
    if truth.ndim != 1 or not len(truth) or not fits:
        raise ValueError(f"expected truth (N,) with N > 0 and {expected}; truth is {truth.shape}")


def _distributions(targets: Labels | Probs, like: Probs) -> Doubles:
    """Return targets as (N, K) float64 distributions for an array like (N, K)."""
    if like.ndim != 2 or not len(like) or targets.shape not in {like.shape, like.shape[:1]}:
        raise ValueError(
            f"expected an array (N, K) with N > 0 and targets (N,) or (N, K); got {like.shape}, {targets.shape}"
        )
    if targets.ndim == 1:
        return np.eye(like.shape[1])[targets.astype(np.int64)]
    if not np.allclose(targets.sum(axis=1), 1, atol=1e-4):
        raise ValueError("each row of the targets must sum to 1; divide the votes by their sum first")
    return targets.astype(np.float64)


def _ratio(above: Doubles, below: Counts) -> Doubles:
    """Return above / below, 0 where below is 0."""
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)


def _relative_entropy(p: Probs, q: Doubles) -> Doubles:
    """Return sum p log(p / q) of each row in nats; a p of 0 adds nothing."""
    held = np.where(p > 0, p, 1.0).astype(np.float64)
    return (p * np.log(held / np.where(p > 0, q, 1.0))).sum(axis=1)
