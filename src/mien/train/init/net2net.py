"""A wider net that begins where a narrower one ended (T. Chen, I. Goodfellow and J. Shlens, "Net2Net", 2016)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mien.core.types import Floats

NOISE = 0.02
"""By what share, one standard deviation, the weights of an added channel differ from those that they repeat: two that
are equal would learn the same."""


def net2wider(weights: Sequence[Floats], shapes: Sequence[tuple[int, ...]], seed: int) -> list[Floats]:
    """Return the weights of a chain of layers for a chain with more channels, which predicts almost the same.

    Each added channel repeats a random one of its layer, and the next layer shares that one's weight between the two.

    Args:
        weights: kernels (..., inputs, outputs), each followed by the vectors (outputs,) that belong to its outputs.
        shapes: those of the wider chain, as many and in the same order.
        seed: of the draws and of the noise.
    """
    random = np.random.default_rng(seed)
    made: list[Floats] = []
    channels = np.arange(weights[0].shape[-2])
    for array, shape in zip(weights, shapes, strict=True):
        if array.ndim > 1:
            shared = array / np.bincount(channels)[:, None]
            inputs, channels = channels, _repeated(array.shape[-1], shape[-1], random)
            wide = shared[..., inputs, :][..., channels]
            wide[..., array.shape[-1] :] *= random.normal(1, NOISE, wide[..., array.shape[-1] :].shape)
            made.append(wide.astype(np.float32))
        else:
            made.append(array[channels])
    return made


def _repeated(count: int, wanted: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return which of count channels each of the wanted ones is: all in their order, then some at random."""
    return np.concatenate([np.arange(count), np.resize(random.permutation(count), wanted - count)])
