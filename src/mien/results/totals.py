"""Counts over the entries of many pictures and clips: what is shown of a run, and of no table as a whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from math import floor, log2
from typing import Any, Self

from mien.results.document import FaceEntry

_VARYING = re.compile(r"0x[0-9a-f]+|\d[\d.,]*")


def _counter() -> Counter[str]:
    return Counter()


@dataclass(slots=True)
class Totals:
    """Counts that can be added up.

    Attributes:
        pictures, clips: how many, with and without a result.
        frames: of the clips.
        failed: pictures and clips without a result.
        noted: clips of which there is something to know, as that they are cut off.
        emotions: faces that are not uncertain, by emotion.
        uncertain: the other faces, by their most probable emotion.
        doubts: these, by the quality of their view.
        sizes: faces by the longer side of their box: the power of two in pixels from which on it is counted.
        reasons: failures by reason, without what differs from file to file.
    """

    pictures: int = 0
    clips: int = 0
    frames: int = 0
    failed: int = 0
    noted: int = 0
    emotions: Counter[str] = field(default_factory=_counter)
    uncertain: Counter[str] = field(default_factory=_counter)
    doubts: Counter[str] = field(default_factory=_counter)
    sizes: Counter[str] = field(default_factory=_counter)
    reasons: Counter[str] = field(default_factory=_counter)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Return totals from what ``to_dict`` gave.

        Raises:
            TypeError: they are none.
        """
        counts: dict[str, Any] = {
            key: Counter(value) if isinstance(value, dict) else value for key, value in content.items()
        }
        return cls(**counts)

    @property
    def files(self) -> int:
        """Return how many pictures and clips there are."""
        return self.pictures + self.clips

    @property
    def faces(self) -> int:
        """Return how many faces were found."""
        return self.emotions.total() + self.uncertain.total()

    def count(self, faces: Iterable[FaceEntry]) -> None:
        """Count the faces of a picture or a frame."""
        for face in faces:
            (self.uncertain if face["uncertain"] else self.emotions)[face["emotion"]] += 1
            if face["uncertain"]:
                self.doubts[face["quality"]] += 1
            self.sizes[_size(face["box"])] += 1

    def fail(self, path: str, error: str) -> None:
        """Count a failure."""
        self.failed += 1
        self.reasons[_VARYING.sub("\N{HORIZONTAL ELLIPSIS}", error.replace(path, "FILE"))] += 1

    def add(self, other: Totals) -> None:
        """Add the counts of another part."""
        for name in (one.name for one in fields(self)):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON can hold them, in an order that is always the same."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {key: dict(sorted(value.items())) if isinstance(value, dict) else value for key, value in values.items()}


def _size(box: list[float]) -> str:
    x1, y1, x2, y2 = box
    return str(2 ** max(0, floor(log2(max(x2 - x1, y2 - y1, 1)))))
