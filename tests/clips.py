"""Clips for tests, made on the spot, and portraits that move on known paths."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from mien.core.arrays import Floats, Image
from mien.imaging.decode import read

EXAMPLES = Path(__file__).parents[1] / "examples"

_HEAD = (100, 0, 360, 260)  # x1, y1, x2, y2 of the head in astronaut.png
_FACE = (178, 63, 268, 176)  # and of the face in it, as YuNet sees it
_MATRICES = {
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}
"""By how much a player turns the picture clockwise, to a b c d of the matrix in the header of an MP4 track."""


def write_clip(
    path: Path,
    images: Iterable[Image],
    *,
    fps: int = 25,
    times_ms: Sequence[int] | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    pixel: Fraction | None = None,
    sound: str = "",
    hear: tuple[int, str] = (48000, "stereo"),
    begins_s: float = 0.0,
    rotation: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video file and return its path; the suffix picks the container.

    Args:
        images: (H, W, 3) uint8 RGB, all of one size, even for most codecs.
        fps: of a constant rate.
        times_ms: one time a frame, for a variable rate.
        pixel: the width of a pixel over its height, where it is not square.
        sound: a codec such as "aac" for two tones, as long as the pictures, or nothing.
        hear: samples a second of the sound, and its channels.
        begins_s: at what time a transport stream begins.
        rotation: of the picture by the player, clockwise, in degrees; for MP4.
        options: of the codec.
    """
    base = Fraction(1, 1000) if times_ms else Fraction(1, fps)
    with av.open(str(path), "w", options={"output_ts_offset": str(begins_s)}) as film:
        stream = film.add_stream(codec, rate=fps, options=options or {})
        track = film.add_stream(sound, rate=hear[0], layout=hear[1]) if sound else None
        if sound.startswith("wma"):
            track.bit_rate = 128_000
        if sound == "vorbis":
            track.options = {"strict": "-2"}
        stream.pix_fmt = pix_fmt
        stream.time_base = stream.codec_context.time_base = base
        if pixel:
            stream.codec_context.sample_aspect_ratio = pixel
        last = 0
        for index, image in enumerate(images):
            if index == 0:
                stream.height, stream.width = image.shape[:2]
            frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format=pix_fmt)
            frame.pts = last = times_ms[index] if times_ms else index
            frame.time_base = base
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
        if track:
            film.mux(_tones(track, float(last * base) + 1 / fps))
    if rotation:
        _rotate(path, rotation)
    return path


def moving_portrait(
    n: int, size: tuple[int, int] = (320, 180), head_px: int = 120, begin: float = 0.0, end: float = 1.0
) -> list[tuple[Image, Floats]]:
    """Return n pictures of a head that moves from left to right, with the (4,) box of the face in each.

    Args:
        size: width and height of the pictures.
        head_px: width and height of the head that is pasted into grey.
        begin: where it begins, as a share of the way from the left edge to the right one; so is end.
    """
    width, height = size
    x1, y1, x2, y2 = _HEAD
    head = cv2.resize(read(EXAMPLES / "astronaut.png")[y1:y2, x1:x2], (head_px, head_px), interpolation=cv2.INTER_AREA)
    face = (np.asarray(_FACE) - (x1, y1, x1, y1)).astype(np.float32) * head_px / (x2 - x1)
    top = (height - head_px) // 2
    moved: list[tuple[Image, Floats]] = []
    for share in np.linspace(begin, end, n):
        left = round(float(share) * (width - head_px))
        image = np.full((height, width, 3), 127, np.uint8)
        image[top : top + head_px, left : left + head_px] = head
        moved.append((image, face + np.asarray([left, top, left, top], np.float32)))
    return moved


def counting(n: int, size: tuple[int, int] = (64, 48)) -> list[Image]:
    """Return n plain pictures of which ``number`` tells the index: grey, 8 levels lighter each, up to 30."""
    return [np.full((size[1], size[0], 3), 8 * index, np.uint8) for index in range(n)]


def number(image: Image) -> int:
    """Return the index that a picture of ``counting`` shows."""
    return round(float(image.mean()) / 8)


def packets(path: Path, kind: str = "audio") -> list[tuple[float, bytes]]:
    """Return time in seconds and content of the packets of a file's first stream of a kind."""
    with av.open(str(path)) as container:
        stream = container.streams.best(kind)
        return [(float(one.pts * stream.time_base), bytes(one)) for one in container.demux(stream) if one.size]


def _tones(track: av.AudioStream, length_s: float) -> list[av.Packet]:
    """Return two tones, one that rises, encoded; mono and further channels have the one that rises."""
    time = np.arange(round(length_s * track.rate)) / track.rate
    rising = np.sin(2 * np.pi * (300 + 200 * time) * time)
    wave = np.stack([rising] * track.channels)
    if track.channels > 1:
        wave[0] = np.sin(2 * np.pi * 440 * time)
    frame = av.AudioFrame.from_ndarray((8000 * wave).astype(np.int16), "s16p", track.layout.name)
    frame.rate = track.rate
    frame.pts = 0
    shape = av.AudioResampler(track.format, track.layout.name, track.rate, track.frame_size or 1024)
    return [packet for part in [*shape.resample(frame), *shape.resample(None), None] for packet in track.encode(part)]


def _rotate(path: Path, degrees: int) -> None:
    """Write a turn into the header of the first track of an MP4 file."""
    content = bytearray(path.read_bytes())
    upright = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    at = content.index(upright, content.index(b"tkhd"))
    a, b, c, d = (value * 0x10000 for value in _MATRICES[degrees])
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(content)
