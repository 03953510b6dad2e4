"""Video files to frames, read with FFmpeg through PyAV.

Times are those of the container; if it has none, they are derived from the frame rate. Errors in a file become one
``VideoError`` that names it, or frames that are skipped, counted and told in ``Video.notes``.

Raises:
    MissingExtra: on import, when PyAV is not installed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from itertools import chain
from math import floor, isfinite
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mien.core.errors import UsageError, VideoError
from mien.core.frame import Frame
from mien.video._container import (
    CUT_PREFIX,
    beginning,
    contents,
    exact,
    moving_streams,
    open_container,
    own_start,
    picture_stream,
)
from mien.video._metadata import Clip, Length
from mien.video._numbering import number_at
from mien.video._orientation import Upright
from mien.video._pyav import FFmpegError, VideoFrame
from mien.video._timestamps import Packets, Times

if TYPE_CHECKING:
    from av.container import InputContainer

    from mien.video._timestamps import Packet

_SEEK_BACK_S = 10
"""How much earlier to seek, in seconds, where a container seeks past the wanted frame."""


class Video:
    """The frames of a video file; iterating yields them once, in the order of their times. ``open_video`` opens it.

    Each is a ``Frame``: RGB, upright, square pixels; ``index`` counts those yielded, ``number`` all from the file's
    beginning, where those before the start can be counted without decoding them; ``time_s`` is the container's time
    from its start, and is later for each frame than for the one before.

    Attributes:
        clip: the metadata of the file.
        damaged: number of damaged frames skipped so far.
        end_s: when the last frame read so far ends, in seconds; 0 before the first.
    """

    def __init__(
        self, path: str, container: InputContainer, start: Fraction, end: Fraction | None, fps: Fraction | None
    ) -> None:
        """Seek to the start; the arguments are those of ``open_video``, with exact times."""
        self.damaged = 0
        self.end_s = 0.0
        self._path = path
        self._container = container
        self._others = len(moving_streams(container)) - 1
        self._cut = container.name.startswith(CUT_PREFIX)
        self._stream = picture_stream(Path(path), container)
        self._stream.thread_type = "AUTO"
        self._zero = beginning(container, self._stream)
        self._packets = Packets(container, self._stream)
        self._length = Length(path, container, self._stream)
        self._times = Times(container, self._stream, self._zero)
        self._read_all, self._reached = False, Fraction(0)
        self._start, self._end, self._fps = start, end, fps
        self._read = False
        first, self._rest = self._seek()
        self._read_all = first is None
        if first is None:
            raise VideoError(self._none_there())
        self._first = first
        self._upright = Upright(first, self._stream.sample_aspect_ratio)
        self.clip = self._clip()

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
            VideoError: they have been read already, or there are none between start and end.
        """
        if self._read:
            raise VideoError(f"{self._path} has been read or closed; open it again to read it again")
        self._read = True
        return self._frames()

    def _clip(self) -> Clip:
        total, stream = self._length.total if self._times.stated else None, self._stream
        fps = float(self._times.declared or 0)
        return Clip(
            self._path,
            *self._upright.size,
            fps,
            None if total is None else float(total),
            stream.frames or (round(total * fps) if total and fps else None),
            self._times.base,
            bool(self._container.streams.audio),
        )

    def _frames(self) -> Generator[Frame]:
        due, index = self._start, 0
        for number, frame, time in self._timed():
            if self._fps:
                if time < due:
                    continue
                due = self._start + (floor((time - self._start) * self._fps) + 1) / self._fps
            try:
                image = self._upright(frame)
            except FFmpegError:
                self.damaged += 1
                continue
            yield Frame(image, index, float(time), self._path, number=number)
            index += 1
        if not index:
            raise VideoError(self._none_there())

    def _timed(self) -> Generator[tuple[int, VideoFrame, Fraction]]:
        """Yield the undamaged frames between start and end, with their numbers in the file, and their times."""
        skipped = self._skipped()
        for place, frame in enumerate(chain([self._first], self._rest)):
            time = self._times.next(frame)
            if frame.is_corrupt:
                self.damaged += 1
                continue
            self._reached = time + self._times.lasts(frame)
            if time < self._start:
                self.damaged = 0  # those before the start do not count
            elif self._end is not None and time >= self._end:
                break
            else:
                self.end_s = float(self._reached if self._end is None else min(self._reached, self._end))
                yield -1 if skipped < 0 else skipped + place, frame, time
        else:
            self._read_all = True

    def _skipped(self) -> int:
        """Return how many frames come before the first that was decoded; -1 where that is not known."""
        if not (self._start and self._times.stated):
            return 0
        if not (self._packets.seekable and not self._times.decoding):
            return -1
        return number_at(self._path, self._stream.index, self._first.pts)

    def _decoded(self, packets: Iterable[Packet]) -> Generator[VideoFrame]:
        """Yield the frames decoded from packets; count packets that cannot be decoded."""
        for packet in chain(packets, [None]):
            try:
                yield from self._stream.decode(packet)
            except FFmpegError:
                self.damaged += 1

    def _seek(self) -> tuple[VideoFrame | None, Iterator[VideoFrame]]:
        """Seek to a key frame before the start; return the first frame there, if any, and those that follow."""
        if not (self._start and self._times.stated):
            return self._first_of(self._packets)
        if not self._packets.seekable:
            return self._first_of(self._packets.leading_to(self._zero + self._start))
        found = None
        begins = (own_start(self._stream) or self._zero) - self._zero
        # Some containers seek past the wanted time; then seek earlier, and at last to the first byte.
        for back in (0, _SEEK_BACK_S, None):
            try:
                if back is None:
                    self._container.seek(0, unsupported_byte_offset=True)
                else:
                    goal = self._zero + max(Fraction(0), self._start - back)
                    self._container.seek(floor(goal / self._times.base), stream=self._stream)
            except FFmpegError:  # what cannot seek is read from where it is
                continue
            found = self._first_of(self._packets)
            time = self._times.of(found[0]) if found[0] else None
            if time is not None and time <= max(self._start, begins):
                break
        return found or self._first_of(self._packets)

    def _first_of(self, packets: Iterable[Packet]) -> tuple[VideoFrame | None, Iterator[VideoFrame]]:
        frames = self._decoded(packets)
        return next(frames, None), frames

    @property
    def notes(self) -> list[str]:
        """What users of the results should know about the file, as far as it was read; empty if nothing was wrong."""
        notes: list[str] = []
        times, joins, lost = self._times, self._packets.joins, self._lost()
        if self._others:
            notes.append(f"the file holds {self._others + 1} videos, of which one was read")
        if not times.stated:
            notes.append(
                f"the file states no times, so {float(times.rate):.5g} frames a second were assumed; if that is "
                "not its rate, make an MP4 of it first: ffmpeg -framerate RATE -i FILE NEW.mp4"
            )
        elif times.counted:
            notes.append(
                f"{_frames(times.counted)} had no time later than the frame before; their times were derived from the "
                "frame rate"
            )
        if joins:
            notes.append(f"{joins + 1:,} recordings are joined in the file; their times were made continuous")
        if self.damaged:
            notes.append(f"{_frames(self.damaged, 'damaged ')} skipped")
        if lost:
            notes.append(f"{lost}; it was cut off or damaged, so copy or download it again")
        elif self._read_all and (self._packets.broken or self._cut):
            notes.append(
                f"the file is cut off or damaged after {float(self._reached):.2f} s; copy or download it again"
            )
        return notes

    def _lost(self) -> str:
        """Return how much can be read if that is less than the file declares, in words; else nothing."""
        declared = self._length.declared
        whole = not self._read_all or not self._length.falls_short(self._packets.ends, self._times.rate)
        if declared is None or whole:
            return ""
        if not self._reached:
            return f"the file declares {float(declared):.2f} s"
        return f"only {float(self._reached):.2f} s of the {float(declared):.2f} s that the file declares can be read"

    def _none_there(self) -> str:
        """Return why there is no frame, when all has been read."""
        found = "no frame can be decoded"
        if spanned := self._start > 0 or self._end is not None:
            ends = "the end" if self._end is None else f"{float(self._end):g} s"
            found = f"no frame between {float(self._start):g} s and {ends}"
        total = self._length.total if self._times.stated and not self._packets.joins else self._reached
        damaged = f"; {_frames(self.damaged)} damaged" if self.damaged else ""
        if lost := self._lost():
            return f"{found}: {self._path}; {lost}{damaged}; it was cut off or damaged, so copy or download it again"
        if spanned and total is not None:
            return f"{found}: {self._path}; it lasts {float(total):.2f} s{damaged}; choose another span"
        return f"{found}: {self._path} holds {contents(self._container)}{damaged}; copy or export it again"


