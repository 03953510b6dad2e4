"""Affine transforms of pictures, in one step on torch too.

Keras' own loops over the pictures of a batch there (3.15), which costs seven times as much on a processor and thousands
of small kernels a step on an accelerator.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


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
