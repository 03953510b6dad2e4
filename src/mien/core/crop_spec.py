"""How a face is cropped for a net: size, colour, margin, alignment."""

from __future__ import annotations

from dataclasses import dataclass

CROP_MARGIN = 0.93
"""Side of a face's crop over the longer side of its box, for the nets of this project.

At this one the eyes and the mouth lie as far apart as in FER2013's frame (lab/framing/framing.md, by
``lab/scripts/framing.py``).
"""


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a face is cropped for a net.

    Attributes:
        size_px: side of the square crop.
        channels: 1 for grey, 3 for RGB.
        margin: side of the square around the face, as a multiple of the longer side of its box; 1 is the box itself.
        align: whether the square turns with the line between the eyes.
    """

    size_px: int = 48
    channels: int = 1
    margin: float = 1.0
    align: bool = False

    def __post_init__(self) -> None:
        """Refuse sizes that no crop can have."""
        if self.size_px < 1 or self.channels not in (1, 3) or not 0 < self.margin < float("inf"):
            raise ValueError(f"a crop needs size_px >= 1, 1 or 3 channels and a margin above 0; got {self}")
