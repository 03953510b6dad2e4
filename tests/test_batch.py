"""Batches: the command, its data set, and the files that workers read."""

import io
import json
import re
import shutil
import sys
import tarfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from command import Command
from mien.apps.batch import isolated, worker
from mien.apps.batch.units import Shard, Unit
from mien.apps.batch.worker import pictures

ROOT = Path(__file__).parents[1]


@pytest.fixture
def photos(examples: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("astronaut.png", "grace_hopper.jpg", "chelsea.png"):
        shutil.copy(examples / name, folder)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n")
    return folder


def content(out: Path) -> dict[str, bytes]:
    """Return all files of a data set but its page, which says how long the run took."""
    files = [file for file in out.rglob("*") if file.is_file() and file.name != "summary.html"]
    return {str(file.relative_to(out)): file.read_bytes() for file in files}


def refuse_other_rows(faces: pd.DataFrame, failures: pd.DataFrame) -> None:
    """Have DuckDB read the data set: the whole folder in two ways, one unit of it, and one file."""
    duckdb = pytest.importorskip("duckdb")

    def rows(source: str) -> list[tuple[object, ...]]:
        return duckdb.sql(f"SELECT path, emotion, confidence, uncertain FROM {source} ORDER BY path").fetchall()

    expected = list(faces[["path", "emotion", "confidence", "uncertain"]].itertuples(index=False, name=None))
    for source in ("'one.parquet'", "'out/faces/*/*.parquet'", "read_parquet('out/faces/**', hive_partitioning=true)"):
        assert rows(source) == expected
    assert rows("'out/faces/part=0/unit-00000000.parquet'") == expected[:1]
    assert duckdb.sql("SELECT DISTINCT part FROM 'out/faces/*/*.parquet'").fetchall() == [(0,)]
    assert duckdb.sql("SELECT error FROM 'out/failures/*/*.parquet'").fetchall() == [(failures["error"][0],)]


@pytest.mark.usefixtures("small_units")
def test_a_folder_becomes_a_data_set_that_others_read(mien: Command, photos: Path, tmp_path: Path):
    outcome = mien("batch", photos, "--out", "out", "--concurrency", "1")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"mien: not a picture: {photos}/broken.png")
    assert mien("image", photos, "--out", "one.parquet").code == 1
    expected = pd.read_parquet("one.parquet")
    faces = pd.read_parquet("out/faces")
    pd.testing.assert_frame_equal(faces.drop(columns="part"), expected)
    assert set(faces["part"]) == {0}
    first = pd.read_parquet("out/faces/part=0/unit-00000000.parquet", partitioning=None)
    pd.testing.assert_frame_equal(first, expected[:1])
    failures = pd.read_parquet("out/failures")
    assert failures["path"].tolist() == [f"{photos}/broken.png"]
    assert failures["error"][0] in outcome.err
    manifest = json.loads(Path("out/manifest.json").read_text())
    assert manifest["totals"] == {"pictures": 4, "clips": 0, "frames": 0, "faces": 2, "failed": 1}
    assert manifest["settings"]["detector"] == "yunet"
    assert pq.read_metadata("out/faces/part=0/unit-00000000.parquet").row_group(0).column(0).compression == "ZSTD"
    units = [f"faces/part=0/unit-0000000{number}.parquet" for number in range(4)]
    names = sorted(content(tmp_path / "out"))
    assert names == [*units, "failures/part=0/unit-00000001.parquet", "manifest.json"]
    refuse_other_rows(expected, failures)


def test_one_file_is_that_of_mien_image(mien: Command, photos: Path):
    assert mien("batch", photos, "--out", "a.csv", "--view", "eight", "--min-face", "20").code == 1
    assert mien("image", photos, "--out", "b.csv", "--view", "eight", "--min-face", "20").code == 1
    assert Path("a.csv").read_text() == Path("b.csv").read_text()
    (photos / "broken.png").unlink()
    shutil.copy(ROOT / "examples" / "coffee.png", photos)
    # Either goes on for the other.
    assert mien("batch", photos, "--out", "b.csv", "--view", "eight", "--min-face", "20", "--resume").code == 0
    paths = [json.loads(line)["path"] for line in Path("b.csv.jsonl").read_text().splitlines()]
    assert [Path(path).name for path in paths] == ["astronaut.png", "chelsea.png", "grace_hopper.jpg", "coffee.png"]


