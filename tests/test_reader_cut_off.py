"""Files that end before their declared length, and files that do not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import pytest

from clips import EXAMPLES, counting, write_clip
from mien.core.errors import VideoError
from mien.video.reader import open_video

NOISE = np.random.default_rng(0).integers(0, 255, (30, 48, 64, 3), np.uint8)
SWIFT = {"libvpx": {"deadline": "realtime", "cpu-used": "8"}, "libx264": {"preset": "ultrafast", "bf": "2"}}
LOST = r"only (\d+\.\d\d) s of the (\d+\.\d\d) s that the file declares can be read"


def cut(whole: Path, share: float) -> Path:
    path = whole.with_stem("cut")
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    return path


def read(path: Path, **span: float) -> tuple[float, list[str]]:
    """When the last frame ends, and the notes."""
    with open_video(path, **span) as video:
        assert len(list(video)) > 0
        return video.end_s, video.notes


def fast_start(path: Path) -> Path:
    return fragmented(path, "faststart")


def fragmented(path: Path, flags: str = "frag_keyframe+empty_moov+default_base_moof") -> Path:
    with av.open(str(path), "w", options={"movflags": flags}) as film:
        stream = film.add_stream("libx264", rate=25, options={"g": "8"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for image in NOISE:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        film.mux(stream.encode(None))
    return path


def plain(codec: str, sound: str = "") -> Callable[[Path], Path]:
    return lambda path: write_clip(path, NOISE, codec=codec, sound=sound, options={"g": "8"} | SWIFT.get(codec, {}))


KINDS = {
    "clip.mp4": fast_start,
    "clip.mkv": plain("libx264", "aac"),
    "clip.webm": plain("libvpx", "libopus"),
    "clip.avi": plain("mpeg4", "mp3"),
    "clip.wmv": plain("wmv2", "aac"),
    "clip.flv": plain("libx264"),
    "clip.ivf": plain("libvpx"),
    "frag.mp4": fragmented,
}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_lost_of_a_file_that_was_cut_off_is_said(tmp_path: Path, name: str) -> None:
    whole = KINDS[name](tmp_path / name)
    assert read(whole)[1] == []
    end_s, notes = read(cut(whole, 0.5))
    found = re.match(LOST, notes[-1])
    assert found, notes
    assert float(found[1]) == round(end_s, 2) < 0.8
    assert float(found[2]) == pytest.approx(1.2, abs=0.15) or name == "frag.mp4"
    assert read(cut(whole, 0.5), end_s=0.2)[1] == []
    assert re.match(LOST, read(cut(whole, 0.5), start_s=0.2)[1][-1])
    with pytest.raises(VideoError, match=r"no frame between 1.1 s and the end: .* s that the file declares|declares 1"):
        read(cut(whole, 0.5), start_s=1.1)


def test_a_fragmented_file_cut_off_in_the_header_of_a_fragment(tmp_path: Path) -> None:
    path = fragmented(tmp_path / "clip.mp4")
    content = path.read_bytes()
    third = [found.start() - 4 for found in re.finditer(b"moof", content)][2]
    path.write_bytes(content[: third + 40])
    end_s, notes = read(path)
    assert 0.5 < end_s < 0.8
    assert notes == [f"the file is cut off or damaged after {end_s:.2f} s; copy or download it again"]


def test_nothing_is_said_of_a_run_that_is_stopped(tmp_path: Path) -> None:
    path = cut(fast_start(tmp_path / "clip.mp4"), 0.7)
    with open_video(path) as video:
        next(iter(video))
        assert video.notes == []


def test_a_file_cut_off_before_its_first_frame(tmp_path: Path) -> None:
    path = cut(fast_start(tmp_path / "clip.mp4"), 0.03)
    with pytest.raises(VideoError, match=r"no frame can be decoded: .*; the file declares 1.20 s; .*it was cut off"):
        read(path)


@pytest.mark.parametrize("name", ["classroom.mp4", "heads.mp4"])
def test_nothing_is_said_of_whole_files(name: str) -> None:
    assert read(EXAMPLES / name)[1] == []


def test_nothing_is_said_of_a_whole_file_whose_list_of_edits_promises_more(tmp_path: Path) -> None:
    path = fast_start(tmp_path / "clip.mp4")
    content = bytearray(path.read_bytes())
    at = content.index(b"elst") + 16
    begins = int.from_bytes(content[at : at + 4])
    content[at : at + 4] = (begins + 6400).to_bytes(4)
    path.write_bytes(content)
    end_s, notes = read(path)
    assert (end_s < 0.8, notes) == (True, [])


@pytest.mark.parametrize("format_name", ["matroska", "avi", "asf", "mpegts"])
def test_nothing_is_said_of_recordings_whose_length_was_never_written(tmp_path: Path, format_name: str) -> None:
    """As of a camera's, and of what is sent on while it is made."""
    path = tmp_path / "clip"
    with path.open("wb") as file, av.open(Unseekable(file), "w", format=format_name) as film:
        stream = film.add_stream("mpeg4", rate=25)
        track = film.add_stream("mp3", rate=48000, layout="stereo")
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index, image in enumerate(counting(25)):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv420p")))
            sound = av.AudioFrame.from_ndarray(np.zeros((2, 1152), np.float32), "fltp", "stereo")
            sound.rate, sound.pts = 48000, index * 1152
            film.mux(track.encode(sound))
        film.mux([*stream.encode(None), *track.encode(None)])
    assert read(path)[1] == []


class Unseekable:
    """A file to which can only be added."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write
