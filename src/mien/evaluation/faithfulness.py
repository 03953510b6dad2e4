"""How well a map of evidence explains a net: how soon the probability falls without the evidence, and rises with it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.inference.explain import Judge, hidden

STEPS = 24
"""Steps in which a face is hidden, or shown."""


class Faithfulness(NamedTuple):
    """Mean probability of an emotion while a face is changed, 0 to 1.

    Attributes:
        deletion: while the places of most evidence are hidden first; low if they were the evidence.
        insertion: while they are shown first; high if they were the evidence.
    """

    deletion: float
    insertion: float


def faithfulness(crop: NDArray[np.uint8], evidence: NDArray[np.float32], emotion: int, judge: Judge) -> Faithfulness:
    """Return the deletion and the insertion score of a map (S, S) of a crop (S, S, C) for the class of an index.

    Source: Petsiuk, Das and Saenko, "RISE", 2018, section 4.2; what is hidden is blurred as in
    ``mien.inference.explain``.
    """
    rank = np.empty(evidence.size, np.int64)
    rank[np.argsort(-evidence.ravel(), kind="stable")] = np.arange(evidence.size)
    first = rank.reshape(evidence.shape) < np.linspace(0, evidence.size, STEPS + 1)[:, None, None]
    without = first.astype(np.float32)
    probs = judge(hidden(crop, np.concatenate([without, 1 - without])))[:, emotion]
    return Faithfulness(float(probs[: STEPS + 1].mean()), float(probs[STEPS + 1 :].mean()))
