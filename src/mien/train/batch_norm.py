"""Batch-norm statistics: initial ones for a net without, and their re-estimation for averaged weights."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np

from mien.core.arrays import Floats
from mien.train.epochs import Batches, begin_epoch, layers_of
from mien.train.recipe import Recipe

REESTIMATE_BATCHES = 32
"""Number of batches that the re-estimated statistics are the mean of."""


def initialize_batch_norm(
    net: keras.Model, convolutions: Sequence[Any], norms: Sequence[Any], offsets: Sequence[Floats], faces: Floats
) -> None:
    """Set each batch normalisation so that it adds an offset and, on the given faces, changes nothing else.

    So a net with its normalisation folded into the convolutions predicts the same in training and in inference.

    Args:
        net: with the weights of its convolutions set.
        convolutions: its convolutions.
        norms: the batch normalisation after each of them.
        offsets: what each of those adds, one value a channel.
        faces: (N, S, S, 1), grey levels; some hundreds.
    """
    for norm, offset in zip(norms, offsets, strict=True):
        _set_batch_norm(norm, offset, np.zeros_like(offset), np.ones_like(offset))
    seen = keras.Model(net.input, [convolution.output for convolution in convolutions])
    for norm, offset, values in zip(norms, offsets, seen.predict(faces, batch_size=128, verbose=0), strict=True):
        levels = np.asarray(values, np.float32)
        _set_batch_norm(norm, offset, levels.mean((0, 1, 2)), levels.var((0, 1, 2)))


def _set_batch_norm(norm: Any, offset: Floats, mean: Floats, variance: Floats) -> None:
    norm.set_weights([np.sqrt(variance + norm.epsilon), offset + mean, mean, variance])


def reestimate_batch_norm(model: keras.Model, batches: Batches, recipe: Recipe) -> None:
    """Re-estimate the batch-norm statistics as their mean over augmented training faces.

    In training they follow the raw weights; if the recipe averages the weights, the averaged ones need statistics of
    their own.
    Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018, section 3.

    Args:
        model: the fitted model, with the averaged weights.
        batches: what it was fitted to.
        recipe: gives the seed and the number of the next epoch.
    """
    begin_epoch(model, batches, recipe.seed, recipe.epochs)
    norms: list[Any] = [layer for layer in layers_of(model) if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    with _without_gradients():
        for seen in range(min(REESTIMATE_BATCHES, len(batches)) if norms else 0):
            for norm in norms:
                norm.momentum = seen / (seen + 1)
            model(batches[seen][0], training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _without_gradients() -> AbstractContextManager[object]:
    """Disable gradients in torch, which would otherwise store what it needs for them at every batch."""
    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()
