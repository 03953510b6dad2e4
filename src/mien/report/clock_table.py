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
from mien.results.document import PictureEntry, index_cells
from mien.results.rows import Columns, Row
from mien.results.sinks import csv_line, csv_row

INDICES = ("valence", "intensity")

CRUMB_S = 1e-6
"""A frame that misses a step by no more, as times are rounded to that, belongs to it."""


def columns(labels: tuple[str, ...]) -> Columns:
    """Return the columns of the table of these emotions, in order, with the type of their cells (docs/SCHEMA.md)."""
    return {
        **{"path": str, "id": int, "name": str, "time_s": float, "frames": int, "certain": float, "emotion": str},
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
    """

    def __init__(
        self, path: str, labels: tuple[str, ...], rate_hz: float, names: Mapping[int, str] = MappingProxyType({})
    ) -> None:
        self._path, self._labels, self._rate_hz, self._names = path, labels, rate_hz, names
        self._people: dict[int, dict[int, _Step]] = {}

    def add(self, entry: PictureEntry) -> None:
        """Count the faces of the next frame; those that could not be followed are nobody's."""
        number = int((entry.get("time_s", 0.0) + CRUMB_S) * self._rate_hz)
        for face in entry["faces"]:
            if (key := face.get("id", -1)) < 0:
                continue
            step = self._people.setdefault(key, {}).setdefault(number, _Step(len(self._labels) + len(INDICES)))
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
            {**self._who(key), "time_s": round(number / self._rate_hz, 6), **self._cells(step)}
            for key in sorted(self._people.keys() - set(without))
            for steps in [self._people[key]]
            for number in range(min(steps), max(steps) + 1)
            for step in [steps.get(number)]
        ]

    def _who(self, key: int) -> Row:
        return {"path": spelled(self._path), "id": key, "name": self._names.get(key, "")}

    def _cells(self, step: _Step | None) -> Row:
        names = [*(f"p_{label}" for label in self._labels), *INDICES]
        certain = step.shown.total() if step else 0
        if step is None or not certain:
            share: Row = {"frames": step.frames if step else 0, "certain": 0.0 if step else None, "emotion": ""}
            return {**share, **dict.fromkeys(names)}
        means = [round(mean, 4) + 0.0 if np.isfinite(mean) else None for mean in (step.sums / certain).tolist()]
        ((emotion, _),) = step.shown.most_common(1)
        share = {"frames": step.frames, "certain": round(certain / step.frames, 4), "emotion": emotion}
        return {**share, **dict(zip(names, means, strict=True))}


class _Step:
    """The frames of one person in one step: how many, and what was certain of them."""

    __slots__ = ("frames", "shown", "sums")

    def __init__(self, measures: int) -> None:
        self.frames = 0
        self.shown: Counter[str] = Counter()
        self.sums = np.zeros(measures)


def write_clock_table(path: Path, rows: Iterable[Row], labels: tuple[str, ...]) -> None:
    """Write the rows of a clock as CSV, as ``mien.results.sinks`` writes it.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(path, b"".join([csv_line(columns(labels)), *map(csv_row, rows)]))
