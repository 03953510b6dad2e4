"""Films: the times, the length and the sound of their videos, and what is left when they end early."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from clips import counting, number, packets, write_clip
from mien.core.errors import VideoError
from mien.core.output import advice_on
from mien.video.reader import open_video
from mien.video.writer import VideoWriter


def refilm(
    clip: Path,
    path: Path,
    start_s: float = 0.0,
    end_s: float | None = None,
    at_frame: Callable[[int, VideoWriter], bool] = lambda index, film: True,
) -> VideoWriter:
    """Make a film of a clip as ``mien video`` does, as long as at_frame says to go on after a frame."""
    with (
        open_video(clip, start_s, end_s) as video,
        VideoWriter(path, (video.clip.width, video.clip.height), video.clip.time_base, clip, start_s, end_s) as film,
    ):
        for frame in video:
            film.write(frame.image, frame.time_s)
            if not at_frame(frame.index, film):
                return film
        film.end_at(video.end_s)
    return film


def shown(path: Path) -> list[tuple[int, float]]:
    with open_video(path) as video:
        return [(number(frame.image), round(frame.time_s, 4)) for frame in video]


def lasts_s(path: Path) -> float:
    with open_video(path) as video:
        assert len(list(video)) > 0
        return video.end_s


@pytest.mark.parametrize(
    ("suffix", "times_ms"),
    [(".mp4", None), (".mp4", [0, 33, 50, 500, 501, 2000]), (".gif", [0, 50, 200, 210, 400, 900])],
)
def test_frame_times_are_those_of_the_video(tmp_path: Path, suffix: str, times_ms: list[int] | None) -> None:
    codec, pix_fmt = ("gif", "gray") if suffix == ".gif" else ("libx264", "yuv420p")
    clip = write_clip(tmp_path / f"clip{suffix}", counting(6), times_ms=times_ms, codec=codec, pix_fmt=pix_fmt)
    film = refilm(clip, tmp_path / "film.mp4")
    assert film.notes == []
    assert shown(tmp_path / "film.mp4") == shown(clip)
    assert lasts_s(tmp_path / "film.mp4") == pytest.approx(lasts_s(clip), abs=1e-3)
    assert packets(tmp_path / "film.mp4", "video")[0][0] == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == [clip.name, "film.mp4"]


def test_the_index_stands_in_front(tmp_path: Path) -> None:
    refilm(write_clip(tmp_path / "clip.mp4", counting(3), sound="aac"), tmp_path / "film.mp4")
    content = (tmp_path / "film.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("size", [(320, 180), (1280, 720)])
def test_colours_stay(tmp_path: Path, size: tuple[int, int]) -> None:
    image = np.full((size[1], size[0], 3), (200, 30, 60), np.uint8)
    with VideoWriter(tmp_path / "film.mp4", size, Fraction(1, 25)) as film:
        film.write(image, 0.0)
    with open_video(tmp_path / "film.mp4") as video:
        np.testing.assert_allclose(next(iter(video)).image.astype(int), image, atol=3)


def test_odd_sizes_gain_a_pixel_of_the_edge(tmp_path: Path) -> None:
    image = np.zeros((47, 63, 3), np.uint8)
    image[:, -9:] = 200
    with VideoWriter(tmp_path / "film.mp4", (63, 47), Fraction(1, 25)) as film:
        film.write(image, 0.0)
    with open_video(tmp_path / "film.mp4") as video:
        padded = next(iter(video)).image
    assert padded.shape == (48, 64, 3)
    assert padded[:, -8:].min() > 180
    assert padded[-2:, :50].max() < 20


COPIED = [
    (".mp4", "aac"),
    (".mp4", "libmp3lame"),
    (".mkv", "libopus"),
    (".mkv", "flac"),
    (".mkv", "ac3"),
    (".mov", "alac"),
]


@pytest.mark.parametrize(("suffix", "codec"), COPIED)
def test_sound_is_copied_bit_for_bit(tmp_path: Path, suffix: str, codec: str) -> None:
    clip = write_clip(tmp_path / f"clip{suffix}", counting(30), sound=codec)
    film = refilm(clip, tmp_path / "film.mp4")
    before, after = packets(clip), packets(tmp_path / "film.mp4")
    assert film.notes == []
    assert len(before) > 10
    assert [content for _, content in after] == [content for _, content in before]
    with av.open(str(clip)) as container:
        start_s = (container.start_time or 0) / av.time_base
    moved = [late - (early - start_s) for (early, _), (late, _) in zip(before, after, strict=True)]
    assert max(map(abs, moved)) < 0.002
    assert shown(tmp_path / "film.mp4") == shown(clip)


FOREIGN = [
    (".mkv", "pcm_s16le", 48000, "stereo"),
    (".mkv", "mp2", 48000, "stereo"),
    (".ts", "mp2", 44100, "stereo"),
    (".asf", "wmav1", 44100, "stereo"),
    (".wmv", "wmav2", 44100, "mono"),
    (".mkv", "vorbis", 48000, "stereo"),
    (".mov", "pcm_s24be", 96000, "5.1"),
    (".flv", "nellymoser", 22050, "mono"),
]


@pytest.mark.parametrize(("suffix", "codec", "rate", "layout"), FOREIGN)
def test_other_sound_is_re_encoded(tmp_path: Path, suffix: str, codec: str, rate: int, layout: str) -> None:
    pictures = {".asf": "wmv2", ".wmv": "wmv2", ".flv": "flv"}.get(suffix, "libx264")
    clip = write_clip(tmp_path / f"clip{suffix}", counting(30), codec=pictures, sound=codec, hear=(rate, layout))
    film = refilm(clip, tmp_path / "film.mp4")
    assert film.notes == [f"the sound was re-encoded as AAC, since MP4 players do not take {codec}"]
    before, after = tone(clip), tone(tmp_path / "film.mp4")
    assert abs(len(before) - len(after)) < 4800
    assert in_step(before, after)


@pytest.mark.parametrize("codec", ["aac", "mp2"])
def test_sound_may_change_its_rate_and_channels(tmp_path: Path, codec: str) -> None:
    """As where a broadcast goes from a film to the news; MP4 has one format for a whole track."""
    parts = [((44100, "mono"), 0.0), ((48000, "stereo"), 1.28)]
    for number_, (hear, begins_s) in enumerate(parts):
        write_clip(tmp_path / f"{number_}.ts", counting(30), sound=codec, hear=hear, begins_s=begins_s)
    clip = tmp_path / "clip.ts"
    clip.write_bytes(b"".join((tmp_path / f"{number_}.ts").read_bytes() for number_ in range(2)))
    film = refilm(clip, tmp_path / "film.mp4")
    why = "its sample rate or channels change" if codec == "aac" else "MP4 players do not take mp2"
    assert film.notes == [f"the sound was re-encoded as AAC, since {why}"]
    before, after = tone(clip), tone(tmp_path / "film.mp4")
    assert abs(len(before) - len(after)) < 4800
    assert in_step(before[: 48000 * 6 // 5], after[: 48000 * 6 // 5])
    later = slice(round(1.3 * 48000), round(2.3 * 48000))
    # Of stereo a mono track has half of each channel, whose other one is a tone on its own.
    assert np.corrcoef(before[later], after[later])[0, 1] > 0.6


def garble(clip: Path, which: slice) -> None:
    """Write over some packets of a clip's sound."""
    content = bytearray(clip.read_bytes())
    for _, packet in packets(clip)[which]:
        at = content.index(packet)
        content[at : at + len(packet)] = b"\xff" * len(packet)
    clip.write_bytes(content)


