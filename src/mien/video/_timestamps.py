"""Monotonic timestamps: of frames, and of packets where several recordings are joined in one file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mien.video._pyav import FFmpegError, Flags, VideoFrame, av

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet as PacketOf
    from av.video.stream import VideoStream

    Packet = PacketOf[Any]

_USUAL_RATE = Fraction(25)
_HIGHEST_RATE = 1000
"""A declared rate beyond so many frames a second is that of the clock, not of the frames."""

_LONGEST_S = 10**9
"""Later times are taken for damage."""

_LATE_S = 1
"""Frames that are late by no more return to their stated times; later ones follow the frame rate."""


class Times:
    """The times of the frames of one stream, in display order.

    Attributes:
        base: unit of the times, which are whole multiples of it, in seconds.
        declared: average frames a second; None where the file declares none.
        rate: frames a second that are assumed where no time is stated.
        stated: whether the file states times at all; a stream without a container does not.
        decoding: whether these are times at which frames are decoded, not shown.
        counted: number of frames whose time was missing or not later than the one before, and was derived from the
            rate.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, zero: Fraction) -> None:
        """Zero is the container's start on its clock, in seconds; times count from there."""
        kind = container.format
        self.stated = not (kind.flags & Flags.no_timestamps.value or kind.name.endswith("_pipe"))
        self.counted = 0
        self.base = stream.time_base or Fraction(1, av.time_base)
        # For streams without a container FFmpeg makes the average up; the guessed rate is what their pictures declare.
        rates = (stream.average_rate, stream.guessed_rate) if self.stated else (stream.guessed_rate,)
        self.declared = next((rate for rate in rates if rate and rate <= _HIGHEST_RATE), None)
        self.rate = self.declared or _USUAL_RATE
        self._zero = zero
        # These state decoding times only; the decoder hands them on with the frame that is displayed then.
        self.decoding = kind.name in {"avi", "asf"} or ("matroska" in kind.name and _is_of_windows(stream))
        self._last: Fraction | None = None
        self._stated: Fraction | None = None

    def of(self, frame: VideoFrame) -> Fraction | None:
        """Return the time that the file states for a frame, in seconds; None where it states none."""
        stamps = (frame.dts,) if self.decoding else (frame.pts, frame.dts)
        stamp = next((stamp for stamp in stamps if stamp is not None), None)
        time = None if stamp is None or not self.stated else stamp * self.base - self._zero
        return None if time is None or time > _LONGEST_S else time

    def lasts(self, frame: VideoFrame) -> Fraction:
        """Return how long a frame is shown, in seconds."""
        return frame.duration * self.base if frame.duration and self.stated else 1 / self.rate

    def next(self, frame: VideoFrame) -> Fraction:
        """Return the time of the next frame, which is later than that of the frame before."""
        time, last, before = self.of(frame), self._last, self._stated
        self._stated = time
        if last is None:
            time = time or Fraction(0)
        elif time is None or time <= last:
            # With decoding times the last frames have none, as no packet follows that would carry it.
            self.counted += not (time is None and self.decoding)
            catching_up = time is not None and before is not None and before < time and last - time < _LATE_S
            # Half the usual step lets frames that are only a little late catch up.
            time = last + self.lasts(frame) / (2 if catching_up else 1)
        self._last = time
        return time


def _is_of_windows(stream: VideoStream) -> bool:
    """Return whether a stream in Matroska is stored the way AVI stores it."""
    return bool(stream.codec_context.codec_tag.strip("\0"))


_BACK_S, _LEAP_S = Fraction(1, 10), 10
"""Where times go back by the first, or leap ahead by the second, another recording begins."""


def may_be_joined(container: InputContainer) -> bool:
    """Return whether the times of a container may start again within it, as in transport streams."""
    flags = container.format.flags
    return bool(flags & Flags.ts_discont.value and not flags & Flags.no_timestamps.value)


