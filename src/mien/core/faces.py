"""The faces that a detector found in a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Flags, Floats

LANDMARKS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The five landmarks, in order; right and left are the subject's."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """N detected faces; N may be 0.

    Attributes:
        boxes: (N, 4) float32, x1, y1, x2, y2 in pixels; may reach beyond the picture.
        landmarks: (N, 5, 2) float32, x, y in pixels, in the order of ``LANDMARKS``; NaN where a detector gives none.
        scores: (N,) float32, the detector's confidence, 0 to 1.
        turn: 0, 90, 180 or 270: by how many degrees the picture is to be turned clockwise for the faces to stand
            upright; boxes and landmarks are in the picture as it is.
    """

    boxes: Floats
    landmarks: Floats
    scores: Floats
    turn: int = 0

    def __post_init__(self) -> None:
        """Refuse arrays that do not describe the same N faces."""
        n = len(self.boxes)
        if (self.boxes.shape, self.landmarks.shape, self.scores.shape) != ((n, 4), (n, 5, 2), (n,)):
            raise ValueError(
                "faces need boxes (N, 4), landmarks (N, 5, 2) and scores (N,); "
                f"got {self.boxes.shape}, {self.landmarks.shape} and {self.scores.shape}"
            )

    def __len__(self) -> int:
        """Return N."""
        return len(self.boxes)

    def __repr__(self) -> str:
        """Return one line: how many, and the scores of the first."""
        return f"<Faces: {counted([f'{score:.2f}' for score in self.scores.tolist()])}>"

    def take(self, rows: NDArray[np.integer[Any]] | Flags) -> Faces:
        """Return the faces at indices (M,), in that order, or where (N,) is true."""
        return Faces(self.boxes[rows], self.landmarks[rows], self.scores[rows], self.turn)

    def scaled(self, by: Floats) -> Faces:
        """Return the faces with all coordinates multiplied by (2,): x and y."""
        return Faces(self.boxes * np.tile(by, 2), self.landmarks * by, self.scores, self.turn)

    def moved(self, by: Floats) -> Faces:
        """Return the faces moved by (2,) pixels: right and down."""
        return Faces(self.boxes + np.tile(by, 2), self.landmarks + by, self.scores, self.turn)


NO_FACES = Faces(np.zeros((0, 4), np.float32), np.zeros((0, len(LANDMARKS), 2), np.float32), np.zeros(0, np.float32))


def join_faces(parts: Iterable[Faces]) -> Faces:
    """Return the faces of all parts, in their order."""
    joined = [NO_FACES, *parts]
    return Faces(
        np.concatenate([part.boxes for part in joined]),
        np.concatenate([part.landmarks for part in joined]),
        np.concatenate([part.scores for part in joined]),
    )


def counted(items: Sequence[str], most: int = 4) -> str:
    """Return the number of faces and the words for the first of them."""
    count = f"{len(items)} face{'' if len(items) == 1 else 's'}"
    more = [f"and {len(items) - most} more"] if len(items) > most else []
    return ", ".join([count, *items[:most], *more])
