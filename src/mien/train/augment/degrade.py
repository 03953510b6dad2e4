"""Augmentation by what optics, sensors and files do to a picture: blur, low resolution, noise, JPEG.

Pictures are (N, S, S, 1) float32 of values 0 to 255, as in ``train.augment.layers``.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from keras import ops, random
from numpy.typing import NDArray

from mien.train.augment.random import SometimesLayer


class RandomSoften(SometimesLayer):
    """Blur some pictures, and bring some down to a low resolution and back.

    Both act on rows and columns alike, so each is a matrix of (S, S) on either side of a picture.
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
        return _sandwich(matrix, inputs)


class RandomNoise(SometimesLayer):
    """Add Gaussian noise of a random strength, up to an eighth of the range, to some pictures."""

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, some noisy."""
        deviation = self.each(count, 0, 255 / 8) * self.chosen(count)
        noise = random.normal(ops.shape(inputs), seed=self.seed_generator)
        return ops.clip(inputs + deviation * noise, 0, 255)


class RandomJpeg(SometimesLayer):
    """Round the discrete cosine transform of the 8x8 blocks of some pictures, as JPEG of quality 10 to 60 does.

    Pictures whose side is no multiple of 8 are not accepted. Source: ITU-T T.81, annex K.1 (the table for brightness);
    its scaling by quality is that of the Independent JPEG Group's library.
    """

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the transform of a row of blocks and the table of steps."""
        blocks = input_shape[1] // 8
        transform = np.kron(np.eye(blocks), cv2.dct(np.eye(8), flags=cv2.DCT_ROWS).T)
        self.transform = transform[None].astype(np.float32)
        self.steps = np.tile(JPEG_STEPS, (blocks, blocks))[None, :, :, None]

    def change(self, inputs: Any, count: Any) -> Any:
        """Return the pictures, some with the marks of compression."""
        quality = self.each(count, 10, 60)
        scale = ops.where(quality < 50, 50 / quality, 2 - quality / 50)
        steps = ops.maximum(ops.multiply(self.steps, scale), 1)
        coefficients = _sandwich(ops.convert_to_tensor(self.transform), inputs - 128)
        back = ops.convert_to_tensor(self.transform.transpose(0, 2, 1))
        rounded = _sandwich(back, steps * ops.round(coefficients / steps)) + 128
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
"""(8, 8) steps to which the coefficients of a block are rounded at quality 50."""


def blur_matrix(size: int, deviation_px: float) -> NDArray[np.float32]:
    """Return the (size, size) matrix that blurs a column of pixels by a Gaussian; edge pixels go on outside."""
    columns = np.eye(size, dtype=np.float32)
    return np.asarray(
        cv2.GaussianBlur(columns, (1, 0), sigmaX=0.1, sigmaY=deviation_px, borderType=cv2.BORDER_REPLICATE), np.float32
    )


def shrink_matrix(size: int, small_px: int) -> NDArray[np.float32]:
    """Return the (size, size) matrix that brings a column of pixels down to small_px by area and back by lines."""
    small = cv2.resize(np.eye(size, dtype=np.float32), (size, small_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _sandwich(matrix: Any, pictures: Any) -> Any:
    """Return M P M' for matrices (N or 1, S, S) and pictures (N, S, S, 1)."""
    planes = ops.squeeze(pictures, axis=-1)
    return ops.expand_dims(ops.matmul(ops.matmul(matrix, planes), ops.transpose(matrix, (0, 2, 1))), axis=-1)
