"""Bias correction: the biases of the last layer fitted on validation faces, for a net trained on votes."""

from __future__ import annotations

import keras
import numpy as np

from mien.core.arrays import Floats
from mien.core.metrics import fit_offsets
from mien.data.split import Split
from mien.train.recipe import Recipe
from mien.train.targets import make_targets


def correct_bias(net: keras.Model, recipe: Recipe, valid_split: Split) -> Floats:
    """Shift the last biases of a net with the target ``eight-votes`` to fit the majority labels of validation faces.

    It learns shares of votes, but is scored by the emotion with the most votes: four of ten faces are neutral, but a
    third of the votes. No temperature corrects that, see ``metrics.fit_offsets``.

    Args:
        net: (N, S, S, 1) uint8 -> logits (N, K) over the labels of the recipe's target; its last layer is dense.
        recipe: of the net; one with another target is not changed.
        valid_split: the faces to fit on.

    Returns:
        The logits (N, K) of the corrected net for the validation faces that count under the target.
    """
    rows, targets = make_targets(valid_split, recipe.target, smoothing=0.0)
    logits = np.asarray(net.predict(valid_split.images[rows][..., None], batch_size=256, verbose=0), np.float32)
    if recipe.target != "eight-votes":
        return logits
    offsets = fit_offsets(logits, targets.argmax(axis=1)).astype(np.float32)
    head = net.layers[-1]
    kernel, biases = head.get_weights()
    head.set_weights([kernel, biases + offsets])
    return logits + offsets
