"""Pillow's colour modes to RGB, strip by strip, so that a large picture is never in memory in two modes.

Colour profiles are ignored: all RGB values count as sRGB. Converting a 12-megapixel photo from Display P3 to sRGB with
Little CMS takes six times as long as decoding it (155 against 26 ms of processor time, AMD EPYC), and the net gets grey
faces anyway. Marked photos from phones come out a little paler for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.ImageFile import ImageFile

from mien.core.arrays import Image

_STRIP_PIXELS = 1 << 18  # the fastest of 2^16 to 2^22
_STRIP_WIDTH = 1 << 16  # so that no strip reaches Pillow's global limit on pixels


def to_rgb(picture: ImageFile, factor: int = 1) -> Image:
    """Return the pixels of a loaded picture of any mode, its size divided by factor.

    Transparent parts become white; grey is repeated into three channels; 16 bits are scaled to 8.

    Args:
        picture: (H, W); its orientation tag is ignored.
        factor: so many pixels a side are averaged into one, 1 to 8.

    Returns:
        (ceil(H / factor), ceil(W / factor), 3) uint8 RGB.
    """
    width, height = picture.size
    rgb = np.empty((-(-height // factor), -(-width // factor), 3), np.uint8)
    convert = _converter(picture)
    for left, top, right, bottom in _strips(width, height):
        strip = convert(picture.crop((left, top, right, bottom)))
        if factor > 1:
            strip = strip.reduce(factor)
        y, x = top // factor, left // factor
        rgb[y : y + strip.height, x : x + strip.width] = np.asarray(strip)
    return rgb


def _strips(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield left, top, right and bottom of the strips; all but the last are multiples of 8 high and wide."""
    wide = min(width, _STRIP_WIDTH)
    high = max(8, _STRIP_PIXELS // wide // 8 * 8)
    for top in range(0, height, high):
        for left in range(0, width, _STRIP_WIDTH):
            yield left, top, min(left + wide, width), min(top + high, height)


def _converter(picture: ImageFile) -> Callable[[Pillow.Image], Pillow.Image]:
    """Return the function that converts strips of a loaded picture to mode RGB."""
    if picture.mode.startswith("I;16"):
        return lambda strip: _grey(np.asarray(strip), 0, 65535)
    if picture.mode in {"I", "F"}:
        # PGM declares its white, which Pillow scales to 65535; other formats leave it to be found in the values.
        black, white = (0, 65535) if picture.format == "PPM" else _levels(picture)
        return lambda strip: _grey(np.asarray(strip), black, white)
    if picture.mode == "LAB":
        cms: Any = ImageCms  # its profiles are untyped
        transform = cms.buildTransform(cms.createProfile("LAB"), cms.createProfile("sRGB"), "LAB", "RGB")
        return lambda strip: cms.applyTransform(strip, transform)
    if picture.has_transparency_data:
        return _on_white
    if picture.mode == "RGB":
        return lambda strip: strip
    return lambda strip: strip.convert("RGB")


def _on_white(strip: Pillow.Image) -> Pillow.Image:
    clear = strip.convert("RGBA")
    return Pillow.alpha_composite(Pillow.new("RGBA", clear.size, "white"), clear).convert("RGB")


def _levels(picture: ImageFile) -> tuple[float, float]:
    """Return the values of black and white in a picture of integers or floats.

    Black is 0, and white the first of 1 (for floats), 255 and 65535 that no value exceeds. If a value exceeds all of
    these, or is below 0, black and white are the least and the largest value.
    """
    low = high = 0.0
    for strip in _strips(*picture.size):
        values = _finite(np.asarray(picture.crop(strip)))
        low, high = min(low, float(values.min())), max(high, float(values.max()))
    usual = [1, 255, 65535] if picture.mode == "F" else [255, 65535]
    return next(((0, white) for white in usual if low >= 0 and high <= white), (low, high))


def _grey(values: NDArray[Any], black: float, white: float) -> Pillow.Image:
    """Return values (H, W), scaled from black to white, in mode RGB."""
    shares = (_finite(values) - black) / (white - black)
    return Pillow.fromarray(np.rint(np.clip(shares * 255, 0, 255)).astype(np.uint8)).convert("RGB")


def _finite(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return values with 0 for NaN and infinities, as float64, in which the range of any float32 values is finite."""
    with np.errstate(invalid="ignore"):  # signalling NaN
        return np.nan_to_num(values.astype(np.float64), nan=0, posinf=0, neginf=0)