def open_video(
    path: str | Path,
    start_s: float = 0.0,
    end_s: float | None = None,
    fps: float | None = None,
    threads: int | None = None,
) -> Video:
    """Open a video file.

    Args:
        path: the file.
        start_s: frames before this time are left out; seconds from the container's start.
        end_s: frames at and after this time are left out; None for none.
        fps: yield only the first frame at or after each of the times start, start + 1/fps, ...; None for all frames.
        threads: that decode; None takes one a core.

    Raises:
        VideoError: there is no such file, it is not a video, or no frame of it can be decoded.
        UsageError: start_s, end_s or fps is out of range.
    """
    if not (isfinite(start_s) and start_s >= 0):
        raise UsageError(f"start_s must be 0 or more seconds from the beginning of the video; got {start_s}")
    if end_s is not None and not (isfinite(end_s) and end_s > start_s):
        raise UsageError(f"end_s must be later than the start, {start_s:g} s; got {end_s}")
    if fps is not None and not (isfinite(fps) and exact(fps) > 0):
        raise UsageError(f"fps must be more than 0 frames a second by a millionth at least, such as 5; got {fps}")
    container = open_container(path)
    try:
        for stream in container.streams.video:
            stream.thread_count = threads or 0
        return Video(str(path), container, exact(start_s), exact(end_s) if end_s else None, exact(fps) if fps else None)
    except BaseException:
        container.close()
        raise


def _frames(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}frame{'' if count == 1 else 's'}"
