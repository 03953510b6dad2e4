"""Clips in a batch: rows as of 'mien video --data', and what a broken one costs."""

import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from clips import moving_portrait, write_clip
from command import Command
from mien.apps.batch import data_set, isolated
from mien.apps.batch.isolated import Bench
from mien.apps.batch.job import Job
from mien.apps.batch.units import Unit, units
from mien.apps.batch.worker import StoppedError, work
from mien.core.clip_options import ClipOptions
from mien.core.emotions import SEVEN
from mien.version import __version__
from small_results import MADE
from test_batch import content

FAST = ("--detector", "none", "--concurrency", "1")
NOTED = ("path", "end_s", "damaged", "notes", "not_people")
HOW = (
    "--concurrency",
    "1",
    "--fps",
    "10",
    "--start",
    "0.04",
    "--smooth",
    "0.2",
    "--detect-every",
    "2",
    "--view",
    "eight",
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head that goes from left to right in 0.48 seconds."""
    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    return write_clip(path, [image for image, _ in moving_portrait(12)])


@pytest.fixture
def films(clip: Path, examples: Path, tmp_path: Path) -> Path:
    """Return a folder of a clip, a cut one, one that is none, and a picture."""
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "walk.mp4").symlink_to(clip)
    (folder / "broken.mp4").write_bytes(clip.read_bytes()[:200])
    whole = write_clip(tmp_path / "whole.mkv", [image for image, _ in moving_portrait(12)]).read_bytes()
    (folder / "cut.mkv").write_bytes(whole[: len(whole) * 9 // 10])
    (folder / "chelsea.png").symlink_to(examples / "chelsea.png")
    return folder


def test_a_clip_has_the_rows_and_the_end_of_mien_video_also_after_a_kill(mien: Command, films: Path, tmp_path: Path):
    outcome = mien("batch", films, "--out", "out", *HOW)
    assert outcome.code == 1
    expected = [films / "cut.mkv", films / "walk.mp4"]
    assert mien("video", *expected, "--data", "parquet", "--out", "videos", *HOW[2:]).code == 0
    tables = [pd.read_parquet(f"videos/{path.stem}.mien.parquet") for path in expected]
    frames = pd.read_parquet("out/frames")
    pd.testing.assert_frame_equal(frames.drop(columns="part"), pd.concat(tables, ignore_index=True))
    clips = pq.read_table("out/clips").to_pylist()
    for row, path in zip(clips, expected, strict=True):
        end = json.loads(Path(f"videos/{path.stem}.mien.parquet.jsonl").read_text().splitlines()[-1])
        assert {key: row[key] for key in end.keys() & row.keys()} == {key: end[key] for key in NOTED}
    counts = [len(set(table["frame"])) for table in tables]
    assert [row["frames"] for row in clips] == counts
    assert ["cut off" in " ".join(row["notes"]) for row in clips] == [True, False]
    assert "<p>1 video with notes" in Path("out/summary.html").read_text(encoding="utf-8")
    [failure] = pq.read_table("out/failures").to_pylist()
    assert failure["path"] == f"{films}/broken.mp4"
    assert failure["error"] in outcome.err
    totals = {"pictures": 1, "clips": 3, "frames": sum(counts), "faces": len(frames), "failed": 1}
    assert json.loads(Path("out/manifest.json").read_text())["totals"] == totals
    shutil.copytree("out", "cut")
    for name in ("frames/part=0/unit-00000002.parquet", "faces/part=0/unit-00000003.parquet"):
        (tmp_path / "cut" / name).unlink()
    assert mien("batch", films, "--out", "cut", *HOW).code == 1
    assert content(tmp_path / "cut") == content(tmp_path / "out")
    other = mien("batch", films, "--out", "cut", *HOW, "--fps", "5")
    assert (other.code, "made with --fps 10, this run has 5" in other.err) == (2, True)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job whose children have a stand-in for their net."""
    monkeypatch.setattr(isolated, "PROGRAM", "crashing")
    out = tmp_path / "out"
    data_set.write_bytes(str(out), "manifest.json", b"{}")
    return Job({}, 1000, None, 1.0, __version__, MADE.entry, SEVEN, str(out), clips=ClipOptions(smooth_s=0.3))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("crash.mp4", "crash.mp4 ends each process that reads it (SIGKILL); try it by itself with 'mien video'"),
        ("hang.mp4", "a frame of hang.mp4 took longer than 1 s; allow more with --time-limit"),
    ],
)
def test_a_clip_that_ends_its_process_fails_alone(name: str, error: str, job: Job):
    with Bench(job) as bench:
        done = [work(Unit(number, (one,)), job, bench) for number, one in enumerate(("a.mp4", name, "b.mp4"))]
    assert [one.failures for one in done] == [[], [(name, error)], []]
    assert [one.totals.frames for one in done] == [3, 0, 3]
    assert job.out is not None
    failed = pq.ParquetFile(f"{job.out}/frames/part=0/unit-00000001.parquet")
    assert failed.metadata.num_rows == 0
    assert pq.read_table(f"{job.out}/failures")["error"].to_pylist() == [error]


def test_a_clip_is_given_up_when_the_command_is_stopped(job: Job):
    with Bench(job) as bench:
        with pytest.raises(StoppedError):
            work(Unit(0, ("endless.mp4",)), job, bench, lambda: True)
        assert data_set.found(Unit(0, ("endless.mp4",)), job) is None
        assert work(Unit(1, ("a.mp4",)), job, bench).totals.frames == 3


def test_clips_do_not_divide_the_pictures_around_them():
    assert list(units(["a.png", "b.MP4", "c.gif", "d"])) == [Unit(0, ("b.MP4",)), Unit(1, ("a.png", "c.gif", "d"))]
    assert [unit.is_clip for unit in units(["a.png", "b.MP4"])] == [True, False]


def test_one_file_takes_no_clips(mien: Command, films: Path):
    outcome = mien("batch", films, films / "walk.mp4", "--out", "a.csv", *FAST)
    assert outcome.code == 2
    outcome = mien("batch", films / "walk.mp4", films / "chelsea.png", "--out", "a.csv", *FAST)
    assert (outcome.code, outcome.err) == (
        1,
        f"mien: {films}/walk.mp4 is a video, and one file takes pictures; give --out a folder\n",
    )
    assert len(pd.read_csv("a.csv")) == 1


def test_a_dry_run_counts_clips(mien: Command, films: Path):
    outcome = mien("batch", films, "--out", "out", "--dry-run")
    assert outcome.out == "1 pictures and 3 videos in 4 units, into out; nothing was done\n"


def test_without_what_reads_videos_it_is_asked_for(mien: Command, films: Path, monkeypatch: pytest.MonkeyPatch):
    for module in ("mien.video.reader", "mien.video._pyav"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "av", None)
    outcome = mien("batch", films, "--out", "out", *FAST)
    told = "videos need PyAV, which is not installed; run: pip install 'mien[video]'"
    assert (outcome.code, told in outcome.err) == (1, True)


def test_a_clip_at_an_address_is_copied_for_as_long(mien: Command, clip: Path):
    memory = pytest.importorskip("fsspec").filesystem("memory")
    memory.pipe("/films/walk.mp4", clip.read_bytes())
    memory.pipe("/films/broken.mp4", b"")
    assert mien("batch", "memory://films", "--out", "out", *FAST).code == 1
    assert set(pd.read_parquet("out/frames")["path"]) == {"memory://films/walk.mp4"}
    [failure] = pq.read_table("out/failures").to_pylist()
    assert failure["path"] == "memory://films/broken.mp4"
    assert failure["error"].startswith("not a video: memory://films/broken.mp4")
