import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clips import counting, moving_portrait, packets, write_clip
from command import Command
from mien.apps.cli.clip_options import seconds
from mien.core.errors import UsageError, VideoError
from mien.video.reader import open_video
from mien.video.writer import VideoWriter


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head that goes from left to right in 0.8 seconds, with sound."""
    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    return write_clip(path, [image for image, _ in moving_portrait(20)], sound="aac")


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same to and fro, for long enough to be interrupted."""
    steps = [image for image, _ in moving_portrait(20)]
    return write_clip(tmp_path_factory.mktemp("clips") / "long.mp4", (steps + steps[::-1]) * 4)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_film_a_table_and_a_page_are_written_by_default(mien: Command, clip: Path):
    outcome = mien("video", clip)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"{clip}\t1\t0.00\t0.80\t0.80\tuncertain 0.000\thappiness")
    assert sorted(file.name for file in Path().iterdir()) == [
        "walk.mien.csv", "walk.mien.csv.jsonl", "walk.mien.html", "walk.mien.mp4",
    ]  # fmt: skip
    rows = table(Path("walk.mien.csv"))
    assert [(row["frame"], float(row["time_s"]), row["id"]) for row in rows] == [
        (str(number), pytest.approx(number / 25, abs=1e-6), "1") for number in range(20)
    ]
    truth = np.array([box for _, box in moving_portrait(20)])
    boxes = np.array([[float(row[key]) for key in ("x1", "y1", "x2", "y2")] for row in rows])
    assert np.abs(boxes - truth).max() < 12
    assert packets(Path("walk.mien.mp4")) == packets(clip)
    with open_video("walk.mien.mp4") as made, open_video(clip) as source:
        assert [frame.time_s for frame in made] == [frame.time_s for frame in source]
    assert "walk.mp4" in Path("walk.mien.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("option", "made"),
    [
        (["--film"], ["walk.mien.mp4"]),
        (["--data", "jsonl"], ["walk.mien.jsonl"]),
        (["--data", "parquet"], ["walk.mien.parquet", "walk.mien.parquet.jsonl"]),
        (["--page"], ["walk.mien.html"]),
        (["--timeline", "svg"], ["walk.mien.svg"]),
        (["--captions", "srt"], ["walk.mien.srt"]),
        (["--captions", "vtt", "--timeline", "png"], ["walk.mien.png", "walk.mien.vtt"]),
    ],
)
def test_each_can_be_had_alone(mien: Command, clip: Path, option: list[str], made: list[str]):
    assert mien("video", clip, "--out", "out", *option).code == 0
    assert sorted(file.name for file in Path("out").iterdir()) == made


def test_a_part_of_the_clip_at_a_lower_rate(mien: Command, clip: Path):
    arguments = ("--start", "0.2", "--end", "0:00.6", "--fps", "10")
    assert mien("video", clip, *arguments, "--data", "csv", "--film", "--captions", "srt").code == 0
    assert [float(row["time_s"]) for row in table(Path("walk.mien.csv"))] == pytest.approx([0.2, 0.32, 0.4, 0.52])
    with open_video("walk.mien.mp4") as film:
        assert [frame.time_s for frame in film] == pytest.approx([0, 0.12, 0.2, 0.32])
    assert Path("walk.mien.srt").read_text().startswith("1\n00:00:00,000 --> 00:00:00,400\nhappiness\n")


def test_what_is_there_is_not_written_over(mien: Command, clip: Path):
    Path("walk.mien.html").write_text("mine")
    outcome = mien("video", clip)
    assert outcome.code == 2
    assert "--resume" in outcome.err
    assert [file.name for file in Path().iterdir()] == ["walk.mien.html"]


def test_two_runs_do_not_write_one_film(mien: Command, clip: Path):
    code = "import sys; from pathlib import Path; from mien.core.locks import locked\n"
    code += "with locked(Path('out/walk.mien')): print('held', flush=True); sys.stdin.read()"
    Path("out").mkdir()
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        outcome = mien("video", clip, "--film", "--out", "out")
        other.communicate()
    assert outcome.code == 2
    assert f"out/walk.mien is being written by process {other.pid} on" in outcome.err
    assert list(Path("out").iterdir()) == []


def test_a_run_that_was_cut_off_goes_on_and_comes_to_the_same(mien: Command, clip: Path):
    assert mien("video", clip, "--out", "whole", "--data", "csv", "--page").code == 0
    assert mien("video", clip, "--out", "cut", "--data", "csv").code == 0
    log = Path("cut/walk.mien.csv.jsonl")
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:7]) + lines[7][:50])
    assert mien("video", clip, "--out", "cut", "--data", "csv", "--page", "--resume").code == 0
    for name in ("walk.mien.csv", "walk.mien.csv.jsonl", "walk.mien.html"):
        assert Path("cut", name).read_bytes() == Path("whole", name).read_bytes()
    again = mien("video", clip, "--out", "cut", "--data", "csv", "--page", "--resume")
    assert (again.code, again.out) == (0, f"{clip}: was done before\n")


