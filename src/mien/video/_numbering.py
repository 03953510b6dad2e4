"""Which of a file's frames one is, told without decoding those before it."""

from __future__ import annotations

from mien.video._container import open_container
from mien.video._pyav import FFmpegError

HIDDEN_FRAMES = {"vp8"}
"""Codecs some of whose packets hold a picture that is never shown."""


def number_at(path: str, index: int, stamp: int | None) -> int:
    """Return how many frames of a stream are shown before the one at a time, by the times of its packets.

    Args:
        path: of the file.
        index: of the stream.
        stamp: the time that the file states for the frame, in units of the stream.

    Returns:
        the frame's number, from 0; -1 where packets do not tell it, as they have no times, are damaged, or hold frames
        that are not shown.
    """
    earlier = set[int]()
    with open_container(path) as container:
        stream = container.streams[index]
        if stamp is None or stream.codec_context.name in HIDDEN_FRAMES:
            return -1
        try:
            for packet in container.demux(stream):
                if packet.dts is not None and packet.dts > stamp:
                    break
                if not packet.size or packet.is_discard:
                    continue
                if packet.pts is None:
                    return -1
                if packet.pts < stamp:
                    earlier.add(packet.pts)
        except FFmpegError:
            return -1
    return len(earlier)
