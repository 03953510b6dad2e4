"""What a picture file may cost: files that would take much more time or memory than their pixels are worth are refused.

A file of some bytes can declare a hundred megapixels, or the same pixels again and again. What is refused here is
refused before a pixel is decoded. What the rest costs at most is in docs/how-to/batch.md.
"""

from __future__ import annotations

import os
from typing import IO

from PIL import Image as Pillow
from PIL.ImageFile import ImageFile

from mien.core.errors import ImageError

SHARES = {"WEBP": 2, "AVIF": 2, "JPEG2000": 4}
"""Formats that are decoded in one go, which takes up to 16 bytes a pixel and does not end before its time.

Each reads this part of the pixels that others may have: one half, one quarter.
"""

SLOW_SHARE = 50
"""The same part for what Pillow decodes in Python, such as PPM with a white other than 255: up to 6 s a megapixel."""

SCANS = 12
"""How often all the pixels of the largest picture may be gone through; progressive JPEG usually has ten scans."""

HOLLOW_PIXELS = 16_000_000
HOLLOW_RATE = 2_000
"""Above so many pixels, a format of ``SHARES`` with more pixels a byte holds no photo: a quite plain one has 200."""

_START_OF_SCAN = b"\xff\xda"
_AT_ONCE = 1 << 20


def refuse_costly(stream: IO[bytes], opened: ImageFile, name: str, max_pixels: int) -> None:
    """Let a picture pass whose decoding is worth its while.

    Args:
        stream: the file that opened was opened from; its place is kept.
        opened: the picture, its pixels unread.
        name: of the file, for messages.
        max_pixels: the largest picture that is read of a common format.

    Raises:
        ImageError: it declares too many pixels, for any format or for its own, or goes through them too often.
    """
    width, height = opened.size
    pixels, form = width * height, str(opened.format)
    declared = f"{name} declares {width} x {height} pixels, {pixels / 1e6:,.1f} million"
    advice = "or raise the limit if you trust it ('mien image --max-megapixels', 'max_pixels' in Python)"
    if pixels > max_pixels:
        raise ImageError(
            f"too large: {declared}; the limit is {max_pixels / 1e6:,.1f} million; make it smaller, {advice}"
        )
    place = stream.tell()
    size = stream.seek(0, os.SEEK_END)
    if form in SHARES and pixels > HOLLOW_PIXELS and pixels > HOLLOW_RATE * size:
        raise ImageError(
            f"no photo: {declared}, but holds {size:,} bytes; a photo has a byte for some 200 pixels or fewer; "
            "export it again"
        )
    most = max_pixels // _share(opened)
    if pixels > most:
        raise ImageError(
            f"too large: {declared}; of {form} decoded so, the limit is {most / 1e6:,.1f} million; save it as JPEG or "
            f"PNG, {advice}"
        )
    scans = _scans(stream) if form in {"JPEG", "MPO"} and opened.info.get("progressive") else 1
    if scans * pixels > SCANS * max_pixels:
        raise ImageError(
            f"too many scans: {declared}, and goes through them {scans:,} times; progressive JPEG usually has ten "
            f"scans; save it again, {advice}"
        )
    stream.seek(place)


def _share(opened: ImageFile) -> int:
    """Return which part of the pixels that are allowed a picture may have."""
    in_python = any(tile[0] in Pillow.DECODERS for tile in opened.tile)
    return SLOW_SHARE if in_python else SHARES.get(str(opened.format), 1)


def _scans(stream: IO[bytes]) -> int:
    """Return how many scans a JPEG has; those of small pictures within it count as well."""
    stream.seek(0)
    count, last = 0, b""
    while part := stream.read(_AT_ONCE):
        count += (last + part).count(_START_OF_SCAN)
        last = part[-1:]
    return count
