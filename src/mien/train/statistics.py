"""Batch normalisation behind averaged weights: statistics of the average, not of the weights that it is made of."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras

from mien.train.epochs import Batches, begin_epoch, layers_of
from mien.train.recipe import Recipe

BATCHES = 32
"""How many batches the statistics are the mean of."""


def renew_statistics(model: keras.Model, batches: Batches, recipe: Recipe) -> None:
    """Set the statistics of batch normalisation to their mean over augmented training faces; nothing else changes.

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
