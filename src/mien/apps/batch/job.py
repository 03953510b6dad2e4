"""The messages between driver and workers: the job for all pictures and clips, and the outcome of a unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mien.core.clip_options import ClipOptions
from mien.core.errors import MienError
from mien.results.document import EndEntry, FailureEntry, MadeEntry, PictureEntry
from mien.results.totals import Totals

Entry = PictureEntry | FailureEntry
ClipEntry = PictureEntry | EndEntry

CRASHED = 70
"""The exit code of a child after an error that nobody expected: another than that of ``mien.core.child.limited``."""


class WrongWorkerError(MienError):
    """A worker has another version of mien, or another model, than the command."""


@dataclass(frozen=True, slots=True)
class Job:
    """The job of every worker.

    Attributes:
        load: the arguments of ``mien.load``.
        max_pixels, reduce_to_px: as for ``mien.imaging.decode.read_picture``.
        time_limit_s: how long a picture, or a frame of a clip, may take.
        mien: the version that all workers must have.
        made: what the results are made with; a worker must have this model.
        labels: the emotions.
        out: the folder of a data set that workers write; None if entries are returned.
        retry: whether units with failures are done again.
        clips: how clips are followed; None if there are none.
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
    clips: ClipOptions | None = None


@dataclass(frozen=True, slots=True)
class ClipFile:
    """A request for the entries of a clip: its name, and its file on this machine."""

    name: str
    file: str


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of a unit.

    Attributes:
        number: of the unit.
        totals: of its pictures or its clip, in all runs.
        failures: (path, reason) of what failed in this run.
        entries: of all its pictures, if no data set is written.
        before: whether an earlier run did it.
        lost: why it is not done; empty if it is.
    """

    number: int
    totals: Totals = field(default_factory=Totals)
    failures: Sequence[tuple[str, str]] = ()
    entries: Sequence[Entry] = ()
    before: bool = False
    lost: str = ""


class Account:
    """Counts the entries of a unit as they pass.

    Args:
        clip: whether they are those of one clip.

    Attributes:
        totals: so far.
        failures: (path, reason) so far.
        ends: of clips, so far.
    """

    def __init__(self, *, clip: bool = False) -> None:
        self.totals = Totals(clips=1) if clip else Totals()
        self.failures: list[tuple[str, str]] = []
        self.ends: list[EndEntry] = []
        self._clip = clip

    def passing(self, entries: Iterable[Entry | EndEntry]) -> Iterator[PictureEntry]:
        """Yield the entries with faces, and keep the others."""
        for entry in entries:
            if "end_s" in entry:
                self.ends.append(entry)
                self.totals.noted += bool(entry["notes"])
                continue
            self.totals.frames += self._clip and "faces" in entry
            self.totals.pictures += not self._clip
            if "error" in entry:
                self.failures.append((entry["path"], entry["error"]))
                self.totals.fail(*self.failures[-1])
            else:
                self.totals.count(entry["faces"])
                yield entry


def kept(number: int, entries: Sequence[Entry]) -> Done:
    """Return the outcome of a unit of pictures, with its entries."""
    account = Account()
    for _ in account.passing(entries):
        pass
    return Done(number, account.totals, account.failures, entries)
