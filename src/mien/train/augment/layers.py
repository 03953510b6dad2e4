"""Augmentation as layers that are wrapped around a net and left behind at export.

Pictures are (N, H, W, C) float32 of values 0 to 255. Every layer draws from its own seed generator, and does nothing
unless it is called for training. They come in the order in which a camera does harm: framing, light, what stands in
the way, optics, sensor, file.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from mien.train.augment.degrade import RandomJpeg, RandomNoise, RandomSoften
from mien.train.augment.random import RandomLayer, SometimesLayer
from mien.train.recipe import Recipe


class RandomAffine(RandomLayer):
    """Mirror, turn, scale and shift each picture at random, in one resampling; edge pixels are repeated outside.

    A share ``large_shift`` of the pictures is shifted by up to half a side instead, as badly framed faces are.
    """

    def __init__(
        self, flip: bool, rotation_deg: float, zoom: float, shift: float, large_shift: float, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.flip = flip
        self.rotation_rad = math.radians(rotation_deg)
        self.zoom = zoom
        self.shift = shift
        self.large_shift = large_shift

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, each under a transform of its own."""
        size = inputs.shape[1]
        angle = self.uniform(count, -self.rotation_rad, self.rotation_rad)
        scale = 1 / (1 + self.uniform(count, -self.zoom, self.zoom))
        mirror = ops.where(self.uniform(count, 0, 1) < 0.5, -1.0, 1.0) if self.flip else ops.ones((count, 1))
        reach = ops.where(self.uniform(count, 0, 1) < self.large_shift, 0.5, self.shift)
        move = size * reach * self.uniform(count, -1, 1, columns=2)
        cos, sin, centre = scale * ops.cos(angle), scale * ops.sin(angle), (size - 1) / 2
        # Output (x, y) is read at input (a x + b y + c, d x + e y + f), turned about the centre of the picture.
        a, b, d, e = cos * mirror, -sin, sin * mirror, cos
        c = centre - a * centre - b * centre + move[:, :1]
        f = centre - d * centre - e * centre + move[:, 1:]
        return warp(inputs, ops.concatenate([a, b, c, d, e, f], axis=1))


class RandomLight(RandomLayer):
    """Change gamma, contrast and brightness of each picture at random, within what bytes can show.

    ``gamma`` is the largest change of the exponent either way, in powers of two.
    """

    def __init__(self, amount: float, gamma: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.amount = amount
        self.gamma = gamma

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, each under a light of its own."""
        exponent = 2 ** self.each(count, -self.gamma, self.gamma)
        contrast = 1 + self.each(count, -self.amount, self.amount)
        brightness = 255 * self.each(count, -self.amount, self.amount)
        # A level of zero has no finite slope under an exponent below one.
        lit = ops.multiply(255, ops.power(ops.maximum(inputs, 1) / 255, exponent))
        mean = ops.mean(lit, axis=(1, 2, 3), keepdims=True)
        return ops.clip((lit - mean) * contrast + mean + brightness, 0, 255)


class RandomErase(SometimesLayer):
    """Cover a rectangle of some pictures with one random grey (random erasing, Zhong et al., 2017).

    As there, the rectangle takes 2 to 33 % of the picture and is up to 3.3 times as long as wide; what reaches beyond
    the picture is lost.
    """

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, some with a rectangle covered."""
        size = inputs.shape[1]
        side = size * ops.sqrt(self.uniform(count, 0.02, 0.33))
        stretch = ops.exp(self.uniform(count, -math.log(3.3), math.log(3.3)) / 2)
        half = ops.concatenate([side * stretch, side / stretch], axis=1) / 2
        centre = self.uniform(count, 0, size, columns=2)
        place = ops.arange(size, dtype="float32")[None]
        rows = ops.cast(ops.abs(place - centre[:, :1]) < half[:, :1], "float32")
        columns = ops.cast(ops.abs(place - centre[:, 1:]) < half[:, 1:], "float32")
        mask = rows[:, :, None, None] * columns[:, None, :, None] * self.chosen(count)
        grey = self.each(count, 0, 255)
        return inputs * (1 - mask) + grey * mask


def augment(recipe: Recipe, net: keras.Model) -> keras.Model:
    """Return the net with the recipe's augmentation before it; its input is (N, H, W, 1) uint8."""
    return frame(recipe, harm(recipe, net))


def frame(recipe: Recipe, net: keras.Model) -> keras.Model:
    """Return the net with what the recipe does to framing and light before it; its input is (N, H, W, 1) uint8."""
    faces = keras.Input(net.input_shape[1:], dtype="uint8")
    x = keras.layers.Rescaling(1.0, dtype="float32")(faces)
    if recipe.flip or recipe.rotation_deg or recipe.zoom or recipe.shift or recipe.large_shift:
        x = RandomAffine(recipe.flip, recipe.rotation_deg, recipe.zoom, recipe.shift, recipe.large_shift)(x)
    if recipe.light or recipe.gamma:
        x = RandomLight(recipe.light, recipe.gamma)(x)
    return keras.Model(faces, net(x))


def harm(recipe: Recipe, net: keras.Model) -> keras.Model:
    """Return the net with what the recipe hides and degrades before it; its input is (N, H, W, 1) float32."""
    faces = x = keras.Input(net.input_shape[1:])
    if recipe.erase:
        x = RandomErase(recipe.erase)(x)
    if recipe.degrade:
        for layer in (RandomSoften, RandomNoise, RandomJpeg):
            x = layer(recipe.degrade)(x)
    return net if x is faces else keras.Model(faces, net(x))


def warp(pictures: Any, transform: Any) -> Any:
    """Resample square pictures (N, S, S, C) linearly; edge pixels go on outside.

    Args:
        pictures: (N, S, S, C) float32.
        transform: (N, 6) float32 a, b, c, d, e, f: the output's (x, y) is read at (a x + b y + c, d x + e y + f), in
            pixels.

    Returns:
        (N, S, S, C) float32.
    """
    if keras.backend.backend() != "torch":
        rows = ops.concatenate([transform, ops.zeros_like(transform[:, :2])], axis=1)
        return ops.image.affine_transform(pictures, rows, fill_mode="nearest")
    import torch

    # torch counts from -1 to 1 between the outer edges of the picture, whose centre stays at 0.
    size = pictures.shape[1]
    rows = transform.reshape(-1, 2, 3)
    centre = rows.new_tensor([(size - 1) / 2, (size - 1) / 2, 1])
    offset = (rows @ centre - centre[:2]) * 2 / size
    grid = torch.nn.functional.affine_grid(
        torch.cat([rows[:, :, :2], offset[:, :, None]], dim=2), [len(rows), 1, size, size], align_corners=False
    )
    return torch.nn.functional.grid_sample(
        pictures.permute(0, 3, 1, 2), grid, padding_mode="border", align_corners=False
    ).permute(0, 2, 3, 1)
