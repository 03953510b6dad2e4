"""What every augmentation layer shares: its own source of chance, and numbers shaped for pictures."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops, random


class RandomLayer(keras.layers.Layer):
    """A layer that draws numbers for the N pictures of a batch from a seed generator of its own."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(dtype="float32", **settings)
        self.seed_generator = random.SeedGenerator(0)

    def uniform(self, count: Any, low: float, high: float, columns: int = 1) -> Any:
        """Return numbers between low and high, (N, columns)."""
        return random.uniform((count, columns), low, high, seed=self.seed_generator)

    def each(self, count: Any, low: float, high: float) -> Any:
        """Return a number for each picture, (N, 1, 1, 1)."""
        return ops.reshape(self.uniform(count, low, high), (-1, 1, 1, 1))

    def chosen(self, count: Any, probability: float) -> Any:
        """Return 1 for the pictures that are drawn and 0 for the others, (N, 1, 1, 1) float32."""
        return ops.cast(self.each(count, 0, 1) < probability, "float32")
