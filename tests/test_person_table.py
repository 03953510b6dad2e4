"""The table of --summary, whose numbers anyone can have again from the rows of --data."""

import csv
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from command import Command
from mien.core.emotions import SEVEN
from mien.imaging.quality import QUALITIES
from mien.report.events import Event
from mien.report.person_table import ClipPeople, Parts, columns, write_person_table
from mien.results.document import picture_entry
from tracked_results import tracked_result


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def counted(frames: list[dict[int, str]], labels: tuple[str, ...] = SEVEN) -> list[dict[str, object]]:
    results = [tracked_result(number / 2, shown, labels) for number, shown in enumerate(frames)]
    people = ClipPeople("a.mp4", labels)
    people.count(picture_entry("a.mp4", result) for result in results)
    return people.rows()


def test_what_is_certain_alone_says_what_was_shown():
    happy, unsure = {1: "happiness"}, {1: "anger?"}
    (row,) = counted([{}, happy, unsure, {1: "sadness"}, happy, unsure, {}, {}])
    assert list(row) == list(columns(SEVEN))
    assert (row["first_s"], row["last_s"], row["frames"], row["seen"], row["certain"]) == (0.5, 2.5, 5, 0.625, 0.6)
    assert (row["share_happiness"], row["share_sadness"], row["share_anger"]) == (0.6667, 0.3333, 0)
    assert (row["onset_happiness"], row["onset_sadness"], row["onset_anger"], row["changes"]) == (0.5, 1.5, None, 2)
    assert (row["max_happiness"], row["max_anger"]) == (0.8, 0.0333)
    assert (row["min_valence"], row["max_valence"]) == (-0.7667, 0.7667)
    assert row["quality_good"] == 1


def test_who_is_uncertain_throughout_has_no_emotion():
    (row,) = counted([{3: "anger?"}, {3: "fear?"}])
    assert (row["id"], row["certain"], row["changes"]) == (3, 0, 0)
    assert {value for name, value in row.items() if name.startswith(("share", "mean", "max", "min", "onset"))} == {None}


def test_emotions_of_ones_own_have_no_valence():
    (row,) = counted([{1: "calm"}], ("calm", "tense"))
    assert (row["mean_calm"], row["mean_valence"], row["min_valence"]) == (0.8, None, None)


def test_a_box_that_could_not_be_followed_is_nobody():
    assert counted([{-1: "fear"}]) == []


def test_who_is_not_counted_as_a_person_has_no_row():
    people = ClipPeople("a.mp4", SEVEN)
    people.add(picture_entry("a.mp4", tracked_result(0, {1: "fear", 2: "fear", 3: "fear"})))
    assert [row["id"] for row in people.without([2, 7]).rows()] == [1, 3]


def test_no_clip_with_a_face_is_a_header(tmp_path: Path):
    write_person_table(tmp_path / "s.csv", [ClipPeople("a.mp4", SEVEN)], SEVEN)
    assert (tmp_path / "s.csv").read_text() == ",".join(columns(SEVEN)) + "\n"


def again(rows: pd.DataFrame, frames: int) -> dict[str, float | None]:
    """The figures of one person, had again from the rows of --data."""
    sure = rows[~rows["uncertain"]]
    shown = sure["emotion"]
    told: dict[str, float | None] = {
        "first_s": rows["time_s"].min(),
        "last_s": rows["time_s"].max(),
        "frames": len(rows),
        "seen": len(rows) / frames,
        "certain": len(sure) / len(rows),
        "changes": int((shown != shown.shift()).sum()) - 1 if len(sure) else 0,
        "min_valence": sure["valence"].min(),
    }
    told |= {f"quality_{name}": (rows["quality"] == name).mean() for name in QUALITIES}
    for label in SEVEN:
        told[f"share_{label}"] = (shown == label).mean()
        told[f"onset_{label}"] = sure["time_s"][shown == label].min()
    for name in (*SEVEN, "valence", "intensity"):
        column = sure[f"p_{name}" if name in SEVEN else name]
        told |= {f"mean_{name}": column.mean(), f"max_{name}": column.max()}
    return told


