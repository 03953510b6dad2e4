"""Which samples a split keeps, and which of its faces are clean: the rules of the project, in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import VOTE_COLUMNS
from mien.data.near_duplicates import Duplicates
from mien.data.samples import FER2013, FERPLUS, Samples
from mien.data.split import SPLITS, Split

NOT_A_FACE = "not a face"
LEAK = "pixel for pixel in valid or test"
NEAR_LEAK = "near-duplicate in valid or test"
UNREADABLE = "unreadable picture"

TRAIN = SPLITS.index("train")
"""The split that the others must not leak into."""


def reasons(samples: Samples, duplicates: Duplicates) -> NDArray[np.str_]:
    """Return why each sample is dropped, (N,) text, empty for those kept.

    A Training face that stands pixel for pixel in another split would be learnt before it is tested; what the taggers
    call no face has no emotion. A sample of both kinds counts as no face. FER2013's near-duplicates stay, as everybody
    trains on them, and its scores on clean faces tell what they are worth; those of other data sets are dropped.
    """
    why = np.full(len(samples), "", f"<U{max(map(len, (LEAK, NEAR_LEAK, NOT_A_FACE)))}")
    train, published = samples.splits == TRAIN, np.isin(samples.sources, (FER2013, FERPLUS))
    why[train & ~published & np.delete(duplicates.near, TRAIN, axis=1).any(axis=1)] = NEAR_LEAK
    why[train & np.delete(duplicates.exact, TRAIN, axis=1).any(axis=1)] = LEAK
    why[samples.nameless | (samples.votes.argmax(axis=1) == VOTE_COLUMNS.index("NF"))] = NOT_A_FACE
    return why


def kept_splits(samples: Samples, duplicates: Duplicates, why: NDArray[np.str_]) -> dict[str, Split]:
    """Return what is left of the samples as one ``Split`` a name, in the order of ``SPLITS``, none of them empty.

    A face of valid or test is clean if no near-duplicate of it is among all Training rows. All of them, those dropped
    included: a model that was trained elsewhere has learnt from them.

    Faces of even rows choose, those of odd rows are reported; a near-duplicate goes with the first that it is tied to.
    """
    choosing = samples.rows[duplicates.first] % 2 == 0
    clean = (samples.splits == TRAIN) | ~duplicates.near[:, TRAIN]
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
                sources=samples.sources[here],
                choosing=choosing[here],
            )
    return splits
