"""Which faces before a camera are people, while it runs."""

from __future__ import annotations

import numpy as np

from mien.tracking.durations import Durations
from mien.tracking.person_rule import PersonEvidence
from mien.tracking.tracked_result import TrackedResult

MOST_IDS = 300
"""So many ids are remembered, those that came last."""


class PeopleInView:
    """Takes the results of a source one by one, and tells who in them is a person as far as can be told by then."""

    def __init__(self) -> None:
        self._durations = Durations()
        self._known: dict[int, PersonEvidence] = {}
        self._present: list[int] = []

    def add(self, result: TrackedResult) -> None:
        """Take the next result."""
        start_s, end_s = self._durations.next(result.frame.time_s)
        for key in self._present:
            self._known[key].count(end_s - start_s)
        faces = [face for face in result if face.id >= 0]  # a box that could not be followed is nobody
        for face in faces:
            self._known.setdefault(face.id, PersonEvidence()).look(face, result.frame)
        self._present = [face.id for face in faces]
        gone = [key for key in self._known if key not in self._present]
        for key in gone[: max(0, len(self._known) - MOST_IDS)]:
            del self._known[key]

    def counts(self, key: int) -> bool:
        """Return whether an id is a person."""
        return key in self._known and self._known[key].is_person

    def people(self, result: TrackedResult) -> TrackedResult:
        """Return those faces of the latest result whose ids are people."""
        return result.take(np.isin(result.ids, [key for key in self._known if self.counts(key)]))
