"""Anonymizing: faces blurred beyond recognition, in pictures that are shown to others."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats, Image
from mien.core.faces import Faces

BLUR_CELLS = 4
"""Pixels that are left of the longer side of a face. No sharpening restores what 4 x 4 do not hold."""

BLUR_REACH = 1.35
"""Axes of the blurred ellipse as multiples of the box's sides, so that it covers hair, ears and chin."""

BLUR_FADE = 0.12
"""Width of the rim where the blur fades out, as a share of the axes; it is outside ``BLUR_REACH``."""


def blur_faces(image: Image, faces: Faces) -> Image:
    """Return a copy of image (H, W, 3) uint8 RGB with the given faces anonymized.

    Each face is averaged to a few pixels and enlarged smoothly, so the copy holds nothing that identifies the person.
    Overlapping faces are done one after the other.

    Args:
        image: (H, W, 3) uint8 RGB, which is not changed.
        faces: the faces, in pixels of image; boxes outside it or with NaN are skipped.
    """
    anonymous = image.copy()
    for box in faces.boxes:
        _anonymize(anonymous, box)
    return anonymous


def _anonymize(canvas: Image, box: Floats) -> None:
    """Blur in and around box (4,) float32, in place."""
    if np.isnan(box).any():
        return
    size = np.array([canvas.shape[1], canvas.shape[0]], np.float64)
    # A box that extends one picture's size beyond the picture acts like an infinite one, but can be computed with.
    low, high = np.sort(np.clip(box.astype(np.float64).reshape(2, 2), -size, 2 * size), axis=0)
    centre, half = (low + high) / 2, np.maximum((high - low) / 2, 0.5) * BLUR_REACH
    outer = half * (1 + BLUR_FADE)
    x1, y1 = np.clip(np.floor(centre - outer), 0, size).astype(int).tolist()
    x2, y2 = np.clip(np.ceil(centre + outer), 0, size).astype(int).tolist()
    if x1 >= x2 or y1 >= y2:
        return
    patch = canvas[y1:y2, x1:x2]
    x = (np.arange(x1, x2) + 0.5 - centre[0]) / half[0]
    y = (np.arange(y1, y2) + 0.5 - centre[1]) / half[1]
    beyond = np.hypot(x[None, :], y[:, None])
    share = np.clip((1 + BLUR_FADE - beyond) / BLUR_FADE, 0, 1).astype(np.float32)[:, :, None]
    patch[...] = np.rint(patch + share * (_blurred(patch, float(2 * half.max() / BLUR_REACH)) - patch)).astype(np.uint8)


def _blurred(patch: Image, face_px: float) -> NDArray[np.float32]:
    """Return patch (h, w, 3) uint8 as float32, with no more detail than ``BLUR_CELLS`` pixels across a face hold."""
    height, width = patch.shape[:2]
    cell_px = max(face_px / BLUR_CELLS, 1)
    size = max(1, round(width / cell_px)), max(1, round(height / cell_px))
    cells = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC), np.float32).clip(0, 255)
