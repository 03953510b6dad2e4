"""What people come to on the same faces, by their votes: one of them, a fresh panel, and the best that anything can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import EIGHT, VOTE_COLUMNS
from mien.core.metrics import Doubles
from mien.core.protocols import TAGGERS, UNCOUNTED, Labels, seven

SMOOTHINGS = (0.1, 0.3)
"""How far the votes of a face are drawn towards those of all, as a part of one vote of ten: few and many."""

PANELS = 6
"""Panels that are drawn a face."""

FINE = 25
"""Votes in which expected shares are rounded, for the label that the best predictor would name: ten each."""


@dataclass(frozen=True, slots=True)
class People:
    """Accuracies under ``seven``, 0 to 1.

    Attributes:
        one: of one tagger against the other nine, exact.
        panel: of a fresh panel of ten against another, between two assumptions on how unsure taggers are.
        ceiling: of the best predictor against a panel of ten, between the same.
    """

    one: float
    panel: tuple[float, float]
    ceiling: tuple[float, float]


def people(votes: NDArray[np.uint8], seed: int = 0) -> People | None:
    """Return what people come to on faces with ten votes each, (N, 10); None for votes of another form.

    A fresh panel is drawn from the shares of a face's votes, drawn a little towards those of all faces, as ten votes
    alone make taggers look surer than they are.
    """
    if not len(votes) or (votes.sum(axis=1) != TAGGERS).any() or (votes.max(axis=1) == TAGGERS).all():
        return None
    rng = np.random.default_rng(seed)
    drawn = [_drawn(votes, smoothing, rng) for smoothing in SMOOTHINGS]
    panel, ceiling = (tuple(sorted(pair)) for pair in zip(*drawn, strict=True))
    return People(_one_tagger(votes), (panel[0], panel[-1]), (ceiling[0], ceiling[-1]))


def _labels(votes: NDArray[np.number]) -> Labels:
    return seven(votes.astype(np.uint8), np.zeros(len(votes), np.int8))


def _one_tagger(votes: NDArray[np.uint8]) -> float:
    """Return how often a vote for an emotion or for none is what the other nine votes of the face come to."""
    counted = _labels(votes) != UNCOUNTED
    right = total = 0
    for column in range(len(VOTE_COLUMNS)):
        here = counted & (votes[:, column] > 0)
        if not here.any():
            continue
        others, cast = votes[here].copy(), votes[here, column].astype(np.int64)
        others[:, column] -= 1
        own = 0 if column == EIGHT.index("contempt") else column
        right += int(cast[_labels(others) == own].sum())
        total += int(cast.sum())
    return right / total


def _drawn(votes: NDArray[np.uint8], smoothing: float, rng: np.random.Generator) -> tuple[float, float]:
    """Return how often two drawn panels agree, and how often the likeliest label is a panel's."""
    mean = votes.mean(axis=0) / TAGGERS
    shares: Doubles = (votes + smoothing * TAGGERS * mean) / (TAGGERS * (1 + smoothing))
    panels = [_labels(rng.multinomial(TAGGERS, shares)) for _ in range(PANELS)]
    best = _labels(np.rint(FINE * TAGGERS * shares).clip(max=255))
    pairs = [_agreement(panels[a], panels[b]) for a in range(PANELS) for b in range(a)]
    return float(np.mean(pairs)), float(np.mean([_agreement(best, panel) for panel in panels]))


def _agreement(one: Labels, other: Labels) -> float:
    both = (one != UNCOUNTED) & (other != UNCOUNTED)
    return float((one[both] == other[both]).mean()) if both.any() else 0.0
