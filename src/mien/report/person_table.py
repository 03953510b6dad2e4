"""The table of ``mien video --summary``: a row a person a clip, made of the entries of the clip's frames.

Everything is counted over frames, so the figures can be computed from the table of ``--data`` too.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mien.core.output import write_whole
from mien.core.spelling import spelled
from mien.imaging.quality import QUALITIES
from mien.report.events import Event
from mien.results.document import FaceEntry, PictureEntry, Setting, index_cells
from mien.results.rows import Columns, Row
from mien.results.sinks import csv_line, csv_row
from mien.results.start_clock import clock_at

INDICES = ("valence", "intensity")


@dataclass(frozen=True, slots=True)
class Parts:
    """What people are counted in beside the whole clip.

    Attributes:
        events: the parts, each of which has rows of its own.
        baseline: the part whose means are subtracted from those of all rows; None subtracts nothing.
        start_clock: what a clock showed at the clips' beginning; None has no columns.
    """

    events: tuple[Event, ...] = ()
    baseline: Event | None = None
    start_clock: Setting = None


NO_PARTS = Parts()


def columns(labels: tuple[str, ...], parts: Parts = NO_PARTS) -> Columns:
    """Return the columns of the table of these emotions, in order, with the type of their cells (docs/SCHEMA.md)."""
    measures, clock = (*labels, *INDICES), parts.start_clock
    return {
        "path": str,
        "id": int,
        "name": str,
        **({"event": str, "start_s": float, "end_s": float} if parts.events else {}),
        **(dict.fromkeys(("start_clock", "end_clock"), type(clock)) if clock and parts.events else {}),
        "first_s": float,
        "last_s": float,
        **(dict.fromkeys(("first_clock", "last_clock"), type(clock)) if clock else {}),
        "frames": int,
        "seen": float,
        "certain": float,
        **{f"quality_{quality}": float for quality in QUALITIES},
        "changes": int,
        **{f"share_{label}": float for label in labels},
        **{f"mean_{measure}": float for measure in measures},
        **({f"corrected_{measure}": float for measure in measures} if parts.baseline else {}),
        **{f"max_{measure}": float for measure in measures},
        "min_valence": float,
        **{f"onset_{label}": float for label in labels},
    }


class ClipPeople:
    """What is counted of each person while the frames of one clip go by.

    Attributes:
        path: of the clip, as it was given.

    Args:
        path: of the clip.
        labels: the K emotions.
        parts: what is counted beside the whole.
        names: id -> what a person called it.
    """

    def __init__(
        self,
        path: str,
        labels: tuple[str, ...],
        parts: Parts = NO_PARTS,
        names: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        self.path, self._labels, self._parts, self._names = path, labels, parts, names
        self._whole, self._baseline = _Counts(labels), _Counts(labels)
        self._events = [(event, _Counts(labels)) for event in parts.events if event.is_of(path)]

    def add(self, entry: PictureEntry) -> None:
        """Count the faces of the next frame; those that could not be followed are nobody's.

        Args:
            entry: of the frame, with the time and the identities.
        """
        time_s = entry.get("time_s", 0.0)
        self._whole.add(time_s, entry)
        for event, counts in self._events:
            if event.has(time_s):
                counts.add(time_s, entry)
        if self._parts.baseline and self._parts.baseline.has(time_s):
            self._baseline.add(time_s, entry)

    def count(self, entries: Iterable[PictureEntry]) -> None:
        """Count the faces of frames, as those of a log."""
        for entry in entries:
            self.add(entry)

    def without(self, ids: Iterable[int]) -> Self:
        """Drop ids that are not counted as people, and return itself."""
        for key in ids:
            self._whole.people.pop(key, None)
        return self

    def rows(self) -> list[Row]:
        """Return a row a person, by id, for the whole and then for each event; cells in the order of ``columns``."""
        rows: list[Row] = []
        for key in sorted(self._whole.people):
            who: Row = {"path": spelled(self.path), "id": key, "name": self._names.get(key, "")}
            rows.append({**who, **self._part("", None, None), **self._cells(key, self._whole)})
            for event, counts in self._events:
                end_s = None if math.isinf(event.end_s) else event.end_s
                rows.append({**who, **self._part(event.name, event.start_s, end_s), **self._cells(key, counts)})
        return rows

    def _part(self, name: str, start_s: float | None, end_s: float | None) -> Row:
        """Return the cells that say of which part of the clip a row is."""
        if not self._parts.events:
            return {}
        return {"event": name, "start_s": start_s, "end_s": end_s, **self._clocks(start=start_s, end=end_s)}

    def _clocks(self, **times_s: float | None) -> Row:
        start = self._parts.start_clock
        return {f"{name}_clock": clock_at(start, time_s) for name, time_s in times_s.items()} if start else {}

    def _cells(self, key: int, counts: _Counts) -> Row:
        base = self._baseline.of(key).means if self._parts.baseline else None
        person = counts.of(key)
        first_s, last_s = person.seen
        seen: Row = {"first_s": first_s, "last_s": last_s, **self._clocks(first=first_s, last=last_s)}
        return {**seen, **person.cells(counts.frames, base)}


class _Counts:
    """The people in some frames."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.frames = 0
        self.people: dict[int, _Person] = {}
        self._labels = labels

    def add(self, time_s: float, entry: PictureEntry) -> None:
        """Count the faces of one frame."""
        self.frames += 1
        for face in entry["faces"]:
            if (key := face.get("id", -1)) >= 0:
                self.people.setdefault(key, _Person(self._labels)).add(time_s, face)

    def of(self, key: int) -> _Person:
        """Return what is counted of a person, who may never have been there."""
        return self.people.get(key, _Person(self._labels))


