"""Video files to frames, on FFmpeg by way of PyAV.

Times are those that the container states, never a count of frames. Whatever is wrong with a file ends in one
``VideoError`` that names it, or in frames that are skipped and counted.

Raises:
    MissingExtra: on import, when PyAV is not installed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import floor, isfinite
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mien.core.errors import UsageError, VideoError
from mien.core.types import Frame
from mien.vision.containers import beginning, contents, exact, open_container, own_start, picture_stream
from mien.vision.pyav import FFmpegError, VideoFrame, av
from mien.vision.upright import Upright

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_SEEK_BACK_S = 10
"""How much earlier to look, in seconds, where a container leads to a frame behind the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What a video file says of itself.

    Attributes:
        path: as it was given.
        width: of the upright picture with square pixels, in pixels; so is height.
        fps: frames a second in the mean, as the file declares it.
        duration_s: of the whole file, in seconds; None where the file does not say.
        frames: in the whole file; an estimate from duration and rate where the file does not count them, None where it
            has no duration either.
        time_base: what times are whole multiples of, in seconds.
        sound: whether there is any.
    """

    path: str
    width: int
    height: int
    fps: float
    duration_s: float | None
    frames: int | None
    time_base: Fraction
    sound: bool


class Video:
    """The frames of a video file; iterating yields them once, in the order of their times. ``open_video`` opens it.

    Each is a ``Frame``: RGB, upright, square pixels; ``index`` counts those yielded; ``time_s`` is the container's,
    from its start, and grows from frame to frame.

    Attributes:
        clip: what the file says of itself.
        damaged: frames skipped so far, for damage, for a missing time or for one that does not grow.
        end_s: when the last frame read so far ends, in seconds; 0 before the first.
    """

    def __init__(
        self, path: str, container: InputContainer, start: Fraction, end: Fraction | None, fps: Fraction | None
    ) -> None:
        """Wind to the start; the arguments are those of ``open_video``, the times exact."""
        self.damaged = 0
        self.end_s = 0.0
        self._path = path
        self._container = container
        self._stream = picture_stream(Path(path), container)
        self._stream.thread_type = "AUTO"
        self._base = self._stream.time_base or Fraction(1, av.time_base)
        self._zero = beginning(container, self._stream)
        self._start, self._end, self._fps = start, end, fps
        self._read = False
        first, self._rest = self._wind()
        if first is None:
            raise VideoError(f"no frame can be decoded: {path} holds {contents(container)}; export it again")
        self._first = first
        self._upright = Upright(first, self._stream.sample_aspect_ratio)
        self.clip = _clip(path, container, self._stream, self._base, self._upright.size)

    def __enter__(self) -> Self:
        """Return the video itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._read = True
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames.

        Raises:
            VideoError: they have been read already, or there is none between start and end.
        """
        if self._read:
            raise VideoError(f"{self._path} has been read or closed; open it again to read it again")
        self._read = True
        return self._frames()

    def _frames(self) -> Generator[Frame]:
        due, index = self._start, 0
        for frame, time in self._timely():
            if self._fps:
                if time < due:
                    continue
                due = self._start + (floor((time - self._start) * self._fps) + 1) / self._fps
            yield Frame(self._upright(frame), index, float(time), self._path)
            index += 1

    def _timely(self) -> Generator[tuple[VideoFrame, Fraction]]:
        """Yield the sound frames between start and end with their times."""
        last: Fraction | None = None
        for frame in chain([self._first], self._rest):
            time = self._time(frame)
            if time is None or frame.is_corrupt or (last is not None and time <= last):
                self.damaged += 1
            elif time < self._start:
                self.damaged = 0  # so far it was met on the way to the start
            elif self._end is not None and time >= self._end:
                break
            else:
                ends = time + (frame.duration * self._base if frame.duration else time - (last or time))
                self.end_s = float(ends if self._end is None else min(ends, self._end))
                last = time
                yield frame, time
        if last is None:
            raise VideoError(self._none_there())

    def _decoded(self) -> Generator[VideoFrame]:
        """Yield what the decoder makes of the packets from here on; count those it makes nothing of."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError:  # as the tool ffmpeg does, take damage between the packets for the end
                self.damaged += 1
                packet = None
            try:
                yield from self._stream.decode(packet)
            except FFmpegError as error:
                self.damaged += not isinstance(error, EOFError)
            if packet is None:
                return

    def _wind(self) -> tuple[VideoFrame | None, Iterator[VideoFrame]]:
        """Go to a key frame before the start; return the first frame there, if any, and those that follow."""
        found = None
        begins = (own_start(self._stream) or self._zero) - self._zero
        # Transport streams may lead behind what was asked for; then look earlier, and at last at the first byte.
        for back in (0, _SEEK_BACK_S, None) if self._start else ():
            try:
                if back is None:
                    self._container.seek(0, unsupported_byte_offset=True)
                else:
                    goal = self._zero + max(Fraction(0), self._start - back)
                    self._container.seek(floor(goal / self._base), stream=self._stream)
            except FFmpegError:  # what cannot be wound is read from where it is
                continue
            found = self._first_of(self._decoded())
            time = self._time(found[0]) if found[0] else None
            if time is not None and time <= max(self._start, begins):
                break
        return found or self._first_of(self._decoded())

    @property
    def notes(self) -> list[str]:
        """What whoever uses the results should know of the file, as far as it was read; empty where all is well."""
        if not self.damaged:
            return []
        return [f"{self.damaged:,} damaged frame{'' if self.damaged == 1 else 's'} skipped"]

    @staticmethod
    def _first_of(frames: Iterator[VideoFrame]) -> tuple[VideoFrame | None, Iterator[VideoFrame]]:
        return next(frames, None), frames

    def _time(self, frame: VideoFrame) -> Fraction | None:
        """Return a frame's time from the container's start, in seconds."""
        stamp = frame.dts if frame.pts is None else frame.pts
        return None if stamp is None else stamp * self._base - self._zero

    def _none_there(self) -> str:
        ends = "the end" if self._end is None else f"{float(self._end):g} s"
        lasts = "" if self.clip.duration_s is None else f"; it lasts {self.clip.duration_s:.2f} s"
        lost = f"; {self.damaged} frames were damaged or had no time" if self.damaged else ""
        return f"no frame between {float(self._start):g} s and {ends}: {self._path}{lasts}{lost}; choose another span"


