"""What is known of each person in a video: totals, changes, a curve over bins of time, the best view."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats, Ids, Image
from mien.core.frame import Frame
from mien.core.result import Face
from mien.imaging.quality import QUALITIES
from mien.tracking.person_rule import PersonEvidence
from mien.tracking.portrait import Portrait

UNCERTAIN = "uncertain"
"""What a person shows while the face is uncertain (docs/UNCERTAINTY.md)."""


class Span(NamedTuple):
    """A time in which a person was seen throughout and showed one emotion, or was ``UNCERTAIN``."""

    start_s: float
    end_s: float
    emotion: str


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What one identity showed.

    Attributes:
        id: the identity.
        first_s: when it was first seen.
        last_s: when it was last seen.
        seconds: emotion -> for how long it was shown with certainty, every label in order.
        means: emotion -> mean smoothed probability over the time that is certain, weighted by time; {} without any.
        valence: the mean of ``Face.valence`` over that time; None where it is not known.
        doubts: quality -> for how long the face was uncertain with this quality; of a good one the net was not sure.
        transitions: (from, to) -> how often the emotion that is shown with certainty changed so, whatever was uncertain
            between; the most frequent first, of equals the one that came first.
        bins: (M,) int64, ascending: the bins in which it was seen; bin i begins ``i * bin_s`` after the start.
        covered_s: (M,) float64, for how long it was seen in each.
        doubtful: (M, 4) float64, the share of that time in which the face was uncertain, by quality as in ``doubts``.
        probs: (M, K) float32, mean smoothed probabilities in each, weighted by time; rows sum to 1.
        spans: what was shown over time, in order.
        thumbnail: (S, S, 3) uint8 RGB, its best view (``Portrait``); None where no view was worth it.
        name: what a person called it; empty where nobody did.
    """

    id: int
    first_s: float
    last_s: float
    seconds: dict[str, float]
    means: dict[str, float]
    valence: float | None
    doubts: dict[str, float]
    transitions: dict[tuple[str, str], int]
    bins: Ids
    covered_s: NDArray[np.float64]
    doubtful: NDArray[np.float64]
    probs: Floats
    spans: tuple[Span, ...]
    thumbnail: Image | None
    name: str = ""

    @property
    def title(self) -> str:
        """What it is called in reports: its name, or its id."""
        return self.name or f"person {self.id}"

    @property
    def certain_s(self) -> float:
        """For how long it was seen with certainty."""
        return sum(self.seconds.values())

    @property
    def uncertain_s(self) -> float:
        """For how long the face was uncertain."""
        return sum(self.doubts.values())

    @property
    def uncertain(self) -> NDArray[np.float64]:
        """(M,), the share of the time in each bin in which the face was uncertain."""
        return self.doubtful.sum(axis=1)

    @property
    def seen_s(self) -> float:
        """For how long it was seen."""
        return self.certain_s + self.uncertain_s

    @property
    def dominant(self) -> str:
        """The emotion shown with certainty for the longest; ``UNCERTAIN`` where over half the time is."""
        if self.uncertain_s > self.certain_s or not self.certain_s:
            return UNCERTAIN
        return max(self.seconds, key=self.seconds.__getitem__)

    @property
    def shares(self) -> list[tuple[str, float]]:
        """The emotions shown with certainty and their shares of ``certain_s``, the largest first; [] without any."""
        ranked = sorted(self.seconds.items(), key=lambda pair: -pair[1])
        return [(emotion, seconds / self.certain_s) for emotion, seconds in ranked if seconds]

    @property
    def onsets(self) -> dict[str, float]:
        """The emotions shown with certainty, and when each first was, in order of time."""
        firsts = {span.emotion: span.start_s for span in reversed(self.spans) if span.emotion != UNCERTAIN}
        return dict(sorted(firsts.items(), key=lambda first: first[1]))

    @property
    def uncertain_share(self) -> float:
        """``uncertain_s`` as a share of ``seen_s``."""
        return self.uncertain_s / self.seen_s if self.seen_s else 0.0


class Sight(NamedTuple):
    """How a person looked in a frame.

    Attributes:
        column: of the emotion shown, K while the face is uncertain.
        quality: place in ``QUALITIES``.
        probs: (K,) float64, the smoothed probabilities.
        valence: of the face; NaN where it is not known.
    """

    column: int
    quality: int
    probs: NDArray[np.float64]
    valence: float


