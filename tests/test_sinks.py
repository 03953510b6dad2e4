import csv
import hashlib
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.core.emotions import EIGHT, SEVEN
from mien.core.errors import MienError, UsageError
from mien.core.packaged import packaged_model
from mien.core.result import Result
from mien.results.document import Setting, picture_entry
from mien.results.rows import Row, columns, rows
from mien.results.sinks import open_sink
from mien.tracking.tracked_result import TrackedResult
from small_results import MADE, MODEL, NAME, ONE, PICTURES, SETTINGS, TWO, put, result_of

SUFFIXES = (".jsonl", ".csv", ".parquet")

paths = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1) | st.text(
    ',"\r\n é=\udce9', min_size=1
)


def run(path: Path, pictures: list[tuple[str, Result | str]], **how: Any) -> set[str]:
    """Write to a sink what it does not have, and return the names of what it had."""
    with open_sink(path, how.pop("made", MADE), **{"resume": False, **how}) as sink:
        put(sink, [(name, outcome) for name, outcome in pictures if not sink.has(name)])
    return {name for name, _ in pictures if sink.has(name)}


def read_table(path: Path) -> list[Row]:
    """The rows of a table as other people's readers see them."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    parse = {str: str, int: int, float: float, bool: {"True": True, "False": False}.__getitem__}
    kinds = columns(SEVEN)
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {k: parse[kinds[k]](v) if v else None for k, v in row.items()} for row in csv.DictReader(file, strict=True)
        ]


def table_of(pictures: list[tuple[str, Result | str]]) -> list[Row]:
    found = [(path, result) for path, result in pictures if isinstance(result, Result)]
    return [row for path, result in found for row in rows(picture_entry(path, result), NAME)]


def read_lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def test_a_line_is_an_entry_of_the_document_with_schema_and_model(tmp_path: Path):
    run(tmp_path / "out.jsonl", PICTURES)
    lines = read_lines(tmp_path / "out.jsonl")
    assert [line.pop("schema") for line in lines] == [2] * len(PICTURES)
    assert [line.pop("model") for line in lines] == [MODEL] * len(PICTURES)
    assert [line.pop("settings") for line in lines] == [SETTINGS] * len(PICTURES)
    assert lines[0] == picture_entry("a.jpg", TWO)
    assert lines[1] == {"path": "empty,room.png", "width": 64, "height": 48, "faces": []}
    assert lines[2] == {"path": "bad.gif", "error": "not a picture: bad.gif"}


def test_a_csv_line_is_plain(tmp_path: Path):
    run(tmp_path / "out.csv", PICTURES[3:4])
    head, line = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert head == ",".join(columns(SEVEN))
    assert line == (
        '"the ""boss"".jpg",64,48,0,0,1.0,2.0,30.46,40.0,0.9322,,,,good,happiness,0.91,False,0.87,0.95,'
        f"0.05,0.91,0.0,0.04,0.0,0.0,0.0,,,,,,,,,,,{NAME}"
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@given(names=st.lists(paths, min_size=1, max_size=12, unique=True))
@settings(max_examples=20, deadline=None)
def test_any_name_comes_back_from_a_table(suffix: str, names: list[str], tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("names") / f"out{suffix}"
    pictures: list[tuple[str, Result | str]] = [(name, TWO) for name in names]
    run(path, pictures)
    assert read_table(path) == table_of(pictures)
    assert [line["path"] for line in read_lines(Path(f"{path}.jsonl"))] == names
    assert run(path, pictures, resume=True) == set(names)
    assert read_table(path) == table_of(pictures)


def test_a_parquet_file_has_the_types_of_the_schema_even_without_a_row(tmp_path: Path):
    run(tmp_path / "none.parquet", PICTURES[1:2])
    run(tmp_path / "out.parquet", PICTURES)
    schema, other = (pq.read_schema(tmp_path / name) for name in ("none.parquet", "out.parquet"))
    assert schema.equals(other)
    kinds = {str: "string", int: "int64", float: "double", bool: "bool"}
    assert {field.name: str(field.type) for field in schema} == {k: kinds[v] for k, v in columns(SEVEN).items()}


def test_contempt_has_a_column_of_its_own(tmp_path: Path):
    probs = np.eye(8, dtype=np.float32)[7:]
    with open_sink(tmp_path / "out.parquet", replace(MADE, labels=EIGHT)) as sink:
        sink.write("a.jpg", result_of(probs, EIGHT))
    (row,) = read_table(tmp_path / "out.parquet")
    assert (row["emotion"], row["p_contempt"], row["p_fear"]) == ("contempt", 1.0, 0.0)


def test_rows_can_be_read_as_they_are_made(tmp_path: Path):
    with open_sink(tmp_path / "out.csv", MADE) as sink:
        for count in range(1, len(PICTURES) + 1):
            put(sink, PICTURES[count - 1 : count])
            assert read_table(tmp_path / "out.csv") == table_of(PICTURES[:count])
            assert len(read_lines(tmp_path / "out.csv.jsonl")) == count


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ctrl_c_leaves_a_whole_file(suffix: str, tmp_path: Path):
    path = tmp_path / f"out{suffix}"

    def interrupted() -> Iterator[tuple[str, Result | str]]:
        yield from PICTURES[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_sink(path, MADE) as sink:
        put(sink, interrupted())
    if suffix == ".jsonl":
        assert [line["path"] for line in read_lines(path)] == [path for path, _ in PICTURES[:4]]
    else:
        assert read_table(path) == table_of(PICTURES[:4])
    assert {file.name for file in tmp_path.iterdir()} == {path.name, f"out{suffix.removesuffix('.jsonl')}.jsonl"}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_resume_skips_the_finished_and_tries_failures_again(suffix: str, tmp_path: Path):
    path = tmp_path / f"out{suffix}"
    run(path, PICTURES[:4], resume=True)
    mended = [(name, ONE if name == "bad.gif" else outcome) for name, outcome in PICTURES]
    assert run(path, mended, resume=True) == {"a.jpg", "empty,room.png", 'the "boss".jpg'}
    order = [mended[i] for i in (0, 1, 3, 2, 4, 5)]
    lines = read_lines(path if suffix == ".jsonl" else Path(f"{path}.jsonl"))
    assert [(line["path"], "error" in line) for line in lines] == [(name, False) for name, _ in order]
    if suffix != ".jsonl":
        assert read_table(path) == table_of(order)


KILLED = """
import sys
from contextlib import ExitStack
from pathlib import Path
sys.path.insert(0, {tests!r})
from mien.results.sinks import open_sink
from small_results import MADE, PICTURES, put
with ExitStack() as stack:
    for path in sys.argv[1:]:
        put(stack.enter_context(open_sink(Path(path), MADE)), PICTURES[:4])
    print("written", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_wrote_is_there_and_resume_ends_like_an_unbroken_run(tmp_path: Path):
    lines, *tables = (tmp_path / f"out{suffix}" for suffix in SUFFIXES)
    command = [sys.executable, "-c", KILLED.format(tests=str(Path(__file__).parent)), lines, *tables]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "written\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert read_table(tables[0]) == table_of(PICTURES[:4])
    for log in (lines, *(Path(f"{table}.jsonl") for table in tables)):
        assert [line["path"] for line in read_lines(log)] == [name for name, _ in PICTURES[:4]]
    for path in (lines, *tables):
        assert run(path, PICTURES, resume=True) == {"a.jpg", "empty,room.png", 'the "boss".jpg'}
        run(tmp_path / f"unbroken{path.suffix}", PICTURES)
    assert {line.pop("path"): line for line in read_lines(lines)} == {
        line.pop("path"): line for line in read_lines(tmp_path / "unbroken.jsonl")
    }
    for table in tables:
        assert read_table(table) == read_table(tmp_path / f"unbroken{table.suffix}") == table_of(PICTURES)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_file_cut_off_anywhere_is_mended(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("cut")
    run(folder / "out.csv", PICTURES)
    log, table = folder / "out.csv.jsonl", folder / "out.csv"
    whole = table.read_bytes()
    for file in (log, table):
        content = file.read_bytes()
        file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    run(table, PICTURES, resume=True)
    assert table.read_bytes() == whole
    assert sorted(str(line["path"]) for line in read_lines(log)) == sorted(path for path, _ in PICTURES)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_existing_file_is_not_replaced(suffix: str, tmp_path: Path):
    path = tmp_path / f"out{suffix}"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError, match=f"out{suffix} is there already; add --resume"):
        run(path, PICTURES)
    reason = "line 1 is no result" if suffix == ".jsonl" else f"has no out{suffix}.jsonl beside it"
    path.write_text("precious\n", encoding="utf-8")
    with pytest.raises(UsageError, match=reason):
        run(path, PICTURES, resume=True)
    assert path.read_text(encoding="utf-8") == "precious\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_log_without_its_table_is_not_forgotten(tmp_path: Path):
    run(tmp_path / "out.parquet", PICTURES)
    (tmp_path / "out.parquet").unlink()
    with pytest.raises(UsageError, match=r"out\.parquet\.jsonl is there already"):
        run(tmp_path / "out.parquet", PICTURES)
    run(tmp_path / "out.parquet", [], resume=True)
    assert read_table(tmp_path / "out.parquet") == table_of(PICTURES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"sha256": "feedbeef"},
            "tiny 0.0.0 0123456789ab prior 0.3, and this run would use tiny 0.0.0 feedbeef prior 0.3",
        ),
        (
            {"sha256": hashlib.sha256(packaged_model("mien-s").read_bytes()).hexdigest()},
            "it was made by tiny 0.0.0 0123456789ab prior 0.3, and this run would use mien-s 0.0.0 .* prior 0.3",
        ),
        ({"prior": 1.0}, r"it was made with --prior 0\.3, this run has 1 \(balanced\);"),
    ],
)
def test_results_of_another_model_are_not_mixed(change: dict[str, object], message: str, tmp_path: Path):
    path = tmp_path / "out.csv"
    run(path, PICTURES)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(UsageError, match=message):
        run(path, PICTURES, made=replace(MADE, model=MODEL | change), resume=True)
    with pytest.raises(UsageError, match="contempt"):
        run(path, PICTURES, made=replace(MADE, labels=EIGHT), resume=True)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"path": "a.jpg", "schema": 1, "model": {"old": 1}, "faces": []}, "its schema is 1, and .* writes schema 2"),
        ({"path": "a.jpg", "schema": 2, "model": None, "faces": []}, "line 1 is no result"),
        ({"path": "a.jpg"}, "line 1 is no result"),
        ({"schema": 2, "model": MODEL, "faces": []}, "line 1 is no result"),
        ({"path": 7, "schema": 2, "model": MODEL, "faces": []}, "line 1 is no result"),
        ([1], "line 1 is no result"),
    ],
)
def test_a_file_of_another_schema_or_program_is_refused(line: object, message: str, tmp_path: Path):
    (tmp_path / "out.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        run(tmp_path / "out.jsonl", PICTURES, resume=True)


def test_other_suffixes_and_a_missing_pyarrow_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UsageError, match=r"ends in \.jsonl, \.csv, \.parquet; got out\.xlsx"):
        run(tmp_path / "out.xlsx", PICTURES)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError, match="pip install pyarrow"):
        run(tmp_path / "out.parquet", PICTURES)
    run(tmp_path / "deep/er/OUT.CSV", PICTURES)
    assert {file.name for file in tmp_path.iterdir()} == {"deep"}


