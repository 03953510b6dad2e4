"""Augmentation as layers that are wrapped around a net and left behind at export.

Pictures are (N, H, W, C) float32 of values 0 to 255. Every layer draws from its own seed generator, and does nothing
unless it is called for training.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops, random

from mien.train.recipe import Recipe


class _Random(keras.layers.Layer):
    """A layer with a seed generator."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(dtype="float32", **settings)
        self.seed_generator = random.SeedGenerator(0)

    def _uniform(self, count: Any, low: float, high: float, columns: int = 1) -> Any:
        return random.uniform((count, columns), low, high, seed=self.seed_generator)


class RandomAffine(_Random):
    """Mirror, turn, scale and shift each picture at random, in one resampling; edge pixels are repeated outside."""

    def __init__(self, flip: bool, rotation_deg: float, zoom: float, shift: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.flip = flip
        self.rotation_rad = math.radians(rotation_deg)
        self.zoom = zoom
        self.shift = shift

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the pictures, each under a transform of its own."""
        if not training:
            return inputs
        count, size = ops.shape(inputs)[0], inputs.shape[1]
        angle = self._uniform(count, -self.rotation_rad, self.rotation_rad)
        scale = 1 / (1 + self._uniform(count, -self.zoom, self.zoom))
        mirror = ops.where(self._uniform(count, 0, 1) < 0.5, -1.0, 1.0) if self.flip else ops.ones((count, 1))
        move = self._uniform(count, -self.shift * size, self.shift * size, columns=2)
        cos, sin, centre = scale * ops.cos(angle), scale * ops.sin(angle), (size - 1) / 2
        # Output (x, y) is read at input (a x + b y + c, d x + e y + f), turned about the centre of the picture.
        a, b, d, e = cos * mirror, -sin, sin * mirror, cos
        c = centre - a * centre - b * centre + move[:, :1]
        f = centre - d * centre - e * centre + move[:, 1:]
        zeros = ops.zeros_like(a)
        transform = ops.concatenate([a, b, c, d, e, f, zeros, zeros], axis=1)
        return ops.image.affine_transform(inputs, transform, fill_mode="nearest")


class RandomLight(_Random):
    """Change brightness and contrast of each picture at random, within what bytes can show."""

    def __init__(self, amount: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.amount = amount

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the pictures, each under a light of its own."""
        if not training:
            return inputs
        count = ops.shape(inputs)[0]
        contrast = ops.reshape(1 + self._uniform(count, -self.amount, self.amount), (-1, 1, 1, 1))
        brightness = ops.reshape(255 * self._uniform(count, -self.amount, self.amount), (-1, 1, 1, 1))
        mean = ops.mean(inputs, axis=(1, 2, 3), keepdims=True)
        return ops.clip((inputs - mean) * contrast + mean + brightness, 0, 255)


class RandomErase(_Random):
    """Cover a rectangle of some pictures with one random grey (random erasing, Zhong et al., 2017).

    The rectangle's sides are 15 to 45 % of the picture's, independently.
    """

    def __init__(self, probability: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.probability = probability

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the pictures, some with a rectangle covered."""
        if not training:
            return inputs
        count, size = ops.shape(inputs)[0], inputs.shape[1]
        half = self._uniform(count, 0.075 * size, 0.225 * size, columns=2)
        centre = self._uniform(count, 0, size, columns=2)
        place = ops.arange(size, dtype="float32")[None]
        rows = ops.cast(ops.abs(place - centre[:, :1]) < half[:, :1], "float32")
        columns = ops.cast(ops.abs(place - centre[:, 1:]) < half[:, 1:], "float32")
        chosen = ops.cast(self._uniform(count, 0, 1) < self.probability, "float32")
        mask = (rows * chosen)[:, :, None, None] * columns[:, None, :, None]
        grey = ops.reshape(self._uniform(count, 0, 255), (-1, 1, 1, 1))
        return inputs * (1 - mask) + grey * mask


def augment(recipe: Recipe, net: keras.Model) -> keras.Model:
    """Return the net with the recipe's augmentation before it; its input is (N, H, W, 1) uint8."""
    faces = keras.Input(net.input_shape[1:], dtype="uint8")
    x = keras.layers.Rescaling(1.0, dtype="float32")(faces)
    if recipe.flip or recipe.rotation_deg or recipe.zoom or recipe.shift:
        x = RandomAffine(recipe.flip, recipe.rotation_deg, recipe.zoom, recipe.shift)(x)
    if recipe.light:
        x = RandomLight(recipe.light)(x)
    if recipe.erase:
        x = RandomErase(recipe.erase)(x)
    return keras.Model(faces, net(x))
