"""Which ids are people: enough of what was followed must look like a face."""

from __future__ import annotations

from mien.core.frame import Frame
from mien.core.result import Face
from mien.detection.close_up import CLOSE_UP_PX, face_score
from mien.imaging.quality import GOOD
from mien.tracking.portrait import thumbnail

SURE_SCORE = 0.82
"""From this score of the detector on a box is surely a face: backs of heads and hair reach 0.81 in the clips that we
looked through, faces in profile 0.84 (docs/benchmarks/people.txt, by lab/scripts/choose_people.py)."""

SURE_SHARE, SURE_S = 0.1, 1.0
"""A person must surely have been a face for this share of the time in which it was seen, or for so many seconds."""

CLOSE_UP_SCORE = 0.85
"""Or it is one by its best view, searched alone: there backs of heads and hair reach 0.83, faces 0.85 to 0.94."""

BETTER_VIEW = 1.1
"""By so much must a view be better than the one before to be searched too."""


class PersonEvidence:
    """What tells whether one id is a person.

    Args:
        verdict: whether it is one, where that is known; None finds out.
    """

    def __init__(self, verdict: bool | None = None) -> None:
        self._verdict = verdict
        self._sure, self._ever_sure = False, False
        self._sure_s = self._seen_s = 0.0
        self._view = False, 0.0
        self._sure_close_up = False

    def look(self, face: Face, frame: Frame) -> None:
        """Take how it looks in the next frame."""
        if self._verdict is not None:
            return
        self._sure = round(face.score, 4) >= SURE_SCORE  # as in tables
        self._ever_sure |= self._sure
        self._look_closely(face, frame)

    def _look_closely(self, face: Face, frame: Frame) -> None:
        """Look at a face again, searched alone, where it is doubted and this view is better than those before."""
        side_px = float((face.box[2:] - face.box[:2]).max())
        good, merit = face.quality == GOOD, face.score * side_px
        if (good, merit) > (self._view[0], BETTER_VIEW * self._view[1]) and (
            view := thumbnail(frame, face, CLOSE_UP_PX)
        ) is not None:
            self._view = good, merit
            if not (self._sure or self._sure_close_up):
                self._sure_close_up = face_score(view) >= CLOSE_UP_SCORE

    def count(self, seconds: float) -> None:
        """Add for how long it looked as it did in the latest frame."""
        self._seen_s += seconds
        self._sure_s += seconds * self._sure

    @property
    def is_person(self) -> bool:
        """Whether enough of it looks like a face: the one rule by which people are counted."""
        if self._verdict is not None:
            return self._verdict
        often = self._ever_sure and self._sure_s >= min(SURE_S, SURE_SHARE * self._seen_s)
        return often or self._sure_close_up
