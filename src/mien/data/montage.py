"""A contact sheet of a split: random faces, a row an emotion, to see what the labels mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from mien.core.arrays import Image
from mien.core.emotions import COLOURS, EIGHT
from mien.core.protocols import PROTOCOLS, UNCOUNTED
from mien.data.samples import SIZE_PX
from mien.data.split import Split

FACE_PX = 2 * SIZE_PX
GAP_PX = 4
NAMES_PX = 130
BACKGROUND = (24, 24, 24)


def montage(split: Split, columns: int = 12, seed: int = 0) -> Image:
    """Return a contact sheet (H, W, 3) uint8 RGB, with a row of random faces for each of the eight emotions.

    A face is in the row of the emotion with the most of its votes. The same seed gives the same faces.
    """
    random = np.random.default_rng(seed)
    faces = PROTOCOLS["seven"](split.votes, split.emotions) != UNCOUNTED
    top = split.votes[:, : len(EIGHT)].argmax(axis=1)
    step = FACE_PX + GAP_PX
    sheet = Pillow.new("RGB", (NAMES_PX + columns * step + GAP_PX, len(EIGHT) * step + GAP_PX), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font, small = ImageFont.load_default(18), ImageFont.load_default(13)
    for row, emotion in enumerate(EIGHT):
        places = np.flatnonzero(faces & (top == row))
        y = GAP_PX + row * step
        draw.text((10, y + FACE_PX // 2 - 20), emotion, COLOURS[emotion], font)
        draw.text((10, y + FACE_PX // 2 + 4), f"{len(places):,} faces", (200, 200, 200), small)
        chosen = random.permutation(places)[:columns]
        for column, place in enumerate(chosen.tolist()):
            sheet.paste(_enlarged(split.images[place]), (NAMES_PX + column * step, y))
    return np.asarray(sheet, np.uint8)


def _enlarged(face: NDArray[np.uint8]) -> Pillow.Image:
    return Pillow.fromarray(face).resize((FACE_PX, FACE_PX), Pillow.Resampling.BICUBIC)
