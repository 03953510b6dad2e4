"""What every augmentation layer shares: its own seed, and numbers shaped for pictures."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops, random


class RandomLayer(keras.layers.Layer):
    """A layer that draws numbers for the N pictures of a batch from a seed generator of its own."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(dtype="float32", **settings)
        self.seed_generator = random.SeedGenerator(0)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the pictures (N, H, W, 1), changed in training alone."""
        return self.change(inputs, ops.shape(inputs)[0]) if training else inputs

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures changed; count is N."""
        raise NotImplementedError

    def uniform(self, count: Any, low: float, high: float, columns: int = 1) -> Any:
        """Return numbers between low and high, (N, columns)."""
        return random.uniform((count, columns), low, high, seed=self.seed_generator)

    def each(self, count: Any, low: float, high: float) -> Any:
        """Return a number for each picture, (N, 1, 1, 1)."""
        return ops.reshape(self.uniform(count, low, high), (-1, 1, 1, 1))


class SometimesLayer(RandomLayer):
    """A layer that changes a share of the pictures."""

    def __init__(self, probability: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.probability = probability

    def chosen(self, count: Any) -> Any:
        """Return 1 for the pictures that are drawn and 0 for the others, (N, 1, 1, 1) float32."""
        return ops.cast(self.each(count, 0, 1) < self.probability, "float32")
