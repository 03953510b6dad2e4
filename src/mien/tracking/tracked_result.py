"""What ``Stream`` returns: the result of a frame, with identities and smoothed over time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from mien.core.arrays import Floats, Ids
from mien.core.result import Face
from mien.results.analysis import Analysis


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TrackedResult(Analysis):
    """What the faces of one frame of a video show: a sequence of ``Face``, each with its identity.

    Attributes:
        ids: (N,) int64, from 1; each face keeps its own from frame to frame. -1 for a box that cannot be followed, as
            it is without area or has coordinates that are no numbers.
        probs: (N, K) float32, smoothed over the frames.
        raw: (N, K) float32, of this frame alone.
        shown: the N emotions to show, which change only when another clearly leads.
    """

    timed: ClassVar[bool] = True

    raw: Floats
    shown: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse arrays that do not describe the same N faces and K emotions."""
        super(TrackedResult, self).__post_init__()
        n, k = len(self.faces), len(self.labels)
        if (self.raw.shape, len(self.shown)) != ((n, k), n):
            raise ValueError(
                f"a result of {n} faces and {k} labels needs raw ({n}, {k}) and {n} emotions to show; got "
                f"{self.raw.shape} and {len(self.shown)}"
            )

    def _taken(self, rows: Ids) -> dict[str, Any]:
        taken = super(TrackedResult, self)._taken(rows)
        return taken | {"raw": self.raw[rows], "shown": tuple(self.shown[row] for row in rows)}

    def _face(self, row: int) -> Face:
        raw = dict(zip(self.labels, self.raw[row].tolist(), strict=True))
        return replace(super(TrackedResult, self)._face(row), raw=raw, shown=self.shown[row])
