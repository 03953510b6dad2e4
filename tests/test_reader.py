"""Reading videos: times, turns, spans, damage and what is no video."""

from __future__ import annotations

import os
import random
import re
import shutil
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from clips import EXAMPLES, counting, number, packets, write_clip
from mien.core.arrays import Image
from mien.core.errors import MissingExtra, UsageError, VideoError
from mien.video._orientation import Upright
from mien.video._pyav import FFmpegError, VideoFrame
from mien.video.reader import open_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames at 10 a second, with a key frame every 10."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", counting(30), fps=10, options={"g": "10"})


def seen(path: Path, **span: float) -> list[tuple[int, float]]:
    with open_video(path, **span) as video:
        return [(number(frame.image), round(frame.time_s, 4)) for frame in video]


def test_frames_come_in_order_with_their_times(clip: Path) -> None:
    with open_video(str(clip)) as video:
        assert (video.clip.width, video.clip.height, video.clip.fps) == (64, 48, 10)
        assert (video.clip.duration_s, video.clip.frames, video.clip.has_audio) == (3.0, 30, False)
        frames = list(video)
        assert (video.end_s, video.damaged, video.notes) == (3.0, 0, [])
    assert [frame.index for frame in frames] == list(range(30))
    assert [number(frame.image) for frame in frames] == list(range(30))
    assert [frame.time_s for frame in frames] == [index / 10 for index in range(30)]
    assert {frame.path for frame in frames} == {str(clip)}


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".mkv", "libx264"), (".mov", "mpeg4"), (".webm", "libvpx"), (".avi", "mpeg4"), (".ts", "libx264")],
)
def test_containers(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write_clip(tmp_path / f"clip{suffix}", counting(8), codec=codec)
    assert seen(path) == [(index, round(index / 25, 4)) for index in range(8)]
    assert seen(path, start_s=0.12, end_s=0.2) == [(3, 0.12), (4, 0.16)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_rates_keep_their_times(tmp_path: Path, suffix: str) -> None:
    times_ms = [0, 33, 50, 500, 501, 2000]
    path = write_clip(tmp_path / f"vfr{suffix}", counting(6), times_ms=times_ms)
    assert seen(path) == [(index, ms / 1000) for index, ms in enumerate(times_ms)]


def test_times_count_from_the_containers_start(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "late.ts", counting(8))
    assert packets(path, "video")[0][0] > 0.05
    assert seen(path)[:3] == [(0, 0.0), (1, 0.04), (2, 0.08)]
    assert seen(path, start_s=0.24) == [(6, 0.24), (7, 0.28)]


def corners(image: np.ndarray) -> list[int]:
    """The brightness of top left, top right, bottom left and bottom right in steps of 60."""
    height, width = image.shape[:2]
    return [round(float(image[y, x].mean()) / 60) for y in (8, height - 8) for x in (8, width - 8)]


@pytest.mark.parametrize(
    ("rotation", "expected"), [(0, [0, 1, 2, 3]), (90, [2, 0, 3, 1]), (180, [3, 2, 1, 0]), (270, [1, 3, 0, 2])]
)
def test_turned_clips_stand_upright(tmp_path: Path, rotation: int, expected: list[int]) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, 32:], image[24:, :32], image[24:, 32:] = 60, 120, 180
    path = write_clip(tmp_path / "turned.mp4", [image] * 3, rotation=rotation)
    with open_video(path) as video:
        frames = list(video)
        size = video.clip.width, video.clip.height
    assert size == ((48, 64) if rotation in {90, 270} else (64, 48))
    assert all(frame.size == size for frame in frames)
    assert corners(frames[0].image) == expected


@pytest.mark.parametrize(
    ("pixel", "size"), [(Fraction(4, 3), (85, 48)), (Fraction(1, 2), (64, 96)), (Fraction(1, 60), (64, 48))]
)
def test_pixels_become_square(tmp_path: Path, pixel: Fraction, size: tuple[int, int]) -> None:
    path = write_clip(tmp_path / "wide.mp4", counting(2), pixel=pixel)
    with open_video(path) as video:
        assert (video.clip.width, video.clip.height) == size
        assert next(iter(video)).size == size


@pytest.mark.parametrize("pix_fmt", ["gray", "yuv420p10le", "yuv444p", "rgb24", "rgba"])
def test_pixel_formats_become_rgb(tmp_path: Path, pix_fmt: str) -> None:
    image = np.full((48, 64, 3), (200, 200, 200) if pix_fmt == "gray" else (200, 30, 60), np.uint8)
    suffix, codec = ("mov", "png") if pix_fmt in {"rgb24", "rgba"} else ("mkv", "ffv1")
    path = write_clip(tmp_path / f"clip.{suffix}", [image] * 2, codec=codec, pix_fmt=pix_fmt)
    with open_video(path) as video:
        np.testing.assert_allclose(next(iter(video)).image.astype(int), image, atol=3)


def test_transparent_parts_lie_on_white(tmp_path: Path) -> None:
    rgba = np.zeros((48, 64, 4), np.uint8)
    rgba[:, :20] = (200, 30, 60, 255)
    rgba[:, 20:40] = (0, 0, 0, 128)
    with av.open(str(tmp_path / "clip.mov"), "w") as film:
        stream = film.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgba"
        film.mux([*stream.encode(av.VideoFrame.from_ndarray(rgba, "rgba")), *stream.encode(None)])
    with open_video(tmp_path / "clip.mov") as video:
        row = next(iter(video)).image[24]
    assert row[10].tolist() == [200, 30, 60]
    assert row[30].tolist() == [127, 127, 127]
    assert row[50].tolist() == [255, 255, 255]


def test_animated_gifs(tmp_path: Path) -> None:
    times_ms = [0, 50, 200, 210]
    path = write_clip(tmp_path / "clip.gif", counting(4), times_ms=times_ms, codec="gif", pix_fmt="rgb8")
    with open_video(path) as video:
        assert [frame.time_s for frame in video] == [0, 0.05, 0.2, 0.21]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ({"start_s": 1.45}, range(15, 30)),
        ({"start_s": 2.0, "end_s": 2.3}, [20, 21, 22]),
        ({"end_s": 0.2}, [0, 1]),
        ({"fps": 2}, [0, 5, 10, 15, 20, 25]),
        ({"fps": 3}, [0, 4, 7, 10, 14, 17, 20, 24, 27]),
        ({"fps": 100}, range(30)),
        ({"start_s": 1.15, "fps": 2}, [12, 17, 22, 27]),
    ],
)
def test_spans_and_samples(clip: Path, span: dict[str, float], expected: list[int]) -> None:
    assert seen(clip, **span) == [(index, index / 10) for index in expected]
    with open_video(clip, **span) as video:
        assert [frame.number for frame in video] == list(expected)


