"""Batch-norm statistics: the first of a net that came without them, and their re-estimation for averaged weights."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np

from mien.core.types import Floats
from mien.train.epochs import Batches, begin_epoch, layers_of
from mien.train.recipe import Recipe

BATCHES = 32
"""How many batches the statistics are the mean of."""


def initialize_batch_norm(
    net: keras.Model, convolutions: Sequence[Any], norms: Sequence[Any], offsets: Sequence[Floats], faces: Floats
) -> None:
    """Let each batch normalisation add an offset and, on the given faces, change nothing else.

    So a net whose convolutions have taken their normalisation in answers the same while it trains and at rest.

    Args:
        net: with the weights of its convolutions.
        convolutions: its layers.
        norms: the layer behind each of them.
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
    """Re-estimate the batch-norm statistics as their mean over augmented training faces; nothing else changes.

    While a net is fitted they follow its weights, which are not those that are kept where the recipe averages them.
    Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018, section 3.

    Args:
        model: what was fitted, with the averaged weights in it.
        batches: what it was fitted to.
        recipe: gives the seed, and the number of the epoch that would come next.
    """
    begin_epoch(model, batches, recipe.seed, recipe.epochs)
    norms: list[Any] = [layer for layer in layers_of(model) if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    with _without_gradients():
        for seen in range(min(BATCHES, len(batches)) if norms else 0):
            for norm in norms:
                norm.momentum = seen / (seen + 1)
            model(batches[seen][0], training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _without_gradients() -> AbstractContextManager[object]:
    """Keep torch, which records every call, from holding what each batch leaves for gradients that nobody asks for."""
    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()
