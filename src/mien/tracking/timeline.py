"""How the emotions of each person in a video went: totals, changes, and a curve of bounded length.

What is kept grows with the people and with the changes of emotion (17 bytes each), not with the frames: the curves
have at most ``MOST_BINS`` bins, which double in width as a video outgrows them, and of people at most
``MOST_PEOPLE`` are kept, those seen longest.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from mien.core.frame import Frame
from mien.imaging.quality import QUALITIES
from mien.tracking.durations import Durations
from mien.tracking.people import Person, Record, Sight
from mien.tracking.tracked_result import TrackedResult

MOST_BINS = 600
MOST_PEOPLE = 300

FIRST_BIN_S = 0.1
"""Width of a bin until the first doubling, after a minute."""


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """How a video went.

    Attributes:
        labels: the K emotions, in the order of the columns.
        start_s: time of the first result.
        end_s: time of the end.
        bin_s: width of a bin.
        frames: how many frames were analysed.
        empty_s: for how long nobody was seen.
        people: those seen longest first.
        forgotten: how many more there were than ``MOST_PEOPLE``, of whom nothing is known.
        not_people: ids that were followed and are not counted as people, as too little of what was seen looks like a
            face (``PersonEvidence.is_person``), ascending.
    """

    labels: tuple[str, ...]
    start_s: float
    end_s: float
    bin_s: float
    frames: int
    empty_s: float
    people: tuple[Person, ...]
    forgotten: int
    not_people: tuple[int, ...] = ()

    def named(self, names: Mapping[int, str]) -> Summary:
        """Return the same with names of people (id -> name)."""
        return replace(self, people=tuple(replace(one, name=names.get(one.id, "")) for one in self.people))


class Timeline:
    """Takes the results of a video one by one, and tells at the end how each person's emotions went.

    Args:
        labels: the emotions of the results, in the order of their columns.
        not_people: ids that are known not to be people, all others being people; None finds out.
    """

    def __init__(self, labels: tuple[str, ...], not_people: Collection[int] | None = None) -> None:
        self._labels = labels
        self._start_s: float | None = None
        self._bin_s = FIRST_BIN_S
        self._durations = Durations()
        self._frames = 0
        self._empty_s = 0.0
        self._forgotten = 0
        self._not_people: list[int] = []
        self._known = not_people
        self._people: dict[int, Record] = {}
        self._present: list[tuple[int, Sight]] = []  # of the latest result: id, and how it looked

    def add(self, result: TrackedResult, shown: Frame | None = None) -> None:
        """Take the next result; its frame is not kept. A time before the latest one counts as that one.

        Args:
            result: of the frame.
            shown: the frame as it may be shown to others, where that is not the result's.
        """
        time_s = result.frame.time_s
        self._start_s = time_s if self._start_s is None else self._start_s
        self._count(*self._durations.next(time_s))
        self._frames += 1
        self._present = []
        for face, probs in zip(result, result.probs, strict=True):
            if face.id < 0:  # a box that could not be followed is nobody
                continue
            column = len(self._labels) if face.uncertain else self._labels.index(face.emotion)
            verdict = None if self._known is None else face.id not in self._known
            record = self._people.setdefault(face.id, Record(self._durations.time_s, len(self._labels), verdict))
            record.meet(column, face, result.frame, shown or result.frame)
            valence = math.nan if face.valence is None else face.valence
            sight = Sight(column, QUALITIES.index(face.quality), probs.astype(np.float64), valence)
            self._present.append((face.id, sight))
        self._forget()

    def people(self, result: TrackedResult) -> TrackedResult:
        """Return those faces of the latest result, or of one drawn from it, whose ids are people so far."""
        people = [key for key, record in self._people.items() if record.evidence.is_person]
        return result.take(np.isin(result.ids, people))

    def close(self, end_s: float) -> Summary:
        """Return how it went; the last result counts until the end of the video.

        Args:
            end_s: time of the end; one before the last result counts as that.
        """
        self._count(*self._durations.end(end_s))
        self._present = []
        records = {key: record for key, record in self._people.items() if record.evidence.is_person}
        others = {key: record for key, record in self._people.items() if key not in records}
        people = (record.person(key, self._labels) for key, record in records.items())
        return Summary(
            self._labels,
            self._start_s or 0.0,
            self._durations.time_s,
            self._bin_s,
            self._frames,
            self._empty_s + _seen_s([*records.values(), *others.values()]) - _seen_s(records.values()),
            tuple(sorted(people, key=lambda person: (-person.seen_s, person.first_s, person.id))),
            self._forgotten,
            tuple(sorted([*self._not_people, *others])),
        )

    def _count(self, start_s: float, end_s: float) -> None:
        """Add the time for which the latest result counts to the sums of those in it."""
        if end_s == start_s:
            return
        if not self._present:
            self._empty_s += end_s - start_s if self._frames else 0.0
            return
        origin_s = self._start_s or 0.0
        while end_s - origin_s > MOST_BINS * self._bin_s:
            self._bin_s *= 2
            for record in self._people.values():
                record.halve()
        parts = list(_parts(start_s - origin_s, end_s - origin_s, self._bin_s))
        for key, sight in self._present:
            self._people[key].count(start_s, end_s, sight, parts)

    def _forget(self) -> None:
        """Let go of people beyond ``MOST_PEOPLE``, those seen least first; nobody who is in view."""
        if len(self._people) <= MOST_PEOPLE:
            return
        in_view = {key for key, _ in self._present}
        gone = sorted((record.seconds.sum(), key) for key, record in self._people.items() if key not in in_view)
        for _, key in gone[: len(self._people) - MOST_PEOPLE]:
            if self._people.pop(key).evidence.is_person:
                self._forgotten += 1
            else:
                self._not_people.append(key)


def _seen_s(records: Iterable[Record]) -> float:
    """Return for how long at least one of several was seen."""
    seen_s, until_s = 0.0, -math.inf
    for start_s, end_s in sorted(chain.from_iterable(record.times for record in records)):
        seen_s += max(0.0, end_s - max(start_s, until_s))
        until_s = max(until_s, end_s)
    return seen_s


def _parts(low_s: float, high_s: float, width_s: float) -> Iterator[tuple[int, float]]:
    """Yield the bins of a width that a time touches, and the seconds that fall into each.

    What reaches over an edge by a rounding error, a billionth of a bin, does not touch the bin beyond.
    """
    crumb_s = 1e-9 * width_s
    place = int((low_s + crumb_s) / width_s)
    while high_s - low_s > crumb_s:
        edge_s = min((place + 1) * width_s, high_s)
        yield place, edge_s - low_s
        place, low_s = place + 1, edge_s
