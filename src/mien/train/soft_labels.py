"""Soft labels: predictions of trained nets for augmented faces, as a split to train on.

The teachers predict once, and a small net can learn from large ones for many epochs at no further cost
(Beyer et al., "Knowledge distillation: A good teacher is patient and consistent", 2022).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats
from mien.core.emotions import EIGHT, VOTE_COLUMNS
from mien.core.errors import DataError, UsageError
from mien.data.split import Split, row_names
from mien.train.augment.layers import augment_framing
from mien.train.distill import teachers_of
from mien.train.epochs import Batches, begin_epoch
from mien.train.init.warm_start import describe_runs
from mien.train.loop import BATCH_NORM_FACES, evenly, policy_of
from mien.train.recipe import Recipe
from mien.train.targets import make_targets

SOFT_LABEL_VOTES = 200
"""Votes in a soft label: the finest that a byte holds with room for rounding."""

DESCRIPTION, DESCRIPTION_ONCE = "soft_labels.json", "answers.json"
"""The file that names the teachers of a folder of soft labels, and its name in earlier releases."""

Bytes = NDArray[np.uint8]


def label_views(recipe: Recipe, split: Split, teachers: Sequence[Path], views: int) -> Iterator[Split]:
    """Yield the faces of a split with the recipe's framing, light and mix, one view after the other, with soft labels.

    A face has ``SOFT_LABEL_VOTES`` votes: the teachers' mean prediction for the view, mixed with the taggers' votes at
    a share of ``1 - teacher_share``. The recipe's erasing and degrading are left to training on the views, so that a
    net learns to predict for a corrupted face what the teachers predict for a good one.

    Args:
        recipe: its target must be ``eight-votes``.
        split: the faces.
        teachers: completed runs or exported files, see ``train.init.warm_start``.
        views: number of views of each face.

    Raises:
        UsageError: another target, or a teacher that is not completed or has other classes.
        DataError: a teacher predicts NaN or infinities.
    """
    if recipe.target != "eight-votes":
        raise UsageError(
            f"recipe key 'target' is {recipe.target!r}; soft labels are votes for eight emotions: eight-votes"
        )
    describe_runs(teachers, recipe, "teacher")
    keras.config.set_dtype_policy(policy_of(recipe.precision))
    rows, targets = make_targets(split, recipe.target, recipe.smoothing, recipe.sharpening)
    images = split.images[rows][..., None]
    inputs = keras.Input(images.shape[1:])
    some = split.images[evenly(rows, BATCH_NORM_FACES)][..., None].astype(np.float32)
    taught = keras.Model(inputs, teachers_of(teachers, recipe, some)(inputs))
    framed = augment_framing(recipe, keras.Model(inputs, keras.layers.Identity(dtype="float32")(inputs)))
    batches = Batches(images, targets, recipe)
    for view in range(views):
        begin_epoch(framed, batches, recipe.seed, view)
        faces, labels = _view(framed, batches)
        sources = split.sources[rows][batches.order[: len(faces)]]
        predicted = np.asarray(taught.predict(faces, batch_size=recipe.batch_size, verbose=0), np.float32)
        if not np.isfinite(predicted).all():
            raise DataError("a teacher predicts NaN or infinities; train it again, with --set precision=float32")
        yield _split(faces, recipe.teacher_share * predicted + (1 - recipe.teacher_share) * labels, sources)


def describe_soft_labels(recipe: Recipe, split: Split, teachers: Sequence[Path], views: int) -> dict[str, Any]:
    """Return the content of ``soft_labels.json``: the teachers, the recipe, and the faces."""
    return {
        "teachers": describe_runs(teachers, recipe, "teacher"),
        "views": views,
        "data_sha256": split.sha256(),
        "recipe": asdict(recipe),
    }


def read_teachers(folder: Path) -> list[dict[str, str]]:
    """Return name and sha256 of the teachers of a data folder; none if its votes are those of taggers."""
    for path in (folder / DESCRIPTION, folder / DESCRIPTION_ONCE):
        if path.is_file():
            return json.loads(path.read_text(encoding="utf-8"))["teachers"]
    return []


def _view(framed: keras.Model, batches: Batches) -> tuple[Bytes, Floats]:
    """Return all faces in the order of the batches, augmented, (N, S, S, 1), and their targets (N, K)."""
    faces: list[Bytes] = []
    targets: list[Floats] = []
    for place in range(len(batches)):
        pictures, some = batches[place]
        changed = np.asarray(keras.ops.convert_to_numpy(framed(pictures, training=True)), np.float32)
        faces.append(np.rint(changed).astype(np.uint8))
        targets.append(some)
    return np.concatenate(faces), np.concatenate(targets)


def _split(faces: Bytes, shares: Floats, sources: NDArray[np.str_]) -> Split:
    """Return a split of faces (N, S, S, 1) of sources (N,) with shares (N, 8) as votes; their rows are new."""
    count = len(faces)
    votes = np.zeros((count, len(VOTE_COLUMNS)), np.uint8)
    votes[:, : len(EIGHT)] = np.rint(SOFT_LABEL_VOTES * shares)
    return Split(
        images=faces[..., 0],
        votes=votes,
        emotions=np.full(count, -1, np.int8),
        rows=np.arange(count),
        clean=np.ones(count, np.bool_),
        sources=sources,
        choosing=np.ones(count, np.bool_),
        names=row_names(np.arange(count)),
    )
