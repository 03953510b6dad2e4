"""Pictures to a video that plays everywhere: H.264 in MP4, its index in front, with the audio of another video.

Raises:
    MissingExtra: on import, when PyAV is not installed.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from fractions import Fraction
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from mien.core.arrays import Image
from mien.core.errors import VideoError
from mien.core.output import advice_on
from mien.video._container import exact, open_container
from mien.video._pyav import FFmpegError, VideoFrame, VideoReformatter, av
from mien.video.audio import AudioTracks

_OPTIONS = {
    "crf": "20",
    "preset": "veryfast",
    # Without B-frames the packets are in the order of their times, so that each frame lasts exactly as long as it
    # should in every player.
    "bf": "0",
}

_BT709 = 1
_LIMITED = 1


def comment_of(path: Path) -> str:
    """Return what a video says of itself; nothing where it cannot be read."""
    try:
        with open_container(path) as container:
            return container.metadata.get("comment", "")
    except VideoError:
        return ""


class VideoWriter:
    """Writes a video: a context manager that takes pictures and their times.

    It is written to a file beside its place and moved there at the end, after Ctrl-C too: then the audio ends with the
    pictures. Any other error removes it. Encoding runs in a thread of its own, one picture behind, so that Ctrl-C
    loses none; a picture must not be changed once it has been written.

    If the audio cannot be kept, the video is written without it, and a note says so.
    """

    def __init__(  # noqa: PLR0917, half of them are seldom given
        self,
        path: Path,
        size: tuple[int, int],
        time_base: Fraction,
        audio_of: Path | None = None,
        start_s: float = 0.0,
        end_s: float | None = None,
        comment: str = "",
    ) -> None:
        """Begin a video.

        Args:
            path: of the video, an MP4 whatever its suffix.
            size: width and height of the pictures; odd ones are padded by one pixel.
            time_base: of the source, whose frame times are whole multiples of it.
            audio_of: the source whose audio is copied, if it has any; None for a video without audio.
            start_s: the time in the source at which the video begins.
            end_s: the time in the source at which audio and last picture end; None for its end.
            comment: what the file says of itself, for ``comment_of``.

        Raises:
            VideoError: path cannot be written, or audio_of not read.
        """
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._start, self._end = exact(start_s), None if end_s is None else exact(end_s)
        self._size = size[0] + size[0] % 2, size[1] + size[1] % 2
        self._base, self._comment = time_base, comment
        self._last = -1
        self._duration = 1
        self._until: Fraction | None = None
        self._stopped = False
        self._failed: VideoError | None = None
        self._audio: AudioTracks | None = None
        self._job: Future[None] | None = None
        self._audio_notes: list[str] = []
        self._convert = VideoReformatter().reformat
        if not path.parent.is_dir():
            raise VideoError(f"cannot write {path}: no folder {path.parent}; make it first")
        with self._explained():
            self._part.write_bytes(b"")
            try:
                self._open(audio_of)
            except BaseException:
                self._part.unlink()
                raise
        self._worker = ThreadPoolExecutor(1, "mien-writer")

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Finish the video, or remove it after an error other than Ctrl-C.

        Raises:
            VideoError: it cannot be written, or no picture was.
        """
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        self._stopped |= interrupted
        try:
            if kind is None or interrupted:
                self._worker.submit(self._finish, self._job, interrupted).result()
            else:
                self._worker.submit(self._discard).result()
        finally:
            self._worker.shutdown()

    @property
    def notes(self) -> list[str]:
        """What the user should know at the end: how audio and subtitles differ from the source's."""
        return [*self._audio_notes, *(self._audio.notes if self._audio else ())]

    def write(self, image: Image, time_s: float) -> None:
        """Add a picture, to be shown until the next one.

        Args:
            image: (H, W, 3) uint8 RGB, of the size given.
            time_s: its time in the source in seconds, later than that of the picture before.

        Raises:
            VideoError: the picture before could not be written.
        """
        before, self._job = self._job, self._worker.submit(self._add, image, time_s)
        if before is not None:
            before.result()

    def end_at(self, time_s: float, stopped: bool = False) -> None:
        """Set when the last picture ends; unless set, it lasts as long as the one before it.

        Args:
            time_s: in the source, in seconds; ignored unless it is after the start of the last picture.
            stopped: whether more pictures would have come: then the audio ends here too, else it is kept to its end.
        """
        self._until, self._stopped = exact(time_s), stopped

    def _open(self, audio_of: Path | None) -> None:
        """Begin the file, without audio where MP4 cannot hold it."""
        try:
            self._begin(audio_of)
        except FFmpegError as error:
            if audio_of is None or isinstance(error, OSError):
                raise
            self._close()
            self._audio = None
            self._audio_notes = [f"the film has no sound, as MP4 cannot hold it ({error.strerror})"]
            self._begin(None)

    def _begin(self, audio_of: Path | None) -> None:
        # With the usual scale of milliseconds the start of a stream would be rounded.
        options = {"movflags": "+faststart", "movie_timescale": str(max(1000, self._base.denominator))}
        self._container = av.open(f"file:{self._part}", "w", format="mp4", options=options)
        self._container.metadata["comment"] = self._comment
        self._stream = self._container.add_stream("libx264", options=_OPTIONS)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = self._base
        codec = self._stream.codec_context
        codec.time_base = self._base
        codec.color_range = _LIMITED
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
        if audio_of is not None:
            self._audio = AudioTracks(audio_of, self._container, self._start, self._end)
        self._container.start_encoding()

    def _add(self, image: Image, time_s: float) -> None:
        """Encode a picture and the audio up to it; runs in the writer's thread, as all methods below do."""
        height, width = image.shape[:2]
        if height % 2 or width % 2:
            image = np.asarray(cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), np.uint8)
        frame = self._convert(
            VideoFrame.from_ndarray(image, "rgb24"),
            format="yuv420p",
            dst_colorspace=_BT709,
            dst_color_range=_LIMITED,
        )
        at = max(round((exact(time_s) - self._start) / self._base), self._last + 1)
        if self._last >= 0:
            self._duration = at - self._last
        self._last = frame.pts = at
        frame.time_base = self._base
        with self._explained():
            if self._audio:
                self._audio.write(at * self._base)
            self._mux(frame)

    def _mux(self, frame: VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            packet.duration = self._duration  # the muxer uses the last one only; the others follow from the times
            self._container.mux(packet)

    def _finish(self, job: Future[None] | None, interrupted: bool) -> None:
        try:
            if job is not None:
                job.result()
            if self._last >= 0:
                self._complete()
            elif not interrupted:
                raise VideoError(f"no film: {self._path} was given no picture")
        finally:
            self._discard()

    def _complete(self) -> None:
        if self._until is not None and (duration := round((self._until - self._start) / self._base) - self._last) > 0:
            self._duration = duration
        with self._explained():
            self._mux(None)
            if self._audio:
                self._audio.write((self._last + self._duration) * self._base if self._stopped else inf)
            self._container.close()
            self._part.replace(self._path)

    def _discard(self) -> None:
        self._close()
        self._part.unlink(missing_ok=True)

    def _close(self) -> None:
        with suppress(FFmpegError):  # the file is thrown away
            self._container.close()
        if self._audio:
            self._audio.close()

    @contextmanager
    def _explained(self) -> Generator[None]:
        """Turn errors of the disk or FFmpeg into a ``VideoError``; after one, FFmpeg must not be called again."""
        if self._failed:
            raise self._failed
        try:
            yield
        except (FFmpegError, OSError) as error:
            why = getattr(error, "strerror", None) or error
            advice = advice_on(error) if isinstance(error, OSError) else "do without the film"
            self._failed = VideoError(f"cannot write {self._path}: {why}; {advice}")
            raise self._failed from error
