"""The messages between driver and workers: the job for all pictures, and the totals of a unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mien.core.errors import MienError
from mien.results.document import FailureEntry, MadeEntry, PictureEntry

Entry = PictureEntry | FailureEntry


class WrongWorkerError(MienError):
    """A worker has another version of mien, or another model, than the command."""


@dataclass(frozen=True, slots=True)
class Job:
    """The job of every worker.

    Attributes:
        load: the arguments of ``mien.load``.
        max_pixels, reduce_to_px: as for ``mien.imaging.decode.read_picture``.
        time_limit_s: how long a picture may take.
        mien: the version that all workers must have.
        made: what the results are made with; a worker must have this model.
        labels: the emotions.
        out: the folder of a data set that workers write; None if entries are returned.
        retry: whether units with failures are done again.
    """

    load: Mapping[str, Any]
    max_pixels: int
    reduce_to_px: int | None
    time_limit_s: float
    mien: str
    made: MadeEntry
    labels: tuple[str, ...]
    out: str | None = None
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of a unit.

    Attributes:
        number: of the unit.
        pictures: how many it has, with and without a result.
        emotions: faces that are not uncertain, by emotion.
        uncertain: the other faces.
        failures: (path, reason) of pictures that failed in this run.
        failed: how many pictures failed, in all runs.
        entries: of all its pictures, if no data set is written.
        before: whether an earlier run did it.
        lost: why it is not done; empty if it is.
    """

    number: int
    pictures: int = 0
    emotions: Mapping[str, int] = field(default_factory=dict[str, int])
    uncertain: int = 0
    failures: Sequence[tuple[str, str]] = ()
    failed: int = 0
    entries: Sequence[Entry] = ()
    before: bool = False
    lost: str = ""

    @property
    def faces(self) -> int:
        """Return how many faces were found."""
        return sum(self.emotions.values()) + self.uncertain


def summed(number: int, entries: Sequence[Entry], *, kept: bool = False) -> Done:
    """Return the outcome of a unit with these entries, which are included if ``kept``."""
    faces = [face for entry in entries if "faces" in entry for face in entry["faces"]]
    failures = [(entry["path"], entry["error"]) for entry in entries if "error" in entry]
    return Done(
        number,
        len(entries),
        dict(Counter(face["emotion"] for face in faces if not face["uncertain"])),
        sum(face["uncertain"] for face in faces),
        failures,
        len(failures),
        entries if kept else (),
    )
