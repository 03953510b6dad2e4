"""Samples to one file a split: which faces are dropped, which are clean, and an audit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import VOTE_COLUMNS
from mien.core.errors import DataError
from mien.core.output import whole_files
from mien.data.audit import Audit, audit
from mien.data.montage import montage
from mien.data.near_duplicates import Duplicates, find_duplicates
from mien.data.samples import FER2013, FERPLUS, Samples
from mien.data.split import SPLITS, Split, save_split
from mien.imaging.decode import write
from mien.version import __version__

FILES = (
    "soft_labels.json",
    "answers.json",
    *(f"{split}.npz" for split in SPLITS),
    "audit.json",
    "montage.png",
    "prepare.json",
)
"""All files of a prepared folder: the first two are of ``mien soft-labels``; the last is written when all are there."""

NOT_A_FACE = "not a face"
LEAK = "pixel for pixel in valid or test"
NEAR_LEAK = "near-duplicate in valid or test"

TRAIN = SPLITS.index("train")
"""The split that faces of the others must not leak into."""


def prepare(samples: Samples, out_dir: Path) -> Audit:
    """Drop samples by the rules and write the others.

    ``out_dir`` gets ``train.npz``, ``valid.npz`` and ``test.npz``, those that have faces; ``audit.json``;
    ``montage.png`` of the first split; and, last, ``prepare.json`` with counts and sha256. All are written to a
    temporary folder and then moved, so that an interrupted run leaves the earlier files as they were.

    Raises:
        DataError: no face is left, or the folder cannot be written.
    """
    duplicates = find_duplicates(samples)
    why = reasons(samples, duplicates)
    splits = kept_splits(samples, duplicates, why)
    if not splits:
        raise DataError(
            f"no face left of {len(samples)}: all of them were dropped, as no faces or as duplicates; add others"
        )
    found = audit(samples, splits, duplicates, why)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with whole_files(out_dir, FILES) as beside:
            for name, split in splits.items():
                save_split(split, beside / f"{name}.npz")
            write(montage(next(iter(splits.values()))), beside / "montage.png")
            (beside / "audit.json").write_text(found.to_json(), encoding="utf-8")
            (beside / "prepare.json").write_text(_summary(found), encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot write to {out_dir}: {error.strerror or error}") from error
    return found


def reasons(samples: Samples, duplicates: Duplicates) -> NDArray[np.str_]:
    """Return why each sample is dropped, (N,) text, empty for those kept.

    A training face with an exact duplicate in another split would be learnt before it is tested; what the taggers call
    no face has no emotion. A sample that is both counts as no face. FER2013's near-duplicates are kept, as everybody
    trains on them, and scores on its clean faces show their effect; those of other data sets are dropped.
    """
    why = np.full(len(samples), "", f"<U{max(map(len, (LEAK, NEAR_LEAK, NOT_A_FACE)))}")
    train, published = samples.splits == TRAIN, np.isin(samples.sources, (FER2013, FERPLUS))
    why[train & ~published & np.delete(duplicates.near, TRAIN, axis=1).any(axis=1)] = NEAR_LEAK
    why[train & np.delete(duplicates.exact, TRAIN, axis=1).any(axis=1)] = LEAK
    why[samples.nameless | (samples.votes.argmax(axis=1) == VOTE_COLUMNS.index("NF"))] = NOT_A_FACE
    return why


def kept_splits(samples: Samples, duplicates: Duplicates, why: NDArray[np.str_]) -> dict[str, Split]:
    """Return the samples that are kept as name -> ``Split``, in the order of ``SPLITS``, without empty ones.

    A face of valid or test is clean if it has no near-duplicate among all training rows, those dropped included, as a
    model that was trained elsewhere has learnt from them.

    Faces of even rows choose, those of odd rows are reported; near-duplicates go with the first one they are connected
    to.
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
                names=samples.names[here],
            )
    return splits


def _summary(found: Audit) -> str:
    splits = {name: {"faces": found.kept[name], "sha256": digest} for name, digest in found.sha256.items()}
    return json.dumps({"mien": __version__, "splits": splits}, indent=1)