def test_a_place_that_cannot_be_written_is_explained(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot make the folder .*file "):
        run(tmp_path / "file" / "out.csv", PICTURES)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_explained_and_resume_goes_on(suffix: str, tmp_path: Path):
    path = tmp_path / f"out{suffix}"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, limits[1]))
    try:
        with pytest.raises(MienError, match=f"cannot write .*out{suffix}: .*; fix that and add --resume"):
            run(path, PICTURES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert run(path, PICTURES, resume=True)
    if suffix == ".jsonl":
        assert [line["path"] for line in read_lines(path)].count("last.png") == 1
    else:
        assert read_table(path) == table_of(PICTURES)


def test_a_base_install_loads_no_pyarrow():
    code = "import sys, mien.results.sinks; print('pyarrow' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_a_parquet_file_of_several_groups_keeps_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.results.sinks.ROWS_A_GROUP", 3)
    run(tmp_path / "out.parquet", PICTURES)
    assert pq.ParquetFile(tmp_path / "out.parquet").num_row_groups == 2
    assert read_table(tmp_path / "out.parquet") == table_of(PICTURES)


@pytest.mark.parametrize("timed", [False, True])
def test_pictures_and_frames_of_a_video_do_not_mix(tmp_path: Path, timed: bool):
    result = replace(ONE, frame=replace(ONE.frame, time_s=1.0))
    tracked = TrackedResult(
        **{field.name: getattr(result, field.name) for field in fields(result)},
        model=MODEL,
        raw=result.probs,
        shown=("happiness",),
    )
    path = tmp_path / "out.jsonl"
    pictures, frames = MADE, replace(MADE, clip="a")
    run(path, [("a", tracked if timed else result)], made=frames if timed else pictures)
    with pytest.raises(UsageError, match=r"cannot resume .*it holds"):
        run(path, [], made=pictures if timed else frames, resume=True)


