"""Anonymizing: faces made unrecognisable, in pictures that are shown to others."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.types import Faces, Floats, Image

CELLS = 4
"""What is left of a face, in pixels of its longer side. No sharpening brings back what 4 x 4 do not hold."""

REACH = 1.35
"""The ellipse's axes as multiples of the box's sides, so that it takes in hair, ears and chin."""

FADE = 0.12
"""The rim over which the picture passes into the ellipse, as a share of its axes; it lies outside ``REACH``."""


def blur_faces(image: Image, faces: Faces) -> Image:
    """Return a copy of image (H, W, 3) uint8 RGB in which the given faces are anonymized.

    Each face is reduced to a few pixels, the means of what they cover, and these are smoothed: what made it that
    person's is not in the copy any more. Overlapping faces are done one after the other.

    Args:
        image: (H, W, 3) uint8 RGB, which stays as it is.
        faces: the faces, in pixels of image; boxes outside it or not a number are passed over.
    """
    anonymous = image.copy()
    for box in faces.boxes:
        _anonymize(anonymous, box)
    return anonymous


def _anonymize(canvas: Image, box: Floats) -> None:
    """Anonymize what lies in and around box (4,) float32, in place."""
    if np.isnan(box).any():
        return
    size = np.array([canvas.shape[1], canvas.shape[0]], np.float64)
    # Infinities first become numbers; a box that is one picture's size larger acts like an infinite one.
    low, high = np.sort(np.clip(box.astype(np.float64).reshape(2, 2), -size, 2 * size), axis=0)
    centre, half = (low + high) / 2, np.maximum((high - low) / 2, 0.5) * REACH
    outer = half * (1 + FADE)
    x1, y1 = np.clip(np.floor(centre - outer), 0, size).astype(int).tolist()
    x2, y2 = np.clip(np.ceil(centre + outer), 0, size).astype(int).tolist()
    if x1 >= x2 or y1 >= y2:
        return
    patch = canvas[y1:y2, x1:x2]
    x = (np.arange(x1, x2) + 0.5 - centre[0]) / half[0]
    y = (np.arange(y1, y2) + 0.5 - centre[1]) / half[1]
    beyond = np.hypot(x[None, :], y[:, None])
    share = np.clip((1 + FADE - beyond) / FADE, 0, 1).astype(np.float32)[:, :, None]
    patch[...] = np.rint(patch + share * (_smeared(patch, float(2 * half.max() / REACH)) - patch)).astype(np.uint8)


def _smeared(patch: Image, face_px: float) -> NDArray[np.float32]:
    """Return patch (h, w, 3) uint8 as float32 with the detail left that ``CELLS`` across a face can hold."""
    height, width = patch.shape[:2]
    cell_px = max(face_px / CELLS, 1)
    size = max(1, round(width / cell_px)), max(1, round(height / cell_px))
    cells = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC), np.float32).clip(0, 255)