def open_video(path: str | Path, start_s: float = 0.0, end_s: float | None = None, fps: float | None = None) -> Video:
    """Open a video file.

    Args:
        path: the file.
        start_s: frames before this time are left out; seconds from the container's start.
        end_s: frames at and after this time are left out; None for none.
        fps: yield, of the times start, start + 1/fps, ..., the first frame at or after each; None for all frames.

    Raises:
        VideoError: there is no such file, it is not a video, it holds no frame that can be decoded.
        UsageError: start_s, end_s or fps cannot be meant.
    """
    if not (isfinite(start_s) and start_s >= 0):
        raise UsageError(f"a video starts at {start_s} s? expected 0 or more seconds from its beginning")
    if end_s is not None and not (isfinite(end_s) and end_s > start_s):
        raise UsageError(f"a video ends at {end_s} s? expected seconds beyond its start, {start_s:g}")
    if fps is not None and not (isfinite(fps) and fps > 0):
        raise UsageError(f"sample {fps} frames a second? expected more than 0, such as 5")
    container = open_container(Path(path))
    try:
        return Video(str(path), container, exact(start_s), exact(end_s) if end_s else None, exact(fps) if fps else None)
    except BaseException:
        container.close()
        raise


def _clip(path: str, container: InputContainer, stream: VideoStream, base: Fraction, size: tuple[int, int]) -> Clip:
    fps = float(stream.average_rate or stream.guessed_rate or 0)
    duration: float | None = None
    if stream.duration:
        duration = float(stream.duration * base)
    elif container.duration:
        duration = container.duration / av.time_base
    frames = stream.frames or (round(duration * fps) if duration and fps else None)
    return Clip(path, *size, fps, duration, frames, base, bool(container.streams.audio))
