"""The audio of a video written into another one: which tracks, and whether each is copied or encoded again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import suppress
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from mien.video._audio_track import CopiedTrack, EncodedTrack
from mien.video._container import beginning, open_container, picture_stream
from mien.video._pyav import FFmpegError
from mien.video._timestamps import Joined

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

    from mien.video._audio_track import Packet

PLAYABLE = {"aac", "alac", "ac3", "eac3", "flac", "mp3", "opus"}
"""Codecs that most players and browsers play in MP4; tracks of others are encoded again, as AAC."""

FEWEST_PACKETS = 3
"""A format of fewer packets than this comes from damaged headers."""

LEAST_LOST_S = 0.5
"""If less sound than this was left out as overlapping, no note says so."""


class AudioTracks:
    """All audio tracks of a video, written into an output file up to the time that its pictures have reached."""

    def __init__(self, path: Path, output: OutputContainer, start: Fraction, end: Fraction | None) -> None:
        """Open the video, and add a stream to the output for each of its tracks.

        Args:
            path: the video.
            output: the file to write to, with no packet in it yet.
            start: where in the video the output begins, in seconds from the container's start; what ends before is left
                out.
            end: what begins there or later is left out; None for nothing.

        Raises:
            VideoError: path cannot be opened.
        """
        self._path, self._output = path, output
        self._container = open_container(path)
        self._zero = beginning(self._container, picture_stream(path, self._container)) + start
        self._is_cut, self._length = start > 0, inf if end is None else end - start
        self._tracks: dict[int, CopiedTrack | EncodedTrack] = {}
        self._encoded: dict[int, str] = {}
        self._notes: list[str] = []
        self._refused = 0
        self._add_tracks()
        if self._container.streams.subtitles:
            self._notes.append("the video's subtitles are not in the film")
        self._packets = self._read()
        self._next = next(self._packets, None)

    @property
    def notes(self) -> list[str]:
        """What the user should know: tracks that were changed or could not be kept, and damage met so far."""
        notes = list(self._notes)
        for index, track in self._tracks.items():
            if track.damaged and not track.kept:
                notes.append(f"the sound ({track.codec}) cannot be decoded and is left out")
                continue
            if index in self._encoded:
                notes.append(f"the sound was re-encoded as AAC, since {self._encoded[index]}")
            if track.damaged:
                notes.append(f"{_packets(track.damaged, 'damaged ')} of the sound left out")
            if track.lost_s >= LEAST_LOST_S:
                notes.append(f"{track.lost_s:.1f} s of the sound left out, as it overlaps with the sound before it")
        if self._refused:
            notes.append(f"{_packets(self._refused)} of the sound left out, as MP4 cannot hold them")
        return list(dict.fromkeys(notes))

    def write(self, until: Fraction | float) -> None:
        """Write the packets that begin before a time of the output, in seconds.

        Raises:
            FFmpegError: it cannot be written to the disk.
        """
        while self._next is not None and self._next[0] < until:
            try:
                self._output.mux(self._next[1])
            except FFmpegError as error:
                if isinstance(error, OSError):
                    raise
                self._refused += 1  # such as a damaged packet, which MP4 does not take; the output can do without it
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the video."""
        self._container.close()

    def _add_tracks(self) -> None:
        """Make the tracks of the output, and note which of them are not copies, and why."""
        for stream in self._container.streams.audio:
            if stream.codec_context is None:  # pyright: ignore[reportUnnecessaryComparison]
                self._notes.append("a sound track of a codec that FFmpeg does not know is left out")
                continue
            codec = stream.codec_context.codec.canonical_name
            if codec not in PLAYABLE:
                self._encoded[stream.index] = f"MP4 players do not take {codec}"
            elif not (stream.rate and stream.channels) or (codec == "aac" and _format_changes(self._path, stream)):
                self._encoded[stream.index] = "its sample rate or channels change"
            else:
                self._tracks[stream.index] = CopiedTrack(self._output, stream, self._zero, self._is_cut, self._length)
                continue
            self._tracks[stream.index] = EncodedTrack(self._output, stream, self._zero, self._length)

    def _read(self) -> Generator[tuple[Fraction, Packet]]:
        """Yield the packets for the output with their times; damage between packets ends the audio, with a note."""
        packets = iter(Joined(self._container))
        waiting = set(self._tracks)
        while waiting:
            try:
                packet = next(packets, None)
            except FFmpegError as error:
                self._notes.append(f"the sound ends where the video is damaged ({error.strerror})")
                packet = None
            if packet is None:
                break
            if packet.size and packet.stream_index in waiting:
                track = self._tracks[packet.stream_index]
                yield from map(_timed, track.take(packet))
                if track.ended:
                    waiting.discard(packet.stream_index)
        for track in self._tracks.values():
            yield from map(_timed, track.flush())


def _timed(packet: Packet) -> tuple[Fraction, Packet]:
    return (packet.pts or 0) * packet.time_base, packet


def _format_changes(path: Path, stream: AudioStream) -> bool:
    """Return whether AAC with a header before each packet, as in transport streams, changes rate or channels.

    MP4 has one header for the whole track, so it cannot hold such a change.
    """
    if stream.codec_context.extradata:
        return False
    formats = Counter[bytes]()
    # Damage between the packets will end the audio of the output as well.
    with open_container(path) as container, suppress(FFmpegError):
        for packet in container.demux(container.streams[stream.index]):
            if packet.size >= 4:
                _, _, profile, channels = bytes(memoryview(packet)[:4])
                formats[bytes([profile & 0xFD, channels & 0xC0])] += 1
    return sum(count >= FEWEST_PACKETS for count in formats.values()) > 1


def _packets(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}packet{'' if count == 1 else 's'}"
