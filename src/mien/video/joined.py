"""Packets whose times go on where recordings were joined, as by ``cat a.ts b.ts``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mien.video.pyav import Flags

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet as PacketOf

    Packet = PacketOf[Any]

_BACK_S, _LEAP_S = Fraction(1, 10), 10
"""By how much times fall back, or leap beyond where they should go on, where another recording begins."""


def may_be_joined(container: InputContainer) -> bool:
    """Return whether the times of a container may begin anew within it, as those of transport streams do."""
    flags = container.format.flags
    return bool(flags & Flags.ts_discont.value and not flags & Flags.no_timestamps.value)


@dataclass(slots=True)
class _Place:
    """Where a stream is, in seconds of its own.

    Attributes:
        recording: which one of the joined.
        last: when its last packet is decoded.
        due: when what follows is decoded.
        end: when all of it there has been shown.
    """

    recording: int
    last: Fraction
    due: Fraction
    end: Fraction


class Joined:
    """The packets of a container with times that go on. All streams of one recording move alike."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        self._moves = [Fraction(0)]
        self._places: dict[int, _Place] = {}
        self._needed = may_be_joined(container)

    @property
    def joins(self) -> int:
        """Return how often another recording has begun so far."""
        return len(self._moves) - 1

    def __iter__(self) -> Iterator[Packet]:
        """Yield the packets of all streams from where the container was wound to, in the order of the file.

        Raises:
            FFmpegError: there is damage between the packets.
        """
        packets = self._container.demux()
        while True:
            try:
                packet = next(packets, None)
            except IndexError:  # of PyAV at the end, where streams began on the way that it did not know
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
