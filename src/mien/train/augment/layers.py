"""Augmentation as Keras layers before a net, which are left out at export.

Pictures are (N, H, W, C) float32 of values 0 to 255. Every layer draws from its own seed generator, and does nothing
unless it is called for training. They come in the order in which a photo is made: framing, light, occlusion, optics,
sensor, file. Models that have them are saved and read as Keras' own; import this module before one is read.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import keras
import numpy as np
from keras import ops, random
from numpy.typing import NDArray

from mien.train.recipe import Recipe


class RandomLayer(keras.layers.Layer):
    """A layer that draws random numbers for the N pictures of a batch from a seed generator of its own."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"dtype": "float32", **settings})
        self.seed_generator = random.SeedGenerator(0)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the pictures (N, H, W, 1), changed if in training."""
        return self.change(inputs, ops.shape(inputs)[0]) if training else inputs

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures changed; count is N."""
        raise NotImplementedError

    def uniform(self, count: Any, low: float, high: float, columns: int = 1) -> Any:
        """Return random numbers between low and high, (N, columns)."""
        return random.uniform((count, columns), low, high, seed=self.seed_generator)

    def each(self, count: Any, low: float, high: float) -> Any:
        """Return a random number for each picture, (N, 1, 1, 1)."""
        return ops.reshape(self.uniform(count, low, high), (-1, 1, 1, 1))


