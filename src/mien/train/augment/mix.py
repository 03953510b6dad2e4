"""Mixed faces: two blended (mixup, Zhang et al., 2017), or the upper part of one with the lower part of another.

Such faces have no votes of their own, but a teacher can label them, and there are as many as pairs. FER2013's faces are
framed alike, so the parts of two make a face.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEAM_RANGE = (0.45, 0.7)
"""How far down the seam may be: below the eyes and above the mouth of a face as FER2013 frames it.

See lab/framing/framing.md.
"""
SEAM_BLEND = 0.1
"""Height of the transition from one part to the other, as a share of the side."""


def mix(
    images: NDArray[np.uint8], targets: NDArray[np.float32], share: float, random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the faces (N, S, S, 1) and their targets (N, K), a share of them each mixed with another.

    Half of the mixed ones are blends in random proportion, half have the lower part of another face, adjusted to their
    own brightness and contrast. The targets are mixed in the same proportion as the pixels.

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
    """Return the weight of the first face in each row (N, S): the same in all rows of a face, 0.5 or more."""
    return np.broadcast_to(random.uniform(0.5, 1, (count, 1)), (count, size))


def _seams(count: int, size: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return the weight of the first face in each row (N, S): 1 above a seam, 0 below it, with a soft edge."""
    seam = random.uniform(*SEAM_RANGE, (count, 1))
    rows = (np.arange(size) + 0.5) / size
    return np.clip((seam - rows) / SEAM_BLEND + 0.5, 0, 1)


def _lit_alike(faces: NDArray[np.float32], models: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return faces (N, S, S, 1) with the mean and standard deviation of others."""

    def levels(pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return pictures.mean((1, 2, 3), keepdims=True), pictures.std((1, 2, 3), keepdims=True)

    (mean, deviation), (target_mean, target_deviation) = levels(faces), levels(models)
    return (faces - mean) * (target_deviation / np.maximum(deviation, 1)) + target_mean
