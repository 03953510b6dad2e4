"""What the faces of a frame show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self, overload

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Flags, Floats, Ids
from mien.core.errors import UsageError
from mien.core.faces import Faces, counted
from mien.core.frame import Frame
from mien.core.pose import Pose, head_poses
from mien.core.valence import indices


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of a result: a row of its arrays.

    Attributes:
        box: (4,) float32, x1, y1, x2, y2 in pixels of the picture.
        landmarks: (5, 2) float32, x, y in pixels; NaN where the detector gave none.
        score: the detector's confidence.
        probabilities: emotion to probability, in the order of the result's labels; they sum to 1.
        uncertain: whether the emotion is not to be relied on, as ``confidence`` is too low or ``quality`` is not "good"
            (docs/UNCERTAINTY.md).
        quality: "good", or why the face can hardly be judged: "small", "turned" (away, or over) or "blurred". What
            counts is the picture as it was read, which the net saw: in one read at a reduced size a face may be small
            that has many pixels in the file.
        id: the identity a tracker gave, -1 without one.
        raw: as ``probabilities``, of this frame alone, where those are smoothed over several; else None.
        shown: the emotion that is shown if it is smoothed over several frames; else empty.
        turn: 0, or by how many degrees the picture was turned clockwise to read the face: 90, 180 or 270.
        explainer: what ``explain`` asks; None where the net's view of the face was not kept.
    """

    box: Floats
    landmarks: Floats
    score: float
    probabilities: dict[str, float]
    uncertain: bool
    quality: str
    id: int = -1
    raw: dict[str, float] | None = None
    shown: str = ""
    turn: int = 0
    explainer: Callable[[Face, int], Any] | None = None

    def explain(self, emotions: int = 3) -> Any:
        """Return a ``mien.Explanation``: which parts of the face its strongest emotions are read from.

        The net is asked 801 times, which takes a second or less on one core. The pictures in it are the face as the
        net saw it, in few pixels; ``mien.explain`` shows the faces of a picture in more.

        Args:
            emotions: how many of the strongest are explained, 1 or more; those under 5 % are left out.

        Raises:
            UsageError: the face is of a video, of a log or of another process, with which the net's view is not kept.
            ValueError: no emotion is asked for.
        """
        if self.explainer is None:
            raise UsageError(
                "this face was kept without what the net saw of it, as those of videos, logs and other processes are; "
                "explain its picture by mien.explain(picture)"
            )
        return self.explainer(self, emotions)

    def __getstate__(self) -> list[Any]:
        """Return the fields, to be pickled without the explainer, which holds the net."""
        return [None if one.name == "explainer" else getattr(self, one.name) for one in fields(self)]

    @property
    def pose(self) -> Pose:
        """How the head is turned; NaN where the detector gave no landmarks."""
        return head_poses(self.landmarks[None], self.turn)[0]

    @property
    def ranking(self) -> list[str]:
        """The emotions, the most probable first."""
        return sorted(self.probabilities, key=self.probabilities.__getitem__, reverse=True)

    @property
    def emotion(self) -> str:
        """The most probable emotion; in a video the one that is shown, which changes only with a clear lead."""
        return self.shown or self.ranking[0]

    @property
    def confidence(self) -> float:
        """The probability of ``emotion``."""
        return self.probabilities[self.emotion]

    @property
    def valence(self) -> float | None:
        """``probabilities`` of happiness less the largest of sadness, anger, disgust and fear, -1 to 1.

        None where the model does not tell these emotions (docs/VALENCE.md).
        """
        return indices(self.probabilities).valence

    @property
    def intensity(self) -> float | None:
        """1 less the probability of neutral; None where the model does not tell that (docs/VALENCE.md)."""
        return indices(self.probabilities).intensity

    @property
    def doubts(self) -> list[str]:
        """Why ``emotion`` is uncertain, and how far the face was turned to be read: short words, usually none."""
        reasons = [*(["uncertain"] if self.uncertain else []), *([self.quality] if self.quality != "good" else [])]
        return [*reasons, *([f"turned by {self.turn}°"] if self.turn else [])]

    def __repr__(self) -> str:
        """Return one line: what it shows, and where."""
        who = "" if self.id == -1 else f" {self.id}"
        return f"<Face{who}: {_told(self)}, box {[round(edge) for edge in self.box.tolist()]}>"


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What the faces of one frame show: a sequence of ``Face``, of which a slice is a result again.

    Attributes:
        frame: the picture.
        faces: its N faces, in pixels of the picture, which ``frame.image`` may be a reduction of.
        ids: (N,) int64, -1 where untracked.
        probs: (N, K) float32, rows sum to 1.
        labels: the K emotions, in the order of the columns.
        uncertain: (N,) bool, true where the emotion is not to be relied on (``Face.uncertain``).
        quality: N of "good", "small", "turned" and "blurred".
        timed: whether the frame is one of a video, so that its index and time are shown.
    """

    timed: ClassVar[bool] = False

    frame: Frame
    faces: Faces
    ids: Ids
    probs: Floats
    labels: tuple[str, ...]
    uncertain: Flags
    quality: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse arrays that do not describe the same N faces and K emotions."""
        n, k = len(self.faces), len(self.labels)
        shapes = self.ids.shape, self.probs.shape, self.uncertain.shape, (len(self.quality),)
        if shapes != ((n,), (n, k), (n,), (n,)):
            raise ValueError(
                f"a result of {n} faces and {k} labels needs ids ({n},), probs ({n}, {k}), uncertain ({n},) and "
                f"{n} qualities; got {self.ids.shape}, {self.probs.shape}, {self.uncertain.shape} and "
                f"{len(self.quality)}"
            )

    def __len__(self) -> int:
        """Return the number of faces."""
        return len(self.faces)

    def __iter__(self) -> Iterator[Face]:
        """Yield the faces in order."""
        return map(self._face, range(len(self)))

    @overload
    def __getitem__(self, row: int) -> Face: ...

    @overload
    def __getitem__(self, row: slice) -> Self: ...

    def __getitem__(self, row: int | slice) -> Face | Self:
        """Return the face of a row, or the result of the faces of a slice.

        Raises:
            IndexError: there is no such row.
        """
        return self.take(np.arange(len(self))[row]) if isinstance(row, slice) else self._face(row)

    def __repr__(self) -> str:
        """Return one line: the picture, and what its first faces show."""
        width, height = self.frame.size
        what = counted([_told(face) for face in self])
        return f"<{type(self).__name__} of {self.frame.path or 'an array'}, {width}x{height} px: {what}>"

    def take(self, rows: NDArray[np.integer[Any]] | Flags) -> Self:
        """Return the result of the faces at indices (M,), in that order, or where (N,) is true."""
        return replace(self, **self._taken(np.arange(len(self))[rows]))

    def filter(self, *, min_confidence: float = 0.0, emotions: str | Iterable[str] | None = None) -> Self:
        """Return the result of the faces that have enough confidence and one of the emotions.

        Args:
            min_confidence: the least ``Face.confidence``, 0 to 1.
            emotions: those that ``Face.emotion`` may be, one or several; None is any.

        Raises:
            UsageError: an emotion that is none of ``labels``, or a confidence outside 0..1.
        """
        if not 0 <= min_confidence <= 1:
            raise UsageError(f"min_confidence must be a number from 0 to 1; got {min_confidence}")
        wanted = set(self.labels if emotions is None else [emotions] if isinstance(emotions, str) else emotions)
        if unknown := wanted.difference(self.labels):
            raise UsageError(f"unknown emotion '{min(unknown)}'; expected some of {', '.join(self.labels)}")
        kept = [face.emotion in wanted and face.confidence >= min_confidence for face in self]
        return self.take(np.array(kept, np.bool_))

    def _taken(self, rows: Ids) -> dict[str, Any]:
        """Return the fields that differ where only the faces of rows (M,) are left."""
        return {
            "faces": self.faces.take(rows),
            "ids": self.ids[rows],
            "probs": self.probs[rows],
            "uncertain": self.uncertain[rows],
            "quality": tuple(self.quality[row] for row in rows),
        }

    def _face(self, row: int) -> Face:
        return Face(
            box=self.faces.boxes[row],
            landmarks=self.faces.landmarks[row],
            score=float(self.faces.scores[row]),
            probabilities=dict(zip(self.labels, self.probs[row].tolist(), strict=True)),
            uncertain=bool(self.uncertain[row]),
            quality=self.quality[row],
            id=int(self.ids[row]),
            turn=self.faces.turn,
        )


def seen(result: Result) -> Faces:
    """Return the faces of a result in pixels of its frame's image, which may be a reduction of the picture."""
    scale = np.float32(result.frame.scale)
    return replace(result.faces, boxes=result.faces.boxes / scale, landmarks=result.faces.landmarks / scale)


def _told(face: Face) -> str:
    """Return what a face shows, in a few words."""
    return f"{face.emotion} {face.confidence:.2f}{' uncertain' if face.uncertain else ''}"