@dataclass(slots=True)
class _Place:
    """How far a stream has been read, in seconds of its own clock.

    Attributes:
        recording: index of the joined recording.
        last: decoding time of its last packet.
        due: decoding time that the next packet should have.
        end: when what has been read has all been displayed.
    """

    recording: int
    last: Fraction
    due: Fraction
    end: Fraction


class Joined:
    """The packets of a container, with times that go on where another recording begins.

    All streams of one recording are shifted alike.
    """

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        self._moves = [Fraction(0)]
        self._places: dict[int, _Place] = {}
        self._needed = may_be_joined(container)

    @property
    def joins(self) -> int:
        """Return how many times another recording has begun so far."""
        return len(self._moves) - 1

    def __iter__(self) -> Iterator[Packet]:
        """Yield the packets of all streams from the position of the container, in the order of the file.

        Raises:
            FFmpegError: there is damage between the packets.
        """
        packets = self._container.demux()
        while True:
            try:
                packet = next(packets, None)
            except IndexError:  # raised by PyAV at the end, if streams appeared that it did not know at the start
                return
            if packet is None:
                return
            if self._needed and packet.stream.type in {"video", "audio"} and packet.dts is not None:
                self._move(packet, packet.dts, packet.time_base)
            yield packet

    def _move(self, packet: Packet, stamp: int, base: Fraction) -> None:
        begins, lasts = stamp * base, (packet.duration or 0) * base
        shown = begins if packet.pts is None else packet.pts * base
        place = self._places.get(packet.stream_index) or _Place(0, begins, begins, shown)
        if begins < place.last - _BACK_S or begins > place.due + _LEAP_S:
            if place.recording == self.joins:
                self._moves.append(self._moves[place.recording] + place.end - shown)
            place = _Place(self.joins, begins, begins, shown)
        self._places[packet.stream_index] = place
        place.last, place.due, place.end = begins, begins + lasts, max(place.end, shown + lasts)
        ticks = round(self._moves[place.recording] / base)
        packet.dts = stamp + ticks
        if packet.pts is not None:
            packet.pts += ticks


_MOST_HELD = 1000
"""Packets held until it is known that no later key frame precedes the start; if there are more, all are decoded."""


class Packets:
    """The packets of the video stream of a container; iterating reads on from the position of the container.

    The packets of other streams are read too: in joined recordings all are shifted alike, and a container may declare
    its length for all of them together.

    Attributes:
        seekable: whether the container can seek to a time; joined recordings cannot, as theirs are ambiguous.
        ends: stream index -> when what was read of it ends, in seconds of the container's clock.
        broken: how many times damage ended the reading.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.seekable = not may_be_joined(container)
        self.broken = 0
        self._index = stream.index
        self._joined = Joined(container)
        self.ends: dict[int, Fraction] = {}

    @property
    def joins(self) -> int:
        """Return how many times another recording has begun so far."""
        return self._joined.joins

    def __iter__(self) -> Iterator[Packet]:
        """Yield the packets to the end; damage between them counts as the end, as in the tool ffmpeg."""
        try:
            for packet in self._joined:
                if packet.size:  # each stream ends with an empty one
                    self._measure(packet)
                    if packet.stream_index == self._index:
                        yield packet
        except FFmpegError:
            self.broken += 1

    def leading_to(self, start: Fraction) -> Iterator[Packet]:
        """Yield the packets from the last key frame before start on, in seconds of the container's clock."""
        held: list[Packet] = []
        packets = iter(self)
        for packet in packets:
            if packet.is_keyframe and packet.pts is not None and packet.pts * packet.time_base <= start:
                held.clear()
            held.append(packet)
            if len(held) > _MOST_HELD or (packet.dts is not None and packet.dts * packet.time_base > start):
                break
        yield from held
        yield from packets

    def _measure(self, packet: Packet) -> None:
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is not None:
            end = (stamp + (packet.duration or 0)) * packet.time_base
            self.ends[packet.stream_index] = max(end, self.ends.get(packet.stream_index, end))
