"""Boxes: overlap, non-maximum suppression, squares.

A box is x1, y1, x2, y2 in pixels; a pixel (column, row) fills column..column + 1, row..row + 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats

FARTHEST_PX = 1e6
"""A box that reaches farther from the picture's corner than this is a detector's mistake."""


def iou(first: Floats, second: Floats) -> Floats:
    """Return the intersection over union of every pair, (N, M) float32, 0 to 1, of boxes (N, 4) and (M, 4) float32.

    A box without area overlaps nothing, itself included.
    """
    both = intersection(first, second)
    union = area(first)[:, None] + area(second)[None, :] - both
    return np.divide(both, union, out=np.zeros_like(both), where=union > 0).clip(0, 1)


def inside(first: Floats, second: Floats) -> Floats:
    """Return how much of the smaller box of every pair lies in the other, (N, M) float32, 0 to 1.

    Args:
        first: boxes (N, 4) float32.
        second: boxes (M, 4) float32. A box without area lies in nothing.
    """
    both = intersection(first, second)
    smaller = np.minimum(area(first)[:, None], area(second)[None, :])
    return np.divide(both, smaller, out=np.zeros_like(both), where=smaller > 0).clip(0, 1)


def intersection(first: Floats, second: Floats) -> Floats:
    """Return the area that every pair shares, (N, M) float32, in square pixels, of boxes (N, 4) and (M, 4) float32."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return (high - low).clip(min=0).prod(axis=2)


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


def left_to_right(boxes: Floats) -> NDArray[np.int64]:
    """Return the rows of boxes (N, 4) float32, (N,) int64, by their centres from left to right, equals from the top."""
    doubled = boxes[:, :2] + boxes[:, 2:]
    return np.lexsort((doubled[:, 1], doubled[:, 0]))


def nms(
    boxes: Floats, scores: Floats, max_overlap: float, overlap: Callable[[Floats, Floats], Floats] = iou
) -> NDArray[np.int64]:
    """Return the rows to keep, (M,) int64, best score first: none overlaps a better one by more than max_overlap.

    Args:
        boxes: (N, 4) float32.
        scores: (N,) float32; of equal ones the earlier row counts as the better.
        max_overlap: 0 to 1.
        overlap: boxes (N, 4) and (M, 4) -> (N, M), how far each pair overlaps.
    """
    rest = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(rest):
        best, rest = rest[:1], rest[1:]
        kept.append(int(best[0]))
        rest = rest[overlap(boxes[best], boxes[rest])[0] <= max_overlap]
    return np.array(kept, np.int64)
