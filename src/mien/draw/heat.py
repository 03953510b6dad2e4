"""A map of evidence over a face."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from mien.core.arrays import Image

RED = np.array([213, 40, 0], np.float32)
"""The colour of evidence."""

MOST_COVER = 0.75
"""How far the strongest evidence covers the face."""


def heated(picture: Image, evidence: NDArray[np.float32]) -> Image:
    """Return a face (H, W, 3) in grey, and in red where there is evidence (S, S) above 0, its strongest the reddest."""
    height, width = picture.shape[:2]
    strength = np.clip(evidence, 0, None) / max(float(evidence.max()), 1e-9)
    large = np.asarray(cv2.resize(strength, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)[..., None]
    cover = MOST_COVER * np.clip(large, 0, 1)[..., None]
    return np.rint(grey + cover * (RED - grey)).astype(np.uint8)


def captioned(picture: Image, text: str, strip_px: int | None = None) -> Image:
    """Return a picture (H, W, 3) with a line of text on a strip under it, (H + S, W, 3); S is H / 10 unless given."""
    height, width = picture.shape[:2]
    tall_px = height // 10 if strip_px is None else strip_px
    strip = Pillow.new("RGB", (width, tall_px), "white")
    font = ImageFont.load_default(tall_px / 1.5)
    ImageDraw.Draw(strip).text((width / 2, tall_px / 2), text, "black", font, "mm")
    return np.concatenate([picture, np.asarray(strip)])
