"""One audio track written from a video into another: copied packet by packet, or decoded and encoded as AAC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.video._pyav import AudioFrame, AudioResampler, FFmpegError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet as PacketOf
    from av.stream import Stream

    Packet = PacketOf[Stream]

AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}
_AAC_FRAME = 1024

_JITTER_S = Fraction(1, 20)
"""A time that differs by less from the end of the samples before is a rounded one: the audio goes on without a gap."""

_RUN_UP_S = 1
"""How long before the start of the output decoding begins, in seconds."""

_KEPT_TAGS = ("language", "title")


class CopiedTrack:
    """A track whose packets are copied; only their times change.

    Attributes:
        codec: the name of the source's codec.
        kept: whether anything of it has been written so far.
        damaged: packets that could not be used so far.
        lost_s: length of what was left out so far because its time overlaps with what came before, in seconds.
        ended: whether the end of the output has been reached.
    """

    def __init__(
        self, output: OutputContainer, stream: AudioStream, zero: Fraction, is_cut: bool, length: Fraction | float
    ) -> None:
        """Add the track to an output file.

        Args:
            output: the file to write to, with no packet in it yet.
            stream: the track.
            zero: where the output starts, in seconds of the video's own clock.
            is_cut: whether that is after the start of the video.
            length: of the output, in seconds; infinite where it is not known.
        """
        self.codec = stream.codec_context.codec.canonical_name
        self.kept, self.damaged, self.lost_s, self.ended = False, 0, 0.0, False
        self._stream = output.add_stream_from_template(stream)
        _tag(self._stream, stream)
        self._base = stream.time_base or Fraction(1, stream.rate)
        self._rate = stream.rate
        self._frame = stream.codec_context.frame_size
        self._zero, self._is_cut, self._length = zero, is_cut, length
        self._due: int | None = None

    def take(self, packet: Packet) -> Iterable[Packet]:
        """Return the packet for the output, or nothing if it lies outside."""
        stamp = packet.dts if packet.pts is None else packet.pts
        samples = self._samples_in(packet)
        at = (self._due or 0) if stamp is None else round((stamp * self._base - self._zero) * self._rate)
        if self._due is not None:
            # A container may round times to more than a sample; within a tick of its clock there is no gap.
            if abs(at - self._due) <= self._base * self._rate:
                at = self._due
            elif at < self._due - samples / 2:
                self.lost_s += samples / self._rate
                return ()
            at = max(at, self._due)
        self.ended = at >= self._length * self._rate
        if (self._is_cut and at + samples <= 0) or self.ended:
            return ()
        self._due, self.kept = at + samples, True
        packet.stream = self._stream
        packet.time_base = Fraction(1, self._rate)
        packet.pts = packet.dts = at
        packet.duration = samples
        return (packet,)

    def flush(self) -> Iterable[Packet]:
        """Return nothing: no packet is held back."""
        return ()

    def _samples_in(self, packet: Packet) -> int:
        """Return how many samples a packet holds: as many as the codec always has, unless the packet says otherwise."""
        declared = (packet.duration or 0) * self._base * self._rate
        if self._frame and (not declared or abs(declared - self._frame) <= self._base * self._rate):
            return self._frame
        return round(declared) or 1


class EncodedTrack:
    """A track that is decoded and encoded as AAC, mono or stereo; gaps and damaged packets become silence.

    Its attributes are those of ``CopiedTrack``.
    """

    def __init__(self, output: OutputContainer, stream: AudioStream, zero: Fraction, length: Fraction | float) -> None:
        """Add a track to an output file; the arguments are those of ``CopiedTrack``."""
        self.codec = stream.codec_context.codec.canonical_name
        self.kept, self.damaged, self.lost_s, self.ended = False, 0, 0.0, False
        self._source, self._base = stream, stream.time_base or Fraction(1, stream.rate or 1)
        self._rate = stream.rate if stream.rate in AAC_RATES else 48000
        self._layout = "mono" if stream.channels == 1 else "stereo"
        self._stream = output.add_stream("aac", rate=self._rate)
        _tag(self._stream, stream)
        context = self._stream.codec_context
        context.layout = self._layout
        context.bit_rate = 96_000 * context.channels
        self._zero, self._length = zero, inf if length == inf else round(length * self._rate)
        self._due: Fraction | None = None
        # The format of the frames is read from each of them: containers leave it out, and it may change.
        self._format: tuple[str, str, int] | None = None
        self._resampler = self._new_resampler()
        self._pending: NDArray[np.float32] = np.zeros((context.channels, 0), np.float32)
        self._at = 0  # index of the first pending sample in the output
        self._drop = 0  # how many of the next samples lie before that

    def take(self, packet: Packet) -> Iterator[Packet]:
        """Yield the encoded packets that a packet leads to, if any."""
        stamp = packet.dts if packet.pts is None else packet.pts
        time = None if stamp is None else stamp * self._base - self._zero
        if time is not None and time < -_RUN_UP_S:
            return
        yield from self._decoded(packet)
        self.ended = self._at + self._pending.shape[1] >= self._length

    def flush(self) -> Iterator[Packet]:
        """Yield what decoder, resampler and encoder still hold."""
        yield from self._decoded(None)
        yield from self._flush_resampler()
        if self._pending.shape[1]:
            yield from self._encode(self._pending.shape[1])
        if self.kept:
            yield from self._stream.encode(None)

    def _decoded(self, packet: Packet | None) -> Iterator[Packet]:
        try:
            frames = self._source.decode(packet)
        except FFmpegError as error:
            self.damaged += not isinstance(error, EOFError)
            return
        for frame in frames:
            try:
                yield from self._add(frame)
            except FFmpegError:  # a channel layout that cannot be mixed down
                self.damaged += 1
                self._resampler = self._new_resampler()

    def _add(self, frame: AudioFrame) -> Iterator[Packet]:
        due = self._due or Fraction(0)
        time = due if frame.pts is None else frame.pts * self._base - self._zero
        form = frame.format.name, frame.layout.name, frame.sample_rate
        if form != self._format:
            yield from self._flush_resampler()
            self._format = form
        if self._due is None or abs(time - due) > _JITTER_S:
            yield from self._flush_resampler()
            yield from self._go_to(round(time * self._rate))
            due = time
        self._due = due + Fraction(frame.samples, frame.sample_rate)
        frame.pts, frame.time_base = None, Fraction(1, frame.sample_rate)
        for part in self._resampler.resample(frame):
            yield from self._keep(np.asarray(part.to_ndarray(), np.float32))

    def _flush_resampler(self) -> Iterator[Packet]:
        """Yield what the resampler still holds, and set up another."""
        resampler, self._resampler = self._resampler, self._new_resampler()
        for part in resampler.resample(None):
            if part is not None:  # pyright: ignore[reportUnnecessaryComparison], it is where there was nothing to resample
                yield from self._keep(np.asarray(part.to_ndarray(), np.float32))

    def _new_resampler(self) -> AudioResampler:
        return AudioResampler("fltp", self._layout, self._rate)

    def _go_to(self, place: int) -> Iterator[Packet]:
        """Go to a sample of the output: fill up with silence, or drop the samples to come that lie before it."""
        missing = place - (self._at + self._pending.shape[1])
        self._drop = max(0, -missing)
        if self.kept:
            self.lost_s += self._drop / self._rate
        while missing > 0 and not self.ended:
            count = min(missing, self._rate)
            yield from self._keep(np.zeros((len(self._pending), count), np.float32))
            missing -= count

    def _keep(self, samples: NDArray[np.float32]) -> Iterator[Packet]:
        """Append samples (C, N), and yield the packets that they fill."""
        dropped = min(self._drop, samples.shape[1])
        self._drop -= dropped
        self._pending = np.concatenate([self._pending, samples[:, dropped:]], axis=1)
        if self._at + self._pending.shape[1] >= self._length:
            self._pending, self.ended = self._pending[:, : int(self._length) - self._at], True
        while self._pending.shape[1] >= _AAC_FRAME:
            yield from self._encode(_AAC_FRAME)

    def _encode(self, count: int) -> Iterator[Packet]:
        block, self._pending = self._pending[:, :count], self._pending[:, count:]
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", self._layout)
        frame.sample_rate = self._rate
        frame.pts, frame.time_base = self._at, Fraction(1, self._rate)
        self._at, self.kept = self._at + count, True
        yield from self._stream.encode(frame)


def _tag(made: Stream, source: AudioStream) -> None:
    """Copy the language and the title of a track."""
    made.metadata.update({tag: source.metadata[tag] for tag in _KEPT_TAGS if tag in source.metadata})
