"""Which samples a split keeps, and which of its faces are clean: the rules of the project, in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import VOTE_COLUMNS
from mien.data.samples import Samples
from mien.data.split import SPLITS, Split
from mien.data.twins import Twins

NOT_A_FACE = "not a face"
LEAK = "pixel for pixel in valid or test"
UNREADABLE = "unreadable picture"

TRAIN = SPLITS.index("train")
"""The split that the others must not leak into."""


def reasons(samples: Samples, twins: Twins) -> NDArray[np.str_]:
    """Return why each sample is dropped, (N,) text, empty for those kept.

    A Training face that stands pixel for pixel in another split would be learnt before it is tested; what the taggers
    call no face has no emotion. A sample of both kinds counts as no face.
    """
    why = np.full(len(samples), "", f"<U{max(len(LEAK), len(NOT_A_FACE))}")
    elsewhere = np.delete(twins.pixel, TRAIN, axis=1).any(axis=1)
    why[(samples.splits == TRAIN) & elsewhere] = LEAK
    why[samples.nameless | (samples.votes.argmax(axis=1) == VOTE_COLUMNS.index("NF"))] = NOT_A_FACE
    return why


def kept_splits(samples: Samples, twins: Twins, why: NDArray[np.str_]) -> dict[str, Split]:
    """Return what is left of the samples as one ``Split`` a name, in the order of ``SPLITS``, none of them empty.

    A face of valid or test is clean if no near twin of it is among all Training rows. All of them, those dropped
    included: a model that was trained elsewhere has learnt from them.
    """
    clean = (samples.splits == TRAIN) | ~twins.near[:, TRAIN]
    splits: dict[str, Split] = {}
    for index, name in enumerate(SPLITS):
        here = (why == "") & (samples.splits == index)
        if here.any():
            splits[name] = Split(
                images=samples.images[here],
                votes=samples.votes[here],
                emotions=samples.emotions[here],
                rows=samples.rows[here],
                clean=clean[here],
            )
    return splits
