"""Who is who, said after the fact: ``mien people`` on the log of a clip."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pandas as pd
import pytest

from clips import EXAMPLES, write_clip
from command import Command
from mien.core.emotions import SEVEN
from mien.results.clip_log import read_clip_log
from mien.results.identities import Identities, identities_of, people_entry
from mien.results.log import read_identities, read_log
from mien.results.provenance import Made
from mien.results.sinks import open_sink, write_table
from mien.video.reader import open_video
from small_results import MODEL
from tracked_results import PICTURE, tracked_result

ENCODER_NOISE = 10
"""Of 255: by so much pictures of one film were seen to differ at most, twice over."""

SHOWN = [{1: "fear", 2: "anger"}] * 4 + [{2: "anger", 9: "fear"}] * 2 + [{3: "happiness", 2: "anger?"}] * 4
"""Face 3 is person 1, after a moment out of view; 9 is the back of a head."""


def log(path: Path, shown: list[Mapping[int, str]] = SHOWN, clip: str = "talk.mp4", whole: bool = True) -> Path:
    """Write what a run on a clip of ten pictures a second left."""
    with open_sink(path, Made(MODEL, SEVEN, {"start": None}, clip)) as sink:
        for number, people in enumerate(shown):
            sink.write(clip, tracked_result(number / 10, people))
        if whole:
            sink.finish(clip, len(shown) / 10, 0, ["cut off"], [9])
    return path


@pytest.fixture
def data(mien: Command) -> Path:
    return log(Path("talk.mien.csv"))


def table(path: Path | str) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_people_are_listed(mien: Command, data: Path):
    before = Path(f"{data}.jsonl").read_bytes()
    outcome = mien("people", data)
    assert (outcome.code, [line.split("\t")[:6] for line in outcome.out.splitlines()]) == (
        0,
        [
            ["talk.mp4", "1", "", "0.00", "0.40", "0.40"],
            ["talk.mp4", "2", "", "0.00", "1.00", "1.00"],
            ["talk.mp4", "3", "", "0.60", "1.00", "0.40"],
        ],
    )
    assert "1 more (id 9) is not counted as a person" in outcome.err
    assert "talk.mp4: cut off" in outcome.err
    assert Path(f"{data}.jsonl").read_bytes() == before


@pytest.mark.parametrize("name", ["talk.mien.csv", "clips/talk.mien.jsonl", "talk.mien.parquet"])
def test_the_data_of_a_clip_is_found(mien: Command, name: str):
    Path("clips").mkdir()
    log(Path(name), clip="clips/talk.mp4")
    outcome = mien("people", "clips/talk.mp4", "--merge", "3=1", "--captions", "vtt")
    assert (outcome.code, len(outcome.out.splitlines())) == (0, 2)
    assert Path(name).with_suffix(".vtt").is_file()


def test_of_a_clip_without_data_or_with_several_it_is_said_so(mien: Command):
    outcome = mien("people", "clips/talk.mp4")
    looked = ", ".join(f"{place}talk.mien.{kind}" for place in ("clips/", "") for kind in ("jsonl", "csv", "parquet"))
    assert (outcome.code, f"looked for {looked};" in outcome.err) == (2, True), outcome.err
    assert "looked for talk.mien.jsonl, talk.mien.csv, talk.mien.parquet;" in mien("people", "talk.mp4").err
    log(Path("talk.mien.csv"))
    log(Path("talk.mien.jsonl"))
    outcome = mien("people", "talk.mp4")
    assert "talk.mp4 has data in talk.mien.jsonl and in talk.mien.csv; name one of them" in outcome.err


def test_the_data_of_a_clip_of_another_name_is_refused(mien: Command, data: Path):
    outcome = mien("people", "talk.mov")
    assert "talk.mien.csv.jsonl is of talk.mp4, not of talk.mov; name the data of talk.mov" in outcome.err
    assert "talk.txt is neither a clip nor a file that 'mien video --data' wrote" in mien("people", "talk.txt").err


def test_ids_are_joined_and_people_named_in_all_that_is_written(mien: Command, data: Path):
    wanted = ["--data", "csv", "--page", "--captions", "vtt", "--annotations", "elan", "--rate", 5]
    who = ["--merge", "3=1", "--name", "1=Ännchen <Tharau> & Söhne", "--name", "9=the boss"]
    outcome = mien("people", data, *who, *wanted, "--summary", "new/people.csv", "--out", "new")
    assert outcome.code == 0
    assert "talk.mp4 is not there, so pages have no portraits" in outcome.err
    name = "Ännchen <Tharau> & Söhne"
    people = {(int(row["id"]), row["name"]) for row in table("new/talk.mien.csv")}
    assert people == {(1, name), (2, ""), (9, "the boss")}
    assert [(row["id"], row["name"], row["frames"]) for row in table("new/people.csv")] == [
        ("1", name, "8"), ("2", "", "10"), ("9", "the boss", "2"),
    ]  # fmt: skip
    assert {(row["id"], row["name"]) for row in table("new/talk.mien.5hz.csv")} == {
        ("1", name), ("2", ""), ("9", "the boss"),
    }  # fmt: skip
    page = Path("new/talk.mien.html").read_text(encoding="utf-8")
    assert "<h2>Ännchen &lt;Tharau&gt; &amp; Söhne</h2>" in page
    assert "3 people" in page
    assert "Ännchen &lt;Tharau&gt; &amp; Söhne: fear\n" in Path("new/talk.mien.vtt").read_text(encoding="utf-8")
    tiers = {one.attrib["TIER_ID"] for one in ET.parse("new/talk.mien.eaf").iter("TIER")}
    assert tiers == {name, "person 2", "the boss"}


def test_what_was_said_is_found_again_and_the_log_keeps_its_ids(mien: Command, data: Path):
    def listed() -> list[list[str]]:
        return [line.split("\t")[1:3] for line in mien("people", data).out.splitlines()]

    assert "files of before do not know it yet" in mien("people", data, "--merge", "3=1").err
    assert mien("people", data, "--name", "3=Anna").code == 0
    assert listed() == [["1", "Anna"], ["2", ""]]
    lines = [json.loads(line) for line in Path("talk.mien.csv.jsonl").read_text().splitlines()]
    assert {face["id"] for line in lines if "faces" in line for face in line["faces"]} == {1, 2, 3, 9}
    assert (lines[-1]["merged"], lines[-1]["names"]) == ({"3": 1}, {"1": "Anna"})
    assert mien("people", data, "--merge", "3=3", "--name", "1=").code == 0
    assert listed() == [["1", ""], ["2", ""], ["3", ""]]
    assert mien("people", data, "--name", "3=Bo").code == 0
    assert mien("people", data, "--merge", "3=1").code == 0
    assert listed() == [["1", "Bo"], ["2", ""]]


def test_a_run_that_is_resumed_knows_who_is_who(mien: Command):
    run = ("video", EXAMPLES / "heads.mp4", "--end", "0.2", "--data", "csv")
    assert mien(*run, "--captions", "srt").code == 0
    raw = Path("heads.mien.csv").read_bytes()
    assert mien("people", "heads.mien.csv", "--name", "2=Anna").code == 0
    assert Path("heads.mien.csv").read_bytes() == raw
    assert mien(*run, "--captions", "vtt", "--summary", "people.csv", "--resume").code == 0
    assert "Anna: " in Path("heads.mien.vtt").read_text()
    assert {(row["id"], row["name"]) for row in table("heads.mien.csv")} == {("1", ""), ("2", "Anna")}
    assert [row["name"] for row in table("people.csv")] == ["", "Anna"]
    assert mien(*run, "--captions", "vtt", "--summary", "again.csv", "--resume").code == 0
    assert Path("again.csv").read_bytes() == Path("people.csv").read_bytes()
    assert mien("people", "heads.mien.csv.jsonl", "--data", "csv", "--name", "2=", "--force").code == 0
    assert Path("heads.mien.csv").read_bytes() == raw


def test_what_is_said_after_the_end_of_a_log_hides_nothing_from_those_who_read_it(mien: Command, data: Path):
    path = Path(f"{data}.jsonl")
    before = read_clip_log(path)
    assert mien("people", data, "--merge", "3=1", "--name", "9=Bo").code == 0
    assert "merged" in json.loads(path.read_text().splitlines()[-1])
    assert [len(entry["faces"]) for entry in read_log(path)] == [2] * 10
    who = Identities({3: 1}, {9: "Bo"})
    assert read_identities(path) == who
    assert replace(read_clip_log(path), who=before.who) == before
    with open_sink(data, Made(MODEL, SEVEN, {"start": None}, "talk.mp4"), resume=True) as sink:
        assert (sink.finished, sink.entries, sink.not_people, sink.who) == (True, 10, (9,), who)
    write_table(Path("new.csv"), path, SEVEN, None)
    assert {row["id"] for row in table("new.csv")} == {"1", "2", "9"}


def test_all_comes_out_as_in_the_first_run(mien: Command, monkeypatch: pytest.MonkeyPatch):
    wanted = ["--page", "--captions", "srt", "--annotations", "praat", "--rate", 10, "--film", "--summary"]
    assert mien("video", EXAMPLES / "heads.mp4", "--end", "0.4", "--data", "csv", *wanted, "old.csv").code == 0
    monkeypatch.setattr("mien.tracking.person_rule.face_score", None)
    monkeypatch.setattr("mien.inference.analyzer.load", None)
    assert mien("people", "heads.mien.csv", "--data", "csv", *wanted, "new.csv", "--out", "new").code == 0
    assert Path("new.csv").read_bytes() == Path("old.csv").read_bytes()
    made = sorted(Path("new").iterdir())
    assert [file.suffix for file in made] == [".csv", ".TextGrid", ".csv", ".html", ".mp4", ".srt"]
    for file in made:
        if file.suffix != ".mp4":
            assert file.read_bytes() == Path(file.name).read_bytes(), file
    # The encoder's bytes are seldom others for the same pictures; a mark that is elsewhere changes them by far more.
    with open_video(Path("new/heads.mien.mp4")) as new, open_video(Path("heads.mien.mp4")) as old:
        for one, other in zip(new, old, strict=True):
            assert (one.time_s, one.size) == (other.time_s, other.size)
            assert cv2.absdiff(one.image, other.image).max() <= ENCODER_NOISE


def test_two_who_are_seen_together_are_not_one(mien: Command, data: Path):
    outcome = mien("people", data, "--merge", "3=1", "--merge", "1=2")
    assert outcome.code == 2
    assert "1 and 2 cannot be one person: both are seen at 0:00.0 to 0:00.3" in outcome.err
    outcome = mien("people", data, "--merge", "3=1", "--merge", "9=2")
    assert "2 and 9 cannot be one person: both are seen at 0:00.4 to 0:00.5;" in outcome.err
    assert "merged" not in Path("talk.mien.csv.jsonl").read_text()


def test_all_times_at_which_two_are_seen_together_are_counted(mien: Command):
    log(Path("a.mien.jsonl"), [{1: "fear", 2: "fear"}, {1: "fear"}] * 5)
    outcome = mien("people", "a.mien.jsonl", "--merge", "2=1")
    assert "both are seen at 0:00.0, 0:00.2, 0:00.4 and 2 more times" in outcome.err


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (["--merge", "3"], "--merge 3 says nothing of an id; expected as in 3=1"),
        (["--merge", "3=x"], "--merge names id 'x', which is not in talk.mien.csv.jsonl; it has 1, 2, 3, 9"),
        (["--name", "7=Anna"], "--name names id '7', which is not in"),
        (["--merge", "3=1", "--merge", "1=3"], "are merged already, the other way round"),
        (["--name", "1=Anna", "--name", "2=Anna"], "1 and 2 would both be Anna; if they are one person, --merge 2=1"),
        (["--name", "1=person 2"], "mien calls others so"),
        (["--name", "1=events"], "mien calls others so"),
        (["--data", "jsonl"], "--data jsonl is the log"),
        (["--film"], "--film needs talk.mp4, which is not there"),
        (["--data", "csv"], "talk.mien.csv is there already"),
    ],
)
def test_what_cannot_be_is_refused(mien: Command, data: Path, said: list[str], why: str):
    outcome = mien("people", data, *said)
    assert (outcome.code, why in outcome.err) == (2, True), outcome.err
    assert "merged" not in Path("talk.mien.csv.jsonl").read_text()


def test_what_is_no_log_of_a_whole_clip_is_refused(mien: Command):
    log(Path("half.mien.jsonl"), whole=False)
    Path("other.csv.jsonl").write_text('{"path": "a.jpg", "faces": []}\n')
    Path("text.jsonl").write_text("none\n")
    assert "did not come to the end of talk.mp4; let it, with --resume" in mien("people", "half.mien.jsonl").err
    for name in ("other.csv", "text.jsonl", "clip.mp4", "none.csv", "none/x.csv"):
        outcome = mien("people", name)
        assert (outcome.code, "mien video --data" in outcome.err) == (2, True), outcome.err


def test_another_clip_in_the_place_of_the_first_is_seen(mien: Command, data: Path):
    write_clip(Path("talk.mp4"), [PICTURE] * 9, fps=10)
    outcome = mien("people", data, "--page")
    assert outcome.code == 2
    assert "talk.mp4 is not the clip that its log is of: " in outcome.err
    assert "at 0.90 s is not in it" in outcome.err
    assert not Path("talk.mien.html").exists()


def test_a_film_marks_who_is_a_person(mien: Command, data: Path):
    write_clip(Path("back.mp4"), [PICTURE] * 5, fps=10)
    log(Path("back.mien.csv"), [{9: "fear"}] * 5, clip="back.mp4")

    def film() -> np.ndarray:
        with open_video("back.mien.mp4") as video:
            return next(iter(video)).image.astype(float)

    with open_video("back.mp4") as video:
        plain = next(iter(video)).image.astype(float)
    assert mien("people", "back.mien.csv", "--film").code == 0
    without = np.abs(film() - plain).mean()
    assert mien("people", "back.mien.csv", "--film", "--force", "--name", "9=Anna").code == 0
    named = film()
    assert np.abs(named - plain).mean() > without + 2
    assert mien("people", "back.mien.csv", "--film", "--force", "--name", "9=Bo").code == 0
    assert np.abs(film() - named).max() > 50, "the name is in the picture"


def test_a_name_is_no_formula_in_a_table(mien: Command, data: Path):
    name = '=HYPERLINK("http://x")'
    asked = ["--data", "csv", "--summary", "new/people.csv", "--rate", "1", "--out", "new"]
    assert mien("people", data, "--name", f"2={name}", *asked).code == 0
    for file in ("talk.mien.csv", "people.csv", "talk.mien.1hz.csv"):
        assert {row["name"] for row in table(Path("new", file))} == {"", f"'{name}"}
    assert mien("people", data, "--data", "parquet", "--out", "new").code == 0
    assert set(pd.read_parquet("new/talk.mien.parquet")["name"]) == {"", name}


def test_a_name_is_one_line_that_any_file_can_hold(mien: Command, data: Path):
    assert mien("people", data, "--name", "2= Anna\x01\n\udce9 B ", "--annotations", "elan").code == 0
    tiers = {one.attrib["TIER_ID"] for one in ET.parse("talk.mien.eaf").iter("TIER")}
    assert tiers == {"person 1", "Anna B", "person 3"}


def test_merged_ids_lead_to_one_person_however_they_were_said():
    who = Identities({3: 2, 2: 1}, {1: "Anna"})
    assert who.ids(np.array([3, 2, 1, 5, -1])).tolist() == [1, 1, 1, 5, -1]
    assert identities_of(people_entry("a.mp4", who)) == who
    assert who.not_people([3, 5]) == (5,)
    assert Identities({3: 2}).not_people([2, 3, 5]) == (2, 5)
    assert Identities({3: 2}, {2: "Bo"}).not_people([2, 3]) == ()
