"""PyAV's frames to upright RGB pictures with square pixels."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np

from mien.core.arrays import Image
from mien.video._pyav import VideoFrame, VideoReformatter

_WIDEST_PIXEL = 4
"""Larger pixel aspect ratios are taken for errors of the file; its pixels then count as square."""


class Upright:
    """Frames of one stream to (H, W, 3) uint8 RGB of one size, upright and with square pixels.

    Transparent parts become white, as in ``mien.imaging.decode``.

    Attributes:
        size: width and height of the pictures, in pixels.
    """

    def __init__(self, first: VideoFrame, pixel: Fraction | None) -> None:
        """Take the orientation of the stream from its first frame; pixel is the width of a pixel over its height."""
        pixel = pixel if pixel and Fraction(1, _WIDEST_PIXEL) <= pixel <= _WIDEST_PIXEL else Fraction(1)
        # The shorter side is stretched, so that no detail is lost.
        self._width = round(first.width * max(pixel, 1))
        self._height = round(first.height * max(1 / pixel, 1))
        matrix = first.side_data.get("DISPLAYMATRIX")
        # x' = a x + c y and y' = b x + d y; only quarter turns and mirrors are applied.
        a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].tolist() if matrix else (1, 0, 0, 0, 1)
        self._is_sideways = abs(b) > abs(a)
        across, down = (c, b) if self._is_sideways else (a, d)
        self._flip = {(False, True): 0, (True, False): 1, (True, True): -1}.get((across < 0, down < 0))
        self.size = (self._height, self._width) if self._is_sideways else (self._width, self._height)
        self._reformat = VideoReformatter().reformat

    def __call__(self, frame: VideoFrame) -> Image:
        """Return (H, W, 3) uint8 RGB."""
        image = self._rgb(frame)
        if self._is_sideways:
            image = cv2.transpose(image)
        if self._flip is not None:
            image = cv2.flip(image, self._flip)
        return np.asarray(image, np.uint8)

    def _rgb(self, frame: VideoFrame) -> Image:
        if not any(component.is_alpha for component in frame.format.components):
            return self._array(frame, "rgb24")
        rgba = self._array(frame, "rgba")
        alpha = rgba[:, :, 3:]
        if alpha.min() == 255:
            return np.ascontiguousarray(rgba[:, :, :3])
        white = 255 * (255 - alpha.astype(np.uint16))
        return ((rgba[:, :, :3] * alpha.astype(np.uint16) + white + 127) // 255).astype(np.uint8)

    def _array(self, frame: VideoFrame, form: str) -> Image:
        return np.asarray(self._reformat(frame, self._width, self._height, form).to_ndarray(), np.uint8)
