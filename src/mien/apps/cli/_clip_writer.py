"""The video that is written of a clip; if it fails, the clip's other files are still finished."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from mien.core.arrays import Image
from mien.core.errors import MienError
from mien.video.reader import Video
from mien.video.writer import VideoWriter


class ClipWriter:
    """Writes a video with ``VideoWriter`` and keeps its errors instead of raising them; a context manager.

    Attributes:
        error: why there is no film; None as long as there is one.
    """

    def __init__(  # noqa: PLR0917, as of the writer
        self, path: Path, video: Video, first: Image, start_s: float, end_s: float | None, comment: str
    ) -> None:
        """Begin the film of a video, with its sound.

        Args:
            path: of the film.
            video: whose pictures come.
            first: (H, W, 3), of the size of all of them.
            start_s: the time in the video at which the film begins.
            end_s: the time in the video at which it ends; None for the video's end.
            comment: what the film says of itself.
        """
        self.error: MienError | None = None
        self._writer: VideoWriter | None = None
        with self._kept():
            height, width = first.shape[:2]
            audio_of = Path(video.clip.path)
            size, base = (width, height), video.clip.time_base
            self._writer = VideoWriter(path, size, base, audio_of, start_s, end_s, comment)

    def __enter__(self) -> Self:
        """Return the film itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Finish the film, or remove it after an error."""
        if self._writer:
            failed = error or self.error
            with self._kept():
                self._writer.__exit__(type(failed) if failed else None, failed, at)

    @property
    def notes(self) -> list[str]:
        """What there is to say of the film's sound."""
        return self._writer.notes if self._writer and not self.error else []

    def write(self, image: Image, time_s: float) -> None:
        """Add a picture (H, W, 3) uint8 RGB, to be shown from its time in the video on."""
        if self._writer and not self.error:
            with self._kept():
                self._writer.write(image, time_s)

    def end_at(self, time_s: float, stopped: bool) -> None:
        """Say when the last picture ends, and whether more would have come."""
        if self._writer:
            self._writer.end_at(time_s, stopped)

    @contextmanager
    def _kept(self) -> Generator[None]:
        try:
            yield
        except MienError as error:
            self.error = self.error or error
