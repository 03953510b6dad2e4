"""What ``mien live`` stores when asked: videos of what is shown, and single pictures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol

from mien.core.arrays import Image
from mien.imaging.decode import write

TIME_BASE = Fraction(1, 90_000)
"""The unit of times in videos, in seconds: fine enough for pictures at irregular times."""


class Writer(Protocol):
    """What a recorder needs of a ``VideoWriter``."""

    def __enter__(self) -> Writer:
        """Open it."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Finish it."""
        ...

    def write(self, image: Image, time_s: float) -> None:
        """Add a picture."""
        ...


def make_writer(path: Path, size: tuple[int, int]) -> Writer:
    """Return a video without sound, of (width, height)."""
    from mien.video.writer import VideoWriter

    return VideoWriter(path, size, TIME_BASE)


class Recorder:
    """Records what is shown from ``start`` to ``stop``; a context manager that finishes the video in any case.

    Nothing is overwritten: names are made of the time, with a number if a name is taken.

    Args:
        folder: for files that are not given a path.
        now: the time of day.
        make: (path, size) -> video.

    Attributes:
        on: whether it records.
        length_s: of the video so far, in seconds.
        files: all that were written.
        failure: why the last failed video could not be written; empty if none failed.
    """

    def __init__(
        self,
        folder: Path = Path(),
        now: Callable[[], datetime] = datetime.now,
        make: Callable[[Path, tuple[int, int]], Writer] = make_writer,
    ) -> None:
        self.on = False
        self.length_s = 0.0
        self.files: list[Path] = []
        self.failure = ""
        self._folder, self._now, self._make = folder, now, make
        self._writer: Writer | None = None
        self._path, self._size, self._begin_s = Path(), (0, 0), 0.0

    def __enter__(self) -> Recorder:
        """Return the recorder."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the video, however the run ended."""
        self.stop()

    def start(self, path: Path | None = None) -> None:
        """Record from the next picture on, to path or to ``mien-live-TIME.mp4``."""
        self._path = path or self._free(".mp4")
        self.on, self.length_s = True, 0.0

    def write(self, image: Image, time_s: float) -> None:
        """Add a picture (H, W, 3) uint8 RGB; one of another size than the last begins another video.

        Args:
            image: annotated.
            time_s: later than that of the picture before.

        Raises:
            MienError: the video cannot be written; recording stops.
        """
        size = image.shape[1], image.shape[0]
        if self._writer is not None and size != self._size:
            self.stop()
            self.start()
        try:
            if self._writer is None:
                self._writer = self._make(self._path, size).__enter__()
                self._size, self._begin_s = size, time_s
            self.length_s = time_s - self._begin_s
            self._writer.write(image, self.length_s)
        except BaseException as error:
            self.failure = str(error)
            writer, self._writer, self.on = self._writer, None, False
            if writer is not None:
                writer.__exit__(type(error), error, error.__traceback__)
            raise

    def stop(self) -> Path | None:
        """Finish the video, and return its file; None if nothing was recorded.

        Raises:
            MienError: the video cannot be finished.
        """
        writer, self._writer, self.on = self._writer, None, False
        if writer is None:
            return None
        writer.__exit__(None, None, None)
        self.files.append(self._path)
        return self._path

    def snapshot(self, image: Image) -> Path:
        """Write a picture (H, W, 3) uint8 RGB to ``mien-live-TIME.png``, and return the file.

        Raises:
            ImageError: it cannot be written.
        """
        path = self._free(".png")
        write(image, path)
        self.files.append(path)
        return path

    def _free(self, suffix: str) -> Path:
        stem = f"mien-live-{self._now():%Y%m%d-%H%M%S}"
        path, number = self._folder / f"{stem}{suffix}", 1
        while path.exists():
            number += 1
            path = self._folder / f"{stem}-{number}{suffix}"
        return path
