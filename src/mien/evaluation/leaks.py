"""What leaks add to an accuracy: faces that have a near-duplicate among those that a model learnt from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.core.metrics import RESAMPLES


class Leaks(NamedTuple):
    """What the faces with a near-duplicate in ``train`` do to the accuracy.

    Attributes:
        leaked: how many of the faces have one.
        right_leaked, right_clean: the accuracy on these and on the others, 0 to 1.
        added: the accuracy on all of them less that on the others: what leaks add to it.
        interval: the 95 % bootstrap interval of ``added``.
    """

    leaked: int
    right_leaked: float
    right_clean: float
    added: float
    interval: tuple[float, float]


def leaks(right: NDArray[np.bool_], clean: NDArray[np.bool_], seed: int = 0) -> Leaks | None:
    """Return what leaks add to an accuracy; None unless some faces leaked and others did not.

    Args:
        right: (N,) whether each face is read rightly.
        clean: (N,) whether it has no near-duplicate in ``train``.
        seed: of the bootstrap, which draws faces: how many are clean or not, right or wrong, which is the same law.
    """
    if clean.all() or not clean.any():
        return None
    cells = np.array(
        [[(right & ~clean).sum(), (~right & ~clean).sum()], [(right & clean).sum(), (~right & clean).sum()]]
    )
    drawn = np.random.default_rng(seed).multinomial(len(right), cells.ravel() / len(right), RESAMPLES)
    low, high = np.quantile(_added(drawn.reshape(-1, 2, 2)), [0.025, 0.975])
    leaked, others = cells[:, 0] / cells.sum(axis=1)
    return Leaks(int((~clean).sum()), leaked, others, float(_added(cells[None])[0]), (float(low), float(high)))


def _added(cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what leaks add (R,), of counts (R, leaked or clean, right or wrong)."""
    right, faces = cells[..., 0], cells.sum(axis=2)
    return right.sum(axis=1) / faces.sum(axis=1) - right[:, 1] / np.maximum(faces[:, 1], 1)
