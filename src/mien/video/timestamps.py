"""Times of frames that grow, from what containers state of them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mien.video.pyav import Flags, VideoFrame, av

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_USUAL_RATE = Fraction(25)
_HIGHEST_RATE = 1000
"""Frames a second beyond which a declared rate is the clock's."""

_LONGEST_S = 10**9
"""Beyond that a time is garbled."""

_LATE_S = 1
"""By how much frames may be late so that they can catch up; later ones are counted."""


class Times:
    """The times of the frames of one stream, in the order in which the decoder shows them.

    Attributes:
        base: what times are whole multiples of, in seconds.
        declared: frames a second in the mean; None where the file declares none.
        rate: frames a second by which is counted where no time is stated.
        stated: whether the file states times at all; a stream without a container does not.
        counted: of how many frames the time was none, or did not grow, so that it was counted.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, zero: Fraction) -> None:
        """Zero is the container's start on its clock, in seconds; times count from there."""
        kind = container.format
        self.stated = not (kind.flags & Flags.no_timestamps.value or kind.name.endswith("_pipe"))
        self.counted = 0
        self.base = stream.time_base or Fraction(1, av.time_base)
        # The mean of streams without a container is FFmpeg's own; what their pictures declare is the guess.
        rates = (stream.average_rate, stream.guessed_rate) if self.stated else (stream.guessed_rate,)
        self.declared = next((rate for rate in rates if rate and rate <= _HIGHEST_RATE), None)
        self.rate = self.declared or _USUAL_RATE
        self._zero = zero
        # These state when to decode; when to show comes from the decoder, which hands that on with the frame it is for.
        self._decoding = kind.name in {"avi", "asf"} or ("matroska" in kind.name and _is_of_windows(stream))
        self._last: Fraction | None = None
        self._stated: Fraction | None = None

    def of(self, frame: VideoFrame) -> Fraction | None:
        """Return the time that the file states of a frame, in seconds; None where it states none."""
        stamps = (frame.dts,) if self._decoding else (frame.pts, frame.dts)
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
            # The last frames have none where times are of decoding, as no packet follows that would bring theirs.
            self.counted += not (time is None and self._decoding)
            catching_up = time is not None and before is not None and before < time and last - time < _LATE_S
            # Where times go on, only a bit late, the next frames shall come to be in time again.
            time = last + self.lasts(frame) / (2 if catching_up else 1)
        self._last = time
        return time


def _is_of_windows(stream: VideoStream) -> bool:
    """Return whether a stream in Matroska is stored as in AVI."""
    return bool(stream.codec_context.codec_tag.strip("\0"))
