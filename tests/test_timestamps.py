"""Times of frames where containers state them badly: in decoding order, anew after a join, not at all."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from clips import counting, number, packets, write_clip
from mien.core.errors import VideoError
from mien.video.reader import open_video
from mien.video.writer import VideoWriter

Seen = list[tuple[int, float]]


def seen(path: Path, **span: float) -> tuple[Seen, list[str]]:
    """The number and the time of each frame, and the notes."""
    with open_video(path, **span) as video:
        frames = [(number(frame.image), round(frame.time_s, 4)) for frame in video]
        assert video.damaged == 0
        return frames, video.notes


def steps(frames: Seen) -> set[float]:
    return {round(later - time, 3) for (_, time), (_, later) in pairwise(frames)}


@pytest.mark.parametrize("name", ["clip.avi", "clip.asf", "clip.wmv"])
def test_frames_that_lean_on_later_ones_in_containers_with_times_of_decoding(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, counting(30), codec="libx264", options={"g": "10", "bf": "3"})
    frames, notes = seen(path)
    assert [index for index, _ in frames] == list(range(30))
    assert steps(frames) == {0.04}
    assert notes == []
    assert seen(path, start_s=0.6) == ([frame for frame in frames if frame[1] >= 0.6], [])


def test_frames_that_lean_on_later_ones_in_matroska_of_windows(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.avi", counting(20), codec="libx264")
    with av.open(str(source)) as container:
        coded = [(40 * (packet.dts or 0), bytes(packet)) for packet in container.demux() if packet.size]
    format_of_windows = struct.pack("<IiiHH4sIiiII", 40, 64, 48, 1, 24, b"H264", 0, 0, 0, 0, 0)
    write_matroska(tmp_path / "clip.mkv", b"V_MS/VFW/FOURCC", format_of_windows, coded)
    frames, notes = seen(tmp_path / "clip.mkv")
    assert [index for index, _ in frames] == list(range(20))
    assert (steps(frames), notes) == ({0.04}, [])


@pytest.mark.parametrize(
    ("stated", "expected", "count"),
    [
        ([0, 40, 40, 80, 120, 160], [0, 40, 80, 100, 120, 160], "2 frames"),
        ([0, 0, 0, 0], [0, 40, 80, 120], "3 frames"),
        ([5000, 5040, 0, 40, 80], [0, 40, 80, 120, 160], "3 frames"),
    ],
)
def test_times_that_do_not_grow_are_counted_and_said(
    tmp_path: Path, stated: list[int], expected: list[int], count: str
) -> None:
    source = write_clip(tmp_path / "source.mkv", counting(len(stated)), codec="mjpeg", pix_fmt="yuvj420p")
    coded = [(time, data) for time, (_, data) in zip(stated, packets(source, "video"), strict=True)]
    write_matroska(tmp_path / "clip.mkv", b"V_MJPEG", b"", coded)
    frames, notes = seen(tmp_path / "clip.mkv")
    assert frames == [(index, round(time / 1000, 4)) for index, time in enumerate(expected)]
    assert notes == [f"{count} had no time later than the frame before; their times were derived from the frame rate"]


def write_matroska(path: Path, codec: bytes, private: bytes, coded: list[tuple[int, bytes]]) -> None:
    """Write frames of 64 x 48 pixels, 25 a second, with their times in milliseconds, whatever they are."""
    track = {"d7": b"\x01", "73c5": b"\x01", "83": b"\x01", "86": codec, "63a2": private}
    track["23e383"] = (40_000_000).to_bytes(4)
    track["e0"] = element("b0", b"\x40") + element("ba", b"\x30")
    blocks = b"".join(element("a3", b"\x81" + struct.pack(">hB", time, 0x80) + data) for time, data in coded)
    segment = [
        element("1549a966", element("2ad7b1", b"\x0f\x42\x40")),
        element("1654ae6b", element("ae", b"".join(element(key, value) for key, value in track.items()))),
        element("1f43b675", element("e7", b"\x00") + blocks),
    ]
    header = element("4282", b"matroska") + element("4287", b"\x02") + element("4285", b"\x02")
    path.write_bytes(element("1a45dfa3", header) + element("18538067", b"".join(segment)))


def element(identity: str, content: bytes) -> bytes:
    """An element of EBML."""
    return bytes.fromhex(identity) + struct.pack(">Q", len(content) | 1 << 56) + content


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Transport streams of 20 frames with sound, whose clocks begin at 0 s, 1000 s and 0 s."""
    folder = tmp_path_factory.mktemp("recordings")
    return [transport_stream(folder / f"{begin}.ts", begin) for begin in (0, 1000, 0)]


