"""Whether a difference is more than luck: exact and corrected p values."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np

from mien.core.metrics import Doubles

TOLD_APART = 0.05
"""The p under which a difference is called real."""


def mcnemar(gained: int, lost: int) -> float:
    """Return the exact two-sided p of so uneven a split, or a more uneven one, of the faces on which two nets differ.

    Were the nets equally good, each such face would fall to either side like a coin. Source: McNemar, "Note on the
    sampling error of the difference between correlated proportions or percentages", 1947.
    """
    differing = gained + lost
    tail = sum(comb(differing, count) for count in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / 2**differing)


def p_text(p: float) -> str:
    """Return a p value as people write it."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def holm(ps: Sequence[float]) -> Doubles:
    """Return the p values (K,) corrected for K looks, in the given order.

    The chance that any of them is under a limit where nothing differs is at most that limit. Source: Holm, "A simple
    sequentially rejective multiple test procedure", 1979.
    """
    given = np.asarray(ps, np.float64)
    order = np.argsort(given, kind="stable")
    corrected = np.empty(len(given))
    corrected[order] = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    return np.minimum(corrected, 1.0)