def test_a_video_that_came_to_its_end_is_known_as_finished(tmp_path: Path):
    for resumed in (False, True, True):
        with open_sink(tmp_path / "out.csv", replace(MADE, clip="clip"), resume=resumed) as sink:
            assert sink.finished == resumed
            assert (list(sink.recorded), sink.entries) == ([], 0)
            if not resumed:
                sink.finish("clip", 1.5, 2, ["cut off"], (3, 7))
    end = read_lines(tmp_path / "out.csv.jsonl")[0]
    assert (end["end_s"], end["damaged"], end["notes"], end["not_people"]) == (1.5, 2, ["cut off"], [3, 7])


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"min-score": 0.8}, "it was made without --min-score, this run has 0.8"),
        ({"min-face": 40.0}, "it was made with --min-face 0, this run has 40"),
        ({"largest": True}, "it was made without --largest, this run has it"),
        ({"detector": "haar", "largest": True}, "with --detector yunet, this run has haar; .* without --largest"),
    ],
)
def test_other_settings_are_refused_in_plain_words(now: dict[str, Setting], told: str, tmp_path: Path):
    path = tmp_path / "out.csv"
    run(path, PICTURES[:2])
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(UsageError, match=f"cannot resume .*{told}.*--force"):
        run(path, PICTURES, made=replace(MADE, settings={**SETTINGS, **now}), resume=True)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_options_that_are_not_given_are_alike(tmp_path: Path):
    run(tmp_path / "out.jsonl", PICTURES[:1])
    settings = {"detector": "yunet", "min-face": 0, "small-faces": False, "of-later": None}
    assert run(tmp_path / "out.jsonl", PICTURES, made=replace(MADE, settings=settings), resume=True) == {"a.jpg"}


