"""Samples: every face of a data set with its labels, before any is dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core.crop_spec import CropSpec
from mien.data.split import COLUMNS

SIZE_PX = CropSpec().size_px
"""Side of a prepared face, in pixels."""


FER2013, FERPLUS = "fer2013", "ferplus"
"""Names of FER2013 as a source, with its own labels and with FER+'s votes."""

UNREADABLE = "unreadable picture"


@dataclass(frozen=True, slots=True)
class Drop:
    """A picture that is in no split.

    Attributes:
        split: the split it would have been in.
        name: its row (from 0) or its path in the source.
        why: the rule that dropped it, in the same words for every picture.
    """

    split: str
    name: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """N faces of all splits, in the order of the source.

    Attributes:
        images: (N, 48, 48) uint8, grey.
        votes: (N, 10) uint8, in the order of ``VOTE_COLUMNS``.
        emotions: (N,) int8, the original FER2013 label as an index into ``SEVEN``; -1 where there is none.
        rows: (N,) int64, the row in the source, from 0.
        splits: (N,) int8, an index into ``SPLITS``.
        nameless: (N,) bool, true if FER+ removed the image's name because it is not a face.
        sources: (N,) text, the name of the data set that the face is from.
        names: (N,) text, the path of the face's file in it, or its row where there is none.
        unread: pictures that could not be read.
        notes: other facts for the audit, each a sentence with a number of pictures.
    """

    images: NDArray[np.uint8]
    votes: NDArray[np.uint8]
    emotions: NDArray[np.int8]
    rows: NDArray[np.int64]
    splits: NDArray[np.int8]
    nameless: NDArray[np.bool_]
    sources: NDArray[np.str_]
    names: NDArray[np.str_]
    unread: tuple[Drop, ...] = ()
    notes: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        """Refuse arrays that are not of the same N faces."""
        n = len(self.images)
        got = [getattr(self, name).shape for name in ARRAYS]
        if got != [(n, SIZE_PX, SIZE_PX), (n, COLUMNS), *[(n,)] * (len(ARRAYS) - 2)]:
            raise ValueError(
                f"samples need images (N, {SIZE_PX}, {SIZE_PX}), votes (N, {COLUMNS}), "
                f"and {', '.join(ARRAYS[2:])} (N,); got {got}"
            )

    def __len__(self) -> int:
        """Return N."""
        return len(self.images)


ARRAYS = ("images", "votes", "emotions", "rows", "splits", "nameless", "sources", "names")
"""Names of the arrays with a row a face."""


def join_samples(parts: Sequence[Samples]) -> Samples:
    """Return the faces of several data sets, one after the other."""
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(dict(part.notes))
    return Samples(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS},
        unread=tuple(drop for part in parts for drop in part.unread),
        notes=tuple(counts.items()),
    )
