"""Net2Net: initial weights of a wider net from a narrower one (T. Chen, I. Goodfellow and J. Shlens, 2016)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats

COPY_NOISE = 0.02
"""Relative standard deviation of the noise on the weights of copied channels: two equal ones would learn the same."""


def net2wider(weights: Sequence[Floats], shapes: Sequence[tuple[int, ...]], seed: int) -> list[Floats]:
    """Return the weights of a chain of layers for one with more channels, which predicts almost the same.

    Each added channel is a copy of a random one of its layer, and the next layer divides the weight between the two.

    Args:
        weights: kernels (..., inputs, outputs), each followed by the vectors (outputs,) that belong to its outputs.
        shapes: of the wider chain's weights, as many and in the same order.
        seed: of the random channels and the noise.
    """
    random = np.random.default_rng(seed)
    made: list[Floats] = []
    channels = np.arange(weights[0].shape[-2])
    for array, shape in zip(weights, shapes, strict=True):
        if array.ndim > 1:
            shared = array / np.bincount(channels)[:, None]
            inputs, channels = channels, _repeated(array.shape[-1], shape[-1], random)
            wide = shared[..., inputs, :][..., channels]
            wide[..., array.shape[-1] :] *= random.normal(1, COPY_NOISE, wide[..., array.shape[-1] :].shape)
            made.append(wide.astype(np.float32))
        else:
            made.append(array[channels])
    return made


def _repeated(count: int, wanted: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return the index among count channels of each of the wanted ones: all in order, then random ones."""
    return np.concatenate([np.arange(count), np.resize(random.permutation(count), wanted - count)])
