"""Paints boxes and colour into a picture, with smooth edges, and only near what is painted."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Image
from mien.core.emotions import Colour

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)


class Rect(NamedTuple):
    """A rectangle of whole pixels, x2 and y2 just beyond it."""

    x1: int
    y1: int
    x2: int
    y2: int

    def grown(self, by: int) -> Rect:
        """Return the rectangle with each side moved outwards."""
        return Rect(self.x1 - by, self.y1 - by, self.x2 + by, self.y2 + by)


def ring(canvas: Image, rect: Rect, line_px: int, colour: Colour) -> None:
    """Paint a rounded frame just inside rect, with a faint dark edge that sets it off from any background."""
    halo_px = max(1, line_px // 3)
    radius = min(4.0 * line_px, min(rect.x2 - rect.x1, rect.y2 - rect.y1) / 4)
    inner = rect.grown(-line_px)
    for strip in _strips(rect.grown(halo_px), ceil(radius) + line_px + 2 * halo_px):
        halo = cover_of(strip, rect.grown(halo_px), radius + halo_px)
        line = cover_of(strip, rect, radius)
        hole = cover_of(strip, inner, max(0.0, radius - line_px))
        inner_halo = cover_of(strip, inner.grown(-halo_px), max(0.0, radius - line_px - halo_px))
        blend(canvas, strip, np.float32(0.35) * (halo - line + hole - inner_halo), BLACK)
        blend(canvas, strip, line - hole, colour)


def _strips(rect: Rect, band_px: int) -> list[Rect]:
    """Return the parts of rect that lie within band_px of its sides, without overlap."""
    x1, y1, x2, y2 = rect
    if 2 * band_px >= min(x2 - x1, y2 - y1):
        return [rect]
    return [
        Rect(x1, y1, x2, y1 + band_px),
        Rect(x1, y2 - band_px, x2, y2),
        Rect(x1, y1 + band_px, x1 + band_px, y2 - band_px),
        Rect(x2 - band_px, y1 + band_px, x2, y2 - band_px),
    ]


def contrast(paper: Colour) -> Colour:
    """Return black or white, by contrast with paper as WCAG 2 defines it: (L + 0.05) over (L' + 0.05)."""
    share = np.array(paper) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ (0.2126, 0.7152, 0.0722))
    return BLACK if (luminance + 0.05) ** 2 > 1.05 * 0.05 else WHITE


def cover_of(area: Rect, rect: Rect, radius: float) -> NDArray[np.float32]:
    """Return how much of each pixel of area (h, w) lies in rect with rounded corners, 0 to 1.

    By the distance to the rounded outline, negative inside: straight sides on whole pixels come out sharp, corners
    smooth.
    """
    half_w, half_h = (rect.x2 - rect.x1) / 2, (rect.y2 - rect.y1) / 2
    if half_w <= 0 or half_h <= 0:
        return np.zeros((area.y2 - area.y1, area.x2 - area.x1), np.float32)
    radius = min(radius, half_w, half_h)
    x = np.abs(np.arange(area.x1, area.x2, dtype=np.float32) + 0.5 - rect.x1 - half_w) - (half_w - radius)
    y = np.abs(np.arange(area.y1, area.y2, dtype=np.float32) + 0.5 - rect.y1 - half_h) - (half_h - radius)
    beyond = np.hypot(np.maximum(x, 0)[None, :], np.maximum(y, 0)[:, None])
    within = np.minimum(np.maximum(x[None, :], y[:, None]), 0)
    return np.clip(0.5 + radius - beyond - within, 0, 1).astype(np.float32, copy=False)


def blend(canvas: Image, area: Rect, cover: NDArray[np.float32], colour: Colour) -> None:
    """Mix colour into area of canvas (H, W, 3), by cover (h, w), 0 to 1; what lies outside the picture is dropped."""
    x1, y1 = max(area.x1, 0), max(area.y1, 0)
    patch = canvas[y1 : max(area.y2, 0), x1 : max(area.x2, 0)]
    share = cover[y1 - area.y1 :, x1 - area.x1 :][: patch.shape[0], : patch.shape[1], None]
    patch[...] = np.rint(patch + share * (np.array(colour, np.float32) - patch)).astype(np.uint8)