def test_a_log_without_settings_is_refused(tmp_path: Path):
    line = {"path": "a.jpg", "faces": [], "schema": 2, "model": MODEL}
    (tmp_path / "out.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="an earlier mien made it, which did not note its settings"):
        run(tmp_path / "out.jsonl", PICTURES, resume=True)


def test_a_video_goes_on_with_its_own_log_alone(tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path)
    for clip in ("one.mp4", "link/one.mp4"):
        with open_sink(tmp_path / "o.csv", replace(MADE, clip=str(tmp_path / clip)), resume=True) as sink:
            if not sink.finished:
                sink.finish(str(tmp_path / clip), 1, 0)
    with pytest.raises(UsageError, match=r"it is of .*one\.mp4, and this run is of two\.mp4"):
        run(tmp_path / "o.csv", [], made=replace(MADE, clip="two.mp4"), resume=True)


def test_a_picture_is_the_same_under_every_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "link").symlink_to("photos")
    run(Path("out.jsonl"), [("photos/a.png", ONE)])
    spellings = ["./photos/a.png", "link/a.png", str(tmp_path / "photos/a.png"), "link/../photos/a.png"]
    assert run(Path("out.jsonl"), [(name, ONE) for name in [*spellings, "a.png"]], resume=True) == set(spellings)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_without_a_result_nothing_is_left(suffix: str, tmp_path: Path):
    run(tmp_path / f"deep/er/out{suffix}", [("bad.gif", "not a picture"), ("gone.png", "no such file")])
    with pytest.raises(KeyboardInterrupt), open_sink(tmp_path / f"deep/out{suffix}", MADE):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_force_begins_anew_with_the_first_result(suffix: str, tmp_path: Path):
    path = tmp_path / f"out{suffix}"
    run(path, PICTURES)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    run(path, [("bad.gif", "not a picture")], force=True)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    run(path, PICTURES[2:4], force=True)
    log = path if suffix == ".jsonl" else Path(f"{path}.jsonl")
    assert [line["path"] for line in read_lines(log)] == [name for name, _ in PICTURES[2:4]]
    if suffix != ".jsonl":
        assert read_table(path) == table_of(PICTURES[2:4])
    with pytest.raises(UsageError, match="leave one out"):
        run(path, PICTURES, force=True, resume=True)


def vanishing(path: Path, goes: Path) -> Iterator[tuple[str, Result | str]]:
    """A picture, after which a file or a folder is gone."""
    yield PICTURES[0]
    goes.rename(path.parents[1] / "elsewhere")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_that_vanishes_is_an_error(suffix: str, tmp_path: Path):
    path = tmp_path / f"out/r{suffix}"
    with pytest.raises(MienError, match=r"was deleted or replaced while|No such file"), open_sink(path, MADE) as sink:
        put(sink, chain(vanishing(path, path.parent), PICTURES[1:2]))


def test_a_file_that_vanishes_after_its_last_row_is_an_error(tmp_path: Path):
    path = tmp_path / "out/r.csv"
    with pytest.raises(MienError, match=r"r\.csv was deleted"), open_sink(path, MADE) as sink:
        put(sink, vanishing(path, path))