@pytest.mark.parametrize(
    ("name", "known", "how"),
    [
        ("clip.mp4", True, {"options": {"g": "12", "bf": "3", "x264-params": "open-gop=1"}}),
        ("clip.mkv", True, {"options": {"g": "12", "bf": "3"}}),
        ("clip.mov", True, {"times_ms": [40 * index + 15 * (index % 2) for index in range(30)]}),
        ("clip.webm", False, {"codec": "libvpx", "options": {"g": "12", "auto-alt-ref": "1", "lag-in-frames": "9"}}),
        ("clip.avi", False, {"codec": "mpeg4"}),
        ("clip.ts", False, {"options": {"g": "12"}}),
    ],
)
def test_frames_before_the_start_are_counted(tmp_path: Path, name: str, known: bool, how: dict[str, Any]) -> None:
    path = write_clip(tmp_path / name, counting(30), **how)
    for start_s in (0.01, 0.3, 0.7, 1.0):
        with open_video(path, start_s=start_s) as video:
            places = [(frame.number, number(frame.image)) for frame in video]
            assert places
            assert all(here == (there if known else -1) for here, there in places), places


def test_a_span_ends_where_it_was_told_to(clip: Path) -> None:
    with open_video(clip, end_s=0.25) as video:
        assert [frame.index for frame in video] == [0, 1, 2]
        assert video.end_s == 0.25


def test_a_late_start_beyond_lost_key_frames(tmp_path: Path) -> None:
    """Transport streams have no index; winding leads behind the start there."""
    path = write_clip(tmp_path / "clip.ts", counting(30), fps=10, options={"g": "300"})
    assert seen(path, start_s=1.5) == [(index, index / 10) for index in range(15, 30)]


@pytest.mark.parametrize(
    "span",
    [
        {"start_s": -1},
        {"start_s": float("nan")},
        {"start_s": 2, "end_s": 2},
        {"fps": 0},
        {"fps": 1e-9},
        {"fps": float("inf")},
    ],
)
def test_spans_that_cannot_be_meant(clip: Path, span: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be"):
        open_video(clip, **span)


def test_a_start_behind_the_end(clip: Path) -> None:
    with pytest.raises(
        VideoError, match=r"no frame between 50 s and the end: .*; it lasts 3.00 s; choose another span"
    ):
        seen(clip, start_s=50)


def test_a_video_is_read_once(clip: Path) -> None:
    with open_video(clip) as video:
        next(iter(video))
        with pytest.raises(VideoError, match="open it again"):
            iter(video)


def test_damaged_frames_are_skipped_and_counted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 96, 128, 3), np.uint8)
    path = write_clip(tmp_path / "clip.mp4", noise, options={"g": "5", "bf": "0"})
    content = path.read_bytes()
    dice = random.Random(0)
    for _, packet in packets(path, "video")[10:13]:
        content = content.replace(packet, packet[:4] + dice.randbytes(len(packet) - 4))
    path.write_bytes(content)
    with open_video(path) as video:
        times = [frame.time_s for frame in video]
        assert 1 <= video.damaged <= 5
        assert [note.split(" damaged")[0] for note in video.notes] == [str(video.damaged)]
    assert len(times) == 40 - video.damaged
    assert times[-1] == 39 / 25
    assert capfd.readouterr() == ("", "")