class _Person:
    """Sums of one person; emotions are counted over the frames in which they are certain."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self._labels, self._measures = labels, (*labels, *INDICES)
        self._first_s: float | None = None
        self._last_s: float | None = None
        self._frames = self._certain = self._changes = 0
        self._shown = ""
        self._qualities: Counter[str] = Counter()
        self._shares: Counter[str] = Counter()
        self._onsets: dict[str, float] = {}
        self._sums = np.zeros(len(self._measures))
        self._most, self._least = np.full(len(self._measures), -np.inf), np.full(len(self._measures), np.inf)

    def add(self, time_s: float, face: FaceEntry) -> None:
        """Count one frame."""
        self._frames += 1
        self._first_s = time_s if self._first_s is None else self._first_s
        self._last_s = time_s
        self._qualities[face["quality"]] += 1
        if face["uncertain"]:
            return
        emotion = face["emotion"]
        self._changes += self._shown not in ("", emotion)
        self._shown = emotion
        self._certain += 1
        self._shares[emotion] += 1
        self._onsets.setdefault(emotion, time_s)
        measures = [*face["probabilities"].values(), *index_cells(face["probabilities"]).values()]
        values = np.array(measures, np.float64)  # None becomes NaN, and stays it in sums and extremes
        self._sums += values
        self._most, self._least = np.maximum(self._most, values), np.minimum(self._least, values)

    @property
    def seen(self) -> tuple[float | None, float | None]:
        """The times of the first and of the last frame; None without any."""
        return self._first_s, self._last_s

    @property
    def means(self) -> NDArray[np.float64]:
        """Of each measure over the certain frames; NaN without any."""
        return self._sums / self._certain if self._certain else np.full(len(self._measures), np.nan)

    def cells(self, frames: int, base: NDArray[np.float64] | None) -> Row:
        """Return the cells of its row that are counted; empty where there is nothing to count.

        Args:
            frames: among how many it was looked for.
            base: the means that are taken off; None takes off nothing.
        """
        named = "quality", "share", "mean", "corrected", "max"
        values = (
            {quality: _part(self._qualities[quality], self._frames) for quality in QUALITIES},
            {label: _part(self._shares[label], self._certain) for label in self._labels},
            dict(zip(self._measures, self.means, strict=True)),
            {} if base is None else dict(zip(self._measures, self.means - base, strict=True)),
            dict(zip(self._measures, self._most, strict=True)),
        )
        quality, share, *measured = (
            {f"{name}_{key}": _cell(value) for key, value in cells.items()}
            for name, cells in zip(named, values, strict=True)
        )
        return {
            "frames": self._frames,
            "seen": _cell(_part(self._frames, frames)),
            "certain": _cell(_part(self._certain, self._frames)),
            **quality,
            "changes": self._changes,
            **share,
            **{name: cell for cells in measured for name, cell in cells.items()},
            "min_valence": _cell(self._least[self._measures.index("valence")]),
            **{f"onset_{label}": self._onsets.get(label) for label in self._labels},
        }


def _part(some: int, of: int) -> float:
    return some / of if of else math.nan


def _cell(value: float) -> float | None:
    return round(float(value), 4) + 0.0 if np.isfinite(value) else None


def write_person_table(
    path: Path, clips: Sequence[ClipPeople], labels: tuple[str, ...], parts: Parts = NO_PARTS
) -> None:
    """Write the table of clips as CSV, as ``mien.results.sinks`` writes it.

    Raises:
        OSError: it cannot be written.
    """
    rows = [row for clip in clips for row in clip.rows()]
    write_whole(path, b"".join([csv_line(columns(labels, parts)), *map(csv_row, rows)]))
