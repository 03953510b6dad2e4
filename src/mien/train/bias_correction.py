"""Bias correction: the last layer's biases shifted to what the validation faces show, for a net that learnt votes."""

from __future__ import annotations

import keras
import numpy as np

from mien.core.metrics import fit_offsets
from mien.core.types import Floats
from mien.data.split import Split
from mien.train.recipe import Recipe
from mien.train.targets import make_targets


def correct_bias(net: keras.Model, recipe: Recipe, valid_split: Split) -> Floats:
    """Shift the last biases of a net of ``eight-votes`` so that they fit the first choices on the validation faces.

    Shares of votes are what it learns, and the first choice is what it is scored by: four of ten faces are neutral, but
    a third of the votes. No temperature makes up for that, see ``metrics.fit_offsets``.

    Args:
        net: (N, S, S, 1) uint8 -> logits (N, K) over the labels of the recipe's target; ends with a dense layer.
        recipe: how it was trained; a net with another target is left as it is.
        valid_split: the faces on which it is fitted.

    Returns:
        The logits (N, K) of those of its faces that count under the target, as the corrected net predicts them.
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
