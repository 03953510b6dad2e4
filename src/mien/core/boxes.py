"""Rectangles: how far two overlap, and which of many stand for one face.

A box is x1, y1, x2, y2 in pixels; a pixel (column, row) fills column..column + 1, row..row + 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.types import Floats


def iou(first: Floats, second: Floats) -> Floats:
    """Return the intersection over union of every pair, (N, M) float32, 0 to 1, of boxes (N, 4) and (M, 4) float32.

    A box without area overlaps nothing, itself included.
    """
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (high - low).clip(min=0).prod(axis=2)
    union = area(first)[:, None] + area(second)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0).clip(0, 1)


def area(boxes: Floats) -> Floats:
    """Return the areas (N,) float32, in square pixels, of boxes (N, 4) float32; 0 where a corner is out of order."""
    return (boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1)


def clip(boxes: Floats, width: int, height: int) -> Floats:
    """Return the part of boxes (N, 4) float32 that lies in a picture of width x height pixels."""
    return boxes.clip(0, np.array([width, height, width, height], np.float32))


def square(boxes: Floats, margin: float = 1.0) -> Floats:
    """Return squares (N, 4) float32 on the centres of boxes (N, 4) float32.

    Args:
        boxes: x1, y1, x2, y2 in pixels.
        margin: the square's side as a multiple of the box's longer side; 1 is the box itself.
    """
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.abs(boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) * np.float32(margin / 2)
    return np.hstack([centre - half, centre + half])


def nms(boxes: Floats, scores: Floats, max_iou: float) -> NDArray[np.int64]:
    """Return the rows to keep, (M,) int64, best score first: each overlaps no better one by more than max_iou.

    Args:
        boxes: (N, 4) float32.
        scores: (N,) float32; of equal ones the earlier row counts as the better.
        max_iou: 0 to 1.
    """
    rest = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(rest):
        best, rest = rest[:1], rest[1:]
        kept.append(int(best[0]))
        rest = rest[iou(boxes[best], boxes[rest])[0] <= max_iou]
    return np.array(kept, np.int64)