@pytest.mark.usefixtures("stand_in", "small_units")
def test_a_run_that_was_ended_is_gone_on_with(mien: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for number in range(6):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{'crash' if number == 3 else number}.png").touch()
    assert mien("batch", "in", "--out", "whole").code == 1
    whole = content(tmp_path / "whole")
    shutil.copytree("whole", "cut")
    # As if it was killed between the two files of a unit.
    for name in ("faces/part=0/unit-00000005.parquet", "faces/part=0/unit-00000001.parquet"):
        (tmp_path / "cut" / name).unlink()
    done = {name for name in content(tmp_path / "cut") if name.startswith("faces")}
    stamps = {name: (tmp_path / "cut" / name).stat().st_mtime_ns for name in done}
    assert mien("batch", "in", "--out", "cut").code == 1
    assert content(tmp_path / "cut") == whole
    pages = [(tmp_path / out / "summary.html").read_text() for out in ("whole", "cut")]
    assert len({re.sub("The run took .*", "", page) for page in pages}) == 1
    assert "a second; 4 files of earlier runs." in pages[1]
    assert {name: (tmp_path / "cut" / name).stat().st_mtime_ns for name in done} == stamps
    # Failures are tried again where that is asked for.
    monkeypatch.setattr(isolated, "PROGRAM", "mien.apps.batch.child")
    (tmp_path / "in" / "crash.png").write_bytes((ROOT / "examples" / "chelsea.png").read_bytes())
    assert mien("batch", "in", "--out", "cut").code == 1
    assert (tmp_path / "cut" / "summary.html").read_text() == pages[1]
    assert mien("batch", "in", "--out", "cut", "--resume").code == 0
    assert "Failures" in pages[1]
    assert "Failures" not in (tmp_path / "cut" / "summary.html").read_text()
    assert not list((tmp_path / "cut" / "failures").rglob("*.parquet"))
    assert json.loads((tmp_path / "cut" / "manifest.json").read_text())["totals"]["failed"] == 0


@pytest.mark.usefixtures("stand_in", "small_units")
def test_failures_of_earlier_runs_are_told(mien: Command, tmp_path: Path):
    for name in ("a.png", "broken-b.png", "broken-c.png"):
        (tmp_path / name).touch()
    assert mien("batch", "a.png", "broken-b.png", "broken-c.png", "--out", "out").code == 1
    (tmp_path / "out/faces/part=0/unit-00000002.parquet").unlink()
    outcome = mien("batch", "a.png", "broken-b.png", "broken-c.png", "--out", "out/")
    told = (
        "earlier runs did 2 pictures \N{MIDDLE DOT} 0 faces \N{MIDDLE DOT} 1 failed; "
        "what failed is listed in out/failures; add --resume to try it again"
    )
    assert (outcome.code, outcome.err) == (1, f"mien: cannot read {tmp_path}/broken-c.png\nmien: {told}\n")


@pytest.mark.usefixtures("stand_in")
def test_another_manifest_is_refused_with_the_difference(mien: Command, tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").touch()
    assert mien("batch", "in", "--out", "out").code == 0
    before = content(tmp_path / "out")

    def refusal(*options: str) -> str:
        outcome = mien("batch", *options, "--out", "out")
        assert outcome.code == 2
        assert content(tmp_path / "out") == before
        return outcome.err

    assert "made with --prior 0.55, this run has 0 (ferplus)" in refusal("in", "--prior", "ferplus")
    assert "made without --largest, this run has it" in refusal("in", "--largest")
    assert "this run would use mien-s" in refusal("in", "--model", "mien-s")
    assert f"it is of {tmp_path}/in, and this run is of {tmp_path}/in/a.png" in refusal("in/a.png")
    assert "made without --recursive" in refusal("in", "--recursive")
    (tmp_path / "in" / "b.png").touch()
    assert "unit 0 was made of other files than are there now" in refusal("in")
    manifest = tmp_path / "out" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"mien": "0', '"mien": "9'))
    before = content(tmp_path / "out")
    assert "mien 9" in refusal("in")
    assert mien("batch", "in", "--out", "out", "--force").code == 0
    assert json.loads(manifest.read_text())["totals"]["pictures"] == 2
    manifest.unlink()
    assert "holds other files" in mien("batch", "in", "--out", "out").err


@pytest.mark.usefixtures("stand_in")
def test_a_damaged_file_of_a_unit_is_named(mien: Command, tmp_path: Path):
    (tmp_path / "a.png").touch()
    assert mien("batch", "a.png", "--out", "out").code == 0
    (tmp_path / "out/faces/part=0/unit-00000000.parquet").write_bytes(b"cut off")
    outcome = mien("batch", "a.png", "--out", "out")
    assert outcome.code == 1
    assert "cannot read faces/part=0/unit-00000000.parquet in" in outcome.err


@pytest.mark.usefixtures("stand_in", "small_units")
def test_pictures_that_went_are_noticed(mien: Command, tmp_path: Path):
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "in" / name).touch()
    assert mien("batch", "in", "--out", "out").code == 0
    (tmp_path / "in" / "b.png").unlink()
    outcome = mien("batch", "in", "--out", "out")
    assert outcome.code == 2
    assert "made of 2 units" in outcome.err


@pytest.mark.usefixtures("stand_in")
def test_an_output_that_is_removed_is_an_error(mien: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.png").touch()
    real = worker.pictures

    def removing(unit: Unit):
        shutil.rmtree(tmp_path / "out")
        return real(unit)

    monkeypatch.setattr(worker, "pictures", removing)
    outcome = mien("batch", "a.png", "--out", "out")
    assert outcome.code == 1
    assert "was deleted or replaced while results went into it" in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("a.png", "--out", "out"), ("memory://a.png", "--out", "a.jsonl")])
