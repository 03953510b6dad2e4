"""Sampling: how often each face is drawn in an epoch, by the rarity of its emotions and by data set.

Source: Kang et al., "Decoupling representation and classifier for long-tailed recognition", 2020, for the power of the
class shares; here faces count by their votes.
"""

from __future__ import annotations

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import EIGHT, to_seven
from mien.core.errors import UsageError

MOST_DRAWS = 8.0
"""The most that a face is drawn in an epoch, before the factor of its data set."""


def draw_rates(
    targets: NDArray[np.float32], sources: NDArray[np.str_], rarity: float, shares: str
) -> NDArray[np.float64]:
    """Return how often each face is drawn in an epoch on average, (N,).

    A vote for an emotion counts (share of the commonest / share of the emotion) ** rarity, both in the face's own data
    set, as an emotion may be rare in one and common in another. Contempt counts as neutral. The rate of a face is the
    mean over its votes, at most ``MOST_DRAWS``, times the factor of its data set.

    Args:
        targets: (N, K) the faces' targets, K seven or eight.
        sources: (N,) their data sets.
        rarity: 0 (each face once) to 1 (as if all emotions were equally common).
        shares: as for ``parse_shares``; data sets that it does not name count 1.

    Raises:
        UsageError: shares name a data set that is not there.
    """
    of_source = parse_shares(shares)
    absent = of_source.keys() - set(sources.tolist())
    if absent:
        raise UsageError(
            f"recipe key 'sources' names {', '.join(sorted(absent))}; the faces are of "
            f"{', '.join(sorted(set(sources.tolist())))}"
        )
    seven = to_seven(targets) if targets.shape[1] == len(EIGHT) else targets
    rates = np.empty(len(targets))
    for source in np.unique(sources):
        here = sources == source
        rates[here] = of_source.get(str(source), 1.0) * np.minimum(_by_rarity(seven[here], rarity), MOST_DRAWS)
    return rates


def _by_rarity(targets: NDArray[np.float32], rarity: float) -> NDArray[np.float64]:
    shares = np.maximum(targets.mean(axis=0, dtype=np.float64), 1 / len(targets))
    weights = (shares.max() / shares) ** rarity
    return targets @ weights / np.maximum(targets.sum(axis=1), 1e-9)


def draw(rates: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.int64]:
    """Return the indices of the faces of an epoch in random order, each as often as its rate, rounded up or down.

    There are equally many in every epoch: the rounded sum of the rates.
    """
    ends = np.cumsum(rates)
    total = max(1, round(ends[-1]))
    marks = (random.random() + np.arange(total)) * ends[-1] / total
    return random.permutation(np.minimum(np.searchsorted(ends, marks, side="right"), len(rates) - 1))


def parse_shares(text: str) -> dict[str, float]:
    """Return data set -> factor of a text such as "ferplus=0.7 expw=2".

    Raises:
        UsageError: it has another form, or a factor is not above 0.
    """
    shares: dict[str, float] = {}
    for part in text.split():
        source, _, number = part.rpartition("=")
        try:
            shares[source] = float(number)
        except ValueError:
            shares[source] = -1.0
        if not (source and isfinite(shares[source]) and shares[source] > 0):
            raise UsageError(f"recipe key 'sources' has {part!r}; expected a data set and a number, such as expw=2")
    return shares
