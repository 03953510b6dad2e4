"""One picture of a source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.core.arrays import Image


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        image: (H, W, 3) uint8, RGB, upright; it may be a reduction of the picture.
        index: its place in the source, from 0.
        time_s: its time in the source, in seconds; 0 for a photo.
        path: of the source, as it was given; empty where there is none.
        size: width and height of the picture in pixels, those of ``image`` unless given.
        number: its place among all frames of the file, from 0, whichever of them are taken; -1 where that is not known.
    """

    image: Image
    index: int = 0
    time_s: float = 0.0
    path: str = ""
    size: tuple[int, int] = (0, 0)
    number: int = -1

    def __post_init__(self) -> None:
        """Refuse anything but an RGB picture of bytes; take the size from it where none is given."""
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(f"a frame's image must be (H, W, 3) uint8 RGB; got {self.image.shape} {self.image.dtype}")
        if self.size == (0, 0):
            object.__setattr__(self, "size", (self.image.shape[1], self.image.shape[0]))

    @property
    def scale(self) -> int:
        """Factor from pixels of ``image`` to pixels of the picture; 1 unless it was reduced."""
        return round(max(self.size) / max(1, *self.image.shape[:2]))

    def __repr__(self) -> str:
        """Return one line, without the pixels."""
        return (
            f"<Frame {self.index} of {self.path or 'an array'} at {self.time_s:g} s, {self.size[0]}x{self.size[1]} px>"
        )
