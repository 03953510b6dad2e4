"""The table of ``mien video --rate``: what each person showed at the steps of a clock, whatever the clip's frame rate.

A step holds the means over the certain frames that fall into it, as the table of --summary holds those of a clip.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from mien.core.output import write_whole
from mien.core.spelling import spelled
from mien.results.document import PictureEntry, Setting, index_cells
from mien.results.rows import Columns, Row
from mien.results.sinks import csv_line, csv_row
from mien.results.start_clock import clock_at

INDICES = ("valence", "intensity")

CRUMB_S = 1e-6
"""A frame that misses a step by no more, as times are rounded to that, belongs to it."""


def columns(labels: tuple[str, ...], start_clock: Setting = None) -> Columns:
    """Return the columns of the table of these emotions, in order, with the type of their cells (docs/SCHEMA.md).

    Args:
        labels: the emotions.
        start_clock: what a clock showed at the clip's beginning; None has no column.
    """
    return {
        **{"path": str, "id": int, "name": str, "time_s": float},
        **({"clock": type(start_clock)} if start_clock else {}),
        **{"source_frame": int, "frames": int, "certain": float, "emotion": str},
        **{f"p_{label}": float for label in labels},
        **dict.fromkeys(INDICES, float),
    }


class Clock:
    """What each person of a clip shows in each step of a clock.

    Args:
        path: of the clip, as it was given.
        labels: the K emotions.
        rate_hz: steps a second; step 0 begins at time 0 of the clip.
        names: id -> what a person called it.
        start_clock: what a clock showed at the clip's beginning.
    """

    def __init__(
        self,
        path: str,
        labels: tuple[str, ...],
        rate_hz: float,
        names: Mapping[int, str] = MappingProxyType({}),
        start_clock: Setting = None,
    ) -> None:
        self._path, self._labels, self._rate_hz, self._names = path, labels, rate_hz, names
        self._start_clock = start_clock
        self._people: dict[int, dict[int, _Step]] = {}

    def add(self, entry: PictureEntry) -> None:
        """Count the faces of the next frame; those that could not be followed are nobody's."""
        number = int((entry.get("time_s", 0.0) + CRUMB_S) * self._rate_hz)
        for face in entry["faces"]:
            if (key := face.get("id", -1)) < 0:
                continue
            step = self._people.setdefault(key, {}).setdefault(number, _Step(len(self._labels) + len(INDICES)))
            step.source_frame = entry.get("source_frame") if not step.frames else step.source_frame
            step.frames += 1
            if not face["uncertain"]:
                step.shown[face["emotion"]] += 1
                step.sums += np.array(
                    [*face["probabilities"].values(), *index_cells(face["probabilities"]).values()], np.float64
                )

    def rows(self, without: Iterable[int] = ()) -> list[Row]:
        """Return a row a step for each person, by id, from the step of the first view to that of the last.

        Args:
            without: ids that are not counted as people.
        """
        return [
            {**self._who(key), **self._when(number), **self._cells(step)}
            for key in sorted(self._people.keys() - set(without))
            for steps in [self._people[key]]
            for number in range(min(steps), max(steps) + 1)
            for step in [steps.get(number)]
        ]

    def _who(self, key: int) -> Row:
        return {"path": spelled(self._path), "id": key, "name": self._names.get(key, "")}

    def _when(self, number: int) -> Row:
        time_s = round(number / self._rate_hz, 6)
        clock: Row = {"clock": clock_at(self._start_clock, time_s)} if self._start_clock else {}
        return {"time_s": time_s, **clock}

    def _cells(self, step: _Step | None) -> Row:
        names = [*(f"p_{label}" for label in self._labels), *INDICES]
        certain = step.shown.total() if step else 0
        seen: Row = {"source_frame": step.source_frame if step else None, "frames": step.frames if step else 0}
        if step is None or not certain:
            return {**seen, "certain": 0.0 if step else None, "emotion": "", **dict.fromkeys(names)}
        means = [round(mean, 4) + 0.0 if np.isfinite(mean) else None for mean in (step.sums / certain).tolist()]
        ((emotion, _),) = step.shown.most_common(1)
        share: Row = {"certain": round(certain / step.frames, 4), "emotion": emotion}
        return {**seen, **share, **dict(zip(names, means, strict=True))}


class _Step:
    """The frames of one person in one step: how many, the first one's place in the file, and what was certain."""

    __slots__ = ("frames", "shown", "source_frame", "sums")

    def __init__(self, measures: int) -> None:
        self.frames = 0
        self.source_frame: int | None = None
        self.shown: Counter[str] = Counter()
        self.sums = np.zeros(measures)


def write_clock_table(path: Path, rows: Iterable[Row], labels: tuple[str, ...], start_clock: Setting = None) -> None:
    """Write the rows of a clock as CSV, as ``mien.results.sinks`` writes it.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(path, b"".join([csv_line(columns(labels, start_clock)), *map(csv_row, rows)]))
