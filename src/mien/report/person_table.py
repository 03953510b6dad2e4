"""The table of ``mien video --summary``: a row a person a clip, made of the entries of the clip's frames.

All of it is counted over frames, so that whoever has the table of ``--data`` can have the same figures again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from mien.core.output import write_whole
from mien.core.spelling import spelled
from mien.imaging.quality import QUALITIES
from mien.results.document import FaceEntry, PictureEntry, index_cells
from mien.results.rows import Columns, Row
from mien.results.sinks import csv_line

INDICES = ("valence", "intensity")


def columns(labels: tuple[str, ...]) -> Columns:
    """Return the columns of the table of these emotions, in order, with the type of their cells (docs/SCHEMA.md)."""
    measures = (*labels, *INDICES)
    return {
        "path": str,
        "id": int,
        "first_s": float,
        "last_s": float,
        "frames": int,
        "seen": float,
        "certain": float,
        **{f"quality_{quality}": float for quality in QUALITIES},
        "changes": int,
        **{f"share_{label}": float for label in labels},
        **{f"mean_{measure}": float for measure in measures},
        **{f"max_{measure}": float for measure in measures},
        "min_valence": float,
        **{f"onset_{label}": float for label in labels},
    }


class ClipPeople:
    """What is counted of each person while the frames of one clip go by.

    Args:
        path: of the clip, as it was given.
        labels: the K emotions.
    """

    def __init__(self, path: str, labels: tuple[str, ...]) -> None:
        self._path, self._labels, self._frames = path, labels, 0
        self._people: dict[int, _Person] = {}

    def add(self, entry: PictureEntry) -> None:
        """Count the faces of the next frame; those that could not be followed are nobody's.

        Args:
            entry: of the frame, with the time and the identities.
        """
        self._frames += 1
        time_s = entry.get("time_s", 0.0)
        for face in entry["faces"]:
            if (key := face.get("id", -1)) >= 0:
                if key not in self._people:
                    self._people[key] = _Person(time_s, len(self._labels) + len(INDICES))
                self._people[key].add(time_s, face)

    def count(self, entries: Iterable[PictureEntry]) -> None:
        """Count the faces of frames, as those of a log."""
        for entry in entries:
            self.add(entry)

    def without(self, ids: Iterable[int]) -> Self:
        """Drop ids that are not counted as people, and return itself."""
        for key in ids:
            self._people.pop(key, None)
        return self

    def rows(self) -> list[Row]:
        """Return a row a person, by id, its cells in the order of ``columns``."""
        return [
            {"path": spelled(self._path), "id": key, **self._people[key].cells(self._labels, self._frames)}
            for key in sorted(self._people)
        ]


class _Person:
    """Sums of one person; what the emotions are is counted over the frames in which they are certain."""

    def __init__(self, first_s: float, measures: int) -> None:
        self._first_s = self._last_s = first_s
        self._frames = self._certain = self._changes = 0
        self._shown = ""
        self._qualities: Counter[str] = Counter()
        self._shares: Counter[str] = Counter()
        self._onsets: dict[str, float] = {}
        self._sums = np.zeros(measures)
        self._most, self._least = np.full(measures, -np.inf), np.full(measures, np.inf)

    def add(self, time_s: float, face: FaceEntry) -> None:
        """Count one frame."""
        self._frames += 1
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

    def cells(self, labels: tuple[str, ...], frames: int) -> Row:
        """Return the cells of its row that follow the id; empty where there is nothing to count.

        Args:
            labels: the emotions.
            frames: of the clip.
        """
        measures = (*labels, *INDICES)
        means = self._sums / self._certain if self._certain else np.full(len(measures), np.nan)
        shares = {label: self._shares[label] / self._certain if self._certain else np.nan for label in labels}
        return {
            "first_s": self._first_s,
            "last_s": self._last_s,
            "frames": self._frames,
            "seen": _cell(self._frames / frames),
            "certain": _cell(self._certain / self._frames),
            **{f"quality_{quality}": _cell(self._qualities[quality] / self._frames) for quality in QUALITIES},
            "changes": self._changes,
            **{f"share_{label}": _cell(share) for label, share in shares.items()},
            **{f"mean_{measure}": _cell(value) for measure, value in zip(measures, means, strict=True)},
            **{f"max_{measure}": _cell(value) for measure, value in zip(measures, self._most, strict=True)},
            "min_valence": _cell(self._least[measures.index("valence")]),
            **{f"onset_{label}": self._onsets.get(label) for label in labels},
        }


def _cell(value: float) -> float | None:
    return round(float(value), 4) + 0.0 if np.isfinite(value) else None


def write_person_table(path: Path, clips: Sequence[ClipPeople], labels: tuple[str, ...]) -> None:
    """Write the table of clips as CSV, as ``mien.results.sinks`` writes it.

    Raises:
        OSError: it cannot be written.
    """
    rows = [row for clip in clips for row in clip.rows()]
    write_whole(path, b"".join([csv_line(columns(labels)), *(csv_line(row.values()) for row in rows)]))