def test_a_file_cut_short_is_read_to_its_end(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (20, 96, 128, 3), np.uint8)
    path = write_clip(tmp_path / "clip.mkv", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with open_video(path) as video:
        assert 5 < len(list(video)) < 15


def test_an_mp4_without_its_index(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with pytest.raises(VideoError, match=r"cannot open .*cut.mp4: its index is missing.*download it again"):
        open_video(path)


def test_what_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("These are words.\n" * 40)
    (tmp_path / "empty.mp4").write_bytes(b"")
    shutil.copy(EXAMPLES / "chelsea.png", tmp_path)
    for name, message in {
        "nothing.mp4": "no such file",
        "": "is a folder",
        "text.mp4": "not a video: .*expected mp4",
        "empty.mp4": "the file is empty",
        "chelsea.png": "is a picture; run: mien image",
    }.items():
        with pytest.raises(VideoError, match=message):
            open_video(tmp_path / name)


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes there")
def test_pipes_are_refused_before_any_of_them_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ts")
    with pytest.raises(VideoError, match="is a pipe, which cannot be read twice as a video must be; save it to a file"):
        open_video(tmp_path / "pipe.ts")
    with pytest.raises(VideoError, match="/dev/null is a device"):
        open_video("/dev/null")


@pytest.mark.parametrize("kind", [str, Path])
def test_addresses_are_told_as_what_they_are(kind: type[str] | type[Path]) -> None:
    with pytest.raises(VideoError, match=r"^http://host/a.mp4 is an address, .*mien live --source http://host/a.mp4$"):
        open_video(kind("http://host/a.mp4"))
    with pytest.raises(VideoError, match=r"^rtsp://host/a is an address") as caught:
        open_video(kind("rtsp://me:word@host/a"))
    assert "word" not in str(caught.value)
    with pytest.raises(VideoError, match=r"^file:/.*/a%20b.mp4 is an address; name the file itself: /x/a b.mp4$"):
        open_video(kind("file:///x/a%20b.mp4"))


@pytest.mark.parametrize(
    ("name", "share", "message"),
    [
        ("clip.avi", 0.02, "it begins as AVI, but the rest is missing or garbled"),
        ("clip.mkv", 0.02, "it begins as Matroska or WebM, but the rest is missing or garbled"),
        ("clip.ts", 0.02, "not a video|missing or garbled"),
    ],
)
def test_files_that_end_in_their_header(tmp_path: Path, name: str, share: float, message: str) -> None:
    whole = write_clip(tmp_path / name, counting(8), codec="mpeg4").read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(VideoError, match=message) as caught:
        open_video(tmp_path / name)
    assert not re.search("End of file|error|Invalid", str(caught.value))


def test_a_file_without_streams(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes().replace(b"trak", b"free"))
    with pytest.raises(VideoError, match=r"no video in .*: its streams are missing or garbled; expected mp4"):
        open_video(tmp_path / "clip.mp4")


def test_of_several_videos_in_a_file_one_is_read_and_that_is_said(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "clip.mkv"), "w") as film:
        streams = [film.add_stream("mpeg4", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for image in counting(5):
            for stream in streams:
                film.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        film.mux([packet for stream in streams for packet in stream.encode(None)])
    with open_video(tmp_path / "clip.mkv") as video:
        assert [number(frame.image) for frame in video] == list(range(5))
        assert video.notes == ["the file holds 2 videos, of which one was read"]


def test_a_stream_that_begins_on_the_way(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.ts", counting(30))
    content = bytearray(path.read_bytes())
    pictures = [at for at in range(0, len(content), 188) if content[at + 1] & 31 == 1 and content[at + 2] == 0]
    for at in pictures[-6:]:
        content[at + 2] = 1
    path.write_bytes(content)
    with open_video(path) as video:
        assert 20 <= len(list(video)) < 30


def test_frames_that_cannot_be_converted_are_skipped(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    convert, refusals = Upright.__call__, [True] * 10

    def refuse(self: Upright, frame: VideoFrame) -> Image:
        if refusals:
            refusals.pop()
            raise FFmpegError(95, "Operation not supported")
        return convert(self, frame)

    monkeypatch.setattr(Upright, "__call__", refuse)
    with open_video(clip) as video:
        assert (len(list(video)), video.damaged) == (20, 10)
    refusals.extend([True] * 30)
    with open_video(clip) as video, pytest.raises(VideoError, match=r"no frame can be decoded: .*30 frames damaged"):
        list(video)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "song.mp4"), "w") as film:
        track = film.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.rate = 48000
        film.mux([*track.encode(frame), *track.encode(None)])
    with pytest.raises(VideoError, match=r"no video in .*song.mp4: it holds sound \(aac\) only"):
        open_video(tmp_path / "song.mp4")


def test_names_that_look_like_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, "http:clip %03d.mp4")
    assert len(seen(Path("http:clip %03d.mp4"))) == 30


def test_tags_in_any_encoding(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", counting(8), codec="mpeg4")
    software = b"Lavf"
    assert software in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(software, b"caf\xe9"))
    assert [index for index, _ in seen(path)] == list(range(8))


def test_without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mien.video.reader", "mien.video._container", "mien.video._pyav"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"pip install 'mien\[video\]'"):
        import mien.video.reader  # noqa: F401
