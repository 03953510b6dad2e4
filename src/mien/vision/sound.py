"""The sound of a video on its way into a film: copied packet for packet where players take it, else encoded as AAC."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from mien.vision.containers import beginning, open_container, picture_stream
from mien.vision.pyav import AudioFrame, FFmpegError, Graph

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet as PacketOf
    from av.stream import Stream

    Packet = PacketOf[Stream]

PLAYABLE = {"aac", "alac", "ac3", "eac3", "flac", "mp3", "opus"}
"""Codecs that players and browsers, most of them, take in MP4."""

_AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}
_AAC_FRAME = 1024


class Sound:
    """All sound tracks of a video, written into a film as far as its pictures have come.

    Attributes:
        note: which codecs had to be encoded anew, or nothing.
    """

    def __init__(self, path: Path, film: OutputContainer, start: Fraction, end: Fraction | None) -> None:
        """Open the video and add a stream to the film for each of its tracks.

        Args:
            path: the video.
            film: where no packet has been written yet.
            start: of the film in the video, in seconds from the container's start; what ends before is left out.
            end: what begins there or later is left out.

        Raises:
            VideoError: path cannot be opened.
        """
        self._film = film
        self._container = open_container(path)
        zero = beginning(self._container, picture_stream(path, self._container)) + start
        lasts = inf if end is None else end - start
        self._tracks: dict[int, _Copied | _Encoded] = {}
        anew: list[str] = []
        for stream in self._container.streams.audio:
            codec = stream.codec_context.codec.canonical_name
            if codec in PLAYABLE:
                self._tracks[stream.index] = _Copied(film, stream, zero, start > 0, lasts)
            else:
                self._tracks[stream.index] = _Encoded(film, stream, zero, lasts)
                anew.append(codec)
        self.note = (
            f"the sound was encoded anew as AAC, since MP4 players do not take {', '.join(anew)}" if anew else ""
        )
        self._packets = self._read()
        self._ahead = next(self._packets, None)

    def write(self, until: Fraction | float) -> None:
        """Write what begins before a time of the film, in seconds."""
        while self._ahead is not None and self._ahead[0] < until:
            self._film.mux(self._ahead[1])
            self._ahead = next(self._packets, None)

    def close(self) -> None:
        """Close the video."""
        self._container.close()

    def _read(self) -> Generator[tuple[Fraction, Packet]]:
        """Yield the packets for the film with their times; damage between the packets ends the sound."""
        packets = self._container.demux(*self._container.streams.audio) if self._tracks else iter(())
        with suppress(FFmpegError):
            for packet in packets:
                if packet.size:
                    yield from map(_timed, self._tracks[packet.stream_index].take(packet))
        for track in self._tracks.values():
            yield from map(_timed, track.rest())


def _timed(packet: Packet) -> tuple[Fraction, Packet]:
    return (packet.pts or 0) * packet.time_base, packet


class _Copied:
    """A track whose packets are taken as they are; only their times move."""

    def __init__(
        self, film: OutputContainer, stream: AudioStream, zero: Fraction, cut: bool, lasts: Fraction | float
    ) -> None:
        self._stream = film.add_stream_from_template(stream)
        self._base = stream.time_base or Fraction(1, stream.rate)
        self._rate = stream.rate
        self._frame = stream.codec_context.frame_size
        self._zero, self._cut, self._lasts = zero, cut, lasts
        self._last: int | None = None
        self._due: int | None = None

    def take(self, packet: Packet) -> Iterable[Packet]:
        """Return the packet for the film, or nothing if it lies outside or has no time of its own."""
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is None:
            return ()
        at = round((stamp * self._base - self._zero) * self._rate)
        # A container may round times to more than a sample; within a tick of its clock the sound goes on seamlessly.
        if self._due is not None and abs(at - self._due) <= self._base * self._rate:
            at = self._due
        lasts = self._frame or round((packet.duration or 0) * self._base * self._rate)
        outside = (self._cut and at + lasts <= 0) or at >= self._lasts * self._rate
        if outside or (self._last is not None and at <= self._last):
            return ()
        self._last, self._due = at, at + lasts
        packet.stream = self._stream
        packet.time_base = Fraction(1, self._rate)
        packet.pts = packet.dts = at
        packet.duration = lasts
        return (packet,)

    def rest(self) -> Iterable[Packet]:
        """Return nothing: no packet is held back."""
        return ()


class _Encoded:
    """A track that is decoded and encoded as AAC, mono or stereo; gaps are filled with silence."""

    def __init__(self, film: OutputContainer, stream: AudioStream, zero: Fraction, lasts: Fraction | float) -> None:
        self._rate = stream.rate if stream.rate in _AAC_RATES else 48000
        layout = "mono" if stream.channels == 1 else "stereo"
        self._stream = film.add_stream("aac", rate=self._rate)
        self._stream.codec_context.layout = layout
        self._stream.codec_context.bit_rate = 96_000 * self._stream.codec_context.channels
        self._zero = zero
        self._source = stream
        until = "" if lasts == inf else f":end={float(zero + Fraction(lasts)):.6f}"
        self._graph = Graph()
        self._graph.link_nodes(
            self._graph.add_abuffer(template=stream),
            self._graph.add("atrim", f"start={float(zero):.6f}{until}"),
            self._graph.add("aresample", f"{self._rate}:async=1"),
            self._graph.add("aformat", f"sample_fmts=fltp:channel_layouts={layout}"),
            self._graph.add("asetnsamples", f"n={_AAC_FRAME}:p=0"),
            self._graph.add("abuffersink"),
        ).configure()

    def take(self, packet: Packet | None) -> Iterable[Packet]:
        """Yield what becomes of the packet, if anything; one that cannot be decoded becomes silence."""
        with suppress(FFmpegError):
            for frame in self._source.decode(packet):
                self._graph.push(frame)
        return self._encoded()

    def rest(self) -> Iterable[Packet]:
        """Yield what decoder, filters and encoder still hold."""
        yield from self.take(None)
        with suppress(FFmpegError):  # the filters may have seen their end already
            self._graph.push(None)
        yield from self._encoded()
        yield from self._stream.encode(None)

    def _encoded(self) -> Iterator[Packet]:
        while True:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):  # nothing yet, or nothing more
                return
            if isinstance(frame, AudioFrame):
                frame.pts = round(((frame.pts or 0) * (frame.time_base or 0) - self._zero) * self._rate)
                frame.time_base = Fraction(1, self._rate)
                yield from self._stream.encode(frame)
