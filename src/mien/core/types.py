"""The three values that flow through mien: a frame, the faces in it, and what they show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) uint8, RGB."""

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

LANDMARKS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The five landmarks, in order; right and left are the subject's."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        image: (H, W, 3) uint8, RGB, upright.
        index: its place in the source, from 0.
        time_s: its time in the source, in seconds; 0 for a photo.
    """

    image: Image
    index: int = 0
    time_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse anything but an RGB picture of bytes."""
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(f"a frame's image must be (H, W, 3) uint8 RGB; got {self.image.shape} {self.image.dtype}")


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """N detected faces; N may be 0.

    Attributes:
        boxes: (N, 4) float32, x1, y1, x2, y2 in pixels; may reach beyond the picture.
        landmarks: (N, 5, 2) float32, x, y in pixels, in the order of ``LANDMARKS``; NaN where a detector gives none.
        scores: (N,) float32, the detector's confidence, 0 to 1.
    """

    boxes: Floats
    landmarks: Floats
    scores: Floats

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


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of a result: a row of its arrays.

    Attributes:
        box: (4,) float32, x1, y1, x2, y2 in pixels.
        landmarks: (5, 2) float32, x, y in pixels; NaN where the detector gave none.
        score: the detector's confidence.
        probabilities: emotion to probability, in the order of the result's labels; they sum to 1.
        id: the identity a tracker gave, -1 without one.
    """

    box: Floats
    landmarks: Floats
    score: float
    probabilities: dict[str, float]
    id: int = -1

    @property
    def ranking(self) -> list[str]:
        """The emotions, the most probable first."""
        return sorted(self.probabilities, key=self.probabilities.__getitem__, reverse=True)

    @property
    def emotion(self) -> str:
        """The most probable emotion."""
        return self.ranking[0]

    @property
    def confidence(self) -> float:
        """The probability of ``emotion``."""
        return self.probabilities[self.emotion]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What the faces of one frame show. Iterating gives one ``Face`` a row.

    Attributes:
        frame: the picture.
        faces: its N faces.
        ids: (N,) int64, -1 where untracked.
        probs: (N, K) float32, rows sum to 1.
        labels: the K emotions, in the order of the columns.
    """

    frame: Frame
    faces: Faces
    ids: Ids
    probs: Floats
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse arrays that do not describe the same N faces and K emotions."""
        n, k = len(self.faces), len(self.labels)
        if self.ids.shape != (n,) or self.probs.shape != (n, k):
            raise ValueError(
                f"a result of {n} faces and {k} labels needs ids ({n},) and probs ({n}, {k}); "
                f"got {self.ids.shape} and {self.probs.shape}"
            )

    def __len__(self) -> int:
        """Return the number of faces."""
        return len(self.faces)

    def __iter__(self) -> Iterator[Face]:
        """Yield the faces in order."""
        for row in range(len(self)):
            yield Face(
                box=self.faces.boxes[row],
                landmarks=self.faces.landmarks[row],
                score=float(self.faces.scores[row]),
                probabilities=dict(zip(self.labels, self.probs[row].tolist(), strict=True)),
                id=int(self.ids[row]),
            )