def test_other_settings_do_not_go_on(mien: Command, clip: Path):
    assert mien("video", clip, "--data", "jsonl").code == 0
    lines = Path("walk.mien.jsonl").read_bytes().splitlines(keepends=True)
    Path("walk.mien.jsonl").write_bytes(b"".join(lines[:9]))
    outcome = mien("video", clip, "--data", "jsonl", "--start", "0.3", "--resume")
    assert outcome.code == 2
    assert "it was made without --start, this run has 0.3" in outcome.err
    assert mien("video", clip, "--film", "--resume").code == 2


def test_a_clip_that_cannot_go_on_does_not_hold_up_the_others(mien: Command, clip: Path):
    other = shutil.copy(clip, "other.mp4")
    assert mien("video", clip, "--data", "csv", "--start", "0.3").code == 0
    outcome = mien("video", clip, other, "--data", "csv", "--resume")
    assert outcome.code == 1
    assert "it was made with --start 0.3" in outcome.err
    assert Path("other.mien.csv").is_file()


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="signals as POSIX has them")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_an_end_in_the_middle_leaves_what_can_be_read(mien: Command, long_clip: Path, number: int, code: int):
    command = [sys.executable, "-m", "mien", "video", long_clip, "--data", "csv", "--film"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    rows = Path("long.mien.csv")
    while process.poll() is None and not (rows.exists() and rows.read_bytes().count(b"\n") > 5):
        pass
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == code
    done = len(table(rows))
    assert 5 <= done < 160
    if number != signal.SIGKILL:
        assert "--resume goes on" in said
        with open_video("long.mien.mp4") as film:
            assert len(list(film)) == done
    assert mien("video", long_clip, "--data", "csv", "--film", "--resume").code == 0
    assert [int(row["frame"]) for row in table(rows)] == list(range(160))
    with open_video("long.mien.mp4") as film:
        assert len(list(film)) == 160


def test_no_face_is_said_and_is_no_failure(mien: Command, tmp_path: Path):
    write_clip(Path("empty.mp4"), counting(10))
    outcome = mien("video", "empty.mp4")
    assert (outcome.code, outcome.out) == (0, "empty.mp4: no face found in 10 frames\n")
    assert table(Path("empty.mien.csv")) == []
    last = Path("empty.mien.csv.jsonl").read_bytes().splitlines()[-1]
    assert json.loads(last)["end_s"] == pytest.approx(0.4)


def test_one_that_cannot_be_read_stops_no_other(mien: Command, clip: Path):
    Path("text.mp4").write_text("no video")
    outcome = mien("video", "text.mp4", "none.mp4", clip, "--data", "csv")
    assert outcome.code == 1
    assert "text.mp4" in outcome.err
    assert "no such file: none.mp4" in outcome.err
    assert len(table(Path("walk.mien.csv"))) == 20
    assert not list(Path().glob("text.mien*"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_name_need_not_be_utf_8(mien: Command, clip: Path):
    named = os.fsdecode(b"caf\xe9.mp4")
    shutil.copy(clip, named)
    wanted = ["--film", "--data", "csv", "--page", "--timeline", "png", "--captions", "vtt"]
    outcome = mien("video", named, "--end", "0.2", *wanted)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith('"caf\\udce9.mp4"\t1\t')
    assert len(list(Path().iterdir())) == 7, "five, the log, and the clip itself"
    page = Path(os.fsdecode(b"caf\xe9.mien.html")).read_text(encoding="utf-8")
    assert "<title>caf\\udce9.mp4" in page
    assert 'src="caf%E9.mien.mp4"' in page


def test_folders_patterns_and_names_on_standard_input(mien: Command, clip: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("clips/b.mp4", "clips/more/b.mp4", "a.mkv"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, name)
    Path("clips/notes.txt").write_text("no clip")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"*.mkv\ngone\n")))
    outcome = mien("video", "clips", "-", "--recursive", "--end", "0.1", "--data", "csv", "--out", "out")
    assert outcome.code == 1
    assert outcome.err == "mien: no such file: gone\n"
    assert sorted(file.name for file in Path("out").glob("*.csv")) == ["a.mien.csv", "b-2.mien.csv", "b.mien.csv"]
    assert table(Path("out/b-2.mien.csv"))[0]["path"] == "clips/more/b.mp4"
    outcome = mien("video", "clips/more", "none*", "--end", "0.1", "--page")
    assert outcome.code == 1
    assert "nothing matches none*" in outcome.err
    assert Path("b.mien.html").exists()


def test_a_film_that_fails_leaves_page_and_table(mien: Command, clip: Path, monkeypatch: pytest.MonkeyPatch):
    """At its beginning, where a folder is in its way, and in the middle, as on a disk that is full."""
    Path("walk.mien.mp4.part").mkdir()
    outcome = mien("video", clip)
    assert outcome.code == 1
    assert outcome.err.startswith("mien: cannot write walk.mien.mp4: Is a directory")
    assert outcome.out.startswith(f"{clip}\t1\t")
    assert len(table(Path("walk.mien.csv"))) == 20
    assert "<video" not in Path("walk.mien.html").read_text(encoding="utf-8")
    Path("walk.mien.mp4.part").rmdir()

    def fail(film: VideoWriter, image: np.ndarray, time_s: float):
        if time_s > 0.3:
            raise VideoError("cannot write it")
        write(film, image, time_s)

    write = VideoWriter.write
    monkeypatch.setattr(VideoWriter, "write", fail)
    outcome = mien("video", clip, "--out", "full")
    assert (outcome.code, outcome.err) == (1, "mien: cannot write it\n")
    assert sorted(file.name for file in Path("full").iterdir()) == [
        "walk.mien.csv", "walk.mien.csv.jsonl", "walk.mien.html",
    ]  # fmt: skip
    assert len(table(Path("full/walk.mien.csv"))) == 20
    assert mien("video", clip, "--film", "--out", "alone").code == 1
    assert not Path("alone").exists()


def test_what_mien_wrote_is_left_aside_among_others(mien: Command, clip: Path):
    write_clip(Path("old.mien.mp4"), counting(3))
    outcome = mien("video", clip, "old.mien.mp4", "--data", "csv")
    assert outcome.code == 0
    assert "skipped" in outcome.err
    assert not Path("old.mien.mien.csv").exists()


def test_a_clip_that_is_named_twice_is_read_once(mien: Command, clip: Path):
    outcome = mien("video", "--data", "jsonl", clip, clip)
    assert (outcome.code, outcome.err) == (0, "")
    assert len(outcome.out.splitlines()) == 1
    assert [file.name for file in Path().iterdir()] == ["walk.mien.jsonl"]


def test_hidden_faces_are_hidden_in_film_and_page(mien: Command, clip: Path):
    assert mien("video", clip, "--film", "--blur").code == 0
    with open_video("walk.mien.mp4") as film, open_video(clip) as source:
        (x1, y1, x2, y2) = moving_portrait(20)[0][1].astype(int)
        made, original = (next(iter(one)).image[y1:y2, x1:x2].astype(float) for one in (film, source))
    detail = [np.abs(np.diff(face[10:-10, 10:-10], axis=1)).mean() for face in (made, original)]
    assert detail[0] < 0.5 * detail[1]


@pytest.mark.parametrize("kind", ["film", "page"])
def test_resume_shows_no_face_that_was_hidden(mien: Command, clip: Path, kind: str):
    run = ("video", clip, "--end", "0.2", f"--{kind}")
    made = Path("walk.mien.mp4" if kind == "film" else "walk.mien.html")
    assert mien(*run, "--blur").code == 0
    hidden = made.read_bytes()
    outcome = mien(*run, "--data", "csv", "--resume")
    assert outcome.code == 2
    assert f"the faces in {made} are blurred, and --resume would show them; add --blur" in outcome.err
    assert made.read_bytes() == hidden
    assert sorted(Path().iterdir()) == [made]
    assert mien(*run, "--data", "csv", "--resume", "--blur").code == 0
    assert mien(*run, "--data", "csv", "--force").code == 0
    assert made.read_bytes() != hidden
    assert mien(*run, "--data", "csv", "--resume").code == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [("90", 90), ("1.5", 1.5), ("1:30", 90), ("0:00.6", 0.6), ("1:01:30.5", 3690.5), ("70:00", 4200)],
)
def test_times_as_people_write_them(text: str, value: float):
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["0:90:00", "1:60", "-1", "", "1:2:3:4", "nan", "1e3"])
def test_no_times(text: str):
    with pytest.raises(UsageError, match="is no time"):
        seconds(text)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no folder here into which not even root can write")
@pytest.mark.parametrize(
    ("asked", "unwritten"),
    [(["--page", "--captions", "srt"], ["html", "srt"]), ([], ["mp4", "csv", "html"])],
    ids=["what was asked for", "what is written unasked"],
)
def test_who_was_seen_is_said_where_no_file_can_be_written(
    mien: Command, clip: Path, asked: list[str], unwritten: list[str]
):
    outcome = mien("video", clip, *asked, "--out", "/proc")
    assert outcome.code == 1
    assert outcome.out.startswith(f"{clip}\t1\t0.00\t0.80\t0.80\tuncertain 0.000\thappiness")
    for suffix in unwritten:
        assert f"cannot write /proc/walk.mien.{suffix}" in outcome.err


def test_a_timeline_without_matplotlib_is_refused_before_the_analysis(
    mien: Command, clip: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(sys.modules, "mien.report.plots", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    outcome = mien("video", clip, "--data", "csv", "--timeline", "svg")
    assert outcome.code != 0
    assert "matplotlib, which is not installed; run: pip install 'mien[video]'" in outcome.err
    assert not list(Path().iterdir())