def test_damaged_sound_is_told_and_the_rest_is_kept(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", counting(30), sound="vorbis")
    before = tone(clip)
    garble(clip, slice(30, 34))
    film = refilm(clip, tmp_path / "film.mp4")
    assert film.notes[1:] == ["4 damaged packets of the sound left out"]
    after = tone(tmp_path / "film.mp4")
    assert abs(len(before) - len(after)) < 4800
    assert not in_step(before, after)
    assert in_step(before[-24000:], after[len(before) - 24000 :])


def test_sound_that_cannot_be_decoded_leaves_the_film_silent(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", counting(30), sound="vorbis")
    garble(clip, slice(None))
    film = refilm(clip, tmp_path / "film.mp4")
    assert film.notes == ["the sound (vorbis) cannot be decoded and is left out"]
    assert shown(tmp_path / "film.mp4") == shown(clip)
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_sound_of_channels_that_cannot_be_mixed_is_left_out(tmp_path: Path) -> None:
    pictures = write_clip(tmp_path / "pictures.mkv", counting(10))
    with av.open(str(pictures)) as source, av.open(str(tmp_path / "clip.mkv"), "w") as clip:
        copy = clip.add_stream_from_template(source.streams.video[0])
        track = clip.add_stream("pcm_s16le", rate=48000)
        track.codec_context.layout = "13 channels"
        frame = av.AudioFrame.from_ndarray(np.ones((1, 13 * 19200), np.int16), "s16", "13 channels")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        clip.mux(track.encode(frame))
        for packet in source.demux():
            if packet.size:
                packet.stream = copy
                clip.mux(packet)
    film = refilm(tmp_path / "clip.mkv", tmp_path / "film.mp4")
    assert film.notes == ["the sound (pcm_s16le) cannot be decoded and is left out"]
    assert shown(tmp_path / "film.mp4") == shown(pictures)


def test_a_film_whose_sound_ffmpeg_refuses_comes_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting(10), sound="aac")
    monkeypatch.setattr("mien.video.writer.AudioTracks", lambda *_: av.error.err_check(-errno.EINVAL))
    film = refilm(clip, tmp_path / "film.mp4")
    assert film.notes == ["the film has no sound, as MP4 cannot hold it (Invalid argument)"]
    assert shown(tmp_path / "film.mp4") == shown(clip)


def test_languages_stay_and_subtitles_that_go_are_told(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", counting(5), sound="pcm_s16le")
    (tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:00,100\nGuten Tag\n")
    with (
        av.open(str(clip)) as source,
        av.open(str(tmp_path / "words.srt")) as words,
        av.open(str(tmp_path / "both.mkv"), "w") as both,
    ):
        copies = {stream: both.add_stream_from_template(stream) for stream in [*source.streams, *words.streams]}
        copies[source.streams[1]].metadata["language"] = "ger"
        for packet in [*source.demux(), *words.demux()]:
            if packet.size:
                packet.stream = copies[packet.stream]
                both.mux(packet)
    film = refilm(tmp_path / "both.mkv", tmp_path / "film.mp4")
    assert "the video's subtitles are not in the film" in film.notes
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert [stream.metadata["language"] for stream in container.streams.audio] == ["ger"]


def test_no_sound_no_track(tmp_path: Path) -> None:
    refilm(write_clip(tmp_path / "clip.mp4", counting(3)), tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def tone(path: Path) -> np.ndarray:
    """The last channel of stereo at 48,000 samples a second, from the container's start."""
    parts: list[np.ndarray] = []
    with av.open(str(path)) as container:
        for _, frames in groupby(container.decode(audio=0), lambda frame: (frame.layout.name, frame.rate)):
            shape = av.AudioResampler("fltp", "stereo", 48000)
            for frame in [*frames, None]:
                if frame is not None and not parts:
                    begins_s = frame.time - (container.start_time or 0) / av.time_base
                    parts.append(np.zeros(max(0, round(48000 * begins_s)), np.float32))
                parts += [part.to_ndarray()[1] for part in shape.resample(frame) if part is not None]
    return np.concatenate(parts)


def in_step(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two tones that rise are the same without any shift, but for the coding and the edges."""
    part = slice(4096, min(len(one), len(other)) - 4096)
    return float(np.corrcoef(one[part], other[part])[0, 1]) > 0.98


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_sound_is_cut_with_the_pictures_and_stays_in_step(tmp_path: Path, codec: str) -> None:
    clip = write_clip(tmp_path / "clip.mov", counting(30) * 2, sound=codec)
    refilm(clip, tmp_path / "film.mp4", start_s=0.6, end_s=1.8)
    assert shown(tmp_path / "film.mp4") == [(index % 30, round(index / 25 - 0.6, 4)) for index in range(15, 45)]
    times = [time for time, _ in packets(tmp_path / "film.mp4")]
    assert -0.08 < times[0] <= 0
    assert 1.15 < times[-1] < 1.2
    before, after = tone(clip)[28800:], tone(tmp_path / "film.mp4")
    assert in_step(before[: 48000 // 2], after[: 48000 // 2])


def test_packets_of_sound_and_pictures_alternate(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting(30) * 4, sound="aac")
    refilm(clip, tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as container:
        order = [(one.pos, float(one.dts * one.time_base)) for one in container.demux() if one.size]
    assert max(abs(late - early) for (_, early), (_, late) in pairwise(sorted(order))) < 1.1


def test_all_tracks_are_kept(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting(10), sound="aac")
    with av.open(str(clip)) as source, av.open(str(tmp_path / "two.mkv"), "w") as double:
        streams = [double.add_stream_from_template(source.streams[index]) for index in (0, 1, 1)]
        for packet in source.demux():
            if packet.size:
                content = bytes(packet)
                for stream in streams[:1] if packet.stream.type == "video" else streams[1:]:
                    copy = av.Packet(content)
                    copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                    copy.is_keyframe, copy.duration, copy.stream = packet.is_keyframe, packet.duration, stream
                    double.mux(copy)
    refilm(tmp_path / "two.mkv", tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio", "audio"]


def test_a_film_that_was_stopped_ends_with_its_sound(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting(30), sound="aac")

    def stop(index: int, film: VideoWriter) -> bool:
        film.end_at(0.4, stopped=True)
        return index < 9

    refilm(clip, tmp_path / "film.mp4", at_frame=stop)
    assert lasts_s(tmp_path / "film.mp4") == 0.4
    assert 0.35 < packets(tmp_path / "film.mp4")[-1][0] < 0.4


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_finishes_the_film_and_loses_no_frame(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting(30), sound="aac")

    def interrupt(index: int, film: VideoWriter) -> bool:
        if index == 19:
            os.kill(os.getpid(), signal.SIGINT)
        return True

    with pytest.raises(KeyboardInterrupt):
        refilm(clip, tmp_path / "film.mp4", at_frame=interrupt)
    assert shown(tmp_path / "film.mp4") == shown(clip)[:20]
    assert packets(tmp_path / "film.mp4")[-1][0] < 0.8
    assert not list(tmp_path.glob("*.part"))


def test_ctrl_c_before_the_first_frame_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), VideoWriter(tmp_path / "film.mp4", (64, 48), Fraction(1, 25)):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_any_other_error_removes_the_film(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", counting(30), sound="aac")

    def fail(index: int, film: VideoWriter) -> bool:
        assert (tmp_path / "film.mp4.part").exists()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        refilm(clip, tmp_path / "film.mp4", at_frame=fail)
    assert list(tmp_path.iterdir()) == [clip]


def test_a_film_without_pictures_is_none(tmp_path: Path) -> None:
    with (
        pytest.raises(VideoError, match="was given no picture"),
        VideoWriter(tmp_path / "film.mp4", (64, 48), Fraction(1, 25)),
    ):
        pass
    assert not list(tmp_path.iterdir())


FULL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_writer import VideoError, refilm
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, resource.RLIM_INFINITY))
try:
    refilm(Path({clip!r}), Path({clip!r}).with_name("film.mp4"))
except VideoError as error:
    print(error)
"""


def test_only_a_full_disk_is_told_to_be_cleared():
    advice = "fix that, or choose another place"
    assert [advice_on(OSError(code, "")) for code in (errno.EACCES, errno.EIO)] == [advice] * 2
    assert advice_on(OSError(errno.ENOSPC, "")) == "free some space or choose another place"


@pytest.mark.parametrize("size", [0, 20_000, 150_000])
def test_a_full_disk_removes_the_film(tmp_path: Path, size: int) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (30, 96, 128, 3), np.uint8)
    clip = write_clip(tmp_path / "clip.mp4", noise, sound="aac")
    # In a process of its own: the limit is for all files, be it the one into which this test's output goes.
    code = FULL.format(tests=str(Path(__file__).parent), size=size, clip=str(clip))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"cannot write .*film.mp4: File too large; free some space.*\n", done.stdout)
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == [clip]


def test_where_no_film_can_be(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"no folder .*; make it first"):
        VideoWriter(tmp_path / "nowhere" / "film.mp4", (64, 48), Fraction(1, 25))
    with pytest.raises(VideoError, match="no such file"):
        VideoWriter(tmp_path / "film.mp4", (64, 48), Fraction(1, 25), audio_of=tmp_path / "nothing.mp4")
    assert not list(tmp_path.iterdir())