def test_without_pyarrow_it_says_what_to_install(
    arguments: tuple[str, ...], mien: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.png").touch()
    for module in ("pyarrow", "pyarrow.fs"):
        monkeypatch.setitem(sys.modules, module, None)
    outcome = mien("batch", *arguments)
    told = "mien: batches need pyarrow, which is not installed; run: pip install 'mien[batch]'\n"
    assert (outcome.code, outcome.err) == (1, told)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_dry_run_counts(mien: Command, tmp_path: Path):
    for number in range(70):
        (tmp_path / f"{number}.png").touch()
    outcome = mien("batch", ".", "--out", "out", "--dry-run", "--workers", 2)  # the earlier name of --concurrency
    assert (outcome.code, outcome.out) == (0, "70 pictures in 2 units, into out; nothing was done\n")
    assert not (tmp_path / "out").exists()


def test_an_argument_without_pictures_is_named(mien: Command, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    outcome = mien("batch", "empty", "--out", "out")
    empty = tmp_path / "empty"
    told = f"mien: no pictures or videos in {empty}; add --recursive to look into its folders\n"
    assert (outcome.code, outcome.err) == (1, told)


def pipe_in(names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(names.encode())))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["phtos"], "no such file or folder: phtos; check the spelling"),
        (["empty"], "no pictures"),
        ([], "standard input names no pictures"),
        (["empty.csv", "--column", "key"], "column 'key' of the tables holds nothing"),
    ],
)
@pytest.mark.usefixtures("stand_in")
def test_where_nothing_is_listed_nothing_is_begun(
    arguments: list[str], why: str, mien: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.csv").write_text("key\n")
    for out in ("out", "out.jsonl"):
        pipe_in("", monkeypatch)
        outcome = mien("batch", *arguments, "--out", out)
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
        assert outcome.err.startswith(f"mien: {why}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "empty.csv"]


@pytest.mark.usefixtures("stand_in")
def test_a_misspelt_name_replaces_no_results(mien: Command, tmp_path: Path):
    (tmp_path / "a.png").touch()
    assert mien("batch", "a.png", "--out", "out").code == 0
    before = content(tmp_path / "out")
    assert mien("batch", "b.png", "--out", "out", "--force").code == 1
    assert content(tmp_path / "out") == before


@pytest.mark.usefixtures("stand_in")
def test_piped_names_become_a_data_set(mien: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.png").touch()
    pipe_in("a.png\n", monkeypatch)
    assert mien("batch", "--out", "out").code == 0
    assert json.loads(Path("out/manifest.json").read_text())["inputs"] == ["-"]


@pytest.mark.usefixtures("stand_in")
def test_addresses_are_read_and_written(mien: Command):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for name, size in (("a.png", 3), ("sub/b.png", 5)):
        memory.pipe(f"/bucket/in/{name}", b"x" * size)
    assert mien("batch", "memory://bucket/in", "-r", "--out", "memory://bucket/out").code == 0
    manifest = json.loads(memory.cat("/bucket/out/manifest.json"))
    assert manifest["totals"]["pictures"] == 2
    assert manifest["inputs"] == ["memory://bucket/in"]
    assert memory.exists("/bucket/out/faces/part=0/unit-00000000.parquet")
    again = mien("batch", "memory://bucket/in", "-r", "--out", "memory://bucket/out", "--view", "eight")
    assert again.code == 2
    gone = mien("batch", "memory://bucket/none.png", "memory://bucket/in/*.png", "--out", "one.jsonl")
    assert (gone.code, gone.err.count("nothing found at memory://bucket/none.png")) == (1, 1)
    assert mien("batch", "memory://bucket/none.png", "--out", "none").code == 1
    assert not Path("none").exists()
    lines = [json.loads(line) for line in Path("one.jsonl").read_text().splitlines()]
    assert [(line["path"], line["width"]) for line in lines if "width" in line] == [("memory://bucket/in/a.png", 3)]
    assert mien("batch", "nowhere://a", "--out", "x").code == 2


def test_pictures_come_out_of_tar_files_and_tables(tmp_path: Path):
    tar = tmp_path / "a.tar"
    with tarfile.open(tar, "w") as file:
        for name in ("0001.png", "0001.json", "sub/0002.JPG"):
            member = tarfile.TarInfo(name)
            member.size = len(name)
            file.addfile(member, io.BytesIO(name.encode()))
    assert list(pictures(Unit(0, shard=Shard(str(tar))))) == [
        (f"{tar}/0001.png", b"0001.png"),
        (f"{tar}/sub/0002.JPG", b"sub/0002.JPG"),
    ]
    table = tmp_path / "a.parquet"
    values = [{"bytes": b"0"}, {"bytes": b"1"}, {"bytes": None}]
    pq.write_table(pa.table({"image": values, "plain": [b"0", b"1", b"2"]}), table, row_group_size=1)
    assert list(pictures(Unit(0, shard=Shard(str(table), "plain", (1, 2), 1)))) == [
        (f"{table}/1", b"1"),
        (f"{table}/2", b"2"),
    ]
    found = list(pictures(Unit(0, shard=Shard(str(table), "image", (0, 2)))))
    assert found[0] == (f"{table}/0", b"0")
    assert isinstance(found[1][1], OSError)


@pytest.mark.parametrize("damage", [b"", b"no tar" * 1000])
def test_a_tar_file_that_cannot_be_read_is_a_failure(damage: bytes, tmp_path: Path):
    tar = tmp_path / "a.tar"
    tar.write_bytes(damage)
    [(name, error)] = pictures(Unit(0, shard=Shard(str(tar))))
    assert name == str(tar)
    assert isinstance(error, OSError)
