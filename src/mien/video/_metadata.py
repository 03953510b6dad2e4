"""Metadata of a video file: its size, frame rate and declared length, and whether it is cut short."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from mien.video._pyav import av

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_OF_ALL = {"asf", "flv", "matroska"}
"""Containers that declare one length for all of their streams together."""

_UNFINISHED = 1 << 30
"""Numbers of frames from here on were never filled in by the recorder."""

_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_HEAD = 1 << 16
_ASF_BROADCAST = 1

_SLACK_FRAMES, _SLACK_S, _SLACK_AVI_S = 2, Fraction(1, 10), Fraction(1, 2)
"""How much shorter than declared a complete file may be. AVI leaves out frames that are like the one before."""


@dataclass(frozen=True, slots=True)
class Clip:
    """The metadata of a video file.

    Attributes:
        path: as it was given.
        width: of the upright picture with square pixels, in pixels.
        height: likewise.
        fps: average frames a second, as the file declares it.
        duration_s: of the whole file, in seconds; None where the file does not say.
        frames: number of frames in the whole file; estimated from duration and rate where the file does not say, None
            where it has no duration either.
        time_base: unit of the times, which are whole multiples of it, in seconds.
        has_audio: whether it has an audio stream.
    """

    path: str
    width: int
    height: int
    fps: float
    duration_s: float | None
    frames: int | None
    time_base: Fraction
    has_audio: bool


class Length:
    """The declared length of a file.

    Attributes:
        declared: in seconds; None where the header says nothing reliable, or the file is known to be complete.
        total: the same, or FFmpeg's estimate from the times that it finds; None where there are none.
    """

    def __init__(self, path: str, container: InputContainer, stream: VideoStream) -> None:
        self._kinds = set(container.format.name.split(","))
        self._index = stream.index
        self._own = stream.duration * stream.time_base if stream.duration and stream.time_base else None
        self._all = Fraction(container.duration, av.time_base) if container.duration else None
        self.declared = self._declared(Path(path), stream)
        self.total = self.declared or self._own or self._all

    def falls_short(self, ends: Mapping[int, Fraction], rate: Fraction) -> bool:
        """Return whether the file ends before its declared length.

        Args:
            ends: stream index -> when its last packet ends, in seconds.
            rate: frames a second.
        """
        if self.declared is None:
            return False
        end = max(ends.values(), default=0) if self._kinds & _OF_ALL else ends.get(self._index, 0)
        slack = max(_SLACK_AVI_S if "avi" in self._kinds else _SLACK_S, _SLACK_FRAMES / rate)
        return self.declared - end > slack

    def _declared(self, path: Path, stream: VideoStream) -> Fraction | None:
        if "avi" in self._kinds:  # FFmpeg shortens the length of a file that was cut off
            rate = stream.average_rate if 0 < stream.frames < _UNFINISHED else None
            return stream.frames / rate if rate else None
        if "asf" in self._kinds:
            return _asf_length(path)
        if self._kinds & {"flv", "matroska"}:  # where none is declared, FFmpeg estimates one for each stream
            return None if self._own else self._all
        if "mov" in self._kinds:  # an edit list may declare more than there is
            boxes = read_boxes(path)
            return self._own if boxes.fragmented or boxes.rest is not None else None
        return self._own if self._kinds & {"ivf", "mxf"} else None


def _asf_length(path: Path) -> Fraction | None:
    """Return the length in the header of an ASF or WMV file, which FFmpeg ignores in a file that was cut off."""
    with path.open("rb") as file:
        head = file.read(_ASF_HEAD)
    at = head.find(_ASF_PROPERTIES)
    if at < 0 or len(head) < at + 92:
        return None
    ticks, _, preroll_ms, flags = struct.unpack_from("<QQQI", head, at + 64)
    length = Fraction(ticks, 10_000_000) - Fraction(preroll_ms, 1000)
    return length if length > 0 and not flags & _ASF_BROADCAST else None


@dataclass(frozen=True, slots=True)
class Boxes:
    """The boxes of an MP4 file, summed up.

    Attributes:
        fragmented: whether the frames are in fragments, each with a header of its own.
        whole_to: where the complete boxes end, in bytes.
        rest: the type of the box that is incomplete, such as b"mdat"; None where all are complete.
    """

    fragmented: bool
    whole_to: int
    rest: bytes | None


def read_boxes(path: Path) -> Boxes:
    """Read the headers of the boxes as far as they are complete; one without a length counts as incomplete."""
    at, fragmented = 0, False
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        while at < size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[8:] if head[:4] == b"\0\0\0\1" else head[:4])
            if length < 8 or at + length > size:
                return Boxes(fragmented, at, head[4:8])
            fragmented |= head[4:8] == b"moof"
            at += length
    return Boxes(fragmented, at, None)
