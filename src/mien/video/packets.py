"""The packets of a video's pictures, and how far they go."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mien.video.pyav import FFmpegError
from mien.video.timestamps import Joined, may_be_joined

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet as PacketOf
    from av.video.stream import VideoStream

    Packet = PacketOf[Any]

_MOST_HELD = 1000
"""Packets that wait until it is known that no later key frame leads to the start; of more, all are decoded."""


class Packets:
    """The packets of the pictures in a container; iterating reads on, from where the container was wound to.

    The packets of other streams are looked at too: in joined recordings all move alike, and a container may declare
    its length for all of them together.

    Attributes:
        seekable: whether the container can be wound to a time; joined recordings cannot, as theirs are ambiguous.
        ends: stream index -> when what was read of it ends, in seconds of the container's clock.
        broken: how often reading came to an end through damage.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.seekable = not may_be_joined(container)
        self.broken = 0
        self._index = stream.index
        self._joined = Joined(container)
        self.ends: dict[int, Fraction] = {}

    @property
    def joins(self) -> int:
        """Return how often another recording has begun so far."""
        return self._joined.joins

    def __iter__(self) -> Iterator[Packet]:
        """Yield the packets to the end; as the tool ffmpeg does, take damage between them for it."""
        try:
            for packet in self._joined:
                if packet.size:  # at the end each stream has an empty one
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