def transport_stream(path: Path, begin_s: int) -> bytes:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"g": "10"})
        track = film.add_stream("aac", rate=48000, layout="stereo")
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index, image in enumerate(counting(20)):
            frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv420p")
            frame.pts = begin_s * 25 + index
            film.mux(stream.encode(frame))
            sound = av.AudioFrame.from_ndarray(np.zeros((2, 1920), np.float32), "fltp", "stereo")
            sound.rate, sound.pts = 48000, (begin_s * 25 + index) * 1920
            film.mux(track.encode(sound))
        film.mux([*stream.encode(None), *track.encode(None)])
    return path.read_bytes()


@pytest.mark.parametrize("order", [(0, 2, 0), (0, 1, 2), (1, 0, 1)])
def test_times_go_on_in_joined_transport_streams(tmp_path: Path, recordings: list[bytes], order: list[int]) -> None:
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(recordings[index] for index in order))
    frames, notes = seen(path)
    assert [index for index, _ in frames] == [*range(20)] * 3
    assert steps(frames) == {0.04}
    assert 0 <= frames[0][1] < 0.05
    assert notes == ["3 recordings are joined in the file; their times were made continuous"]
    # Whatever the span, the same frames have the same times.
    assert seen(path, start_s=1.1, end_s=2.0)[0] == [frame for frame in frames if 1.1 <= frame[1] < 2.0]
    assert seen(path, fps=5)[0] == frames[::5]


def test_the_sound_of_joined_transport_streams_goes_on(tmp_path: Path, recordings: list[bytes]) -> None:
    path, film = tmp_path / "joined.ts", tmp_path / "film.mp4"
    path.write_bytes(recordings[0] + recordings[1] + recordings[2])
    with open_video(path) as video, VideoWriter(film, (64, 48), video.clip.time_base, path) as written:
        for frame in video:
            written.write(frame.image, frame.time_s)
    times = [time for time, _ in packets(film)]
    assert 2.3 < times[-1] < 2.5
    assert max(later - time for time, later in pairwise(times)) < 0.1


def test_transport_streams_joined_within_a_group_of_frames(tmp_path: Path, recordings: list[bytes]) -> None:
    path = tmp_path / "joined.ts"
    half = len(recordings[0]) // 376 * 188
    path.write_bytes(recordings[0][:half] + recordings[1][half:] + recordings[2])
    with open_video(path) as video:
        times = [frame.time_s for frame in video]
    assert all(0 < later - time < 0.5 for time, later in pairwise(times))
    assert 30 < len(times) < 50
    assert times[-1] < 2.5


@pytest.mark.parametrize(
    ("name", "codec", "options", "rate"),
    [
        ("clip.h264", "libx264", {}, 10),
        ("clip.m2v", "mpeg2video", {"bf": "2"}, 10),
        ("clip.mjpeg", "mjpeg", {}, 25),
        ("clip", "mjpeg", {}, 25),
    ],
)
def test_streams_without_a_container_are_counted(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], rate: int
) -> None:
    """At the rate that they declare, else at 25 frames a second."""
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    source = write_clip(tmp_path / "source.mkv", counting(12), fps=10, codec=codec, options=options, pix_fmt=pix_fmt)
    if codec == "mjpeg":
        (tmp_path / name).write_bytes(b"".join(data for _, data in packets(source, "video")))
    else:
        write_clip(tmp_path / name, counting(12), fps=10, codec=codec, options=options, pix_fmt=pix_fmt)
    frames, notes = seen(tmp_path / name)
    assert frames == [(index, round(index / rate, 4)) for index in range(12)]
    assert [note.split(";")[0] for note in notes] == [
        f"the file states no times, so {rate} frames a second were assumed"
    ]
    assert seen(tmp_path / name, start_s=5 / rate)[0] == frames[5:]


def test_a_photo_with_a_second_picture_is_no_video(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "source.mkv", counting(2), codec="mjpeg", pix_fmt="yuvj420p")
    (tmp_path / "photo").write_bytes(b"".join(data for _, data in packets(source, "video")))
    with pytest.raises(VideoError, match="is a picture; run: mien image"):
        open_video(tmp_path / "photo")