@pytest.mark.parametrize("name", ["heads.mp4", "classroom.mp4"])
def test_every_number_can_be_had_again_from_the_data(mien: Command, examples: Path, name: str):
    clip = examples / name
    assert mien("video", clip, "--end", "2", "--data", "csv", "--summary", "tables/summary.csv").code == 0
    data = pd.read_csv(Path(name).stem + ".mien.csv")
    lines = [json.loads(line) for line in Path(Path(name).stem + ".mien.csv.jsonl").read_text().splitlines()]
    frames = sum("faces" in line for line in lines)
    found = table(Path("tables/summary.csv"))
    assert [int(row["id"]) for row in found] == sorted(set(data["id"]) - set(lines[-1]["not_people"]))
    assert len(found) >= 2
    for row in found:
        assert row["path"] == str(clip)
        told = again(data[data["id"] == int(row["id"])], frames)
        assert set(row) - {"path", "id", "name"} == set(told)
        for key, value in told.items():
            expected = None if pd.isna(value) else pytest.approx(value, abs=6e-5)
            assert (float(row[key]) if row[key] else None) == expected, key


def test_events_have_rows_of_their_own_and_a_baseline_is_taken_off(mien: Command, examples: Path):
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(examples / "heads.mp4", name)
    Path("events.csv").write_text(
        "name,start,end,clip\nlook,0,0:00.5,\nadvert,0.5,,\nlate,1.25,,\nonly b,0.2,0.4,b.mp4\n"
    )
    run = ("video", "a.mp4", "b.mp4", "--end", "1.5", "--data", "csv", "--summary", "summary.csv")
    assert mien(*run, "--events", "events.csv", "--baseline", "0-0.5").code == 0
    spans = {"": (0, 9), "look": (0, 0.5), "advert": (0.5, 1.25), "late": (1.25, 9), "only b": (0.2, 0.4)}
    found = table(Path("summary.csv"))
    for clip in ("a", "b"):
        data = pd.read_csv(f"{clip}.mien.csv")
        lines = [json.loads(line) for line in Path(f"{clip}.mien.csv.jsonl").read_text().splitlines()]
        times = [line["time_s"] for line in lines if "faces" in line]
        mine = [row for row in found if row["path"] == f"{clip}.mp4"]
        assert [row["event"] for row in mine if row["id"] == "1"] == list(spans)[: 4 if clip == "a" else 5]
        for row in mine:
            low, high = spans[row["event"]]
            person = data[data["id"] == int(row["id"])]
            told = again(person[person["time_s"].between(low, high, "left")], sum(low <= t < high for t in times))
            base = person[person["time_s"].between(0, 0.5, "left") & ~person["uncertain"]]
            told["corrected_valence"] = told["mean_valence"] - base["valence"].mean()
            for key, value in told.items():
                expected = None if pd.isna(value) else pytest.approx(value, abs=1.2e-4)
                assert (float(row[key]) if row[key] else None) == expected, (row["event"], key)


def test_who_is_not_there_in_an_event_has_a_row_that_says_so():
    parts = Parts((Event("late", 1.0),), Event("baseline", 0.0, 1.0))
    people = ClipPeople("clips/a.mp4", SEVEN, parts)
    for number, shown in enumerate([{1: "fear"}, {1: "fear"}, {2: "anger"}, {}]):
        people.add(picture_entry("clips/a.mp4", tracked_result(number / 2, shown)))
    rows = people.rows()
    assert all(list(row) == list(columns(SEVEN, parts)) for row in rows)
    told = {(row["id"], row["event"]): row for row in rows}
    assert (told[1, ""]["seen"], told[1, "late"]["seen"], told[2, "late"]["seen"]) == (0.5, 0, 0.5)
    assert (told[1, "late"]["frames"], told[1, "late"]["certain"], told[1, "late"]["mean_fear"]) == (0, None, None)
    assert (told[1, ""]["corrected_fear"], told[2, ""]["corrected_anger"]) == (0, None)


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ("name,begin\nlook,1\n", "has no column 'start', it has 'name', 'begin';"),
        ("name;start\nlook;1\n", "has no column 'name', it has 'name;start';"),
        ("name,start,end\nlook,3,2\n", "line 2: the event ends at 2 s and begins at 3 s"),
        ("name,start,end\nlook,soon,2\n", "line 2: 'soon' is no time in a video"),
        ("name,start\n,1\n", "line 2: the event has no name"),
        (None, "No such file"),
    ],
)
def test_what_is_no_event_is_said(mien: Command, examples: Path, events: str | None, says: str):
    if events:
        Path("events.csv").write_text(events)
    outcome = mien("video", examples / "heads.mp4", "--summary", "s.csv", "--events", "events.csv")
    assert (outcome.code, says in outcome.err) == (2, True)


