"""Batches, random seeds and learning rate of each epoch, which depend on the recipe and the epoch alone."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from mien.train.augment.mix import mix
from mien.train.recipe import Recipe
from mien.train.sampling import draw


class Batches(keras.utils.PyDataset):
    """The training faces in batches, in an order that depends on seed and epoch alone.

    Args:
        images: (N, S, S, 1) uint8.
        targets: (N, K) float32.
        recipe: gives the batch size, the seed and the share of mixed faces.
        rates: (N,) how often each face is drawn in an epoch on average; None for once each.

    Attributes:
        order: indices of the faces of this epoch, in the order of the batches.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        targets: NDArray[np.float32],
        recipe: Recipe,
        rates: NDArray[np.float64] | None = None,
    ) -> None:
        super().__init__()
        self._images, self._targets, self._rates = images, targets, rates
        self._batch_size, self._seed, self._mix = recipe.batch_size, recipe.seed, recipe.mix
        self.start(epoch=0)

    def start(self, epoch: int) -> None:
        """Draw the faces of an epoch, or shuffle them."""
        self._epoch = epoch
        random = np.random.default_rng([self._seed, epoch])
        self.order = random.permutation(len(self._images)) if self._rates is None else draw(self._rates, random)

    def __len__(self) -> int:
        """Return the number of batches; a last incomplete one is left out, unless it is the only one."""
        return max(1, len(self.order) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return the faces and targets of one batch."""
        rows = self.order[index * self._batch_size : (index + 1) * self._batch_size]
        if not self._mix:
            return self._images[rows], self._targets[rows]
        random = np.random.default_rng([self._seed, self._epoch, index])
        return mix(self._images[rows], self._targets[rows], self._mix, random)


def begin_epoch(model: keras.Model, batches: Batches, seed: int, epoch: int) -> None:
    """Seed the order of the faces and all random numbers by seed and epoch."""
    batches.start(epoch)
    keras.utils.set_random_seed(seed * 10_000 + epoch)
    for place, layer in enumerate(layers_of(model)):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            # Steps of a million leave room for the counter of an epoch's random numbers.
            generator.state.assign([seed * 1_000 + place, epoch * 1_000_000])


def layers_of(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a model and of the models inside it, in order."""
    nested = [layers_of(layer) if isinstance(layer, keras.Model) else [layer] for layer in model.layers]
    return [layer for layers in nested for layer in layers]


WARMUP_SHARE = 0.5
"""Largest share of a run that the warm-up takes, for runs of a few epochs."""


def learning_rate(recipe: Recipe, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Return the learning rate for epochs of a number of steps: a linear warm-up, then half a cosine, or a constant."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    warmup = int(min(recipe.warmup_epochs, WARMUP_SHARE * recipe.epochs) * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else recipe.learning_rate,
        decay_steps=recipe.epochs * steps - warmup,
        warmup_target=recipe.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
