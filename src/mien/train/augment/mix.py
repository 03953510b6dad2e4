"""Faces made of two: blended (mixup, Zhang et al., 2017), or the eyes of one over the mouth of the other.

Nobody labelled such faces, but a teacher can be asked about them, and there are as many as there are pairs. FER2013's
faces sit alike in their frames, so the halves of two make a face.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEAM = (0.45, 0.7)
"""How far down a seam may lie: under the eyes and above the mouth, as FER2013 frames a face.

See lab/framing/framing.md.
"""
SOFT = 0.1
"""Over how much of the height one half goes over into the other."""


def mix(
    images: NDArray[np.uint8], targets: NDArray[np.float32], share: float, random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the faces (N, S, S, 1) and their targets (N, K), a share of them mixed with another one of them.

    Half of the mixed ones are blends, in any proportion, half have the lower part of another face, brought to their
    own brightness and contrast. The targets are mixed as the pixels are.

    Args:
        images: (N, S, S, 1) uint8.
        targets: (N, K) float32.
        share: of the faces that are mixed, 0 to 1.
        random: the generator.
    """
    count, size = images.shape[:2]
    own = np.where(random.random((count, 1)) < 0.5, _blends(count, size, random), _seams(count, size, random))
    own = np.where(random.random((count, 1)) < share, own, 1.0).astype(np.float32)
    partner = random.permutation(count)
    faces = images.astype(np.float32)
    weight = own[:, :, None, None]
    mixed = weight * faces + (1 - weight) * _lit_alike(faces[partner], faces)
    pixels = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    kept = own.mean(axis=1, keepdims=True)
    return pixels, kept * targets + (1 - kept) * targets[partner]


def _blends(count: int, size: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return what is kept of each row (N, S): the same of all rows of a face, half or more."""
    return np.broadcast_to(random.uniform(0.5, 1, (count, 1)), (count, size))


def _seams(count: int, size: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return what is kept of each row (N, S): those above a seam, with a soft edge."""
    seam = random.uniform(*SEAM, (count, 1))
    rows = (np.arange(size) + 0.5) / size
    return np.clip((seam - rows) / SOFT + 0.5, 0, 1)


def _lit_alike(faces: NDArray[np.float32], models: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return faces (N, S, S, 1) with the mean and the deviation of others."""

    def levels(pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return pictures.mean((1, 2, 3), keepdims=True), pictures.std((1, 2, 3), keepdims=True)

    (mean, deviation), (aim_mean, aim_deviation) = levels(faces), levels(models)
    return (faces - mean) * (aim_deviation / np.maximum(deviation, 1)) + aim_mean