def test_events_of_a_clip_that_is_not_there_are_told(mien: Command, examples: Path):
    Path("events.csv").write_text("name,start,clip\na,0,heads.mp4\nb,0,haeds.mp4\nc,1,haeds.mp4\nd,1,\n")
    outcome = mien(
        "video", examples / "heads.mp4", "--end", "0.2", "--summary", "s.csv", "--data", "csv", "--events", "events.csv"
    )
    assert (outcome.code, outcome.err.count("'haeds.mp4' are left out"), outcome.err.count("left out")) == (0, 1, 1)
    named = mien("people", "heads.mien.csv", "--summary", "t.csv", "--events", "events.csv")
    assert (named.code, named.err.count("'haeds.mp4' are left out")) == (0, 1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--baseline", "0-2"], "add --summary FILE.csv"),
        (["--summary", "s.csv", "--baseline", "2"], "expected FROM-TO"),
        (["--summary", "s.csv", "--baseline", "2-1"], "ends before it begins"),
    ],
)
def test_what_is_no_baseline_is_said(mien: Command, examples: Path, options: list[str], says: str):
    outcome = mien("video", examples / "heads.mp4", *options)
    assert (outcome.code, says in outcome.err) == (2, True)


def test_several_clips_stand_in_one_table_and_what_is_there_is_kept(mien: Command, examples: Path):
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(examples / "heads.mp4", name)
    Path("c.mp4").write_text("no video")
    run = ("video", "a.mp4", "b.mp4", "c.mp4", "--end", "0.3", "--summary", "summary.csv")
    assert mien(*run).code == 1, "one is no video"
    first = table(Path("summary.csv"))
    assert {row["path"] for row in first} == {"a.mp4", "b.mp4"}
    assert sorted(path.name for path in Path().iterdir()) == ["a.mp4", "b.mp4", "c.mp4", "summary.csv"]
    outcome = mien(*run)
    assert outcome.code == 2
    assert "summary.csv is there already" in outcome.err
    assert mien(*run, "--force").code == 1
    assert table(Path("summary.csv")) == first


def test_a_run_that_goes_on_has_the_people_of_clips_that_were_done(mien: Command, examples: Path):
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(examples / "heads.mp4", name)
    run = ("video", "--end", "0.3", "--data", "csv", "--summary", "summary.csv")
    assert mien(*run, "a.mp4", "b.mp4").code == 0
    whole = table(Path("summary.csv"))
    Path("summary.csv").unlink()
    log = Path("b.mien.csv.jsonl")
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:3]))
    outcome = mien(*run, "a.mp4", "b.mp4", "--resume")
    assert (outcome.code, "a.mp4: was done before" in outcome.out) == (0, True)
    assert table(Path("summary.csv")) == whole


def test_a_name_must_be_that_of_a_table_of_its_own(mien: Command, examples: Path):
    outcome = mien("video", examples / "heads.mp4", "--summary", "summary.xlsx")
    assert (outcome.code, "ends in .csv or .html; got summary.xlsx" in outcome.err) == (2, True)
    outcome = mien("video", examples / "heads.mp4", "--data", "csv", "--summary", "heads.mien.csv")
    assert (outcome.code, "written of a clip" in outcome.err) == (2, True)