class SometimesLayer(RandomLayer):
    """A layer that changes each picture with a probability."""

    def __init__(self, probability: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.probability = probability

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make such a layer."""
        return {**super().get_config(), "probability": self.probability}

    def chosen(self, count: Any) -> Any:
        """Return 1 for the pictures to change and 0 for the others, (N, 1, 1, 1) float32."""
        return ops.cast(self.each(count, 0, 1) < self.probability, "float32")


@keras.saving.register_keras_serializable(package="mien")
class RandomAffine(RandomLayer):
    """Mirror, rotate, scale and shift each picture at random, in one resampling; edge pixels are repeated outside.

    A share ``large_shift`` of the pictures is shifted by up to half a side instead, like badly framed faces.
    """

    def __init__(
        self, flip: bool, rotation_deg: float, zoom: float, shift: float, large_shift: float, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.flip = flip
        self.rotation_deg = rotation_deg
        self.zoom = zoom
        self.shift = shift
        self.large_shift = large_shift

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make such a layer."""
        own = ("flip", "rotation_deg", "zoom", "shift", "large_shift")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, each with a random transform."""
        size = inputs.shape[1]
        rotation_rad = math.radians(self.rotation_deg)
        angle = self.uniform(count, -rotation_rad, rotation_rad)
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


@keras.saving.register_keras_serializable(package="mien")
class RandomLight(RandomLayer):
    """Change gamma, contrast and brightness of each picture at random, clipped to 0 to 255.

    ``gamma`` is the largest change of the exponent either way, in powers of two.
    """

    def __init__(self, amount: float, gamma: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.amount = amount
        self.gamma = gamma

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make such a layer."""
        return {**super().get_config(), "amount": self.amount, "gamma": self.gamma}

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, each with a random light."""
        exponent = 2 ** self.each(count, -self.gamma, self.gamma)
        contrast = 1 + self.each(count, -self.amount, self.amount)
        brightness = 255 * self.each(count, -self.amount, self.amount)
        # At zero the gradient of a power below one is infinite.
        lit = ops.multiply(255, ops.power(ops.maximum(inputs, 1) / 255, exponent))
        mean = ops.mean(lit, axis=(1, 2, 3), keepdims=True)
        return ops.clip((lit - mean) * contrast + mean + brightness, 0, 255)


@keras.saving.register_keras_serializable(package="mien")
class RandomErase(SometimesLayer):
    """Cover a rectangle of some pictures with one random grey (random erasing, Zhong et al., 2017).

    As there, the rectangle has 2 to 33 % of the picture's area and is up to 3.3 times as long as wide; it may reach
    beyond the picture.
    """

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, some with a covered rectangle."""
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


@keras.saving.register_keras_serializable(package="mien")
class RandomSoften(SometimesLayer):
    """Blur some pictures, and reduce some to a low resolution and back.

    Both act on rows and columns alike, so each is a multiplication by an (S, S) matrix from both sides.
    """

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the matrices; the first one changes nothing."""
        size = input_shape[1]
        matrices = [np.eye(size, dtype=np.float32)]
        matrices += [blur_matrix(size, deviation_px) for deviation_px in np.linspace(size / 96, size / 24, 8)]
        matrices += [shrink_matrix(size, round(small_px)) for small_px in np.geomspace(size / 4, 3 * size / 4, 8)]
        self.matrices = np.stack(matrices)

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, some softened."""
        which = ops.cast(self.uniform(count, 1, len(self.matrices)), "int32")
        which = ops.where(self.uniform(count, 0, 1) < self.probability, which, 0)
        matrix = ops.take(ops.convert_to_tensor(self.matrices), which[:, 0], axis=0)
        return _from_both_sides(matrix, inputs)


@keras.saving.register_keras_serializable(package="mien")
class RandomNoise(SometimesLayer):
    """Add Gaussian noise of a random strength, up to an eighth of the range, to some pictures."""

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, some noisy."""
        deviation = self.each(count, 0, 255 / 8) * self.chosen(count)
        noise = random.normal(ops.shape(inputs), seed=self.seed_generator)
        return ops.clip(inputs + deviation * noise, 0, 255)


@keras.saving.register_keras_serializable(package="mien")
class RandomJpeg(SometimesLayer):
    """Quantise the discrete cosine transform of the 8x8 blocks of some pictures, like JPEG of quality 10 to 60.

    The side of the pictures must be a multiple of 8. Source: ITU-T T.81, annex K.1 (the table for brightness);
    its scaling by quality is that of the Independent JPEG Group's library.
    """

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the transform of a row of blocks and the quantisation table."""
        blocks = input_shape[1] // 8
        transform = np.kron(np.eye(blocks), cv2.dct(np.eye(8), flags=cv2.DCT_ROWS).T)
        self.transform = transform[None].astype(np.float32)
        self.steps = np.tile(JPEG_STEPS, (blocks, blocks))[None, :, :, None]

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, some with compression artefacts."""
        quality = self.each(count, 10, 60)
        scale = ops.where(quality < 50, 50 / quality, 2 - quality / 50)
        steps = ops.maximum(ops.multiply(self.steps, scale), 1)
        coefficients = _from_both_sides(ops.convert_to_tensor(self.transform), inputs - 128)
        back = ops.convert_to_tensor(self.transform.transpose(0, 2, 1))
        rounded = _from_both_sides(back, steps * ops.round(coefficients / steps)) + 128
        return ops.where(self.chosen(count) > 0, ops.clip(rounded, 0, 255), inputs)


JPEG_STEPS = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
"""(8, 8) quantisation steps of a block at quality 50."""


def blur_matrix(size: int, deviation_px: float) -> NDArray[np.float32]:
    """Return the (size, size) matrix that blurs a column of pixels by a Gaussian, with repeated edge pixels."""
    columns = np.eye(size, dtype=np.float32)
    return np.asarray(
        cv2.GaussianBlur(columns, (1, 0), sigmaX=0.1, sigmaY=deviation_px, borderType=cv2.BORDER_REPLICATE), np.float32
    )


def shrink_matrix(size: int, small_px: int) -> NDArray[np.float32]:
    """Return the (size, size) matrix that shrinks a column of pixels to small_px by area and enlarges it linearly."""
    small = cv2.resize(np.eye(size, dtype=np.float32), (size, small_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _from_both_sides(matrix: Any, pictures: Any) -> Any:
    """Return M P M' for matrices (N or 1, S, S) and pictures (N, S, S, 1)."""
    planes = ops.squeeze(pictures, axis=-1)
    return ops.expand_dims(ops.matmul(ops.matmul(matrix, planes), ops.transpose(matrix, (0, 2, 1))), axis=-1)


def augment(recipe: Recipe, net: keras.Model) -> keras.Model:
    """Return the net with the recipe's augmentation before it; its input is (N, H, W, 1) uint8."""
    return augment_framing(recipe, augment_corruption(recipe, net))


def augment_framing(recipe: Recipe, net: keras.Model) -> keras.Model:
    """Return the net with the recipe's changes of framing and light before it; its input is (N, H, W, 1) uint8."""
    faces = keras.Input(net.input_shape[1:], dtype="uint8")
    x = keras.layers.Rescaling(1.0, dtype="float32")(faces)
    if recipe.flip or recipe.rotation_deg or recipe.zoom or recipe.shift or recipe.large_shift:
        x = RandomAffine(recipe.flip, recipe.rotation_deg, recipe.zoom, recipe.shift, recipe.large_shift)(x)
    if recipe.light or recipe.gamma:
        x = RandomLight(recipe.light, recipe.gamma)(x)
    return keras.Model(faces, net(x))


def augment_corruption(recipe: Recipe, net: keras.Model) -> keras.Model:
    """Return the net with the recipe's occlusion and degradation before it; its input is (N, H, W, 1) float32."""
    faces = x = keras.Input(net.input_shape[1:])
    if recipe.erase:
        x = RandomErase(recipe.erase)(x)
    if recipe.degrade:
        for layer in (RandomSoften, RandomNoise, RandomJpeg):
            x = layer(recipe.degrade)(x)
    return net if x is faces else keras.Model(faces, net(x))


def warp(pictures: Any, transform: Any) -> Any:
    """Resample square pictures (N, S, S, C) linearly, with repeated edge pixels.

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

    # torch has coordinates from -1 to 1 between the outer edges of the picture, with 0 at its centre.
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