class Record:
    """The sums of one person while the video goes on; column K is that of ``UNCERTAIN``.

    Args:
        first_s: when it is first seen.
        k: how many emotions there are.
        verdict: whether it is a person, where that is known; None finds out.
    """

    def __init__(self, first_s: float, k: int, verdict: bool | None = None) -> None:
        self.seconds = np.zeros(k + 1)
        self._certain = np.zeros(k + 1)  # K sums of probability times seconds, and that of valence
        self._doubts = np.zeros(len(QUALITIES))
        self._first_s = first_s
        self._last_s = first_s
        self._column = -1
        self._changes: dict[tuple[int, int], int] = {}
        self._bins: dict[
            int, NDArray[np.float64]
        ] = {}  # K sums of probability times seconds, the uncertain seconds by quality, all of them
        self._starts, self._ends, self._columns = array("d"), array("d"), array("B")
        self.evidence = PersonEvidence(verdict)
        self._portrait = Portrait()

    def meet(self, column: int, face: Face, frame: Frame, shown: Frame) -> None:
        """Note a change of the emotion shown with certainty, and keep the view where it is better than those before.

        Args:
            column: of the emotion, K while the face is uncertain.
            face: as it was seen.
            frame: in which it was seen.
            shown: the same frame as it may be shown to others.
        """
        if not face.uncertain:
            if self._column not in (-1, column):
                change = self._column, column
                self._changes[change] = self._changes.get(change, 0) + 1
            self._column = column
        self._portrait.meet(face, frame, shown)
        self.evidence.look(face, frame)

    def count(self, start_s: float, end_s: float, sight: Sight, parts: list[tuple[int, float]]) -> None:
        """Add a time in which it looked as in a frame.

        Args:
            start_s: when it began.
            end_s: when it ended.
            sight: how it looked.
            parts: the bins that the time touches, and the seconds that fall into each.
        """
        column, k, seconds = sight.column, len(sight.probs), end_s - start_s
        self._last_s = end_s
        self.seconds[column] += seconds
        self.evidence.count(seconds)
        if column < k:
            self._certain += seconds * np.append(sight.probs, sight.valence)
        else:
            self._doubts[sight.quality] += seconds
        for place, part_s in parts:
            sums = self._bins.setdefault(place, np.zeros(k + len(QUALITIES) + 1))
            sums[:k] += part_s * sight.probs
            sums[k + sight.quality] += part_s * (column == k)
            sums[-1] += part_s
        if self._ends and self._ends[-1] == start_s and self._columns[-1] == column:
            self._ends[-1] = end_s
        else:
            self._starts.append(start_s)
            self._ends.append(end_s)
            self._columns.append(column)

    def halve(self) -> None:
        """Merge the bins in pairs."""
        merged: dict[int, NDArray[np.float64]] = {}
        for place, sums in self._bins.items():
            merged[place // 2] = merged[place // 2] + sums if place // 2 in merged else sums
        self._bins = merged

    @property
    def times(self) -> list[tuple[float, float]]:
        """The times in which it was seen, from and to, in order."""
        return list(zip(self._starts, self._ends, strict=True))

    def person(self, key: int, labels: tuple[str, ...]) -> Person:
        """Return what is known of it."""
        places = sorted(place for place, sums in self._bins.items() if sums[-1] > 0)
        k = len(labels)
        sums = np.array([self._bins[place] for place in places]).reshape(-1, k + len(QUALITIES) + 1)
        shown = (*labels, UNCERTAIN)
        often = sorted(self._changes.items(), key=lambda change: -change[1])
        certain_s = self.seconds[:-1].sum()
        *means, valence = (self._certain / certain_s).tolist() if certain_s else [math.nan]
        spans = zip(self._starts, self._ends, self._columns, strict=True)
        return Person(
            key,
            self._first_s,
            self._last_s,
            dict(zip(labels, self.seconds[:-1].tolist(), strict=True)),
            dict(zip(labels, means, strict=True)) if means else {},
            None if math.isnan(valence) else valence,
            dict(zip(QUALITIES, self._doubts.tolist(), strict=True)),
            {(labels[before], labels[after]): count for (before, after), count in often},
            np.array(places, np.int64),
            sums[:, -1],
            sums[:, k:-1] / sums[:, -1:],
            (sums[:, :k] / sums[:, :k].sum(axis=1, keepdims=True)).astype(np.float32),
            tuple(Span(start_s, end_s, shown[column]) for start_s, end_s, column in spans),
            self._portrait.image,
        )
