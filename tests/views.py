"""Faces whose truth and answers are known, as scores see them."""

import numpy as np

from mien.core.emotions import SEVEN
from mien.evaluation.scores import View
from mien.evaluation.sums import Sums, sums_of


def answered(truth: np.ndarray, predicted: np.ndarray, confidence: float = 0.9) -> View:
    """N faces of the seven, all called something with the same confidence."""
    others = (1 - confidence) / (len(SEVEN) - 1)
    probs = np.where(np.arange(len(SEVEN)) == predicted[:, None], confidence, others)
    n = len(truth)
    return View(SEVEN, truth, probs, None, np.ones(n), np.linspace(0, 0.5, n))


def sums(truth: np.ndarray, predicted: np.ndarray) -> Sums:
    view = answered(truth, predicted)
    return sums_of(view, view.distance, 0.5, view.counted)


def right_by_chance(rng: np.random.Generator, truth: np.ndarray, chance: np.ndarray | float) -> np.ndarray:
    """Answers (N,) that are right with a chance, and the next emotion where they are not."""
    return np.where(rng.random(len(truth)) < chance, truth, (truth + 1) % len(SEVEN))
