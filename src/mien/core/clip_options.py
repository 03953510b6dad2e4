"""How the faces of a clip are followed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOptions:
    """Which frames of a clip are taken, and how its faces are followed.

    Attributes:
        smooth_s, detect_every: as for ``mien.tracking.stream.Stream``.
        start_s, end_s, fps: as for ``mien.video.reader.open_video``.
    """

    smooth_s: float
    detect_every: int = 1
    start_s: float = 0.0
    end_s: float | None = None
    fps: float | None = None
